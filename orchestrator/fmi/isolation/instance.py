"""IsolatedInstance: a component in a process of its own, behind the same seam as one in this process."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from orchestrator.errors import (
    CapabilityError,
    InitializationError,
    SimulationError,
    StepError,
)
from orchestrator.fmi.isolation import declared, wire
from orchestrator.fmi.isolation import mailbox as box
from orchestrator.fmi.isolation.events import IsolatedEvents
from orchestrator.fmi.isolation.mailbox import Layout
from orchestrator.fmi.isolation.named_slot import Lent, NamedSlot
from orchestrator.fmi.isolation.process import Call, Process
from orchestrator.fmi.isolation.slopes import IsolatedInputSlopes, IsolatedOutputSlopes
from orchestrator.fmi.variables import ModelInfo
from orchestrator.instance import Bundle, Capabilities, Status, StepResult, Values
from orchestrator.system.connector import Connector, Storage
from orchestrator.system.names import nearest

if TYPE_CHECKING:
    from orchestrator.fmi.isolation.native import NativeIsolated


class IsolatedState:
    """A state that the process keeps; `in_events` tells whether it is one of Event Mode."""

    def __init__(self, in_events: bool) -> None:
        self.in_events = in_events


class IsolatedInstance:
    """See `Instance` for what the methods mean and in which order they come.

    Between steps inputs are only written into the mailbox: the process sets them before the next step, and reads after
    it what was read after the one before, so that a macro step is one exchange. What the FMU says to its inputs is
    therefore raised by `do_step`.
    """

    def __init__(
        self,
        name: str,
        model: ModelInfo,
        connectors: tuple[Connector, ...],
        process: Process,
        opened: Mapping[str, Any],
    ) -> None:
        self.name: Final = name
        self.model: Final = model
        self._process = process
        self._mailbox = process.mailbox
        self._connectors = connectors
        self._layout = Layout(connectors)
        self._arrays = process.mailbox.arrays(self._layout, trusted=False)
        self._slopes, self._curvatures = (process.mailbox.slopes(self._layout, order) for order in (1, 2))
        self._capabilities = declared.capabilities(model, opened.get("capabilities"))
        self._feedthrough = declared.feedthrough(model, opened.get("feedthrough"))
        self._repeats_exactly = opened.get("interface") != "ModelExchange"
        self._names = {connector.name for connector in connectors}
        self._events = self._opened_events(opened.get("events"))
        inputs = declared.sloped(model, connectors, opened.get("input_slopes"))
        outputs = declared.sloped(model, connectors, opened.get("output_slopes"))
        self._input_slopes = (
            None
            if inputs is None
            else IsolatedInputSlopes(inputs, self._set_slopes, lambda bundle: self.native.slopes(bundle, give=True))
        )
        self._output_slopes = (
            None
            if outputs is None
            else IsolatedOutputSlopes(outputs, self._get_slopes, lambda bundle: self.native.slopes(bundle, give=False))
        )
        self._slots: dict[tuple[bool, tuple[str, ...]], NamedSlot] = {}
        self._by_bundle: dict[Bundle, NamedSlot] = {}
        self._slopes_by_bundle: dict[Bundle, NamedSlot] = {}
        self._waiting: list[int] = []
        self._fresh: frozenset[int] = frozenset()
        self._read: dict[int, None] = {}
        self._states: dict[IsolatedState, int] = {}
        self._numbers = count(1)
        self._stepping, self._closed = False, False
        self._time: float | None = None

    @property
    def connectors(self) -> tuple[Connector, ...]:
        """Every variable, in the order of the model description, and the clocks of its events."""
        return self._connectors

    @property
    def capabilities(self) -> Capabilities:
        """What the component can do in its process, of which it has one for itself."""
        return self._capabilities

    @property
    def feedthrough(self) -> Mapping[str, tuple[str, ...] | None]:
        """Inputs that each output depends on directly; None where that is unknown."""
        return self._feedthrough

    @property
    def identity(self) -> Mapping[str, str]:
        """What ran, for the record."""
        return {**self.model.identity, "isolation": "process"}

    @property
    def event_mode(self) -> IsolatedEvents | None:
        """Its events, None where it has no Event Mode."""
        return self._events

    @property
    def input_slopes(self) -> IsolatedInputSlopes | None:
        """Where the slopes of its inputs go, None where it holds its inputs over a step."""
        return self._input_slopes

    @property
    def output_slopes(self) -> IsolatedOutputSlopes | None:
        """Where the slopes of its outputs come from, None where it does not know them."""
        return self._output_slopes

    @cached_property
    def native(self) -> "NativeIsolated":
        """Its C side, with which a compiled loop posts its steps."""
        from orchestrator.fmi.isolation.native import NativeIsolated  # compiled, or loaded, when it is needed

        return NativeIsolated(self, self._process.handle, repeats_exactly=self._repeats_exactly)

    def set(self, bundle: Bundle, values: Values) -> None:
        """Write a bundle; between steps inputs wait in the mailbox for the next call."""
        slot = self._by_bundle.get(bundle) or self.slot(bundle)
        if not self._process.alive:
            self._require_alive("take values")
        self._fresh = frozenset()
        if slot.array is None:
            self._tell(f"Set for {slot.named}", do="set", slot=slot.number, values=wire.plain(values))
            return
        slot.array[slot.selection] = values
        self._let_wait(slot)

    def get(self, bundle: Bundle, values: Values) -> None:
        """Read a bundle; what the process has read after the step is copied from the mailbox."""
        slot = self._by_bundle.get(bundle) or self.slot(bundle)
        if slot.array is None:
            reply, _ = self._tell(f"Get for {slot.named}", do="get", slot=slot.number)
            values[:] = wire.array(reply["values"])
            return
        self._have_read(slot)
        values[:] = slot.array[slot.selection]

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        """Enter Initialization Mode."""
        self._time = start
        self._tell("EnterInitializationMode", do="enter_initialization", start=start, stop=stop, tolerance=tolerance)

    def exit_initialization(self) -> None:
        """Leave Initialization Mode."""
        self._tell("ExitInitializationMode", do="exit_initialization")
        self._stepping = True
        self._be_inside(True)

    def do_step(self, t: float, h: float) -> StepResult:
        """Advance from t by h: set what waits, step, and read what was read last time, in one exchange."""
        self._time, self._stepping = t, True
        reads = tuple(self._read)[: box.MAX_SLOTS]
        self._read.clear()
        mailbox = self._mailbox
        mailbox.numbers[box.TIME], mailbox.numbers[box.STEP] = t, h
        status = self._ask(box.ASK_STEP, f"DoStep with step size {h!r} s", reads)
        return self._result(status, reads)

    def _result(self, status: int, reads: Sequence[int]) -> StepResult:
        mailbox = self._mailbox
        flags, self._fresh = mailbox.words[box.FLAGS], frozenset()
        if status == box.DONE:
            self._fresh, self._time = frozenset(reads), mailbox.numbers[box.REACHED]
        return StepResult(
            Status.DISCARD if status == box.DISCARDED else Status.OK,
            mailbox.numbers[box.REACHED],
            bool(flags & box.EARLY_RETURN),
            bool(flags & box.TERMINATE_REQUESTED),
            bool(flags & box.EVENT_NEEDED),
        )

    @property
    def time(self) -> float | None:
        """Where it is (s)."""
        return self._time

    def lend(self) -> Lent:
        """Compiled functions make the next steps: what waits for them, and what was read after the last one."""
        if not self._process.alive:
            self._require_alive("take values")
        if len(self._waiting) > box.MOST_SLOTS:
            self._ask(box.ASK_SET, "what waits for the next step")
        lent = Lent(self._waiting, list(self._read))
        self._waiting, self._fresh = [], frozenset()
        return lent

    def take_back(self, t: float, waits: Sequence[int], reads: Sequence[int]) -> None:
        """Compiled functions have made steps up to t (s), read slots after each of them, and let others wait."""
        self._time, self._stepping, self._waiting = t, True, list(waits)
        self._read, self._fresh = dict.fromkeys(reads), frozenset()

    def finish_step(self, outcome: int, t: float, h: float, reads: Sequence[int]) -> StepResult:
        """The outcome of a step that a compiled function has posted, and waited for with this `outcome`."""
        self._time, self._stepping = t, True
        self._read.clear()
        return self._result(self._process.finish(outcome, self._call(f"DoStep with step size {h!r} s")), reads)

    def finish_state(self, outcome: int, *, setting: bool) -> None:
        """Raise what went wrong with a kept state that a compiled function asked for, with this `outcome`.

        It was not asked for where the step before it has had no answer.
        """
        doing, mailbox = "SetFMUState" if setting else "GetFMUState", self._mailbox
        if mailbox.words[box.CODE] == box.ASK_STEP:
            self._time = float(mailbox.numbers[box.TIME])
            doing = f"DoStep with step size {float(mailbox.numbers[box.STEP])!r} s"
        self._process.finish(outcome, self._call(doing))

    def forget_messages(self) -> None:
        """Hand on none of the messages since the last answer."""
        self._process.forget()

    def read(self, slot: NamedSlot) -> None:
        """Let the process read a slot into the mailbox."""
        self._ask(box.ASK_GET, f"Get for {slot.named}", (slot.number,))

    def save_state(self) -> IsolatedState:
        """Keep the complete state, in the process."""
        state = self._new_state()
        self._ask_state(box.ASK_KEEP, "GetFMUState", self._states[state])
        return state

    def adopt(self, number: int) -> IsolatedState:
        """A state that a compiled function had the process keep, under this number, in Step Mode."""
        state = IsolatedState(in_events=False)
        self._states[state] = number
        return state

    def restore_state(self, state: object) -> None:
        """Go back to a kept state."""
        self._ask_state(box.ASK_BACK, "SetFMUState", self._number(state))
        self._be_inside(isinstance(state, IsolatedState) and state.in_events)

    def free_state(self, state: object) -> None:
        """Release a kept state; with the process all of them are gone already."""
        if self._process.alive:
            self._ask_state(box.ASK_RELEASE, "FreeFMUState", self._number(state))
            self._states = {kept: number for kept, number in self._states.items() if kept is not state}

    def serialize_state(self, state: object) -> bytes:
        """A kept state as bytes, which the same FMU takes in this process, too."""
        return self._tell("SerializeFMUState", do="serialize_state", state=self._number(state))[1]

    def deserialize_state(self, data: bytes) -> IsolatedState:
        """A kept state from bytes."""
        state = self._new_state()
        self._tell("DeserializeFMUState", data, do="deserialize_state", state=self._states[state])
        return state

    def restart(self, t: float, values: Mapping[str, Values]) -> None:
        """Start again at t from states written by value."""
        plain = {name: wire.plain(numbers) for name, numbers in values.items()}
        self._tell("a restart", do="restart", t=t, values=plain)
        self._time = t
        self._be_inside(False)

    def terminate(self) -> None:
        """End the run regularly; does nothing where the process is gone."""
        if self._process.alive:
            self._tell("Terminate", do="terminate")
            self._stepping = False

    def close(self) -> None:
        """Free the component, end its process, and remove what it left."""
        if self._closed:
            return
        self._closed = True
        if not self._process.alive:
            return
        started = True
        try:
            self._list_nothing()
            reply, _ = self._process.tell(Call("FreeInstance", SimulationError, self._time), do="close")
            started = reply.get("started") is not False
        finally:
            self._process.end(started=started)

    def _be_inside(self, event_mode: bool) -> None:
        if self._events is not None:
            self._events.inside = event_mode

    @property
    def _at_once(self) -> bool:
        """Whether values are exchanged one by one, since they may have an effect before the next step."""
        return not self._stepping or (self._events is not None and self._events.inside)

    def _opened_events(self, found: Any) -> IsolatedEvents | None:
        if found is None:
            return None
        try:
            return IsolatedEvents(found, self._names, self._mailbox, self._tell)
        except (KeyError, TypeError, ValueError):
            raise declared.not_understood(self.model) from None

    def _set_slopes(self, bundle: Bundle, values: Values, derivatives: Values, t: float) -> None:
        slot = self._slopes_by_bundle.get(bundle) or self.slot(bundle, slopes=True)
        if not self._process.alive:
            self._require_alive("take slopes")
        self._fresh = frozenset()
        self._mailbox.numbers[box.TIME] = t
        self._arrays[Storage.FLOAT64][slot.selection] = values
        self._mailbox.words[box.DERIVATIVES] = len(derivatives)
        for array, given in zip((self._slopes, self._curvatures), derivatives, strict=False):
            array[slot.selection] = given
        self._let_wait(slot)

    def _get_slopes(self, bundle: Bundle, slopes: Values) -> None:
        slot = self._slopes_by_bundle.get(bundle) or self.slot(bundle, slopes=True)
        self._have_read(slot)
        slopes[:] = self._slopes[slot.selection]

    def _let_wait(self, slot: NamedSlot) -> None:
        """What was written into the mailbox waits for the next call, unless it may have an effect before."""
        if slot.number not in self._waiting:
            self._waiting.append(slot.number)
        if self._at_once or not slot.only_inputs or len(self._waiting) >= box.MAX_SLOTS:
            self._ask(box.ASK_SET, f"Set for {slot.named}")

    def _have_read(self, slot: NamedSlot) -> None:
        """Have read what does not stand in the mailbox already; after the next step it will."""
        if not self._at_once:
            self._read[slot.number] = None
        if slot.number not in self._fresh or not self._process.alive:
            self.read(slot)

    def slot(self, bundle: Bundle, *, slopes: bool = False) -> NamedSlot:
        """The slot of a bundle, of its values or its slopes; named to the process where it does not know it."""
        names = tuple(connector.name for connector in bundle.connectors)
        slot = self._slots.get((slopes, names))
        if slot is None:
            unknown = next((name for name in names if name not in self._names), None)
            if unknown is not None:
                raise CapabilityError(
                    f"'{self.name}' has no variable '{unknown}'; {nearest(unknown, sorted(self._names))}"
                )
            self._tell("preparing an exchange", do="slot", names=names, slopes=slopes)
            arrays = (self._slopes, self._curvatures) if slopes else (self._arrays.get(bundle.storage),)
            slot = self._slots[slopes, names] = NamedSlot(len(self._slots), bundle, self._layout, *arrays)
        (self._slopes_by_bundle if slopes else self._by_bundle)[bundle] = slot
        return slot

    def _ask(self, code: int, doing: str, reads: tuple[int, ...] = ()) -> int:
        """One exchange, before which all that waits is set."""
        if not self._process.alive:
            self._require_alive(f"answer {doing}")
        if self._waiting or self._mailbox.words[box.SETS]:
            self._mailbox.list_slots(box.SETS, self._waiting)
            self._waiting.clear()
        if reads or self._mailbox.words[box.READS]:
            self._mailbox.list_slots(box.READS, reads)
        return self._process.ask(code, self._call(doing))

    def _tell(self, doing: str, blob: bytes = b"", **fields: Any) -> tuple[dict[str, Any], bytes]:
        if self._waiting or not self._process.alive:
            self._ask(box.ASK_SET, doing)
        self._list_nothing()
        self._fresh = frozenset()
        return self._process.tell(self._call(doing), blob, **fields)

    def _list_nothing(self) -> None:
        self._mailbox.list_slots(box.SETS, ())
        self._mailbox.list_slots(box.READS, ())

    def _call(self, doing: str) -> Call:
        return Call(doing, StepError if self._stepping else InitializationError, self._time)

    def _new_state(self) -> IsolatedState:
        state = IsolatedState(self._events is not None and self._events.inside)
        self._states[state] = next(self._numbers)
        return state

    def _ask_state(self, code: int, doing: str, number: int) -> None:
        """One exchange about a kept state."""
        self._fresh = frozenset()
        self._mailbox.words[box.STATE] = number
        self._ask(code, doing)

    def _number(self, state: object) -> int:
        if not isinstance(state, IsolatedState) or state not in self._states:
            raise CapabilityError(f"'{self.name}': the state was freed, or belongs to another instance; save a new one")
        return self._states[state]

    def _require_alive(self, doing: str) -> None:
        now = "closed" if self._closed else "broken by a fatal error: its process is gone"
        raise CapabilityError(f"'{self.name}' cannot {doing}: it is {now}; open it again")
