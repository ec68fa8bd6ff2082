"""Start values: what a description sets in one component, checked against its interface."""

import binascii
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.system.connector import Causality, Connector, Scalar, Storage, Variability
from orchestrator.system.interface import Element, Interface
from orchestrator.system.names import nearest
from orchestrator.system.values import Given, Quantity

_KINDS: Mapping[Storage, tuple[tuple[type, ...], str]] = {
    Storage.FLOAT64: ((float, int), "a number"),
    Storage.INT64: ((int,), "an integer"),
    Storage.BOOLEAN: ((bool,), "true or false"),
    Storage.UINT64: ((int,), "an integer"),
    Storage.STRING: ((str,), "a text; quote it"),
    Storage.BINARY: ((str, bytes), "bytes as a quoted text of hexadecimal digits, or of base64 behind 'base64:'"),
}
_RANGES: Mapping[Storage, range] = {
    Storage.INT64: range(-(2**63), 2**63),
    Storage.UINT64: range(2**64),
}


class StartValues:
    """Values for one component: `add` them by name, then read `values` and `problems`.

    `place` is where the values stand in the description; `sources` names the source of every connected input.
    """

    def __init__(self, place: str, interface: Interface, sources: Mapping[str, str]) -> None:
        self.values: dict[str, NDArray[Any]] = {}
        self.problems: list[str] = []
        self._place = place
        self._interface = interface
        self._connected = _connected(interface, sources)
        self._given: dict[tuple[str, int], str] = {}

    def add(self, name: str, value: Given) -> None:
        """Set a connector, one of its elements, or a family of FMI 2.0 scalars."""
        elements = self._interface.find(name)
        if elements is None:
            known = self._interface.names(Causality.PARAMETER, Causality.INPUT)
            self._refuse(name, f"unknown variable; {nearest(name, known)}")
            return
        if isinstance(value, Quantity):
            self._refuse(name, "write the number in the unit of the variable, without a unit")
            return
        scalars = value if isinstance(value, tuple) else (value,) * len(elements)
        problem = self._problem(elements, scalars)
        if problem is not None:
            self._refuse(name, problem)
            return
        for element, scalar in zip(elements, scalars, strict=True):
            self._write(name, element, scalar)

    def _problem(self, elements: Sequence[Element], scalars: Sequence[Scalar]) -> str | None:
        if len(scalars) != len(elements):
            return f"{len(scalars)} values for {len(elements)} elements; give one value, or one for each element"
        for element, scalar in zip(elements, scalars, strict=True):
            source = self._connected.get((element.connector.name, element.position))
            if source is not None:
                return f"this input is connected to '{source}'; remove the value or the connection"
            problem = unsettable(element.connector) or _unfit(element.connector, scalar)
            if problem is None and element.connector.start is None and len(elements) < element.connector.size:
                problem = f"'{element.connector.name}' has no start values; give all of its elements"
            if problem is not None:
                return problem
        return None

    def _write(self, name: str, element: Element, scalar: Scalar) -> None:
        connector = element.connector
        key = (connector.name, element.position)
        if key in self._given:
            self._refuse(name, f"'{element.name}' also gets a value from '{self._given[key]}'; keep one of them")
            return
        self._given[key] = name
        if connector.name not in self.values:
            self.values[connector.name] = start_elements(connector)
        self.values[connector.name][element.position] = _stored(connector, scalar)

    def _refuse(self, name: str, problem: str) -> None:
        self.problems.append(f"{self._place}.{name}: {problem}")


def unsettable(connector: Connector) -> str | None:
    """Why no value can be given to a connector before the initialization, or None where it can.

    FMI 2.0.4 section 2.2.7 and FMI 3.0.2 section 2.4.7: variables that are not constant and start exact or as a guess.
    """
    if connector.causality is Causality.STRUCTURAL_PARAMETER:
        return "a structural parameter is given before all others, under 'parameters' of the description of a system"
    if connector.variability is Variability.CONSTANT:
        return "it is constant; no value can be given to it"
    if connector.causality in (Causality.PARAMETER, Causality.INPUT):
        return None
    if connector.initial in ("exact", "approx"):
        return None
    return f"it is calculated by the component (causality {connector.causality}); set what it is calculated from"


def _connected(interface: Interface, sources: Mapping[str, str]) -> dict[tuple[str, int], str]:
    return {
        (element.connector.name, element.position): source
        for name, source in sources.items()
        for element in interface.find(name) or ()
    }


def start_elements(connector: Connector) -> NDArray[Any]:
    """The start values of all elements; zeros, or nothing, where there are none."""
    values = connector.storage.zeros(connector.size)
    if connector.start is not None:
        values[:] = np.array(connector.start, dtype=connector.storage.dtype)
    return values


def binary(text: str) -> bytes:
    """The bytes that a text of hexadecimal digits stands for, as in FMI 3.0, or of base64 behind `base64:`.

    ValueError where it stands for none.
    """
    try:
        if text.startswith("base64:"):
            return b64decode("".join(text[7:].split()), validate=True)
        return bytes.fromhex(text)
    except (binascii.Error, ValueError):
        raise ValueError(f"{text[:40]!r} is not {_KINDS[Storage.BINARY][1]}") from None


def _stored(connector: Connector, scalar: Scalar) -> Scalar:
    return binary(scalar) if connector.storage is Storage.BINARY and isinstance(scalar, str) else scalar


def _unfit(connector: Connector, scalar: Scalar) -> str | None:
    kinds, expected = _KINDS[connector.storage]
    if not isinstance(scalar, kinds) or (isinstance(scalar, bool) and connector.storage is not Storage.BOOLEAN):
        return f"{scalar!r:.80} is not {expected}, as {connector.storage} needs"
    if isinstance(scalar, str | bytes):
        return _unreadable(connector, scalar)
    if connector.storage in _RANGES and scalar not in _RANGES[connector.storage]:
        return f"{scalar!r:.80} does not fit into 64 bits" + (" without a sign" if scalar < 0 else "")
    if connector.items and scalar not in {number for number, _ in connector.items}:
        listed = ", ".join(f"{number} ({item})" for number, item in connector.items)
        return f"{scalar!r:.80} is no value of the enumeration; use one of {listed}"
    low, high = connector.minimum, connector.maximum
    if (low is not None and scalar < low) or (high is not None and scalar > high):
        return f"{scalar!r:.80} is outside [{'-inf' if low is None else low}, {'inf' if high is None else high}]"
    return None


def _unreadable(connector: Connector, scalar: str | bytes) -> str | None:
    if isinstance(scalar, bytes):
        return None
    if connector.storage is Storage.STRING:
        return f"{scalar!r:.80} holds a NUL character, which no FMI string can" if "\0" in scalar else None
    try:
        binary(scalar)
    except ValueError as error:
        return str(error)
    return None
