"""Selection: which variables are recorded, from patterns over their names."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from orchestrator.errors import DescriptionError
from orchestrator.system.connector import Causality, Connector
from orchestrator.system.names import nearest

_INDEX = re.compile(r"\[[\d,]+\]$")


class Column(NamedTuple):
    """One recorded element; elements count from 0."""

    component: str
    connector: Connector
    element: int

    @property
    def name(self) -> str:
        """Name in the record, such as `reactor.S[3]`."""
        return f"{self.component}.{self.connector.elements[self.element]}"


def select(patterns: Sequence[str] | None, interfaces: Mapping[str, Sequence[Connector]]) -> tuple[Column, ...]:
    """Columns that match one of the patterns, in the order of the interfaces.

    Without patterns these are all outputs; where there are none, as in many an FMU that runs on its own, all locals.
    `*` and `?` are wildcards, brackets stand for themselves: `reactor.S[1]`, `*.S`, `plc.*`. The name of an array
    stands for all of its elements. DescriptionError for a pattern that matches nothing.
    """
    columns = tuple(_all(interfaces))
    if patterns is None:
        outputs = tuple(column for column in columns if column.connector.causality is Causality.OUTPUT)
        return outputs or tuple(column for column in columns if column.connector.causality is Causality.LOCAL)
    expressions = [(pattern, _expression(pattern)) for pattern in patterns]
    matched: set[str] = set()
    chosen = []
    for column in columns:
        hits = {pattern for pattern, expression in expressions if any(map(expression.fullmatch, _names(column)))}
        if hits:
            matched |= hits
            chosen.append(column)
    _refuse_unmatched([pattern for pattern in patterns if pattern not in matched], columns)
    return tuple(chosen)


def observed(columns: Iterable[Column]) -> dict[str, frozenset[str]]:
    """Connectors among the columns that are neither inputs nor outputs, by component."""
    names: dict[str, set[str]] = defaultdict(set)
    for component, connector, _ in columns:
        if connector.causality not in (Causality.INPUT, Causality.OUTPUT):
            names[component].add(connector.name)
    return {component: frozenset(connectors) for component, connectors in names.items()}


def _all(interfaces: Mapping[str, Sequence[Connector]]) -> Iterator[Column]:
    for component, connectors in interfaces.items():
        for connector in connectors:
            if connector.causality is not Causality.INDEPENDENT:
                for element in range(connector.size):
                    yield Column(component, connector, element)


def _names(column: Column) -> tuple[str, str, str]:
    """Names that a pattern may mean: the element, its connector, and in FMI 2.0 the array that a scalar belongs to."""
    name = column.name
    return name, f"{column.component}.{column.connector.name}", _INDEX.sub("", name)


def _expression(pattern: str) -> re.Pattern[str]:
    # A piece between two stars is taken where it comes first, and for good: otherwise many stars try every division.
    first, *others = (re.escape(piece).replace(r"\?", ".") for piece in re.split(r"\*+", pattern))
    between = "".join(f"(?>.*?{piece})" for piece in others[:-1])
    return re.compile(first + between + (f".*{others[-1]}" if others else ""))


def _refuse_unmatched(patterns: Sequence[str], columns: Sequence[Column]) -> None:
    if patterns:
        known = dict.fromkeys(name for column in columns for name in _names(column)[1:])
        problems = [f"record: '{pattern:.200}' matches no variable; {nearest(pattern, known)}" for pattern in patterns]
        raise DescriptionError("\n".join(problems))
