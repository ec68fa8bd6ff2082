"""Sensors and controllers of the benchmark plant: lags in series, and PI with anti-windup by tracking."""

from dataclasses import dataclass

import casadi as ca

from plant_models.model import Model
from plant_models.wastewater.constants import DAY


@dataclass(frozen=True)
class Tuning:
    """Gain, integral and tracking time (d), offset and range of a PI controller, its set point, all in their units."""

    gain: float
    integral_time: float
    tracking_time: float
    offset: float
    high: float
    set_point: float
    low: float = 0.0


OXYGEN = Tuning(25.0, 0.002, 0.001, 144.0, 360.0, 2.0)
"""Oxygen of tank 5 by its kLa (1/d)."""
NITRATE = Tuning(10000.0, 0.025, 0.015, 18500.0, 92230.0, 1.0)
"""Nitrate of tank 2 by the internal recycle (m3/d)."""


def pi_controller(name: str, unit: str, tuning: Tuning) -> Model:
    """v = offset + K e + I with e = set point - y; u = v within low..high; dI/dt = K/Ti e + (u - v)/Tt.

    While u is at a limit the integral is led to where v would just reach it (K. J. Astrom, T. Hagglund, PID
    Controllers, 1995, section 3.5). The measurement passes through at once, by the gain.
    """
    model = Model(name, f"PI controller with anti-windup by tracking: {name.replace('_', ' ')}")
    y = model.input("y", tuning.set_point, "g/m3", "measurement")
    set_point = model.parameter("set_point", tuning.set_point, "g/m3", "set point", tunable=True)
    per = f"({unit})/(g/m3)"
    K = model.parameter("K", tuning.gain, per, "gain", tunable=True, nominal=tuning.gain)
    Ti = model.parameter("Ti", tuning.integral_time, "d", "integral time", tunable=True, nominal=0.01)
    Tt = model.parameter("Tt", tuning.tracking_time, "d", "tracking time", tunable=True, nominal=0.01)
    offset = model.parameter("offset", tuning.offset, unit, "output without an error", nominal=tuning.offset)
    low = model.parameter("low", tuning.low, unit, "smallest output", nominal=tuning.high)
    high = model.parameter("high", tuning.high, unit, "largest output", nominal=tuning.high)
    integral = model.state("integral", 0.0, unit, "integral part", nominal=tuning.offset)
    error = set_point - y
    wanted = offset + K * error + integral
    u = ca.fmin(ca.fmax(wanted, low), high)
    model.output("u", u, unit, "output", nominal=tuning.offset)
    model.derivative("integral", (K / Ti * error + (u - wanted) / Tt) / DAY)
    return model


def sensor(name: str, lags: int, response_time: float, lags_per_response: float, high: float) -> Model:
    """Equal lags in series, the last one cut to what the sensor can show, 0..high (g/m3).

    `response_time` (s) is the time to 90 % of a step, `lags_per_response` the number of time constants in it. Sensor
    classes of the benchmark: A has 2 lags, B0 has 8 (Alex et al. 2008, section 7); noise is left out.
    """
    model = Model(name, f"{name.replace('_', ' ')}: {lags} equal lags in series")
    u = model.input("u", 1.0, "g/m3", "true value")
    T90 = model.parameter("T90", response_time, "s", "time to 90 % of a step", nominal=response_time)
    top = model.parameter("high", high, "g/m3", "largest value that it can show", nominal=high)
    chain = model.state("x", 1.0, "g/m3", "values behind the lags", size=lags)
    model.derivative("x", (ca.vertcat(u, chain[:-1]) - chain) * lags_per_response / T90)
    model.output("y", ca.fmin(ca.fmax(chain[-1], 0), top), "g/m3", "measurement")
    return model
