"""Inputs from a table, as an instance: a component with outputs only, which a master steps like any other.

At the end of a step its outputs have the value of that time. It steps before the components that it feeds: with
Gauss-Seidel they get, for the step from t to t + h, the value at t + h, so that an output with direct feedthrough fits
the input of the same time; with Jacobi the value at t. Either is of order 1 in h for an input that changes linearly, of
opposite sign (right and left Riemann sum), and exact for one that is constant between jumps: jumps are events, met
exactly by the communication points.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import CapabilityError, DescriptionError
from orchestrator.instance import Bundle, Capabilities, DiscreteUpdate, EventMode, Status, StepResult, Values
from orchestrator.system.connector import Causality, Connector, Storage, Variability
from orchestrator.system.description import SystemDescription
from orchestrator.system.interface import Interface, Interfaces
from orchestrator.system.tables import Column, InputTable
from orchestrator.system.units import Unit

_SNAP: Final = 1e-9
"""Part of a step by which the end of a step may miss a jump and still lie at it."""


class TableInstance:
    """Outputs over time: floats linear between rows, everything else held; constant before the first and after the
    last row.

    `wanted` maps columns to the connectors that they feed, which settle their type and variability. `unit` makes a unit
    from a name in the header; it raises DescriptionError for one that it does not know.
    """

    def __init__(
        self, name: str, table: InputTable, wanted: Mapping[str, Connector], unit: Callable[[str], Unit]
    ) -> None:
        self.name: Final = name
        self.capabilities: Final = Capabilities()
        self.identity: Final[Mapping[str, str]] = {"kind": "table", "file": str(table.path)}
        self._times = table.times
        self._columns: dict[str, NDArray[Any]] = {}
        self._linear: set[str] = set()
        connectors = []
        for reference, column in enumerate(table.columns):
            fed = wanted.get(column.name)
            connector = _connector(reference, column, table, fed, unit)
            connectors.append(connector)
            self._columns[column.name] = table.values(column, connector.storage, fed.items if fed else ())
            if connector.variability is Variability.CONTINUOUS:
                self._linear.add(column.name)
        self.connectors: Final = tuple(connectors)
        self.feedthrough: Final[Mapping[str, tuple[str, ...] | None]] = {one.name: () for one in connectors}
        self._now = 0.0
        self._after = True
        self.event_mode: Final[EventMode | None] = self._events()

    def set(self, bundle: Bundle, values: Values) -> None:  # noqa: ARG002
        """A table has nothing that can be set."""
        raise CapabilityError(f"'{self.name}' is a table: nothing of it can be set; change its file")

    def get(self, bundle: Bundle, values: Values) -> None:
        """Values at the time reached: before a jump at it until its event, after it from then on."""
        for index, connector in enumerate(bundle.connectors):
            values[index] = self._value(connector.name)

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:  # noqa: ARG002
        """Values from the start on."""
        self._go(start, after=True)

    def exit_initialization(self) -> None:
        """Nothing to do."""

    def do_step(self, t: float, h: float) -> StepResult:
        """The values up to t + h."""
        end = t + h
        near = self._times[np.abs(self._times - end) <= _SNAP * h]
        self._go(float(near[0]) if near.size else end, after=False)
        return StepResult(Status.OK, end)

    def save_state(self) -> tuple[float, bool]:
        """The time, and on which side of it the values are."""
        return self._now, self._after

    def restore_state(self, state: object) -> None:
        """Go back to a kept time."""
        assert isinstance(state, tuple)
        self._go(state[0], after=state[1])

    def free_state(self, state: object) -> None:
        """Nothing to release."""

    def serialize_state(self, state: object) -> bytes:  # noqa: ARG002
        """Not needed: a table is read again."""
        raise CapabilityError(f"'{self.name}' is a table: its state is the time, which is not serialized")

    def deserialize_state(self, data: bytes) -> object:  # noqa: ARG002
        """Not needed: a table is read again."""
        raise CapabilityError(f"'{self.name}' is a table: its state is the time, which is not serialized")

    def restart(self, t: float, values: Mapping[str, Values]) -> None:  # noqa: ARG002
        """A table has no states to write."""
        raise CapabilityError(f"'{self.name}' is a table: it has no states to write")

    def terminate(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to free."""

    def _go(self, t: float, *, after: bool) -> None:
        self._now, self._after = t, after
        if self.event_mode is not None:
            assert isinstance(self.event_mode, _Jumps)
            self.event_mode.reach(t, after=after)

    def _value(self, name: str) -> Any:
        values, times, t = self._columns[name], self._times, self._now
        right = int(np.searchsorted(times, t, side="right" if self._after else "left"))
        left = max(right - 1, 0)
        if name not in self._linear or right in (0, len(times)):
            return values[left]
        share = (t - times[left]) / (times[right] - times[left])
        return (1.0 - share) * values[left] + share * values[right]

    def _events(self) -> "_Jumps | None":
        jumps: set[float] = set()
        for name, values in self._columns.items():
            changed = values[1:] != values[:-1]
            if name in self._linear:
                changed &= self._times[1:] == self._times[:-1]
            jumps.update(self._times[1:][changed].tolist())
        return _Jumps(sorted(jumps), self) if jumps else None


def fed_by(
    table: str, columns: Collection[str], description: SystemDescription, interfaces: Interfaces
) -> dict[str, Connector]:
    """The first connector that each column of the table feeds, by the connections of the description."""
    fed: dict[str, Connector] = {}
    for connection in description.connections:
        source, destination = connection.source, connection.destination
        if source.component != table or destination.component not in interfaces:
            continue
        elements = Interface(interfaces[destination.component]).find(destination.connector)
        for column in columns:
            if elements and (column == source.connector or column.startswith(f"{source.connector}[")):
                fed.setdefault(column, elements[0].connector)
    return fed


class _Jumps:
    """The jumps of a table as events known beforehand; see `EventMode`."""

    clocks: Collection[str] = ()
    timed: Collection[str] = ()
    clocked: Mapping[str, Collection[str]] = {}
    wanted = False

    def __init__(self, times: list[float], table: TableInstance) -> None:
        self._times, self._table, self._next = times, table, 0

    @property
    def next_time(self) -> float | None:
        """The first jump that has not been made."""
        return self._times[self._next] if self._next < len(self._times) else None

    def reach(self, t: float, *, after: bool) -> None:
        """Jumps before t (s) have been made, one at t where the values are those after it."""
        self._next = int(np.searchsorted(self._times, t, side="right" if after else "left"))

    def enter(self, t: float) -> None:  # noqa: ARG002
        """Jump, where the time reached has one; the instance knows that time exactly."""
        self._table.restore_state((self._table.save_state()[0], True))

    def activate(self, clocks: Collection[str]) -> None:
        """There are no clocks."""

    def active(self) -> Collection[str]:
        """There are no clocks."""
        return ()

    def update(self) -> DiscreteUpdate:
        """Nothing but the jump, which is made."""
        return DiscreteUpdate()

    def leave(self) -> None:
        """Nothing to do."""


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
