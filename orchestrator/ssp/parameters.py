"""Parameters: sets of values, mappings of their names, and bindings of both (SSP 2.0, sections 5.2.3, 6 and 7)."""

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Mapping as MappingOf
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from orchestrator.ssp.common import enumerations, markup, transformation, units
from orchestrator.ssp.connectors import dimensions
from orchestrator.ssp.document import Document, Element, boolean, children, grandchildren, integer, local, number
from orchestrator.ssp.own import of_parameters, restored
from orchestrator.ssp.value_types import implied
from orchestrator.ssp.vocabulary import FLOAT_TYPES, INTEGER_RANGES, TYPES
from orchestrator.system.names import nearest
from orchestrator.system.structure import Mapping, ParameterBinding, UnitDefinition, ValueType
from orchestrator.system.values import Given, Quantity


class Loaded(NamedTuple):
    """A part of a binding: the document it stands in, and the file where it is one of its own."""

    document: Document
    source: Path | None


Load = Callable[[Element, str], Loaded | None]
"""The content of an element that gives something inline or as a file, by the name of its root; None with a problem."""


def bindings(element: Element, load: Load, known: dict[str, UnitDefinition]) -> tuple[ParameterBinding, ...]:
    """The parameter bindings of a system or component, in their order; `known` are the units of the file around."""
    found = (_binding(each, load, known) for each in _elements(element) if not of_parameters(element, each))
    return tuple(binding for binding in found if binding is not None)


def own_parameters(element: Element, load: Load, known: dict[str, UnitDefinition]) -> dict[str, Given]:
    """The `parameters` of a component, which cotwin writes as a binding for others to read."""
    found = (_binding(each, load, known) for each in _elements(element) if of_parameters(element, each))
    return {name: given for binding in found if binding is not None for name, given in binding.values.items()}


def _elements(element: Element) -> Iterator[Element]:
    return grandchildren(element, "ParameterBindings", "ParameterBinding")


def _binding(element: Element, load: Load, known: dict[str, UnitDefinition]) -> ParameterBinding | None:
    given = load(element, "ParameterSet")
    if given is None:
        return None
    prefix = element.get("prefix", "")
    values = parameter_set(given.document)
    types = value_types(given.document, values)
    values = restored(given.document, element, values)
    mapping, mapping_source = None, None
    for each in children(element, "ParameterMapping"):
        loaded = load(each, "ParameterMapping")
        if loaded is None:
            return None
        mapping, mapping_source = entries(loaded.document, [prefix + name for name in values]), loaded.source
    own = units(given.document)
    return ParameterBinding(
        prefix=prefix,
        name=given.document.root.get("name"),
        values=values,
        types={name: types[name] for name in types if name in values},
        # Tools leave the units of sets that are given inline to the file around them.
        units=own if given.source else {**_used(values, known), **own},
        mapping=mapping,
        source=given.source,
        mapping_source=mapping_source,
        markup=markup(element),
    )


def _used(values: dict[str, Given], known: dict[str, UnitDefinition]) -> dict[str, UnitDefinition]:
    names = {value.unit for value in values.values() if isinstance(value, Quantity)}
    return {name: definition for name, definition in known.items() if name in names}


def parameter_set(document: Document) -> dict[str, Given]:
    """The values of a parameter set by name; a number with a unit is a Quantity."""
    found: dict[str, Given] = {}
    items = enumerations(document)
    for each in grandchildren(document.root, "Parameters", "Parameter"):
        name = document.required(each, "name")
        if name in found:
            document.problem(each, "appears twice in the parameter set; keep one of them")
        types = [kind for kind in each.iterchildren("{*}*") if local(kind) in TYPES]
        if len(types) != 1:
            document.problem(each, f"has {len(types)} types; give one of {', '.join(TYPES)}")
            continue
        try:
            value = _value(types[0], dimensions(document, each), items)
            found[name] = Quantity(value=value, unit=types[0].get("unit")) if types[0].get("unit") else value
        except ValidationError as error:
            document.problem(each, error.errors()[0]["msg"].removeprefix("Value error, "))
        except ValueError as error:
            document.problem(each, str(error))
    return found


