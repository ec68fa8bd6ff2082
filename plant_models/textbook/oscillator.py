"""Two-mass oscillator, cut in two: the test model of the stability of co-simulation.

    m1 x1'' = -c1 x1 - d1 x1' + F,   m2 x2'' = -c2 x2 - d2 x2' - F,   F = ck (x2 - x1) + dk (x2' - x1').

Each mass stands on a spring and a damper of its own; F couples them. Force/displacement: `mass_under_force` gives x1,
x1' and takes the F that `mass_on_spring` gives. Displacement/displacement: two of `mass_on_spring`, each with the
coupling spring inside, exchange x and x'. The system is linear, so that `textbook.exact` has its solution.
"""

from plant_models.model import Model, Symbol


def mass_under_force() -> Model:
    """m x'' = -c x - d x' + F with F an input; outputs x and v = x', no feedthrough."""
    model = Model("mass_under_force", "Mass on a spring and a damper, pulled by a force")
    F = model.input("F", 0.0, "N", "force that pulls the mass in the direction of x")
    _declare_mass(model)
    _move(model, F)
    return model


def mass_on_spring() -> Model:
    """m x'' = -c x - d x' - F with F = ck (x - x_other) + dk (v - v_other) the force on the other mass, an output.

    x and v have no feedthrough, F has from both inputs.
    """
    model = Model("mass_on_spring", "Mass on a spring and a damper, coupled to another by a spring and a damper")
    x_other = model.input("x_other", 0.0, "m", "displacement of the other mass")
    v_other = model.input("v_other", 0.0, "m/s", "velocity of the other mass")
    _declare_mass(model)
    ck = model.parameter("ck", 4.0, "N/m", "stiffness of the coupling spring")
    dk = model.parameter("dk", 0.2, "N.s/m", "damping of the coupling damper")
    F = ck * (model.symbols["x"] - x_other) + dk * (model.symbols["v"] - v_other)
    _move(model, -F)
    model.output("F", F, "N", "force of the coupling on the other mass")
    return model


def _declare_mass(model: Model) -> None:
    """Add the motion of a mass, and its spring and damper to the ground."""
    model.state("x", 0.0, "m", "displacement", visible=True)
    model.state("v", 0.0, "m/s", "velocity", visible=True)
    model.parameter("m", 1.0, "kg", "mass")
    model.parameter("c", 1.0, "N/m", "stiffness of the spring to the ground")
    model.parameter("d", 0.1, "N.s/m", "damping of the damper to the ground")


def _move(model: Model, F: Symbol) -> None:
    """State the equation of motion under the force F (N)."""
    s = model.symbols
    model.derivative("x", s["v"])
    model.derivative("v", (F - s["c"] * s["x"] - s["d"] * s["v"]) / s["m"])
