"""Loops in Step Mode: solutions against linear algebra, and how many steps they take."""

import pytest

from orchestrator.errors import StepError
from orchestrator.master.statistics import LoopStatistics
from orchestrator.simulation import Simulation
from tests.coupled import simulation
from tests.doubles import FunctionInstance
from tests.models import Affine, Wire

METHODS = ["fixed_point", "aitken", "anderson", "newton"]
FAST = METHODS[1:]


def loop_statistics(run: Simulation[None]) -> LoopStatistics:
    (found,) = run._coupling.statistics.loops.values()
    return found


def coupled(parts: list[Affine], wires: list[Wire], **more: object) -> tuple[Simulation[None], list[FunctionInstance]]:
    doubles = [part.instance() for part in parts]
    run = simulation(doubles, [wire.entry for wire in wires], **{"algorithm": "iterative", **more})
    return run, doubles


def the_loop(method: str, **loops: object) -> tuple[Simulation[None], list[FunctionInstance]]:
    """y = -2 u + 4, u = y at the start, y = -2 u + 1, u = y from then on."""
    left = FunctionInstance(lambda t, u: -2.0 * u + (1.0 if t > 0.0 else 4.0), name="left")
    right = FunctionInstance(lambda t, u: u, name="right")
    connections = ["left.y -> right.u", "right.y -> left.u"]
    run = simulation([left, right], connections, algorithm="iterative", loops={"method": method, **loops})
    return run, [left, right]


def test_a_plain_fixed_point_that_cannot_converge_is_refused_with_its_growth_factor() -> None:
    run, doubles = the_loop("fixed_point")
    with run, pytest.raises(StepError, match=r"loop left <-> right: .* multiplies the residual by 2; .*'right\.y'"):
        run.run()
    assert len(doubles[0].steps) == 4


@pytest.mark.parametrize("method", FAST)
def test_the_others_reach_a_third_within_five_evaluations(method: str) -> None:
    run, doubles = the_loop(method)
    with run:
        run.step()
        assert run["left.y"] == pytest.approx(1.0 / 3.0, rel=1e-8)
    assert len(doubles[0].steps) == len(doubles[1].steps) <= 5


def test_relaxation_makes_the_fixed_point_converge() -> None:
    run, _ = the_loop("fixed_point", relaxation=0.3)
    with run:
        run.run()
        assert run["left.y"] == pytest.approx(1.0 / 3.0, rel=1e-8)
