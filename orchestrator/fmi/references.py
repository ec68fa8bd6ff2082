"""References inside a modelDescription.xml: every index and value reference must name one variable."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple
from xml.etree import ElementTree as ET

from orchestrator.fmi.literals import shown, whole
from orchestrator.system.connector import Storage

_REMEDY: Final = "Ask the supplier of the FMU for a sound export"
_LARGEST: Final = 2**32 - 1
_NUMBER: Final = re.compile(r"\s*\+?0*(\d{1,10})\s*", re.ASCII)
"""What XML Schema takes for a number without a sign, as far as it is one of 32 bits."""
_LISTS: Final = ("dependencies", "clocks")
_SINGLE: Final = ("derivative", "previous")


class _Reference(NamedTuple):
    """One reference: the text that refers, None where there must be one and is none, and where it stands."""

    text: str | None
    where: str


def check_references(root: ET.Element) -> None:
    """Raise ValueError that names the first reference of FMI 2.0 or 3.0 to no variable, or to more than one.

    So does a variable of any version without a name, a value reference that does not fit into 32 bits without a sign,
    and one that an input of FMI 1.0 or 2.0 shares with what can be set beside it; and a dimension without a size.
    """
    for variable in root.iterfind("ModelVariables/*"):
        _check_value_reference(variable)
        if not variable.get("name"):
            raise ValueError(
                f"the variable with the value reference {variable.get('valueReference')} has no name. {_REMEDY}"
            )
    _check_inputs(root)
    if root.get("fmiVersion") == "2.0":
        known = {str(index) for index in range(1, len(root.findall("ModelVariables/ScalarVariable")) + 1)}
        _check(_by_index(root), known, f"an index from 1 to {len(known)}")
    elif root.get("fmiVersion", "").startswith("3."):
        _check(_by_value_reference(root), _value_references(root), "the value reference of a variable")
        _check_dimensions(root)


def _check_value_reference(variable: ET.Element) -> None:
    text = variable.get("valueReference", "")
    if int(_number(text) or _LARGEST + 1) > _LARGEST:
        name = variable.get("name")
        raise ValueError(f"the value reference {shown(text)} of '{name}' is no number from 0 to {_LARGEST}. {_REMEDY}")


def _check_inputs(root: ET.Element) -> None:
    """Variables that can both be set are no aliases (FMI 2.0, section 2.2.7): of two inputs one would be lost."""
    settable: dict[tuple[str, int], list[ET.Element]] = defaultdict(list)
    for variable in root.iterfind("ModelVariables/ScalarVariable"):
        if variable.get("causality") in ("input", "parameter"):
            kind = next((_BASE_TYPES[child.tag] for child in variable if child.tag in _BASE_TYPES), "")
            settable[kind, int(variable.get("valueReference", ""))].append(variable)
    for (_, reference), variables in settable.items():
        if len(variables) > 1 and any(variable.get("causality") == "input" for variable in variables):
            names = " and ".join(f"'{variable.get('name')}'" for variable in variables)
            raise ValueError(f"{names} can both be set, but have the same value reference {reference}. {_REMEDY}")


_BASE_TYPES: Final = {
    "Real": "Real",
    "Integer": "Integer",
    "Enumeration": "Integer",
    "Boolean": "Boolean",
    "String": "String",
}


def _check_dimensions(root: ET.Element) -> None:
    """The size of a dimension is its own, or the start value of the variable that it refers to."""
    starts = {_number(each.get("valueReference", "")): each.get("start") for each in root.iterfind("ModelVariables/*")}
    for variable in root.iterfind("ModelVariables/*"):
        for dimension in variable.iterfind("Dimension"):
            reference = dimension.get("valueReference")
            size = dimension.get("start") if reference is None else starts[_number(reference)]
            try:
                whole(size or "", Storage.INT64)
            except ValueError as error:
                which = "" if reference is None else f" (the start value of reference {reference})"
                raise ValueError(f"a size of '{variable.get('name')}'{which}: {error}. {_REMEDY}") from error


def _number(text: str) -> str | None:
    """A number without what may stand before and behind it; None where the text is none."""
    found = _NUMBER.fullmatch(text)
    return None if found is None else found[1]


def _check(references: Iterator[_Reference], known: set[str], what: str) -> None:
    for reference in references:
        if reference.text is None:
            raise ValueError(f"{reference.where} is missing. {_REMEDY}")
        if _number(reference.text) not in known:
            raise ValueError(f"{reference.where} refers to {shown(reference.text)}, which is not {what}. {_REMEDY}")


def _value_references(root: ET.Element) -> set[str]:
    names: dict[str, str] = {}
    for variable in root.iterfind("ModelVariables/*"):
        name, reference = variable.get("name", ""), variable.get("valueReference", "")
        other = names.setdefault(_number(reference) or "", name)
        if other != name:
            raise ValueError(f"'{other}' and '{name}' have the same value reference {reference!r}. {_REMEDY}")
    return set(names)


def _by_index(root: ET.Element) -> Iterator[_Reference]:
    for group in root.iterfind("ModelStructure/*"):
        for unknown in group.iterfind("Unknown"):
            yield from _of(unknown, f"ModelStructure/{group.tag}", "index")
    for variable in root.iterfind("ModelVariables/ScalarVariable"):
        for element in variable:
            yield from _of(element, f"the variable '{variable.get('name')}'")


def _by_value_reference(root: ET.Element) -> Iterator[_Reference]:
    for unknown in root.iterfind("ModelStructure/*"):
        if unknown.tag != "Annotations":
            yield from _of(unknown, f"ModelStructure/{unknown.tag}", "valueReference")
    for variable in root.iterfind("ModelVariables/*"):
        where = f"the variable '{variable.get('name')}'"
        yield from _of(variable, where)
        for dimension in variable.iterfind("Dimension"):
            yield from _of(dimension, where, None if dimension.get("valueReference") is None else "valueReference")


def _of(element: ET.Element, where: str, own: str | None = None) -> Iterator[_Reference]:
    if own is not None:
        yield _Reference(element.get(own), f"{where}, {own},")
    for attribute in _SINGLE:
        if (text := element.get(attribute)) is not None:
            yield _Reference(text, f"{where}, {attribute},")
    for attribute in _LISTS:
        for text in element.get(attribute, "").split():
            yield _Reference(text, f"{where}, {attribute},")
