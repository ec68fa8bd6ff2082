"""Inputs from a table: floats linear between rows, everything else held; the first and last value beyond them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import DescriptionError
from orchestrator.inputs.instance import InputInstance, Output
from orchestrator.system.connector import Causality, Connector, Storage, Variability
from orchestrator.system.quantities.units import Unit
from orchestrator.system.tables import Column, InputTable


def table_instance(
    name: str, table: InputTable, wanted: Mapping[str, Connector], unit: Callable[[str], Unit]
) -> InputInstance:
    """A table as a component: its columns are outputs.

    `wanted` maps columns to the connectors that they feed, which settle their type and variability. `unit` makes a unit
    from a name in the header; it raises DescriptionError for one that it does not know.
    """
    outputs = []
    for reference, column in enumerate(table.columns):
        fed = wanted.get(column.name)
        connector = _connector(reference, column, table, fed, unit)
        values = table.values(column, connector.storage, fed.items if fed else ())
        linear = connector.variability is Variability.CONTINUOUS
        outputs.append(Output(connector, Rows(table.times, values, linear=linear)))
    return InputInstance(name, outputs, {"kind": "table", "file": str(table.path)}, f"the table {table.path.name}")


class Rows:
    """A column over the times (s) of its rows; two rows at one time are a jump."""

    def __init__(self, times: NDArray[np.float64], values: NDArray[Any], *, linear: bool) -> None:
        self.times, self.values, self.linear = times, values, linear
        changed = values[1:] != values[:-1]
        if linear:
            changed &= times[1:] == times[:-1]
        self._events = times[1:][changed]

    def value(self, t: float, *, after: bool) -> Any:
        """The value at t (s), at a jump before or after it."""
        values, times = self.values, self.times
        right = int(np.searchsorted(times, t, side="right" if after else "left"))
        left = max(right - 1, 0)
        if not self.linear or right in (0, len(times)):
            return values[left]
        share = (t - times[left]) / (times[right] - times[left])
        return (1.0 - share) * values[left] + share * values[right]

    def next_event(self, t: float, *, after: bool) -> float | None:
        """The first jump later than t (s), or at it where that is not made."""
        index = int(np.searchsorted(self._events, t, side="right" if after else "left"))
        return float(self._events[index]) if index < len(self._events) else None

    def slope(self, t: float) -> float | None:  # noqa: ARG002
        """Not told: a line may bend within a step, which its two ends know better."""
        return None


def _connector(
    reference: int, column: Column, table: InputTable, fed: Connector | None, unit: Callable[[str], Unit]
) -> Connector:
    guessed = Storage.FLOAT64 if fed is None and table.is_numeric(column) else Storage.STRING
    storage = guessed if fed is None else fed.storage
    linear = storage is Storage.FLOAT64 and (fed is None or fed.variability is Variability.CONTINUOUS)
    return Connector(
        name=column.name,
        causality=Causality.OUTPUT,
        storage=storage,
        reference=reference,
        unit=_unit(column, table, fed, unit),
        variability=Variability.CONTINUOUS if linear else Variability.DISCRETE,
        items=fed.items if fed is not None else (),
        description=f"column of {table.path.name}",
    )


def _unit(column: Column, table: InputTable, fed: Connector | None, unit: Callable[[str], Unit]) -> Unit | None:
    if column.unit is None:
        return fed.unit if fed is not None else None
    if fed is not None and fed.unit is not None and fed.unit.name == column.unit:
        return fed.unit
    try:
        return unit(column.unit)
    except DescriptionError as error:
        raise DescriptionError(f"{table.path}: column '{column.name}': {error}") from error
