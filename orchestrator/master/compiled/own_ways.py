"""Own ways: what a component does that steps at another rate than the system, or on inputs with courses, as tables."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.instance import Values
from orchestrator.master.compiled.eventful import chosen
from orchestrator.master.compiled.flows import can_flow, gather_words
from orchestrator.master.compiled.layout import own as own
from orchestrator.master.compiled.tables import Range, Tables, Words, address, word
from orchestrator.master.inflows import Derivatives, Inflow
from orchestrator.master.input_courses import CourseParts, InputCourses
from orchestrator.master.participant import Participant
from orchestrator.master.rates import SlowPace, SubSteps
from orchestrator.master.step_size import FixedStep
from orchestrator.native import NativeSlopes, native_slopes

_NODES: Final = 4


class Row:
    """The words of one table, by their offsets."""

    def __init__(self, size: int, tables: Tables) -> None:
        self.words: Words = np.zeros(size // 8, np.int64)
        self.address: Final = tables.keep(self.words)

    def put(self, place: int, *values: int) -> None:
        """Words from this place on."""
        self.words[place // 8 : place // 8 + len(values)] = values

    def put_double(self, place: int, value: float) -> None:
        """A double."""
        self.words[place // 8] = word(value)

    def double(self, place: int) -> float:
        """The double there."""
        return float(self.words[place // 8 : place // 8 + 1].view(np.float64)[0])

    def __getitem__(self, place: int) -> int:
        return int(self.words[place // 8])


def can_go(participant: Participant) -> bool:
    """Whether a compiled loop can do all that the component's own way needs."""
    if isinstance(participant.pace, SlowPace) and not can_flow(participant.pace.plan):
        return False
    if participant.courses is None:
        return True
    parts = participant.courses.parts
    told = [(each.known, each.bundle) for inflow in parts.inflows for each in inflow.derivatives]
    given = [] if parts.slopes is None else [(parts.slopes.slopes, parts.slopes.bundle)]
    return can_flow(parts.plan) and all(native_slopes(*each) is not None for each in (*told, *given))


class OwnWay:
    """The table of one component. Call order: 1 `load`, 2 steps of the hot loop, 3 `store`."""

    def __init__(self, participant: Participant, tables: Tables, grid: FixedStep, *, newest: bool) -> None:
        self._participant, self._tables = participant, tables
        self._row = Row(own.OWN_WAY, tables)
        self.address: Final = self._row.address
        self._kept: list[Values] = []
        self._row.put(own.GRID_START, word(grid.start), word(grid.step_size))
        pace = participant.pace
        if isinstance(pace, SubSteps):
            self._row.put_double(own.SUB_STEP, pace.step_size)
        if isinstance(pace, SlowPace):
            self._slow(pace, newest=newest)
        courses = participant.courses
        self._courses = None if courses is None else CourseTable(courses, tables, newest=newest)
        if participant.events is not None:
            self._row.put(own.GIVEN, *tables.table(chosen(participant.events)))
        self._row.put(own.COURSES, 0 if self._courses is None else self._courses.address)

    @property
    def begins(self) -> bool:
        """Whether something is done at the beginning of macro steps."""
        return self._participant.prepares

    @property
    def made(self) -> int:
        """Parts of the step under way that are made."""
        return self._row[own.PART]

    @property
    def memory(self) -> Sequence[NDArray[Any]]:
        """All that changes in a step, in whole words, but for the counts."""
        events = self._participant.events
        given = () if events is None else tuple(each.given for each in events.continuous)
        return (*given, *(() if self._courses is None else self._courses.memory))

    def forget(self, index: int, *, begun: bool = False) -> None:
        """Do not count the steps of this macro step, with the one that was `begun` and is not made."""
        period = self._row[own.PERIOD]
        if period == 0 or (index + 1) % period == 0:
            self._row.put(own.STEPS, self._row[own.STEPS] - self.made - begun)

    def load(self) -> None:
        """Take what the component remembers."""
        pace = self._participant.pace
        if isinstance(pace, SlowPace):
            for mine, kept in zip(self._kept, pace.remembered()["kept"], strict=True):
                mine[:] = kept
        if self._courses is not None:
            self._courses.load()

    def store(self) -> None:
        """Let the component remember what the hot loop has done, and count its steps."""
        self._participant.statistics.steps += self._row[own.STEPS]
        self._row.put(own.STEPS, 0)
        if isinstance(self._participant.pace, SlowPace):
            self._participant.pace.remember({"kept": self._kept})
        if self._courses is not None:
            self._courses.store()

    def _slow(self, pace: SlowPace, *, newest: bool) -> None:
        self._row.put(own.PERIOD, pace.period.count, int(not newest), int(pace.in_loop))
        self._row.put(own.GATHER, *gather_words(pace.plan, self._tables))
        rows = []
        for block in self._participant.inputs:
            kept, latest = np.zeros_like(block.values), np.zeros_like(block.values)
            self._kept.append(kept)
            places = (address(block.values), self._tables.keep(kept), self._tables.keep(latest))
            rows.append((*places, block.values.nbytes))
        self._row.put(own.INPUTS, *self._tables.table(rows))


