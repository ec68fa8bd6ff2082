"""Transfer: the values of one bundle between the flat arrays of a run and the memory layout of an FMU."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.fmi.buffers import Buffer, Bytes, Numbers, Texts
from orchestrator.fmi.function_table import GOOD, OK, CFunction, FunctionTable
from orchestrator.instance import Bundle, Values
from orchestrator.system.connector import Storage


class PlainWrite(NamedTuple):
    """A function that sets, the references of the variables, and the memory that it takes their values from."""

    function: CFunction
    references: NDArray[np.uint32]
    values: NDArray[Any]


class Transfer:
    """Prepared calls for one bundle, one per FMI type in it, each with its own buffer.

    `negated` names aliases of FMI 1.0 that have the opposite sign. After `write` the buffers hold what the FMU was
    given last; `rewrite` gives it again.
    """

    def __init__(
        self,
        bundle: Bundle,
        types: Mapping[str, str],
        functions: FunctionTable,
        negated: Collection[str] = (),
    ) -> None:
        self.bundle = bundle
        self._parts = [_Part(bundle, types, kind, functions) for kind in _kinds(bundle, types)]
        self._signs = _signs(bundle, negated)

    @property
    def plain(self) -> PlainWrite | None:
        """The call that writes all values as they are; None where there are several, or values take another form."""
        part = self._parts[0]
        unaltered = isinstance(part.buffer, Numbers) and part.buffer.arrays[0].dtype == self.bundle.storage.dtype
        if len(self._parts) > 1 or self._signs is not None or not unaltered:
            return None
        return PlainWrite(part.set, part.references, part.buffer.arrays[0])

    def write(self, values: Values) -> int:
        """Give values to the FMU; the worst status of the calls, of which none follows one that fails."""
        self.keep(values)
        return self.rewrite()

    def keep(self, values: Values) -> None:
        """Take values that `rewrite` will give; CapabilityError where one does not fit."""
        given = values if self._signs is None else values * self._signs
        for part in self._parts:
            part.fill(given)

    def rewrite(self) -> int:
        """Give the values of the last `write` to the FMU again."""
        status = OK
        for part in self._parts:
            answer = part.set(*part.arguments)
            if answer not in GOOD:
                return answer  # type: ignore[no-any-return]
            status = max(status, answer)
        return status

    def read(self, values: Values) -> int:
        """Take values from the FMU; the worst status of the calls, of which none follows one that fails."""
        status = OK
        for part in self._parts:
            answer = part.get(*part.arguments)
            if answer not in GOOD:
                return answer  # type: ignore[no-any-return]
            values[part.selection] = part.buffer.take()
            status = max(status, answer)
        if self._signs is not None:
            values *= self._signs
        return status


class _Part:
    """The elements of one FMI type within a bundle, and their place in its values."""

    def __init__(self, bundle: Bundle, types: Mapping[str, str], kind: str, functions: FunctionTable) -> None:
        access = functions.access[kind]
        chosen = [connector for connector in bundle.connectors if types[connector.name] == kind]
        names = [element for connector in chosen for element in connector.elements]
        self.selection = _selection(bundle, types, kind)
        self.get: CFunction = access.get
        self.set: CFunction = access.set
        self.buffer: Buffer = _BUFFERS[bundle.storage](names, kind, access.dtype)
        self.references: Final = np.array([connector.reference for connector in chosen], dtype=np.uint32)
        self.arguments = functions.arguments(self.references, *self.buffer.arrays)

    def fill(self, values: Values) -> None:
        """Copy the elements of this part into its buffer; CapabilityError where one does not fit."""
        self.buffer.fill(values[self.selection])


_BUFFERS: Final[Mapping[Storage, Callable[[Sequence[str], str, np.dtype[Any]], Buffer]]] = {
    **dict.fromkeys(Storage, Numbers),
    Storage.STRING: Texts,
    Storage.BINARY: Bytes,
}


def _signs(bundle: Bundle, negated: Collection[str]) -> NDArray[Any] | None:
    signs = [-1 if connector.name in negated else 1 for connector in bundle.connectors]
    if min(signs) == 1:
        return None
    return np.repeat(np.array(signs, bundle.storage.dtype), [connector.size for connector in bundle.connectors])


def _kinds(bundle: Bundle, types: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(types[connector.name] for connector in bundle.connectors))


def _selection(bundle: Bundle, types: Mapping[str, str], kind: str) -> slice | NDArray[np.intp]:
    mine = np.repeat(
        [types[connector.name] == kind for connector in bundle.connectors],
        [connector.size for connector in bundle.connectors],
    )
    return slice(None) if mine.all() else np.flatnonzero(mine)
