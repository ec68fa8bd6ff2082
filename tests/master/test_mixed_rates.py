"""Random affine systems with loops, rates, gains and units at once match linear algebra, and go on from any step."""

from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.coupled import Memory, simulation
from tests.master.mixed_rates import H, LinearAlgebra, Mixed, SampledData, mixed

RATIOS = [1 / 3, 1 / 2, 1.0, 1.0, 2.0, 3.0]
WORST = 1e3
"""Condition number of the loops up to which a system is taken."""

seeds = st.integers(0, 2**31)
counts = st.integers(2, 5)
held = st.sampled_from(["jacobi", "gauss_seidel"])


def solve(system: Mixed, reference: LinearAlgebra, **more: Any) -> tuple[np.ndarray, np.ndarray]:
    """All outputs at all points of the grid over two rounds of all rates, in units of their size: found, expected."""
    steps, memory = 2 * system.count, Memory()
    assume(reference.condition < WORST)
    run = simulation(
        system.instances(),
        system.entries,
        components=system.components,
        step_size=H,
        stop=steps * H,
        observers=[memory],
        **more,
    )
    with run:
        rows = [reference.y, *(reference.step(more["algorithm"], run.schedule.order) for _ in range(steps))]
        assume(reference.condition < WORST)
        run.run()
    grid = [int(np.argmin(np.abs(np.array(memory.times) - k * H))) for k in range(steps + 1)]
    found = np.hstack([memory.of(*name.split(".")) for name in system.outputs])[grid]
    size = np.abs(rows).max(axis=0)
    return found / size, np.array(rows) / size


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seeds, counts, held)
def test_held_inputs_at_any_rates(seed: int, count: int, algorithm: str) -> None:
    system = mixed(seed, count, through=0.0, ratios=RATIOS)
    np.testing.assert_allclose(*solve(system, LinearAlgebra(system), algorithm=algorithm), atol=1e-9)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seeds, counts, st.sampled_from(["anderson", "newton"]), st.sampled_from([0.0, 0.5, 2.0]))
def test_solved_loops_at_any_rates(seed: int, count: int, method: str, through: float) -> None:
    system = mixed(seed, count, through=through, ratios=RATIOS)
    loops = {"method": method, "tolerance": 1e-12}
    found, expected = solve(system, LinearAlgebra(system), algorithm="iterative", loops=loops)
    np.testing.assert_allclose(found, expected, atol=1e-8)


TOLERANCE = 2e-3
MOST = 5.0 * TOLERANCE
"""Errors at the end of a run, for outputs whose size is that of what they are computed from: no offsets of units."""


@settings(max_examples=12, deadline=None, derandomize=True)
@given(seeds, counts, held)
def test_step_control_goes_to_where_slow_components_sample_what_has_no_error(
    seed: int, count: int, algorithm: str
) -> None:
    system = mixed(seed, count, through=0.0, ratios=RATIOS, converted=0.0)
    control = {"method": "error", "tolerance": TOLERANCE}
    found, expected = solve(system, SampledData(system), algorithm=algorithm, step_control=control)
    np.testing.assert_allclose(found, expected, atol=MOST)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(seeds, counts, st.sampled_from([0.0, 0.5]))
def test_step_control_of_solved_loops_at_any_rates(seed: int, count: int, through: float) -> None:
    system = mixed(seed, count, through=through, ratios=RATIOS, converted=0.0)
    more = {"algorithm": "iterative", "loops": {"tolerance": 1e-9}}
    control = {"method": "error", "tolerance": TOLERANCE}
    found, expected = solve(system, SampledData(system), step_control=control, **more)
    np.testing.assert_allclose(found, expected, atol=MOST)


CONTROLS = [{"method": "constant"}, {"method": "error", "tolerance": TOLERANCE}]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    seeds,
    counts,
    st.sampled_from(["jacobi", "gauss_seidel", "iterative"]),
    st.sampled_from(CONTROLS),
    st.sampled_from([{"order": 0}, {"order": 1}, {"order": 2, "smoothing": True}]),
    st.data(),
)
def test_a_run_goes_on_from_any_step_to_the_bit(
    seed: int, count: int, algorithm: str, control: Any, extrapolation: Any, data: st.DataObject
) -> None:
    system = mixed(seed, count, through=0.5 if algorithm == "iterative" else 0.0, ratios=RATIOS)
    assume(LinearAlgebra(system).condition < WORST)
    memories = [Memory(), Memory()]
    runs = [
        simulation(
            system.instances(),
            system.entries,
            components=system.components,
            step_size=H,
            stop=2 * system.count * H,
            observers=[memory],
            algorithm=algorithm,
            step_control=control,
            extrapolation=extrapolation,
        )
        for memory in memories
    ]
    with runs[0] as whole, runs[1] as rest:
        for _ in range(data.draw(st.integers(0, system.count), label="steps before")):
            whole.step()
        whole.initialize()
        rest.restore(whole.checkpoint())
        start = len(memories[0].rows) - 1
        whole.run()
        rest.run()
        assert rest.coupling.statistics.remembered() == whole.coupling.statistics.remembered()
    assert memories[1].times == memories[0].times[start:]
    for mine, other in zip(memories[1].rows, memories[0].rows[start:], strict=True):
        assert mine.float64.tobytes() == other.float64.tobytes()
