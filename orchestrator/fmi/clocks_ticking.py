"""Ticking: the clocks of one instance that go by time, with what importer and FMU tell each other about them.

Who knows the interval depends on the clock (FMI 3.0.2 section 2.2.8): the description says that of a `constant` one and
proposes that of a `fixed` or `tunable` one, which the importer may set; without a proposal, and for all other clocks,
the FMU gives it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from copy import copy
from fractions import Fraction
from typing import Final

from orchestrator.errors import CapabilityError, StepError
from orchestrator.fmi.clocks import (
    APERIODIC,
    CHANGED,
    NOT_YET_KNOWN,
    PERIODIC,
    Clock,
    Setting,
    Ticks,
    exact,
    stands_still,
)
from orchestrator.fmi.events_functions import IntervalFunctions

State = tuple[Ticks, ...]
"""The ticks to come, as they are kept with a state of the FMU."""


class Ticking:
    """1 `give` (repeated), 2 `prepare` at the end of Initialization Mode, 3 at events `due`, `tell` and `ask`.

    `check` raises on a bad status of the named function.
    """

    def __init__(
        self,
        component: str,
        clocks: Iterable[Clock],
        settings: Mapping[str, Setting],
        functions: IntervalFunctions,
        check: Callable[[int, str], None],
    ) -> None:
        self._component: Final = component
        self._settings: Final = settings
        self._functions, self._check = functions, check
        self._given: dict[str, Fraction] = {}
        self.ticks: State = tuple(Ticks(clock) for clock in clocks if clock.timed)

    @property
    def names(self) -> list[str]:
        """Names of the clocks."""
        return [ticks.clock.name for ticks in self.ticks]

    @property
    def next_time(self) -> float | None:
        """Time (s) of the next tick."""
        return min((float(ticks.next) for ticks in self.ticks if ticks.next is not None), default=None)

    def value(self, name: str) -> float:
        """Interval or shift (s) as it is now."""
        setting = self._settings[name]
        ticks = self._of(setting.clock)
        now = ticks.interval if setting.what == "interval" else ticks.shift
        declared = setting.clock.interval if setting.what == "interval" else setting.clock.shift
        given = self._given.get(name, declared)
        return float((now if ticks.next is not None else given) or 0)

    def give(self, name: str, seconds: float) -> None:
        """Set an interval or shift (s), for `prepare` or `tell` to hand to the FMU; CapabilityError for a wrong one."""
        setting = self._settings[name]
        if not (seconds > 0.0 if setting.what == "interval" else seconds >= 0.0) or seconds == float("inf"):
            least = "positive" if setting.what == "interval" else "not negative"
            raise CapabilityError(f"'{self._component}.{name}' cannot be {seconds!r} s: give one that is {least}")
        given = exact(seconds)
        if setting.what == "interval" and stands_still(given, 0.0):
            raise CapabilityError(
                f"'{self._component}.{name}' cannot be {seconds!r} s: time does not advance by it. Give a longer one"
            )
        self._given[name] = given

    def prepare(self, start: float) -> None:
        """In Initialization Mode: tell the FMU what was given, ask it for all else, and count from the start (s) on."""
        for ticks in self.ticks:
            clock = ticks.clock
            shift = clock.shift if clock.kind in PERIODIC else Fraction(0)
            ticks.begin(start, clock.interval if _described(clock) else None, shift)
            if clock.settable:
                self._set(ticks, start)
            elif clock.kind != "constant":
                if clock.kind in PERIODIC:
                    ticks.begin(start, None, self._shift(clock))
                self._take(ticks, start)

    def tell(self, names: Collection[str], t: float) -> None:
        """Between steps or in Event Mode at t (s): new intervals of tunable clocks, from now on."""
        for name in names:
            clock = self._settings[name].clock
            self._check(self._functions.set("Interval", clock, self._given[name]), f"SetInterval for {clock.name}")
            self._of(clock).change(self._given[name], t)

    def due(self, t: float) -> list[Ticks]:
        """The clocks whose time has come at t (s)."""
        return [ticks for ticks in self.ticks if ticks.is_due(t)]

    def ask(self, t: float, ticked: Collection[str], kinds: Collection[str] = (*PERIODIC, *APERIODIC)) -> None:
        """At an event at t (s), at which these clocks ticked: take intervals that may have changed, of these kinds."""
        for ticks in self.ticks:
            clock = ticks.clock
            asked = clock.kind in ("countdown", "tunable", "calculated") or clock.name in ticked
            news = ticks.interval is None or (asked and clock.kind != "fixed")
            if clock.kind in kinds and news and not _described(clock):
                self._take(ticks, t)

    def require_intervals(self) -> None:
        """CapabilityError where a clock has none that is known at any time: all but countdowns."""
        for ticks in self.ticks:
            if ticks.clock.kind != "countdown" and ticks.next is None:
                raise CapabilityError(
                    f"'{self._component}.{ticks.clock.name}' is a {ticks.clock.kind} clock, but the FMU does not know "
                    "its interval after the initialization. Set the parameters that it depends on"
                )

    def save(self) -> State:
        """The ticks to come."""
        return tuple(map(copy, self.ticks))

    def restore(self, state: State) -> None:
        """Go back to what `save` gave."""
        self.ticks = tuple(map(copy, state))

    def _of(self, clock: Clock) -> Ticks:
        return next(ticks for ticks in self.ticks if ticks.clock.name == clock.name)

    def _set(self, ticks: Ticks, start: float) -> None:
        clock, given = ticks.clock, {"interval": ticks.interval, "shift": ticks.shift}
        for name, setting in self._settings.items():
            if setting.clock.name == clock.name and name in self._given:
                given[setting.what] = self._given[name]
                what = setting.what.capitalize()
                self._check(self._functions.set(what, clock, self._given[name]), f"Set{what} for {clock.name}")
        ticks.begin(start, given["interval"], given["shift"] or Fraction(0))

    def _shift(self, clock: Clock) -> Fraction:
        raw = self._functions.shift(clock)
        self._check(raw.status, f"GetShift for {clock.name}")
        if raw.shift < 0:
            raise CapabilityError(
                f"the FMU gives '{self._component}.{clock.name}' the shift {float(raw.shift):.9g} s, before the start. "
                "Set other parameters that it depends on"
            )
        return raw.shift

    def _take(self, ticks: Ticks, t: float) -> None:
        clock = ticks.clock
        raw = self._functions.interval(clock)
        self._check(raw.status, f"GetInterval for {clock.name}")
        first = ticks.interval is None and clock.kind != "countdown" and raw.qualifier != NOT_YET_KNOWN
        if raw.qualifier != CHANGED and not first:
            return
        if raw.interval < 0 or (clock.kind in PERIODIC and raw.interval == 0):
            raise StepError(
                f"the FMU gives '{self._component}.{clock.name}' the interval {float(raw.interval):.9g} s; it must be "
                f"{'positive' if clock.kind in PERIODIC else 'zero or more'}",
                component=self._component,
                time=t,
            )
        if clock.kind != "countdown" and stands_still(raw.interval, t):
            raise StepError(
                f"the FMU gives '{self._component}.{clock.name}' the interval {float(raw.interval):.9g} s at t = {t!r} "
                "s, by which time as a floating-point number does not advance. Set other parameters that it depends on",
                component=self._component,
                time=t,
            )
        # A countdown as short as this is what rounding leaves of one that is over.
        ticks.change(Fraction(0) if stands_still(raw.interval, t) else raw.interval, t)


def _described(clock: Clock) -> bool:
    """Whether the interval is known from the description, or set by the importer."""
    return clock.kind in PERIODIC and clock.kind != "calculated" and clock.interval is not None
