"""Lowering: a coupled system as the program of a compiled loop."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import gcd
from typing import Final, NamedTuple

import numpy as np

from orchestrator.instance import Bundle, Values
from orchestrator.master.compiled.eventful import Moved, changes, inputs, needs_looking, outputs
from orchestrator.master.compiled.flows import Parted, can_flow, gather_words, parted
from orchestrator.master.compiled.forms import FORMS
from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.lowering_loops import LoweredLoop, lower_loop, unsolvable
from orchestrator.master.compiled.narrowing import narrowed
from orchestrator.master.compiled.own_ways import OwnWay, can_go
from orchestrator.master.compiled.tables import Range, Tables, Words, address, word
from orchestrator.master.coupling import Coupling
from orchestrator.master.events import SNAP
from orchestrator.master.loops.loop import Loop
from orchestrator.master.participant import Participant
from orchestrator.master.rates import SlowPace
from orchestrator.master.step_size import FixedStep
from orchestrator.native import Native, NativeCall, native
from orchestrator.signals import GatherPlan
from orchestrator.system.connector import Storage

NUMBERS: Final = (Storage.FLOAT64, Storage.INT64, Storage.UINT64, Storage.BOOLEAN)
"""What a compiled loop can move; text and bytes are Python's."""


@dataclass(frozen=True, eq=False)
class Program:
    """A lowered system: `words` is what the loop is given, `rows` has a row of words for each participant.

    `natives` are the C sides of the participants that are stepped by address, None for the others. `kept` are the
    values at the last communication points, in turn. `calls` says of what bundle the call at an address is, and
    whether it sets. `rest` is what Python gathers at the beginning of each macro step. `ways` are those of components
    that step in a way of their own, by number, and `prepared` the numbers of those of them that begin with macro steps.
    `loops` are the groups of components that are solved for. `narrowed` are the words for `layout.NARROWED`.
    """

    words: Words
    rows: Words
    natives: tuple[Native | None, ...]
    answers: Words
    kept: tuple[dict[Storage, Values], ...]
    calls: dict[int, tuple[Bundle, bool]]
    rest: GatherPlan
    ways: dict[int, OwnWay]
    prepared: tuple[int, ...]
    loops: tuple[LoweredLoop, ...]
    narrowed: Range
    tables: Tables = field(repr=False)

    @cached_property
    def address(self) -> int:
        """What the loop is called with."""
        return address(self.words)

    @cached_property
    def _view(self) -> "memoryview[int]":
        """The words once more, which Python reads faster so."""
        return memoryview(self.words.data).cast("B").cast("q")

    def __getitem__(self, place: int) -> int:
        return self._view[place // at.WORD]

    def __setitem__(self, place: int, value: int) -> None:
        self._view[place // at.WORD] = value

    def put(self, place: int, *values: int) -> None:
        """Words from this place on."""
        for offset, value in enumerate(values):
            self[place + at.WORD * offset] = value


def lower(
    coupling: Coupling, grid: FixedStep, views: GatherPlan, loops: Sequence[Loop] = (), *, newest: bool
) -> Program | None:
    """The program of Gauss-Seidel (`newest`) or Jacobi; None where a compiled loop would gain nothing, or cannot.

    Text and bytes, ranges that are checked and the like make a component step by Python; values that are altered on
    their way are gathered by Python. So are `loops` solved one of whose components cannot take part by address.
    """
    natives = [_native(each, newest=newest) for each in coupling.participants]
    for number in unsolvable(loops, coupling.participants, natives):
        natives[number] = None
    shown = parted(views)
    if not any(natives) or any(transfer.destination.dtype != object for transfer in shown.rest):
        return None
    at_once = parted(coupling.delayed if newest else coupling.plan)
    return _Lowering(coupling, natives, grid, newest=newest).program(at_once, shown.flowing, loops)


def _native(participant: Participant, *, newest: bool) -> Native | None:
    """The C side of a participant whose whole step can be made by address."""
    found = native(participant.instance)
    plain = participant.ranges is None and can_go(participant)
    if found is None or not plain or (newest and not can_flow(participant.plan)):
        return None
    moves = (*inputs(participant), *outputs(participant))
    calls = [found.calls(each.bundle) for each in moves]
    return found if all(each is not None and all(map(_reachable, each)) for each in calls) else None


def _first_clipped(grid: FixedStep) -> int:
    """The first macro step that ends before its whole length, at the stop; the number of all where none does."""
    index = grid.count
    while index and grid.time(index - 1) + grid.step_size > grid.stop:
        index -= 1
    return index


def _reachable(call: NativeCall) -> bool:
    return call.get != 0


class _Calls(NamedTuple):
    """Calls that set or get; whether there is at most one, of values as they lie."""

    rows: Range
    single: bool


class _Lowering:
    def __init__(self, coupling: Coupling, natives: Sequence[Native | None], grid: FixedStep, *, newest: bool) -> None:
        self._grid = grid
        self._coupling, self._natives, self._newest = coupling, tuple(natives), newest
        self._tables = Tables()
        self._calls: dict[int, tuple[Bundle, bool]] = {}
        self._answers = np.zeros((len(natives), 2), np.int64)
        self._ways: dict[int, OwnWay] = {}
        signals = coupling.signals
        self._kept: tuple[dict[Storage, Values], ...] = ({}, {}, {}, {})
        for kept in self._kept:
            for storage in NUMBERS:
                values = signals.array(storage)
                kept[storage] = np.zeros(values.size + -values.size % 8, values.dtype)[: values.size]

    def program(self, at_once: Parted, views: GatherPlan, loops: Sequence[Loop]) -> Program:
        grid = self._grid
        words = np.zeros(at.PROGRAM // at.WORD, np.int64)
        rows = np.array([self._row(index) for index in range(len(self._natives))], np.int64)
        kept = self._kept, self._calls, at_once.rest, self._ways
        prepared = tuple(number for number, way in self._ways.items() if way.begins)
        parts = self._coupling.participants, self._natives, self._ways
        lowered = tuple(lower_loop(each, *parts, rows, self._tables) for each in loops)
        fewer = narrowed(self._coupling, self._natives, rows, self._tables)
        program = Program(words, rows, self._natives, self._answers, *kept, prepared, lowered, fewer, self._tables)
        program[at.START], program[at.STEP_SIZE], program[at.STOP] = map(word, (grid.start, grid.step_size, grid.stop))
        program[at.COUNT], program[at.ASKS] = grid.count, self._asks(at_once)
        program[at.CLIPPED] = _first_clipped(grid)
        program.put(at.PREPARED, *self._tables.table([self._ways[number].address] for number in prepared))
        program.put(at.ALL_AT_ONCE, *gather_words(at_once.flowing, self._tables))
        program.put(at.VIEWS, *gather_words(views, self._tables))
        program[at.COMPONENTS] = program[at.COMPONENT] = address(rows)
        program[at.COMPONENTS_END] = address(rows) + rows.nbytes
        floats, others = list(self._floats()), [*self._others(), *self._tried(lowered)]
        program.put(at.FLOATS, *self._tables.sequence(floats, others))
        program.put(at.WHOLE, *self._tables.table(self._whole()))
        self._events(program)
        return program

    def _row(self, index: int) -> list[int]:
        participant, found = self._coupling.participants[index], self._natives[index]
        row = np.zeros(at.COMPONENT_ROW // at.WORD, np.int64)

        def put(place: int, *values: int) -> None:
            row[place // at.WORD : place // at.WORD + len(values)] = values

        if found is not None:
            if self._newest:
                put(at.GATHER, *gather_words(participant.plan, self._tables))
            sets = self._table(found, inputs(participant), setting=True)
            gets = self._table(found, outputs(participant), setting=False)
            by_three = at.GATHERED if self._newest and participant.plan else at.BY_THREE
            put(at.NATIVE, by_three if sets.single and gets.single else at.BY_CALLS)
            put(at.SETS, *sets.rows)
            put(at.DO_STEP, found.do_step, found.handle)
            put(at.ANSWERS, address(self._answers[index]))
            put(at.GETS, *gets.rows)
            if not (participant.pace is None and participant.courses is None and participant.events is None):
                put(at.NATIVE, at.BY_CALLS)
                way = self._ways[index] = OwnWay(participant, self._tables, self._grid, newest=self._newest)
                put(at.OWN_WAY, way.address)
        elif isinstance(participant.pace, SlowPace) and (not self._newest or can_flow(participant.plan)):
            put(at.GATHER, *gather_words(participant.plan if self._newest else (), self._tables))
            put(at.NATIVE, at.SLOWLY)
            put(at.OWN_WAY, participant.pace.period.count)
        return row.tolist()

    def _asks(self, at_once: Parted) -> int:
        """Of how many macro steps Python is asked at the beginning of one; 0 where it is not asked."""
        both = zip(self._coupling.participants, self._natives, strict=True)
        alone = [each for each, found in both if each.prepares and found is None]
        if at_once.rest or any(each.courses is not None for each in alone):
            return 1
        return gcd(*(each.pace.period.count for each in alone if isinstance(each.pace, SlowPace)))

    def _table(self, found: Native, moves: Sequence[Moved], *, setting: bool) -> _Calls:
        calls = [(call, each) for each in moves for call in found.calls(each.bundle) or ()]
        rows = [self._call(call, each, setting=setting) for call, each in calls]
        table = self._tables.table(rows)
        for number, (_, each) in enumerate(calls):
            self._calls[table.first + at.CALL_ROW * number] = (each.bundle, setting)
        return _Calls(table, len(rows) <= 1 and not any(row[at.ELEMENTS // at.WORD] for row in rows))

    def _call(self, call: NativeCall, moves: Moved, *, setting: bool) -> list[int]:
        function = call.set if setting else call.get
        alike = call.references.dtype == np.uint32
        references = self._tables.constant(call.references) if alike else self._tables.keep(call.references)
        signals = moves.addresses
        together = bool(np.all(np.diff(signals) == moves.dtype.itemsize))
        if call.elements is None and call.dtype == moves.dtype and together:
            return [function, references, call.references.size, int(signals[0]), call.size, 0, 0]
        memory = np.zeros(call.size, call.dtype)
        elements = self._tables.keep(memory)
        form = FORMS[moves.bundle.storage, call.dtype.str[1:]]
        places = signals if call.elements is None else signals[call.elements]
        table = self._tables.table(
            (int(place), elements + memory.itemsize * index, form) for index, place in enumerate(places)
        )
        return [function, references, call.references.size, elements, call.size, *table]

    def _events(self, program: Program) -> None:
        """The words about events at communication points."""
        participants = self._coupling.participants
        if all(each.events is None for each in participants):
            return
        between = parted(self._coupling.plan)
        looks = bool(between.rest) or needs_looking(participants, self._natives)
        if looks:
            program[at.ASKS] = 1
        program.put(at.EVENTFUL, 1, int(looks), word(np.inf), word(SNAP * self._grid.step_size))
        program.put(at.BETWEEN, *gather_words(between.flowing, self._tables))
        program.put(at.CHANGES, *self._tables.table(changes(participants)))

    def _floats(self) -> Iterator[tuple[int, ...]]:
        """Rows of the floats that come out of components; neighbours make one row."""
        blocks = [block for each in self._coupling.participants for block in each.outputs]
        pieces = sorted(
            (address(block.values), block.values.size) for block in blocks if block.bundle.storage is Storage.FLOAT64
        )
        joined: list[tuple[int, int]] = []
        for first, size in pieces:
            if joined and joined[-1][0] + 8 * joined[-1][1] == first:
                joined[-1] = (joined[-1][0], joined[-1][1] + size)
            else:
                joined.append((first, size))
        for first, size in joined:
            yield self._kept_row(Storage.FLOAT64, (first - address(self._coupling.signals.float64)) // 8, size)

    def _others(self) -> Iterator[tuple[int, ...]]:
        """Rows of floats that are only looked at, and of everything that is no float, inputs too."""
        for participant in self._coupling.participants:
            for block in participant.observed:
                if block.bundle.storage is Storage.FLOAT64:
                    first = (address(block.values) - address(self._coupling.signals.float64)) // 8
                    yield self._kept_row(Storage.FLOAT64, first, block.values.size)
        for storage in NUMBERS[1:]:
            if size := self._coupling.signals.array(storage).nbytes:
                yield self._kept_row(storage, 0, -(-size // 8))

    def _tried(self, loops: Iterable[LoweredLoop]) -> Iterator[tuple[int, ...]]:
        """Rows of the float inputs of components in loops: what was tried last, which does not follow from outputs."""
        for number in (each for loop in loops for each in loop.members):
            for block in self._coupling.participants[number].inputs:
                if block.bundle.storage is Storage.FLOAT64:
                    first = (address(block.values) - address(self._coupling.signals.float64)) // 8
                    yield self._kept_row(Storage.FLOAT64, first, block.values.size)

    def _whole(self) -> Iterator[tuple[int, int, int]]:
        """Rows of all numbers, and of where `Signals.restore` takes them from."""
        for storage in NUMBERS:
            values, kept = self._coupling.signals.array(storage), self._coupling.signals.kept(storage)
            if values.size:
                yield address(values), address(kept), -(-values.nbytes // 8)

    def _kept_row(self, storage: Storage, first: int, words: int) -> tuple[int, ...]:
        places = (address(kept[storage]) + 8 * first for kept in self._kept)
        return address(self._coupling.signals.array(storage)) + 8 * first, *places, words
