"""Small models whose answers are known, to build FMUs from."""

import casadi as ca

from plant_models.model import Model, Type


def decay() -> Model:
    """x' = -k (x - u): x(t) = u + (x0 - u) exp(-k t), stiff for a large k."""
    model = Model("decay", "First-order decay towards an input")
    k = model.parameter("k", 1e4, "1/s", "Rate", tunable=True)
    u = model.input("u", 1.0, "g/L", "Level that x decays to", minimum=0.0, maximum=10.0)
    x = model.state("x", 3.0, "g/L", "Concentration", visible=True, nominal=2.0)
    model.derivative("x", -k * (x - u))
    model.output("twice", 2.0 * x, "g/L", "Twice the state")
    model.output("through", x + u, "g/L", "State plus input: direct feedthrough")
    model.output("gap", k * (x - u) ** 2, "g2/(L2.s)", "Depends on everything")
    return model


def oscillator() -> Model:
    """q'' = -w^2 q: a harmonic oscillation."""
    model = Model("oscillator", "Harmonic oscillator")
    w = model.parameter("w", 2.0, "rad/s", "Angular frequency")
    q = model.state("q", 1.0, "m", "Position", visible=True)
    v = model.state("v", 0.0, "m/s", "Velocity", visible=True)
    model.derivative("q", v)
    model.derivative("v", -(w**2) * q)
    return model


def robertson() -> Model:
    """Robertson's autocatalytic reaction (Hairer, Wanner, Solving ODEs II, eq. IV.1.4)."""
    model = Model("robertson", "Stiff autocatalytic reaction")
    y1 = model.state("y1", 1.0, "1", "Species A", visible=True)
    y2 = model.state("y2", 0.0, "1", "Species B", visible=True, nominal=1e-4)
    y3 = model.state("y3", 0.0, "1", "Species C", visible=True)
    slow, fast, back = 0.04 * y1, 3e7 * y2**2, 1e4 * y2 * y3
    model.derivative("y1", -slow + back)
    model.derivative("y2", slow - back - fast)
    model.derivative("y3", fast)
    model.output("total", y1 + y2 + y3, "1", "Constant by conservation")
    return model


def chain(n: int = 400) -> Model:
    """Diffusion along n cells with closed ends and a source in the first: sparse, stiff, conserves what is fed."""
    model = Model(f"chain_{n}", "Diffusion chain")
    d = model.parameter("D", 50.0, "1/s", "Exchange rate between neighbours")
    feed = model.input("feed", 0.0, "g/(L.s)", "Source in the first cell")
    c = model.state("c", [1.0] + [0.0] * (n - 1), "g/L", "Concentrations", size=n, visible=True)
    flux = d * (c[:-1] - c[1:])
    model.derivative("c", ca.vertcat(feed, ca.MX.zeros(n - 1)) + ca.vertcat(0, flux) - ca.vertcat(flux, 0))
    model.output("total", ca.sum1(c), "g/L", "Sum over the cells")
    return model


def sampled() -> Model:
    """A sampled PI controller with a counter, a Boolean alarm and an enumeration of phases."""
    model = Model("sampled", "Sampled controller", sample_time=0.1)
    gain = model.parameter("gain", 2.0, "1", "Proportional gain", tunable=True)
    setpoint = model.input("setpoint", 1.0, "g/L", "Set point")
    y = model.input("y", 0.0, "g/L", "Measured value")
    enable = model.input("enable", 1, "1", "Run", type=Type.BOOLEAN)
    mode = model.input("mode", 2, "1", "Wanted phase", type=Type.ENUMERATION, items=("idle", "batch", "feed"))
    limit = model.parameter("limit", 5, "1", "Alarm count", type=Type.INTEGER)
    count = model.discrete_state("count", 0, "1", "Scans so far", type=Type.INTEGER, visible=True)
    integral = model.discrete_state("integral", 0.0, "g.s/L", "Integral of the error")
    u = model.discrete_state("u", 0.0, "g/L", "Manipulated value", visible=True)
    model.discrete_state("alarm", 0, "1", "Too many scans", type=Type.BOOLEAN, visible=True)
    model.discrete_state("phase", 1, "1", "Phase", type=Type.ENUMERATION, items=("idle", "batch", "feed"), visible=True)
    model.update("count", count + 1)
    model.update("integral", integral + 0.1 * (setpoint - y) * enable)
    model.update("u", enable * (gain * (setpoint - y) + integral))
    model.update("alarm", count + 1 > limit)
    model.update("phase", ca.if_else(enable, mode, 1))
    model.output("held", 2.0 * u, "g/L", "Twice the manipulated value, changes at scans only")
    model.output("odd", ca.fmod(count, 2), "1", "Odd number of scans", type=Type.BOOLEAN)
    return model


def mixed() -> Model:
    """A continuous tank under its own sampled integrator: x' = u - x, at scans u <- u + 0.2 (r - x)."""
    model = Model("mixed", "Continuous tank with a sampled integrator", sample_time=0.25)
    r = model.input("r", 1.0, "degC", "Set point")
    x = model.state("x", 0.0, "degC", "Temperature", visible=True)
    u = model.discrete_state("u", 0.0, "degC", "Held value", visible=True)
    model.derivative("x", u - x)
    model.update("u", u + 0.2 * (r - x))
    model.output("error", r - x, "K", "Deviation")
    return model


def vector() -> Model:
    """Vectors of every causality: S' = W (u - S), y = u + S, with W a vector of rates."""
    model = Model("vector", "Vectors of every causality")
    rates = model.parameter("W", [1.0, 2.0, 3.0], "1/h", "Rates", size=3)
    u = model.input("u", [1.0, 0.5, 0.25], "mmol/L", "Inputs", size=3)
    s = model.state("S", [0.0, 1.0, 2.0], "mmol/L", "States", size=3, visible=True)
    model.derivative("S", rates / 3600 * (u - s))
    model.output("y", u + s, "mmol/L", "Sums")
    model.output("mean", ca.sum1(s) / 3, "mmol/L", "Mean")
    return model


def broken() -> Model:
    """x' = -sqrt(x) - 1: the state reaches zero in finite time, then the square root is not a number."""
    model = Model("broken", "Leaves its domain in finite time")
    x = model.state("x", 1.0, "m", "Level", visible=True)
    model.derivative("x", -ca.sqrt(x) - 1)
    return model


ALL = {
    "decay": decay,
    "oscillator": oscillator,
    "robertson": robertson,
    "chain": chain,
    "sampled": sampled,
    "mixed": mixed,
    "vector": vector,
    "broken": broken,
}
