"""The Jacobian of a Model Exchange FMU from its directional derivatives.

FMI 2.0.4 section 2.1.9, FMI 3.0.2 section 2.2.12: the FMU multiplies d(unknowns)/d(knowns) by a vector. Columns of the
matrix that share no row are found by one call for all of them (Curtis, Powell, Reid: IMA Journal of Applied Mathematics
13 (1974) 117).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.fmi.function_table import GOOD
from orchestrator.fmi.solver import address
from orchestrator.fmi.variables import ModelInfo
from orchestrator.system.connector import Connector

Indices = NDArray[np.intp]


class _Column(NamedTuple):
    """One element of one state: its variable, its place there and in the vector, and the rows that depend on it."""

    state: Connector
    element: int
    place: int
    rows: Indices


class Colour(NamedTuple):
    """Columns that share no row: the references of their states, the seed, and where the result goes."""

    knowns: NDArray[np.uint32]
    seed: NDArray[np.float64]
    rows: Indices
    columns: Indices


class DirectionalDerivatives:
    """d(dx/dt)/dx of n states at the time and states where the FMU is, `call` being its directional derivative.

    `matrix` (n, n), column by column in memory, holds it after `evaluate`, which makes one call for each of the
    `colours`. Dependencies that the ModelStructure does not list are taken as none; of a derivative without a list, as
    all.
    """

    def __init__(self, model: ModelInfo, call: Callable[..., int]) -> None:
        by_name = {connector.name: connector for connector in model.connectors}
        self._call = call
        self.unknowns: Final = np.array([by_name[name].reference for name in model.derivatives], np.uint32)
        self.colours: Final = tuple(map(_colour, _grouped(_columns(model, by_name))))
        size = sum(by_name[name].size for name in model.states)
        self.result: Final = np.zeros(size)
        self.matrix: NDArray[np.float64] = np.zeros((size, size), order="F")

    def evaluate(self) -> int:
        """Compute the matrix; the status of the call that failed, or the worst of all."""
        unknowns, n = address(self.unknowns), self.unknowns.size
        result, size, worst = address(self.result), self.result.size, 0
        for knowns, seed, rows, columns in self.colours:
            status = self._call(unknowns, n, address(knowns), knowns.size, address(seed), seed.size, result, size)
            if status not in GOOD:
                return status
            worst = max(worst, status)
            self.matrix[rows, columns] = self.result[rows]
        return worst


def _columns(model: ModelInfo, by_name: dict[str, Connector]) -> list[_Column]:
    states = [by_name[name] for name in model.states]
    depends = [_references(listed, by_name) for listed in model.derivatives.values()]
    ends = np.cumsum([0, *(state.size for state in states)])
    columns = []
    for start, state in zip(ends, states, strict=False):
        mine = [index for index, known in enumerate(depends) if known is None or state.reference in known]
        rows = np.concatenate([np.arange(ends[index], ends[index + 1]) for index in mine] or [np.arange(0)])
        columns += [_Column(state, element, int(start) + element, rows) for element in range(state.size)]
    return columns


def _references(listed: Iterable[str] | None, by_name: dict[str, Connector]) -> set[int] | None:
    """References of the variables that a derivative depends on, which may be named by an alias; None: unknown."""
    names = None if listed is None else list(listed)
    if names is None or not all(name in by_name for name in names):
        return None
    return {by_name[name].reference for name in names}


def _grouped(columns: Iterable[_Column]) -> list[list[_Column]]:
    groups: list[tuple[set[int], list[_Column]]] = []
    for column in columns:
        rows = set(column.rows.tolist())
        free = next((group for group in groups if group[0].isdisjoint(rows)), None)
        if free is None:
            free = (set(), [])
            groups.append(free)
        if rows:
            free[0].update(rows)
            free[1].append(column)
    return [members for _, members in groups if members]


def _colour(columns: Sequence[_Column]) -> Colour:
    seeds = [np.eye(1, column.state.size, column.element)[0] for column in columns]
    return Colour(
        knowns=np.array([column.state.reference for column in columns], np.uint32),
        seed=np.concatenate(seeds),
        rows=np.concatenate([column.rows for column in columns]),
        columns=np.concatenate([np.full(column.rows.size, column.place) for column in columns]),
    )
