"""Algorithms tried out over a short stretch, against the exact solution of the whole."""

import numpy as np
import pytest
from scipy.linalg import expm

from orchestrator.instance import Capabilities
from orchestrator.master.probing.advice import Chosen, suggestions
from orchestrator.master.probing.candidates import Comparison, Trial, compared
from orchestrator.master.probing.growth import growth
from orchestrator.master.probing.local_error import local_error
from orchestrator.master.probing.probe import LIMIT, Findings, probe
from orchestrator.system.solving import Solving
from tests.doubles import Faults
from tests.master.probing.benches import a_bench
from tests.models import Whole, Wire, gain, states

WIRES = ["one.y1 -> two.u1", "two.y1 -> one.u1"]


def pair(coupling=2.0, rate=-1.0):
    return [states(name, [[rate]], [[coupling]], [[1.0]], [x]) for name, x in (("one", 3.0), ("two", -2.0))]


def exact_error(course, parts, h):
    whole = Whole(parts, [Wire(*text.split(" -> ")) for text in WIRES])
    matrix = whole.A + whole.B @ whole.K @ whole.C
    exact = np.array([expm(matrix * h * k) @ whole.x for k in range(len(course))])
    return (np.abs(course - exact) / np.maximum(np.abs(exact).max(axis=0), 1.0)).max()


@pytest.mark.parametrize("now", ["jacobi", "gauss_seidel", "iterative"])
def test_the_errors_of_all_algorithms_are_those_against_the_exact_solution(now):
    h = 0.02
    with a_bench([part.instance() for part in pair()], WIRES, algorithm=now, step_size=h) as bench:
        found = compared(bench, now)
        for trial in found.trials:
            parts = round(h / trial.step_size)
            course = bench.with_algorithm(trial.algorithm).course(trial.step_size, 4 * parts)[::parts]
            assert trial.error == pytest.approx(exact_error(course, pair(), h), rel=0.1)
    assert found.refused == ()
    assert [(one.algorithm, one.step_size) for one in found.trials] == [
        (name, size) for name in ("jacobi", "gauss_seidel", "iterative") for size in (h, h / 2)
    ]


def test_the_cost_is_the_number_of_calls_of_do_step():
    with a_bench([part.instance() for part in pair()], WIRES, step_size=0.02) as bench:
        found = compared(bench, "gauss_seidel")
        before = bench.steps_made
        bench.with_algorithm("iterative").course(0.02, 4)
        iterated = bench.steps_made - before
    assert [one.do_steps for one in found.of("jacobi")] == [8, 16]
    assert [one.do_steps for one in found.of("gauss_seidel")] == [8, 16]
    assert found.of("iterative")[0].do_steps == iterated > 8


def test_everything_is_where_it_was_and_the_algorithm_is_the_one_of_before():
    parts = [part.instance() for part in pair()]
    with a_bench(parts, WIRES, step_size=0.02) as bench:
        before, values = bench.course(0.02, 3), bench.signals.float64.copy()
        compared(bench, "gauss_seidel")
        assert (bench.signals.float64 == values).all()
        assert (bench.course(0.02, 3) == before).all()


def test_an_algebraic_loop_leaves_iteration_alone_and_says_why():
    parts = [gain("one", -2.0, 1.0), gain("two", 1.0, 0.0)]
    with a_bench([part.instance() for part in parts], WIRES, algorithm="iterative", step_size=0.1) as bench:
        found = compared(bench, "iterative")
    assert {one.algorithm for one in found.trials} == {"iterative"}
    assert {one.algorithm for one in found.refused} == {"jacobi", "gauss_seidel"}
    assert all("one.u1 -> one.y1" in one.reason for one in found.refused)
    # what is left is the tolerance of the loop, which smaller steps do not change
    assert found.fitting("iterative", 1e-4) is None


def comparison(*errors):
    names = ("jacobi", "gauss_seidel", "iterative")
    calls = {"jacobi": 8, "gauss_seidel": 8, "iterative": 24}
    trials = [
        Trial(name, h, error * h / 0.1, "a.y", round(calls[name] * 0.1 / h))
        for name, error in zip(names, errors, strict=True)
        for h in (0.1, 0.05)
    ]
    return Comparison(0.4, 4, tuple(trials))


def algorithm(found, now="gauss_seidel"):
    return suggestions(Chosen(Solving(algorithm=now), 0.1, 100.0), Findings(comparison=found))[0]


def test_iteration_is_advised_where_it_needs_fewer_calls_for_the_same_error():
    advised = algorithm(comparison(0.2, 0.1, 0.01))
    assert (advised.value, advised.changes) == ("iterative", True)
    assert "3.3 times fewer calls" in advised.reason
    assert "jacobi 0.2 (8 calls), gauss_seidel 0.1 (8 calls), iterative 0.01 (24 calls)" in advised.reason


def test_iteration_is_not_advised_where_its_calls_are_worth_more_as_smaller_steps():
    advised = algorithm(comparison(0.2, 0.1, 0.05))
    assert (advised.value, advised.changes) == ("gauss_seidel", False)
    assert "iterative 0.05 (24 calls)" in advised.reason


