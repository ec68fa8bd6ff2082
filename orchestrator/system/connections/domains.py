"""Domains: which values a connector can have, and how those of one become those of another.

What SSP 2.0 leaves to implementations (section "Allowed Connections") is settled here: a type connects where no value
can be lost, or where a value that would be is refused when it comes.
"""

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from orchestrator.system.connections.substitution import UNCHANGED, Substitution
from orchestrator.system.connector import Connector, Storage
from orchestrator.system.names import nearest
from orchestrator.system.structure import DeclaredConnector
from orchestrator.system.transformation import Linear, Transformation, ValueMap

_INTEGERS: Final = (Storage.INT64, Storage.UINT64)
_WIDER: Final = {
    (Storage.INT64, Storage.FLOAT64),
    (Storage.BOOLEAN, Storage.FLOAT64),
    (Storage.BOOLEAN, Storage.INT64),
    (Storage.BOOLEAN, Storage.UINT64),
    (Storage.INT64, Storage.BOOLEAN),
    (Storage.UINT64, Storage.BOOLEAN),
}
_STORED: Final[Mapping[str, Storage]] = {
    **dict.fromkeys(("Real", "Float64", "Float32"), Storage.FLOAT64),
    **dict.fromkeys(("Integer", "Int8", "Int16", "Int32", "Int64"), Storage.INT64),
    **dict.fromkeys(("UInt8", "UInt16", "UInt32", "Enumeration"), Storage.INT64),
    **dict.fromkeys(("Boolean", "Clock"), Storage.BOOLEAN),
    "UInt64": Storage.UINT64,
    "String": Storage.STRING,
    "Binary": Storage.BINARY,
}


class Domain(NamedTuple):
    """Values of a storage class; `items` names those of an enumeration.

    `unsigned` tells an integer type without negative values. `values` are all that can come, where that is known and
    they are no items.
    """

    storage: Storage
    unsigned: bool = False
    items: tuple[tuple[int, str], ...] = ()
    values: frozenset[int] | None = None

    def __str__(self) -> str:
        return "enumeration" if self.items else str(self.storage)

    @property
    def known(self) -> frozenset[int] | None:
        """All values that can come, None where that is not known."""
        return frozenset(number for number, _ in self.items) if self.items else self.values


class Carried(NamedTuple):
    """The domain after a transformation and conversion, None where it is open, and what is done to the values."""

    domain: Domain | None
    mapping: Substitution = UNCHANGED


def domain_of(connector: Connector) -> Domain:
    """The values of a component's connector."""
    return Domain(connector.storage, connector.unsigned, connector.items)


def declared_domain(connector: DeclaredConnector, enumerations: Mapping[str, Mapping[str, int]]) -> Domain | None:
    """The values of a connector that is only declared, None where its type is left open.

    ValueError where type or enumeration are not known.
    """
    if connector.type is None:
        return None
    if connector.type not in _STORED:
        raise ValueError(f"type '{connector.type}' is none of SSP; {nearest(connector.type, _STORED)}")
    if connector.enumeration is None:
        return Domain(_STORED[connector.type], connector.type.startswith("UInt"))
    if connector.enumeration not in enumerations:
        hint = nearest(connector.enumeration, enumerations)
        raise ValueError(f"enumeration '{connector.enumeration}' is not defined; {hint}")
    items = enumerations[connector.enumeration].items()
    return Domain(Storage.INT64, items=tuple((number, name) for name, number in items))


def carry(source: Domain | None, target: Domain | None, transformation: Transformation | None) -> Carried:
    """Values of the source as the target takes them, transformed; an open domain becomes what the other is.

    ValueError, with the remedy, where types, items or the transformation do not fit.
    """
    if isinstance(transformation, ValueMap):
        mapped = _MAPS[transformation.kind](source, target, transformation)
    else:
        mapped = Carried(source)
    converted = _converted(mapped.domain, target)
    if isinstance(transformation, Linear):
        _check_floats(source, target)
    elif transformation is not None and target is not None:
        _check_targets(transformation, converted, target)
    return Carried(mapped.domain if target is None else target, mapped.mapping.then(converted))


def _converted(source: Domain | None, target: Domain | None) -> Substitution:
    if source is None or target is None:
        return UNCHANGED
    problem = _type_problem(source, target)
    if problem is not None:
        raise ValueError(problem)
    if source.items and target.items:
        return _by_name(source, target, {})
    if target.items:
        return _restricted(source, [number for number, _ in target.items], target)
    if target.storage is Storage.BOOLEAN and source.storage is not Storage.BOOLEAN:
        return _restricted(source, (0, 1), target)
    return UNCHANGED


