"""Loops: components that are solved for together, as tables of a container.

The memory of a solver is laid out by the same code as in a run (`orchestrator.master.loops`), and taken over word by
word; what are addresses in it become offsets. The mathematics are translated into C.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
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
        for place in (at.LEARNT, at.LEARNT_END, at.HISTORY_COPY):  # states that are kept hold what was learnt
            memory[place] = 0
        changing = {address(_root(array)) for array in solved.iteration.changing}
        arrays = {address(root): root for array in self._arrays() for root in [_root(array)]}
        self._pieces: list[_Piece] = []
        size = 0
        for begins, array in sorted(arrays.items()):
            room = max(8, array.nbytes)
            if begins in changing:
                self._pieces.append(_Piece(array, image.room(room), in_image=True))
                image.fill(self._pieces[-1].first, array.tobytes())
            else:
                self._pieces.append(_Piece(array, size, in_image=False))
                size += room
        self._size = size
        self._begins = sorted(arrays)
        self._ends = {}
        for number, space in enumerate(self._spaces):
            first = self._word(space.address)
            for begin_at, end_at in _ENDS[min(number, 1)].items():
                self._ends[first + end_at // at.WORD] = space[begin_at]

    def loop(self) -> Loop:
        """All of it as a table."""
        self._words = np.zeros(self._size // at.WORD, np.int64)
        self._inside: list[tuple[int, int]] = []
        self._in_image: list[tuple[int, int]] = []
        for piece in self._pieces:
            if not piece.in_image:
                self._take(piece)
        functions = list(self._functions())
        asked = tuple(self._asked())
        return Loop(
            tuple(self._parts[each.name] for each in self._solved.participants),
            self._solved.iteration.names,
            self._word(self._spaces[0].address),
            self._words,
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
        return self._pieces[index] if index >= 0 and place in self._pieces[index] else None

    def _in_signals(self, value: int) -> int | None:
        for storage in _SAME:
            array = self._signals.array(storage)
            if array.size and address(array) <= value < address(array) + array.nbytes:
                return self._place(storage, (value - address(array)) // array.itemsize)
        return None

    def _place(self, storage: Storage, index: int) -> int:
        """Where the element of the signals with this number lies in the image."""
        for (component, name), place in self._image.places.items():
            if self._signals.direction(component, name) is None:
                continue
            known = self._signals.place(component, name)
            if known.connector.storage is storage and known.start <= index < known.stop:
                offset = place.element(index - known.start)
                return (
                    offset if place.type is _SAME[storage] else self._shadow(component, name, Place(place.type, offset))
                )
        raise AssertionError((storage, index))

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
