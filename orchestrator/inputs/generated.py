"""Generated inputs: constants, ramps, steps, pulses and expressions over time as outputs of a component."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from orchestrator.errors import DescriptionError, UnitError
from orchestrator.inputs.instance import Course, InputInstance, Output
from orchestrator.system.connector import Causality, Connector, Storage, Variability
from orchestrator.system.description import SystemDescription
from orchestrator.system.formula import Formula, Kind, compiled
from orchestrator.system.generated import Pulse, Ramp, Signal, Step
from orchestrator.system.parameters.fitting import fitted
from orchestrator.system.quantities.reader import Reader
from orchestrator.system.quantities.unit_text import find_unit
from orchestrator.system.values import Given

_TIME = {"t": Kind.NUMBER}
_SMOOTH = ("ramp", "expression")


def generated_instance(name: str, description: SystemDescription, wanted: Mapping[str, Connector]) -> InputInstance:
    """The signals of a component as its outputs; `wanted` are the connectors that they feed, which settle their types.

    DescriptionError lists every value that does not fit.
    """
    reader = Reader(description.constants, description.units)
    outputs, problems = [], []
    for reference, (key, signal) in enumerate(description.components[name].signals.items()):
        try:
            connector = _connector(key, reference, signal, wanted.get(key), description)
            outputs.append(Output(connector, _course(signal, connector, reader)))
        except DescriptionError as error:
            problems.append(f"components.{name}.signals.{key}: {error}")
    if problems:
        raise DescriptionError("\n".join(problems))
    return InputInstance(name, outputs, {"kind": "signals"}, "made of signals of the description")


class Constant(NamedTuple):
    """Always one value."""

    level: Any

    def value(self, t: float, *, after: bool) -> Any:  # noqa: ARG002
        """The value."""
        return self.level

    def next_event(self, t: float, *, after: bool) -> float | None:  # noqa: ARG002
        """There is none."""
        return None

    def slope(self, t: float) -> float | None:  # noqa: ARG002
        """Nothing changes."""
        return 0.0


class Line(NamedTuple):
    """From one value to another on a straight line between two times (s); its kinks are events."""

    first: float
    last: float
    start: float
    stop: float

    def value(self, t: float, *, after: bool) -> float:  # noqa: ARG002
        """The value at t (s); exact at both ends."""
        share = min(max((t - self.start) / (self.stop - self.start), 0.0), 1.0)
        return (1.0 - share) * self.first + share * self.last

    def next_event(self, t: float, *, after: bool) -> float | None:
        """Its begin, or its end."""
        return next((time for time in (self.start, self.stop) if t < time or (t == time and not after)), None)

    def slope(self, t: float) -> float | None:
        """The derivative (1/s) from t on."""
        return (self.last - self.first) / (self.stop - self.start) if self.start <= t < self.stop else 0.0


class Jump(NamedTuple):
    """One value before a time (s), another from it on."""

    first: Any
    last: Any
    at: float

    def value(self, t: float, *, after: bool) -> Any:
        """The value at t (s), at the jump before or after it."""
        return self.last if t > self.at or (t == self.at and after) else self.first

    def next_event(self, t: float, *, after: bool) -> float | None:
        """The jump."""
        return self.at if t < self.at or (t == self.at and not after) else None

    def slope(self, t: float) -> float | None:  # noqa: ARG002
        """Nothing changes between jumps."""
        return 0.0


class Pulses(NamedTuple):
    """`high` from start + k * period for `width`, `low` otherwise (all s); edges are counted, never summed."""

    low: Any
    high: Any
    start: float
    period: float
    width: float

    def value(self, t: float, *, after: bool) -> Any:
        """The value at t (s), at an edge before or after it."""
        return self.high if self._edges(t, after=after) % 2 else self.low

    def next_event(self, t: float, *, after: bool) -> float | None:
        """The next edge."""
        return self._edge(self._edges(t, after=after))

    def slope(self, t: float) -> float | None:  # noqa: ARG002
        """Nothing changes between edges."""
        return 0.0

    def _edge(self, index: int) -> float:
        return self.start + (index // 2) * self.period + (index % 2) * self.width

    def _edges(self, t: float, *, after: bool) -> int:
        """How many edges have been made at t."""
        if t < self.start:
            return 0
        # The quotient may be wrong by one where t lies at an edge: look at the edges around it themselves.
        index = max(2 * (math.floor((t - self.start) / self.period) - 1), 0)
        while self._edge(index) < t or (self._edge(index) == t and after):
            index += 1
        return index


class Computed(NamedTuple):
    """A formula of the time."""

    formula: Formula

    def value(self, t: float, *, after: bool) -> Any:  # noqa: ARG002
        """The value at t (s)."""
        return self.formula((t,))

    def next_event(self, t: float, *, after: bool) -> float | None:  # noqa: ARG002
        """None is known: where it jumps, it does so at a communication point."""
        return None

    def slope(self, t: float) -> float | None:  # noqa: ARG002
        """Not known."""
        return None


def _connector(
    name: str, reference: int, signal: Signal, fed: Connector | None, description: SystemDescription
) -> Connector:
    storage = _guessed(signal) if fed is None else fed.storage
    held = signal.form not in _SMOOTH or (fed is not None and fed.variability is not Variability.CONTINUOUS)
    unit = None if fed is None else fed.unit
    if signal.unit is not None and (unit is None or unit.name != signal.unit):
        unit = find_unit(signal.unit, description.units)
    return Connector(
        name=name,
        causality=Causality.OUTPUT,
        storage=storage,
        reference=reference,
        unit=unit,
        variability=Variability.DISCRETE if held or storage is not Storage.FLOAT64 else Variability.CONTINUOUS,
        items=fed.items if fed is not None else (),
        description=f"generated: {signal.form}",
    )


def _guessed(signal: Signal) -> Storage:
    """The type of a signal that feeds nothing."""
    if signal.expression is not None:
        return Storage.BOOLEAN if compiled(signal.expression, _TIME).kind is Kind.TRUTH else Storage.FLOAT64
    form = getattr(signal, signal.form)
    example = getattr(form, "to", getattr(form, "high", form))
    return Storage.BOOLEAN if isinstance(example, bool) else Storage.FLOAT64


def _course(signal: Signal, connector: Connector, reader: Reader) -> Course:
    form = getattr(signal, signal.form)
    if isinstance(form, Ramp):
        _only_floats(connector, "a ramp")
        first, last = (_value(given, connector, reader) for given in (form.from_, form.to))
        return Line(first, last, form.start, form.stop)
    if isinstance(form, Step):
        return Jump(_value(form.from_, connector, reader), _value(form.to, connector, reader), form.at)
    if isinstance(form, Pulse):
        low, high = (_value(given, connector, reader) for given in (form.low, form.high))
        return Pulses(low, high, form.start, form.period, form.width)
    if signal.expression is not None:
        return Computed(_formula(signal.expression, connector))
    return Constant(_value(form, connector, reader))


def _formula(text: str, connector: Connector) -> Formula:
    formula = compiled(text, _TIME)
    if connector.storage is Storage.BOOLEAN and formula.kind is not Kind.TRUTH:
        raise DescriptionError(f"'{text}' is {formula.kind}, but it feeds a Boolean; write a comparison")
    if connector.storage is not Storage.BOOLEAN:
        _only_floats(connector, "an expression")
    if connector.storage is Storage.FLOAT64 and formula.kind is not Kind.NUMBER:
        raise DescriptionError(f"'{text}' is {formula.kind}, but it feeds a float; write if({text}, 1, 0)")
    return formula


def _only_floats(connector: Connector, what: str) -> None:
    if connector.storage is not Storage.FLOAT64:
        raise DescriptionError(f"{what} gives floats, but it feeds {connector.storage}; use step, pulse or constant")


def _value(given: Given, connector: Connector, reader: Reader) -> Any:
    try:
        return fitted(reader, connector, given)
    except UnitError as error:
        if connector.unit is None:
            raise UnitError(f"{error}; give the signal a 'unit', or connect it to an input that has one") from error
        raise
