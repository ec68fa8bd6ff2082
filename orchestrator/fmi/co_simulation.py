"""Co-Simulation: an FMU of FMI 2.0 or 3.0 behind the `Instance` seam."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from enum import IntEnum
from pathlib import Path
from typing import Final

import numpy as np

from orchestrator.errors import CapabilityError, FmuImportError, InitializationError, StepError
from orchestrator.fmi.function_table import DISCARD, FATAL, OK, WARNING, StepFunction
from orchestrator.fmi.library import Library
from orchestrator.fmi.messages import STATUS
from orchestrator.fmi.states import KeptState, States
from orchestrator.fmi.transfer import Transfer
from orchestrator.fmi.variables import ModelInfo, read_model
from orchestrator.instance import Bundle, Capabilities, StateWrite, Status, StepResult, Values
from orchestrator.system.connector import Causality, Connector, Variability
from orchestrator.system.interface import Element, Interface
from orchestrator.system.names import nearest
from orchestrator.system.start_values import unsettable


def open_fmu(name: str, path: Path) -> "CoSimulationFmu":
    """Unpack, load and instantiate an FMU for Co-Simulation as component `name`.

    Raises FmuImportError where that is not possible; nothing stays behind then.
    """
    model = read_model(path)
    if "CoSimulation" not in model.kinds:
        raise FmuImportError(
            f"{path}: declares {' and '.join(model.kinds)} only; export it for Co-Simulation, which runs coupled here"
        )
    return CoSimulationFmu(name, model, Library(name, model, "CoSimulation"))


class Phase(IntEnum):
    """Where an instance is in the state machine of the standard; BROKEN: no call may follow a fatal error."""

    INSTANTIATED = 0
    INITIALIZATION = 1
    STEP = 2
    TERMINATED = 3
    BROKEN = 4
    CLOSED = 5


_REMEDIES: Final = {
    "Pending": "It computes steps asynchronously, which is not supported: export it to compute them in doStep",
    "Fatal": "It must not be called again; see its messages and its documentation",
}
_REMEDY: Final = "See its messages; check its inputs and parameters, or take a smaller step size"


class CoSimulationFmu:
    """One FMU instance; see `Instance` for what the methods mean and in which order they come.

    A `restart` resets the FMU and initializes it again. States, discrete ones too, that are given no value keep the one
    that they have; `S` may stand for the scalars `S[1]` to `S[n]` of FMI 2.0.
    """

    def __init__(self, name: str, model: ModelInfo, library: Library) -> None:
        self.name: Final = name
        self.model: Final = model
        self._library = library
        self._functions = library.functions
        self._step: StepFunction = library.versions.do_step(library.dll, library.handle)
        self._phase = Phase.INSTANTIATED
        self._time: float | None = None
        self._stop: float | None = None
        self._tolerance: float | None = None
        self._reads: dict[Bundle, Transfer] = {}
        self._writes: dict[Bundle, tuple[Transfer, tuple[str | None, ...]]] = {}
        self._written: dict[Bundle, Transfer] = {}
        self._interface = Interface(model.connectors)
        self._by_name = self._interface.connectors
        self._states = States(name, model, "CoSimulation", library.functions, self._check)

    @property
    def connectors(self) -> tuple[Connector, ...]:
        """Every variable, in the order of the model description."""
        return self.model.connectors

    @property
    def capabilities(self) -> Capabilities:
        """What the FMU declares."""
        return self.model.capabilities

    @property
    def feedthrough(self) -> Mapping[str, tuple[str, ...] | None]:
        """Inputs that each output depends on directly, from the ModelStructure; None where it does not say."""
        return self.model.feedthrough

    @property
    def identity(self) -> Mapping[str, str]:
        """What ran, for the record."""
        return self.model.identity

    def set(self, bundle: Bundle, values: Values) -> None:
        """Write a bundle; CapabilityError names a variable that cannot be set in this phase."""
        prepared = self._writes.get(bundle)
        if prepared is None:
            prepared = self._writes[bundle] = (self._transfer(bundle), _refusals(bundle))
        transfer, refusals = prepared
        refusal = refusals[self._phase]
        if refusal is not None:
            raise CapabilityError(f"'{self.name}': {refusal}")
        status = transfer.write(values)
        if status != OK:
            self._check(status, f"Set for {_named(bundle)}")
        # Moved to the end: a restart gives everything again in the order in which it was given last.
        self._written.pop(bundle, None)
        self._written[bundle] = transfer

    def get(self, bundle: Bundle, values: Values) -> None:
        """Read a bundle."""
        transfer = self._reads.get(bundle)
        if transfer is None or self._phase >= Phase.BROKEN:
            self._require("read its variables", Phase.INITIALIZATION, Phase.STEP, Phase.TERMINATED)
            transfer = self._reads[bundle] = self._transfer(bundle)
        status = transfer.read(values)
        if status != OK:
            self._check(status, f"Get for {_named(bundle)}")

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        """Enter Initialization Mode; InitializationError where the FMU refuses."""
        self._require("enter Initialization Mode", Phase.INSTANTIATED)
        self._time, self._stop, self._tolerance = start, stop, tolerance
        self._check(self._functions.enter_initialization(start, stop, tolerance), "EnterInitializationMode")
        self._phase = Phase.INITIALIZATION

    def exit_initialization(self) -> None:
        """Leave Initialization Mode; InitializationError where the FMU refuses."""
        self._require("exit Initialization Mode", Phase.INITIALIZATION)
        self._check(self._functions.exit_initialization(), "ExitInitializationMode")
        self._phase = Phase.STEP

    def do_step(self, t: float, h: float) -> StepResult:
        """Advance from t by h; StepError with the FMU's status and messages where it fails."""
        if self._phase is not Phase.STEP:
            self._require("step", Phase.STEP)
        self._time = t
        raw = self._step(t, h, self._states.none_kept)
        if raw.status == DISCARD:
            return StepResult(Status.DISCARD, raw.time, raw.early_return, raw.terminate_requested)
        if raw.status != OK:
            self._check(raw.status, f"DoStep with step size {h!r} s")
        self._time = raw.time
        return StepResult(Status.OK, raw.time, raw.early_return, raw.terminate_requested)

    def save_state(self) -> KeptState:
        """Keep the complete state; CapabilityError where the FMU does not support it."""
        self._require("save its state", *_OPEN)
        return self._states.save(self._phase, self._time)

    def restore_state(self, state: object) -> None:
        """Go back to a kept state."""
        self._require("restore a state", *_OPEN)
        kept = self._states.restore(state)
        self._phase, self._time = Phase(kept.phase), kept.time

    def free_state(self, state: object) -> None:
        """Release a kept state; after `close` all of them are released already, after a fatal error none can be."""
        if self._phase < Phase.BROKEN:
            self._states.free(state)

    def serialize_state(self, state: object) -> bytes:
        """A kept state as bytes, for the same FMU in any process on the same platform."""
        self._require("serialize a state", *_OPEN)
        return self._states.serialize(state)

    def deserialize_state(self, data: bytes) -> KeptState:
        """A kept state from bytes; CapabilityError where they come from another FMU."""
        self._require("take a serialized state", *_OPEN)
        return self._states.deserialize(data)

    def restart(self, t: float, values: Mapping[str, Values]) -> None:
        """Reset, set parameters, start values and the given states, and initialize at t with the last inputs."""
        if self.capabilities.state_write is not StateWrite.RESTART:
            raise CapabilityError(
                f"'{self.name}' cannot be restarted from values: it lists no continuous states, all with initial = "
                "exact. Export it with such states, or hand over to it through a slow shadow"
            )
        self._require("restart", Phase.STEP, Phase.TERMINATED)
        states = self._restart_values(values)
        self._check(self._functions.reset(), "Reset")
        self._phase = Phase.INSTANTIATED
        self._again(self._written)
        for transfer, numbers in states:
            self._check(transfer.write(numbers), f"Set for {_named(transfer.bundle)}")
        self.enter_initialization(t, self._stop, self._tolerance)
        self._again(bundle for bundle in self._written if _only_inputs(bundle))
        self.exit_initialization()

    def terminate(self) -> None:
        """End the run regularly; does nothing where there is no run to end."""
        if self._phase is Phase.STEP:
            self._check(self._functions.terminate(), "Terminate")
            self._phase = Phase.TERMINATED

    def close(self) -> None:
        """Free the instance, its states and its library, and give back its folder."""
        if self._phase is Phase.CLOSED:
            return
        broken, self._phase = self._phase is Phase.BROKEN, Phase.CLOSED
        if broken:
            self._library.abandon()
            return
        with ExitStack() as cleanup:
            cleanup.callback(self._library.close)
            self._states.free_all()

    def _restart_values(self, values: Mapping[str, Values]) -> list[tuple[Transfer, Values]]:
        given: dict[str, Values] = {}
        for name, numbers in values.items():
            elements = self._restart_elements(name, np.size(numbers))
            for element, number in zip(elements, np.ravel(numbers), strict=True):
                connector = element.connector
                given.setdefault(connector.name, np.zeros(connector.size, connector.storage.dtype))
                given[connector.name][element.position] = number
        kept = [connector for connector in self.connectors if _keeps(connector) and connector.name not in given]
        states = [self._current(connector) for connector in kept]
        return states + [(self._transfer(Bundle.of([self._by_name[name]])), numbers) for name, numbers in given.items()]

    def _restart_elements(self, name: str, size: int) -> tuple[Element, ...]:
        elements = self._interface.find(name)
        if elements is None:
            hint = nearest(name, [connector.name for connector in self.connectors if connector.is_state])
            raise CapabilityError(f"'{self.name}' has no variable '{name}' to restart from; {hint}")
        refusal = next((why for element in elements if (why := unsettable(element.connector))), None)
        if refusal is not None:
            raise CapabilityError(f"'{self.name}.{name}' cannot be given at a restart: {refusal}")
        if len(elements) != size:
            raise CapabilityError(f"'{self.name}.{name}' has {len(elements)} elements, {size} values were given")
        return elements

    def _current(self, connector: Connector) -> tuple[Transfer, Values]:
        transfer = self._transfer(Bundle.of([connector]))
        values = np.zeros(connector.size, connector.storage.dtype)
        self._check(transfer.read(values), f"Get for {_named(transfer.bundle)}")
        return transfer, values

    def _again(self, bundles: Iterable[Bundle]) -> None:
        for bundle in bundles:
            self._check(self._written[bundle].rewrite(), f"Set for {_named(bundle)}")

    def _transfer(self, bundle: Bundle) -> Transfer:
        for connector in bundle.connectors:
            if connector.name not in self._by_name:
                hint = nearest(connector.name, self._by_name)
                raise CapabilityError(f"'{self.name}' has no variable '{connector.name}'; {hint}")
        return Transfer(bundle, self.model.types, self._functions)

    def _require(self, doing: str, *phases: Phase) -> None:
        if self._phase not in phases:
            now = "broken by a fatal error" if self._phase is Phase.BROKEN else f"in phase {self._phase.name.lower()}"
            raise CapabilityError(f"'{self.name}' cannot {doing}: it is {now}; see the call order of Instance")

    def _check(self, status: int, function: str) -> None:
        if status == OK:
            return
        called = f"{self._functions.prefix}{function}"
        if status == WARNING:
            self._library.messages.logger.warning("%s returned Warning at t = %s s", called, self._time)
            return
        said = STATUS[status] if 0 <= status < len(STATUS) else f"the unknown status {status}"
        message = (
            f"'{self.name}': {called} returned {said} at t = {self._time} s{self._library.messages.quoted()}\n"
            f"{_REMEDIES.get(said, _REMEDY)}"
        )
        kind = InitializationError if self._phase <= Phase.INITIALIZATION else StepError
        if status == FATAL:
            self._phase = Phase.BROKEN
        raise kind(message, component=self.name, time=self._time)


