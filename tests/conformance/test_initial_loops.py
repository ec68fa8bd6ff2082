"""Loops in Initialization Mode between FMUs: of both versions, with derivatives that they tell and without."""

import pytest

from orchestrator.assembly import open_simulation
from plant_models.textbook.exact import NONLINEAR_ROOT
from tests.textbook import gain_loop, nonlinear_loop


@pytest.fixture(params=["told", "differences"], autouse=True)
def derivatives(request, monkeypatch):
    """FMUs that tell their derivatives, and the same ones as if they did not."""
    if request.param == "differences":
        monkeypatch.setattr("orchestrator.master.initial.component.directional_derivatives", lambda instance: None)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("solved_for", ["x1", "x2"])
def test_the_published_loop_of_fmus_begins_at_its_root(version, solved_for):
    with open_simulation(nonlinear_loop(solved_for, version=version, algorithm="iterative")) as run:
        run.initialize()
        found = [run[f"{part}.{name}"] for name in ("x1", "x2") for part in ("quadratic", "straight")]
    assert found == pytest.approx([NONLINEAR_ROOT[0]] * 2 + [NONLINEAR_ROOT[1]] * 2, abs=1e-9)


@pytest.mark.parametrize("version", [2, 3])
def test_a_loop_of_gains_begins_at_its_fixed_point_though_it_repels(version):
    with open_simulation(gain_loop(-2.0, 1.0, version=version, algorithm="iterative")) as run:
        run.initialize()
        assert run["left.y"] == pytest.approx(1.0 / 3.0, rel=1e-12)
