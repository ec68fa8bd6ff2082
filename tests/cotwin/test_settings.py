"""Values on the command line: what they become, and what is said where they are wrong."""

import pytest

from cotwin.settings import LONGEST, read_setting, settings_named, short
from orchestrator.errors import DescriptionError


@pytest.mark.parametrize(
    ("text", "parameter", "value"),
    [
        ("a.T=1e-3", "T", 1e-3),
        (" a.T = 2 ", "T", 2),
        ("a.b.c=on", "b.c", "on"),
        ("a.S=[1, 2.5]", "S", (1.0, 2.5)),
        ("a.name='x=y'", "name", "x=y"),
    ],
)
def test_a_setting_is_read_as_in_a_file(text, parameter, value):
    read = read_setting(text, ["a"])
    assert (read.component, read.parameter, read.value) == ("a", parameter, value)
    assert type(read.value) is type(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a.T", "--set a.T: write component.parameter=value"),
        ("T=1", "--set T=1: write component.parameter=value, such as a.T=1"),
        ("=1", "--set =1: write component.parameter=value"),
        ("b.T=1", "--set b.T=1: no component 'b'; "),
        ("a.T=", "--set a.T=: there is no value; give one behind '='"),
        ("a.T=[1", "--set a.T=[1: the value is no YAML; write a number"),
        ("a.T=.nan", "--set a.T=.nan: use a finite number"),
        ("a.T=[1, x]", "--set a.T=[1, x]: use a finite number"),
    ],
)
def test_a_wrong_setting_is_told_as_it_was_typed(text, said):
    with pytest.raises(DescriptionError) as refused:
        read_setting(text, ["a"])
    assert str(refused.value).startswith(said)
    assert "Value error" not in str(refused.value)


@pytest.mark.parametrize("text", ["x" * 5000, "a.T=[" + "1" * 5000, f"{'c' * 5000}.T=1"])
def test_a_long_setting_is_shortened_in_messages(text):
    with pytest.raises(DescriptionError) as refused:
        read_setting(text, ["a"])
    assert len(str(refused.value)) < 300


def test_short_texts_stay_and_long_ones_keep_their_beginning():
    assert short("x" * LONGEST) == "x" * LONGEST
    assert short("xy" * LONGEST) == ("xy" * LONGEST)[: LONGEST - 3] + "..."


def test_errors_about_typed_values_name_the_option_and_others_the_place_in_the_file():
    with pytest.raises(DescriptionError) as refused, settings_named(["a.T=1"]):
        raise DescriptionError("components.a.parameters.T: too large\ncomponents.a.parameters.TT: unknown")
    assert str(refused.value) == "--set a.T: too large\ncomponents.a.parameters.TT: unknown"
