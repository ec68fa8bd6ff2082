"""Steps that a component refuses: all components go back, and take a shorter one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import cotwin
from orchestrator.errors import RefusedStepError, StepError
from orchestrator.fmi.opening import open_component
from orchestrator.instance import Capabilities, Status, StepResult
from orchestrator.master import composition
from orchestrator.master.coupling import Coupling
from orchestrator.master.loops.estimation import Estimated
from orchestrator.master.snapshot import Rollback
from orchestrator.master.step_control.control import Controlled, Controlling
from orchestrator.master.stepper import Advance, Stepper
from orchestrator.system.description import Component, SystemDescription
from tests.coupled import Memory, simulation
from tests.doubles import FunctionInstance
from tests.kit.build import kit_fmu
from tests.textbook import lotka_volterra

H = 0.1


class Reluctant(FunctionInstance):
    """Refuses steps that `refuses(t, h)` names, having reached `reaches(t, h)` (s)."""

    refuses: Callable[[float, float], bool]
    reaches: Callable[[float, float], float]

    def do_step(self, t: float, h: float) -> StepResult:
        result = super().do_step(t, h)
        if self.refuses(t, h):
            self.time = self.reaches(t, h)
            self.x = self.x + 1e6
            return StepResult(Status.DISCARD, self.time)
        return result


def reluctant(
    refuses: Callable[[float, float], bool], reaches: Callable[[float, float], float], **more: Any
) -> Reluctant:
    """x' = u, integrated by Euler."""
    double = Reluctant(lambda t, u, x: x, name="late", step=lambda t, h, u, x: x + h * u, state=[0.0], **more)
    double.refuses, double.reaches = refuses, reaches
    return double


def counter(**more: Any) -> FunctionInstance:
    """y = number of its steps that count."""
    return FunctionInstance(
        lambda t, u, x: x, name="counter", inputs=(), step=lambda t, h, u, x: x + 1.0, state=[0.0], **more
    )


def across(at: float) -> Callable[[float, float], bool]:
    """Refuses to step over a time (s)."""
    return lambda t, h: t < at - 1e-12 and t + h > at + 1e-12


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_all_components_step_to_the_time_that_the_one_that_refuses_has_reached(algorithm: str) -> None:
    late = reluctant(across(0.43), lambda t, h: 0.43)
    memory = Memory()
    with simulation(
        [counter(), late], ["counter.y -> late.u"], step_size=H, algorithm=algorithm, observers=[memory]
    ) as run:
        run.run()
        statistics = run.coupling.statistics
    expected = sorted([*(H * k for k in range(10)), 0.43, 1.0])
    assert memory.times == pytest.approx(expected, abs=1e-15)
    assert memory.times[4:7] == [4 * H, pytest.approx(0.43), 5 * H]
    np.testing.assert_array_equal(memory.of("counter", "y")[:, 0], range(12))
    lengths, values = np.diff(memory.times), memory.of("counter", "y")[:, 0]
    used = values[:-1] if algorithm == "jacobi" else values[1:]
    assert memory.of("late", "y")[-1, 0] == pytest.approx(float(lengths @ used), rel=1e-14)
    assert statistics.rejected == {"discard": 1}
    assert statistics.of("late").discards == 1
    assert statistics.smallest_step == pytest.approx(0.03)


def test_where_the_component_got_nowhere_half_the_step_is_tried_until_it_agrees() -> None:
    late = reluctant(lambda t, h: t < 0.5 and h > 0.02, lambda t, h: t)
    with simulation([late], step_size=H) as run:
        run.run()
        assert run.time == 1.0
        statistics = run.coupling.statistics
        assert statistics.smallest_step == pytest.approx(H / 8)
        assert statistics.largest_step == pytest.approx(H)
        # to double after every step would take an attempt in vain for each of the 40 that are short of need
        assert statistics.rejected["discard"] == statistics.of("late").discards <= 3 + 5
        assert statistics.macro_steps <= 40 + 16 + 6


@pytest.mark.parametrize("limit", [0.99, 0.51, 0.3, 0.1, 0.011])
def test_in_a_long_stretch_of_short_steps_few_are_tried_in_vain(limit: float) -> None:
    """The longest step that is not refused, as a part of the macro step."""
    late = reluctant(lambda t, h: t < 40.0 * H and h > limit * H, lambda t, h: t)
    with simulation([late], step_size=H, stop=60.0 * H) as run:
        run.run()
        statistics = run.coupling.statistics
        assert statistics.rejected["discard"] <= 0.1 * statistics.macro_steps + 12
        # afterwards steps are whole again
        assert statistics.largest_step == pytest.approx(H)


