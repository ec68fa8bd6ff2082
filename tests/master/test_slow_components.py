"""Slow components beside step control, solved loops and events: they sample at the ends of their periods."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm

from orchestrator.errors import DescriptionError, StepError
from orchestrator.instance import Capabilities
from orchestrator.master.loops.estimation import Estimated
from tests.coupled import Memory, simulation
from tests.doubles import Faults, FunctionInstance, an_input, an_output
from tests.master.event_doubles import EventDouble
from tests.models import states

H, COUNT, PERIODS = 0.1, 3, 4
P = COUNT * H
SLOW_A, SLOW_B, SLOW_X = -0.5, -1.0, 0.2
WIRES = ["b.y1 -> a.u1", "s.y1 -> a.u2", "a.y1 -> b.u1", "b.y1 -> s.u1"]
UNABLE = Capabilities(variable_step=False)
"""Cannot go back, and takes steps of one size only."""


def parts(**slow: Any) -> list[FunctionInstance]:
    """a' = -a + b + s / 2, b' = -3 b + 2 a, and s' = -s / 2 - b of the period P."""
    return [
        states("a", -1.0, [[1.0, 0.5]], 1.0, 1.0).instance(),
        states("b", -3.0, 2.0, 1.0, 0.5).instance(),
        states("s", SLOW_A, SLOW_B, 1.0, SLOW_X).instance(**slow),
    ]


def components(*fast: str, **slow: float) -> dict[str, Any]:
    return {
        name: {"source": f"{name}.fmu", **({"step_size": slow[name]} if name in slow else {})}
        for name in (*fast, *slow)
    }


def sampled(newest: bool) -> np.ndarray:
    """a, b, s at the ends of the periods: s on the b of the beginning or the end, a and b without an error."""
    flow = expm(P * np.array([[-1.0, 1.0, 0.5], [2.0, -3.0, 0.0], [0.0, 0.0, 0.0]]))
    fade = np.exp(SLOW_A * P)
    rows = [np.array([1.0, 0.5, SLOW_X])]
    for _ in range(PERIODS):
        a, b, _ = flow @ rows[-1]
        s = fade * rows[-1][2] + SLOW_B * (fade - 1.0) / SLOW_A * (b if newest else rows[-1][1])
        rows.append(np.array([a, b, s]))
    return np.array(rows)


def at(memory: Memory, times: Sequence[float], *names: str) -> np.ndarray:
    where = [int(np.argmin(np.abs(np.array(memory.times) - t))) for t in times]
    assert np.array(memory.times)[where] == pytest.approx(times, abs=1e-12)
    return np.hstack([memory.of(name, "y1") for name in names])[where]


def run_parts(instances: Sequence[FunctionInstance], tolerance: float, **more: Any) -> Memory:
    memory = Memory()
    control = {"method": "error", "tolerance": tolerance}
    options = {"components": components("a", "b", s=P), "step_size": H, "step_control": control, **more}
    with simulation(instances, WIRES, stop=PERIODS * P, observers=[memory], **options) as run:
        run.run()
    return memory


@pytest.mark.parametrize(
    ("algorithm", "goes_back"),
    [("jacobi", True), ("gauss_seidel", True), ("iterative", True), ("jacobi", False), ("gauss_seidel", False)],
)
def test_step_control_goes_to_the_solution_with_a_sampled_component_as_its_tolerance(
    algorithm: str, goes_back: bool
) -> None:
    errors = []
    for tolerance in (2e-3, 5e-4):
        instances = parts()
        for each in instances[:2]:
            each.capabilities = Capabilities(get_set_state=goes_back)
        memory = run_parts(instances, tolerance, algorithm=algorithm)
        found = at(memory, [k * P for k in range(PERIODS + 1)], "a", "b", "s")
        errors.append(np.abs(found - sampled(algorithm != "jacobi")).max())
    assert errors[0] < 4e-3
    assert errors[1] < 0.4 * errors[0]


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_steps_by_the_bonds_of_the_others_go_there_too(algorithm: str) -> None:
    bond = {"x": {"kind": "mass", "connections": ["b.y1 -> a.u1", "a.y1 -> b.u1"]}}
    instances, memory = parts(capabilities=UNABLE), Memory()
    options = {"components": components("a", "b", s=P), "step_size": H, "stop": PERIODS * P, "bonds": bond}
    control = {"method": "bonds", "tolerance": 1e-3}
    with simulation(instances, WIRES, algorithm=algorithm, step_control=control, observers=[memory], **options) as run:
        run.run()
    found = at(memory, [k * P for k in range(PERIODS + 1)], "a", "b", "s")
    assert np.abs(found - sampled(algorithm != "jacobi")).max() < 1e-2
    assert len(instances[2].steps) == PERIODS < len(instances[0].steps)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_the_slow_component_steps_once_in_each_period_and_needs_neither_go_back_nor_step_shorter(
    algorithm: str,
) -> None:
    instances = parts(capabilities=UNABLE)
    run_parts(instances, 1e-2, algorithm=algorithm)
    assert [h for _, h in instances[2].steps] == pytest.approx([P] * PERIODS)
    assert [t for t, _ in instances[2].steps] == pytest.approx([k * P for k in range(PERIODS)])
    assert len(instances[0].steps) > 2 * COUNT * PERIODS


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_what_passes_on_the_output_of_a_slow_component_jumps_with_it_and_is_not_searched_for(algorithm: str) -> None:
    """x' = 3 s - x, of a gain on the s = t of a slow clock: steps of the staircase in closed form."""
    slow = FunctionInstance(lambda t, u: [t], name="s", inputs=[], outputs=[an_output("y1")], capabilities=UNABLE)
    passing = FunctionInstance(lambda t, u: 3.0 * u, name="p", inputs=[an_input("u1")], outputs=[an_output("y1")])
    last = states("x", -1.0, 1.0, 1.0, 0.0).instance()
    memory = Memory()
    control = {"method": "error", "tolerance": 1e-3}
    options = {"components": components("p", "x", s=P), "step_size": H, "step_control": control}
    wires = ["s.y1 -> p.u1", "p.y1 -> x.u1"]
    with simulation(
        [slow, passing, last], wires, algorithm=algorithm, stop=PERIODS * P, observers=[memory], **options
    ) as run:
        run.run()
    expected = [0.0]
    for k in range(PERIODS):
        expected.append(3.0 * k * P + (expected[-1] - 3.0 * k * P) * np.exp(-P))
    found = at(memory, [k * P for k in range(PERIODS + 1)], "x")[:, 0]
    assert found == pytest.approx(expected, abs=2e-3)
    assert len(last.steps) < 100 * PERIODS


