"""Views: the values at the connectors of nested systems, which no component holds, under names of their own.

`cooling.Q` is what the connector `Q` of the system `cooling` has, `.Q` that of the whole system.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import prod
from typing import NamedTuple

from orchestrator.system.connections.boundaries import system_name
from orchestrator.system.connections.flattening import Alias
from orchestrator.system.connections.links import Link
from orchestrator.system.connector import Causality, Connector, Storage, Variability


class Views(NamedTuple):
    """Connectors of nested systems by the path of the system, and the links along which they get their values."""

    connectors: Mapping[str, tuple[Connector, ...]]
    links: tuple[Link, ...]


NO_VIEWS = Views({}, ())


def views_of(aliases: Iterable[Alias]) -> Views:
    """The connectors of nested systems all of whose elements come from components."""
    families: dict[tuple[str, str], list[Alias]] = defaultdict(list)
    for alias in aliases:
        families[alias.link.destination[:2]].append(alias)
    connectors: dict[str, list[Connector]] = defaultdict(list)
    links: list[Link] = []
    for (path, name), family in families.items():
        if len(family) == prod(family[0].shape):
            connectors[path].append(_connector(path, name, family[0]))
            links += [alias.link for alias in family]
    return Views({path: tuple(mine) for path, mine in connectors.items()}, tuple(links))


def _connector(path: str, name: str, alias: Alias) -> Connector:
    domain = alias.domain
    continuous = domain is None or domain.storage is Storage.FLOAT64
    return Connector(
        name=name,
        causality=Causality.LOCAL,
        storage=Storage.FLOAT64 if domain is None else domain.storage,
        reference=0,
        shape=alias.shape,
        unit=alias.unit,
        variability=Variability.CONTINUOUS if continuous else Variability.DISCRETE,
        description=f"connector of {system_name(path)}",
        items=() if domain is None else domain.items,
    )
