"""Annotations that a run depends on: cotwin's own, and the step sizes that other tools write.

The text of the own annotation is a JSON object; see `vocabulary.ANNOTATION`.
"""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from orchestrator.ssp.common import own_annotation
from orchestrator.ssp.document import Document, Element, local, number
from orchestrator.ssp.packages import Place
from orchestrator.ssp.vocabulary import (
    FOREIGN_STEPS,
    OWN_BINDING_FIELDS,
    OWN_COMPONENT_FIELDS,
    OWN_CONNECTION_FIELDS,
    OWN_FIELDS,
)
from orchestrator.system.names import nearest
from orchestrator.system.values import Given, Quantity

_VALUES: TypeAdapter[dict[str, Given]] = TypeAdapter(dict[str, Given])


def system_fields(document: Document) -> dict[str, Any]:
    """Fields of the description, and `tolerance` of the experiment."""
    return _fields(document, document.root, OWN_FIELDS)


def component_fields(document: Document, element: Element, place: Place) -> dict[str, Any]:
    """Fields of a component; the surrogate of a swap and an estimator must be files of the package."""
    fields = _fields(document, element, OWN_COMPONENT_FIELDS)
    for name, holder in (("swap.surrogate", fields.get("swap")), ("estimator", fields)):
        key = name.rpartition(".")[2]
        if isinstance(holder, dict) and isinstance(holder.get(key), str):
            try:
                holder[key] = place.existing(holder[key], folder=True)
            except ValueError as error:
                document.problem(element, f"the annotation of cotwin: {name}: {error}")
                del fields[name.partition(".")[0]]
    return fields


def connection_fields(document: Document, element: Element) -> dict[str, Any]:
    """Fields of a connection that SSP has no words for."""
    fields = _fields(document, element, OWN_CONNECTION_FIELDS)
    wrong = [name for name, value in fields.items() if not isinstance(value, bool)]
    for name in wrong:
        document.problem(element, f"the annotation of cotwin: {name}: {fields[name]!r:.80}: write true or false")
    return {name: value for name, value in fields.items() if name not in wrong}


def foreign_step(document: Document) -> float | None:
    """The macro step (s) in an annotation of another tool, None where there is none."""
    for kind, name, attribute in FOREIGN_STEPS:
        for annotation in document.root.iterdescendants("{*}Annotation"):
            step = next(annotation.iterdescendants(f"{{*}}{name}"), None) if annotation.get("type") == kind else None
            size = number(step.get(attribute, "")) if step is not None else None
            if size is not None and size > 0.0:
                return size
    return None


def of_parameters(owner: Element, element: Element) -> bool:
    """Whether a binding is what cotwin writes for the `parameters` of a component."""
    annotation = own_annotation(element)
    if annotation is None or local(owner) != "Component" or element.get("prefix") or element.get("source") is not None:
        return False
    try:
        fields = json.loads("".join(annotation.itertext()))
    except (ValueError, RecursionError):
        return False  # what is wrong with it is told where the binding is read
    return isinstance(fields, dict) and fields.get("parameters") is True


def restored(document: Document, element: Element, values: dict[str, Given]) -> dict[str, Given]:
    """The values of a binding with what its annotation says of expressions and the like.

    The annotation holds what was `given` and what was `written` in its place for others. It counts for nothing where
    somebody has changed what was written since.
    """
    fields = _fields(document, element, OWN_BINDING_FIELDS)
    try:
        given, written = (_VALUES.validate_python(fields.get(name, {})) for name in ("given", "written"))
    except ValidationError as error:
        document.problem(element, f"the annotation of cotwin: {error.errors()[0]['msg']}; remove it or write it again")
        return values
    if any(name not in values or not same(values[name], before) for name, before in written.items()):
        return values
    return {**{name: value for name, value in values.items() if name not in written}, **given}


def _fields(document: Document, element: Element, known: Sequence[str]) -> dict[str, Any]:
    annotation = own_annotation(element)
    if annotation is None:
        return {}
    text = "".join(annotation.itertext())
    try:
        fields = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        document.problem(element, f"the annotation of cotwin is no JSON ({error}); remove it or write it again")
        return {}
    if not isinstance(fields, dict):
        document.problem(element, "the annotation of cotwin is no JSON object; remove it or write it again")
        return {}
    for name in fields:
        if name not in known:
            document.problem(element, f"the annotation of cotwin has no '{name[:80]}'; {nearest(name, known)}")
    return {name: value for name, value in fields.items() if name in known}


def same(one: Given, other: Given) -> bool:
    """Whether two values are the same for whoever reads them: 2 and 2.0 are, 1 and true are not."""
    if isinstance(one, Quantity) or isinstance(other, Quantity):
        return one == other
    pair = [value if isinstance(value, tuple) else (value,) for value in (one, other)]
    kinds = [[isinstance(value, bool) for value in values] for values in pair]
    return one == other and kinds[0] == kinds[1]


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no finite number")