def value_types(document: Document, values: MappingOf[str, Given]) -> dict[str, ValueType]:
    """How a file gives values where that does not follow from the values."""
    found: dict[str, ValueType] = {}
    for each in grandchildren(document.root, "Parameters", "Parameter"):
        kind = next((one for one in each.iterchildren("{*}*") if local(one) in TYPES), None)
        name = each.get("name")
        if kind is None or name not in values:
            continue
        extents = tuple(extent for extent in dimensions(document, each) if isinstance(extent, int))
        given = ValueType(type=local(kind), dimensions=extents, mime_type=kind.get("mime-type"))
        if given != implied(values[name]):
            found[name] = given
    return found


def _value(element: Element, extents: tuple[int | str | None, ...], items: dict[str, dict[str, int]]) -> Any:
    sizes = [extent for extent in extents if isinstance(extent, int)]
    if len(sizes) != len(extents):
        raise ValueError("a Dimension of a parameter needs a size; add it")
    texts = _texts(element, bool(extents))
    if len(texts) != prod(sizes):
        raise ValueError(f"has {len(texts)} values for {prod(sizes)} elements; give one for each")
    if local(element) == "Enumeration" and element.get("name") is not None:
        _check_items(element.get("name"), texts, items)
    values = tuple(_scalar(local(element), text) for text in texts)
    return values if extents else values[0]


def _texts(element: Element, array: bool) -> list[str]:
    attribute, elements = element.get("value"), [each.get("value", "") for each in children(element, "Value")]
    if attribute is None and not elements:
        raise ValueError("has no value; add the attribute 'value'")
    if attribute is not None and elements:
        raise ValueError("has both the attribute 'value' and elements Value; keep one of them")
    if elements:
        return elements
    # Only numbers and Booleans are listed in one attribute: texts hold spaces themselves.
    listed = array and local(element) not in ("String", "Enumeration", "Binary")
    return str(attribute).split() if listed else [str(attribute)]


def _scalar(kind: str, text: str) -> float | int | bool | str:
    if kind in FLOAT_TYPES:
        real = number(text)
        if real is None:
            raise ValueError(f"{text[:40]!r} is no finite number; write one")
        return real
    if kind in INTEGER_RANGES:
        whole, within = integer(text), INTEGER_RANGES[kind]
        if whole is None or whole not in within:
            raise ValueError(f"{text[:40]!r} is no integer from {within[0]} to {within[-1]}, as {kind} needs")
        return whole
    if kind == "Boolean":
        truth = boolean(text)
        if truth is None:
            raise ValueError(f"{text[:40]!r} is neither true nor false; write one of them")
        return truth
    return _hexadecimal(text) if kind == "Binary" else text


def _hexadecimal(text: str) -> str:
    try:
        return bytes.fromhex(text).hex()
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not made of pairs of hexadecimal digits, as Binary needs") from None


def _check_items(name: str, texts: Iterable[str], items: dict[str, dict[str, int]]) -> None:
    if name not in items:
        raise ValueError(f"the enumeration '{name}' is not defined in this file; {nearest(name, items)}")
    for text in texts:
        if text not in items[name]:
            raise ValueError(f"'{text[:40]}' is no item of the enumeration '{name}'; {nearest(text, items[name])}")


def entries(document: Document, known: Iterable[str]) -> tuple[Mapping, ...]:
    """The entries of a parameter mapping, of parameters that the set has."""
    names = set(known)
    return tuple(_entries(document, names))


def _entries(document: Document, names: set[str]) -> Iterator[Mapping]:
    targets = set()
    for each in children(document.root, "MappingEntry"):
        source, target = document.required(each, "source"), document.required(each, "target")
        if source not in names:
            document.problem(each, f"the source '{source}' is no parameter of the set; {nearest(source, names)}")
        if not target.strip():
            document.problem(each, f"'{source}' is mapped to nothing; name the target")
        if target in targets:
            document.problem(each, f"the target '{target}' is mapped twice; keep one of the entries")
        targets.add(target)
        yield Mapping(
            source=source,
            target=target,
            suppress_unit_conversion=document.truth(each, "suppressUnitConversion"),
            transformation=transformation(document, each),
        )