def test_the_order_of_the_schedule_is_not_advised_where_it_was_less_accurate():
    assert algorithm(comparison(0.1, 0.09, 0.09), now="jacobi").value == "gauss_seidel"
    assert not algorithm(comparison(0.1, 0.4, 0.4), now="jacobi").changes


def test_an_advised_algorithm_has_the_step_that_fits_it():
    found = comparison(0.2, 0.1, 0.01)
    given = {one.key: one for one in suggestions(Chosen(Solving(), 0.1, 100.0), Findings(comparison=found))}
    # order 1: a step of 0.1 s is wrong by 0.01 / 4, one of h by that times (h / 0.1)^2
    assert 0.01 / 4 * (given["step_size"].value / 0.1) ** 2 <= 1e-4
    assert "4 steps of iterative" in given["step_size"].reason


def test_advice_by_rule_says_that_nothing_was_measured():
    one, two = (part.instance(capabilities=Capabilities()) for part in pair())
    with a_bench([one, two], WIRES) as bench:
        found = probe(bench, (), 1.0, 1e-4)
    assert found.comparison is None
    advised = suggestions(Chosen(Solving(), 0.1, 1.0), found)[0]
    assert "by rule, nothing was measured, since one, two cannot go back" in advised.reason


def test_a_component_that_fails_in_a_trial_ends_all_trials():
    broken = pair()[1].instance(faults=Faults(fail_at=0.015))
    with a_bench([pair()[0].instance(), broken], WIRES, step_size=0.01, experiment={"stop": 1.0}) as bench:
        found = probe(bench, (), 1.0, 1e-4)
    assert found.comparison is None
    assert found.problems[-1].startswith("stability: left out, since 'two' has failed")


def slow(step_size):
    """The second one steps less often, and the run ends with one of its steps."""
    stop = {"experiment": {"stop": 100.0 * step_size}}
    return {**stop, "components": {"one": {"source": "one.fmu"}, "two": {"source": "two.fmu", "step_size": step_size}}}


@pytest.mark.parametrize("now", ["jacobi", "gauss_seidel"])
def test_the_error_over_the_period_of_a_slow_component_contains_its_own(now):
    with a_bench([part.instance() for part in pair()], WIRES, algorithm=now, step_size=0.02, **slow(0.08)) as bench:
        found = local_error(bench, 1e-4, 4)
        course = bench.course(0.02, 4)
    assert found.steps == 4
    assert found.error == pytest.approx(exact_error(course[::4], pair(), 0.08), rel=0.35)
    assert found.variable.startswith("two") or now == "gauss_seidel"


def test_a_probe_goes_over_the_period_of_slow_components():
    with a_bench([part.instance() for part in pair(0.3)], WIRES, step_size=0.02, **slow(0.08)) as bench:
        found = probe(bench, (("one", "two"),), 8.0, 1e-4)
    assert found.error.steps == 4
    assert found.comparison.steps == 4
    assert found.stability.growths[0].steps % 4 == 0
    # x' = -x + 0.3 x: the slower mode of the pair
    assert found.stability.growths[1].rate == pytest.approx(-0.7, rel=0.05)
    assert found.problems == ()
    assert {one.algorithm for one in found.comparison.trials} >= {"jacobi", "gauss_seidel"}
    gains = [0.3 * (1.0 - np.exp(-h)) for h in (0.02, 0.08)]
    assert found.loops[0].radius_gauss_seidel == pytest.approx(gains[0] * gains[1], rel=1e-6)


def test_growth_over_periods_is_that_of_the_map_from_period_to_period():
    with a_bench([part.instance() for part in pair(0.3)], WIRES, step_size=0.02, **slow(0.08)) as bench:
        found = growth(bench, 0.02, 80, 4)
    # over 0.08 s the first one sees the second one held, which sees what the first one has come to
    stays, gained = np.exp(-0.08), 0.3 * (1.0 - np.exp(-0.08))
    first = np.array([[stays, gained], [0.0, 1.0]])
    second = np.array([[1.0, 0.0], [gained, stays]])
    radius = np.abs(np.linalg.eigvals(second @ first)).max()
    assert found.factor == pytest.approx(radius**0.25, rel=1e-6)


def test_a_period_that_is_too_long_for_a_probe_is_named_and_the_others_are_probed():
    with a_bench([part.instance() for part in pair()], WIRES, step_size=0.01, **slow(100.0)) as bench:
        found = probe(bench, (), 1e4, 1e-4)
    assert found.error.steps == 1
    assert found.stability is not None
    assert found.do_steps < LIMIT
    assert len(found.problems) == 3
    assert all("alone, since 'two' steps once in 10000 macro steps" in problem for problem in found.problems)


def test_so_many_components_that_a_comparison_would_take_too_long_are_left_out(monkeypatch):
    monkeypatch.setattr("orchestrator.master.probing.probe.LIMIT", 50)
    with a_bench([part.instance() for part in pair()], WIRES, step_size=0.01, experiment={"stop": 1.0}) as bench:
        found = probe(bench, (), 1.0, 1e-4)
    assert found.comparison is None
    assert found.problems == ("algorithms: left out, since all of them would take more than the 50 steps of a probe",)
