"""Formulas against Python's own arithmetic, and what in them is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import DescriptionError, VariableError
from orchestrator.system.formula import Kind, compiled

T = {"t": Kind.NUMBER}


@pytest.mark.parametrize(
    "text",
    [
        "300 + 50*sin(2*pi*t/60)",
        "-t^2 + 3",
        "2^3^2 / t",
        "-2**-t",
        "(t - 1)*(t + 1) - 1.5e-3",
        "min(t, 3, 5) + max(t, 4)",
        "if(t < 3 and not t == 2 or t >= 10, sqrt(t), floor(t))",
        "1 - 2 - 3 / 4 / 5",
    ],
)
@pytest.mark.parametrize("t", [0.5, 2.0, 11.25])
def test_numbers_are_computed_as_python_does(text, t):
    python = text.replace("^", "**").replace("if(", "choose(")
    names = {"t": t, "pi": math.pi, "choose": lambda c, a, b: a if c else b, "min": min, "max": max}
    names |= {name: getattr(math, name) for name in ("sin", "sqrt", "floor")}
    assert compiled(text, T)((t,)) == pytest.approx(eval(python, {"__builtins__": {}}, names), rel=1e-15)


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
def test_comparisons_are_those_of_numbers(one, other, sign):
    expected = {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}
    expected |= {"==": one == other, "!=": one != other}
    assert compiled(f"a.x {sign} b.y")((one, other)) is expected[sign]


def test_names_are_listed_once_in_the_order_of_their_values():
    formula = compiled("tank.V > 3 and `cooling/pump.n` == 2 and tank.V < tank.S[2] or plc.mode == 'auto'")
    assert formula.names == ("tank.V", "cooling/pump.n", "tank.S[2]", "plc.mode")
    assert formula.kind is Kind.TRUTH
    assert formula((4.0, 2, 5.0, "manual")) is True
    assert formula((4.0, 3, 5.0, "auto")) is True
    assert formula((4.0, 3, 5.0, "manual")) is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("t +", "a number or name is missing before the end"),
        ("(t", "a ')' is missing"),
        ("t t", "'t' is left over"),
        ("x * 2", "unknown name 'x'"),
        ("sinn(t)", "unknown function 'sinn'; did you mean 'sin'"),
        ("sin(t, t)", "'sin' takes one value, not 2"),
        ("max(t)", "'max' takes two or more values"),
        ("1 < t < 3", "two comparisons in a row"),
        ("t and true", "'and' takes true or false, not a number"),
        ("t == 'a'", "compares a number with a text"),
        ("__import__('os')", "unknown function '__import__'"),
        ("t; t", "'; t' is no number"),
        ("if(t, 1, 2)", "'if' takes true or false"),
        ("(" * 50 + "t" + ")" * 50, "more than 40 brackets"),
        ("-" * 50 + "t", "more than 40 signs"),
        ("not " * 50 + "true", "more than 40 signs"),
        ("t" * 1001, "longer than 1000 characters"),
    ],
)
def test_what_is_no_formula_is_refused(text, said):
    with pytest.raises(DescriptionError) as refused:
        compiled(text, T)
    assert said in str(refused.value)


@pytest.mark.parametrize("text", ["1/t", "log(t)", "sqrt(t - 1)", "exp(1000 + t)"])
def test_a_value_that_there_is_not_names_text_and_values(text):
    with pytest.raises(VariableError, match=r"has no value .* at t = 0"):
        compiled(text, T)((0,))


def test_any_variable_may_stand_in_an_open_formula_but_no_bare_word():
    assert compiled("a.b.c[1,2] * 2")((3,)) == 6
    with pytest.raises(DescriptionError, match=r"'V' is no variable; write component\.variable"):
        compiled("V > 3")