@pytest.mark.parametrize("reached", [np.nan, np.inf, -1.0])
def test_a_time_that_cannot_have_been_reached_counts_as_nowhere(reached: float) -> None:
    late = reluctant(lambda t, h: h > 0.06, lambda t, h: t)
    original = late.do_step
    late.do_step = lambda t, h: original(t, h)._replace(time=reached) if h > 0.06 else original(t, h)  # type: ignore[method-assign]
    with simulation([late], step_size=H) as run:
        run.run()
        assert run.coupling.statistics.smallest_step == pytest.approx(H / 2)


def test_a_step_that_is_refused_however_short_is_an_error_with_component_time_and_steps() -> None:
    late = reluctant(lambda t, h: t + h > 0.5 + 1e-9, lambda t, h: t)
    control = {"smallest": 1e-3}
    with simulation([counter(), late], step_size=H, step_control=control) as run:
        with pytest.raises(StepError, match=r"'late' refused its step from t = 0\.5 s by h = 0\.001 s") as caught:
            run.run()
        assert "smallest step that is tried, 0.001 s" in str(caught.value)
        assert not isinstance(caught.value, RefusedStepError)
        assert caught.value.component == "late"
        assert run.time == 0.5
        assert run["counter.y"] == 5.0


@pytest.mark.parametrize(
    ("able", "why"),
    [
        (Capabilities(), "'counter' cannot go back"),
        (Capabilities(get_set_state=True, variable_step=False), "'counter' takes steps of one size only"),
    ],
)
def test_where_a_component_cannot_follow_the_refusal_is_an_error_that_names_both(able: Capabilities, why: str) -> None:
    other = counter(capabilities=able)
    late = reluctant(across(0.43), lambda t, h: 0.43)
    with simulation([other, late], step_size=H) as run:
        with pytest.raises(StepError, match=r"'late' refused its step .* reached 0\.43 s") as caught:
            run.run()
        assert why in str(caught.value)
        assert run.coupling.statistics.of("late").saves == 0


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_a_component_that_cannot_go_back_is_no_hindrance_where_it_has_not_stepped_yet(algorithm: str) -> None:
    """x' = 1 in `late`, which comes first; the sum of its values, each times the step, in one that never goes back."""
    late = reluctant(across(0.43), lambda t, h: 0.43)
    total = FunctionInstance(
        lambda t, u, x: x,
        name="total",
        step=lambda t, h, u, x: x + h * u,
        state=[0.0],
        capabilities=Capabilities(),
    )
    source = FunctionInstance(lambda t, u: [1.0], name="source", inputs=())
    memory = Memory()
    with simulation(
        [source, late, total],
        ["source.y -> late.u", "late.y -> total.u"],
        step_size=H,
        algorithm=algorithm,
        observers=[memory],
    ) as run:
        run.run()
        assert run.coupling.statistics.rejected == {"discard": 1}
        assert [p.name for p in run.coupling.participants] == ["source", "late", "total"]
    times = np.array(memory.times)
    assert 0.43 in times.round(12)
    values, lengths = memory.of("late", "y")[:, 0], np.diff(times)
    assert values == pytest.approx(times, abs=1e-12)
    used = values[:-1] if algorithm == "jacobi" else values[1:]
    assert memory.of("total", "y")[-1, 0] == pytest.approx(float(lengths @ used), rel=1e-13)


@pytest.mark.parametrize("refuses", ["ahead", "two"])
def test_a_loop_with_an_estimator_is_left_as_it_is_where_a_step_is_refused_before_it_alone(refuses: str) -> None:
    """`one` in the loop cannot go back; its estimator has stepped where `two` refuses."""

    def state(name: str) -> Reluctant:
        double = Reluctant(lambda t, u, x: x, name=name, step=lambda t, h, u, x: (x + h * u) / (1.0 + h), state=[1.0])
        double.refuses, double.reaches = across(0.43) if name == refuses else across(-1.0), lambda t, h: 0.43
        return double

    true = state("one")
    true.capabilities = Capabilities()
    ahead = state("ahead")
    parts = [ahead, Estimated(true, state("one")), state("two")]
    connections = ["one.y -> two.u", "two.y -> one.u"]
    with simulation(parts, connections, step_size=H, algorithm="iterative") as run:  # type: ignore[arg-type]
        assert run.coupling.participants[0].name == "ahead"
        if refuses == "ahead":
            run.run()
            assert run.coupling.statistics.rejected["discard"] > 0
            assert run["one.y"] == pytest.approx(1.0)
        else:
            with pytest.raises(StepError, match="'two' refused its step") as caught:
                run.run()
            assert "'one' cannot go back" in str(caught.value)


