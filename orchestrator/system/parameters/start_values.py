"""Start values: what a description sets in one component, checked against its interface."""

import binascii
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import DescriptionError
from orchestrator.system.connector import Causality, Connector, Scalar, Storage, Variability
from orchestrator.system.interface import Element, Interface
from orchestrator.system.values import Given, Quantity, Value

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


def _as_it_is(connector: Connector, given: Given) -> Scalar:  # noqa: ARG001
    assert not isinstance(given, Quantity | tuple)
    return given


class Offer(NamedTuple):
    """A value for elements of a connector: the place that gives it, and how it becomes one of the variable.

    `read` makes the scalar of an element from what is given; it raises DescriptionError. Within a layer every element
    is given once, and a later layer wins. A value from a binding (`bound`) passes over connected inputs.
    """

    place: str
    given: Given
    read: Callable[[Connector, Given], Scalar] = _as_it_is
    layer: int = 0
    bound: bool = False


class StartValues:
    """Values for one component: `add` them in ascending precedence, then read `values`, `problems` and `passed_over`.

    `sources` names the source of every connected input.
    """

    def __init__(self, interface: Interface, sources: Mapping[str, str]) -> None:
        self.values: dict[str, NDArray[Any]] = {}
        self.problems: list[str] = []
        self.passed_over: list[str] = []
        self._interface = interface
        self._connected = _connected(interface, sources)
        self._given: dict[tuple[str, int], Offer] = {}
        self._structure: dict[str, tuple[Offer, Scalar]] = {}

    def add(self, elements: Sequence[Element], offer: Offer) -> None:
        """Give values to elements: one for all of them, or one for each."""
        given = offer.given
        scalars = _split(given) if isinstance(_bare(given), tuple) else [given] * len(elements)
        if len(scalars) != len(elements):
            problem = f"{len(scalars)} values for {len(elements)} elements; give one value, or one for each element"
            self._refuse(offer, problem)
            return
        for element, scalar in zip(elements, scalars, strict=True):
            if not self._add(element, scalar, offer, whole=len(elements) == element.connector.size):
                return

    def places(self) -> frozenset[tuple[str, str]]:
        """The name of each connector with a value, and the place in the description that gives it."""
        return frozenset((name, offer.place) for (name, _), offer in self._given.items())

    def finish(self) -> None:
        """Refuse structural parameters that the component was not opened with."""
        for name, (offer, value) in self._structure.items():
            connector = self._interface.connectors[name]
            if connector.start != (value,):
                self._refuse(offer, unsettable(connector) or "")

    def _add(self, element: Element, given: Given, offer: Offer, *, whole: bool) -> bool:
        connector = element.connector
        source = self._connected.get((connector.name, element.position))
        if source is not None and offer.bound:
            self.passed_over.append(
                f"{offer.place}: '{element.name}' is connected to '{source}', which gives its value"
            )
            return True
        try:
            scalar = self._readable(element, given, offer, source)
            if not whole and connector.start is None:
                raise DescriptionError(f"'{connector.name}' has no start values; give all of its elements")
        except DescriptionError as error:
            self._refuse(offer, str(error))
            return False
        if connector.causality is Causality.STRUCTURAL_PARAMETER:
            self._structure[connector.name] = (offer, scalar)
        else:
            self._write(element, scalar, offer)
        return True

    def _readable(self, element: Element, given: Given, offer: Offer, source: str | None) -> Scalar:
        connector = element.connector
        if source is not None:
            raise DescriptionError(f"this input is connected to '{source}'; remove the value or the connection")
        structural = connector.causality is Causality.STRUCTURAL_PARAMETER
        problem = None if structural else unsettable(connector)
        if problem is not None:
            raise DescriptionError(problem)
        scalar = offer.read(connector, given)
        problem = _unfit(connector, scalar)
        if problem is not None and not structural:
            raise DescriptionError(problem)
        return scalar

    def _write(self, element: Element, scalar: Scalar, offer: Offer) -> None:
        connector = element.connector
        key = (connector.name, element.position)
        other = self._given.get(key)
        if other is not None and other.layer == offer.layer:
            name = other.place.rpartition(".")[2]
            self._refuse(offer, f"'{element.name}' also gets a value from '{name}'; keep one of them")
            return
        self._given[key] = offer
        if connector.name not in self.values:
            self.values[connector.name] = start_elements(connector)
        self.values[connector.name][element.position] = _stored(connector, scalar)

    def _refuse(self, offer: Offer, problem: str) -> None:
        self.problems.append(f"{offer.place}: {problem}")


def _bare(given: Given) -> Value:
    return given.value if isinstance(given, Quantity) else given


def _split(given: Given) -> list[Given]:
    """The elements of an array, each with the unit of the whole."""
    if isinstance(given, Quantity):
        assert isinstance(given.value, tuple)
        return [Quantity(value=value, unit=given.unit) for value in given.value]
    assert isinstance(given, tuple)
    return list(given)


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


def fitting(connector: Connector, scalar: Scalar) -> Scalar:
    """A scalar as the connector stores it; DescriptionError where it has none such: type, range, items."""
    problem = _unfit(connector, scalar)
    if problem is not None:
        raise DescriptionError(problem)
    return _stored(connector, scalar)


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
