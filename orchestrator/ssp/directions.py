"""Directions: which end of a connection is the source of the data (SSP 2.0, section 5.3.2, allowed connections).

Start and end of a connection say nothing about it: owner and kind of the two connectors do.
"""

from functools import cache
from typing import Final, Literal, NamedTuple

from orchestrator.system.structure import DeclaredConnector, Kind

Owner = Literal["system", "element"]


class End(NamedTuple):
    """One end of a connection: who owns the connector, and its kind."""

    owner: Owner
    kind: Kind


_SYSTEM_SOURCES: Final = {
    "structuralParameter": ("structuralParameter", "parameter", "input", "inout"),
    "parameter": ("parameter", "input", "inout"),
    "input": ("input", "inout"),
}
"""Kind of a connector of the system that is a source -> kinds of the connectors of elements that it may feed."""
_THROUGH: Final = {
    "structuralParameter": ("calculatedParameter", "output", "local"),
    "parameter": ("calculatedParameter", "output", "local"),
    "input": ("output", "local"),
}
"""The same for connectors of the system itself."""
_ELEMENT_SOURCES: Final = {
    "constant": ("structuralParameter", "parameter", "input", "inout"),
    "calculatedParameter": ("parameter", "input", "inout"),
    "output": ("input", "inout"),
    "local": ("input", "inout"),
    "inout": ("input",),
}
_OUTWARDS: Final = {
    "constant": ("constant", "calculatedParameter", "output", "local"),
    "calculatedParameter": ("calculatedParameter", "output", "local"),
    "output": ("output", "local"),
    "local": ("output", "local"),
    "inout": ("output", "local"),
}
_TABLES: Final = {
    ("system", "element"): _SYSTEM_SOURCES,
    ("system", "system"): _THROUGH,
    ("element", "element"): _ELEMENT_SOURCES,
    ("element", "system"): _OUTWARDS,
}


def end(owner: Owner, connector: DeclaredConnector) -> End:
    """The end that a connector is; a clock that ticks by itself is a source whatever its kind says."""
    ticking = connector.type == "Clock" and connector.interval_variability not in (None, "triggered")
    return End(owner, "output" if ticking else connector.kind)


@cache
def allowed(source: End, destination: End) -> bool:
    """Whether the table of allowed connections has this pair; `unspecified` stands for any kind."""
    table = _TABLES[source.owner, destination.owner]
    sources = table if source.kind == "unspecified" else (source.kind,)
    return any(
        kind in table and (destination.kind == "unspecified" or destination.kind in table[kind]) for kind in sources
    )


def forwards(start: End, finish: End) -> bool:
    """Whether data flows from the start to the end of a connection; ValueError where both or neither is allowed."""
    ways = allowed(start, finish), allowed(finish, start)
    if ways == (True, True):
        raise ValueError("could carry data either way; give one of its connectors a kind that decides")
    if ways == (False, False):
        raise ValueError(
            f"connects {_told(start)} to {_told(finish)}, which SSP allows in neither direction; correct a kind"
        )
    return ways[0]


def _told(one: End) -> str:
    article = "an" if one.kind[0] in "aeiou" else "a"
    return f"{article} {one.kind} of {'the enclosing system' if one.owner == 'system' else 'an element'}"
