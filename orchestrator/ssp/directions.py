"""Directions: which end of a connection is the source of the data (SSP 2.0, section 5.3.2, allowed connections).

Start and end of a connection say nothing about it: owner and kind of the two connectors do.
"""

from functools import cache
from typing import NamedTuple

from orchestrator.system.connections.allowed import ALLOWED, Owner
from orchestrator.system.structure import DeclaredConnector, Kind


class End(NamedTuple):
    """One end of a connection: who owns the connector, and its kind."""

    owner: Owner
    kind: Kind


def end(owner: Owner, connector: DeclaredConnector) -> End:
    """The end that a connector is; a clock that ticks by itself is a source whatever its kind says."""
    ticking = connector.type == "Clock" and connector.interval_variability not in (None, "triggered")
    return End(owner, "output" if ticking else connector.kind)


@cache
def allowed(source: End, destination: End) -> bool:
    """Whether the table of allowed connections has this pair; `unspecified` stands for any kind."""
    return any(
        (owner, other) == (source.owner, destination.owner)
        and source.kind in (kind, "unspecified")
        and destination.kind in (its, "unspecified")
        for owner, kind, other, its in ALLOWED
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
