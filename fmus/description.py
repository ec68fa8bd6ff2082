"""What both modelDescription.xml have in common: attributes, numbers, units."""

from collections.abc import Iterable
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

from fmus import units
from fmus.structure import Structure
from fmus.variables import Table
from plant_models.model import Type

GENERATION_TOOL = "cotwin"
DEFAULT_STOP_TIME = 3600.0
DEFAULT_STEP_SIZE = 1.0


class Description(NamedTuple):
    """All that a modelDescription.xml is written from."""

    table: Table
    structure: Structure
    token: str


def element(tag: str, content: Iterable[str] = (), /, **attributes: object) -> str:
    """An XML element; attributes that are None are left out, Booleans, floats and sequences written as FMI wants."""
    pairs = "".join(f" {key}={quoteattr(text(value))}" for key, value in attributes.items() if value is not None)
    inner = "".join(content)
    return f"<{tag}{pairs}>\n{inner}</{tag}>\n" if inner else f"<{tag}{pairs}/>\n"


def text(value: object) -> str:
    """A value as XML text: `true`, the shortest exact decimal number, or a list separated by spaces."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, tuple | list):
        return " ".join(text(item) for item in value)
    return str(value)


def typed(value: float | None, kind: Type) -> bool | int | float | None:
    """A number as a value of its FMI type."""
    if value is None or kind is Type.FLOAT64:
        return value
    return bool(value) if kind is Type.BOOLEAN else int(value)


def bounds(kind: Type, minimum: float | None, maximum: float | None) -> dict[str, object]:
    """Attributes min and max, for the types that have them."""
    if kind is Type.BOOLEAN:
        return {}
    return {"min": typed(minimum, kind), "max": typed(maximum, kind)}


def unit_definitions(table: Table) -> str:
    """UnitDefinitions of every unit in the table (the same text in FMI 2.0 and 3.0)."""
    names = sorted({variable.unit for variable in table.variables if variable.type is Type.FLOAT64})
    return element("UnitDefinitions", (_unit(units.parse(name)) for name in names))


def _unit(unit: units.UnitDefinition) -> str:
    exponents = {base: power for base, power in zip(units.BASE, unit.exponents, strict=True) if power}
    offset = unit.offset or None
    return element("Unit", [element("BaseUnit", **exponents, factor=unit.factor, offset=offset)], name=unit.name)


def default_experiment(table: Table) -> str:
    """DefaultExperiment: an hour in steps of the sample time, or of a second."""
    step = table.sample_time or DEFAULT_STEP_SIZE
    tolerance = 1e-6 if table.counts.states else None
    return element(
        "DefaultExperiment", startTime=0.0, stopTime=DEFAULT_STOP_TIME, tolerance=tolerance, stepSize=float(step)
    )


def log_categories() -> str:
    """LogCategories: the only one in use."""
    return element("LogCategories", [element("Category", name="logStatusError", description="Errors")])


def enumerations(table: Table) -> dict[tuple[str, ...], str]:
    """Name of the type of each enumeration, by its items; the first variable that has the items names the type."""
    names: dict[tuple[str, ...], str] = {}
    for variable in table.variables:
        if variable.items:
            names.setdefault(variable.items, f"{variable.name}_type")
    return names
