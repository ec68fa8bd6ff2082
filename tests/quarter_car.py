"""Quarter car in two doubles, chassis and wheel, and its exact solution.

Parameters of the example of libcosim, Vico and Ecos: masses of 400 and 40 kg, 15 kN/m with 1 kN.s/m between them, and a
tyre of 150 kN/m. The car stands on a road that rises by 0.1 m at t = 0.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from tests.models import Affine

Floats = NDArray[np.float64]

CHASSIS, WHEEL = 400.0, 40.0
"""Masses (kg)."""
SPRING, DAMPER, TYRE = 15e3, 1e3, 150e3
"""Stiffness of the suspension (N/m), its damping (N.s/m), stiffness of the tyre (N/m)."""
STEP = 0.1
"""Height of the road (m)."""

WIRES = ["chassis.y1 -> wheel.u1", "wheel.y1 -> chassis.u1"]
"""The velocity of the chassis, and the force of the suspension on it."""


def chassis() -> Affine:
    """States (v, x), input the force of the suspension, output the velocity v."""
    A, B = np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[1.0 / CHASSIS], [0.0]])
    return Affine("chassis", A, B, np.array([[1.0, 0.0]]), np.zeros((1, 1)), np.zeros(1), np.zeros(2))


def wheel() -> Affine:
    """States (v, x, s, 1), s' = v - u with u the velocity of the chassis; the output is the force k s + d (v - u).

    m v' = -k s - d (v - u) - kt (x - z). The force depends on u directly.
    """
    A = np.array(
        [
            [-DAMPER / WHEEL, -TYRE / WHEEL, -SPRING / WHEEL, TYRE * STEP / WHEEL],
            [1.0, 0.0, 0.0, 0.0],
            [1.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0],
        ]
    )
    B, C = np.array([[DAMPER / WHEEL], [0.0], [-1.0], [0.0]]), np.array([[DAMPER, 0.0, SPRING, 0.0]])
    return Affine("wheel", A, B, C, np.array([[-DAMPER]]), np.zeros(1), np.array([0.0, 0.0, 0.0, 1.0]))


def exact(times: Any) -> Floats:
    """Velocity and displacement of the chassis, then of the wheel, at the times (s): (times, 4)."""
    c, w = CHASSIS, WHEEL
    A = np.array(
        [
            [-DAMPER / c, -SPRING / c, DAMPER / c, SPRING / c, 0.0],
            [1.0, 0.0, 0.0, 0.0, 0.0],
            [DAMPER / w, SPRING / w, -DAMPER / w, -(SPRING + TYRE) / w, TYRE * STEP / w],
            [0.0, 0.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 0.0],
        ]
    )
    start = np.array([0.0, 0.0, 0.0, 0.0, 1.0])
    return np.array([(expm(A * t) @ start)[:4] for t in np.ravel(times)])
