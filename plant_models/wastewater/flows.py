"""Mixer and splitter: where streams meet and part, without any volume."""

from collections.abc import Mapping

from plant_models.model import Model
from plant_models.wastewater.streams import Stream, inflow, outflow


def mixer(inflows: Mapping[str, float]) -> Model:
    """Streams (name -> usual flow, m3/d) become one: c = sum(Q_i c_i) / sum(Q_i), at least one of them flowing."""
    model = Model("mixer", f"Mixer of {', '.join(inflows)}")
    streams = [inflow(model, name, flow) for name, flow in inflows.items()]
    total = sum(stream.Q for stream in streams)
    mixed = sum(stream.Q * stream.all for stream in streams) / total
    outflow(model, "out", Stream(mixed[:-1], mixed[-1], total))
    return model


def splitter(drawn: str, flow: float) -> Model:
    """A pump draws the flow `NAME_Q_set` (m3/d, usually `flow`) from a stream; the rest goes on."""
    model = Model("splitter", f"Splitter: a pump draws {drawn}, the rest goes on")
    entering = inflow(model, "in", flow)
    pumped = model.input(f"{drawn}_Q_set", flow, "m3/d", f"{drawn}: flow that the pump is set to", nominal=1e4)
    outflow(model, drawn, Stream(entering.C, entering.SALK, pumped))
    outflow(model, "out", Stream(entering.C, entering.SALK, entering.Q - pumped))
    return model
