"""modelDescription.xml of FMI 2.0: arrays as one scalar variable per element, dependencies as indices."""

from collections.abc import Iterator, Sequence

from fmus.description import (
    GENERATION_TOOL,
    Description,
    bounds,
    default_experiment,
    element,
    enumerations,
    log_categories,
    typed,
    unit_definitions,
)
from fmus.variables import FmiVariable, Kind, Table
from plant_models.model import Type

_TAGS = {Type.FLOAT64: "Real", Type.INTEGER: "Integer", Type.BOOLEAN: "Boolean", Type.ENUMERATION: "Enumeration"}


def model_description(description: Description) -> str:
    """Text of modelDescription.xml; the value reference of a variable is its place, its index one more."""
    table = description.table
    content = [
        *_interfaces(table),
        unit_definitions(table),
        *_type_definitions(table),
        log_categories(),
        default_experiment(table),
        element("ModelVariables", _variables(table)),
        element("ModelStructure", _structure(description)),
    ]
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + element(
        "fmiModelDescription",
        content,
        fmiVersion="2.0",
        modelName=table.model_name,
        guid=description.token,
        description=table.description,
        generationTool=GENERATION_TOOL,
        variableNamingConvention="structured",
        numberOfEventIndicators=0,
    )


def _interfaces(table: Table) -> Iterator[str]:
    shared = {
        "modelIdentifier": table.model_name,
        "needsExecutionTool": False,
        "canBeInstantiatedOnlyOncePerProcess": False,
        "canNotUseMemoryManagementFunctions": True,
        "canGetAndSetFMUstate": True,
        "canSerializeFMUstate": True,
        "providesDirectionalDerivative": True,
    }
    yield element("ModelExchange", completedIntegratorStepNotNeeded=True, **shared)
    yield element(
        "CoSimulation",
        canHandleVariableCommunicationStepSize=True,
        canInterpolateInputs=False,
        maxOutputDerivativeOrder=0,
        canRunAsynchronuously=False,
        **shared,
    )


def _type_definitions(table: Table) -> Iterator[str]:
    types = [
        element("SimpleType", [element("Enumeration", _items(items))], name=name)
        for items, name in enumerations(table).items()
    ]
    if types:
        yield element("TypeDefinitions", types)


def _items(items: Sequence[str]) -> Iterator[str]:
    return (element("Item", name=item, value=value) for value, item in enumerate(items, 1))


def _variables(table: Table) -> Iterator[str]:
    firsts = {variable.name: variable.first for variable in table.variables}
    types = enumerations(table)
    for variable in table.variables:
        for index, place in enumerate(variable.places):
            yield element(
                "ScalarVariable",
                [element(_TAGS[variable.type], **_attributes(variable, index, firsts, types))],
                name=variable.element_name(index),
                valueReference=place,
                causality=variable.causality,
                variability=variable.variability,
                initial=variable.initial,
                description=variable.description,
            )


def _attributes(
    variable: FmiVariable, index: int, firsts: dict[str, int], types: dict[tuple[str, ...], str]
) -> dict[str, object]:
    attributes: dict[str, object] = {}
    if variable.type is Type.FLOAT64:
        nominal = variable.nominal if variable.nominal != 1.0 else None
        attributes = {"unit": variable.unit, "nominal": nominal}
    if variable.type is Type.ENUMERATION:
        attributes = {"declaredType": types[variable.items]}
    attributes |= bounds(variable.type, variable.minimum, variable.maximum)
    if variable.start:
        attributes["start"] = typed(variable.start[index], variable.type)
    if variable.derivative_of is not None:
        attributes["derivative"] = firsts[variable.derivative_of] + index + 1
    return attributes


def _structure(description: Description) -> Iterator[str]:
    table, (outputs, derivatives) = description.table, description.structure
    calculated = dict(zip(_places(table, Kind.OUTPUT), outputs, strict=True))
    rates = dict(zip(_places(table, Kind.DERIVATIVE), derivatives, strict=True))
    knowns = frozenset(_places(table, Kind.STATE, Kind.INPUT))
    states = frozenset(_places(table, Kind.STATE))
    unknowns = {place: (place,) if place in states else () for place in _visible_states(table)} | calculated
    yield element("Outputs", _unknowns(unknowns, knowns))
    if rates:
        yield element("Derivatives", _unknowns(rates, knowns))
    if calculated or rates:
        yield element("InitialUnknowns", _unknowns(calculated | rates, None))


def _visible_states(table: Table) -> Iterator[int]:
    for variable in table.of(Kind.STATE, Kind.DISCRETE_STATE):
        if variable.causality == "output":
            yield from variable.places


def _places(table: Table, *kinds: Kind) -> list[int]:
    return [place for variable in table.of(*kinds) for place in variable.places]


def _unknowns(dependencies: dict[int, tuple[int, ...]], knowns: frozenset[int] | None) -> Iterator[str]:
    for place, depends in sorted(dependencies.items()):
        indices = tuple(known + 1 for known in depends if knowns is None or known in knowns)
        yield element("Unknown", index=place + 1, dependencies=indices)
