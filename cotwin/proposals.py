"""Which output probably feeds which input, by name, unit and type, with a confidence between 0 and 1."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from orchestrator.errors import UnitError
from orchestrator.fmi.variables import ModelInfo
from orchestrator.system.connector import Causality, Connector, Storage
from orchestrator.system.interface import Interface
from orchestrator.system.quantities.units import conversion

CERTAIN = 0.8
"""Confidence from which a proposal is taken into the draft."""
MARGIN = 0.05
"""Candidates closer than this to the best one are as good as it: nobody is chosen then."""
WORTH_LISTING = 0.5


class Port(NamedTuple):
    """A connector, or the scalars `S[1]` to `S[n]` of FMI 2.0 under their common name."""

    component: str
    name: str
    connector: Connector
    size: int

    def __str__(self) -> str:
        return f"{self.component}.{self.name}"


class Proposal(NamedTuple):
    """A connection that may be meant, and why."""

    source: Port
    destination: Port
    confidence: float
    reason: str

    def __str__(self) -> str:
        return f"{self.source} -> {self.destination}"


def ports(models: Mapping[str, ModelInfo], causality: Causality) -> list[Port]:
    """All inputs, or all outputs, of the components; those whose names a connection cannot hold are left out."""
    found: dict[tuple[str, str], Port] = {}
    for component, model in models.items():
        interface = Interface(model.connectors)
        for connector in model.connectors:
            if connector.causality is causality and "->" not in connector.name:
                name, size = _together(connector, interface)
                found.setdefault((component, name), Port(component, name, connector, size))
    return list(found.values())


def _together(connector: Connector, interface: Interface) -> tuple[str, int]:
    base = connector.name.rpartition("[")[0] if connector.name.endswith("]") else ""
    family = interface.find(base) if base and base not in interface.connectors else None
    if family is None or any(element.connector.causality is not connector.causality for element in family):
        return connector.name, connector.size
    return base, len(family)


def proposals(models: Mapping[str, ModelInfo]) -> dict[Port, list[Proposal]]:
    """Candidates for every input of the components, the best first; outputs of the same component are none."""
    outputs = ports(models, Causality.OUTPUT)
    found = {}
    for wanted in ports(models, Causality.INPUT):
        rated = (_rated(output, wanted) for output in outputs if output.component != wanted.component)
        listed = [one for one in rated if one is not None and one.confidence >= WORTH_LISTING]
        found[wanted] = sorted(listed, key=lambda one: -one.confidence)
    return found


def chosen(candidates: Sequence[Proposal]) -> Proposal | None:
    """The candidate that is good enough and better than every other, if there is one."""
    if not candidates or candidates[0].confidence < CERTAIN:
        return None
    second = candidates[1].confidence if len(candidates) > 1 else 0.0
    return candidates[0] if candidates[0].confidence - second >= MARGIN else None


def _rated(source: Port, destination: Port) -> Proposal | None:
    by_unit = _by_unit(source.connector, destination.connector)
    if source.size != destination.size or by_unit is None or not _types_fit(source.connector, destination.connector):
        return None
    name, why = _by_name(source, destination)
    share, units = by_unit
    return Proposal(source, destination, round(name * share, 2), f"{why}, {units}")


def _types_fit(source: Connector, destination: Connector) -> bool:
    pair = (source.storage, destination.storage)
    return source.storage is destination.storage or pair == (Storage.INT64, Storage.FLOAT64)


def _by_unit(source: Connector, destination: Connector) -> tuple[float, str] | None:
    try:
        conversion(source.unit, destination.unit)
    except UnitError:
        return None
    if source.unit is None and destination.unit is None:
        return 1.0, "no units"
    if source.unit is None or destination.unit is None:
        return 0.9, "one unit is missing"
    if source.unit.name == destination.unit.name:
        return 1.0, f"same unit {source.unit.name}"
    return 0.98, f"{source.unit.name} converts to {destination.unit.name}"


def _by_name(source: Port, destination: Port) -> tuple[float, str]:
    if source.name == destination.name:
        return 1.0, "same name"
    wanted, given = _words(destination.name), _words(source.name)
    if wanted == given:
        return 0.95, "same name but for its spelling"
    around_source = _words(f"{source.component} {source.connector.description}")
    around_destination = _words(f"{destination.component} {destination.connector.description}")
    forth, back = _covered(wanted, given, around_source), _covered(given, wanted, around_destination)
    return 0.95 * min(forth, (forth + back) / 2.0), "similar name and description"


def _covered(words: Sequence[str], names: Sequence[str], around: Sequence[str]) -> float:
    """The share of words that appear among the names, those around them counting a little less; 0 without a name."""
    if not any(_alike(word, name) for word in words for name in names):
        return 0.0
    shares = (
        1.0 if any(_alike(word, name) for name in names) else 0.8 * any(_alike(word, name) for name in around)
        for word in words
    )
    return sum(shares) / len(words)


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    return min(len(one), len(other)) > 3 and SequenceMatcher(None, one, other).ratio() >= 0.8


def _words(text: str) -> list[str]:
    return [word.lower() for word in _split(text)]


def _split(text: str) -> Iterator[str]:
    for part in re.findall(r"[^\W_]+", text):
        yield from re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\dA-Za-z]+", part)
