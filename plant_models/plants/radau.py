"""Radau IIA with fixed steps: many short integrations of one stiff ODE, restarted at every scan of a controller."""

from typing import Any

import casadi as ca
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, identity, kron
from scipy.sparse.linalg import splu

Floats = NDArray[np.float64]

_ROOT = np.sqrt(6.0)
RADAU_IIA = np.array(
    [
        [(88 - 7 * _ROOT) / 360, (296 - 169 * _ROOT) / 1800, (-2 + 3 * _ROOT) / 225],
        [(296 + 169 * _ROOT) / 1800, (88 + 7 * _ROOT) / 360, (-2 - 3 * _ROOT) / 225],
        [(16 - _ROOT) / 36, (16 + _ROOT) / 36, 1 / 9],
    ]
)
"""Coefficients of the three-stage method of order 5: Hairer and Wanner, Solving Ordinary Differential Equations II."""


class RadauStepper:
    """Steps of length h (s) for dx/dt = f(x, *rest), f a CasADi function whose arguments are columns.

    The factorization of Newton's matrix is kept from step to step until it converges badly. ArithmeticError where
    Newton's method fails with a fresh one.
    """

    tolerance = 1e-13
    iterations = 12

    def __init__(self, derivative: ca.Function, jacobian: ca.Function, h: float) -> None:
        self._stages = derivative.map(3)
        self._jacobian = jacobian
        self._h = h
        self._solve: Any = None

    def step(self, x: Floats, *rest: Floats) -> Floats:
        """The state after one step of length h."""
        increments = None if self._solve is None else self._newton(x, rest)
        if increments is None:
            self._factorize(x, rest)
            increments = self._newton(x, rest)
        if increments is None:
            raise ArithmeticError(
                f"no convergence in {self.iterations} iterations at h = {self._h:g} s: shorten the step"
            )
        return np.asarray(x + increments[-1])

    def _factorize(self, x: Floats, rest: tuple[Floats, ...]) -> None:
        jacobian = ca.DM(self._jacobian(x, *rest)).sparse()
        self._solve = splu(csc_matrix(identity(3 * len(x)) - kron(self._h * RADAU_IIA, jacobian))).solve

    def _newton(self, x: Floats, rest: tuple[Floats, ...]) -> Floats | None:
        """Increments of the three stages (3, n), or None where they do not converge."""
        increments = np.zeros((3, len(x)))
        repeated = [np.repeat(values[:, None], 3, axis=1) for values in rest]
        scale = 1 + np.abs(x)
        for _ in range(self.iterations):
            slopes = np.asarray(self._stages((x + increments).T, *repeated)).T
            correction = self._solve((self._h * RADAU_IIA @ slopes - increments).ravel()).reshape(increments.shape)
            increments += correction
            if np.max(np.abs(correction) / scale) < self.tolerance:
                return increments
        return None
