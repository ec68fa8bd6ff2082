"""Settler: layers through which sludge sinks while water rises above the feed and falls below it.

I. Takacs, G. G. Patry, D. Nolasco, A dynamic model of the clarification-thickening process, Water Research 25 (1991)
1263-1271; sizes and parameters: J. Alex et al., Benchmark Simulation Model no. 1 (BSM1), 2008, section 2.3.3.
"""

from typing import NamedTuple

import casadi as ca

from plant_models.model import Model, Symbol
from plant_models.wastewater.constants import COMPONENTS, CONCENTRATIONS, DAY, PARTICULATES, SOLUBLES
from plant_models.wastewater.streams import Stream, by_name, inflow, outflow, suspended_solids

LAYERS = 10
FEED_LAYER = 4
"""Index of the layer that is fed, counted from the top, which is 0."""
_TSS_START = (10.0, 20.0, 30.0, 70.0, 350.0, 350.0, 350.0, 350.0, 350.0, 6000.0)
_PARAMETERS = (
    ("area", 1500.0, "m2", "cross-section"),
    ("height", 4.0, "m", "height of all layers"),
    ("v_max", 250.0, "m/d", "largest settling velocity"),
    ("v0", 474.0, "m/d", "largest settling velocity of Vesilind"),
    ("r_h", 5.76e-4, "m3/g", "hindered settling"),
    ("r_p", 2.86e-3, "m3/g", "settling at low concentration"),
    ("f_ns", 2.28e-3, "1", "part of the solids fed that does not settle"),
    ("X_t", 3000.0, "g/m3", "solids below which a clarified layer does not hinder the one above it"),
)


class _Flow(NamedTuple):
    """Bulk movement of the water: velocities (m/d) of the feed, upwards above it and downwards below it."""

    feed: Symbol
    up: Symbol
    down: Symbol


def settler() -> Model:
    """Ten layers, each with suspended solids and seven solubles; layer 1 is the top, layer 5 is fed.

    The solids of each layer are made up as those of the feed are: the particulate components of what leaves follow the
    feed at once, all else has passed through the layers.
    """
    model = Model("settler", "Secondary settler of ten layers: Takacs et al. 1991 (Alex et al. 2008)")
    fed = inflow(model, "in", 36892.0)
    returned = model.input("return_Q_set", 18446.0, "m3/d", "return sludge: flow that the pump is set to", nominal=1e4)
    waste = model.input("waste_Q_set", 385.0, "m3/d", "waste sludge: flow that the pump is set to", nominal=100.0)
    p = {name: model.parameter(name, start, unit, text) for name, start, unit, text in _PARAMETERS}
    effluent = fed.Q - returned - waste
    flow = _Flow(fed.Q / p["area"], effluent / p["area"], (returned + waste) / p["area"])
    entering = by_name(fed)
    solubles = {name: _soluble(model, name, entering[name], flow, p) for name in SOLUBLES}
    solids = suspended_solids(entering)
    TSS = model.state("TSS", _TSS_START, "g/m3", "suspended solids by layer", size=LAYERS, nominal=100.0)
    sunk = sinking(TSS, solids, p)
    model.derivative("TSS", (_carried(TSS, solids, flow) - ca.diff(sunk)) * LAYERS / p["height"] / DAY)
    for name, layer, leaving in (("effluent", 0, effluent), ("return", -1, returned), ("waste", -1, waste)):
        values = {soluble: symbol[layer] for soluble, symbol in solubles.items()}
        values |= {each: entering[each] * TSS[layer] / solids for each in PARTICULATES}
        concentrations = ca.vertcat(*(values[each] for each in CONCENTRATIONS))
        outflow(model, name, Stream(concentrations, values["SALK"], leaving))
        model.output(f"{name}_TSS", TSS[layer], "g/m3", f"{name}: suspended solids", nominal=10.0)
    return model


def _soluble(model: Model, name: str, fed: Symbol, flow: _Flow, p: dict[str, Symbol]) -> Symbol:
    """Declare a soluble component by layer, which moves with the water alone."""
    part = next(component for component in COMPONENTS if component.name == name)
    layers = model.state(name, part.start, part.unit, f"{part.description}, by layer", size=LAYERS, nominal=part.start)
    model.derivative(name, _carried(layers, fed, flow) * LAYERS / p["height"] / DAY)
    return layers


def _carried(layers: Symbol, fed: Symbol, flow: _Flow) -> Symbol:
    """What the water brings into each layer less what it takes from it, per area: upwind, g/(m2.d)."""
    return flow.up * (_UPWARDS @ layers) + flow.down * (_DOWNWARDS @ layers) + flow.feed * fed * _FED


def _shift(receiving: range, towards: int) -> ca.DM:
    """Matrix that gives `receiving` layers what a neighbour holds, and takes from them and the feed layer its own."""
    matrix = ca.DM(LAYERS, LAYERS)
    matrix[FEED_LAYER, FEED_LAYER] = -1
    for layer in receiving:
        matrix[layer, layer], matrix[layer, layer + towards] = -1, 1
    return matrix


_UPWARDS = _shift(range(FEED_LAYER), 1)
_DOWNWARDS = _shift(range(FEED_LAYER + 1, LAYERS), -1)
_FED = ca.DM([float(layer == FEED_LAYER) for layer in range(LAYERS)])


def settling_velocity(TSS: Symbol, solids_fed: Symbol, p: dict[str, Symbol]) -> Symbol:
    """Double exponential velocity, m/d, of solids in g/m3: nothing sinks of the part that does not settle."""
    above = TSS - p["f_ns"] * solids_fed
    return ca.fmax(0, ca.fmin(p["v_max"], p["v0"] * (ca.exp(-p["r_h"] * above) - ca.exp(-p["r_p"] * above))))


def sinking(TSS: Symbol, solids_fed: Symbol, p: dict[str, Symbol]) -> Symbol:
    """Flux of solids that sink, g/(m2.d), through the faces of the layers from the top to the bottom (11,).

    A layer takes no more than it passes on itself, except above the feed while it holds less than `X_t`. Nothing sinks
    through the top and through the bottom, where the water carries it.
    """
    flux = settling_velocity(TSS, solids_fed, p) * TSS
    limited = ca.fmin(flux[:-1], flux[1:])
    clear = TSS[1 : FEED_LAYER + 1] <= p["X_t"]
    above = ca.if_else(clear, flux[:FEED_LAYER], limited[:FEED_LAYER])
    return ca.vertcat(0, above, limited[FEED_LAYER:], 0)
