"""PID controller of one loop, in velocity form: one move of its output per scan."""

from dataclasses import dataclass

import casadi as ca

from plant_models.model import Model, Symbol


@dataclass(frozen=True)
class Tuning:
    """Gain (output per unit of measurement), times (s), rate limit (1/s) and range of one loop's output.

    `start` is the output and `measurement` the filtered measurement at the start.
    """

    gain: float
    integral_time: float
    rate: float
    start: float
    measurement: float
    derivative_time: float = 0.0
    filter_time: float = 2.0
    low: float = 0.0
    high: float = 1.0


def pid(model: Model, name: str, unit: str, tuning: Tuning) -> None:
    """Add the parameters and the memory of a loop to a model: output `<name>_output`, two filtered measurements."""
    for suffix, start, parameter_unit, description in (
        ("gain", tuning.gain, f"1/{unit}" if unit == "%" else "1/K", "gain"),
        ("integral_time", tuning.integral_time, "s", "integral time"),
        ("derivative_time", tuning.derivative_time, "s", "derivative time"),
        ("filter_time", tuning.filter_time, "s", "time constant of the measurement filter"),
        ("rate", tuning.rate, "1/s", "largest change of the output per second"),
        ("low", tuning.low, "1", "smallest output"),
        ("high", tuning.high, "1", "largest output"),
    ):
        model.parameter(f"{name}_{suffix}", start, parameter_unit, f"{name} loop: {description}", tunable=True)
    model.discrete_state(f"{name}_output", tuning.start, "1", f"{name} loop: output", visible=True)
    model.discrete_state(f"{name}_y1", tuning.measurement, unit, f"{name} loop: measurement, filtered")
    model.discrete_state(f"{name}_y2", tuning.measurement, unit, f"{name} loop: measurement, filtered, a scan ago")


def scan_pid(model: Model, name: str, h: float, measurement: Symbol, set_point: Symbol, active: Symbol) -> Symbol:
    """State one scan of a loop, h seconds after the last; returns the new output.

    du = -K [(y - y1) + h/Ti (y - set) + Td/h (y - 2 y1 + y2)], limited in rate, then added within the range. Nothing
    winds up, since what is cut off is not remembered: the output leaves a limit at once when du changes its sign. A new
    set-point acts through the integral alone. While the loop is not active the output falls to its lower end.
    """
    memory = {key: model.symbols[f"{name}_{key}"] for key in ("output", "y1", "y2")}
    p = {key: model.symbols[f"{name}_{key}"] for key in ("gain", "rate", "low", "high")}
    times = {key: model.symbols[f"{name}_{key}_time"] for key in ("integral", "derivative", "filter")}
    y = memory["y1"] + h / (h + times["filter"]) * (measurement - memory["y1"])
    slope, bend = y - memory["y1"], y - 2 * memory["y1"] + memory["y2"]
    move = -p["gain"] * (slope + h / times["integral"] * (y - set_point) + times["derivative"] / h * bend)
    largest = p["rate"] * h
    limited = ca.if_else(active, ca.fmin(ca.fmax(move, -largest), largest), -largest)
    output = ca.fmin(ca.fmax(memory["output"] + limited, p["low"]), p["high"])
    model.update(f"{name}_output", output)
    model.update(f"{name}_y1", y)
    model.update(f"{name}_y2", memory["y1"])
    return output
