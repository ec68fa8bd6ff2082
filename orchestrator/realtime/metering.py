"""Metering: what the calls of an instance cost."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from orchestrator.instance import (
    Bundle,
    Capabilities,
    DirectionalDerivatives,
    EventMode,
    InputSlopes,
    Instance,
    OutputSlopes,
    StandIn,
    StepResult,
    Values,
    directional_derivatives,
    event_mode,
    held_inputs,
    input_slopes,
    output_slopes,
    stand_in,
)
from orchestrator.master.compiled.samples import Sampled, Samples
from orchestrator.native import Native, native
from orchestrator.realtime import clock as wall
from orchestrator.realtime.histogram import Histogram
from orchestrator.system.connector import Connector


class MeterReading(NamedTuple):
    """Cost of the calls of one component; all durations are seconds of wall-clock time.

    The percentiles are at most 4.7 % too high; totals and `step_worst` are exact where all steps were `timed` (None:
    all were). In the compiled loop some of them are: durations are estimates for all steps then, and `step_worst` is
    the worst of those.
    """

    component: str
    steps: int
    step_seconds: float
    step_p50: float
    step_p99: float
    step_worst: float
    sets: int
    set_seconds: float
    gets: int
    get_seconds: float
    saves: int = 0
    restores: int = 0
    state_seconds: float = 0.0
    """Of keeping states, returning to them and releasing them."""
    timed: int | None = None

    @property
    def seconds(self) -> float:
        """Everything together."""
        return self.step_seconds + self.set_seconds + self.get_seconds + self.state_seconds

    @property
    def estimated(self) -> bool:
        """Whether durations are estimates from a part of the steps."""
        return self.timed is not None and self.timed < self.steps


class MeteredNative:
    """The C side of an instance as it is, which tells a compiled loop where to find its meter."""

    def __init__(self, inside: Native, sampled: Callable[[Samples, int], None]) -> None:
        self._inside, self.sampled = inside, sampled

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inside, name)


class Meter:
    """An instance whose `do_step`, `set`, `get` and kept states are timed; else it is as the one inside, `instance`.

    A compiled loop times some of the steps that it makes by address.
    """

    def __init__(self, instance: Instance, clock: Callable[[], float] = wall.seconds) -> None:
        self.instance = instance
        self._clock = clock
        self._steps = Histogram()
        self._sets = self._gets = 0
        self._set_seconds = self._get_seconds = self._state_seconds = 0.0
        self._saves = self._restores = 0
        self._sampled: list[tuple[Samples, int]] = []

    @property
    def reading(self) -> MeterReading:
        """What was measured so far."""
        looped = [samples.of(number) for samples, number in self._sampled]
        steps = self._all_steps(looped)
        return MeterReading(
            self.name,
            self._steps.count + sum(each.steps for each in looped),
            steps.total,
            steps.percentile(50.0),
            steps.percentile(99.0),
            steps.largest,
            self._sets + sum(each.sets for each in looped),
            self._set_seconds + sum(each.set_seconds for each in looped),
            self._gets + sum(each.gets for each in looped),
            self._get_seconds + sum(each.get_seconds for each in looped),
            self._saves + sum(each.saves for each in looped),
            self._restores + sum(each.restores for each in looped),
            self._state_seconds + sum(each.state_seconds for each in looped),
            self._steps.count + sum(each.timed for each in looped),
        )

    def _all_steps(self, looped: Sequence[Sampled]) -> Histogram:
        """Durations of all steps, those made in Python and those made in compiled loops."""
        all_steps = Histogram()
        all_steps.add_all(self._steps.counts, self._steps.total, self._steps.largest)
        for each in looped:
            all_steps.add_all(each.counts, each.step_seconds, each.largest)
        return all_steps

    @property
    def native(self) -> Any:
        """The C side of the instance, None where it has none; with it a compiled loop learns of this meter."""
        inside = native(self.instance)
        return None if inside is None else MeteredNative(inside, lambda *there: self._sampled.append(there))

    @property
    def name(self) -> str:
        """Name of the component."""
        return self.instance.name

    @property
    def connectors(self) -> tuple[Connector, ...]:
        """Connectors of the instance."""
        return self.instance.connectors

    @property
    def capabilities(self) -> Capabilities:
        """Capabilities of the instance."""
        return self.instance.capabilities

    @property
    def feedthrough(self) -> Mapping[str, tuple[str, ...] | None]:
        """Feedthrough of the instance."""
        return self.instance.feedthrough

    @property
    def identity(self) -> Mapping[str, str]:
        """Identity of the instance."""
        return self.instance.identity

    @property
    def event_mode(self) -> EventMode | None:
        """Events of the instance."""
        return event_mode(self.instance)

    @property
    def held_inputs(self) -> Collection[str]:
        """Inputs of the instance that are held over a step."""
        return held_inputs(self.instance)

    @property
    def input_slopes(self) -> InputSlopes | None:
        """Slopes of the inputs of the instance."""
        return input_slopes(self.instance)

    @property
    def output_slopes(self) -> OutputSlopes | None:
        """Slopes of the outputs of the instance."""
        return output_slopes(self.instance)

    @property
    def directional_derivatives(self) -> DirectionalDerivatives | None:
        """Derivatives of the outputs of the instance by its inputs."""
        return directional_derivatives(self.instance)

    @property
    def stand_in(self) -> StandIn | None:
        """What stands in for the instance while a loop is solved; it is not timed."""
        return stand_in(self.instance)

    def set(self, bundle: Bundle, values: Values) -> None:
        """Write values, timed."""
        began = self._clock()
        self.instance.set(bundle, values)
        self._set_seconds += self._clock() - began
        self._sets += 1

    def get(self, bundle: Bundle, values: Values) -> None:
        """Read values, timed."""
        began = self._clock()
        self.instance.get(bundle, values)
        self._get_seconds += self._clock() - began
        self._gets += 1

    def do_step(self, t: float, h: float) -> StepResult:
        """Step, timed."""
        began = self._clock()
        result = self.instance.do_step(t, h)
        self._steps.add(self._clock() - began)
        return result

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        """Enter Initialization Mode."""
        self.instance.enter_initialization(start, stop, tolerance)

    def exit_initialization(self) -> None:
        """Leave Initialization Mode."""
        self.instance.exit_initialization()

    def save_state(self) -> object:
        """Keep the state of the instance, timed."""
        began = self._clock()
        state = self.instance.save_state()
        self._state_seconds += self._clock() - began
        self._saves += 1
        return state

    def restore_state(self, state: object) -> None:
        """Go back to a kept state, timed."""
        began = self._clock()
        self.instance.restore_state(state)
        self._state_seconds += self._clock() - began
        self._restores += 1

    def free_state(self, state: object) -> None:
        """Release a kept state, timed."""
        began = self._clock()
        self.instance.free_state(state)
        self._state_seconds += self._clock() - began

    def serialize_state(self, state: object) -> bytes:
        """Turn a kept state into bytes."""
        return self.instance.serialize_state(state)

    def deserialize_state(self, data: bytes) -> object:
        """Make a kept state from bytes."""
        return self.instance.deserialize_state(data)

    def restart(self, t: float, values: Mapping[str, Values]) -> None:
        """Start the instance again at t."""
        self.instance.restart(t, values)

    def terminate(self) -> None:
        """End the run of the instance."""
        self.instance.terminate()

    def close(self) -> None:
        """Free the instance."""
        self.instance.close()
