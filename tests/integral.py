"""A model whose numbers are plain: what flowed in."""

from plant_models.model import Model


def integral(start: float = 0.0) -> Model:
    """dx/dt = u with a volume flow as its input, which is `start` where nothing feeds it, and y = 2 u directly."""
    model = Model("integral", "what flowed in")
    u = model.input("u", start, "m3/s", "flow")
    model.state("x", 0.0, "m3", "volume", visible=True)
    model.derivative("x", u)
    model.output("y", 2.0 * u, "m3/s", "twice the flow")
    return model
