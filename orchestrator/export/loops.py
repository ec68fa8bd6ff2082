"""Loops: components that are solved for together, as tables of a container.

The memory of a solver is laid out by the same code as in a run (`orchestrator.master.loops`), and taken over word by
word; what are addresses in it become offsets. The mathematics are translated into C.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fmus.container.loops import Asked, Loop, Mathematics, Shadow
from fmus.container.values import Type
from orchestrator.errors import CapabilityError
from orchestrator.export.image import Image, Place
from orchestrator.export.translation import named, translated
from orchestrator.instance import directional_derivatives
from orchestrator.master.compiled.tables import address
from orchestrator.master.coupling import Coupling
from orchestrator.master.loops import layout as at
from orchestrator.master.loops.hot_iteration import begin, following
from orchestrator.master.loops.hot_methods import aitken, anderson, fixed_point
from orchestrator.master.loops.hot_newton import newton
from orchestrator.master.loops.hot_slopes import change_parts, invert, learn, ready
from orchestrator.master.loops.loop import Loop as Solved
from orchestrator.signals import Signals
from orchestrator.system.connector import Storage
from orchestrator.system.solving import LoopSolver

_METHODS: Final = {at.FIXED_POINT: fixed_point, at.AITKEN: aitken, at.ANDERSON: anderson, at.NEWTON: newton}
_SAME: Final = {
    Storage.FLOAT64: Type.FLOAT64,
    Storage.INT64: Type.INT64,
    Storage.UINT64: Type.UINT64,
    Storage.BOOLEAN: Type.BOOLEAN,
}
"""What has the same bytes in the image as in the signals of a run."""

Words = NDArray[np.int64]


def mathematics() -> Mathematics:
    """What solves loops."""
    functions: list[Callable[..., Any]] = [begin, following, change_parts, learn, ready, invert]
    functions += _METHODS.values()
    reached = (at.ITERATIONS, at.WORST, at.WORST_UNKNOWN)
    return Mathematics(translated(functions), named(begin), named(following), named(change_parts), reached)


def lowered_loops(
    groups: Sequence[Sequence[str]], coupling: Coupling, settings: LoopSolver, parts: Mapping[str, int], image: Image
) -> Iterator[Loop]:
    """The tables of loops; an error for a component that cannot go back, and for values of types that do not fit."""
    for names in groups:
        yield _Memory(Solved(names, coupling, settings), coupling.signals, parts, image).loop()


_ENDS: Final = {at.DISCRETE: at.DISCRETE_END, at.PARTS: at.PARTS_END}, {at.FEEDS: at.FEEDS_END}
"""Words that tell where tables begin, and where they end: of an iteration, and of a component."""


class _Piece(NamedTuple):
    """An array of a solver, and where it goes: a number of bytes from the beginning of the memory, or in the image."""

    array: NDArray[Any]
    first: int
    in_image: bool

    def __contains__(self, place: object) -> bool:
        begins = address(self.array)
        return isinstance(place, int) and (begins <= place < begins + self.array.nbytes or place == begins)

    def offset(self, place: int) -> int:
        """Where an address in the array goes."""
        return self.first + place - address(self.array)


class _Memory:
    """The memory of one solver, whose words are looked through for addresses.

    An address is known by what it is: no count is as large, and as a double it would be smaller than any that occurs.
    """

    def __init__(self, solved: Solved, signals: Signals, parts: Mapping[str, int], image: Image) -> None:
        self._solved, self._parts, self._image = solved, parts, image
        self._signals = signals
        self._shadows: dict[int, Shadow] = {}
        self._spaces = solved.iteration.workspaces
        memory = self._spaces[0]
        # states that are kept hold what was learnt: it is not kept beside
        self._passed_by = {memory[place] for place in (at.LEARNT, at.HISTORY_COPY)}
        for place in (at.LEARNT, at.LEARNT_END, at.HISTORY_COPY):
            memory[place] = 0
        self._pieces = dict(self._placed())
        self._begins = sorted(self._pieces)
        self._ends = dict(self._table_ends())

    def _placed(self) -> Iterator[tuple[int, _Piece]]:
        """All arrays by their addresses, what changes from step to step in the image; what is zero comes last.

        Their order has nothing to do with where they lie now: the same system gives the same words.
        """
        changing = {address(_root(array)) for array in self._solved.iteration.changing}
        roots = [_root(array) for array in self._arrays()]
        arrays = {address(each): each for each in roots if address(each) not in self._passed_by}
        self._size = self._given = 0
        for begins, array in sorted(arrays.items(), key=lambda each: not each[1].any()):
            room = max(at.WORD, array.nbytes)
            if begins in changing:
                place = self._image.room(room)
                self._image.fill(place, array.tobytes())
                yield begins, _Piece(array, place, in_image=True)
                continue
            yield begins, _Piece(array, self._size, in_image=False)
            self._size += room
            self._given = self._size if array.any() else self._given

    def _table_ends(self) -> Iterator[tuple[int, int]]:
        """Words that hold the ends of tables, and the addresses where these begin."""
        for number, space in enumerate(self._spaces):
            first = self._word(space.address)
            for begin_at, end_at in _ENDS[min(number, 1)].items():
                yield first + end_at // at.WORD, space[begin_at]

    def loop(self) -> Loop:
        """All of it as a table."""
        self._words = np.zeros(self._size // at.WORD, np.int64)
        self._inside: list[tuple[int, int]] = []
        self._in_image: list[tuple[int, int]] = []
        for piece in self._pieces.values():
            if not piece.in_image:
                self._take(piece)
        functions = list(self._functions())
        asked = tuple(self._asked())
        return Loop(
            tuple(self._parts[each.name] for each in self._solved.participants),
            self._solved.iteration.names,
            self._word(self._spaces[0].address),
            self._words[: self._given // at.WORD],
            self._words.size,
            tuple(self._inside),
            tuple(self._in_image),
            tuple(functions),
            asked,
            tuple(self._shadows.values()),
        )

    def _arrays(self) -> Iterator[NDArray[Any]]:
        yield from (array for space in self._spaces for array in space.arrays)
        for participant in self._solved.participants:
            yield from getattr(directional_derivatives(participant.instance), "references", ())

    def _take(self, piece: _Piece) -> None:
        """Copy an array, with offsets in the place of addresses."""
        first = piece.first // at.WORD
        for number, value in enumerate(piece.array.view(np.int64).ravel().tolist(), first):
            self._words[number] = 0 if self._is_address(number, value) else value

    def _is_address(self, number: int, value: int) -> bool:
        begins = self._ends.get(number, value)  # what lies behind a table may belong to another one
        found = self._piece(begins)
        if found is not None:
            (self._in_image if found.in_image else self._inside).append((number, found.offset(begins) + value - begins))
            return True
        place = self._in_signals(value)
        if place is not None:
            self._in_image.append((number, place))
        return place is not None

    def _piece(self, place: int) -> _Piece | None:
        index = bisect_right(self._begins, place) - 1
        found = self._pieces[self._begins[index]] if index >= 0 else None
        return found if found is not None and place in found else None

    def _in_signals(self, value: int) -> int | None:
        for storage in _SAME:
            array = self._signals.array(storage)
            if array.size and address(array) <= value < address(array) + array.nbytes:
                return self._place(storage, (value - address(array)) // array.itemsize)
        return None

    def _place(self, storage: Storage, index: int) -> int:
        """Where the element of the signals with this number lies in the image."""
        component, name, place = self._elements[storage, index]
        return place.offset if place.type is _SAME[storage] else self._shadow(component, name, place)

    @cached_property
    def _elements(self) -> Mapping[tuple[Storage, int], tuple[str, str, Place]]:
        """Component, connector and place in the image of the elements of the signals, by class and number."""
        found = {}
        for (component, name), place in self._image.places.items():
            if self._signals.direction(component, name) is not None:
                known = self._signals.place(component, name)
                for index in range(known.stop - known.start):
                    one = Place(place.type, place.element(index))
                    found[known.connector.storage, known.start + index] = component, name, one
        return found

    def _shadow(self, component: str, name: str, place: Place) -> int:
        """Where a value of another type lies for the solver; CapabilityError for floats, whose trials are rounded."""
        if place.type.floating:
            raise CapabilityError(
                f"export-fmu: loop {self._solved.name}: '{component}.{name}' has 32 bits, to which a container rounds "
                "what it tries. Declare a 'delay' on its connection, or export the FMU with 64 bits"
            )
        if place.offset not in self._shadows:
            self._shadows[place.offset] = Shadow(place.type, place.offset, self._image.room(at.WORD))
        return self._shadows[place.offset].shadow

    def _word(self, place: int) -> int:
        """The number of the word at an address."""
        found = self._piece(place)
        assert found is not None
        return found.offset(place) // at.WORD

    def _functions(self) -> Iterator[tuple[int, str]]:
        memory = self._spaces[0]
        known = {at.LEARNS_FROM: learn, at.READIES: ready, at.INVERTS: invert, at.CHOOSES: _METHODS[memory[at.METHOD]]}
        first = self._word(memory.address)
        for place, function in known.items():
            if memory[place]:
                self._words[first + place // at.WORD] = 0
                yield first + place // at.WORD, named(function)

    def _asked(self) -> Iterator[Asked]:
        for name, space in zip((each.name for each in self._solved.participants), self._spaces[1:], strict=False):
            if space[at.TELLS]:
                first = self._word(space.address)
                yield Asked(self._parts[name], first + at.FUNCTION // at.WORD, first + at.ARGUMENTS // at.WORD)


def _root(array: NDArray[Any]) -> NDArray[Any]:
    """The array whose memory this is."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
