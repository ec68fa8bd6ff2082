"""Heat transfer: broth, wall conduction, jacket cells in series and a split-range valve."""

from typing import NamedTuple

import casadi as ca

from plant_models.heat_transfer.jacket import BENCH_JACKET, Jacket
from plant_models.model import Model, Symbol

DENSITY = 1000.0
"""Density of broth and water, kg/m3."""
HEAT_CAPACITY = 4180.0
"""Heat capacity of broth and water, J/(kg.K)."""
KELVIN = 273.15


class HeatFlows(NamedTuple):
    """Heat (W): broth to wall, between wall nodes (n - 1,), wall to jacket cells (m,), removed by the jacket water."""

    into_wall: Symbol
    through_wall: Symbol
    out_of_wall: Symbol
    removed: Symbol


def heat_transfer(wall_nodes: int = 10, jacket_cells: int = 5, jacket: Jacket = BENCH_JACKET) -> Model:
    """Temperature of the broth: rho V Cp dT/dt = heat of cells and stirrer + feed - wall - losses.

    The wall is a stack of `wall_nodes` (at least 2) that faces `jacket_cells` cells of water in series. Evaporation is
    not modelled. The feed's enthalpy counts from the broth temperature, as the growing volume asks for.
    """
    if wall_nodes < 2 or jacket_cells < 1:
        raise ValueError(f"{wall_nodes} wall nodes and {jacket_cells} jacket cells: at least 2 and 1 are needed")
    model = Model("heat_transfer", f"{jacket.name}: jacketed, {wall_nodes} wall nodes, {jacket_cells} jacket cells")
    _declare(model, wall_nodes, jacket_cells, jacket)
    entering = _jacket_inlet(model, jacket)
    flows = _heat_flows(model, jacket, entering)
    _temperatures(model, jacket, flows, entering)
    _broth(model, jacket, flows)
    return model


def _declare(model: Model, wall_nodes: int, jacket_cells: int, jacket: Jacket) -> None:
    large = jacket.V / 2
    model.state("T", jacket.T, "degC", "broth temperature", nominal=100.0, visible=True)
    model.state("T_wall", jacket.T_wall, "degC", "wall, from broth to jacket", size=wall_nodes, nominal=100.0)
    model.state("T_cells", jacket.T_wall, "degC", "jacket, from inlet to outlet", size=jacket_cells, nominal=100.0)
    model.state("stroke", jacket.valve, "1", "position of the valve", visible=True)
    for name, description in (
        ("E_metabolic", "heat of the metabolism"),
        ("E_stirrer", "heat of the stirrer"),
        ("E_feed", "enthalpy of the feed, from broth temperature"),
        ("E_loss", "heat lost to the surroundings"),
        ("E_wall", "heat from the broth into the wall"),
        ("E_removed", "heat carried away by the jacket water"),
        ("E_broth", "heat kept in the broth"),
    ):
        model.state(name, 0.0, "J", f"{description} since the start", nominal=4e3 * large)
    model.input("metabolic_heat", 0.0, "W", "heat of the metabolism", nominal=10.0 * large)
    model.input("stirrer_power", 0.0, "W", "power of the stirrer", nominal=large)
    model.input("V", jacket.V, "L", "broth volume", nominal=jacket.V)
    model.input("feed", 0.0, "L/h", "feed", nominal=jacket.V / 100)
    model.input("valve", jacket.valve, "1", "0: full cooling, 0.5: neither, 1: full heating", minimum=0.0, maximum=1.0)
    model.input("T_coolant_in", jacket.T_coolant_in, "K", "cold water", nominal=300.0)


def _jacket_inlet(model: Model, jacket: Jacket) -> Symbol:
    """Water that enters the jacket (degC): its own return, mixed with cold or hot water by the split range.

    Below a stroke of 0.5 the share of cold water is 1 - 2 stroke, above it that of hot water 2 stroke - 1. The kink
    between the two is rounded: half a percent of each flows at 0.5.
    """
    T_hot = model.parameter("T_hot", jacket.T_hot, "degC", "hot water", nominal=100.0)
    stroke_time = model.parameter("tau_valve", 3.0, "s", "time constant of the valve")
    s = model.symbols
    model.derivative("stroke", (s["valve"] - s["stroke"]) / stroke_time)
    signal = 2 * s["stroke"] - 1
    rounded = ca.sqrt(signal**2 + 1e-4)
    cold, hot = (rounded - signal) / 2, (rounded + signal) / 2
    back = s["T_cells"][-1]
    return back + cold * (s["T_coolant_in"] - KELVIN - back) + hot * (T_hot - back)


