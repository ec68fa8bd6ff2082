"""Clocks: what an FMI 3.0 description says about them, and when those that go by time tick.

Intervals and times of ticks are exact rationals: tick n of a periodic clock lies at start + shift + n * interval,
computed from its index, never by a sum (FMI 3.0.2 section 2.2.8).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple
from xml.etree import ElementTree as ET

from orchestrator.errors import ModelDescriptionError
from orchestrator.fmi.archive import Content, content
from orchestrator.fmi.literals import floating, shown, whole
from orchestrator.system.connector import Causality, Connector, Storage, Variability
from orchestrator.system.quantities.units import Unit

TRIGGERED: Final = "triggered"
PERIODIC: Final = ("constant", "fixed", "calculated", "tunable")
APERIODIC: Final = ("changing", "countdown")
_KINDS: Final = (*PERIODIC, *APERIODIC, TRIGGERED)

NOT_YET_KNOWN: Final = 0
UNCHANGED: Final = 1
CHANGED: Final = 2

_NEAR: Final = 1e-9
_SECONDS: Final = "It has to be a number of seconds: ask its supplier for a correction"
_SECOND: Final = Unit("s", (0, 0, 1, 0, 0, 0, 0, 0))


@dataclass(frozen=True)
class Clock:
    """One clock: `kind` is FMI's intervalVariability, `interval` and `shift` (s) are exact, `priority` 0 the highest.

    `fraction`: its interval and shift go between FMU and importer as fractions, of its `resolution` where they fit, not
    as decimal numbers.
    """

    name: str
    reference: int
    causality: Causality
    kind: str
    interval: Fraction | None = None
    shift: Fraction = Fraction(0)
    fraction: bool = False
    resolution: int | None = None
    priority: int | None = None
    description: str = ""

    @property
    def timed(self) -> bool:
        """Whether the clock ticks by time."""
        return self.kind != TRIGGERED

    @property
    def settable(self) -> bool:
        """Whether the importer sets interval and shift: fixed and tunable, with an interval in the description."""
        return self.kind in ("fixed", "tunable") and self.interval is not None

    @property
    def connector(self) -> Connector:
        """The clock as the rest of the system sees it: true where it ticks."""
        return Connector(
            name=self.name,
            causality=self.causality,
            storage=Storage.BOOLEAN,
            reference=self.reference,
            variability=Variability.DISCRETE,
            start=(False,),
            description=self.description,
        )


class Setting(NamedTuple):
    """The `interval` or `shift` (`what`) of a clock that the importer sets, as a parameter in s."""

    clock: Clock
    what: str

    @property
    def connector(self) -> Connector:
        """The parameter `clock.interval` or `clock.shift`; an interval is tunable where its clock is, a shift fixed."""
        tunable = self.what == "interval" and self.clock.kind == "tunable"
        declared = (self.clock.interval if self.what == "interval" else self.clock.shift) or 0
        return Connector(
            name=f"{self.clock.name}.{self.what}",
            causality=Causality.PARAMETER,
            storage=Storage.FLOAT64,
            reference=self.clock.reference,
            unit=_SECOND,
            variability=Variability.TUNABLE if tunable else Variability.FIXED,
            initial="exact",
            start=(float(declared),),
            minimum=0.0,
            description=f"{self.what} of clock {self.clock.name}",
        )


class Clocks(NamedTuple):
    """The clocks of an FMU by name, its clocked variables with their clocks, and by name what may be set of clocks.

    No setting has the name of a variable: the variable is meant then.
    """

    by_name: Mapping[str, Clock]
    clocked: Mapping[str, tuple[str, ...]]
    settings: Mapping[str, Setting]

    def feedthrough(self, known: Mapping[str, tuple[str, ...] | None]) -> dict[str, tuple[str, ...] | None]:
        """Direct feedthrough with clocks among the connectors: none on clocks, whose ticks are found by iteration."""
        inputs = {name for name, clock in self.by_name.items() if clock.causality is Causality.INPUT}
        variables = {
            name: None if through is None else tuple(each for each in through if each not in inputs)
            for name, through in known.items()
        }
        return {**variables, **{n: () for n, clock in self.by_name.items() if clock.causality is Causality.OUTPUT}}

    @property
    def parameters(self) -> tuple[Connector, ...]:
        """The settings as parameters."""
        return tuple(setting.connector for setting in self.settings.values())

    @property
    def connectors(self) -> tuple[Connector, ...]:
        """The clocks as the rest of the system sees them, and what may be set of them."""
        return (*(clock.connector for clock in self.by_name.values()), *self.parameters)


def read_clocks(path: Path) -> Clocks:
    """Read the clocks of an FMU; ModelDescriptionError where they contradict the standard."""
    return _read(content(path))


@lru_cache(maxsize=256)
def _read(found: Content) -> Clocks:
    try:
        return _clocks(found.path, ET.fromstring(found.description))
    except (ValueError, ET.ParseError) as error:
        raise ModelDescriptionError(f"{found.path}: its clocks cannot be read: {error}") from error


def _clocks(path: Path, root: ET.Element) -> Clocks:
    clocks = [_clock(path, element) for element in root.iterfind("ModelVariables/Clock")]
    names = {clock.reference: clock.name for clock in clocks}
    clocked = {}
    for element in root.iterfind("ModelVariables/*[@clocks]"):
        references = [int(reference) for reference in element.get("clocks", "").split()]
        unknown = [reference for reference in references if reference not in names]
        if unknown:
            raise ModelDescriptionError(f"{path}: '{element.get('name')}' belongs to {unknown[0]}, which is no clock")
        clocked[element.get("name", "")] = tuple(names[reference] for reference in references)
    taken = {element.get("name") for element in root.iterfind("ModelVariables/*")}
    settings = [Setting(clock, what) for clock in clocks if clock.settable for what in ("interval", "shift")]
    free = {each.connector.name: each for each in settings if each.connector.name not in taken}
    return Clocks({clock.name: clock for clock in clocks}, clocked, free)


def _clock(path: Path, element: ET.Element) -> Clock:
    name, kind = element.get("name", ""), element.get("intervalVariability", "")
    causality = Causality(element.get("causality", "local"))
    if kind not in _KINDS:
        raise ModelDescriptionError(
            f"{path}: clock '{name}': intervalVariability '{kind}' is none of {', '.join(_KINDS)}"
        )
    if kind != TRIGGERED and causality is not Causality.INPUT:
        raise ModelDescriptionError(
            f"{path}: clock '{name}' is {kind} and {causality}; clocks that tick by time are inputs, since "
            "the importer activates them (FMI 3.0.2 section 2.2.8). Ask its supplier for a correction"
        )
    try:
        clock = Clock(
            name=name,
            reference=int(element.get("valueReference", "")),
            causality=causality,
            kind=kind,
            interval=_seconds(element, "interval"),
            shift=_seconds(element, "shift") or Fraction(0),
            fraction=element.get("supportsFraction") in ("true", "1"),
            resolution=None if element.get("resolution") is None else int(element.get("resolution", "")),
            priority=None if element.get("priority") is None else int(element.get("priority", "")),
            description=element.get("description", ""),
        )
    except (ValueError, ZeroDivisionError) as error:
        raise ModelDescriptionError(f"{path}: clock '{name}': {error}") from error
    _check_times(path, clock)
    if kind == "constant" and clock.interval is None:
        raise ModelDescriptionError(f"{path}: clock '{name}' is constant, but has no interval")
    return clock


def _seconds(element: ET.Element, what: str) -> Fraction | None:
    """Interval or shift (s): intervalCounter / resolution where it supports fractions, else the decimal text itself."""
    counter, resolution, decimal = (element.get(key) for key in (f"{what}Counter", "resolution", f"{what}Decimal"))
    if element.get("supportsFraction") in ("true", "1") and counter is not None and resolution is not None:
        if not whole(resolution, Storage.UINT64):
            raise ValueError("its resolution is 0. Ask its supplier for a correction")
        return Fraction(whole(counter, Storage.UINT64), whole(resolution, Storage.UINT64))
    if decimal is None:
        return None
    try:
        number = floating(decimal)
        # What is 0 as a float may have an exponent that no computer can write out.
        exactly = Fraction(decimal.strip()) if number and math.isfinite(number) else Fraction(0)
    except ValueError as error:
        raise ValueError(f"its {what}Decimal: {error}. {_SECONDS}") from None
    if not math.isfinite(number):
        raise ValueError(f"its {what}Decimal is {shown(decimal)}. {_SECONDS}")
    return exactly


def _check_times(path: Path, clock: Clock) -> None:
    if clock.interval is not None and clock.interval <= 0:
        raise ModelDescriptionError(f"{path}: clock '{clock.name}' has an interval of {float(clock.interval):.9g} s")
    if clock.interval is not None and stands_still(clock.interval, 0.0):
        raise ModelDescriptionError(
            f"{path}: clock '{clock.name}' has an interval of {float(clock.interval):.9g} s, by which time as a "
            "floating-point number in s does not advance. Ask its supplier for a correction"
        )
    if clock.shift < 0:
        raise ModelDescriptionError(f"{path}: clock '{clock.name}' has a shift of {float(clock.shift):.9g} s")


def stands_still(interval: Fraction, t: float) -> bool:
    """Whether a positive interval (s) is too short to tell the tick after it from one at t, or at 1 s."""
    return 0 < interval <= 4.0 * math.ulp(max(1.0, abs(t)))


@dataclass
class Ticks:
    """The ticks of a clock that goes by time; `next` is the exact time (s) of the next one, or None."""

    clock: Clock
    base: Fraction = Fraction(0)
    interval: Fraction | None = None
    shift: Fraction = Fraction(0)
    index: int = 0
    next: Fraction | None = field(default=None)

    def begin(self, t: float, interval: Fraction | None, shift: Fraction) -> None:
        """Count from t (s) on: the first tick comes after the shift, the next ones after an interval each."""
        self.base, self.index = exact(t) + shift, 0
        self.interval, self.shift = interval, shift
        self._compute()

    def is_due(self, t: float) -> bool:
        """Whether it ticks at t (s), or has to have done so."""
        if self.next is None:
            return False
        tolerance = _NEAR * float(self.interval or 1) + 4.0 * math.ulp(t)
        return float(self.next) <= t + tolerance

    def ticked(self) -> None:
        """The next tick has happened."""
        if self.clock.kind == "countdown":
            self.interval = None
        elif self.clock.kind == "changing" and self.next is not None:
            self.base, self.index = self.next, 0
        self.index += 1
        self._compute()

    def change(self, interval: Fraction, t: float) -> None:
        """A new interval (s), given at t: from now on, for `changing` from the last tick on.

        A periodic clock that has not ticked yet still does so after its shift; one that is due ticks now and then after
        the new interval.
        """
        if self.clock.kind == "countdown":
            self.base, self.index = exact(t), 1
        elif self.clock.kind == "changing":
            if self.next is None:
                self.base = exact(t)
            self.index = 1
        elif interval != self.interval and self.index > 0:
            self.base, self.index = (self.next, 0) if self.next and self.is_due(t) else (exact(t), 1)
        self.interval = interval
        self._compute()

    def _compute(self) -> None:
        self.next = None if self.interval is None else self.base + self.index * self.interval


def exact(number: float) -> Fraction:
    """The shortest decimal number that rounds to this one: 0.1 is one tenth."""
    return Fraction(repr(float(number)))
