"""What the models of the kit must answer: exact solutions, or SciPy's at a tight tolerance."""

from collections.abc import Callable, Mapping
from math import cos, exp, floor, sin, sqrt
from typing import Final, NamedTuple

import numpy as np
from scipy.integrate import solve_ivp


class Flight(NamedTuple):
    """The ball at one time."""

    h: float
    v: float
    bounces: int


def impacts(h: float = 1.0, g: float = 9.81, e: float = 0.7, v_min: float = 0.1) -> tuple[float, ...]:
    """Times (s) of the impacts until the ball lies still: a geometric series."""
    times, speed = [sqrt(2 * h / g)], e * sqrt(2 * g * h)
    while speed >= v_min:
        times.append(times[-1] + 2 * speed / g)
        speed *= e
    return tuple(times)


def ball(t: float, h: float = 1.0, g: float = 9.81, e: float = 0.7) -> Flight:
    """Height, velocity and number of bounces at t, which is no time of an impact."""
    past = [impact for impact in impacts(h, g, e) if impact < t]
    if len(past) == len(impacts(h, g, e)):
        return Flight(0.0, 0.0, len(past))
    if not past:
        return Flight(h - g * t**2 / 2, -g * t, 0)
    speed, flown = e ** len(past) * sqrt(2 * g * h), t - past[-1]
    return Flight(speed * flown - g * flown**2 / 2, speed - g * flown, len(past))


def _van_der_pol(t: float) -> dict[str, float]:
    def rate(_: float, x: np.ndarray) -> list[float]:
        return [x[1], (1 - x[0] ** 2) * x[1] - x[0]]

    final = solve_ivp(rate, (0, t), [2.0, 0.0], method="DOP853", rtol=1e-12, atol=1e-12).y[:, -1]
    return {"x0": float(final[0]), "x1": float(final[1])}


def _fed_batch(t: float, F: float = 0.1, mu: float = 0.2, V0: float = 2.0, k: float = 1e4) -> dict[str, float]:
    share = F / (mu * V0)
    slow = 1 - share + share * exp(mu * t) * k / (k + mu)
    return {"reactor.V": V0 + F / mu * (exp(mu * t) - 1), "S[1]": slow + share * mu / (k + mu) * exp(-k * t)}


ANSWERS: Final[Mapping[str, Callable[[float], Mapping[str, float]]]] = {
    "BouncingBall": lambda t: ball(t)._asdict(),
    "Dahlquist": lambda t: {"x": exp(-t)},
    "VanDerPol": _van_der_pol,
    "FedBatch": _fed_batch,
    "Stair": lambda t: {"counter": floor(t + 1e-9)},
    "Resource": lambda _: {"y": ord("a")},
    "StateSpace": lambda t: {"y[1]": cos(t), "y[2]": -sin(t)},
}
"""Model -> time (s) -> values of its variables there, with its default parameters and inputs."""

EXTREMES: Final = {
    "Float64": 0.1,
    "Float32": 0.5,
    "Int8": -128,
    "UInt8": 255,
    "Int16": -32768,
    "UInt16": 65535,
    "Int32": -(2**31),
    "UInt32": 2**32 - 1,
    "Int64": 2**53 + 1,
    "UInt64": 2**64 - 1,
    "Boolean": True,
    "String": "Öl, 5 µm",
    "Enumeration": 3,
    "Binary": b"\0kit\xff\0",
}
"""A value of each type that a wrong conversion would change."""
