"""What both model descriptions of a container have in common."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fmus.container.system import System, Variable
from fmus.container.values import Type
from fmus.description import GENERATION_TOOL, element
from fmus.units import BASE

CATEGORIES = ("logStatusWarning", "logStatusDiscard", "logStatusError", "logStatusFatal")


class Parts(NamedTuple):
    """What the versions of FMI say each in their own way: texts, and elements one after the other."""

    interface: str
    types: Iterable[str]
    variables: Iterable[str]
    structure: Iterable[str]


def document(system: System, parts: Parts, **own: object) -> str:
    """Text of modelDescription.xml; `own` are the attributes that only one version of FMI has."""
    content = [
        parts.interface,
        unit_definitions(system),
        *parts.types,
        log_categories(),
        default_experiment(system),
        element("ModelVariables", parts.variables),
        element("ModelStructure", parts.structure),
    ]
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + element(
        "fmiModelDescription",
        content,
        modelName=system.name,
        description=system.description,
        generationTool=GENERATION_TOOL,
        variableNamingConvention="flat",
        **own,
    )


def unit_definitions(system: System) -> str:
    """UnitDefinitions, where there are units (the same text in FMI 2.0 and 3.0)."""
    units = []
    for unit in system.units:
        inner = []
        if unit.exponents is not None:
            exponents = {base: power for base, power in zip(BASE, unit.exponents, strict=True) if power}
            inner = [element("BaseUnit", **exponents, factor=unit.factor, offset=unit.offset or None)]
        units.append(element("Unit", inner, name=unit.name))
    return element("UnitDefinitions", units) if units else ""


def log_categories() -> str:
    """LogCategories: the statuses of messages."""
    return element("LogCategories", [element("Category", name=name) for name in CATEGORIES])


def default_experiment(system: System) -> str:
    """DefaultExperiment: that of the system."""
    return element(
        "DefaultExperiment",
        startTime=float(system.start),
        stopTime=float(system.stop),
        tolerance=system.tolerance,
        stepSize=float(system.step_size),
    )


def enumerations(system: System) -> dict[tuple[tuple[int, str], ...], str]:
    """Name of the type of each enumeration; the first variable that has the items names the type."""
    names: dict[tuple[tuple[int, str], ...], str] = {}
    for variable in system.variables:
        if variable.items:
            names.setdefault(variable.items, f"{variable.name}_type")
    return names


def attributes(variable: Variable, types: dict[tuple[tuple[int, str], ...], str]) -> dict[str, object]:
    """Attributes of a variable's type, but for its start."""
    if variable.items:
        return {"declaredType": types[variable.items]}
    if variable.type.boolean:
        return {}
    bounds: dict[str, object] = {"min": variable.minimum, "max": variable.maximum}
    if variable.type.floating:
        relative = True if variable.relative else None
        return {"unit": variable.unit, "relativeQuantity": relative, "nominal": variable.nominal, **bounds}
    return bounds


def firsts(system: System) -> dict[str, int]:
    """Value reference of each variable: the number of its first element among all."""
    references: dict[str, int] = {}
    first = 0
    for variable in system.variables:
        references[variable.name] = first
        first += variable.length
    return references


def initial_unknowns(system: System) -> Iterator[Variable]:
    """The outputs and calculated parameters that Initialization Mode computes."""
    for variable in system.variables:
        computed = variable.causality == "output" and variable.initial != "exact"
        if computed or variable.causality == "calculatedParameter":
            yield variable


def fits_fmi2(kind: Type) -> bool:
    """Whether FMI 2.0 has a type for these values: its integers have 32 bits."""
    return kind not in (Type.UINT32, Type.INT64, Type.UINT64)