def test_states_are_kept_of_those_alone_that_step_before_the_first_that_cannot_go_back() -> None:
    first, last = counter(), FunctionInstance(lambda t, u: u, name="zlast")
    total = FunctionInstance(lambda t, u: u, name="total", capabilities=Capabilities())
    with simulation([first, total, last], ["counter.y -> total.u", "total.y -> zlast.u"], step_size=H) as run:
        run.run()
        saves = {name: each.saves for name, each in run.coupling.statistics.components.items()}
    assert saves == {"counter": 10, "total": 0, "zlast": 0}


def _van_der_pol(version: str) -> np.ndarray:
    """The end of an oscillator under CVODE, which is not fed, so that nothing but a return makes it begin anew."""
    kind = {"kind": "model_exchange", "solver": {"method": "cvode", "tolerance": 1e-6}}
    source = kit_fmu("VanDerPol", version, "model_exchange")
    oscillator = open_component("oscillator", Component.model_validate({"source": source, **kind}))
    seen = FunctionInstance(lambda t, u: u, name="seen")
    with simulation([oscillator, seen], ["oscillator.x0 -> seen.u"], step_size=H, stop=5.0) as run:  # type: ignore[list-item]
        run.run()
        return run.signals.float64.copy()


@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_the_states_kept_in_case_of_a_refusal_disturb_no_solver(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """CVODE keeps its history: the same bits as where no state is kept, and others than where each step is repeated."""
    kept = _van_der_pol(version)
    monkeypatch.setattr(composition, "controlled", lambda inner, *_: Controlled(inner, {}))
    np.testing.assert_array_equal(_van_der_pol(version), kept)
    monkeypatch.setattr(composition, "controlled", _twice)
    repeated = _van_der_pol(version)
    assert (repeated != kept).any()
    np.testing.assert_allclose(repeated, kept, atol=1e-3)


def test_a_refusal_beside_model_exchange_takes_its_solver_back() -> None:
    """x' = -x integrated by CVODE, at the points of a grid of which one step is refused."""
    kind = {"kind": "model_exchange", "solver": {"method": "cvode", "tolerance": 1e-9}}
    source = kit_fmu("Dahlquist", "3.0", "model_exchange")
    decay = open_component("decay", Component.model_validate({"source": source, **kind}))
    late = reluctant(across(0.43), lambda t, h: 0.43)
    memory = Memory()
    with simulation([decay, late], ["decay.x -> late.u"], step_size=H, observers=[memory]) as run:  # type: ignore[list-item]
        run.run()
        assert run.coupling.statistics.rejected == {"discard": 1}
        assert run.coupling.statistics.of("decay").restores == 1
    assert memory.of("decay", "x")[:, 0] == pytest.approx(np.exp(-np.array(memory.times)), rel=1e-7)


class Twice:
    """Makes each step, takes it back, and makes it again."""

    leaves_grid = False

    def __init__(self, inner: Stepper, rollback: Rollback) -> None:
        self._inner, self._rollback = inner, rollback

    def step(self, t: float, h: float) -> Advance:
        with self._rollback.kept() as start:
            self._inner.step(t, h)
            self._rollback.restore(start)
            return self._inner.step(t, h)


def _twice(inner: Stepper, coupling: Coupling, controlling: Controlling) -> Controlled:
    return Controlled(Twice(inner, Rollback(coupling, controlling.memories)), {})


def _ends(description: SystemDescription) -> np.ndarray:
    with cotwin.open_simulation(description) as run:
        run.run()
        return run.signals.float64.copy()


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("version", [2, 3])
def test_going_back_leaves_nothing_behind(algorithm: str, version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    description = lotka_volterra(0.05, stop=5.0, algorithm=algorithm, version=version)
    once = _ends(description)

    monkeypatch.setattr(composition, "controlled", _twice)
    np.testing.assert_array_equal(_ends(description), once)
