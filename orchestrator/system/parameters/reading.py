"""Reading: what a value in a description becomes on its way to one element of a variable.

First the conversion from its unit to that of the target, then the transformation of a mapping, then what connections
through nested systems do.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from orchestrator.errors import DescriptionError
from orchestrator.system.connections.flattening import Reached
from orchestrator.system.connector import Connector, Scalar, Storage
from orchestrator.system.names import nearest
from orchestrator.system.quantities.reader import Read, Reader
from orchestrator.system.quantities.units import BASE, IDENTITY, Unit
from orchestrator.system.structure import Mapping as MappingEntry
from orchestrator.system.structure import UnitDefinition
from orchestrator.system.transformation import Linear, ValueMap
from orchestrator.system.values import Given, Quantity


class Way(NamedTuple):
    """What lies between a given value and a variable: units of its set, a mapping, and connections behind a boundary.

    `items` are those of the enumeration that the boundary connector declares.
    """

    units: Mapping[str, UnitDefinition]
    mapping: MappingEntry | None = None
    reached: Reached | None = None
    items: Mapping[str, int] = {}


class Applied(NamedTuple):
    """What was done to a value: from its unit to that of the variable by factor and offset, and transformations."""

    place: str
    variable: str
    given: str
    unit: str
    target_unit: str
    factor: float
    offset: float
    transformation: str
    value: Scalar


def read_scalar(reader: Reader, connector: Connector, given: Given, way: Way) -> tuple[Scalar, Applied | None]:
    """The value of one element, and what was done to it where something was. DescriptionError where it does not fit."""
    assert not isinstance(given, tuple)
    mapping = way.mapping
    transformation = None if mapping is None else mapping.transformation
    if isinstance(transformation, ValueMap):
        given = _looked_up(given, transformation)
    if not connector.storage.numeric or connector.storage is Storage.BOOLEAN or isinstance(given, bool):
        scalar = _without_unit(given)
        read = None
    elif isinstance(given, str) and (way.items or connector.items):
        scalar, read = _item(given, connector, way), None
    else:
        read = _number(reader, connector, given, way)
        scalar = read.value
    if isinstance(transformation, Linear):
        scalar = _linear(scalar, transformation, connector)
    scalar = _through(scalar, way.reached)
    if isinstance(scalar, float) and not math.isfinite(scalar):
        raise DescriptionError(f"{given!r:.80} is beyond the largest number after its conversions; correct it or them")
    return scalar, _story(connector, given, read, way, scalar)


def _number(reader: Reader, connector: Connector, given: float | int | str | Quantity, way: Way) -> Read:
    wanted = connector.unit if way.reached is None else way.reached.unit
    if way.mapping is not None and way.mapping.suppress_unit_conversion:
        wanted = None
        given = given.value if isinstance(given, Quantity) and isinstance(given.value, float | int) else given
    try:
        return reader.read(given, wanted, way.units, _shown(connector))
    except DescriptionError as error:
        where = "" if wanted is None else f" in '{wanted.name}'"
        if isinstance(given, Quantity):
            raise type(error)(f"{given.value!r:.80} '{given.unit}': {error}") from error
        raise type(error)(f"{given!r:.80} is not a number{where}: {error}") from error


def _shown(connector: Connector) -> dict[str, UnitDefinition]:
    unit = connector.display_unit
    if unit is None or unit.exponents is None:
        return {}
    exponents = dict(zip(BASE, unit.exponents, strict=True))
    return {unit.name: UnitDefinition(exponents=exponents, factor=unit.factor, offset=unit.offset)}


def _without_unit(given: Given) -> Scalar:
    if isinstance(given, Quantity | tuple):
        raise DescriptionError(f"{given!r:.80}: only numbers have units; write the value alone")
    return given


def _item(name: str, connector: Connector, way: Way) -> int:
    """The number of an item of an enumeration; SSP names items in values."""
    items = way.items or {item: number for number, item in connector.items}
    if name not in items:
        listed = ", ".join(f"{number} ({item})" for item, number in items.items())
        raise DescriptionError(
            f"{name!r:.80} is no item of the enumeration; {nearest(name, items)} (use one of {listed})"
        )
    return items[name]


def _looked_up(given: Given, table: ValueMap) -> bool | int | str:
    kind: type = {"boolean": bool, "integer": int, "enumeration": str}[table.kind]
    value = given.value if isinstance(given, Quantity) else given
    if type(value) is not kind or isinstance(value, float | tuple):
        raise DescriptionError(
            f"{value!r:.80} has not the kind '{table.kind}' of the transformation; correct one of them"
        )
    return next(
        (entry.target for entry in table.entries if type(entry.source) is kind and entry.source == value), value
    )


def _linear(scalar: Scalar, transformation: Linear, connector: Connector) -> float:
    if connector.storage is not Storage.FLOAT64 or isinstance(scalar, bool | str | bytes):
        raise DescriptionError(f"a linear transformation is for floats, the variable is {connector.storage}")
    return transformation.factor * scalar + transformation.offset


def _through(scalar: Scalar, reached: Reached | None) -> Scalar:
    if reached is None or isinstance(scalar, str | bytes):
        return scalar
    if reached.mapping is not None:
        passed = reached.mapping(int(scalar))
        if passed is None:
            raise DescriptionError(f"{scalar!r} does not pass the connections to '{'.'.join(reached.destination[:2])}'")
        scalar = bool(passed) if isinstance(scalar, bool) else passed
    if reached.conversion == IDENTITY:
        return scalar
    return reached.conversion.factor * scalar + reached.conversion.offset


def _story(connector: Connector, given: Given, read: Read | None, way: Way, scalar: Scalar) -> Applied | None:
    unit = None if read is None else read.unit
    factor, offset = IDENTITY if read is None else read.conversion
    steps = []
    if way.mapping is not None and way.mapping.transformation is not None:
        steps.append(transformation_text(way.mapping.transformation))
    if way.reached is not None and way.reached.conversion != IDENTITY:
        steps.append(transformation_text(Linear(factor=way.reached.conversion[0], offset=way.reached.conversion[1])))
    if way.reached is not None and way.reached.mapping is not None:
        steps.append("values of connections")
    expression = isinstance(given, str) and read is not None
    if not (steps or expression or (factor, offset) != IDENTITY):
        return None
    text = f"{given.value} {given.unit}" if isinstance(given, Quantity) else str(given)
    target = way.reached.unit if way.reached is not None else connector.unit
    return Applied("", "", text, _name(unit), _name(target), factor, offset, ", ".join(steps), scalar)


def _name(unit: Unit | None) -> str:
    return "" if unit is None else unit.name


def transformation_text(transformation: Linear | ValueMap) -> str:
    """How people read a transformation: `2 x + 1`, `1 -> 3, 2 -> 4`."""
    if isinstance(transformation, Linear):
        return f"{transformation.factor:.6g} x {transformation.offset:+.6g}"
    return ", ".join(f"{entry.source} -> {entry.target}" for entry in transformation.entries)
