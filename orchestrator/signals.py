"""Signals: every value that changes during a run, in one flat array per storage class.

The values of one component, direction and storage class lie behind each other, so that one call of an instance reads
or writes all of them through a view.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import VariableError
from orchestrator.instance import Bundle, Values
from orchestrator.system.connections.resolution import Link, Slot
from orchestrator.system.connections.substitution import Substitution
from orchestrator.system.connector import Causality, Connector, Storage, Variability
from orchestrator.system.names import nearest
from orchestrator.system.quantities.units import IDENTITY


class Direction(StrEnum):
    """Why a value is in the signals: it goes into a component, comes out of it, or is only looked at.

    What is INITIAL goes in during the initialization and never again: fixed parameters that a connection sets.
    """

    INITIAL = "initial"
    INPUT = "input"
    OUTPUT = "output"
    OBSERVED = "observed"


class Block(NamedTuple):
    """The connectors of one component, direction and storage class, and the view of their values."""

    bundle: Bundle
    values: Values


class Place(NamedTuple):
    """Where values lie: elements `start` to `stop` of the flat array of one storage class."""

    connector: Connector
    start: int
    stop: int


class _Table(NamedTuple):
    """Values in ascending order and what takes their places; others are refused where it is `total`."""

    values: NDArray[Any]
    targets: NDArray[Any]
    total: bool


class Alteration(Protocol):
    """What is put in the place of values on their way into components, as a scenario does."""

    def alter(self, array: Values, places: NDArray[np.intp], values: Values) -> None:
        """Change values in place that are about to be written at these places of one of the flat arrays."""
        ...


class Transfer(NamedTuple):
    """destination[i] = factor[i] * table(source[i]) + offset[i], along `links`.

    `factor` and `offset` are None where nothing is converted, `table` where no value takes the place of another,
    `alteration` where nothing is altered on the way.
    """

    links: tuple[Link, ...]
    source: Values
    source_index: NDArray[np.intp]
    destination: Values
    destination_index: NDArray[np.intp]
    factor: NDArray[np.float64] | None
    offset: NDArray[np.float64] | None
    exact_to: int | None = None
    """Largest absolute value that passes exactly, where that is a limit: 2**53 from int64 to float64."""
    table: _Table | None = None
    alteration: Alteration | None = None


GatherPlan = tuple[Transfer, ...]


class RowPart(NamedTuple):
    """Columns of one storage class: where they lie in the signals, and the chunk of rows (rows, columns)."""

    source: Values
    places: NDArray[np.intp]
    chunk: Values


class RowTable(NamedTuple):
    """Rows that somebody records; `first` is the first that is free.

    There is one for each communication point, or for those that `pace` names: start, interval and last k, which is
    written.
    """

    times: NDArray[np.float64]
    parts: tuple[RowPart, ...]
    first: int
    pace: NDArray[np.float64] | None = None


class Signals:
    """Values of all inputs and outputs of the components, and of the locals and parameters named in `observed`.

    What one of the `links` sets lies among the inputs, also where it is a tunable parameter; what one of them reads
    lies among the outputs, also where it is a local, a calculated parameter or a constant. `float64`, `int64`,
    `boolean`, `uint64`, `string` and `binary` are the flat arrays.
    """

    def __init__(
        self,
        interfaces: Mapping[str, Sequence[Connector]],
        observed: Mapping[str, Collection[str]] | None = None,
        links: Iterable[Link] = (),
        alteration: Alteration | None = None,
    ) -> None:
        self._alteration = alteration
        self._places: dict[str, dict[str, Place]] = {component: {} for component in interfaces}
        self._blocks: dict[tuple[str, Direction], list[Block]] = defaultdict(list)
        self._arrays: dict[Storage, Values] = {}
        groups = _groups(interfaces, observed or {}, tuple(links))
        self._directions = {
            (group.component, connector.name): group.direction for group in groups for connector in group.connectors
        }
        for storage in Storage:
            self._allocate(storage, groups)
        self.float64: NDArray[np.float64] = self._arrays[Storage.FLOAT64]
        self.int64: NDArray[np.int64] = self._arrays[Storage.INT64]
        self.boolean: NDArray[np.bool_] = self._arrays[Storage.BOOLEAN]
        self.uint64: NDArray[np.uint64] = self._arrays[Storage.UINT64]
        self.string: NDArray[np.object_] = self._arrays[Storage.STRING]
        self.binary: NDArray[np.object_] = self._arrays[Storage.BINARY]
        self._kept = {storage: _in_whole_words(storage, array.size) for storage, array in self._arrays.items()}

    def _allocate(self, storage: Storage, groups: "Sequence[_Group]") -> None:
        mine = [
            group._replace(connectors=[connector for connector in group.connectors if connector.storage is storage])
            for group in groups
        ]
        size = sum(connector.size for group in mine for connector in group.connectors)
        array = self._arrays[storage] = _in_whole_words(storage, size)
        start = 0
        for component, direction, connectors in mine:
            if connectors:
                bundle = Bundle.of(connectors)
                block = Block(bundle, array[start : start + bundle.size])
                self._blocks[component, direction].append(block)
            for connector in connectors:
                self._places[component][connector.name] = Place(connector, start, start + connector.size)
                start += connector.size

    def array(self, storage: Storage) -> Values:
        """The flat array of one storage class."""
        return self._arrays[storage]

    def blocks(self, component: str, direction: Direction) -> tuple[Block, ...]:
        """One block per storage class that the component has in this direction."""
        return tuple(self._blocks.get((component, direction), ()))

    def holds(self, component: str, connector: str) -> bool:
        """Whether a connector has its place here."""
        return connector in self._places.get(component, {})

    def direction(self, component: str, connector: str) -> Direction | None:
        """Why a connector has its place here, None where it has none."""
        return self._directions.get((component, connector))

    def place(self, component: str, connector: str, element: int | None = None) -> Place:
        """Place of a connector, or of one of its elements (counted from 0). VariableError where it is not there."""
        places = self._places.get(component)
        if places is None:
            raise VariableError(f"no component '{component}'; {nearest(component, self._places)}")
        place = places.get(connector)
        if place is None:
            raise VariableError(f"'{component}' has no signal '{connector}'; {nearest(connector, places)}")
        if element is None:
            return place
        if not 0 <= element < place.connector.size:
            raise VariableError(f"'{component}.{connector}' has no element {element}: it has {place.connector.size}")
        return place._replace(start=place.start + element, stop=place.start + element + 1)

    def view(self, place: Place) -> Values:
        """View of the values of a place; what is written there is in the signals."""
        return self._arrays[place.connector.storage][place.start : place.stop]

    def plan(self, links: Iterable[Link]) -> GatherPlan:
        """Prepare the copies along links, grouped so that each group is one vectorized operation."""
        groups: dict[_Alike, list[tuple[int, int, Link]]] = defaultdict(list)
        for link in links:
            source, destination = self._slot(link.source), self._slot(link.destination)
            converted = (link.conversion.factor, link.conversion.offset) != IDENTITY
            key = _Alike(source.connector.storage, destination.connector.storage, converted, link.mapping)
            groups[key].append((source.start, destination.start, link))
        return tuple(self._transfer(key, entries) for key, entries in groups.items())

    def _slot(self, slot: Slot) -> Place:
        return self.place(slot.component, slot.connector, slot.element)

    def _transfer(self, alike: "_Alike", entries: Sequence[tuple[int, int, Link]]) -> Transfer:
        sources, destinations, links = zip(*entries, strict=True)
        source, destination = alike.source, alike.destination
        return Transfer(
            links,
            self._arrays[source],
            np.array(sources, dtype=np.intp),
            self._arrays[destination],
            np.array(destinations, dtype=np.intp),
            np.array([link.conversion.factor for link in links]) if alike.converted else None,
            np.array([link.conversion.offset for link in links]) if alike.converted else None,
            2**53 if (source, destination) == (Storage.INT64, Storage.FLOAT64) else None,
            None if alike.mapping is None else _table(alike.mapping, source),
            self._alteration,
        )

    def copy(self) -> dict[Storage, Values]:
        """All values as they are now."""
        return {storage: array.copy() for storage, array in self._arrays.items()}

    def put(self, values: Mapping[Storage, Values]) -> None:
        """Go back to copied values."""
        for storage, array in self._arrays.items():
            np.copyto(array, values[storage])

    def keep(self) -> None:
        """Remember all values as they are now."""
        for storage, array in self._arrays.items():
            np.copyto(self._kept[storage], array)

    def keep_objects(self) -> None:
        """Remember text and bytes as they are now; a compiled loop copies all else to where it is `kept`."""
        for storage in (Storage.STRING, Storage.BINARY):
            if self._arrays[storage].size:
                np.copyto(self._kept[storage], self._arrays[storage])

    def kept(self, storage: Storage) -> Values:
        """Where the values of one storage class are remembered."""
        return self._kept[storage]

    def restore(self) -> None:
        """Go back to the values remembered last."""
        for storage, array in self._arrays.items():
            np.copyto(array, self._kept[storage])


def _in_whole_words(storage: Storage, size: int) -> Values:
    """Zeros; a compiled loop copies whole words."""
    return storage.zeros(size + -size % 8)[:size]


def gather(plan: GatherPlan) -> None:
    """Copy outputs to the inputs they are connected to; unconverted values pass bit by bit.

    VariableError where an integer is too large to become a float exactly, or is no value of its destination.
    """
    for transfer in plan:
        _, source, source_index, destination, destination_index, factor, offset, exact_to, table, alteration = transfer
        values = source[source_index]
        if table is not None:
            values = _substituted(values, table, transfer)
        if exact_to is not None and values.size and max(int(values.max()), -int(values.min())) > exact_to:
            _refuse_inexact(values, exact_to, transfer)
        if factor is not None and offset is not None:
            values = factor * values + offset
        if alteration is not None:
            values = values.astype(destination.dtype)
            alteration.alter(destination, destination_index, values)
        destination[destination_index] = values


def _substituted(values: Values, table: _Table, transfer: Transfer) -> Values:
    asked = values.astype(table.values.dtype)
    places = np.searchsorted(table.values, asked).clip(max=table.values.size - 1)
    found = table.values[places] == asked
    if table.total and not found.all():
        index = int(np.flatnonzero(~found)[0])
        raise VariableError(
            f"{_ends(transfer.links[index])}: the value {asked[index]} is none that the destination can take; those "
            f"that pass are {', '.join(map(str, table.values[:10]))}. Map it with a transformation of the connection"
        )
    return np.where(found, table.targets[places], asked)


def _refuse_inexact(values: Values, exact_to: int, transfer: Transfer) -> None:
    index = int(np.flatnonzero((values > exact_to) | (values < -exact_to))[0])
    raise VariableError(
        f"{_ends(transfer.links[index])}: {values[index]} flows from an integer output into a float input, which holds "
        "integers only up to 2**53 exactly. Connect it to an integer input"
    )


def _ends(link: Link) -> str:
    source, destination = link.source, link.destination
    return f"'{source.component}.{source.connector}' -> '{destination.component}.{destination.connector}'"


def _table(mapping: Substitution, source: Storage) -> _Table:
    # values that the type of the source has not never come
    dtype = np.dtype(np.uint64 if source is Storage.UINT64 else np.int64)
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    entries = [entry for entry in mapping.entries if low <= entry[0] <= high]
    if not entries and mapping.total:
        raise VariableError(f"no value of {source} passes {mapping}. Correct the transformation of the connection")
    if not entries:
        entries = [(0, 0)]
    values, targets = zip(*entries, strict=True)
    beyond = [target for target in targets if not low <= target <= high]
    if beyond:
        raise VariableError(f"{source} cannot hold {beyond[0]}, which a connection makes of it. Correct the map")
    return _Table(np.array(values, dtype), np.array(targets, dtype), mapping.total)


class _Alike(NamedTuple):
    """What the links of one transfer have in common."""

    source: Storage
    destination: Storage
    converted: bool
    mapping: Substitution | None


class _Group(NamedTuple):
    component: str
    direction: Direction
    connectors: Sequence[Connector]


def _groups(
    interfaces: Mapping[str, Sequence[Connector]],
    observed: Mapping[str, Collection[str]],
    links: Collection[Link],
) -> list[_Group]:
    """Inputs, outputs and observed variables of each component, in this order."""
    wanted = {(component, name): Direction.OBSERVED for component, names in observed.items() for name in names}
    wanted.update((link.source[:2], Direction.OUTPUT) for link in links)
    wanted.update((link.destination[:2], Direction.INPUT) for link in links)
    sides = {Causality.INPUT: Direction.INPUT, Causality.OUTPUT: Direction.OUTPUT}
    groups = []
    for component, connectors in interfaces.items():
        for connector in connectors:
            key = (component, connector.name)
            if wanted.get(key) is Direction.INPUT and connector.variability is Variability.FIXED:
                wanted[key] = Direction.INITIAL
        by_direction: dict[Direction, list[Connector]] = {direction: [] for direction in Direction}
        for connector in connectors:
            direction = sides.get(connector.causality, wanted.get((component, connector.name)))
            if direction is not None:
                by_direction[direction].append(connector)
        groups += [_Group(component, *each) for each in by_direction.items()]
    # In one direction all components lie behind each other: what is done to all outputs is done to one piece of memory.
    return [group for direction in Direction for group in groups if group.direction is direction]
