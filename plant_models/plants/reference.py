"""Reference: a composed model as one stiff ODE, integrated tightly, to compare coupled runs with. Needs SciPy."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import casadi as ca
import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from plant_models.model import Model, Role, argument_values
from plant_models.plants.radau import RadauStepper

Values = Mapping[str, float | Sequence[float]]
Floats = NDArray[np.float64]


class Reference:
    """A model with the values of its inputs, parameters and states; values that are not given are start values.

    `at` integrates from time 0 to given times by SciPy's Radau. With a sample time, it takes one step of Radau IIA from
    scan to scan and applies the updates at t = k * sample_time, k >= 1, from the values at that instant; times are then
    multiples of the sample time, and values at a scan are those after it.
    """

    def __init__(self, model: Model, values: Values, rtol: float = 1e-10, atol: float = 1e-10) -> None:
        known = {variable.name for variable in model.variables if variable.role is not Role.OUTPUT}
        if unknown := sorted(set(values) - known):
            raise ValueError(f"'{model.name}' has no state, input or parameter {', '.join(unknown)}")
        self.model = model
        self.options: dict[str, Any] = {"rtol": rtol, "atol": atol}
        self._x, self._z, self._u, self._p = (
            np.array(argument_values(model, values, role))
            for role in (Role.STATE, Role.DISCRETE_STATE, Role.INPUT, Role.PARAMETER)
        )
        x = model.vector(Role.STATE)
        rest = [model.vector(role) for role in (Role.DISCRETE_STATE, Role.INPUT, Role.PARAMETER)]
        right = model.right_hand_side(Role.STATE)
        self._derivative = ca.Function("derivative", [x, *rest], [right])
        self._jacobian = ca.Function("jacobian", [x, *rest], [ca.jacobian(right, x)])
        self._update = model.function("update", Role.DISCRETE_STATE)
        self._output = model.function("output", Role.OUTPUT)

    def at(self, times: Sequence[float]) -> dict[str, Floats]:
        """Every state, discrete state and output at increasing times (s): name -> (times,) or (times, elements)."""
        moments = self._integrated(times) if self.model.sample_time is None else self._scanned(times)
        rows = [np.concatenate([x, z, _column(self._output(x, z, self._u, self._p))]) for x, z in moments]
        return self._by_name(np.array(rows))

    def eigenvalues(self) -> Floats:
        """Eigenvalues of the Jacobian at the start, 1/s, real parts in ascending order."""
        matrix = ca.DM(self._jacobian(self._x, self._z, self._u, self._p)).full()
        return np.asarray(np.sort(np.linalg.eigvals(matrix).real))

    def _integrated(self, times: Sequence[float]) -> Iterator[tuple[Floats, Floats]]:
        rest = (self._z, self._u, self._p)
        solution = solve_ivp(
            lambda _, y: _column(self._derivative(y, *rest)),
            (0.0, times[-1]),
            self._x,
            method="Radau",
            t_eval=times,
            jac=lambda _, y: ca.DM(self._jacobian(y, *rest)).sparse(),
            **self.options,
        )
        if not solution.success:
            raise ArithmeticError(f"'{self.model.name}' at t = {solution.t[-1]:g} s: {solution.message}")
        return ((x, self._z) for x in solution.y.T)

    def _scanned(self, times: Sequence[float]) -> Iterator[tuple[Floats, Floats]]:
        assert self.model.sample_time is not None
        stepper = RadauStepper(self._derivative, self._jacobian, self.model.sample_time)
        x, z, scan = self._x, self._z, 0
        for time in times:
            for _ in range(scan, round(time / self.model.sample_time)):
                x = stepper.step(x, z, self._u, self._p)
                z = _column(self._update(x, z, self._u, self._p))
                scan += 1
            yield x, z

    def _by_name(self, rows: Floats) -> dict[str, Floats]:
        result: dict[str, Floats] = {}
        column = 0
        for role in (Role.STATE, Role.DISCRETE_STATE, Role.OUTPUT):
            for variable in self.model.of(role):
                block = rows[:, column : column + variable.length]
                result[variable.name] = block[:, 0] if variable.size is None else block
                column += variable.length
        return result


def _column(value: ca.DM) -> Floats:
    return np.asarray(value).ravel()
