"""Bonds: what is lost of a power, or of a flow of mass, carbon or enthalpy, between the two ends of two connections.

S. Sadjina, L. T. Kyllingstad, S. Skjong, E. Pedersen: "Energy conservation and power bonds in co-simulations:
non-iterative adaptive step size control and error estimation", Eng. with Computers 33:607-620 (2017).
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import DescriptionError
from orchestrator.master.coupling import Coupling
from orchestrator.master.diagnostics import BONDS
from orchestrator.master.input_courses import InputCourses
from orchestrator.master.memory import Remembered
from orchestrator.master.participant import Participant
from orchestrator.master.polynomials import Vector
from orchestrator.master.rates import Period, SlowPace
from orchestrator.master.statistics import BondStatistics
from orchestrator.master.stepper import Advance, Stepper
from orchestrator.signals import Signals
from orchestrator.system.connections.bonds import BondLinks, bond_links
from orchestrator.system.connections.links import Link, Slot
from orchestrator.system.connector import Causality, Connector, Storage
from orchestrator.system.quantities.unit_text import parse_unit
from orchestrator.system.quantities.units import Conversion, Unit, dimension
from orchestrator.system.solving import Bond


class _Reading(NamedTuple):
    """Where one factor of a product is read: outputs, or inputs as they were used, in the unit of the product."""

    values: Vector
    places: NDArray[np.intp]
    scales: Vector
    offsets: Vector
    courses: InputCourses | None
    courses_of: Sequence[tuple[int, int]]
    """Elements that have a course, and their places among those that have one."""
    pace: SlowPace | None
    """Of a component that steps less often than the system, where its inputs are read."""

    def read(self) -> Vector:
        """Its elements now."""
        with nullcontext() if self.pace is None else self.pace.as_used():
            found = self.values[self.places]
        if self.courses is not None:
            for element, place in self.courses_of:
                found[element] = self.courses.used[place]
        return np.asarray(self.scales * found + self.offsets)


class _End:
    """One end of a bond: what has flown there (J, g, ...) since both ends were at a communication point."""

    def __init__(self, first: _Reading, second: _Reading, period: Period | None) -> None:
        self._first, self._second, self.period = first, second, period
        self.flown = 0.0

    def flow(self, t: float, end: float) -> bool:
        """The system stepped from t to `end` (s): the component did so, or over the whole of its period, or waits."""
        if self.period is not None and not self.period.ends(t, end):
            return False
        length = end - t if self.period is None else self.period.length
        self.flown += float(self._first.read() @ self._second.read()) * length
        return True


class Ledger:
    """One bond in time: `residual` is what was lost per second in the last step, `total` what was lost since the start.

    Lost is what the component at which the first connection begins gave, less what the other one got: each from the
    outputs that it has at the end of its step and the inputs that it used there. Where one of them steps less often
    than the system, that is known where its period ends, for all of it.
    """

    def __init__(self, name: str, bond: Bond, ends: Sequence[_End], said: BondStatistics) -> None:
        self.name, self._bond, self._ends, self._said = name, bond, tuple(ends), said
        self.residual = self.total = self.flow = 0.0
        counts = [end.period.count for end in ends if end.period is not None]
        steps = [end.period.step_size for end in ends if end.period is not None]
        self._length = math.lcm(*counts) * steps[0] if counts else None

    @property
    def is_slow(self) -> bool:
        """Whether a component at one of its ends steps less often than the system."""
        return self._length is not None

    def settle(self, t: float, end: float) -> None:
        """A step from t to `end` (s) was made."""
        arrived = [each.flow(t, end) for each in self._ends]
        if not all(arrived):
            return
        length = self._length or end - t
        here, there = (each.flown * self._bond.factor / length for each in self._ends)
        for each in self._ends:
            each.flown = 0.0
        self.residual, self.flow = here - there, max(abs(here), abs(there))
        self.total += self.residual * length
        self._said.take(self.residual, self.total, end)

    @property
    def error(self) -> float:
        """What is lost per second, relative to what flows and to what is declared to flow usually."""
        return abs(self.residual) / (self._bond.nominal + self.flow)

    def remembered(self) -> Remembered:
        """The ledger."""
        numbers = {"residual": self.residual, "total": self.total, "flow": self.flow}
        return {**numbers, "flown": [end.flown for end in self._ends], "said": dict(vars(self._said))}

    def remember(self, memory: Remembered) -> None:
        """Go back to an earlier page."""
        self.residual, self.total, self.flow = memory["residual"], memory["total"], memory["flow"]
        for end, flown in zip(self._ends, memory["flown"], strict=True):
            end.flown = flown
        vars(self._said).update(memory["said"])


class Bonds:
    """All bonds of a system, settled after each macro step: put around the innermost stepper."""

    def __init__(self, inner: Stepper, coupling: Coupling, ledgers: Sequence[Ledger]) -> None:
        self.inner, self._diagnostics, self.ledgers = inner, coupling.diagnostics, tuple(ledgers)
        self.leaves_grid = inner.leaves_grid

    def step(self, t: float, h: float) -> Advance:
        """Advance all components and balance what has flown."""
        advance = self.inner.step(t, h)
        if advance.outcome.completed and advance.end > t:
            for ledger in self.ledgers:
                ledger.settle(t, advance.end)
                self._diagnostics.say(BONDS, f"{ledger.name}.residual", ledger.residual)
                self._diagnostics.say(BONDS, f"{ledger.name}.sum", ledger.total)
        return advance

    @property
    def error(self) -> float:
        """Root mean square of the relative losses per second in the last step."""
        return float(np.sqrt(np.mean([ledger.error**2 for ledger in self.ledgers])))

    def remembered(self) -> Remembered:
        """All ledgers."""
        return {ledger.name: ledger.remembered() for ledger in self.ledgers}

    def remember(self, memory: Remembered) -> None:
        """Go back to earlier pages."""
        for ledger in self.ledgers:
            ledger.remember(memory[ledger.name])


def resolved(bonds: Mapping[str, Bond], coupling: Coupling) -> dict[str, BondLinks]:
    """What flows along the connections of each bond; DescriptionError names what makes no product."""
    interfaces = {p.name: p.instance.connectors for p in coupling.participants}
    found = bond_links(bonds, interfaces, coupling.links)
    for name, (first, second) in found.items():
        if len(first) != len(second):
            raise DescriptionError(
                f"bonds.{name}: {len(first)} elements flow along the first connection and {len(second)} along the "
                "second. Give two connections of as many elements"
            )
        for link in (*first, *second):
            _check(f"bonds.{name}", link, coupling)
    return found


def ledgers(bonds: Mapping[str, Bond], found: Mapping[str, BondLinks], coupling: Coupling) -> Iterator[Ledger]:
    """One for each bond; DescriptionError where its product has not the unit that is declared."""
    for name, bond in bonds.items():
        first, second = found[name]
        slow = _slow(name, bond, first[0], coupling)
        sizes = _sizes(name, bond, (first[0], second[0]), coupling)
        owner = first[0].source.component
        ends = [
            _End(
                _reading(first, sizes[0], coupling, outputs=is_owner),
                _reading(second, sizes[1], coupling, outputs=(second[0].source.component == owner) == is_owner),
                slow[place],
            )
            for place, is_owner in enumerate((True, False))
        ]
        yield Ledger(name, bond, ends, coupling.statistics.bond(name))


def _slow(name: str, bond: Bond, link: Link, coupling: Coupling) -> list[Period | None]:
    """The periods of the components at both ends, where they step less often than the system."""
    found: list[Period | None] = []
    for slot in (link.source, link.destination):
        pace = _participant(slot.component, coupling).pace
        found.append(pace.period if isinstance(pace, SlowPace) else None)
        if bond.correct and isinstance(pace, SlowPace):
            raise DescriptionError(
                f"bonds.{name}: '{slot.component}' steps less often than the system, so that what was lost is known "
                "too late to be corrected. Give it the step size of the system, or leave `correct` out"
            )
    return found


def _check(place: str, link: Link, coupling: Coupling) -> None:
    ends = (_connector(link.source, coupling), _connector(link.destination, coupling))
    if any(end.storage is not Storage.FLOAT64 for end in ends) or link.mapping is not None:
        raise DescriptionError(
            f"{place}: '{link.source.component}.{link.source.connector}' is no float that is kept. "
            "Bonds are products of floats"
        )
    if ends[1].causality is not Causality.INPUT or link.conversion.factor == 0.0:
        raise DescriptionError(
            f"{place}: '{link.destination.component}.{link.destination.connector}' takes no part of "
            "what flows. Name connections into inputs"
        )


def _sizes(name: str, bond: Bond, links: tuple[Link, Link], coupling: Coupling) -> tuple[Conversion, Conversion]:
    """What turns the values at both sources into factors of the product in its unit."""
    units = [_connector(link.source, coupling).unit for link in links]
    if bond.unit is None or any(unit is None or unit.exponents is None for unit in units):
        return Conversion(1.0, 0.0), Conversion(1.0, 0.0)
    wanted = parse_unit(bond.unit)
    a, b = (unit for unit in units if unit is not None)
    together = tuple(map(sum, zip(a.exponents or (), b.exponents or (), strict=True)))
    if together != wanted.exponents:
        product = dimension(Unit("", together))
        raise DescriptionError(
            f"bonds.{name}: the product of '{a.name}' and '{b.name}' is one in {product}, which does not convert to "
            f"'{bond.unit}' ({dimension(wanted)}). Correct the unit, or name other connections"
        )
    return Conversion(a.factor / wanted.factor, a.offset / wanted.factor), Conversion(b.factor, b.offset)


def _reading(links: Sequence[Link], size: Conversion, coupling: Coupling, *, outputs: bool) -> _Reading:
    """At the sources of the links, or at their destinations, where units and transformations are undone."""
    slots = [link.source if outputs else link.destination for link in links]
    places = np.array([coupling.signals.place(*slot).start for slot in slots], np.intp)
    undone = [Conversion(1.0, 0.0) if outputs else _inverse(link.conversion) for link in links]
    participant = _participant(slots[0].component, coupling)
    courses = None if outputs else participant.courses
    return _Reading(
        coupling.signals.float64,
        places,
        np.array([size.factor * each.factor for each in undone]),
        np.array([size.factor * each.offset + size.offset for each in undone]),
        courses,
        [] if courses is None else list(_with_courses(participant, courses, places, coupling.signals)),
        participant.pace if isinstance(participant.pace, SlowPace) and not outputs else None,
    )


def _inverse(conversion: Conversion) -> Conversion:
    return Conversion(1.0 / conversion.factor, -conversion.offset / conversion.factor)


def _with_courses(
    participant: Participant, courses: InputCourses, places: Iterable[int], signals: Signals
) -> Iterator[tuple[int, int]]:
    floats = next(block for block in participant.inputs if block.bundle.storage is Storage.FLOAT64)
    first = signals.place(participant.name, floats.bundle.connectors[0].name).start
    known = {first + int(element): index for index, element in enumerate(courses.where)}
    yield from ((element, known[place]) for element, place in enumerate(places) if place in known)


def _participant(name: str, coupling: Coupling) -> Participant:
    return next(each for each in coupling.participants if each.name == name)


def _connector(slot: Slot, coupling: Coupling) -> Connector:
    connectors = _participant(slot.component, coupling).instance.connectors
    return next(each for each in connectors if each.name == slot.connector)
