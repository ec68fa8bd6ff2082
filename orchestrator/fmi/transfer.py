"""Transfer: the values of one bundle between the flat arrays of a run and the memory layout of an FMU."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import CapabilityError
from orchestrator.fmi.function_table import CFunction, FunctionTable
from orchestrator.instance import Bundle, Values


class Transfer:
    """Prepared calls for one bundle, one per FMI type in it, each with its own buffer.

    After `write` the buffers hold what the FMU was given last; `rewrite` gives it again.
    """

    def __init__(self, bundle: Bundle, types: Mapping[str, str], functions: FunctionTable) -> None:
        self.bundle = bundle
        self._parts = [_Part(bundle, types, kind, functions) for kind in _kinds(bundle, types)]

    def write(self, values: Values) -> int:
        """Give values to the FMU; the worst status of the calls."""
        for part in self._parts:
            part.fill(values)
        return self.rewrite()

    def rewrite(self) -> int:
        """Give the values of the last `write` to the FMU again."""
        status = 0
        for part in self._parts:
            status = max(status, part.set(*part.arguments))
        return status

    def read(self, values: Values) -> int:
        """Take values from the FMU; the worst status of the calls."""
        status = 0
        for part in self._parts:
            status = max(status, part.get(*part.arguments))
            values[part.selection] = part.buffer
        return status


class _Part:
    """The elements of one FMI type within a bundle, and their place in its values."""

    def __init__(self, bundle: Bundle, types: Mapping[str, str], kind: str, functions: FunctionTable) -> None:
        access = functions.access[kind]
        chosen = [connector for connector in bundle.connectors if types[connector.name] == kind]
        self.names = [element for connector in chosen for element in connector.elements]
        self.kind = kind
        self.selection = _selection(bundle, types, kind)
        self.get: CFunction = access.get
        self.set: CFunction = access.set
        self.buffer: NDArray[Any] = np.zeros(len(self.names), access.dtype)
        self._references = np.array([connector.reference for connector in chosen], dtype=np.uint32)
        self.arguments = functions.arguments(self._references, self.buffer)
        self._narrow = access.dtype.kind in "iu" and access.dtype.itemsize < 8

    def fill(self, values: Values) -> None:
        """Copy the elements of this part into its buffer; CapabilityError where an integer does not fit."""
        chosen = values[self.selection]
        self.buffer[:] = chosen
        if self._narrow and chosen.dtype == np.int64 and not np.array_equal(self.buffer, chosen):
            index = int(np.flatnonzero(self.buffer != chosen)[0])
            raise CapabilityError(
                f"{self.names[index]} = {chosen[index]} does not fit its FMI type {self.kind}; give a smaller value"
            )


def _kinds(bundle: Bundle, types: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(types[connector.name] for connector in bundle.connectors))


def _selection(bundle: Bundle, types: Mapping[str, str], kind: str) -> slice | NDArray[np.intp]:
    mine = np.repeat(
        [types[connector.name] == kind for connector in bundle.connectors],
        [connector.size for connector in bundle.connectors],
    )
    return slice(None) if mine.all() else np.flatnonzero(mine)
