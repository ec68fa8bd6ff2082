"""Fmu: what every kind of FMU shares between loading and freeing: phases, checked calls, values by variable."""

from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from itertools import compress
from typing import Final
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import CapabilityError, FailedStepError, InitializationError, StepError
from orchestrator.fmi.aliases import Aliases
from orchestrator.fmi.function_table import ERROR, FATAL, OK, WARNING, FunctionTable
from orchestrator.fmi.library import Library
from orchestrator.fmi.messages import STATUS
from orchestrator.fmi.settling import Settling
from orchestrator.fmi.states import States
from orchestrator.fmi.transfer import Transfer
from orchestrator.fmi.variables import ModelInfo
from orchestrator.instance import Bundle, Capabilities, Values
from orchestrator.native import HAPPENINGS, Clock
from orchestrator.system.connector import Causality, Connector, Variability
from orchestrator.system.interface import Element, Interface
from orchestrator.system.names import nearest
from orchestrator.system.parameters.start_values import unsettable


class Phase(IntEnum):
    """Where an instance is in the state machine of the standard; BROKEN: no call may follow a fatal error."""

    INSTANTIATED = 0
    INITIALIZATION = 1
    STEP = 2
    TERMINATED = 3
    BROKEN = 4
    CLOSED = 5


OPEN: Final = (Phase.INSTANTIATED, Phase.INITIALIZATION, Phase.STEP, Phase.TERMINATED)
"""The phases in which the FMU may be called."""

_Parts = tuple[tuple[Bundle, NDArray[np.intp]], ...]

_REMEDIES: Final = {
    "Pending": "It computes steps asynchronously and does not tell when they are done: export it to do so in doStep",
    "Fatal": "It must not be called again; {heard}see its documentation",
}
_REMEDY: Final = "{heard}check its inputs and parameters, or take a smaller step size"
_HEARD, _NOT_HEARD = "go by its messages, ", "it said nothing about it; "


