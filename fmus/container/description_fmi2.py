"""modelDescription.xml of a container of FMI 2.0: arrays as scalars, one per element, dependencies as indices."""

from collections.abc import Iterator

from fmus.container.description import Parts, attributes, document, enumerations, firsts, initial_unknowns
from fmus.container.system import Kind, System, Variable
from fmus.description import element


def model_description(system: System, token: str) -> str:
    """Text of modelDescription.xml; the value reference of a variable is its place, its index one more."""
    parts = Parts(_interface(system), _type_definitions(system), _variables(system), _structure(system))
    return document(system, parts, fmiVersion="2.0", guid=token, numberOfEventIndicators=0)


def _interface(system: System) -> str:
    return element(
        "CoSimulation",
        modelIdentifier=system.identifier,
        needsExecutionTool=system.needs_tool,
        canHandleVariableCommunicationStepSize=False,
        canInterpolateInputs=False,
        maxOutputDerivativeOrder=0,
        canRunAsynchronuously=False,
        canBeInstantiatedOnlyOncePerProcess=system.once_per_process,
        canNotUseMemoryManagementFunctions=True,
        canGetAndSetFMUstate=system.keeps_state,
        canSerializeFMUstate=system.serializes_state,
        providesDirectionalDerivative=False,
    )


def _type_definitions(system: System) -> Iterator[str]:
    types = [
        element("SimpleType", [element("Enumeration", [_item(item) for item in items])], name=name)
        for items, name in enumerations(system).items()
    ]
    if types:
        yield element("TypeDefinitions", types)


def _item(item: tuple[int, str]) -> str:
    return element("Item", name=item[1], value=item[0])


def _tag(variable: Variable) -> str:
    if variable.items:
        return "Enumeration"
    if variable.type.boolean:
        return "Boolean"
    return "Real" if variable.type.floating else "Integer"


def _variables(system: System) -> Iterator[str]:
    types, references = enumerations(system), firsts(system)
    # FMI 2.0 does not ask for the time as a variable, and some importers demand a start value of it.
    for variable in (each for each in system.variables if each.kind is not Kind.TIME):
        for index, name in enumerate(variable.elements):
            start = None if variable.start is None else variable.start[index]
            yield element(
                "ScalarVariable",
                [element(_tag(variable), **attributes(variable, types), start=start)],
                name=name,
                valueReference=references[variable.name] + index,
                causality=variable.causality,
                variability=variable.variability,
                initial=variable.initial,
                description=variable.description or None,
            )


def _structure(system: System) -> Iterator[str]:
    references = firsts(system)
    lengths = {variable.name: variable.length for variable in system.variables}
    outputs = []
    for variable in system.variables:
        if variable.causality == "output":
            depends = sorted(references[name] + 1 + k for name in variable.depends for k in range(lengths[name]))
            outputs += [
                element("Unknown", index=references[variable.name] + 1 + k, dependencies=tuple(depends))
                for k in range(variable.length)
            ]
    if outputs:
        yield element("Outputs", outputs)
    unknowns = [
        element("Unknown", index=references[variable.name] + 1 + k)
        for variable in initial_unknowns(system)
        for k in range(variable.length)
    ]
    if unknowns:
        yield element("InitialUnknowns", unknowns)
