"""Connectors: the variables of a modelDescription.xml as the rest of the system sees them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import isfinite, prod
from pathlib import Path
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree as ET

from orchestrator.errors import ModelDescriptionError
from orchestrator.fmi.archive import DESCRIPTION
from orchestrator.fmi.display_units import display_units, shown
from orchestrator.fmi.fmi1_description import complete
from orchestrator.fmi.literals import floating, literal, whole
from orchestrator.system.connector import Causality, Connector, Scalar, Storage, Variability
from orchestrator.system.parameters.start_values import binary
from orchestrator.system.quantities.units import BASE, Unit

MAX_ELEMENTS: Final = 10_000_000
"""Elements that all variables of an FMU may have together."""

STORAGE: Final[Mapping[str, Storage]] = {
    "Real": Storage.FLOAT64,
    "Integer": Storage.INT64,
    "Float64": Storage.FLOAT64,
    "Float32": Storage.FLOAT64,
    **dict.fromkeys(("Int8", "UInt8", "Int16", "UInt16", "Int32", "UInt32", "Int64"), Storage.INT64),
    "UInt64": Storage.UINT64,
    "Enumeration": Storage.INT64,
    "Boolean": Storage.BOOLEAN,
    "String": Storage.STRING,
    "Binary": Storage.BINARY,
}
"""Types that are imported, and where their values live. Clocks are no values."""


def read_connectors(path: Path, parsed: Any, root: ET.Element) -> tuple[Connector, ...]:
    """A connector for each variable of an imported type, in the order of the description.

    `parsed` is FMPy's reading, `root` the XML, for what that leaves out. ModelDescriptionError where names are not
    unique, ValueError for other contradictions.
    """
    variables = [variable for variable in parsed.modelVariables if variable.type in STORAGE]
    twice = [name for name, count in Counter(variable.name for variable in variables).items() if count > 1]
    if twice:
        raise ModelDescriptionError(f"{path}: the variable name '{twice[0]}' appears twice in {DESCRIPTION}")
    units = _units(parsed.unitDefinitions)
    elements = _elements(root)
    if root.get("fmiVersion") == "1.0":
        complete(variables, root)
    rates = {id(one.variable): one.variable.derivative for one in parsed.derivatives if one.variable.derivative}
    dynamics = _Dynamics({id(state) for state in rates.values()}, {rate: state.name for rate, state in rates.items()})
    _check_sizes(variables)
    connectors = (
        _named_connector(variable, _variable_attributes(elements, variable), units, dynamics) for variable in variables
    )
    displays = display_units(root, units)
    return tuple(
        shown(connector, variable, displays) for connector, variable in zip(connectors, variables, strict=True)
    )


class _Dynamics(NamedTuple):
    """The variables that are continuous states, and the names of the states by the variables that are their
    derivatives; variables by their identity.
    """

    states: set[int]
    rates: Mapping[int, str]


def _check_sizes(variables: Sequence[Any]) -> None:
    largest, total = None, 0
    for variable in variables:
        if any(extent < 0 for extent in variable.shape):
            raise ValueError(f"'{variable.name}' has the shape {tuple(variable.shape)}; no extent can be negative")
        size = prod(variable.shape)
        largest = variable if largest is None or size > prod(largest.shape) else largest
        total += size
    if largest is not None and total > MAX_ELEMENTS:
        raise ValueError(
            f"its variables have {total} elements, more than {MAX_ELEMENTS}; the largest, '{largest.name}', has the "
            f"shape {tuple(largest.shape)}"
        )


def _elements(root: ET.Element) -> dict[str, tuple[ET.Element, ...]]:
    """The XML of each variable by name: its element, and those in it that tell its type or start values."""
    return {
        variable.get("name", ""): (variable, *(inner for inner in variable if inner.tag in _SAYING))
        for variable in root.iterfind("ModelVariables/*")
    }


_SAYING: Final = frozenset(STORAGE) | {"Start"}


def _variable_attributes(elements: Mapping[str, tuple[ET.Element, ...]], variable: Any) -> tuple[ET.Element, ...]:
    return elements.get(variable.name if variable.alias is None else variable.alias.name, ())


def _named_connector(variable: Any, *more: Any) -> Connector:
    try:
        return _connector(variable, *more)
    except ValueError as error:
        raise ValueError(f"the variable '{variable.name}': {error}") from error


def _connector(variable: Any, xml: Sequence[ET.Element], units: Mapping[str, Unit], dynamics: "_Dynamics") -> Connector:
    declared = variable.declaredType
    storage = STORAGE[variable.type]
    nominal = _bound(variable.nominal, declared, "nominal", Storage.FLOAT64)
    if variable.initial not in (None, "exact", "approx", "calculated"):
        raise ValueError(f"its initial {variable.initial!r} is none of exact, approx and calculated")
    connector = Connector(
        name=variable.name,
        causality=Causality.LOCAL if variable.alias is not None else Causality(variable.causality),
        storage=storage,
        reference=variable.valueReference,
        shape=tuple(variable.shape),
        unit=_unit_of(variable, units, _flag(xml, "relativeQuantity")),
        variability=Variability(variable.variability),
        initial="calculated" if variable.alias is not None else variable.initial,
        start=_start(variable, storage, xml),
        nominal=_nominal(nominal),
        minimum=_bound(_attribute(xml, "min"), declared, "min", storage),
        maximum=_bound(_attribute(xml, "max"), declared, "max", storage),
        description=variable.description or "",
        items=_items(declared) if variable.type == "Enumeration" and declared is not None else (),
        is_state=id(variable) in dynamics.states,
        unsigned=variable.type.startswith("UInt"),
        nominal_is_declared=bool(nominal),
        derivative_of=dynamics.rates.get(id(variable)),
    )
    if connector.start is not None and len(connector.start) not in (1, connector.size):
        raise ValueError(f"it has {len(connector.start)} start values for {connector.size} elements")
    return connector


def _attribute(xml: Sequence[ET.Element], name: str) -> str | None:
    return next((element.attrib[name] for element in xml if name in element.attrib), None)


def _flag(xml: Sequence[ET.Element], name: str) -> bool:
    return _attribute(xml, name) in ("true", "1")


def _start(variable: Any, storage: Storage, xml: Sequence[ET.Element]) -> tuple[Scalar, ...] | None:
    if not storage.numeric:
        return _text_start(storage, xml)
    words = (variable.start or "").split()
    try:
        return tuple(literal(word, storage) for word in words) or None
    except ValueError as error:
        raise ValueError(f"its start value {error}") from error


def _text_start(storage: Storage, xml: Sequence[ET.Element]) -> tuple[Scalar, ...] | None:
    """FMI 2.0 gives the text in an attribute, FMI 3.0 text and hexadecimal digits in one element for each value."""
    texts = [element.get("value", "") for element in xml if element.tag == "Start"]
    if not texts:
        own = _attribute(xml, "start")
        texts = [] if own is None else [own]
    values = tuple(binary(text) if storage is Storage.BINARY else text for text in texts)
    return values or None


def _bound(own: str | None, declared: Any, attribute: str, storage: Storage) -> float | None:
    text = own if own is not None else getattr(declared, attribute, None)
    if text is None or not storage.numeric:
        return None
    try:
        return whole(text, storage) if storage in (Storage.INT64, Storage.UINT64) else floating(text)
    except ValueError as error:
        raise ValueError(f"its {attribute} {error}") from error


def _nominal(value: float | None) -> float:
    if value is not None and not isfinite(value):
        raise ValueError(f"its nominal {value} is not finite")
    return abs(value or 1.0)


def _items(declared: Any) -> tuple[tuple[int, str], ...]:
    return tuple((whole(str(item.value)), item.name) for item in declared.items)


def _units(definitions: Sequence[Any]) -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for definition in definitions:
        unit = _unit(definition)
        if units.setdefault(unit.name, unit) != unit:
            raise ValueError(f"the unit '{unit.name}' is defined twice, differently")
    return units


def _unit(unit: Any) -> Unit:
    base = unit.baseUnit
    if base is None:
        return Unit(unit.name)
    if not (isfinite(base.factor) and isfinite(base.offset) and base.factor):
        raise ValueError(f"the unit '{unit.name}' has the factor {base.factor:g} and the offset {base.offset:g}")
    return Unit(unit.name, tuple(getattr(base, name) for name in BASE), base.factor, base.offset)


def _unit_of(variable: Any, units: Mapping[str, Unit], relative: bool) -> Unit | None:
    declared = variable.declaredType
    name = variable.unit or getattr(declared, "unit", None)
    if not name:
        return None
    unit = units.get(name, Unit(name))
    if relative or getattr(declared, "relativeQuantity", False):
        # A difference of temperatures, say: FMI 2.0.4 section 2.2.2 and FMI 3.0.2 section 2.4.3 ignore the offset.
        return Unit(unit.name, unit.exponents, unit.factor, relative=True)
    return unit
