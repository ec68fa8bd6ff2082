"""The control of the plant without any of our FMUs: sensors and PI controllers by their equations.

Constants are those of bsm2-python. It has controllers of its own, but they do not add up their integrals (`PID.output`
forms error/Ti dt anew in each step), so that nothing leads the error to zero; its closed loop says of itself that it is
not validated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from bsm2_python.bsm2.init import aerationcontrolinit_bsm1 as constants
from scipy.linalg import expm

PARTS = 20
"""Steps of the classic Runge-Kutta method in one macro step; the shortest time constant is a minute and a half."""


@dataclass
class Tracking:
    """u = offset + K e + I within 0..high, dI/dt = K/Ti e + (u - (offset + K e + I))/Tt; times in d."""

    gain: float
    integral_time: float
    tracking_time: float
    offset: float
    high: float
    set_point: float
    integral: float

    def output(self, measured: float, h: float) -> float:
        """What it puts out after a step in which the measurement is held."""
        error, part = self.set_point - measured, h / PARTS
        for _ in range(PARTS):
            one = self._rate(error, self.integral)
            two = self._rate(error, self.integral + part / 2 * one)
            three = self._rate(error, self.integral + part / 2 * two)
            four = self._rate(error, self.integral + part * three)
            self.integral += part / 6 * (one + 2 * two + 2 * three + four)
        return self._limited(self._wanted(error, self.integral))

    def _rate(self, error: float, integral: float) -> float:
        wanted = self._wanted(error, integral)
        return self.gain / self.integral_time * error + (self._limited(wanted) - wanted) / self.tracking_time

    def _wanted(self, error: float, integral: float) -> float:
        return self.offset + self.gain * error + integral

    def _limited(self, wanted: float) -> float:
        return min(max(wanted, 0.0), self.high)


class Lags:
    """Equal lags in series with a time constant (d), exact for an input that is held, at rest with what is `shown`."""

    def __init__(self, count: int, time_constant: float, high: float, shown: float) -> None:
        self._A = (np.eye(count, k=-1) - np.eye(count)) / time_constant
        self._state, self._high = np.full(count, shown), high
        self._over = cache(lambda h: expm(self._A * h))

    def output(self, value: float, h: float) -> float:
        """What the last one shows after a step."""
        self._state = value + self._over(h) @ (self._state - value)
        return float(min(max(self._state[-1], 0.0), self._high))


class Controlled:
    """See `independent.Control`; `integrals` are those of the oxygen and of the nitrate controller at the start."""

    def __init__(self, integrals: tuple[float, float]) -> None:
        self._oxygen = Lags(2, constants.T_SO5, constants.MAX_SO5, 2.0)
        self._nitrate = Lags(8, constants.T_SNO2, constants.MAX_SNO2, 1.0)
        self._aeration = _controller(constants.PID_KLA5_PARAMS, integrals[0])
        self._recycle = _controller(constants.PID_QINTR_PARAMS, integrals[1])

    def __call__(self, oxygen: float, nitrate: float, h: float) -> tuple[float, float]:
        return (
            self._aeration.output(self._oxygen.output(oxygen, h), h),
            self._recycle.output(self._nitrate.output(nitrate, h), h),
        )


def _controller(given: Mapping[str, Any], integral: float) -> Tracking:
    keys = ("k", "t_i", "t_t", "offset", "max_value", "setpoint")
    return Tracking(*(given[key] for key in keys), integral)