class Fmu:
    """An FMU instantiated as one kind: its phase and time (s), every call to it checked, its values by bundle.

    Statuses become errors that name component, function, time and what the FMU said. `library.close` is `close`'s
    affair. What was written is kept in the order in which it was given last, for a restart. Inputs of FMI 2.0 that are
    given before Initialization Mode wait for it.
    """

    def __init__(self, name: str, model: ModelInfo, kind: str, library: Library) -> None:
        self.name: Final = name
        self.model: Final = library.model
        self.library: Final = library
        self.functions: Final[FunctionTable] = library.functions
        self.capabilities: Final[Capabilities] = self.model.interface(kind).capabilities
        self._phase = Phase.INSTANTIATED
        self._time: float | None = None
        self._clock: Clock | None = None
        self.stop: float | None = None
        self.tolerance: float | None = None
        self.last_in_initialization: Callable[[], None] | None = None
        """What is done just before Initialization Mode is left, in a restart too: clocks are prepared there."""
        self.written: Final[dict[Bundle, Transfer]] = {}
        self.states: Final = States(name, self.model, kind, library.functions, self.check)
        self._settling = Settling(self.functions, self.check) if self.functions.initializes_at_once else None
        self._interface = Interface(model.connectors)
        self._by_name = self._interface.connectors
        self._aliases = Aliases(name, model)
        self._reads: dict[Bundle, Transfer] = {}
        # FMI 2.0 takes inputs from Initialization Mode on (2.0.4, sections 3.2.3 and 4.2.4), FMI 1.0 and 3.0 before.
        self._inputs_wait = model.fmi_version.startswith("2")
        self._divided: dict[Bundle, _Parts] = {}
        self._writes: dict[Bundle, tuple[Transfer, tuple[str | None, ...]]] = {}
        _instances.add(self)
        if library.fatal is not None:
            self._end(library.fatal)

    @property
    def phase(self) -> Phase:
        """What may be called now."""
        return self._phase

    @phase.setter
    def phase(self, phase: Phase) -> None:
        self._phase = phase
        HAPPENINGS.count += 1

    @property
    def time(self) -> float | None:
        """Where it is (s), None before its initialization."""
        return self._time if self._clock is None else self._clock.time

    @time.setter
    def time(self, t: float | None) -> None:
        self._time = t
        if self._clock is not None:
            self._clock = None
            HAPPENINGS.count += 1

    def follow(self, clock: Clock) -> None:
        """Its time is that of a clock, until another one is set."""
        self._clock = clock

    def set(self, bundle: Bundle, values: Values) -> None:
        """Write a bundle; CapabilityError names a variable that cannot be set in this phase."""
        transfer = self.writable(bundle)
        if self.is_divided(bundle):
            for part, places in self._parts(bundle):
                self.set(part, values[places])
            return
        if self.phase is Phase.INSTANTIATED:
            self._aliases.given(bundle, values)
        if self.phase is Phase.INSTANTIATED and self._waits(bundle):
            transfer.keep(values)
        elif (status := transfer.write(values)) != OK:
            self.check(status, f"Set for {named(bundle)}")
        # Moved to the end: a restart gives everything again in the order in which it was given last.
        self.written.pop(bundle, None)
        self.written[bundle] = transfer
        if self._settling is not None and self.phase is Phase.INITIALIZATION:
            self._settling.given(bundle, values)

    def note(self, bundle: Bundle, values: Values) -> None:
        """Somebody has written a bundle by address, between steps: a restart is to give it again."""
        transfer = self.writable(bundle)
        transfer.keep(values)
        self.written.pop(bundle, None)
        self.written[bundle] = transfer

    def note_all(self) -> None:
        """Steps were made by address: what a restart is to give again is what the FMU has now."""
        for bundle, transfer in self.written.items():
            if not self.refused_in_steps(bundle):
                values = bundle.storage.zeros(bundle.size)
                self.check(transfer.read(values), f"Get for {named(bundle)}")
                transfer.keep(values)

    def refused_in_steps(self, bundle: Bundle) -> bool:
        """Whether a bundle cannot be written between steps."""
        return _refusals(bundle)[Phase.STEP] is not None

    def is_divided(self, bundle: Bundle) -> bool:
        """Whether inputs and other variables of a bundle are written one after the other."""
        return self._inputs_wait and bool(self._parts(bundle))

    def writable(self, bundle: Bundle) -> Transfer:
        """The transfer that writes a bundle; CapabilityError names a variable that cannot be set in this phase."""
        prepared = self._writes.get(bundle)
        if prepared is None:
            prepared = self._writes[bundle] = (self.transfer(bundle), _refusals(bundle))
        transfer, refusals = prepared
        refusal = refusals[self.phase]
        if refusal is not None:
            raise CapabilityError(f"'{self.name}': {refusal}")
        return transfer

    def get(self, bundle: Bundle, values: Values) -> None:
        """Read a bundle."""
        transfer = self._reads.get(bundle)
        if transfer is None or self.phase >= Phase.BROKEN:
            self.require("read its variables", Phase.INITIALIZATION, Phase.STEP, Phase.TERMINATED)
            transfer = self._reads[bundle] = self.transfer(bundle)
        if self._settling is not None and self.phase is Phase.INITIALIZATION:
            self._settling.settle(lambda: self._again(self.written))
        status = transfer.read(values)
        if status != OK:
            self.check(status, f"Get for {named(bundle)}")

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        """Enter Initialization Mode; InitializationError where the FMU refuses."""
        self._enter(start, stop, tolerance)
        self._again(bundle for bundle in self.written if self._waits(bundle))

    def _enter(self, start: float, stop: float | None, tolerance: float | None) -> None:
        self.require("enter Initialization Mode", Phase.INSTANTIATED)
        self.time, self.stop, self.tolerance = start, stop, tolerance
        self.check(self.functions.enter_initialization(start, stop, tolerance), "EnterInitializationMode")
        self.phase = Phase.INITIALIZATION
        if self._settling is not None:
            self._settling.begin()

    def exit_initialization(self) -> None:
        """Leave Initialization Mode; InitializationError where the FMU refuses."""
        self.require("exit Initialization Mode", Phase.INITIALIZATION)
        if self._settling is not None:
            self._settling.settle(lambda: self._again(self.written))
        if self.last_in_initialization is not None:
            self.last_in_initialization()
        self.check(self.functions.exit_initialization(), "ExitInitializationMode")
        self.phase = Phase.STEP

    def initialize_again(self, t: float, given: Iterable[tuple[Transfer, Values]]) -> None:
        """Reset, write what was written before and what is given, and initialize at t (s) with the last inputs."""
        self.check(self.functions.reset(), "Reset")
        self.phase = Phase.INSTANTIATED
        early: list[tuple[Transfer, Values]] = []
        late: list[tuple[Transfer, Values]] = []
        for each in given:
            (late if self._waits(each[0].bundle) else early).append(each)
        self._again(bundle for bundle in self.written if not self._waits(bundle))
        self._give(early)
        self._enter(t, self.stop, self.tolerance)
        self._give(late)
        self._again(bundle for bundle in self.written if _only_inputs(bundle))
        self.exit_initialization()

    def terminate(self) -> None:
        """End the run regularly; does nothing where there is no run to end."""
        if self.phase is Phase.STEP:
            self.check(self.functions.terminate(), "Terminate")
            self.phase = Phase.TERMINATED

    def close(self) -> None:
        """Free the instance, its states and its library, and give back its folder."""
        if self.phase is Phase.CLOSED:
            return
        broken, self.phase = self.phase is Phase.BROKEN, Phase.CLOSED
        try:
            broken = broken or self.states.free_all() == FATAL
        finally:
            (self.library.abandon if broken else self.library.close)()

    def restart_values(self, values: Mapping[str, Values]) -> list[tuple[Transfer, Values]]:
        """What a restart writes: the values given, and for all others that start exact and change, what they have."""
        given = self.given(values)
        kept = [connector for connector in self.model.connectors if _keeps(connector) and connector.name not in given]
        states = [self.current(connector) for connector in kept]
        written = [(Bundle.of([self._by_name[name]]), numbers) for name, numbers in given.items()]
        return states + [(self.transfer(bundle), numbers) for bundle, numbers in written]

    def given(self, values: Mapping[str, Values]) -> dict[str, Values]:
        """Whole values of the connectors that these names, of connectors, elements or families, stand for."""
        whole: dict[str, Values] = {}
        for name, numbers in values.items():
            elements = self.elements(name, np.size(numbers))
            refusal = next((why for element in elements if (why := unsettable(element.connector))), None)
            if refusal is not None:
                raise CapabilityError(f"'{self.name}.{name}' cannot be given at a restart: {refusal}")
            for element, number in zip(elements, np.ravel(numbers), strict=True):
                connector = element.connector
                whole.setdefault(connector.name, np.zeros(connector.size, connector.storage.dtype))
                whole[connector.name][element.position] = number
        return whole

    def current(self, connector: Connector) -> tuple[Transfer, Values]:
        """The present value of a connector, and the transfer that writes it."""
        transfer = self.transfer(Bundle.of([connector]))
        values = np.zeros(connector.size, connector.storage.dtype)
        self.check(transfer.read(values), f"Get for {named(transfer.bundle)}")
        return transfer, values

    def transfer(self, bundle: Bundle) -> Transfer:
        """The calls for a bundle; CapabilityError where a variable is unknown."""
        for connector in bundle.connectors:
            if connector.name not in self._by_name:
                hint = nearest(connector.name, self._by_name)
                raise CapabilityError(f"'{self.name}' has no variable '{connector.name}'; {hint}")
        return Transfer(bundle, self.model.types, self.functions, self.model.negated)

    def require(self, doing: str, *phases: Phase) -> None:
        """CapabilityError where the instance is in none of these phases."""
        if self.phase not in phases:
            now = "broken by a fatal error" if self.phase is Phase.BROKEN else f"in phase {self.phase.name.lower()}"
            raise CapabilityError(f"'{self.name}' cannot {doing}: it is {now}; see the call order of Instance")

    def check(self, status: int, function: str) -> None:
        """Raise what a status of the named function means; a warning is logged."""
        if status == OK:
            return
        called = f"{self.functions.prefix}{self.functions.names.get(function, function)}"
        if status == WARNING:
            self.library.messages.logger.warning("%s returned Warning%s", called, self._when)
            return
        said = STATUS[status] if 0 <= status < len(STATUS) else f"the unknown status {status}"
        quoted = self.library.messages.quoted()
        remedy = _REMEDIES.get(said, _REMEDY).format(heard=_HEARD if quoted else _NOT_HEARD)
        message = f"'{self.name}': {called} returned {said}{self._when}{quoted}\n{remedy[0].upper()}{remedy[1:]}"
        in_steps = FailedStepError if status == ERROR else StepError
        kind = InitializationError if self.phase <= Phase.INITIALIZATION else in_steps
        if status == FATAL:
            self._break_all()
        raise kind(message, component=self.name, time=self.time)

    @property
    def _when(self) -> str:
        """Where it is, for people, who are not to see whether that was a sum of steps or a point of the grid."""
        return "" if self.time is None else f" at t = {float(f'{self.time:.9g}')} s"

    def _end(self, function: str) -> None:
        """What was fatal while the FMU was opened ends this instance and those of the same FMU."""
        try:
            self.check(FATAL, function)
        finally:
            self.close()

    def _break_all(self) -> None:
        """Call no instance of this FMU again: FMI 2.0.4 section 2.1.3, FMI 3.0.2 section 2.2.4."""
        for each in tuple(_instances):
            same = each.model.content == self.model.content or each.model.path == self.model.path
            if same and each.phase is not Phase.CLOSED:
                each.phase = Phase.BROKEN

    def elements(self, name: str, size: int) -> tuple[Element, ...]:
        """The elements that a name stands for, as many as there are values for them; CapabilityError otherwise."""
        elements = self._interface.find(name)
        if elements is None:
            hint = nearest(name, [connector.name for connector in self.model.connectors if connector.is_state])
            raise CapabilityError(f"'{self.name}' has no variable '{name}' to restart from; {hint}")
        if len(elements) != size:
            raise CapabilityError(f"'{self.name}.{name}' has {len(elements)} elements, {size} values were given")
        return elements

    def _waits(self, bundle: Bundle) -> bool:
        """Whether values for it that are given before Initialization Mode have to wait for that."""
        return self._inputs_wait and _only_inputs(bundle)

    def _parts(self, bundle: Bundle) -> _Parts:
        """Inputs and all else, each with its places in the bundle; nothing where it is one of them."""
        if bundle not in self._divided:
            inputs = [connector.causality is Causality.INPUT for connector in bundle.connectors]
            places = np.repeat(inputs, [connector.size for connector in bundle.connectors])
            self._divided[bundle] = (
                ()
                if len(set(inputs)) == 1
                else tuple(
                    (
                        Bundle.of(list(compress(bundle.connectors, np.equal(inputs, kind)))),
                        np.flatnonzero(places == kind),
                    )
                    for kind in (False, True)
                )
            )
        return self._divided[bundle]

    def _give(self, given: Iterable[tuple[Transfer, Values]]) -> None:
        for transfer, values in given:
            self.check(transfer.write(values), f"Set for {named(transfer.bundle)}")

    def _again(self, bundles: Iterable[Bundle]) -> None:
        for bundle in bundles:
            self.check(self.written[bundle].rewrite(), f"Set for {named(bundle)}")


_instances: Final[WeakSet[Fmu]] = WeakSet()
"""All instances of this process: a fatal error of one breaks those of the same FMU."""


def named(bundle: Bundle) -> str:
    """The first names of a bundle, for messages."""
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
