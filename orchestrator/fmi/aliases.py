"""Aliases: variables of FMI 1.0 and 2.0 that share a value reference are one quantity and take one start value."""

from collections import defaultdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import CapabilityError
from orchestrator.fmi.variables import ModelInfo
from orchestrator.instance import Bundle, Values
from orchestrator.system.connector import Storage


class Aliases:
    """Notices start values of which one would overwrite another, since the FMU keeps only the last."""

    def __init__(self, component: str, model: ModelInfo) -> None:
        self._component: Final = component
        self._negated = model.negated
        groups: dict[tuple[Storage, int], list[str]] = defaultdict(list)
        for connector in model.connectors:
            groups[connector.storage, connector.reference].append(connector.name)
        self._key = {name: key for key, names in groups.items() if len(names) > 1 for name in names}
        self._given: dict[tuple[Storage, int], tuple[str, NDArray[Any]]] = {}

    def given(self, bundle: Bundle, values: Values) -> None:
        """CapabilityError where another name of a variable was given another value before."""
        position = 0
        for connector in bundle.connectors:
            mine = values[position : position + connector.size]
            position += connector.size
            key = self._key.get(connector.name)
            if key is not None:
                self._compare(key, connector.name, -mine if connector.name in self._negated else mine.copy())

    def _compare(self, key: tuple[Storage, int], name: str, mine: NDArray[Any]) -> None:
        other, theirs = self._given.setdefault(key, (name, mine))
        if other != name and not np.array_equal(theirs, mine):
            raise CapabilityError(
                f"'{self._component}.{other}' and '{self._component}.{name}' share the value reference {key[1]}, so "
                "that they are one variable of the FMU, but get different values. Keep one of them"
            )
        self._given[key] = name, mine


__all__ = ["Aliases"]
