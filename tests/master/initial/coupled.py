"""Doubles in Initialization Mode: they set and get floats as often as wanted, with derivatives where they tell them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from orchestrator.graph.schedule import build_schedule
from orchestrator.instance import Bundle, Instance, Values
from orchestrator.master.coupling import Coupling
from orchestrator.master.initialization import Beginning, initialize
from orchestrator.signals import Signals
from orchestrator.system.connections.resolution import resolve
from orchestrator.system.parameters.giving import parameter_values
from tests.coupled import describe
from tests.doubles import FunctionInstance, Vector


class Told(FunctionInstance):
    """A double without states that tells d(outputs)/d(inputs), a matrix (outputs, inputs), by complex steps."""

    def __init__(self, function: Callable[..., Any], **more: Any) -> None:
        super().__init__(function, **more)
        self.directional_derivatives = self
        self.asked = 0

    def multiply(self, unknowns: Bundle, knowns: Bundle, seed: Values, result: Values) -> None:
        self.asked += 1
        direction = np.concatenate([np.zeros(self.values[name].size) for name in self._inputs])
        starts = dict(
            zip(self._inputs, np.cumsum([0, *(self.values[name].size for name in self._inputs)]), strict=False)
        )
        position = 0
        for one in knowns.connectors:
            direction[starts[one.name] : starts[one.name] + one.size] = seed[position : position + one.size]
            position += one.size
        y = np.atleast_1d(self.function(self.time, self._u() + 1e-30j * direction))
        rates = np.imag(y) / 1e-30
        names = [one.name for one in self._outputs]
        at = dict(zip(names, np.cumsum([0, *(one.size for one in self._outputs)]), strict=False))
        result[:] = np.concatenate([rates[at[one.name] : at[one.name] + one.size] for one in unknowns.connectors])


def initialized(instances: Sequence[Instance], connections: Sequence[Any] = (), **more: Any) -> Signals:
    """The signals after the coupled initialization; `more` are fields of the description."""
    coupling = _coupled(instances, connections, more)
    return coupling.signals


def _coupled(instances: Sequence[Any], connections: Sequence[Any], more: dict[str, Any]) -> Coupling:
    more.setdefault("algorithm", "iterative")
    names = [instance.name for instance in instances]
    description = describe(names, connections, **more)
    by_name = {instance.name: instance for instance in instances}
    interfaces = {name: instance.connectors for name, instance in by_name.items()}
    links = resolve(description, interfaces)
    feedthrough = {name: one.feedthrough for name, one in by_name.items()}
    schedule = build_schedule(interfaces, feedthrough, links, iterate=description.algorithm == "iterative")
    coupling = Coupling.of(by_name, links, schedule.order, Signals(interfaces, None, links))
    values = parameter_values(description, interfaces)
    beginning = Beginning(description.experiment, values)
    initialize(coupling, schedule.initialization, beginning, description.initialization)
    return coupling


def value(signals: Signals, name: str) -> Vector:
    """All elements of `component.connector`."""
    return np.array(signals.view(signals.place(*name.split("."))))
