"""modelDescription.xml of a container of FMI 3.0: arrays stay arrays, dependencies as value references."""

from collections.abc import Iterator

from fmus.container.description import Parts, attributes, document, enumerations, firsts, initial_unknowns
from fmus.container.system import System, Variable
from fmus.container.values import Type
from fmus.description import element

_TAGS = {
    Type.FLOAT64: "Float64",
    Type.FLOAT32: "Float32",
    Type.INT8: "Int8",
    Type.UINT8: "UInt8",
    Type.INT16: "Int16",
    Type.UINT16: "UInt16",
    Type.INT32: "Int32",
    Type.UINT32: "UInt32",
    Type.INT64: "Int64",
    Type.UINT64: "UInt64",
    Type.BOOLEAN: "Boolean",
    Type.INTEGER32_BOOLEAN: "Boolean",
}


def model_description(system: System, token: str) -> str:
    """Text of modelDescription.xml; the value reference of a variable is the number of its first element."""
    parts = Parts(_interface(system), _type_definitions(system), _variables(system), _structure(system))
    return document(system, parts, fmiVersion="3.0", instantiationToken=token)


def _interface(system: System) -> str:
    return element(
        "CoSimulation",
        modelIdentifier=system.identifier,
        needsExecutionTool=system.needs_tool,
        canBeInstantiatedOnlyOncePerProcess=system.once_per_process,
        canGetAndSetFMUState=system.keeps_state,
        canSerializeFMUState=system.serializes_state,
        providesDirectionalDerivatives=False,
        providesAdjointDerivatives=False,
        providesPerElementDependencies=False,
        canHandleVariableCommunicationStepSize=False,
        fixedInternalStepSize=float(system.step_size),
        maxOutputDerivativeOrder=0,
        providesIntermediateUpdate=False,
        canReturnEarlyAfterIntermediateUpdate=False,
        hasEventMode=False,
        providesEvaluateDiscreteStates=False,
    )


def _type_definitions(system: System) -> Iterator[str]:
    types = [
        element("EnumerationType", [element("Item", name=item, value=value) for value, item in items], name=name)
        for items, name in enumerations(system).items()
    ]
    if types:
        yield element("TypeDefinitions", types)


def _variables(system: System) -> Iterator[str]:
    types, references = enumerations(system), firsts(system)
    for variable in system.variables:
        yield element(
            "Enumeration" if variable.items else _TAGS[variable.type],
            [element("Dimension", start=extent) for extent in variable.shape],
            name=variable.name,
            valueReference=references[variable.name],
            description=variable.description or None,
            causality=variable.causality,
            variability=variable.variability,
            initial=variable.initial,
            **attributes(variable, types),
            start=variable.start,
        )


def _structure(system: System) -> Iterator[str]:
    references = firsts(system)
    for variable in system.variables:
        if variable.causality == "output":
            depends = tuple(sorted(references[name] for name in variable.depends))
            yield element("Output", valueReference=references[variable.name], dependencies=depends)
    yield from (_unknown(variable, references) for variable in initial_unknowns(system))


def _unknown(variable: Variable, references: dict[str, int]) -> str:
    return element("InitialUnknown", valueReference=references[variable.name])
