"""Catalogue: every plant model that is built into an FMU, by the stem of its file."""

from collections.abc import Callable, Mapping
from functools import partial

from plant_models.fluid_dynamics import PRODUCTION, fluid_dynamics
from plant_models.heat_transfer import PRODUCTION_JACKET, heat_transfer
from plant_models.metabolism import metabolism
from plant_models.model import Model
from plant_models.plants.bsm1 import BSM1
from plant_models.plants.composition import Link
from plant_models.plc import PRODUCTION_RECIPE, plc

CATALOGUE: Mapping[str, Callable[[], Model]] = {
    "metabolism": metabolism,
    "fluid_dynamics": fluid_dynamics,
    "heat_transfer": heat_transfer,
    "plc": plc,
    "metabolism_200": partial(metabolism, 200),
    "fluid_dynamics_20x10": partial(fluid_dynamics, 20, 10, PRODUCTION),
    "metabolism_400": partial(metabolism, 400),
    "fluid_dynamics_40x10": partial(fluid_dynamics, 40, 10, PRODUCTION),
    "heat_transfer_12m3": partial(heat_transfer, jacket=PRODUCTION_JACKET),
    "plc_12m3": partial(plc, PRODUCTION_RECIPE),
    **BSM1,
}
"""One zone at bench scale; a 12 m3 tank in 200 (or 400) zones with its jacket and controller; a wastewater plant."""

KELVIN = 273.15

ECOLI_CONNECTIONS: tuple[Link, ...] = (
    Link("plc.stirrer_speed", "reactor.stirrer_speed", factor=1 / 60),
    Link("plc.air_flow", "reactor.air_flow"),
    Link("plc.feed", "reactor.feed"),
    Link("plc.feed", "heat.feed"),
    Link("plc.valve", "heat.valve"),
    Link("reactor.X", "metabolism.X"),
    Link("reactor.S", "metabolism.S"),
    Link("reactor.A", "metabolism.A"),
    Link("reactor.DOT", "metabolism.DOT"),
    Link("reactor.V", "metabolism.V", factor=1e-3),
    Link("heat.T", "metabolism.T", offset=KELVIN),
    Link("metabolism.mu", "reactor.mu"),
    Link("metabolism.qS", "reactor.qS"),
    Link("metabolism.qA", "reactor.qA"),
    Link("metabolism.qO", "reactor.qO"),
    Link("metabolism.CER", "reactor.CER"),
    Link("metabolism.heat", "heat.metabolic_heat"),
    Link("reactor.power", "heat.stirrer_power"),
    Link("reactor.V", "heat.V"),
    Link("reactor.DOT_probe", "plc.DOT_probe"),
    Link("heat.T", "plc.T"),
    Link("reactor.V", "plc.V"),
)
"""How the components metabolism, reactor, heat and plc of the E. coli plant are connected, units converted."""
