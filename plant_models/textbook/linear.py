"""Linear parts: an integrator, a gain, and states behind matrices. Systems made of them have closed solutions."""

import casadi as ca

from plant_models.model import Model, Symbol


def integrator() -> Model:
    """x' = gain u: two of them, gain 1 and -1, are x' = v | v' = -x; no feedthrough."""
    model = Model("integrator", "Integrator")
    u = model.input("u", 0.0, "1", "rate")
    gain = model.parameter("gain", 1.0, "1/s", "gain")
    model.state("x", 0.0, "1", "integral", visible=True)
    model.derivative("x", gain * u)
    return model


def gain() -> Model:
    """y = a u + b: feedthrough and nothing else; y = a u + b with u = y has the solution b / (1 - a)."""
    model = Model("gain", "Gain with an offset")
    u = model.input("u", 0.0, "1", "what is amplified")
    a = model.parameter("a", -2.0, "1", "gain", tunable=True)
    b = model.parameter("b", 1.0, "1", "offset", tunable=True)
    model.output("y", a * u + b, "1", "amplified")
    return model


def affine(n: int = 2) -> Model:
    """x' = A x + B u, y = C x + D u + e: n states, inputs and outputs each, matrices by rows as parameters of n * n.

    Every output counts as dependent on every input, since a parameter may make it so.
    """
    model = Model("affine" if n == 2 else f"affine_{n}", f"{n} states between {n} inputs and {n} outputs, linear")
    u = model.input("u", 0.0, "1", "inputs", size=n)
    x = model.state("x", 1.0, "1", "states", size=n, visible=True)
    e = model.parameter("e", 0.0, "1", "offset of the outputs", size=n)
    A = _matrix(model, "A", -1.0, "1/s", n)
    B = _matrix(model, "B", 1.0, "1/s", n)
    C = _matrix(model, "C", 1.0, "1", n)
    D = _matrix(model, "D", 0.0, "1", n)
    model.derivative("x", A @ x + B @ u)
    model.output("y", C @ x + D @ u + e, "1", "outputs", size=n)
    return model


def _matrix(model: Model, name: str, diagonal: float, unit: str, n: int) -> Symbol:
    """A parameter that holds the rows of an n x n matrix one behind the other; starts as a multiple of the identity."""
    start = [diagonal if row == column else 0.0 for row in range(n) for column in range(n)]
    rows = model.parameter(name, start, unit, f"matrix {name}, its rows one behind the other", size=n * n)
    return ca.reshape(rows, n, n).T
