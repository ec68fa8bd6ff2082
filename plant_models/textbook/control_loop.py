"""Control loop that jumps: a command, a relay with a dead band and an integrator, x4' = relay(command - x4).

The FMUs declare no event: their outputs jump within a step, and a master has to notice by itself. Three components
(command, relay with both its inputs, integrator), or four with `difference` before the relay.
"""

import casadi as ca

from plant_models.model import Model

STEPS = ((1.0, 2.5), (3.0, -2.5), (5.0, 2.5))
"""When (s) the command changes, and to what; it is 0 before."""
RATE = 6.0
BAND = 1e-5
"""Rate at which the relay drives the integrator, and the error up to which it leaves it alone."""


def command() -> Model:
    """0, then 2.5 from 1 s, -2.5 from 3 s and 2.5 from 5 s on; the time is a state, counted from the start."""
    model = Model("command", "Set point that changes in steps")
    clock = model.state("clock", 0.0, "s", "time since the start")
    model.derivative("clock", ca.MX(1.0))
    value = ca.MX(0.0)
    for k, (at, to) in enumerate(STEPS, start=1):
        when = model.parameter(f"t{k}", at, "s", f"time of change {k}")
        what = model.parameter(f"y{k}", to, "1", f"value from change {k} on")
        value = ca.if_else(clock >= when, what, value)
    model.output("y", value, "1", "set point")
    return model


def difference() -> Model:
    """y = u1 - u2."""
    model = Model("difference", "Difference of two signals")
    u1 = model.input("u1", 0.0, "1", "what is diminished")
    u2 = model.input("u2", 0.0, "1", "what is taken off")
    model.output("y", u1 - u2, "1", "difference")
    return model


def relay() -> Model:
    """v = rate where wanted - found > band, -rate where it is < -band, 0 between; feedthrough without memory."""
    model = Model("relay", "Relay with a dead band")
    wanted = model.input("wanted", 0.0, "1", "set point, or the error with 0 as what is found")
    found = model.input("found", 0.0, "1", "measured value")
    rate = model.parameter("rate", RATE, "1", "magnitude of the output")
    band = model.parameter("band", BAND, "1", "error up to which the output is 0", nominal=BAND)
    error = wanted - found
    model.output("v", rate * ((error > band) - (error < -band)), "1", "drive")
    return model
