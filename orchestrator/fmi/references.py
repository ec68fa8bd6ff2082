"""References inside a modelDescription.xml: every index and value reference must name one variable."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple
from xml.etree import ElementTree as ET

_REMEDY: Final = "Ask the supplier of the FMU for a sound export"
_LARGEST: Final = 2**32 - 1
_LISTS: Final = ("dependencies", "clocks")
_SINGLE: Final = ("derivative", "previous")


class _Reference(NamedTuple):
    """One reference: the text that refers, and where it stands."""

    text: str
    where: str


def check_references(root: ET.Element) -> None:
    """Raise ValueError that names the first reference of FMI 2.0 or 3.0 to no variable, or to more than one.

    So does a value reference of any version that does not fit into 32 bits without a sign, and one that an input of
    FMI 1.0 or 2.0 shares with what can be set beside it.
    """
    for variable in root.iterfind("ModelVariables/*"):
        _check_value_reference(variable)
    _check_inputs(root)
    if root.get("fmiVersion") == "2.0":
        known = {str(index) for index in range(1, len(root.findall("ModelVariables/ScalarVariable")) + 1)}
        _check(_by_index(root), known, f"an index from 1 to {len(known)}")
    elif root.get("fmiVersion", "").startswith("3."):
        _check(_by_value_reference(root), _value_references(root), "the value reference of a variable")


def _check_value_reference(variable: ET.Element) -> None:
    text = variable.get("valueReference", "")
    if not (text.strip().isdecimal() and int(text) <= _LARGEST):
        raise ValueError(
            f"the value reference {text!r} of '{variable.get('name')}' is no number from 0 to {_LARGEST}. {_REMEDY}"
        )


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


def _check(references: Iterator[_Reference], known: set[str], what: str) -> None:
    # Numbers may be written with a sign or leading zeros.
    for reference in references:
        if reference.text not in known and (reference.text.lstrip("+0") or "0") not in known:
            raise ValueError(f"{reference.where} refers to {reference.text!r}, which is not {what}. {_REMEDY}")


def _value_references(root: ET.Element) -> set[str]:
    names: dict[str, str] = {}
    for variable in root.iterfind("ModelVariables/*"):
        name, reference = variable.get("name", ""), variable.get("valueReference", "")
        other = names.setdefault(reference.lstrip("+0") or "0", name)
        if other != name:
            raise ValueError(f"'{other}' and '{name}' have the same value reference {reference!r}. {_REMEDY}")
    return set(names)


def _by_index(root: ET.Element) -> Iterator[_Reference]:
    for group in root.iterfind("ModelStructure/*"):
        for unknown in group:
            yield from _of(unknown, f"ModelStructure/{group.tag}", "index")
    for variable in root.iterfind("ModelVariables/ScalarVariable"):
        for element in variable:
            yield from _of(element, f"the variable '{variable.get('name')}'")


def _by_value_reference(root: ET.Element) -> Iterator[_Reference]:
    for unknown in root.iterfind("ModelStructure/*"):
        yield from _of(unknown, f"ModelStructure/{unknown.tag}", "valueReference")
    for variable in root.iterfind("ModelVariables/*"):
        where = f"the variable '{variable.get('name')}'"
        yield from _of(variable, where)
        for dimension in variable.iterfind("Dimension"):
            yield from _of(dimension, where, "valueReference")


def _of(element: ET.Element, where: str, own: str | None = None) -> Iterator[_Reference]:
    for attribute in (own, *_SINGLE):
        if attribute is not None and (text := element.get(attribute)) is not None:
            yield _Reference(text.strip(), f"{where}, {attribute},")
    for attribute in _LISTS:
        for text in element.get(attribute, "").split():
            yield _Reference(text, f"{where}, {attribute},")
