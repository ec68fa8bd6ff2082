"""Directional derivatives, against CasADi's Jacobians and finite differences."""

import casadi as ca
import numpy as np
import pytest

from plant_models.model import Role
from tests.fmus import toys
from tests.fmus.harness import FMICallException, running


def jacobian(model, rows, columns):
    """d(rows)/d(columns) at the start values, from the equations."""
    roles = (Role.STATE, Role.DISCRETE_STATE, Role.INPUT, Role.PARAMETER)
    function = model.function("f", rows)
    arguments = [ca.MX.sym(role, function.size1_in(i)) for i, role in enumerate(roles)]
    expression = ca.jacobian(function(*arguments), arguments[roles.index(columns)])
    return np.array(ca.Function("j", arguments, [expression])(*(model.starts(role) for role in roles)))


@pytest.mark.parametrize(
    ("name", "unknown", "rows", "known", "columns"),
    [
        ("robertson", ["der(y1)", "der(y2)", "der(y3)"], Role.STATE, ["y1", "y2", "y3"], Role.STATE),
        ("chain", ["der(c)"], Role.STATE, ["c"], Role.STATE),
        ("vector", ["y", "mean"], Role.OUTPUT, ["u"], Role.INPUT),
        ("vector", ["der(S)"], Role.STATE, ["W"], Role.PARAMETER),
        ("decay", ["twice", "through", "gap"], Role.OUTPUT, ["u"], Role.INPUT),
    ],
)
def test_directional_derivatives_are_those_of_the_equations(fmu, name, unknown, rows, known, columns):
    rng = np.random.default_rng(1)
    expected = jacobian(toys.ALL[name](), rows, columns)
    with running(fmu(name)) as instance:
        instance.enter_initialization()
        for _ in range(3):
            seeds = rng.normal(size=expected.shape[1])
            parts = np.split(seeds, np.cumsum([instance.size(k) for k in known])[:-1])
            found = np.concatenate(
                [sum(instance.sensitivity(u, k, s) for k, s in zip(known, parts, strict=True)) for u in unknown]
            )
            assert found == pytest.approx(expected @ seeds, rel=1e-12, abs=1e-9)


def test_directional_derivatives_in_step_mode_agree_with_finite_differences(fmu):
    with running(fmu("decay")) as instance:
        instance.initialize(k=0.7, u=1.3)
        instance.step(0.0, 0.5)
        x, u, k = instance.get("x")[0], 1.3, 0.7

        def gap(x):
            return k * (x - u) ** 2

        slope = (gap(x + 1e-6) - gap(x - 1e-6)) / 2e-6
        assert instance.sensitivity("gap", "x", 1.0)[0] == pytest.approx(slope, rel=1e-7)
        assert instance.sensitivity("gap", "u", 1.0)[0] == pytest.approx(-slope, rel=1e-7)
        assert instance.sensitivity("x", "x", 2.5)[0] == 2.5


def test_a_derivative_with_respect_to_an_output_is_refused(fmu):
    with running(fmu("decay")) as instance:
        instance.initialize()
        with pytest.raises(FMICallException):
            instance.sensitivity("gap", "twice", 1.0)
        assert "'twice'" in instance.messages[-1]
        assert "cannot be a known" in instance.messages[-1]