def _heat_flows(model: Model, jacket: Jacket, entering: Symbol) -> HeatFlows:
    area = model.parameter("area", jacket.area, "m2", "area of the jacketed wall", nominal=jacket.area)
    film = model.parameter("h_broth", jacket.broth_film, "W/(m2.K)", "film coefficient on the broth", nominal=1e3)
    outer = model.parameter("h_jacket", jacket.jacket_film, "W/(m2.K)", "film coefficient in the jacket", nominal=1e3)
    conductivity = model.parameter("k_wall", 16.0, "W/(m.K)", "conductivity of the wall", nominal=10.0)
    water = model.parameter("circulation", jacket.circulation, "kg/s", "water through the jacket")
    T, wall, cells = (model.symbols[name] for name in ("T", "T_wall", "T_cells"))
    nodes, n = wall.shape[0], cells.shape[0]
    layer = jacket.wall_thickness / nodes
    half = layer / 2 / conductivity
    return HeatFlows(
        into_wall=area / (1 / film + half) * (T - wall[0]),
        through_wall=conductivity * area / layer * (wall[:-1] - wall[1:]),
        out_of_wall=area / n / (1 / outer + half) * (wall[-1] - cells),
        removed=water * HEAT_CAPACITY * (cells[-1] - entering),
    )


def _temperatures(model: Model, jacket: Jacket, flows: HeatFlows, entering: Symbol) -> None:
    """Wall nodes and jacket cells: heat in less heat out over heat capacity."""
    volumetric = model.parameter("wall_capacity", 4e6, "J/(m3.K)", "heat capacity of the wall", nominal=4e6)
    content = model.parameter("jacket_water", jacket.jacket_water, "kg", "water in the jacket")
    s = model.symbols
    wall, cells = s["T_wall"], s["T_cells"]
    nodes, n = wall.shape[0], cells.shape[0]
    heat_in: Symbol = ca.vertcat(flows.into_wall, flows.through_wall)
    into_jacket: Symbol = ca.sum1(flows.out_of_wall)
    heat_out: Symbol = ca.vertcat(flows.through_wall, into_jacket)
    model.derivative("T_wall", (heat_in - heat_out) / (volumetric * s["area"] * jacket.wall_thickness / nodes))
    upstream: Symbol = ca.vertcat(entering, cells[:-1])
    carried = s["circulation"] * HEAT_CAPACITY * (upstream - cells)
    model.derivative("T_cells", (carried + flows.out_of_wall) / (content / n * HEAT_CAPACITY))
    model.derivative("E_removed", flows.removed)
    model.derivative("E_wall", flows.into_wall)
    model.output("T_jacket", cells[-1], "degC", "water that leaves the jacket", nominal=100.0)
    model.output("cooling", flows.removed, "W", "heat that the jacket water carries away", nominal=jacket.V)


def _broth(model: Model, jacket: Jacket, flows: HeatFlows) -> None:
    loss_coefficient = model.parameter("UA_loss", jacket.loss, "W/K", "losses to the surroundings")
    T_ambient = model.parameter("T_ambient", 20.0, "degC", "surroundings", nominal=100.0)
    T_feed = model.parameter("T_feed", 20.0, "degC", "feed", nominal=100.0)
    s = model.symbols
    loss = loss_coefficient * (s["T"] - T_ambient)
    feed = s["feed"] / 3.6e6 * DENSITY * HEAT_CAPACITY * (T_feed - s["T"])
    kept = s["metabolic_heat"] + s["stirrer_power"] + feed - flows.into_wall - loss
    model.derivative("T", kept / (s["V"] / 1000 * DENSITY * HEAT_CAPACITY))
    model.derivative("E_metabolic", s["metabolic_heat"])
    model.derivative("E_stirrer", s["stirrer_power"])
    model.derivative("E_feed", feed)
    model.derivative("E_loss", loss)
    model.derivative("E_broth", kept)
