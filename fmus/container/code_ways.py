"""The C tables of parts with a pace of their own, on extrapolated inputs or with a solver; see runtime/system.h."""

from collections.abc import Callable, Iterable, Sequence

from fmus.container.values import Flow
from fmus.container.ways import Colour, Exchange, Extrapolation, Giving, Inflow, Pace, Reading, Target


class Ways:
    """Rows of these tables; `references` is the table of all references, `flows` adds some to that of the flows."""

    def __init__(self, references: list[int], flows: Callable[[Sequence[Flow]], str]) -> None:
        self._references, self._flows = references, flows
        self._rows: dict[str, list[str]] = {name: [] for name in _KINDS}

    @property
    def tables(self) -> Iterable[tuple[str, str, list[str]]]:
        """The tables: type of a row, name, rows."""
        return ((kind, name, self._rows[name]) for name, kind in _KINDS.items())

    def pace(self, pace: Pace | None) -> int:
        """The number of the row for a pace; -1 where there is none."""
        if pace is None:
            return -1
        places = f"{pace.inputs}, {pace.size}, {pace.kept}, {self._flows(pace.flows)}"
        return self._add("paces", f"{{{pace.sub_step!r}, {pace.period}, {int(pace.samples)}, {places}}}")

    def extrapolation(self, one: Extrapolation | None) -> int:
        """The number of the row for extrapolated inputs; -1 where there are none."""
        if one is None:
            return -1
        elements = (f"{{{each.offset}, {int(each.follows)}, {int(each.passes)}}}" for each in one.elements)
        ranges = [
            self._range("elements", elements),
            self._range("inflows", list(map(self._inflow, one.inflows))),
            self._flows(one.flows),
        ]
        numbers = f"{one.order}, {int(one.smoothing)}, {int(one.newest)}, {self._giving(one.giving)}"
        return self._add("extrapolations", f"{{{numbers}, {', '.join(ranges)}, {one.memory}}}")

    def exchange(self, one: Exchange | None) -> int:
        """The number of the row for a solver; -1 where there is none."""
        if one is None:
            return -1
        colours = self._range("colours", list(map(self._colour, one.colours)))
        sizes = f"{one.states}, {one.indicators}, {int(one.completed_steps)}"
        numbers = f"{one.method}, {one.step!r}, {one.tolerance!r}, {one.default_tolerance!r}"
        unknowns = self._referred(one.unknowns)
        courses = f"{one.courses_size}, {self._referred(one.courses)}, {one.courses_memory}"
        return self._add("exchanges", f"{{{sizes}, {numbers}, {unknowns}, {colours}, {one.memory}, {courses}}}")

    def _colour(self, colour: Colour) -> str:
        seeds = self._range("seeds", (repr(each) for each in colour.seed))
        entries = self._range("matrix_entries", (f"{{{one}, {other}}}" for one, other in colour.entries))
        return f"{{{self._referred(colour.knowns)}, {seeds}, {entries}}}"

    def _inflow(self, inflow: Inflow) -> str:
        ranks = self._range("ranks", map(str, inflow.ranks))
        readings = self._range("readings", list(map(self._reading, inflow.readings)))
        return f"{{{int(inflow.ahead)}, {inflow.period}, {ranks}, {readings}, {inflow.memory}}}"

    def _reading(self, reading: Reading) -> str:
        numbers = f"{reading.part}, {reading.course}, {self._referred(reading.references)}, {reading.size}"
        return f"{{{numbers}, {self._targets(reading.targets)}}}"

    def _giving(self, giving: Giving | None) -> int:
        if giving is None:
            return -1
        numbers = f"{giving.degree}, {len(giving.places)}, {self._referred(giving.references)}"
        places = self._range("places", map(str, giving.places))
        return self._add("givings", f"{{{numbers}, {places}, {self._targets(giving.targets)}}}")

    def _referred(self, references: Sequence[int]) -> str:
        first = len(self._references)
        self._references += references
        return f"{len(references)}, {first}"

    def _targets(self, targets: Iterable[Target]) -> str:
        return self._range("targets", (f"{{{each.place}, {each.element}, {each.factor!r}}}" for each in targets))

    def _range(self, name: str, rows: Iterable[str]) -> str:
        first = len(self._rows[name])
        self._rows[name] += rows
        return f"{{{first}, {len(self._rows[name])}}}"

    def _add(self, name: str, row: str) -> int:
        self._rows[name].append(row)
        return len(self._rows[name]) - 1


_KINDS = {
    "paces": "pace_table",
    "extrapolations": "extrapolation_table",
    "elements": "element_table",
    "inflows": "inflow_table",
    "ranks": "int",
    "readings": "reading_table",
    "givings": "giving_table",
    "targets": "derivative_target",
    "places": "size_t",
    "exchanges": "exchange_table",
    "colours": "colour_table",
    "seeds": "double",
    "matrix_entries": "matrix_entry",
}
