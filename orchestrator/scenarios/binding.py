"""Binding: what the actions of scenarios mean in the interfaces of a system."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from orchestrator.errors import DescriptionError
from orchestrator.scenarios.effects import Drifting, Effect, Noise, Replacement, Scaling
from orchestrator.system.connections.links import Link, Slot
from orchestrator.system.connector import Causality, Connector, Storage, Variability
from orchestrator.system.description import SystemDescription
from orchestrator.system.formula import Formula, Kind, compiled
from orchestrator.system.interface import Element, Interface, Interfaces
from orchestrator.system.names import nearest
from orchestrator.system.parameters.fitting import fitted
from orchestrator.system.quantities.reader import Reader
from orchestrator.system.scenario import Action, Scenario
from orchestrator.system.values import Given


class Condition(NamedTuple):
    """A formula and where the values of its names lie; None is the time."""

    formula: Formula
    slots: tuple[Slot | None, ...]


class Bound(NamedTuple):
    """An action with its elements; `effects` makes those of one run, for each element one. `unit` is for messages.

    `value` is what `set` gives to the target. `free` tells inputs that nothing feeds.
    """

    action: Action
    place: str
    elements: tuple[Element, ...]
    effects: Callable[[], list[Effect]]
    when: Condition | None
    until: Condition | None
    value: Any
    unit: str
    free: bool
    is_input: bool

    @property
    def component(self) -> str:
        """The component that the target belongs to."""
        return self.action.target.partition(".")[0]

    def slot(self, element: Element) -> Slot:
        """Where an element lies."""
        return Slot(self.component, element.connector.name, element.position)


def bind_scenarios(
    scenarios: Iterable[Scenario], description: SystemDescription, interfaces: Interfaces, links: Iterable[Link]
) -> list[Bound]:
    """Bind all actions; DescriptionError lists everything that does not fit the system, by file and line."""
    binder = _Binder(description, interfaces, links)
    bound, problems = [], []
    for scenario in scenarios:
        for index, action in enumerate(scenario.actions):
            try:
                bound.append(binder.bind(action, scenario.place(index)))
            except DescriptionError as error:
                problems.append(f"{scenario.place(index)}: {error}")
    if problems:
        raise DescriptionError("\n".join(problems))
    return bound


class _Binder:
    def __init__(self, description: SystemDescription, interfaces: Interfaces, links: Iterable[Link]) -> None:
        self._reader = Reader(description.constants, description.units)
        self._interfaces = {name: Interface(connectors) for name, connectors in interfaces.items()}
        self._fed = {link.destination: link.source for link in links}

    def bind(self, action: Action, place: str) -> Bound:
        elements = self._found(action.target)
        component = action.target.partition(".")[0]
        fed = [Slot(component, element.connector.name, element.position) in self._fed for element in elements]
        connector = elements[0].connector
        is_input = connector.causality is Causality.INPUT or all(fed)
        _check_target(action, connector, is_input=is_input, fed=any(fed))
        when, until = (self._condition(text) for text in (action.when, action.until))
        value = None if action.value is None else fitted(self._reader, connector, action.value)
        unit = "" if connector.unit is None else connector.unit.name
        made = [self._effect(action, f"{component}.{element.name}", connector) for element in elements]
        free = is_input and not all(fed)
        return Bound(
            action, place, elements, lambda: [make() for make in made], when, until, value, unit, free, is_input
        )

    def _found(self, name: str) -> tuple[Element, ...]:
        component, _, variable = name.partition(".")
        if component not in self._interfaces:
            raise DescriptionError(f"no component '{component}'; {nearest(component, self._interfaces)}")
        elements = self._interfaces[component].find(variable)
        if not elements:
            hint = self._interfaces[component].hint(variable, Causality.INPUT, Causality.OUTPUT)
            raise DescriptionError(f"'{component}' has no variable '{variable}'; {hint}")
        return elements

    def _condition(self, text: float | str | None) -> Condition | None:
        if not isinstance(text, str):
            return None
        kinds = {"t": Kind.NUMBER, **{name: self._kind(name) for name in compiled(text).names if name != "t"}}
        formula = compiled(text, kinds)
        if formula.kind is not Kind.TRUTH:
            raise DescriptionError(f"'{text}' is {formula.kind}, not true or false; write a comparison")
        return Condition(formula, tuple(None if name == "t" else self._slot(name) for name in formula.names))

    def _slot(self, name: str) -> Slot:
        (element,) = self._found(name)
        return Slot(name.partition(".")[0], element.connector.name, element.position)

    def _kind(self, name: str) -> Kind:
        elements = self._found(name)
        if len(elements) > 1:
            each = f"'{elements[0].name}' to '{elements[-1].name}'"
            raise DescriptionError(f"'{name}' in a condition is an array; name one of {each}")
        storage = elements[0].connector.storage
        if storage is Storage.BINARY:
            raise DescriptionError(f"'{name}' in a condition holds bytes; use numbers, Booleans or texts")
        return {Storage.BOOLEAN: Kind.TRUTH, Storage.STRING: Kind.TEXT}.get(storage, Kind.NUMBER)

    def _effect(self, action: Action, name: str, connector: Connector) -> Callable[[], Effect]:
        if action.ramp is not None:
            first = None if action.ramp.from_ is None else self._number(action.ramp.from_, connector)
            last, over = self._number(action.ramp.to, connector), action.ramp.over
            return lambda: Drifting(first, last, over)
        if action.kind == "scale":
            offset = 0.0 if action.offset is None else self._difference(action.offset, connector)
            return lambda: Scaling(action.factor, offset)
        if action.sigma is not None:
            sigma = self._difference(action.sigma, connector)
            if sigma < 0.0:
                raise DescriptionError(f"sigma is {sigma:g}; a standard deviation is not negative")
            return lambda: Noise(sigma, action.seed, name)
        assert action.value is not None
        value = fitted(self._reader, connector, action.value)
        return lambda: Replacement(value)

    def _number(self, given: Given, connector: Connector) -> float:
        return float(fitted(self._reader, connector, given))

    def _difference(self, given: Given, connector: Connector) -> float:
        """A difference in the unit of a connector: the zero of degC has no part in it."""
        unit = None if connector.unit is None else replace(connector.unit, offset=0.0)
        return self._number(given, replace(connector, unit=unit, minimum=None, maximum=None))


def _check_target(action: Action, connector: Connector, *, is_input: bool, fed: bool) -> None:
    name, kind = action.target, action.kind
    if kind == "set":
        _check_settable(name, connector, fed=fed)
    elif kind == "override" and not is_input:
        raise DescriptionError(f"'{name}' is no input but of causality {connector.causality}; force outputs")
    elif kind == "force" and connector.causality is not Causality.OUTPUT:
        raise DescriptionError(f"'{name}' is no output but of causality {connector.causality}; override inputs")
    elif not is_input and connector.causality is not Causality.OUTPUT:
        raise DescriptionError(f"'{name}' is of causality {connector.causality}; name an input or an output")
    floats = kind in ("scale", "noise") or action.ramp is not None
    if floats and connector.storage is not Storage.FLOAT64:
        what = "a ramp" if action.ramp is not None else f"'{kind}'"
        raise DescriptionError(f"{what} is for floats, '{name}' is {connector.storage}; give a value")


def _check_settable(name: str, connector: Connector, *, fed: bool) -> None:
    if fed:
        raise DescriptionError(f"'{name}' is connected; override it")
    if connector.causality is not Causality.INPUT and connector.variability is not Variability.TUNABLE:
        raise DescriptionError(
            f"'{name}' is {connector.causality} and {connector.variability}; only inputs and tunable parameters change"
        )
