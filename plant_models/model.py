"""Model: named variables and their equations, written once over CasADi symbols.

From one Model come the FMUs (`fmus.build`), Jacobians, and the monolithic references of the tests. Time is in seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import casadi as ca

Symbol = Any
"""A CasADi MX column vector (n x 1), or 1 x 1 for a scalar."""


class Role(StrEnum):
    """What a variable is in the equations; the order here is the order of the argument vectors."""

    STATE = "state"
    DISCRETE_STATE = "discrete_state"
    INPUT = "input"
    PARAMETER = "parameter"
    OUTPUT = "output"


class Type(StrEnum):
    """Data type of a variable as others see it; inside the equations every value is a float64."""

    FLOAT64 = "float64"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    ENUMERATION = "enumeration"


@dataclass(frozen=True)
class Variable:
    """One row of the table that describes a model.

    `size` is None for a scalar, otherwise the length of a vector. `start` is one value for all elements or one each.
    `visible` makes a state an output of the component; other states are local. `tunable` parameters may change
    between steps. `items` names the values 1, 2, ... of an enumeration.
    """

    name: str
    role: Role
    unit: str
    description: str
    size: int | None = None
    start: tuple[float, ...] = (0.0,)
    nominal: float = 1.0
    minimum: float | None = None
    maximum: float | None = None
    type: Type = Type.FLOAT64
    items: tuple[str, ...] = ()
    tunable: bool = False
    visible: bool = False

    @property
    def length(self) -> int:
        """Number of elements: 1 for a scalar."""
        return 1 if self.size is None else self.size

    @property
    def starts(self) -> tuple[float, ...]:
        """Start values, one per element."""
        return self.start * self.length if len(self.start) == 1 else self.start


@dataclass
class Model:
    """A model under construction: declare variables (each returns its symbol), then state their equations.

    `sample_time` (s) is the period of the discrete states' `update`, None for a purely continuous model. At every scan
    t = k * sample_time, k >= 1, the discrete states take the values of their updates, computed from the inputs and the
    discrete states just before; between scans they hold.
    """

    name: str
    description: str
    sample_time: float | None = None
    variables: list[Variable] = field(default_factory=list)
    symbols: dict[str, Symbol] = field(default_factory=dict)
    equations: dict[str, Symbol] = field(default_factory=dict)

    def parameter(self, name: str, start: float | Sequence[float], unit: str, description: str, **more: Any) -> Symbol:
        """Declare a parameter."""
        return self._declare(name, Role.PARAMETER, unit, description, start, **more)

    def input(self, name: str, start: float | Sequence[float], unit: str, description: str, **more: Any) -> Symbol:
        """Declare an input."""
        return self._declare(name, Role.INPUT, unit, description, start, **more)

    def state(self, name: str, start: float | Sequence[float], unit: str, description: str, **more: Any) -> Symbol:
        """Declare a continuous state; `derivative` gives its equation."""
        return self._declare(name, Role.STATE, unit, description, start, **more)

    def discrete_state(
        self, name: str, start: float | Sequence[float], unit: str, description: str, **more: Any
    ) -> Symbol:
        """Declare a discrete state; `update` gives its value at the next scan."""
        return self._declare(name, Role.DISCRETE_STATE, unit, description, start, **more)

    def derivative(self, name: str, expression: Symbol) -> None:
        """State d(name)/dt, per second."""
        self._equate(name, Role.STATE, expression)

    def update(self, name: str, expression: Symbol) -> None:
        """State the value of a discrete state after a scan."""
        self._equate(name, Role.DISCRETE_STATE, expression)

    def output(self, name: str, expression: Symbol, unit: str, description: str, **more: Any) -> None:
        """Declare an output and state its equation in one go."""
        expression = ca.MX(expression)
        more.setdefault("size", None if expression.shape[0] == 1 else expression.shape[0])
        self._declare(name, Role.OUTPUT, unit, description, 0.0, **more)
        self._equate(name, Role.OUTPUT, expression)

    def of(self, role: Role) -> tuple[Variable, ...]:
        """The variables of one role, in the order of their declaration."""
        return tuple(variable for variable in self.variables if variable.role is role)

    def vector(self, role: Role) -> Symbol:
        """The symbols of one role behind each other in one column."""
        return _column([self.symbols[variable.name] for variable in self.of(role)])

    def right_hand_side(self, role: Role) -> Symbol:
        """The equations of the states (derivatives, 1/s), discrete states (updates) or outputs, in one column."""
        missing = [variable.name for variable in self.of(role) if variable.name not in self.equations]
        if missing:
            raise ValueError(f"model '{self.name}': no equation for {role} {', '.join(missing)}")
        return _column([self.equations[variable.name] for variable in self.of(role)])

    def function(self, name: str, role: Role) -> Any:
        """CasADi function (x, z, u, p) -> right-hand side of the role; columns in the order of declaration."""
        arguments = [self.vector(r) for r in (Role.STATE, Role.DISCRETE_STATE, Role.INPUT, Role.PARAMETER)]
        return ca.Function(name, arguments, [self.right_hand_side(role)], ["x", "z", "u", "p"], ["y"])

    def starts(self, role: Role) -> list[float]:
        """Start values of one role, in the order of `vector`."""
        return [value for variable in self.of(role) for value in variable.starts]

    def _declare(
        self, name: str, role: Role, unit: str, description: str, start: float | Sequence[float], **more: Any
    ) -> Symbol:
        if name in {variable.name for variable in self.variables}:
            raise ValueError(f"model '{self.name}' declares '{name}' twice")
        starts = (float(start),) if isinstance(start, int | float) else tuple(map(float, start))
        variable = Variable(name, role, unit, description, start=starts, **more)
        if len(starts) not in (1, variable.length):
            raise ValueError(
                f"model '{self.name}', '{name}': {len(starts)} start values for {variable.length} elements"
            )
        self.variables.append(variable)
        if role is Role.OUTPUT:
            return None
        self.symbols[name] = ca.MX.sym(name, variable.length)
        return self.symbols[name]

    def _equate(self, name: str, role: Role, expression: Symbol) -> None:
        variable = next((v for v in self.variables if v.name == name and v.role is role), None)
        if variable is None:
            raise ValueError(f"model '{self.name}' has no {role} '{name}'")
        expression = ca.MX(expression)
        if expression.shape != (variable.length, 1):
            raise ValueError(f"model '{self.name}', '{name}': equation {expression.shape}, expected {variable.length}")
        self.equations[name] = ca.densify(expression)


def _column(parts: Sequence[Symbol]) -> Symbol:
    return ca.vertcat(*parts) if parts else ca.MX(0, 1)


def argument_values(model: Model, values: Mapping[str, float | Sequence[float]], role: Role) -> list[float]:
    """Values of one role by name, the start values where none is given, in the order of `Model.vector`."""
    column: list[float] = []
    for variable in model.of(role):
        value = values.get(variable.name, variable.starts)
        column += [float(value)] * variable.length if isinstance(value, int | float) else [float(v) for v in value]
    return column
