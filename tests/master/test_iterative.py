"""Loops in Step Mode: solutions against linear algebra, and how many steps they take."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orchestrator.errors import StepError
from tests.coupled import Memory, simulation
from tests.doubles import FunctionInstance, an_input, an_output
from tests.master.loop_doubles import SPREAD, Several, coupled, loop_statistics, the_loop
from tests.models import Whole, Wire, gain, network, states

FAST = ["aitken", "anderson", "newton"]


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
        assert loop_statistics(run).evaluations == len(doubles[0].steps)
    assert len(doubles[0].steps) == len(doubles[1].steps) <= 5


def test_relaxation_makes_the_fixed_point_converge() -> None:
    run, _ = the_loop("fixed_point", relaxation=0.3)
    with run:
        run.run()
        assert run["left.y"] == pytest.approx(1.0 / 3.0, rel=1e-8)


@pytest.mark.parametrize("method", FAST)
def test_states_are_kept_once_in_each_macro_step(method: str) -> None:
    run, doubles = the_loop(method)
    with run:
        run.run()
        counted = run._coupling.statistics.components["left"]
        assert counted.steps == len(doubles[0].steps) == loop_statistics(run).evaluations
        # one for the loop, one of who repeats refused steps
        assert counted.saves == 2 * 10
        assert counted.restores == counted.steps - 10


@pytest.mark.parametrize("declared", [False, True])
@pytest.mark.parametrize("method", ["anderson", "newton"])
def test_a_badly_scaled_loop_is_solved_as_well_as_a_scaled_one(method: str, declared: bool) -> None:
    several = Several(SPREAD, [1.0, -3.0], [1e-9, 1e6], declared=declared)
    run, _ = several.run(loops={"method": method})
    with run:
        run.run()
        np.testing.assert_allclose(several.found(run), several.exact(1.0), rtol=3e-8)


@pytest.mark.parametrize("method", FAST)
def test_the_number_of_evaluations_does_not_depend_on_the_units(method: str) -> None:
    counts = []
    for sizes in ([1.0, 1.0], [2.0**-30, 2.0**20]):
        run, mix = Several(SPREAD * 0.3, [1.0, -3.0], sizes, declared=True).run(loops={"method": method})
        with run:
            run.run()
        counts.append(len(mix.steps))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("method", ["anderson", "newton"])
@pytest.mark.parametrize("a", [0.45, 1.1])
def test_a_linear_loop_of_fifty_components_with_as_many_unknowns(method: str, a: float) -> None:
    count = 50
    chain = [
        FunctionInstance(
            lambda t, u, k=k: a * (u[0] + u[1]) + np.sin(k) * (1.0 + t),
            name=f"part{k:02}",
            inputs=[an_input("u1"), an_input("u2")],
        )
        for k in range(count)
    ]
    connections = [f"part{k:02}.y -> part{k + 1:02}.u1" for k in range(count - 1)]
    connections += [f"part{k + 1:02}.y -> part{k:02}.u2" for k in range(count - 1)]
    matrix = np.eye(count) - a * (np.eye(count, k=1) + np.eye(count, k=-1))
    loops = {"method": method, "tolerance": 1e-9, "max_iterations": 80}
    with simulation(chain, connections, algorithm="iterative", loops=loops, step_size=0.5) as run:
        run.run()
        found = [run[f"part{k:02}.y"] for k in range(count)]
        solved = loop_statistics(run)
    exact = np.linalg.solve(matrix, 2.0 * np.sin(np.arange(count)))
    np.testing.assert_allclose(found, exact, atol=1e-6 * np.abs(exact).max())
    # two macro steps; Newton's method learns of all components at once how each responds to its neighbours
    assert solved.evaluations == len(chain[0].steps) <= (10 if method == "newton" else 55)


@pytest.mark.parametrize("method", ["anderson", "newton"])
def test_what_was_learnt_in_earlier_macro_steps_saves_evaluations(method: str) -> None:
    counts = {}
    for reuse in (0, 5):
        run, mix = Several(SPREAD, [1.0, -3.0]).run(loops={"method": method, "reuse": reuse})
        with run:
            run.step()
            first = len(mix.steps)
            run.run()
        counts[reuse] = len(mix.steps) - first
    assert counts[5] <= 9 * 2
    assert counts[0] >= 9 * 4


def test_a_component_may_feed_itself() -> None:
    own = FunctionInstance(lambda t, u: -2.0 * u + 1.0 + t, name="own")
    with simulation([own], ["own.y -> own.u"], algorithm="iterative") as run:
        run.run()
        assert run["own.y"] == pytest.approx(2.0 / 3.0, rel=1e-8)


def test_a_delayed_connection_is_no_loop() -> None:
    clock = FunctionInstance(lambda t, u: u + 1.0, name="count")
    with simulation([clock], [{"connect": "count.y -> count.u", "delay": True}], algorithm="iterative") as run:
        run.run()
        assert run["count.y"] == 11.0
        assert not run._coupling.statistics.loops


def test_an_output_that_feeds_several_inputs_is_one_unknown() -> None:
    parts = [gain("a", [[0.5, 0.25]], [1.0]), gain("b", -3.0, 0.0)]
    wires = [Wire("a.y1", "b.u1"), Wire("b.y1", "a.u1", 2.0, 1.0), Wire("b.y1", "a.u2")]
    run, _ = coupled(parts, wires)
    with run:
        run.run()
        assert len(run._master.memories["loop a <-> b"].remembered()["largest"]) == 1
        assert run["a.y1"] == pytest.approx(Whole(parts, wires).at(0.0).y[0], rel=1e-8)


@pytest.mark.parametrize("method", ["fixed_point", *FAST])
def test_states_in_a_loop_follow_the_implicit_method(method: str) -> None:
    """x' = -x + u and x' = -3 x + u, each fed by the other."""
    parts = [states("one", -1.0, 1.0, 0.5, 1.0), states("two", -3.0, 1.0, 1.0, 2.0)]
    wires = [Wire("one.y1", "two.u1"), Wire("two.y1", "one.u1")]
    memory = Memory()
    run, _ = coupled(parts, wires, observers=[memory], loops={"method": method, "tolerance": 1e-12})
    with run:
        run.run()
    expected = Whole(parts, wires).implicit(0.1, 10)
    found = np.hstack([memory.of("one", "y1"), memory.of("two", "y1")])
    np.testing.assert_allclose(found, [point.y for point in expected], rtol=1e-11)


@given(
    seed=st.integers(0, 10_000),
    count=st.integers(2, 5),
    through=st.sampled_from([0.0, 0.5, 3.0]),
    method=st.sampled_from(["anderson", "newton"]),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_random_affine_systems_match_linear_algebra(seed: int, count: int, through: float, method: str) -> None:
    parts, wires = network(seed, count, through=through)
    whole = Whole(parts, wires)
    step = whole._parts_step(0.25)
    solved = np.eye(len(whole.e)) - (whole.C @ step.held + whole.D) @ whole.K
    assume(np.linalg.cond(np.eye(len(whole.e)) - whole.loop) < 1e3)
    assume(np.linalg.cond(solved) < 1e3)
    memory = Memory()
    run, _ = coupled(
        parts,
        wires,
        observers=[memory],
        step_size=0.25,
        loops={"method": method, "tolerance": 1e-11},
        initialization={},
    )
    with run:
        run.run()
    found = np.hstack([memory.of(*name.split(".")) for name in whole.outputs])
    expected = np.array([point.y for point in whole.implicit(0.25, 4)])
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())


def test_without_a_loop_it_is_gauss_seidel_to_the_bit() -> None:
    rows = {}
    for algorithm in ("gauss_seidel", "iterative"):
        parts = [states("one", -1.0, 1.0, 0.5, 1.0), states("two", -3.0, 1.0, 1.0, 2.0), gain("three", 0.3, 0.1)]
        wires = [Wire("one.y1", "two.u1"), Wire("two.y1", "three.u1")]
        memory = Memory()
        run, _ = coupled(parts, wires, algorithm=algorithm, observers=[memory])
        with run:
            run.run()
        rows[algorithm] = np.hstack([memory.of(name, "y1") for name in ("one", "two", "three")])
    np.testing.assert_array_equal(rows["gauss_seidel"], rows["iterative"])


def test_a_loop_with_one_iteration_allowed_by_its_tolerance_is_gauss_seidel_to_the_bit() -> None:
    rows = {}
    for algorithm in ("gauss_seidel", "iterative"):
        parts = [states("one", -1.0, 1.0, 0.5, 1.0), states("two", -3.0, 1.0, 1.0, 2.0)]
        memory = Memory()
        wires = [Wire("one.y1", "two.u1"), Wire("two.y1", "one.u1")]
        run, _ = coupled(parts, wires, algorithm=algorithm, observers=[memory], loops={"tolerance": 1e3})
        with run:
            run.run()
        rows[algorithm] = np.hstack([memory.of(name, "y1") for name in ("one", "two")])
    np.testing.assert_array_equal(rows["gauss_seidel"], rows["iterative"])


@pytest.mark.parametrize("method", FAST)
def test_integers_and_truth_values_pass_through_a_loop_and_come_to_rest(method: str) -> None:
    """The level is 1.5 when open, and it opens below 2: settled after one change."""
    valve = FunctionInstance(
        lambda t, u: [1.5 * u[0] + 0.1 * t],
        name="valve",
        inputs=[an_input("open", storage="boolean", start=False)],
    )
    switch = FunctionInstance(lambda t, u: [u[0] < 2.0], name="switch", outputs=[an_output("open", storage="boolean")])
    connections = ["valve.y -> switch.u", "switch.open -> valve.open"]
    loops = {"method": method}
    with simulation([valve, switch], connections, algorithm="iterative", loops=loops, initialization={}) as run:
        run.run()
        assert run["valve.y"] == pytest.approx(1.6)
        assert run["switch.open"] is True


def test_the_statistics_tell_the_worst_residual_with_its_variable_and_time() -> None:
    run, _ = the_loop("fixed_point", relaxation=0.3, tolerance=1e-3)
    with run:
        run.run()
        counted = loop_statistics(run)
    assert counted.solved == 10
    assert 0.0 < counted.worst_residual <= 1e-3
    assert (counted.worst_variable, counted.worst_time) == ("right.y", 0.1)
    assert counted.iterations == counted.evaluations > 10
    assert counted.most_iterations > 2


def test_what_was_learnt_goes_back_with_the_components() -> None:
    several = Several(SPREAD, [1.0, -3.0])
    ends = []
    for repeated in (False, True):
        run, _ = several.run(loops={"method": "anderson"})
        with run:
            run.step()
            memory = run._master.memories["loop mix <-> pass1 <-> pass2"]
            kept = memory.remembered()
            if repeated:
                memory.remember({**kept, "largest": np.full(2, 7.0)})
                memory.remember({**kept, "method": {"earlier": []}, "largest": np.zeros(2)})
                memory.remember(kept)
            run.run()
            ends.append(several.found(run))
    np.testing.assert_array_equal(*ends)
