"""Values: what a description gives as parameters of SSP, numbers and texts of one type, with units by name."""

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any, Final, NamedTuple

from orchestrator.ssp.value_types import implied_type, integer_type
from orchestrator.ssp.vocabulary import FLOAT_TYPES, INTEGER_RANGES
from orchestrator.system.connector import Connector, Storage
from orchestrator.system.parameters.start_values import binary
from orchestrator.system.quantities.reader import Reader
from orchestrator.system.quantities.units import Unit
from orchestrator.system.structure import UnitDefinition, ValueType
from orchestrator.system.values import Given, Quantity

_NUMBERS: Final = (*FLOAT_TYPES, *INTEGER_RANGES)


class Wanted(NamedTuple):
    """What the variable that takes a value is, as far as it is known: its type in SSP, unit, shape and items."""

    type: str | None = None
    unit: Unit | None = None
    shape: tuple[int, ...] | None = None
    items: tuple[tuple[int, str], ...] = ()


class Said(NamedTuple):
    """One parameter of SSP: type, the texts of its elements, and what a reader makes of it (`back`)."""

    type: str
    texts: tuple[str, ...]
    back: Given
    dimensions: tuple[int, ...] = ()
    unit: str | None = None
    mime_type: str | None = None


def wanted_by(connector: Connector) -> Wanted:
    """What a variable of a component is."""
    return Wanted(_kind(connector), connector.unit, connector.shape, connector.items)


def say(
    given: Given,
    wanted: Wanted,
    reader: Reader,
    units: Mapping[str, UnitDefinition],
    kept: ValueType | None = None,
) -> Said:
    """A value as a parameter, of the type that it had in a file (`kept`), else of the type that is wanted.

    Expressions and texts with units become the number that they are. DescriptionError where they are none.
    """
    bare, unit = (given.value, given.unit) if isinstance(given, Quantity) else (given, None)
    scalars: tuple[Any, ...] = bare if isinstance(bare, tuple) else (bare,)
    kind = (kept.type if kept is not None else None) or wanted.type or implied_type(scalars)
    texts = kind in _NUMBERS and any(isinstance(scalar, str) for scalar in scalars)
    if texts or (unit is not None and kind in INTEGER_RANGES):
        each = (scalar if unit is None else Quantity(value=scalar, unit=unit) for scalar in scalars)
        scalars, unit = tuple(reader.read(scalar, wanted.unit, units).value for scalar in each), None
    kind, scalars = _fitting(kind, scalars, wanted)
    dimensions = _dimensions(len(scalars), kept, wanted) if isinstance(bare, tuple) else ()
    return _said(kind, scalars, dimensions, unit, kept)


def say_elements(connector: Connector, elements: Iterable[Any]) -> Said:
    """All elements of a variable, in its own unit, as a parameter."""
    scalars = tuple(each.hex() if isinstance(each, bytes) else each for each in elements)
    kind, scalars = _fitting(_kind(connector), scalars, wanted_by(connector))
    return _said(kind, scalars, connector.shape, None, None)


def _kind(connector: Connector) -> str:
    if connector.items:
        return "Enumeration"
    kinds = {Storage.FLOAT64: "Real", Storage.BOOLEAN: "Boolean", Storage.STRING: "String", Storage.BINARY: "Binary"}
    return kinds.get(connector.storage, "Integer")


def _fitting(kind: str, scalars: tuple[Any, ...], wanted: Wanted) -> tuple[str, tuple[Any, ...]]:
    """A type that holds the values: the one given where it does."""
    plain = all(isinstance(scalar, int | float) and not isinstance(scalar, bool) for scalar in scalars)
    if kind in FLOAT_TYPES and plain:
        return kind, tuple(map(float, scalars))
    if kind in INTEGER_RANGES and plain and all(float(scalar).is_integer() for scalar in scalars):
        whole = tuple(map(int, scalars))
        fits = all(scalar in INTEGER_RANGES[kind] for scalar in whole)
        return (kind if fits else integer_type(whole)), whole
    names = dict(wanted.items)
    if kind == "Enumeration" and plain and all(scalar in names for scalar in scalars):
        return kind, tuple(names[scalar] for scalar in scalars)
    text = all(isinstance(scalar, str) for scalar in scalars)
    if kind == "Binary" and text and all(map(_is_binary, scalars)):
        return kind, tuple(binary(scalar).hex() for scalar in scalars)
    if kind in ("String", "Enumeration") and text:
        return kind, scalars
    return implied_type(scalars), scalars


def _is_binary(text: str) -> bool:
    try:
        binary(text)
    except ValueError:
        return False
    return True


def _dimensions(size: int, kept: ValueType | None, wanted: Wanted) -> tuple[int, ...]:
    shapes = (kept.dimensions if kept is not None else None, wanted.shape)
    return next((shape for shape in shapes if shape and prod(shape) == size), (size,))


def _said(
    kind: str, scalars: tuple[Any, ...], dimensions: tuple[int, ...], unit: str | None, kept: ValueType | None
) -> Said:
    back: Any = scalars if dimensions else scalars[0]
    unit = unit if kind in FLOAT_TYPES else None
    mime_type = kept.mime_type if kept is not None and kind == "Binary" else None
    texts = tuple(map(_text, scalars))
    return Said(kind, texts, back if unit is None else Quantity(value=back, unit=unit), dimensions, unit, mime_type)


def _text(scalar: Any) -> str:
    if isinstance(scalar, bool):
        return "true" if scalar else "false"
    return repr(scalar) if isinstance(scalar, float) else str(scalar)
