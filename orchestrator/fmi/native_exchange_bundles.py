"""Bundles as compiled functions of Model Exchange know them: their calls, and the values that were given last."""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from orchestrator.fmi import exchange_layout as at
from orchestrator.fmi.exchange_shared import Shared
from orchestrator.fmi.fmu import Fmu
from orchestrator.fmi.model_exchange_inputs import Courses
from orchestrator.fmi.model_exchange_values import Memory
from orchestrator.fmi.native_co_simulation import address
from orchestrator.instance import Bundle
from orchestrator.system.connector import Storage

_WORDS: Final = at.CALLS // at.WORD


class NativeBundle:
    """A bundle whose values all have one type in memory: `words` for the compiled functions (see `exchange_layout`).

    `elements` are the places of its values in those of the bundle, in the order of the calls; `wanted_at` those among
    the inputs on courses, where it has one.
    """

    def __init__(
        self, fmu: Fmu, bundle: Bundle, kinds: Iterable[str], wanted_at: NDArray[np.intp] | None = None
    ) -> None:
        self.bundle: Final = bundle
        types, sizes = fmu.model.types, [connector.size for connector in bundle.connectors]
        rows, elements, arrays, begin = [], [], [], 0
        for kind in kinds:
            access = fmu.functions.access[kind]
            mine = [connector for connector in bundle.connectors if types[connector.name] == kind]
            references = np.array([connector.reference for connector in mine], np.uint32)
            places = np.flatnonzero(np.repeat([types[c.name] == kind for c in bundle.connectors], sizes))
            offset = begin * access.dtype.itemsize
            rows += [address(access.get), address(access.set), references.ctypes.data, references.size]
            rows += [offset, places.size]
            arrays.append(references)
            elements.append(places)
            begin += places.size
            self.dtype = access.dtype
        self.elements: Final[NDArray[np.intp]] = np.concatenate(elements)
        self.kept: Final = np.zeros(begin, self.dtype)
        self.words: Final[NDArray[np.int64]] = np.array([0] * _WORDS + rows, np.int64)
        self._references = arrays  # of which the words have the addresses only
        width = 0 if self.dtype == np.float64 else self.dtype.itemsize
        self._put(at.KEPT, int(self.kept.ctypes.data))
        self._put(at.ELEMENTS, begin)
        self._put(at.WIDTH, width)
        self._put(at.REFUSED, fmu.refused_in_steps(bundle))
        self._places = None if wanted_at is None or not wanted_at.size else wanted_at[self.elements].astype(np.int64)
        self._put(at.PLACES, 0 if self._places is None else int(self._places.ctypes.data))
        self._put(at.CALLS_END, self.address + self.words.nbytes)

    @property
    def address(self) -> int:
        """Where the words lie."""
        return int(self.words.ctypes.data)

    @property
    def given(self) -> int:
        """The number of the gift by which a compiled function gave values last."""
        return int(self.words[at.STAMPED // at.WORD])

    @property
    def values(self) -> NDArray[np.generic]:
        """The values given last, as they are in the bundle."""
        return self.in_order(self.kept)

    def in_order(self, kept: NDArray[Any]) -> NDArray[np.generic]:
        """Values in the order of the calls as they are in the bundle."""
        values = np.zeros(self.bundle.size, self.bundle.storage.dtype)
        values[self.elements] = kept
        return values

    @property
    def is_held(self) -> bool:
        """Whether the FMU is given its values between steps, as they are."""
        return not (self.words[at.REFUSED // at.WORD] or self.words[at.PLACES // at.WORD])

    def remember(self, memory: Memory) -> None:
        """Know the values that Python gave last."""
        last = memory.last(self.bundle)
        self._put(at.GIVEN, last is not None)
        if last is not None:
            self.kept[:] = np.asarray(last)[self.elements]

    def _put(self, place: int, word: int) -> None:
        self.words[place // at.WORD] = word


def native_bundle(fmu: Fmu, bundle: Bundle, courses: Courses | None = None) -> NativeBundle | None:
    """The calls for a bundle; None where they cannot be made by address alone, or not with the same meaning.

    Text, bytes, aliases with the opposite sign and values of several types are Python's, and so is Float32: whether an
    input has changed is to be seen before its value is rounded.
    """
    types, model = fmu.model.types, fmu.model
    if bundle.storage in (Storage.STRING, Storage.BINARY) or fmu.is_divided(bundle):
        return None
    if any(connector.name in model.negated for connector in bundle.connectors):
        return None
    places = None if courses is None else courses.places(bundle)
    if courses is not None and places is None:
        return None
    kinds = list(dict.fromkeys(types[connector.name] for connector in bundle.connectors))
    access = [fmu.functions.access[kind] for kind in kinds]
    alike = len({each.dtype for each in access}) == 1 and access[0].dtype != np.float32
    return NativeBundle(fmu, bundle, kinds, places) if alike and all(address(each.get) for each in access) else None


class NativeBundles:
    """The bundles of an instance that compiled functions have given values, and what Python knows about them.

    1 `begin`, 2 compiled functions work, 3 `collect`, as often as wanted.
    """

    def __init__(self, fmu: Fmu, shared: Shared, courses: Courses | None) -> None:
        self._fmu, self._shared, self._courses = fmu, shared, courses
        self._bundles: dict[Bundle, NativeBundle | None] = {}
        self.collected = 0
        """The number of the last gift that Python knows of."""
        self._seen: tuple[Memory, int] | None = None

    def find(self, bundle: Bundle) -> NativeBundle | None:
        """The calls for a bundle, None where there are none."""
        if bundle not in self._bundles:
            self._bundles[bundle] = native_bundle(self._fmu, bundle, self._courses)
            self._seen = None
        return self._bundles[bundle]

    @property
    def given(self) -> list[NativeBundle]:
        """Those that the FMU is given between steps."""
        return [found for found in self._bundles.values() if found is not None and found.is_held]

    def named(self, called: int) -> tuple[Bundle, bool]:
        """The bundle whose call that was, and whether it gave values."""
        for bundle, found in self._bundles.items():
            if found is not None and found.address in (called - at.WAS_GOT, called - at.WAS_SET):
                return bundle, called - found.address == at.WAS_SET
        raise KeyError(called)

    def begin(self, memory: Memory) -> None:
        """Know what Python has given."""
        if self._seen == (memory, memory.gifts):
            return
        for found in self._bundles.values():
            if found is not None:
                found.remember(memory)
        self._seen = memory, memory.gifts

    def collect(self, memory: Memory) -> None:
        """Tell Python what compiled functions have given since, in their order."""
        if self._shared[at.STAMP] == self.collected:
            return
        given = [found for found in self._bundles.values() if found is not None and found.given > self.collected]
        for found in sorted(given, key=lambda each: each.given):
            memory.keep(found.bundle, found.values)
            self._fmu.note(found.bundle, found.values)
        self.collected = self._shared[at.STAMP]
        self._seen = memory, memory.gifts
