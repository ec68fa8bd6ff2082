"""modelDescription.xml of a model of the kit, for each version of FMI."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import quoteattr

from tests.kit.capabilities import Settings
from tests.kit.models import ITEMS, OLD_TYPES, Model, Variable

_KINDS: Final = {
    "co_simulation": "CoSimulation",
    "model_exchange": "ModelExchange",
    "scheduled_execution": "ScheduledExecution",
}
_OLD_CAUSALITY: Final = {"parameter": "internal", "local": "internal"}


@dataclass(frozen=True)
class Described:
    """What a description is made of."""

    model: Model
    kind: str
    settings: Settings
    identifier: str
    token: str


def describe(version: str, described: Described) -> str:
    """The text of modelDescription.xml."""
    writer = {"1.0": _fmi1, "2.0": _fmi2, "3.0": _fmi3}[version]
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + writer(described)


def _element(tag: str, children: Iterable[str] = (), **attributes: object) -> str:
    shown = "".join(
        f" {name.rstrip('_')}={quoteattr(_text(value))}" for name, value in attributes.items() if value is not None
    )
    inside = "".join(f"\n{child}" for child in children)
    return f"<{tag}{shown}>{inside}\n</{tag}>" if inside else f"<{tag}{shown}/>"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return " ".join(map(_text, value))
    return repr(value) if isinstance(value, float) else str(value)


# ---- FMI 1.0


def _fmi1(d: Described) -> str:
    model = d.model
    children = [_types("1.0")] if _enumerates(model) else []
    children += [_element("DefaultExperiment", startTime=0.0, stopTime=model.stop)]
    children += [_element("ModelVariables", [_scalar1(model, ref, v) for ref, v in model.offered("1.0")])]
    if d.kind == "co_simulation":
        capabilities = _element("Capabilities", **d.settings.attributes("1.0", d.kind))
        children += [_element("Implementation", [_element("CoSimulation_StandAlone", [capabilities])])]
    return _element(
        "fmiModelDescription",
        children,
        fmiVersion="1.0",
        modelName=model.name,
        modelIdentifier=d.identifier,
        guid=d.token,
        numberOfContinuousStates=len(model.states),
        numberOfEventIndicators=len(model.indicators),
    )


def _scalar1(model: Model, reference: int, v: Variable) -> str:
    parameter = v.causality == "parameter"
    inner = _element(
        OLD_TYPES[v.type],
        declaredType="Mode" if v.type == "Enumeration" else None,
        start=v.start,
        fixed=True if v.exact and v.causality != "input" else None,
    )
    depends = _direct_dependency(v) if v.causality == "output" else []
    return _element(
        "ScalarVariable",
        [inner, *depends],
        name=v.name,
        valueReference=reference,
        variability="parameter" if parameter else v.changes,
        causality=_OLD_CAUSALITY.get(v.causality, v.causality),
    )


def _direct_dependency(v: Variable) -> list[str]:
    return [_element("DirectDependency", [f"<Name>{name}</Name>" for name in v.depends])] if v.depends else []


# ---- FMI 2.0


def _fmi2(d: Described) -> str:
    model = d.model
    offered = [(0, Variable("time", causality="independent")), *model.offered("2.0")]
    position = {v.name: index for index, (_, v) in enumerate(offered, 1)}
    children = [_element(_KINDS[d.kind], modelIdentifier=d.identifier, **d.settings.attributes("2.0", d.kind))]
    children += [_types("2.0")] if _enumerates(model) else []
    children += ['<LogCategories><Category name="logAll"/></LogCategories>']
    children += [_element("DefaultExperiment", startTime=0.0, stopTime=model.stop)]
    children += [_element("ModelVariables", [_scalar2(model, position, ref, v) for ref, v in offered])]
    children += [_structure2(model, position)]
    return _element(
        "fmiModelDescription",
        children,
        fmiVersion="2.0",
        modelName=model.name,
        guid=d.token,
        numberOfEventIndicators=len(model.indicators),
    )


def _scalar2(model: Model, position: dict[str, int], reference: int, v: Variable) -> str:
    derived = next((state.name for state in model.states if state.rate == v.name), None)
    inner = _element(
        OLD_TYPES[v.type],
        declaredType="Mode" if v.type == "Enumeration" else None,
        start=v.start,
        derivative=position[derived] if derived else None,
    )
    return _element(
        "ScalarVariable",
        [inner],
        name=v.name,
        valueReference=reference,
        causality=v.causality,
        variability=v.changes,
        initial=_initial(v),
    )


def _initial(v: Variable) -> str | None:
    if v.causality not in ("output", "local"):
        return None
    return "exact" if v.exact else "calculated"


def _structure2(model: Model, position: dict[str, int]) -> str:
    offered = [v for _, v in model.offered("2.0")]
    outputs = [_unknown2(model, position, v) for v in offered if v.causality == "output"]
    rates = [_element("Unknown", index=position[str(state.rate)]) for state in model.states]
    calculated = [v for v in offered if _initial(v) == "calculated" and v.causality == "output"]
    first = [_unknown2(model, position, v) for v in calculated] + rates
    groups = (("Outputs", outputs), ("Derivatives", rates), ("InitialUnknowns", _by_index(first)))
    return _element("ModelStructure", [_element(tag, unknowns) for tag, unknowns in groups if unknowns])


def _by_index(unknowns: Sequence[str]) -> list[str]:
    return sorted(unknowns, key=lambda unknown: int(unknown.split('index="')[1].split('"')[0]))


def _unknown2(model: Model, position: dict[str, int], v: Variable) -> str:
    names = (*v.depends, *(state.name for state in model.states))
    return _element("Unknown", index=position[v.name], dependencies=" ".join(str(position[name]) for name in names))


# ---- FMI 3.0


def _fmi3(d: Described) -> str:
    model = d.model
    updated = d.settings.intermediate_steps > 0
    variables = [_variable3(model, ref, v, updated=updated) for ref, v in model.offered("3.0")]
    time = _element("Float64", name="time", valueReference=0, causality="independent", variability="continuous")
    children = [_element(_KINDS[d.kind], modelIdentifier=d.identifier, **d.settings.attributes("3.0", d.kind))]
    children += [_types("3.0")] if _enumerates(model) else []
    children += ['<LogCategories><Category name="logAll"/></LogCategories>']
    children += [_element("DefaultExperiment", startTime=0.0, stopTime=model.stop)]
    children += [_element("ModelVariables", [time, *variables]), _structure3(model)]
    return _element("fmiModelDescription", children, fmiVersion="3.0", modelName=model.name, instantiationToken=d.token)


def _variable3(model: Model, reference: int, v: Variable, *, updated: bool) -> str:
    derived = next((state for state in model.states if state.rate == v.name), None)
    children = [_element("Dimension", valueReference=model.reference(name)) for name in v.dimensions]
    if isinstance(v.start, str | bytes):
        children += [_element("Start", value=v.start if isinstance(v.start, str) else v.start.hex())]
    clock = v.type == "Clock"
    return _element(
        v.type,
        children,
        name=v.name,
        valueReference=reference,
        causality=v.causality,
        variability=None if clock else v.changes,
        clocks=" ".join(str(model.reference(name)) for name in v.clocks) or None,
        initial=None if clock else _initial(v),
        declaredType="Mode" if v.type == "Enumeration" else None,
        start=None if isinstance(v.start, str | bytes) else v.start,
        derivative=model.reference(derived.name) if derived else None,
        intervalVariability=None if not clock else "triggered" if v.interval is None else "constant",
        intervalDecimal=v.interval,
        priority=v.priority,
        intermediateUpdate=True if updated and v.type == "Float64" and v.causality == "input" else None,
    )


def _structure3(model: Model) -> str:
    outputs = [v for v in model.variables if v.causality == "output"]
    rates = [str(state.rate) for state in model.states]
    unknown = [v for v in outputs if not v.exact]
    unknowns = [_unknown3(model, "Output", v) for v in outputs]
    unknowns += [_element("ContinuousStateDerivative", valueReference=model.reference(rate)) for rate in rates]
    unknowns += [_unknown3(model, "InitialUnknown", v) for v in unknown]
    unknowns += [_element("InitialUnknown", valueReference=model.reference(rate)) for rate in rates]
    unknowns += [_element("EventIndicator", valueReference=model.reference(name)) for name in model.indicators]
    return _element("ModelStructure", unknowns)


def _unknown3(model: Model, tag: str, v: Variable) -> str:
    names = (*v.depends, *(state.name for state in model.states))
    return _element(
        tag,
        valueReference=model.reference(v.name),
        dependencies=" ".join(str(model.reference(name)) for name in names) if v.type != "Clock" else None,
    )


# ---- the enumeration


def _enumerates(model: Model) -> bool:
    return any(v.type == "Enumeration" for v in model.variables)


def _types(version: str) -> str:
    if version == "1.0":
        items = [_element("Item", name=name) for name in ITEMS]
        inner = _element("EnumerationType", items, min=1, max=len(ITEMS))
        return _element("TypeDefinitions", [_element("Type", [inner], name="Mode")])
    items = [_element("Item", name=name, value=value) for value, name in enumerate(ITEMS, 1)]
    if version == "2.0":
        inner = _element("Enumeration", items)
        return _element("TypeDefinitions", [_element("SimpleType", [inner], name="Mode")])
    return _element("TypeDefinitions", [_element("EnumerationType", items, name="Mode")])
