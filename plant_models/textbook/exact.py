"""Exact solutions of the coupled textbook systems, and the solution of the rest to twelve digits. Needs SciPy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from plant_models.plants.composition import compose
from plant_models.plants.reference import Reference
from plant_models.textbook.oxygen_limited import OXYGEN_LIMITED_CONNECTIONS, cells, tank
from plant_models.textbook.populations import CONVERSION, DEATH, GROWTH, PREDATION

Floats = NDArray[np.float64]

NONLINEAR_ROOT = (4.5571749758, 0.0928624960)
"""(x1, x2) of the loop 2 x1^2 + 5 x2 = 42, x1 - 6 x2 = 4."""

CORNERS = ((0, 0), (1, 0), (17 / 12, 2.5), (3, 2.5), (23 / 6, -2.5), (5, -2.5), (35 / 6, 2.5))
"""(t, x4) between which x4 of the control loop is linear; it stays at the last value."""


@dataclass(frozen=True)
class TwoMass:
    """Two masses on springs and dampers, coupled; SI units, by the names of the models' parameters, starts included."""

    m: tuple[float, float] = (1.0, 1.0)
    c: tuple[float, float] = (1.0, 1.0)
    d: tuple[float, float] = (0.1, 0.1)
    ck: float = 4.0
    dk: float = 0.2
    x: tuple[float, float] = (1.0, 0.0)
    v: tuple[float, float] = (0.0, 0.0)

    @property
    def matrix(self) -> Floats:
        """M (4, 4) of (x1, v1, x2, v2)' = M (x1, v1, x2, v2)."""
        (m1, m2), (c1, c2), (d1, d2), ck, dk = self.m, self.c, self.d, self.ck, self.dk
        return np.array(
            [
                [0.0, 1.0, 0.0, 0.0],
                [-(c1 + ck) / m1, -(d1 + dk) / m1, ck / m1, dk / m1],
                [0.0, 0.0, 0.0, 1.0],
                [ck / m2, dk / m2, -(c2 + ck) / m2, -(d2 + dk) / m2],
            ]
        )

    def at(self, times: ArrayLike) -> Floats:
        """x1, v1, x2, v2 at the times (s): (times, 4)."""
        start = np.array([self.x[0], self.v[0], self.x[1], self.v[1]])
        return np.array([expm(self.matrix * t) @ start for t in np.ravel(times)])

    def force(self, states: Floats) -> Floats:
        """Force on mass 1, which is that on mass 2 turned round, in states (times, 4): (times,)."""
        return np.asarray(self.ck * (states[:, 2] - states[:, 0]) + self.dk * (states[:, 3] - states[:, 1]))

    def energy(self, states: Floats) -> Floats:
        """Kinetic energy and that of the three springs in states (times, 4), J: (times,)."""
        x1, v1, x2, v2 = states.T
        kinetic = self.m[0] * v1**2 + self.m[1] * v2**2
        return np.asarray((kinetic + self.c[0] * x1**2 + self.c[1] * x2**2 + self.ck * (x2 - x1) ** 2) / 2)


def harmonic(times: ArrayLike, x: float = 1.0, v: float = 0.0) -> Floats:
    """x and v of x' = v, v' = -x at the times: (times, 2)."""
    t = np.ravel(times)
    return np.stack([x * np.cos(t) + v * np.sin(t), v * np.cos(t) - x * np.sin(t)], axis=1)


def controlled(times: ArrayLike) -> Floats:
    """x4 of the control loop at the times, for a relay without a dead band."""
    corners = np.array(CORNERS, dtype=np.float64)
    return np.asarray(np.interp(np.ravel(times), corners[:, 0], corners[:, 1]))


def lotka_volterra(times: ArrayLike, x: float = 1.0, y: float = 1.0, tolerance: float = 1e-13) -> Floats:
    """Prey and predators at increasing times (s) from (x, y) at 0, by DOP853: (times, 2). The invariant tells it."""
    times = np.ravel(times)
    solution = solve_ivp(
        lambda _, s: [s[0] * (GROWTH - PREDATION * s[1]), s[1] * (CONVERSION * s[0] - DEATH)],
        (0.0, float(times[-1])),
        (x, y),
        method="DOP853",
        t_eval=times,
        rtol=tolerance,
        atol=tolerance,
    )
    if not solution.success:
        raise ArithmeticError(f"Lotka-Volterra at t = {solution.t[-1]:g} s: {solution.message}")
    return np.asarray(solution.y.T)


def lotka_volterra_invariant(x: ArrayLike, y: ArrayLike) -> Floats:
    """d x - c ln x + b y - a ln y, which the populations keep."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    return np.asarray(CONVERSION * x - DEATH * np.log(x) + PREDATION * y - GROWTH * np.log(y))


def oxygen_limited(times: Sequence[float], kLa: float) -> dict[str, Floats]:
    """Batch of cells and tank as one ODE, by Radau at 1e-10: `tank.X`, `cells.mu`, ... at increasing times (s)."""
    model = compose("oxygen_limited", {"cells": cells(), "tank": tank()}, OXYGEN_LIMITED_CONNECTIONS)
    return Reference(model, {"tank.kLa": kLa}).at(times)


class HeldStep(NamedTuple):
    """x(t + h) = state @ x(t) + held @ u for x' = A x + B u with u held over the step: (n, n) and (n, m)."""

    state: Floats
    held: Floats


def held_step(A: ArrayLike, B: ArrayLike, h: float) -> HeldStep:
    """Closed form of a step of length h (s), from the exponential of [[A, B], [0, 0]] h; A may be singular."""
    A, B = np.atleast_2d(np.asarray(A, dtype=np.float64)), np.atleast_2d(np.asarray(B, dtype=np.float64))
    n, m = B.shape
    block = np.zeros((n + m, n + m))
    block[:n, :n], block[:n, n:] = A, B
    result = expm(h * block)
    return HeldStep(result[:n, :n], result[:n, n:])
