"""Steps that fail under error control: a trial that fails is taken back, and a shorter one is tried."""

import numpy as np
import pytest

from orchestrator.errors import FailedStepError, StepError
from orchestrator.fmi.function_table import ERROR, FATAL
from orchestrator.fmi.opening import open_component
from orchestrator.instance import StepResult
from orchestrator.system.description import Component
from tests.coupled import Memory, simulation
from tests.doubles import Faults, FunctionInstance
from tests.kit.build import kit_fmu

CONTROL = {"step_control": {"method": "error", "tolerance": 1e-2}}


class Brittle(FunctionInstance):
    """x' = u, which fails in steps longer than `longest` (s): by an error, or with a value that is not finite."""

    longest = 0.03
    by_error = False

    def do_step(self, t: float, h: float) -> StepResult:
        result = super().do_step(t, h)
        if h > self.longest:
            self.x = self.x * np.nan
            if self.by_error:
                raise FailedStepError("'brittle' has failed", component=self.name, time=t)
        return result


def brittle(*, by_error: bool) -> Brittle:
    double = Brittle(lambda t, u, x: x, name="brittle", step=lambda t, h, u, x: x + h * u, state=[0.0])
    double.by_error = by_error
    return double


def clock() -> FunctionInstance:
    return FunctionInstance(lambda t, u: [1.0], name="clock", inputs=())


@pytest.mark.parametrize("by_error", [True, False])
def test_a_trial_that_fails_is_taken_back_and_counted_under_a_reason_of_its_own(by_error: bool) -> None:
    memory = Memory()
    with simulation(
        [clock(), brittle(by_error=by_error)], ["clock.y -> brittle.u"], observers=[memory], **CONTROL
    ) as run:
        run.run()
        statistics = run.coupling.statistics
    assert memory.of("brittle", "y")[:, 0] == pytest.approx(memory.times, abs=1e-12)
    assert memory.times[-1] == 1.0
    assert statistics.rejected["failure"] > 0
    assert statistics.rejected["discard"] == 0
    assert np.diff(memory.times).max() <= Brittle.longest * (1.0 + 1e-9)


def test_a_value_that_no_step_makes_finite_ends_the_run_with_the_message_and_the_smallest_step() -> None:
    broken = FunctionInstance(lambda t, u: u + t, name="broken", faults=Faults(nan_at=0.5))
    control = {"method": "error", "tolerance": 1e-2, "smallest": 1e-3}
    with simulation([clock(), broken], ["clock.y -> broken.u"], step_control=control) as run:
        with pytest.raises(StepError, match=r"'broken\.y' is nan at t = 0\.5") as caught:
            run.run()
        assert "smallest step that is tried, 0.001 s" in str(caught.value)
        assert caught.value.component == "broken"
        assert 0.5 - 2e-3 <= run.time < 0.5
        assert run.coupling.statistics.rejected["failure"] > 0


@pytest.mark.parametrize("by_error", [True, False])
def test_a_step_of_a_constant_size_that_fails_is_an_error_at_once(by_error: bool) -> None:
    with simulation([clock(), brittle(by_error=by_error)], ["clock.y -> brittle.u"], step_size=0.1) as run:
        with pytest.raises(StepError, match="brittle"):
            run.run()
        assert run.coupling.statistics.rejected == {}
        assert run.time == 0.0


def test_an_exception_that_nobody_expected_is_no_failed_trial() -> None:
    broken = FunctionInstance(lambda t, u: u, name="broken", faults=Faults(fail_at=0.5))
    with simulation([clock(), broken], ["clock.y -> broken.u"], **CONTROL) as run:
        with pytest.raises(StepError, match="out of order"):
            run.run()
        assert run.coupling.statistics.rejected["failure"] == 0


@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_an_fmu_whose_step_returns_error_goes_back_and_one_that_returns_fatal_never_does(version: str) -> None:
    """FMI 2.0.4 section 2.1.3, FMI 3.0.2 section 2.2.4: after Error a kept state may be set, after Fatal nothing."""
    for status in (ERROR, FATAL):
        fmu = open_component("decay", Component(source=kit_fmu("Dahlquist", version, "co_simulation")))
        step = fmu._step  # type: ignore[attr-defined]
        fmu._step = lambda t, h, none, step=step, status=status: (  # type: ignore[attr-defined]
            step(t, h, none)._replace(status=status) if h > 0.03 else step(t, h, none)
        )
        seen = FunctionInstance(lambda t, u: u, name="seen")
        with simulation([fmu, seen], ["decay.x -> seen.u"], **CONTROL) as run:  # type: ignore[list-item]
            if status == FATAL:
                with pytest.raises(StepError, match="returned Fatal") as caught:
                    run.run()
                assert not isinstance(caught.value, FailedStepError)
                continue
            run.run()
            assert run.coupling.statistics.rejected["failure"] > 0
            assert run["decay.x"] == pytest.approx(np.exp(-1.0), rel=5e-2)
