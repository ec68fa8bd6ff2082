"""Connections as people write them: one line each, or keys where more is to be said.

- reactor.DO -> plc.DO
- {connect: "zone[1..39].out -> zone[2..40].in"}
- {connect: sensor.raw -> plc.level, factor: 0.01, offset: -0.4}
- {connect: valve.state -> plc.state, map: {0: 1, 1: 0}}
"""

from collections.abc import Mapping
from typing import Any

from orchestrator.system.names import nearest
from orchestrator.system.ranges import expanded_pairs

_KEYS = ("connect", "factor", "offset", "map", "suppress_unit_conversion", "as_parameter", "delay", "markup")
_KINDS = {bool: "boolean", int: "integer", str: "enumeration"}


def connections(entry: Any) -> list[dict[str, Any]]:
    """The connections that one entry stands for, as the fields of `Connection`; ValueError says what is wrong."""
    if isinstance(entry, str):
        return _all(entry, {})
    if not isinstance(entry, Mapping):
        raise ValueError(f"{entry!r:.80} is not a connection; write it as one line: a.y -> b.u")
    if "source" in entry:  # the fields of Connection themselves
        return [dict(entry)]
    unknown = [key for key in entry if key not in _KEYS]
    if unknown:
        raise ValueError(f"unknown key '{unknown[0]}'; {nearest(str(unknown[0]), _KEYS)}")
    if not isinstance(entry.get("connect"), str):
        raise ValueError("a connection with keys needs 'connect: a.y -> b.u'")
    kept = {key: entry[key] for key in ("suppress_unit_conversion", "as_parameter", "delay", "markup") if key in entry}
    transformation = _transformation(entry)
    return _all(entry["connect"], {**kept, **({"transformation": transformation} if transformation else {})})


def written(connection: Mapping[str, Any]) -> Any:
    """The shortest entry that `connections` reads as a connection of these fields."""
    more = {key: value for key, value in connection.items() if key not in ("source", "destination", "transformation")}
    ends = (connection["source"], connection["destination"])
    text = " -> ".join(f"{end['component']}.{end['connector']}" for end in ends)
    transformation = connection.get("transformation")
    if transformation is not None and "entries" in transformation:
        more["map"] = {one["source"]: one["target"] for one in transformation["entries"]}
    elif transformation is not None:
        more |= transformation or {"factor": 1.0}
    entry = {"connect": text, **more} if more else text
    return entry if _reads_as(entry, connection) else dict(connection)


def _reads_as(entry: Any, connection: Mapping[str, Any]) -> bool:
    """Whether nothing in the names is taken for more than a name, such as an arrow or a range."""
    try:
        (one,) = connections(entry)
    except ValueError:
        return False
    return bool(one["source"] == connection["source"] and one["destination"] == connection["destination"])


def _all(text: str, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    ends = [end.strip() for end in text.split("->")]
    if len(ends) != 2 or not all(_is_end(end) for end in ends):
        raise ValueError(f"'{text}' is not a connection; write 'component.output -> component.input'")
    return [{"source": _end(one), "destination": _end(other), **fields} for one, other in expanded_pairs(*ends)]


def _is_end(text: str) -> bool:
    # Nothing before the dot stands for the system itself: `.u` is a connector through which it is connected.
    _, dot, connector = text.partition(".")
    return bool(dot and connector)


def _end(text: str) -> dict[str, str]:
    component, _, connector = text.partition(".")
    return {"component": component, "connector": connector}


def _transformation(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    linear = {key: entry[key] for key in ("factor", "offset") if key in entry}
    if "map" not in entry:
        return linear or None
    if linear:
        raise ValueError("a connection has a map or a factor and offset, not both; leave one out")
    table = entry["map"]
    if not isinstance(table, Mapping) or not table:
        raise ValueError(f"{table!r:.80} is not a map; write map: {{0: 1, 1: 0}}")
    entries = [{"source": key, "target": value} for key, value in table.items()]
    kinds = {_KINDS.get(type(value)) for pair in entries for value in pair.values()}
    if len(kinds) != 1 or None in kinds:
        raise ValueError(
            f"{dict(table)!r:.80}: map truth values, integers, or names of enumeration items, all of one kind"
        )
    return {"kind": kinds.pop(), "entries": entries}
