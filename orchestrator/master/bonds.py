"""Bonds: what is lost of a power, or of a flow of mass, carbon or enthalpy, between the two ends of two connections.

S. Sadjina, L. T. Kyllingstad, S. Skjong, E. Pedersen: "Energy conservation and power bonds in co-simulations:
non-iterative adaptive step size control and error estimation", Eng. with Computers 33:607-620 (2017).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from orchestrator.master.rates import SlowPace
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

    def read(self) -> Vector:
        """Its elements now."""
        found = self.values[self.places]
        if self.courses is not None:
            for element, place in self.courses_of:
                found[element] = self.courses.used[place]
        return np.asarray(self.scales * found + self.offsets)


class Ledger:
    """One bond in time: `residual` is what was lost per second in the last step, `total` what was lost since the start.

    Lost is what the component at which the first connection begins gave, less what the other one got: each from the
    outputs that it has at the end of the step and the inputs that it used there.
    """

    def __init__(
        self, name: str, bond: Bond, ends: tuple[tuple[_Reading, _Reading], ...], said: BondStatistics
    ) -> None:
        self.name, self._bond, self._ends, self._said = name, bond, ends, said
        self.residual = self.total = self.flow = 0.0

    def settle(self, t: float, end: float) -> None:
        """A step from t to `end` (s) was made."""
        here, there = (float(first.read() @ second.read()) * self._bond.factor for first, second in self._ends)
        self.residual, self.flow = here - there, max(abs(here), abs(there))
        self.total += self.residual * (end - t)
        self._said.take(self.residual, self.total, end)

    @property
    def error(self) -> float:
        """What is lost per second, relative to what flows and to what is declared to flow usually."""
        return abs(self.residual) / (self._bond.nominal + self.flow)

    def remembered(self) -> Remembered:
        """The ledger."""
        numbers = {"residual": self.residual, "total": self.total, "flow": self.flow}
        return {**numbers, "said": dict(vars(self._said))}

    def remember(self, memory: Remembered) -> None:
        """Go back to an earlier page."""
        self.residual, self.total, self.flow = memory["residual"], memory["total"], memory["flow"]
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
        _refuse_slow(name, first[0], coupling)
        sizes = _sizes(name, bond, (first[0], second[0]), coupling)
        owner = first[0].source.component
        ends = tuple(
            (
                _reading(first, sizes[0], coupling, outputs=is_owner),
                _reading(second, sizes[1], coupling, outputs=(second[0].source.component == owner) == is_owner),
            )
            for is_owner in (True, False)
        )
        yield Ledger(name, bond, ends, coupling.statistics.bond(name))


def _refuse_slow(name: str, link: Link, coupling: Coupling) -> None:
    for slot in (link.source, link.destination):
        if isinstance(_participant(slot.component, coupling).pace, SlowPace):
            raise DescriptionError(
                f"bonds.{name}: '{slot.component}' steps less often than the system, so that its end is not at the "
                "same time as the other one. Give it the step size of the system, or leave the bond out"
            )


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
