"""The whole of a probe: its cost, what it leaves out and why, and the advice from what it finds."""

import math

import pytest

from orchestrator.instance import Capabilities
from orchestrator.master.probing.advice import Chosen, iterations, method, rounded, suggestions
from orchestrator.master.probing.coupling_map import LoopProbe
from orchestrator.master.probing.growth import Growth, Stability
from orchestrator.master.probing.local_error import LocalError
from orchestrator.master.probing.probe import LIMIT, Findings, probe
from orchestrator.system.solving import Solving
from tests.doubles import Faults
from tests.master.probing.benches import a_bench
from tests.models import states

WIRES = ["one.y1 -> two.u1", "two.y1 -> one.u1"]
LOOP = (("one", "two"),)


def lag(name):
    return states(name, [[-1.0]], [[0.3]], [[1.0]], [1.0])


def test_a_probe_finds_loops_stability_and_error_and_counts_its_steps():
    told = []
    with a_bench([lag("one").instance(), lag("two").instance()], WIRES, experiment={"stop": 100.0}) as bench:
        found = probe(bench, LOOP, 100.0, 1e-4, told.append)
        assert found.do_steps == bench.steps_made
    assert found.problems == ()
    assert [loop.components for loop in found.loops] == [("one", "two")]
    assert found.stability.verdict == "stable"
    assert found.error.variable in {"one.y1", "two.y1"}
    assert told[:4] == ["loop one <-> two", "local error", "algorithms", "stability"]
    assert found.do_steps < LIMIT


def test_no_trial_goes_beyond_the_end_of_the_run():
    one, two = lag("one").instance(), lag("two").instance()
    with a_bench([one, two], WIRES, step_size=0.1, experiment={"stop": 1.0}) as bench:
        found = probe(bench, LOOP, 1.0, 1e-4)
    assert found.stability is not None
    assert max(t + h for t, h in (*one.steps, *two.steps)) <= 1.0 + 1e-9


def test_what_needs_a_component_that_cannot_go_back_is_left_out_by_name():
    stuck = lag("two").instance(capabilities=Capabilities())
    with a_bench([lag("one").instance(), stuck], WIRES) as bench:
        found = probe(bench, LOOP, 1.0, 1e-4)
    assert found.loops == ()
    assert found.stability is None
    assert found.unable == ("two",)
    assert "'two' can neither go back" in found.problems[0]
    assert "'two' cannot go back" in found.problems[1]
    assert "no directional derivatives of outputs and of states from 'one', 'two'" in found.problems[2]


def test_after_an_error_of_a_component_nothing_else_is_tried():
    broken = lag("two").instance(faults=Faults(fail_at=0.0))
    with a_bench([lag("one").instance(), broken], WIRES) as bench:
        found = probe(bench, LOOP, 1.0, 1e-4)
    assert "out of order" in found.problems[0]
    assert [problem.split(": ")[1] for problem in found.problems[1:]] == ["left out, since 'two' has failed"] * 3


def loop_of(radius, torn=1):
    names = tuple(f"a.u{k}" for k in range(torn))
    return LoopProbe(("a", "b"), names, names, radius, radius, True)


@pytest.mark.parametrize(
    ("radius", "torn", "advised"),
    [(0.1, 30, "fixed_point"), (0.9, 1, "aitken"), (2.0, 1, "aitken"), (2.0, 30, "anderson"), (9.0, 4, "newton")],
)
def test_the_method_follows_from_the_spectral_radius_and_the_number_of_torn_variables(radius, torn, advised):
    assert method(loop_of(radius, torn)) == advised


def test_fixed_point_iterations_are_those_of_a_geometric_series():
    assert iterations(0.1, 1e-8) == 8
    assert iterations(1.0, 1e-8) == math.inf
    assert iterations(0.0, 1e-8) == 1


def advice(findings, *, h=0.1, algebraic=(), **solving):
    given = suggestions(Chosen(Solving(**solving), h, 100.0, algebraic), findings)
    return {one.key: one for one in given}


def test_an_algebraic_loop_asks_for_iteration_with_the_method_that_fits():
    found = Findings((loop_of(2.0),))
    given = advice(found, algebraic=["a.u -> a.y -> a.u"], loops={"method": "fixed_point"})
    assert given["algorithm"].value == "iterative"
    assert (given["loops.method"].value, given["loops.method"].changes) == ("aitken", True)
    assert "diverges, by the factor 2 an iteration" in given["loops.method"].reason


def test_the_smaller_of_two_limits_is_the_step_that_is_suggested():
    unstable = Stability("unstable", (Growth(0.1, 40, 1.2, 1e-9), Growth(0.05, 40, 0.9, 1e-9)), 0.0, 9.0, 0.05)
    error = LocalError(0.1, 1e-2, "a.y", 2.0, 1e-4, 0.01)
    assert advice(Findings(stability=unstable))["step_size"].value == 0.05
    assert advice(Findings(stability=unstable, error=error))["step_size"].value == 0.01
    assert "a.y" in advice(Findings(stability=unstable, error=error))["step_size"].reason


def test_a_step_that_fits_stays():
    error = LocalError(0.1, 9e-5, "a.y", 2.0, 1e-4, 0.105)
    assert not advice(Findings(error=error))["step_size"].changes


def test_a_step_that_is_far_too_small_gets_a_larger_one_suggested():
    error = LocalError(0.1, 1e-8, "a.y", 2.0, 1e-4, 10.0)
    assert advice(Findings(error=error))["step_size"].value == 10.0


@pytest.mark.parametrize(("value", "down"), [(0.19, 0.1), (0.2, 0.2), (0.73, 0.5), (1.0, 1.0), (9.99, 5.0)])
def test_steps_are_rounded_down_to_1_2_and_5(value, down):
    assert rounded(value) == down


def test_a_method_that_is_chosen_stays_where_less_would_do():
    easy, hard = Findings((loop_of(1e-3, 5),)), Findings((loop_of(2.0, 30),))
    for chosen in ("anderson", "newton", "aitken", "fixed_point"):
        given = advice(easy, algorithm="iterative", loops={"method": chosen})["loops.method"]
        assert (given.value, given.changes) == (chosen, False)
        given = advice(hard, algorithm="iterative", loops={"method": chosen})["loops.method"]
        assert (given.value, given.changes) == ("newton", False) if chosen == "newton" else ("anderson", True)


def test_step_control_is_not_suggested_where_the_error_is_far_below_the_tolerance():
    assert "step_control.method" not in advice(Findings(error=LocalError(0.1, 9e-6, "a.y", 2.0, 1e-4, 0.33)))
    assert "step_control.method" in advice(Findings(error=LocalError(0.1, 2e-5, "a.y", 2.0, 1e-4, 0.22)))


def test_step_control_is_suggested_only_where_all_can_go_back():
    error = LocalError(0.1, 9e-5, "a.y", 2.0, 1e-4, 0.105)
    assert "step_control.method" in advice(Findings(error=error))
    assert "step_control.method" not in advice(Findings(error=error, unable=("a",)))
