"""modelDescription.xml of FMI 3.0: vectors as array variables, dependencies as value references."""

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
from fmus.structure import Elements, union
from fmus.variables import FmiVariable, Kind, Table
from plant_models.model import Type

_TAGS = {Type.FLOAT64: "Float64", Type.INTEGER: "Int32", Type.BOOLEAN: "Boolean", Type.ENUMERATION: "Enumeration"}


def model_description(description: Description) -> str:
    """Text of modelDescription.xml; the value reference of a variable is the place of its first element."""
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
        fmiVersion="3.0",
        modelName=table.model_name,
        instantiationToken=description.token,
        description=table.description,
        generationTool=GENERATION_TOOL,
        variableNamingConvention="structured",
    )


def _interfaces(table: Table) -> Iterator[str]:
    shared = {
        "modelIdentifier": table.model_name,
        "needsExecutionTool": False,
        "canBeInstantiatedOnlyOncePerProcess": False,
        "canGetAndSetFMUState": True,
        "canSerializeFMUState": True,
        "providesDirectionalDerivatives": True,
        "providesAdjointDerivatives": False,
        "providesPerElementDependencies": False,
    }
    yield element("ModelExchange", needsCompletedIntegratorStep=False, providesEvaluateDiscreteStates=False, **shared)
    yield element(
        "CoSimulation",
        canHandleVariableCommunicationStepSize=True,
        maxOutputDerivativeOrder=0,
        providesIntermediateUpdate=False,
        canReturnEarlyAfterIntermediateUpdate=False,
        hasEventMode=False,
        providesEvaluateDiscreteStates=False,
        **shared,
    )


def _type_definitions(table: Table) -> Iterator[str]:
    types = [element("EnumerationType", _items(items), name=name) for items, name in enumerations(table).items()]
    if types:
        yield element("TypeDefinitions", types)


def _items(items: Sequence[str]) -> Iterator[str]:
    return (element("Item", name=item, value=value) for value, item in enumerate(items, 1))


def _variables(table: Table) -> Iterator[str]:
    firsts = {variable.name: variable.first for variable in table.variables}
    types = enumerations(table)
    for variable in table.variables:
        dimension = [] if variable.size is None else [element("Dimension", start=variable.size)]
        yield element(
            _TAGS[variable.type],
            dimension,
            name=variable.name,
            valueReference=variable.first,
            description=variable.description,
            causality=variable.causality,
            variability=variable.variability,
            initial=variable.initial,
            **_attributes(variable, firsts, types),
        )


def _attributes(variable: FmiVariable, firsts: dict[str, int], types: dict[tuple[str, ...], str]) -> dict[str, object]:
    attributes: dict[str, object] = {}
    if variable.type is Type.FLOAT64:
        nominal = variable.nominal if variable.nominal != 1.0 else None
        attributes = {"unit": variable.unit, "nominal": nominal}
    if variable.type is Type.ENUMERATION:
        attributes = {"declaredType": types[variable.items]}
    attributes |= bounds(variable.type, variable.minimum, variable.maximum)
    if variable.start:
        attributes["start"] = tuple(typed(value, variable.type) for value in variable.start)
    if variable.derivative_of is not None:
        attributes["derivative"] = firsts[variable.derivative_of]
    return attributes


def _structure(description: Description) -> Iterator[str]:
    table, (outputs, derivatives) = description.table, description.structure
    calculated = _by_variable(table, Kind.OUTPUT, outputs)
    rates = _by_variable(table, Kind.DERIVATIVE, derivatives)
    owner = {place: variable for variable in table.variables for place in variable.places}
    yield from (_unknown("Output", owner[first], depends, owner, True) for first, depends in _states(table).items())
    for tag, unknowns, dynamic in (
        ("Output", calculated, True),
        ("ContinuousStateDerivative", rates, True),
        ("InitialUnknown", calculated | rates, False),
    ):
        for first, depends in unknowns.items():
            yield _unknown(tag, owner[first], depends, owner, dynamic)


def _states(table: Table) -> dict[int, tuple[int, ...]]:
    """States that are outputs: a continuous state depends on itself, a discrete one on no known."""
    return {
        variable.first: (variable.first,) if variable.kind is Kind.STATE else ()
        for variable in table.of(Kind.STATE, Kind.DISCRETE_STATE)
        if variable.causality == "output"
    }


def _by_variable(table: Table, kind: Kind, rows: Elements) -> dict[int, tuple[int, ...]]:
    """Places that each variable of a kind depends on, its elements taken together."""
    depends, at = {}, 0
    for variable in table.of(kind):
        depends[variable.first] = union(rows[at : at + variable.length])
        at += variable.length
    return depends


def _unknown(
    tag: str, variable: FmiVariable, depends: tuple[int, ...], owner: dict[int, FmiVariable], dynamic: bool
) -> str:
    knowns = (owner[place] for place in depends)
    references = {known.first for known in knowns if not dynamic or known.kind in (Kind.STATE, Kind.INPUT)}
    return element(tag, valueReference=variable.first, dependencies=tuple(sorted(references)))
