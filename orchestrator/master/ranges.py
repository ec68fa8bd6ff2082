"""Ranges: values held against the min and max of their variables, where a component asks for it.

Inputs, outputs, and the locals and parameters that are recorded: others are never read from the component.
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from orchestrator.instance import Bundle, Values
from orchestrator.system.connector import Connector


class Violation(NamedTuple):
    """A value outside of the bounds of an element."""

    element: str
    value: object
    connector: Connector

    def __str__(self) -> str:
        low, high = self.connector.minimum, self.connector.maximum
        bounds = f"[{'-inf' if low is None else low}, {'inf' if high is None else high}]"
        unit = f" {self.connector.unit.name}" if self.connector.unit is not None else ""
        return f"is {self.value}{unit}, outside of its range {bounds}"


class _Bounds(NamedTuple):
    low: Values
    high: Values


class Ranges:
    """Bounds of bundles, prepared once for each."""

    def __init__(self) -> None:
        self._bounds: dict[Bundle, _Bounds | None] = {}

    def violation(self, bundle: Bundle, values: Values, unread: Collection[str] = ()) -> Violation | None:
        """The first value that lies outside of its bounds; a NaN lies outside of all.

        `unread` names connectors that have no value yet.
        """
        if bundle not in self._bounds:
            self._bounds[bundle] = _bounds(bundle)
        bounds = self._bounds[bundle]
        if bounds is None:
            return None
        inside = (bounds.low <= values) & (values <= bounds.high)
        if inside.all():
            return None
        owners = [(element, connector) for connector in bundle.connectors for element in connector.elements]
        for index in np.flatnonzero(~inside):
            element, connector = owners[index]
            if connector.name not in unread:
                return Violation(element, values[index].item(), connector)
        return None


def _bounds(bundle: Bundle) -> _Bounds | None:
    connectors = bundle.connectors
    bounded = any(one.minimum is not None or one.maximum is not None for one in connectors)
    if not (bounded and bundle.storage.numeric and bundle.storage.dtype.kind != "b"):
        return None
    dtype = bundle.storage.dtype
    least, most = (-np.inf, np.inf) if dtype.kind == "f" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    sizes = [one.size for one in connectors]
    low = [least if one.minimum is None else one.minimum for one in connectors]
    high = [most if one.maximum is None else one.maximum for one in connectors]
    return _Bounds(np.repeat(np.array(low, dtype), sizes), np.repeat(np.array(high, dtype), sizes))
