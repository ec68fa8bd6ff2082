"""Common content of SSP files as elements: units, enumerations, types, transformations (SSP 2.0, section 4)."""

from collections.abc import Iterable, Mapping

from orchestrator.ssp.document import Element
from orchestrator.ssp.value_types import SHORT
from orchestrator.ssp.vocabulary import BASE_UNITS, FLOAT_TYPES
from orchestrator.ssp.writing.tree import sub
from orchestrator.ssp.writing.version import TYPES_OF_1, Sayable
from orchestrator.system.structure import DeclaredConnector, UnitDefinition
from orchestrator.system.transformation import Linear, Transformation, ValueMap

_MAPS = {"boolean": "Boolean", "integer": "Integer", "enumeration": "Enumeration"}


def put_units(parent: Element, prefix: str, units: Mapping[str, UnitDefinition]) -> None:
    """The units of a file, in the order of their names."""
    group = sub(parent, f"{prefix}:Units") if units else None
    for name in sorted(units):
        each = units[name]
        numbers = {base: str(each.exponents[base]) for base in BASE_UNITS if each.exponents.get(base)}
        numbers |= {"factor": repr(each.factor)} if each.factor != 1.0 else {}
        numbers |= {"offset": repr(each.offset)} if each.offset else {}
        sub(sub(group, "ssc:Unit", name=name), "ssc:BaseUnit", **numbers)


def put_enumerations(
    parent: Element, prefix: str, enumerations: Mapping[str, Mapping[str, int]], sayable: Sayable
) -> None:
    """The enumerations of a file, in the order of their names."""
    group = sub(parent, f"{prefix}:Enumerations") if enumerations else None
    for name in sorted(enumerations):
        element = sub(group, "ssc:Enumeration", name=name)
        for item, value in enumerations[name].items():
            if value not in SHORT:
                sayable.problem(
                    f"enumeration '{name}': SSP has no item '{item}' with the value {value}, beyond 32 bits"
                )
            sub(element, "ssc:Item", name=item, value=str(value))


def put_type(parent: Element, connector: DeclaredConnector, place: str, sayable: Sayable) -> None:
    """The type, extents and clocks of a connector or dictionary entry."""
    kind = connector.type
    if kind is not None:
        if kind not in TYPES_OF_1:
            sayable.newer(f"{place} of the type {kind}")
        given: dict[str, str | None] = {}
        if kind in FLOAT_TYPES:
            given["unit"] = connector.unit
        elif kind == "Enumeration":
            given["name"] = connector.enumeration
        elif kind == "Binary":
            given["mime_type"] = connector.mime_type
        elif kind == "Clock":
            given["intervalVariability"] = connector.interval_variability
        sub(parent, f"ssc:{kind}", **given)
    put_dimensions(parent, connector.dimensions, place, sayable)
    for clock in connector.clocks:
        sayable.newer(f"{place} of the clock '{clock}'")
        sub(parent, "ssd:Clock", name=clock)


def put_dimensions(parent: Element, dimensions: Iterable[int | str | None], place: str, sayable: Sayable) -> None:
    """The extents of an array."""
    for extent in dimensions:
        sayable.newer(f"{place}, an array")
        size = str(extent) if isinstance(extent, int) else None
        sub(parent, "ssc:Dimension", size=size, sizeConnector=extent if isinstance(extent, str) else None)


def put_transformation(parent: Element, transformation: Transformation | None, place: str, sayable: Sayable) -> None:
    """What a connection or mapping does to a value."""
    if isinstance(transformation, Linear):
        numbers = {"factor": repr(transformation.factor)} if transformation.factor != 1.0 else {}
        numbers |= {"offset": repr(transformation.offset)} if transformation.offset else {}
        sub(parent, "ssc:LinearTransformation", **numbers)
    elif isinstance(transformation, ValueMap):
        group = sub(parent, f"ssc:{_MAPS[transformation.kind]}MappingTransformation")
        for entry in transformation.entries:
            pair = (entry.source, entry.target)
            if any(type(value) is int and value not in SHORT for value in pair):
                sayable.newer(f"{place}: integers beyond 32 bits")
            source, target = (str(value).lower() if isinstance(value, bool) else str(value) for value in pair)
            sub(group, "ssc:MapEntry", source=source, target=target)
