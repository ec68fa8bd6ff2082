"""Access: reading and writing single variables by name, between two macro steps."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orchestrator.errors import VariableError
from orchestrator.instance import Bundle, Instance, Values
from orchestrator.master.memory import Remembered
from orchestrator.signals import Direction, Signals
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connector import Causality, Connector, Scalar, Variability
from orchestrator.system.interface import Element, Interface
from orchestrator.system.names import nearest
from orchestrator.system.parameters.start_values import Offer, StartValues, start_elements


class Access:
    """Names of a whole system: `component.connector`, with indices or without, or a family of FMI 2.0 scalars.

    What is written waits for the next macro step: in Step Mode an instance is not read between `set` and `do_step`
    (FMI 2.0.4 section 4.2.4, FMI 3.0.2 section 4.2).
    """

    def __init__(
        self,
        instances: Mapping[str, Instance],
        signals: Signals,
        links: Iterable[Link],
        views: Mapping[str, Sequence[Connector]],
    ) -> None:
        self._instances, self._signals = instances, signals
        self._views = {path: Interface(connectors) for path, connectors in views.items()}
        self._interfaces = {name: Interface(instance.connectors) for name, instance in instances.items()}
        self._sources: dict[str, dict[str, str]] = defaultdict(dict)
        for link in links:
            self._sources[link.destination.component][self._element_name(link)] = (
                f"{link.source.component}.{link.source.connector}"
            )
        self._waiting: dict[tuple[str, str], Values] = {}
        self._applied: dict[tuple[str, str], Values] = {}
        # instances may prepare something for each bundle that they see: use the same one again
        self._bundles: dict[tuple[str, str], Bundle] = {}

    def read(self, name: str, *, alive: bool = True) -> Scalar | NDArray[Any]:
        """Value valid at the last communication point: a scalar, or all elements of an array in row-major order.

        Without `alive` only what is in the signals can be read, since the instances answer no more.
        """
        component, variable = self._split(name)
        interface = self._interfaces.get(component) or self._views.get(component)
        elements = self._find(name, interface)
        connectors = {element.connector.name: element.connector for element in elements}
        values = {key: self._values(component, connector, alive) for key, connector in connectors.items()}
        if interface is not None and interface.shape(variable) == ():
            element = elements[0]
            scalar = values[element.connector.name][element.position]
            plain: Scalar = scalar.item() if hasattr(scalar, "item") else scalar
            return plain
        chosen = [values[element.connector.name][element.position] for element in elements]
        return np.array(chosen, dtype=elements[0].connector.storage.dtype)

    def write(self, name: str, value: ArrayLike) -> None:
        """Set an unconnected input or a tunable parameter from the next macro step on; VariableError for others."""
        component, _ = self._split(name)
        for element, scalar in self._checked(name, value):
            connector = element.connector
            if self._signals.direction(component, connector.name) is Direction.INPUT:
                place = self._signals.place(component, connector.name, element.position)
                self._signals.view(place)[0] = scalar
            elif connector.variability is Variability.TUNABLE:
                self._parameter(component, connector)[element.position] = scalar
            else:
                raise VariableError(
                    f"'{component}.{element.name}' is {connector.causality} and {connector.variability}: it cannot "
                    "change during a run. Set it in the description, or before the simulation is initialized"
                )

    def write_start(self, name: str, value: ArrayLike, start_values: dict[str, dict[str, Values]]) -> None:
        """Replace a start value before initialization, in `start_values`: component -> connector -> all elements."""
        component, _ = self._split(name)
        values = start_values.setdefault(component, {})
        for element, scalar in self._checked(name, value):
            connector = element.connector
            if connector.name not in values:
                values[connector.name] = start_elements(connector)
            values[connector.name][element.position] = scalar

    def apply(self) -> int:
        """Hand the parameters written since the last macro step to their instances; how many these are."""
        for (component, name), values in self._waiting.items():
            connector = self._interfaces[component].connectors[name]
            self._instances[component].set(self._bundle(component, connector), values)
        count = len(self._waiting)
        self._applied.update(self._waiting)
        self._waiting.clear()
        return count

    def remembered(self) -> Remembered:
        """Parameters written up to now: those that wait for the next macro step, and those handed over before."""
        return {"waiting": _listed(self._waiting), "applied": _listed(self._applied)}

    def remember(self, memory: Remembered) -> None:
        """Hand over what was handed over before; the states of the instances are to follow."""
        self._waiting = _by_name(memory["applied"])
        self.apply()
        self._applied, self._waiting = _by_name(memory["applied"]), _by_name(memory["waiting"])

    def _checked(self, name: str, value: ArrayLike) -> list[tuple[Element, Scalar]]:
        """Elements with their new values, checked like a value of the description."""
        component, _ = self._split(name)
        if component in self._views and component not in self._interfaces:
            raise VariableError(f"'{name}' shows a value that comes from elsewhere; write what it is connected to")
        elements = self._find(name, self._interfaces.get(component))
        given = StartValues(self._interfaces[component], self._sources[component])
        given.add(elements, Offer(name, _plain(value)))
        if given.problems:
            raise VariableError("\n".join(given.problems))
        return [(element, given.values[element.connector.name][element.position]) for element in elements]

    def _split(self, name: str) -> tuple[str, str]:
        component, dot, variable = name.partition(".")
        if not dot or not variable or not (component or component in self._views):
            raise VariableError(f"'{name}' names no variable: write 'component.variable'")
        return component, variable

    def _find(self, name: str, interface: Interface | None) -> Sequence[Element]:
        component, variable = self._split(name)
        if interface is None:
            raise VariableError(f"'{name}': there is no component '{component}'; {nearest(component, self._instances)}")
        elements = interface.find(variable)
        if elements is None:
            hint = interface.hint(variable, Causality.INPUT, Causality.OUTPUT)
            raise VariableError(f"'{component}' has no variable '{variable}'; {hint}")
        return elements

    def _values(self, component: str, connector: Connector, alive: bool) -> Values:
        waiting = self._waiting.get((component, connector.name))
        if waiting is not None:
            return waiting
        if self._signals.holds(component, connector.name):
            return self._signals.view(self._signals.place(component, connector.name))
        if not alive:
            raise VariableError(
                f"'{component}.{connector.name}' can no longer be read: the run is over. Name it under 'record'"
            )
        return self._ask(component, connector)

    def _ask(self, component: str, connector: Connector) -> Values:
        values = connector.storage.zeros(connector.size)
        self._instances[component].get(self._bundle(component, connector), values)
        return values

    def _bundle(self, component: str, connector: Connector) -> Bundle:
        return self._bundles.setdefault((component, connector.name), Bundle.of([connector]))

    def _parameter(self, component: str, connector: Connector) -> Values:
        key = (component, connector.name)
        if key not in self._waiting:
            self._waiting[key] = self._ask(component, connector)
        return self._waiting[key]

    def _element_name(self, link: Link) -> str:
        connector = self._interfaces[link.destination.component].connectors[link.destination.connector]
        return connector.elements[link.destination.element]


def _plain(value: Any) -> Any:
    """Plain Python scalars: one, or a flat tuple of all elements in row-major order.

    NumPy would make floats of integers of different signs, and cut the NUL bytes at the end of bytes off.
    """
    if isinstance(value, np.ndarray):
        return tuple(value.ravel().tolist()) if value.ndim else value.item()
    if isinstance(value, list | tuple):
        parts = [_plain(each) for each in value]
        return tuple(scalar for part in parts for scalar in (part if isinstance(part, tuple) else (part,)))
    return value.item() if isinstance(value, np.generic) else value


def _listed(values: Mapping[tuple[str, str], Values]) -> list[list[Any]]:
    return [[component, name, array.copy()] for (component, name), array in values.items()]


def _by_name(listed: Iterable[Sequence[Any]]) -> dict[tuple[str, str], Values]:
    return {(component, name): array.copy() for component, name, array in listed}
