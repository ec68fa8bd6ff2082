"""Equations of a model at given values, by name."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import casadi as ca
import numpy as np

from plant_models.model import Model, Role, argument_values

ARGUMENTS = (Role.STATE, Role.DISCRETE_STATE, Role.INPUT, Role.PARAMETER)
Values = Mapping[str, float | Sequence[float]]
START: Values = MappingProxyType({})


class Equations:
    """Derivatives, updates and outputs of a model; values that are not given are start values."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._functions = {role: model.function(role.value, role) for role in (*ARGUMENTS[:2], Role.OUTPUT)}

    def derivatives(self, values: Values = START) -> dict[str, np.ndarray]:
        return self._evaluate(Role.STATE, values)

    def updates(self, values: Values = START) -> dict[str, np.ndarray]:
        return self._evaluate(Role.DISCRETE_STATE, values)

    def outputs(self, values: Values = START) -> dict[str, np.ndarray]:
        return self._evaluate(Role.OUTPUT, values)

    def _evaluate(self, role: Role, values: Values) -> dict[str, Any]:
        unknown = set(values) - set(self.model.symbols)
        assert not unknown, f"{self.model.name} has no {unknown}"
        column = np.asarray(self._functions[role](*(argument_values(self.model, values, r) for r in ARGUMENTS))).ravel()
        named: dict[str, Any] = {}
        for variable in self.model.of(role):
            block, column = column[: variable.length], column[variable.length :]
            named[variable.name] = float(block[0]) if variable.size is None else block
        return named


def rate_of_change(model: Model, quantity: ca.MX, values: Values) -> float:
    """d/dt of a quantity made of states, by the chain rule along the model's derivatives."""
    states, right = model.vector(Role.STATE), model.right_hand_side(Role.STATE)
    arguments = [model.vector(role) for role in ARGUMENTS]
    function = ca.Function("rate", arguments, [ca.jtimes(quantity, states, right)])
    return float(function(*(argument_values(model, values, role) for role in ARGUMENTS)))
