"""Annotations that a run depends on: cotwin's own, and the step sizes that other tools write.

The text of the own annotation is a JSON object; see `vocabulary.ANNOTATION`.
"""

import json
from collections.abc import Sequence
from typing import Any

from orchestrator.ssp.common import own_annotation
from orchestrator.ssp.document import Document, Element, number
from orchestrator.ssp.packages import Place
from orchestrator.ssp.vocabulary import FOREIGN_STEPS, OWN_COMPONENT_FIELDS, OWN_FIELDS
from orchestrator.system.names import nearest


def system_fields(document: Document) -> dict[str, Any]:
    """Fields of the description, and `tolerance` of the experiment."""
    return _fields(document, document.root, OWN_FIELDS)


def component_fields(document: Document, element: Element, place: Place) -> dict[str, Any]:
    """Fields of a component; the surrogate of a swap must be a file of the package."""
    fields = _fields(document, element, OWN_COMPONENT_FIELDS)
    swap = fields.get("swap")
    if isinstance(swap, dict) and isinstance(swap.get("surrogate"), str):
        try:
            fields["swap"] = {**swap, "surrogate": place.existing(swap["surrogate"], folder=True)}
        except ValueError as error:
            document.problem(element, f"the annotation of cotwin: swap.surrogate: {error}")
            del fields["swap"]
    return fields


def foreign_step(document: Document) -> float | None:
    """The macro step (s) in an annotation of another tool, None where there is none."""
    for kind, name, attribute in FOREIGN_STEPS:
        for annotation in document.root.iterdescendants("{*}Annotation"):
            step = next(annotation.iterdescendants(f"{{*}}{name}"), None) if annotation.get("type") == kind else None
            size = number(step.get(attribute, "")) if step is not None else None
            if size is not None and size > 0.0:
                return size
    return None


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


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no finite number")
