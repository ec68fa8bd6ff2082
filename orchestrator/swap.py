"""An FMU and its surrogate behind one name, with hand-over at communication points.

    FMU -> SHADOW(n) -> SURROGATE -> SHADOW(n) -> FMU

In a shadow the newcomer steps beside the one in charge, from the same states and with the same inputs. Both costs are
measured there, so that a surrogate that gains nothing is not swapped in. While the surrogate is in charge the FMU is
not stepped: that is the gain. Every transition is an event with the numbers that caused it.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Protocol

from orchestrator.errors import StepError
from orchestrator.instance import Bundle, Capabilities, Instance, StateWrite, Status, StepResult, Values
from orchestrator.native import Native
from orchestrator.observer import Event
from orchestrator.swap_fit import elements, refuse_unfit
from orchestrator.swap_report import Bump, HandOver, Mode, SwapReport, bump, cost, read
from orchestrator.swap_state import Kept, Packed, Progress, own, packed, unpacked
from orchestrator.system.connector import Causality, Connector, Storage
from orchestrator.system.description import Swap

_COSTS_KEPT = 4096
_EPSILON = 1e-6


class SwapByAddress(Protocol):
    """What steps by address; see `swap_native.NativeSwap`."""

    def aim(self) -> None:
        """Look who is in charge, and up to when nothing is due."""
        ...

    def collect(self) -> None:
        """Tell the steps that were made."""
        ...


class SwapInstance:
    """FMU and surrogate as one instance; the `policy` says when who is in charge.

    The surrogate offers the outputs and states of the FMU under the same names; where it has an attribute `violation`
    (a message, None inside the validity domain) a violation refuses the swap or hands back to the FMU. `clock` (s)
    times the steps; `take_events` tells what happened. CapabilityError before the run where something cannot work.
    """

    def __init__(
        self,
        fmu: Instance,
        surrogate: Instance,
        policy: Swap,
        clock: Callable[[], float],
    ) -> None:
        self._fmu, self._surrogate, self._policy = fmu, surrogate, policy
        self._clock = clock
        self._told: list[Event] = []
        refuse_unfit(fmu, surrogate, policy)
        outputs = [c for c in fmu.connectors if c.causality is Causality.OUTPUT and c.storage is Storage.FLOAT64]
        self._outputs = tuple(Bundle.of([connector]) for connector in outputs)
        self._states = tuple(Bundle.of([connector]) for connector in fmu.connectors if connector.is_state)
        offered = elements(surrogate)
        self._connectors = tuple(c for c in fmu.connectors if offered.issuperset(c.elements))
        self.mode = Mode.FMU
        self._remaining, self._forced = 0, False
        self._declined: str | None = None
        self._returning: str | None = None
        self._steps = dict.fromkeys(Mode, 0)
        self._costs: dict[Instance, deque[float]] = {}
        self._hand_overs: list[HandOver] = []
        self._shadow_error: dict[str, float] = {}
        self._by_address: SwapByAddress | None = None

    @property
    def name(self) -> str:
        """Name of the component, the FMU's."""
        return self._fmu.name

    @property
    def connectors(self) -> tuple[Connector, ...]:
        """Those of the FMU that the surrogate offers too, under the same names of elements."""
        return self._connectors

    @property
    def capabilities(self) -> Capabilities:
        """What both can do; the step is fixed, since a surrogate knows one macro step only."""
        fmu, surrogate = self._fmu.capabilities, self._surrogate.capabilities
        return Capabilities(
            variable_step=False,
            get_set_state=fmu.get_set_state and surrogate.get_set_state,
            serialize_state=fmu.serialize_state and surrogate.serialize_state,
            state_write=fmu.state_write,
            once_per_process=fmu.once_per_process,
            begins_anew=fmu.begins_anew,
        )

    @property
    def feedthrough(self) -> Mapping[str, tuple[str, ...] | None]:
        """The FMU's dependencies of outputs on inputs."""
        return self._fmu.feedthrough

    @property
    def identity(self) -> Mapping[str, str]:
        """Identity of the FMU, and of the surrogate with the prefix `surrogate.`."""
        surrogate = {f"surrogate.{key}": value for key, value in self._surrogate.identity.items()}
        return {**self._fmu.identity, **surrogate}

    @cached_property
    def native(self) -> Native | None:
        """The C side of both, None where one of them has none."""
        from orchestrator.swap_native import NativeSwap  # compiled, or loaded, when it is needed

        found = self._by_address = NativeSwap.of(self, self._fmu, self._surrogate)
        return found

    @property
    def report(self) -> SwapReport:
        """What has happened and was measured up to now."""
        self._collect()
        return SwapReport(
            component=self.name,
            mode=self.mode,
            steps=dict(self._steps),
            fmu=cost(self._costs.get(self._fmu)),
            surrogate=cost(self._costs.get(self._surrogate)),
            hand_overs=tuple(self._hand_overs),
            shadow_error=dict(self._shadow_error),
            declined=self._declined,
            forced=self._forced,
        )

    def set(self, bundle: Bundle, values: Values) -> None:
        """Write to both, so that whoever takes over holds the inputs and parameters set last."""
        self._fmu.set(bundle, values)
        self._surrogate.set(bundle, values)

    def get(self, bundle: Bundle, values: Values) -> None:
        """Read from the one in charge."""
        self.incumbent.get(bundle, values)

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        """Both enter Initialization Mode."""
        self._fmu.enter_initialization(start, stop, tolerance)
        self._surrogate.enter_initialization(start, stop, tolerance)

    def exit_initialization(self) -> None:
        """Both leave Initialization Mode; the FMU is in charge."""
        self._fmu.exit_initialization()
        self._surrogate.exit_initialization()

    def do_step(self, t: float, h: float) -> StepResult:
        """Step the one in charge, and the newcomer beside it in a shadow; then hand over, or begin a shadow, where due.

        States are read at the end of a step, since between `set` and `do_step` the standard allows no reading. A shadow
        therefore begins after the first step at the earliest.
        """
        self._collect()
        self._steps[self.mode] += 1
        result = self._timed_step(self.incumbent, t, h)
        self.went_on(result, lambda newcomer: self._timed_step(newcomer, t, h), t, h)
        if self._by_address is not None:
            self._by_address.aim()
        return result

    def went_on(self, result: StepResult, follow: Callable[[Instance], StepResult], t: float, h: float) -> None:
        """The one in charge has stepped from t by h (s): `follow` lets the newcomer, where there is one."""
        if result.status is Status.OK:
            if self.newcomer is not None:
                self._shadow(follow(self.newcomer), t, h)
            self._begin_shadow_where_due(t + h, h)

    def measured(self, steps: int, costs: tuple[Sequence[float], Sequence[float]]) -> None:
        """So many steps were made by address in the present mode; what those of FMU and surrogate cost (s)."""
        self._steps[self.mode] += steps
        for instance, seconds in zip((self._fmu, self._surrogate), costs, strict=True):
            if seconds:
                self._costs.setdefault(instance, deque(maxlen=_COSTS_KEPT)).extend(seconds)

    @property
    def due(self) -> float:
        """The first time (s) at which a change of charge is due in the present mode; infinite where none is."""
        if self.mode is Mode.FMU and not self._declined and not self._returning:
            return self._policy.to_surrogate_at
        if self.mode is Mode.SURROGATE and self._policy.back_at is not None:
            return self._policy.back_at
        return math.inf

    @property
    def shadow_reach(self) -> float:
        """How many macro steps ahead a shadow begins, so that the hand-over falls on its time."""
        return self._policy.shadow + _EPSILON

    @property
    def is_guarded(self) -> bool:
        """Whether the surrogate hands back where it leaves its validity domain."""
        return self.mode is Mode.SURROGATE and self._fmu.capabilities.state_write is not StateWrite.NONE

    def take_events(self) -> list[Event]:
        """What happened since this was asked last; steps that were taken back left no events."""
        told, self._told = self._told, []
        return told

    def save_state(self) -> Kept:
        """Keep what was done up to now, and the states of both."""
        return Kept(self._progress, self._fmu.save_state(), self._surrogate.save_state())

    def restore_state(self, state: object) -> None:
        """Go back to a kept state; measured costs stay."""
        self._collect()
        kept = own(self.name, state)
        self._fmu.restore_state(kept.fmu)
        self._surrogate.restore_state(kept.surrogate)
        self.mode, self._remaining, self._declined, self._returning, self._forced = kept.progress[:5]
        self._steps, self._hand_overs = dict(kept.progress.steps), list(kept.progress.hand_overs)
        self._shadow_error, self._told = dict(kept.progress.shadow_error), list(kept.progress.told)
        if kept.costs is not None:
            self._costs = {
                one: deque(costs, maxlen=_COSTS_KEPT)
                for one, costs in zip((self._fmu, self._surrogate), kept.costs, strict=True)
                if costs
            }

    def free_state(self, state: object) -> None:
        """Release a kept state."""
        kept = own(self.name, state)
        self._fmu.free_state(kept.fmu)
        self._surrogate.free_state(kept.surrogate)

    def serialize_state(self, state: object) -> bytes:
        """A kept state as bytes, with the costs of steps measured up to now, by which a hand-over is decided."""
        self._collect()
        kept = own(self.name, state)
        mine, its = (list(self._costs.get(one, ())) for one in (self._fmu, self._surrogate))
        bodies = self._fmu.serialize_state(kept.fmu), self._surrogate.serialize_state(kept.surrogate)
        return packed(Packed(kept.progress, *bodies, (mine, its)))

    def deserialize_state(self, data: bytes) -> Kept:
        """A kept state from bytes; CapabilityError where they are of something else."""
        found = unpacked(self.name, data)
        fmu = self._fmu.deserialize_state(found.fmu)
        return Kept(found.progress, fmu, self._surrogate.deserialize_state(found.surrogate), found.costs)

    def restart(self, t: float, values: Mapping[str, Values]) -> None:
        """Start those that step in the present mode again at t from states written by value."""
        for one in (self.incumbent, self.newcomer):
            if one is not None:
                one.restart(t, values)

    def terminate(self) -> None:
        """End both regularly."""
        self._fmu.terminate()
        self._surrogate.terminate()

    def close(self) -> None:
        """Free both."""
        try:
            self._fmu.close()
        finally:
            self._surrogate.close()

    def _collect(self) -> None:
        """Count the steps that were made by address."""
        if self._by_address is not None:
            self._by_address.collect()

    @property
    def _progress(self) -> Progress:
        self._collect()
        done = dict(self._steps), tuple(self._hand_overs), dict(self._shadow_error), tuple(self._told)
        return Progress(self.mode, self._remaining, self._declined, self._returning, self._forced, *done)

    @property
    def incumbent(self) -> Instance:
        """Who is in charge."""
        return self._fmu if self.mode in (Mode.FMU, Mode.SHADOW_SURROGATE) else self._surrogate

    @property
    def newcomer(self) -> Instance | None:
        """Who steps beside it in a shadow."""
        newcomers = {Mode.SHADOW_SURROGATE: self._surrogate, Mode.SHADOW_FMU: self._fmu}
        return newcomers.get(self.mode)

    @property
    def _violation(self) -> str | None:
        return getattr(self._surrogate, "violation", None)

    def _begin_shadow_where_due(self, t: float, h: float) -> None:
        """Begin so early that the hand-over falls on the first communication point at or after its time."""
        is_due = t + self.shadow_reach * h >= self.due
        if self.mode is Mode.FMU and is_due:
            self._begin_shadow(Mode.SHADOW_SURROGATE, t, f"hand-over due at {self._policy.to_surrogate_at:g} s")
        elif self.mode is Mode.SURROGATE:
            if self.is_guarded and (violation := self._violation):
                self._event(t, "swap.guard", violation)
                self._begin_shadow(Mode.SHADOW_FMU, t, f"guard: {violation}")
            elif is_due:
                self._begin_shadow(Mode.SHADOW_FMU, t, f"return due at {self._policy.back_at:g} s")

    def _begin_shadow(self, mode: Mode, t: float, cause: str) -> None:
        incumbent = self.incumbent
        self.mode, self._remaining = mode, self._policy.shadow
        newcomer = self.newcomer
        assert newcomer is not None
        newcomer.restart(t, self._full_state(incumbent))
        if mode is Mode.SHADOW_FMU:
            self._returning = cause
        self._event(t, "swap.shadow", f"{mode} for {self._policy.shadow} macro steps: {cause}")

    def _shadow(self, result: StepResult, t: float, h: float) -> None:
        """The newcomer has stepped beside the one in charge, from t by h (s)."""
        if result.status is not Status.OK:
            self._give_up_newcomer(t, result)
            return
        for name, _, scaled in self._bumps(self._outputs):
            self._shadow_error[name] = max(self._shadow_error.get(name, 0.0), scaled)
        self._remaining -= 1
        if self._remaining == 0:
            self._hand_over(t + h)

    def _give_up_newcomer(self, t: float, result: StepResult) -> None:
        message = f"'{self.name}': the {self.mode} refused its step at t = {result.time:g} s ({result.status})"
        if self.mode is Mode.SHADOW_FMU:
            raise StepError(f"{message}: no way back to the FMU", component=self.name, time=t)
        self._decline(t, "swap.refused", message)

    def _hand_over(self, t: float) -> None:
        if self.mode is Mode.SHADOW_FMU:
            self._commit(t, Mode.FMU, self._returning or "")
        elif violation := self._violation:
            self._decline(t, "swap.guard", f"not swapped, outside the validity domain: {violation}")
        else:
            self._hand_over_if_it_gains(t)

    def _hand_over_if_it_gains(self, t: float) -> None:
        fmu, surrogate = cost(self._costs[self._fmu]), cost(self._costs[self._surrogate])
        costs = f"median cost of a step: surrogate {surrogate.p50 * 1e6:.3g} us, FMU {fmu.p50 * 1e6:.3g} us"
        gains = surrogate.p50 < fmu.p50
        if not gains and not self._policy.force:
            self._decline(t, "swap.no_gain", f"no gain, not swapped: {costs}")
            return
        self._forced = not gains
        self._surrogate.restart(t, self._full_state(self._fmu))
        self._commit(t, Mode.SURROGATE, costs if gains else f"forced although there is no gain: {costs}")

    def _commit(self, t: float, mode: Mode, cause: str) -> None:
        way = str(self._surrogate.capabilities.state_write if mode is Mode.SURROGATE else self._way_back)
        hand_over = HandOver(t, str(mode), way, cause, self._bumps(self._outputs), self._bumps(self._states))
        self._hand_overs.append(hand_over)
        self.mode = mode
        outputs, states = (max((b.scaled for b in bumps), default=0.0) for bumps in hand_over[4:])
        kind = "swap.forced" if self._forced and mode is Mode.SURROGATE else f"swap.to_{mode}"
        self._event(t, kind, f"by {way}, bump {outputs:.3g} (outputs), {states:.3g} (full state): {cause}")

    @property
    def _way_back(self) -> StateWrite:
        return self._fmu.capabilities.state_write

    def _decline(self, t: float, kind: str, message: str) -> None:
        self._declined, self.mode = message, Mode.FMU
        self._event(t, kind, message)

    def _timed_step(self, instance: Instance, t: float, h: float) -> StepResult:
        started = self._clock()
        result = instance.do_step(t, h)
        self._costs.setdefault(instance, deque(maxlen=_COSTS_KEPT)).append(self._clock() - started)
        return result

    def _full_state(self, instance: Instance) -> dict[str, Values]:
        return {bundle.connectors[0].name: read(instance, bundle) for bundle in self._states}

    def _bumps(self, bundles: tuple[Bundle, ...]) -> tuple[Bump, ...]:
        incumbent = self.incumbent
        newcomer = self._surrogate if incumbent is self._fmu else self._fmu
        return tuple(bump(bundle, read(incumbent, bundle), read(newcomer, bundle)) for bundle in bundles)

    def _event(self, t: float, kind: str, message: str) -> None:
        self._told.append(Event(t, self.name, kind, message))