def test_a_step_that_another_component_refuses_is_made_again_with_the_slow_one() -> None:
    """It refuses the first try of the step in which the period ends: the slow one goes back with all."""

    class Once(FunctionInstance):
        refused = False

        def do_step(self, t: float, h: float) -> Any:
            result = super().do_step(t, h)
            if not Once.refused and t + h > 2.5 * H:
                Once.refused = True
                self.time = t + h / 2.0
                return result._replace(status=type(result.status).DISCARD, time=self.time)
            return result

    slow = states("s", 0.0, 1.0, 1.0, 0.0).instance()
    late = Once(
        lambda t, u, x: x,
        name="z",
        inputs=[an_input("u1")],
        outputs=[an_output("y1")],
        step=lambda t, h, u, x: x + h,
        state=[0.0],
    )
    with simulation(
        [slow, late], ["z.y1 -> s.u1"], components=components("z", s=P), stop=2 * P, algorithm="jacobi"
    ) as run:
        run.run()
        assert run["z.y1"] == pytest.approx(2 * P)
        assert run["s.y1"] == pytest.approx(P * P)
        assert run.coupling.statistics.rejected["discard"] == 1


@pytest.mark.parametrize("control", [{"method": "constant"}, {"method": "error", "tolerance": 1e-3}])
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_time_events_of_others_within_a_period_do_not_disturb_it(algorithm: str, order: int, control: Any) -> None:
    """u jumps from 0 to 1 at an event: the slow integrator holds what it has sampled."""
    jump = 0.13

    def up(self: EventDouble) -> None:
        self.values["y"] = np.array([1.0 if self.time > 0.5 * jump else 0.0])

    eventful = EventDouble("e", outputs=[an_output("y")], times=[jump], on_update=up)
    slow = states("s", 0.0, 1.0, 1.0, 0.0).instance(capabilities=UNABLE)
    options = {"components": components("e", s=P), "step_control": control, "extrapolation": {"order": order}}
    memory = Memory()
    with simulation(
        [eventful, slow], ["e.y -> s.u1"], algorithm=algorithm, stop=2 * P, observers=[memory], **options
    ) as run:
        run.run()
    assert [t for t, _ in slow.steps] == pytest.approx([0.0, P])
    assert any(t == pytest.approx(jump) for t in memory.times)
    first = P if algorithm == "gauss_seidel" else 0.0
    assert at(memory, [P, 2 * P], "s")[:, 0] == pytest.approx([first, first + P])


@pytest.mark.parametrize("first", ["s", "e"])
def test_an_early_return_in_the_step_that_ends_a_period_takes_the_slow_one_back(first: str) -> None:
    """It had stepped over its whole period already where it comes before the other in the order."""
    early = EventDouble("e", outputs=[an_output("y")], early=[2.5 * H])
    slow = states("s", 0.0, 1.0, 1.0, 0.0).instance()
    instances = [slow, early] if first == "s" else [early, slow]
    wires = ["e.y -> s.u1"] if first == "e" else []
    with simulation(instances, wires, components=components("e", s=P), stop=2 * P) as run:
        times = [run.step() for _ in range(4)]
        if first == "s":
            run["s.u1"] = 2.0
        run.run()
        assert run["s.y1"] == pytest.approx(2.0 * P if first == "s" else 0.0)
        assert run.coupling.statistics.components["s"].restores == (1 if first == "s" else 0)
    assert times == pytest.approx([H, 2 * H, 2.5 * H, 3 * H])
    assert early.event_times == pytest.approx([2.5 * H])


def test_what_a_slow_component_refuses_beside_step_control_is_an_error() -> None:
    instances = parts(faults=Faults(discard_at=0.0), capabilities=UNABLE)
    with pytest.raises(StepError, match=r"'s' refused its step from t = 0 s by h = 0\.3 s"):
        run_parts(instances, 1e-3)


def test_a_slow_component_with_an_estimator_in_a_loop_is_refused_by_name() -> None:
    true, estimator = (states("s", SLOW_A, SLOW_B, 1.0, SLOW_X).instance() for _ in range(2))
    true.capabilities = Capabilities(get_set_state=False)
    instances = [*parts()[:2], Estimated(true, estimator)]
    with pytest.raises(DescriptionError, match="'s' has an estimator in the loop"):
        simulation(instances, WIRES, components=components("a", "b", s=P), stop=P, algorithm="iterative")
