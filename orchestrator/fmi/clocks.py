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

from orchestrator.errors import FmuImportError, ModelDescriptionError
from orchestrator.fmi.archive import fingerprint, read_description
from orchestrator.system.connector import Causality, Connector, Storage, Variability

TRIGGERED: Final = "triggered"
PERIODIC: Final = ("constant", "fixed", "calculated", "tunable")
APERIODIC: Final = ("changing", "countdown")
_KINDS: Final = (*PERIODIC, *APERIODIC, TRIGGERED)

NOT_YET_KNOWN: Final = 0
UNCHANGED: Final = 1
CHANGED: Final = 2

_NEAR: Final = 1e-9


@dataclass(frozen=True)
class Clock:
    """One clock: `kind` is FMI's intervalVariability, `interval` and `shift` (s) are exact, `priority` 0 the highest.

    `fraction`: the FMU gives its interval as a fraction, not as a decimal number.
    """

    name: str
    reference: int
    causality: Causality
    kind: str
    interval: Fraction | None = None
    shift: Fraction = Fraction(0)
    fraction: bool = False
    priority: int | None = None
    description: str = ""

    @property
    def timed(self) -> bool:
        """Whether the clock ticks by time."""
        return self.kind != TRIGGERED

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


class Clocks(NamedTuple):
    """The clocks of an FMU by name, and its clocked variables with their clocks."""

    by_name: Mapping[str, Clock]
    clocked: Mapping[str, tuple[str, ...]]


def read_clocks(path: Path) -> Clocks:
    """Read the clocks of an FMU; ModelDescriptionError where they contradict the standard."""
    return _read(path, fingerprint(path))


@lru_cache(maxsize=256)
def _read(path: Path, _: tuple[object, ...]) -> Clocks:
    try:
        return _clocks(path, ET.fromstring(read_description(path)))
    except (ValueError, ET.ParseError) as error:
        raise ModelDescriptionError(f"{path}: its clocks cannot be read: {error}") from error


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
    return Clocks({clock.name: clock for clock in clocks}, clocked)


def _clock(path: Path, element: ET.Element) -> Clock:
    name, kind = element.get("name", ""), element.get("intervalVariability", "")
    causality = Causality(element.get("causality", "local"))
    if kind not in _KINDS:
        raise ModelDescriptionError(
            f"{path}: clock '{name}': intervalVariability '{kind}' is none of {', '.join(_KINDS)}"
        )
    if kind != TRIGGERED and causality is not Causality.INPUT:
        raise FmuImportError(
            f"{path}: clock '{name}' ticks by time and is {causality}; only inputs are supported. Export it as an input"
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
            priority=None if element.get("priority") is None else int(element.get("priority", "")),
            description=element.get("description", ""),
        )
    except (ValueError, ZeroDivisionError) as error:
        raise ModelDescriptionError(f"{path}: clock '{name}': {error}") from error
    if (clock.interval is not None and clock.interval <= 0) or clock.shift < 0:
        raise ModelDescriptionError(
            f"{path}: clock '{name}' has an interval of {clock.interval} s, or a negative shift"
        )
    if kind == "constant" and clock.interval is None:
        raise ModelDescriptionError(f"{path}: clock '{name}' is constant, but has no interval")
    return clock


def _seconds(element: ET.Element, what: str) -> Fraction | None:
    """Interval or shift (s): intervalCounter / resolution where it supports fractions, else the decimal text itself."""
    counter, resolution, decimal = (element.get(key) for key in (f"{what}Counter", "resolution", f"{what}Decimal"))
    if element.get("supportsFraction") in ("true", "1") and counter is not None and resolution is not None:
        return Fraction(int(counter), int(resolution))
    return None if decimal is None else Fraction(decimal.strip())


@dataclass
class Ticks:
    """The ticks of a clock that goes by time; `next` is the exact time (s) of the next one, or None."""

    clock: Clock
    base: Fraction = Fraction(0)
    interval: Fraction | None = None
    index: int = 0
    next: Fraction | None = field(default=None)

    def begin(self, t: float) -> None:
        """Count from t (s) on."""
        self.base, self.index = exact(t) + self.clock.shift, 0
        self.interval = self.clock.interval
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
        """The FMU gives a new interval (s) at t: from now on for a countdown, from the last tick on for the others."""
        if self.clock.kind == "countdown":
            self.base, self.index = exact(t), 1
        elif self.clock.kind == "changing":
            if self.next is None:
                self.base = exact(t)
            self.index = 1
        elif self.interval is not None and interval != self.interval and self.index > 0:
            self.base, self.index = self.base + (self.index - 1) * self.interval, 1
        self.interval = interval
        self._compute()

    def _compute(self) -> None:
        self.next = None if self.interval is None else self.base + self.index * self.interval


def exact(number: float) -> Fraction:
    """The shortest decimal number that rounds to this one: 0.1 is one tenth."""
    return Fraction(repr(float(number)))