_OPEN: Final = (Phase.INSTANTIATED, Phase.INITIALIZATION, Phase.STEP, Phase.TERMINATED)


def _named(bundle: Bundle) -> str:
    names = [connector.name for connector in bundle.connectors]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _keeps(connector: Connector) -> bool:
    changes = connector.variability in (Variability.CONTINUOUS, Variability.DISCRETE)
    return connector.initial == "exact" and changes and connector.causality in (Causality.OUTPUT, Causality.LOCAL)


def _only_inputs(bundle: Bundle) -> bool:
    return all(connector.causality is Causality.INPUT for connector in bundle.connectors)


def _refusals(bundle: Bundle) -> tuple[str | None, ...]:
    """Why the bundle cannot be written, for each phase; FMI 2.0.4 section 4.2.4, FMI 3.0.2 section 2.4.7."""
    by_phase = (unsettable, _fixed_at_initialization, _fixed_at_steps)
    refusals = [
        next((f"'{c.name}' cannot be set: {why}" for c in bundle.connectors if (why := refuses(c))), None)
        for refuses in by_phase
    ]
    return (*refusals, *(f"nothing can be set after {end}" for end in ("terminate", "a fatal error", "close")))


def _fixed_at_initialization(connector: Connector) -> str | None:
    if connector.causality is not Causality.INPUT and connector.initial == "approx":
        return "its start value is a guess, to be given before Initialization Mode"
    return unsettable(connector)


def _fixed_at_steps(connector: Connector) -> str | None:
    if connector.causality is Causality.INPUT:
        return None
    if connector.causality is not Causality.PARAMETER:
        return f"its causality is {connector.causality}; between steps only inputs and tunable parameters can be set"
    if connector.variability is Variability.TUNABLE:
        return None
    return f"it is a {connector.variability} parameter; set it before the initialization"
