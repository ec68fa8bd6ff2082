"""The clocks of one instance in Event Mode: which are active, which tick, and what is said about their intervals."""

from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from orchestrator.fmi.clocks import Clocks
from orchestrator.fmi.clocks_parameters import ClockParameters
from orchestrator.fmi.clocks_ticking import State, Ticking
from orchestrator.fmi.events_functions import ClockFunctions, IntervalFunctions
from orchestrator.fmi.fmu import Fmu
from orchestrator.system.connector import Causality


class _Kept(NamedTuple):
    active: frozenset[str]
    ticks: State


class EventClocks:
    """1 `begin` after the initialization, then at each event 2 `tick`, 3 `activate` and `active`, 4 `updated`.

    `parameters` are the intervals and shifts that may be set. Intervals are prepared at the end of each Initialization
    Mode.
    """

    def __init__(self, fmu: Fmu, clocks: Clocks) -> None:
        bound = fmu.library.dll, fmu.library.handle
        self.by_name: Final = clocks.by_name
        self.ticking: Final = Ticking(
            fmu.name, clocks.by_name.values(), clocks.settings, IntervalFunctions(*bound), fmu.check
        )
        self.parameters: Final = ClockParameters(clocks.settings, self.ticking, fmu.name)
        self._functions = ClockFunctions(*bound)
        self._check: Callable[[int, str], None] = fmu.check
        self._asked = [c for c in self.by_name.values() if not c.timed and c.causality is not Causality.INPUT]
        self._active: set[str] = set()
        self._ticked: set[str] = set()
        fmu.last_in_initialization = lambda: self.ticking.prepare(fmu.time or 0.0)

    @property
    def unforeseen(self) -> bool:
        """Whether a clock may tick at a time that is not known when a step begins."""
        return bool(self._asked) or any(clock.kind == "countdown" for clock in self.by_name.values())

    def begin(self, t: float) -> None:
        """The first event, at t (s)."""
        self._active.clear()
        self._ticked.clear()
        self.tick(t)

    def tick(self, t: float) -> bool:
        """Activate the clocks whose time has come; whether there are any."""
        due = self.ticking.due(t)
        if due:
            self.activate([ticks.clock.name for ticks in due])
            for ticks in due:
                ticks.ticked()
        return bool(due)

    def activate(self, names: Collection[str]) -> None:
        """Activate input clocks."""
        self._check(self._functions.activate([self.by_name[name] for name in names]), "SetClock")
        self._active.update(names)

    def active(self) -> frozenset[str]:
        """Clocks that are active now; an output clock from its first answer to the next update."""
        if self._asked:
            status, names = self._functions.active(self._asked)
            self._check(status, "GetClock")
            self._active.update(names)
        return frozenset(self._active)

    def updated(self, t: float, *, more: bool) -> bool:
        """The discrete states were updated at t (s), which ends all activations.

        Unless `more` updates follow, intervals are taken, and what is due at once ticks: whether there is such a clock.
        """
        self._ticked |= self._active
        self._active.clear()
        if more:
            return False
        self.ticking.ask(t, self._ticked)
        self._ticked.clear()
        return self.tick(t)

    def save(self) -> _Kept:
        """What a kept state needs beside that of the FMU."""
        return _Kept(frozenset(self._active), self.ticking.save())

    def restore(self, active: Collection[str], ticks: State) -> None:
        """Go back to what was kept; intervals that waited for an event are forgotten."""
        self._active = set(active)
        self.ticking.restore(ticks)
        self.parameters.forget()