class CourseTable:
    """The table of the courses of one component."""

    def __init__(self, courses: InputCourses, tables: Tables, *, newest: bool) -> None:
        self._courses, self._tables, self._parts = courses, tables, courses.parts
        parts, n = self._parts, courses.where.size
        row = self._row = Row(own.COURSES_SIZE, tables)
        self.address: Final = row.address
        row.put(0, *gather_words(parts.plan, tables))
        row.put(own.NUMBER, n, courses.order, int(parts.smoothing), int(newest))
        self._coefficients, self._means = np.zeros((3, n)), np.zeros(n)
        self._last, self._missing = np.zeros(n), np.zeros(n)
        places = address(parts.block.values) + 8 * parts.where.astype(np.int64)
        arrays = places, self._coefficients, self._means, self._last, self._missing, np.zeros(n)
        masks = parts.follows.astype(np.int64), parts.passes.astype(np.int64)
        row.put(own.PLACES, *(tables.keep(np.ascontiguousarray(array)) for array in (*arrays, *masks)))
        self._inflows = [InflowTable(inflow, courses.order, tables) for inflow in parts.inflows]
        row.put(own.INFLOWS, *self._inflow_rows())
        row.put(own.SLOPES, self._handing(parts))

    def load(self) -> None:
        """Take what the courses remember."""
        memory, row = self._courses.remembered(), self._row
        self._last[:], self._missing[:] = memory["last"], memory["missing"]
        course = memory["course"]
        row.put(own.UNDER_WAY, int(course is not None))
        if course is not None:
            row.put_double(own.BASE, course["start"])
            row.put_double(own.END, course["end"])
            self._coefficients[:], self._means[:] = course["coefficients"], course["mean"]
        for table, inflow in zip(self._inflows, memory["inflows"], strict=True):
            table.load(inflow)
        self._put_inflows(lambda table: table.points)

    def store(self) -> None:
        """Let the courses remember."""
        row = self._row
        course = None
        if row[own.UNDER_WAY]:
            times = {"start": row.double(own.BASE), "end": row.double(own.END)}
            course = {**times, "coefficients": self._coefficients, "mean": self._means}
        points = self._rows[:, own.POINTS // 8].tolist()
        inflows = [table.remembered(count) for table, count in zip(self._inflows, points, strict=True)]
        self._courses.remember({"inflows": inflows, "last": self._last, "missing": self._missing, "course": course})

    @property
    def memory(self) -> Sequence[NDArray[Any]]:
        """All that changes in a step, in whole words."""
        own_arrays = (self._row.words, self._rows, self._coefficients, self._means, self._last, self._missing)
        return (*own_arrays, *(array for table in self._inflows for array in table.memory))

    def _inflow_rows(self) -> Range:
        self._rows = np.array([table.words for table in self._inflows], np.int64)
        first = self._tables.keep(self._rows)
        return Range(first, first + self._rows.nbytes)

    def _put_inflows(self, value: "Callable[[InflowTable], int]") -> None:
        self._rows[:, own.POINTS // 8] = [value(table) for table in self._inflows]

    def _handing(self, parts: CourseParts) -> int:
        """How derivatives are handed over; 0 where they are not."""
        slopes = parts.slopes
        if slopes is None:
            return 0
        found = native_slopes(slopes.slopes, slopes.bundle)
        assert found is not None
        count, width = slopes.degree, slopes.bundle.size
        orders = np.repeat(np.arange(1, count + 1, dtype=np.intc), width)
        references = np.tile(slopes.bundle.references, count) if found.references is None else found.references
        ranks = np.flatnonzero(slopes.follows).tolist()
        targets = [(place, rank, 0) for place, rank in zip(slopes.places.tolist(), ranks, strict=True)]
        call = _Call(found, references, orders, np.zeros(count * width))
        row = Row(own.DERIVATIVES_ROW, self._tables)
        row.put(0, *_call_words(call, targets, self._tables), count, width)
        return row.address


class InflowTable:
    """The words of one inflow, and its memory."""

    def __init__(self, inflow: Inflow, order: int, tables: Tables) -> None:
        self._tables, size, room = tables, inflow.where.size, order + 1
        self.points = 0
        self._times, self._has_slopes = np.zeros(room), np.zeros(room, np.int64)
        self._values, self._slopes = np.zeros((room, size)), np.zeros((room, size))
        self.memory: Sequence[NDArray[Any]] = (self._times, self._values, self._slopes, self._has_slopes)
        period = 0 if inflow.origin.period is None else inflow.origin.period.count
        row = Row(own.INFLOW_ROW, tables)
        row.put(own.AHEAD, int(inflow.origin.ahead), period)
        row.put(own.RANKS, tables.keep(inflow.where.astype(np.int64)), size)
        row.put(own.TIMES, *(tables.keep(array) for array in self.memory))
        calls = tables.table(self._reading(each) for each in inflow.derivatives)
        row.put(own.DERIVATIVES, *calls)
        row.put(own.NODES, tables.keep(np.zeros(own.NODE_ROW * _NODES // 8, np.int64)), tables.keep(np.zeros(size)))
        self.words = row.words.tolist()

    def load(self, memory: Any) -> None:
        """Take remembered points."""
        self.points = len(memory["times"])
        for index, (time, values, slopes) in enumerate(
            zip(memory["times"], memory["values"], memory["slopes"], strict=True)
        ):
            self._times[index], self._values[index] = time, values
            self._has_slopes[index] = slopes is not None
            self._slopes[index] = np.nan if slopes is None else slopes

    def remembered(self, points: int) -> dict[str, Any]:
        """So many points."""
        slopes = [self._slopes[index] if self._has_slopes[index] else None for index in range(points)]
        return {"times": self._times[:points].tolist(), "values": list(self._values[:points]), "slopes": slopes}

    def _reading(self, derivatives: Derivatives) -> Sequence[int]:
        bundle = derivatives.bundle
        found = native_slopes(derivatives.known, bundle)
        assert found is not None
        orders, numbers = np.ones(bundle.size, np.intc), np.zeros(bundle.size)
        targets = [(position, place, word(factor)) for position, place, factor in derivatives.targets]
        references = bundle.references if found.references is None else found.references
        call = _Call(found, references, orders, numbers)
        return (*_call_words(call, targets, self._tables), 1, bundle.size)


class _Call(NamedTuple):
    """A call for derivatives and its arguments."""

    native: NativeSlopes
    references: NDArray[Any]
    orders: NDArray[np.intc]
    numbers: NDArray[np.float64]


def _call_words(call: _Call, targets: Iterable[Sequence[int]], tables: Tables) -> tuple[int, ...]:
    arrays = tables.keep(np.ascontiguousarray(call.references)), tables.keep(call.orders), tables.keep(call.numbers)
    references, orders, numbers = arrays
    function, handle, _ = call.native
    return (function, handle, references, call.orders.size, orders, numbers, *tables.table(targets))