def _type_problem(source: Domain, target: Domain) -> str | None:
    pair = (source.storage, target.storage)
    if source.storage is Storage.BOOLEAN and target.items:
        return "boolean does not connect to enumeration; connect an enumeration or an integer"
    if source.storage is target.storage or pair in _WIDER:
        return None
    if pair == (Storage.INT64, Storage.UINT64) and (source.unsigned or min(source.known or {-1}) >= 0):
        return None
    if source.storage is Storage.FLOAT64 and target.storage.numeric:
        return (
            f"{source} does not connect to {target}: floats are not rounded in silence; connect it to a float, or "
            "round it in the component that it comes from"
        )
    if Storage.UINT64 in pair and source.storage.numeric and target.storage.numeric:
        return f"{source} does not connect to {target}, which does not hold all of its values; connect equal types"
    return f"{source} does not connect to {target}; connect equal types, or an integer to a float"


def _restricted(source: Domain, allowed: Collection[int], target: Domain) -> Substitution:
    if source.known is None:
        return Substitution.only(allowed)
    wrong = sorted(source.known.difference(allowed))
    if wrong:
        raise ValueError(
            f"the value {wrong[0]} of the {source} is none of the {target}, which takes "
            f"{', '.join(map(str, sorted(allowed)))}; map it with an integer transformation"
        )
    return UNCHANGED


def _by_name(source: Domain, target: Domain, names: Mapping[str, str]) -> Substitution:
    """Items go by name, whatever their numbers; `names` gives those whose names differ."""
    numbers = {name: number for number, name in target.items}
    entries = {}
    for number, name in source.items:
        wanted = names.get(name, name)
        if wanted not in numbers:
            raise ValueError(
                f"the item '{name}' of the source's enumeration has no counterpart in that of the destination; map it "
                f"with an enumeration transformation to one of {_listed(numbers)}"
            )
        entries[number] = numbers[wanted]
    return Substitution.of(entries)


def _boolean_map(source: Domain | None, target: Domain | None, table: ValueMap) -> Carried:  # noqa: ARG001
    if source is not None and source.storage is not Storage.BOOLEAN:
        raise ValueError(f"a boolean transformation takes Booleans, the source is {source}; use another kind")
    _check_kinds(table, bool)
    return Carried(Domain(Storage.BOOLEAN), _entries(table))


def _integer_map(source: Domain | None, target: Domain | None, table: ValueMap) -> Carried:  # noqa: ARG001
    if source is not None and source.storage not in _INTEGERS:
        raise ValueError(f"an integer transformation takes integers, the source is {source}; use another kind")
    _check_kinds(table, int)
    mapping = _entries(table)
    if source is None:
        return Carried(None, mapping)
    images = None if source.known is None else frozenset(mapping(value) or 0 for value in source.known)
    unsigned = source.unsigned and all(target >= 0 for _, target in mapping.entries)
    return Carried(Domain(source.storage, unsigned, values=images), mapping)


def _enumeration_map(source: Domain | None, target: Domain | None, table: ValueMap) -> Carried:
    _check_kinds(table, str)
    if source is None or target is None or not (source.items and target.items):
        raise ValueError("an enumeration transformation goes between two enumerations; declare them, or map integers")
    names = {str(entry.source): str(entry.target) for entry in table.entries}
    for name, items in ((names, source.items), (names.values(), target.items)):
        known = [item for _, item in items]
        for each in name:
            if each not in known:
                raise ValueError(f"'{each}' is no item of the enumeration; {nearest(each, known)}")
    return Carried(target, _by_name(source, target, names))


_MAPS: Final = {"boolean": _boolean_map, "integer": _integer_map, "enumeration": _enumeration_map}


def _entries(table: ValueMap) -> Substitution:
    return Substitution.of({int(entry.source): int(entry.target) for entry in table.entries})


def _check_kinds(table: ValueMap, kind: type) -> None:
    for entry in table.entries:
        wrong = next((value for value in (entry.source, entry.target) if type(value) is not kind), None)
        if wrong is not None:
            raise ValueError(f"{wrong!r} is no value of the kind '{table.kind}' of this transformation; correct it")


def _check_floats(source: Domain | None, target: Domain | None) -> None:
    wrong = next((end for end in (source, target) if end is not None and end.storage is not Storage.FLOAT64), None)
    if wrong is not None:
        raise ValueError(f"a linear transformation goes between floats, one end is {wrong}; leave it out")


def _check_targets(table: ValueMap, converted: Substitution, target: Domain) -> None:
    if table.kind == "enumeration":
        return
    for entry in table.entries:
        negative = target.storage is Storage.UINT64 and int(entry.target) < 0
        if negative or converted(int(entry.target)) is None:
            raise ValueError(
                f"{entry.source!r} is mapped to {entry.target!r}, which the destination ({target}) has not"
            )


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
