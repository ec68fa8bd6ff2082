"""Fluid dynamics: balances of the broth in zones, stirred, fed and aerated."""

import casadi as ca

from plant_models.fluid_dynamics.gas import OXYGEN, Aeration, declare_aeration, gas_balance
from plant_models.fluid_dynamics.network import Network, Triplets, build_network
from plant_models.fluid_dynamics.vessel import BENCH, Vessel
from plant_models.model import Model, Symbol


def fluid_dynamics(
    stages: int = 1,
    rings: int = 1,
    vessel: Vessel = BENCH,
    feed_zone: int | None = None,
    probe_zone: int | None = None,
) -> Model:
    """A stirred, fed and aerated tank in stages x rings zones of equal volume; scalars where there is one zone.

    The specific rates of the cells come in as inputs. With kLa_fixed > 0 and gas_depletion = 0 one zone is the reactor
    of Anane et al. 2017. The feed carries the DO of the zone that it enters, so oxygen sees no dilution there.
    """
    network = build_network(stages, rings, vessel, feed_zone, probe_zone)
    model = Model("fluid_dynamics", f"{vessel.name}: {stages} x {rings} zones")
    _declare_states(model, vessel, network)
    _declare_inputs(model, vessel, network)
    _declare_integrals(model, vessel)
    aeration = declare_aeration(model, vessel, network)
    _broth_balances(model, network, vessel.feed_concentration)
    transfer = _oxygen_balance(model, network, aeration)
    gas_balance(model, vessel, aeration.molar_flow, transfer / OXYGEN)
    s = model.symbols
    for name, unit in (("X", "g/L"), ("S", "g/L"), ("A", "g/L"), ("DOT", "%")):
        total: Symbol = ca.sum1(s[name])
        model.output(f"{name}_mean", total / network.n, unit, f"mean of {name} over the zones")
    return model


def _declare_states(model: Model, vessel: Vessel, network: Network) -> None:
    charge, size = vessel.charge, None if network.n == 1 else network.n
    model.state("V", charge.V, "L", "broth volume", nominal=charge.V, visible=True)
    for name, start, unit, description in (
        ("X", charge.X, "g/L", "biomass"),
        ("S", charge.S, "g/L", "glucose"),
        ("A", charge.A, "g/L", "acetate"),
        ("DOT", charge.DOT, "%", "dissolved oxygen, of air saturation at 1 atm"),
    ):
        nominal = {"%": 100.0}.get(unit, max(start, 0.1))
        model.state(name, start, unit, description, size=size, nominal=nominal, visible=True)
    model.state("DOT_probe", charge.DOT, "%", "dissolved oxygen as the probe shows it", nominal=100.0, visible=True)
    model.state("y_O2", charge.y_O2, "mol/mol", "O2 in the gas of the vessel", nominal=0.1)
    model.state("y_CO2", charge.y_CO2, "mol/mol", "CO2 in the gas of the vessel", nominal=0.01)


def _declare_inputs(model: Model, vessel: Vessel, network: Network) -> None:
    size = None if network.n == 1 else network.n
    model.input("stirrer_speed", vessel.stirrer_speed, "1/s", "speed of the stirrer")
    model.input("air_flow", vessel.air_flow, "L/min", "air, in litres at 0 degC and 1 atm", nominal=vessel.air_flow)
    model.input("feed", 0.0, "L/h", "feed", nominal=vessel.charge.V / 100)
    model.input("mu", 0.0, "1/h", "specific growth rate", size=size)
    model.input("qS", 0.0, "g/(g.h)", "specific uptake of glucose", size=size)
    model.input("qA", 0.0, "g/(g.h)", "specific net production of acetate", size=size)
    model.input("qO", 0.0, "g/(g.h)", "specific uptake of oxygen", size=size)
    model.input("CER", 0.0, "mmol/(L.h)", "carbon dioxide evolution rate of the broth", nominal=10.0)


def _declare_integrals(model: Model, vessel: Vessel) -> None:
    """States that sum up what crosses the boundaries, so that every balance can be checked inside the component."""
    for name, unit, description in (
        ("V_fed", "L", "volume fed"),
        ("S_fed", "g", "glucose fed"),
        ("S_taken", "g", "glucose taken up by the cells"),
        ("A_formed", "g", "acetate formed, net"),
        ("X_formed", "g", "biomass formed"),
        ("O2_fed", "g", "dissolved oxygen that came with the feed"),
        ("O2_transferred", "g", "oxygen dissolved from the gas"),
        ("O2_consumed", "g", "oxygen taken up by the cells"),
        ("O2_gas_in", "g", "oxygen that entered with the gas"),
        ("O2_gas_out", "g", "oxygen that left with the gas"),
        ("CO2_evolved", "mol", "carbon dioxide released by the broth"),
        ("CO2_gas_in", "mol", "carbon dioxide that entered with the gas"),
        ("CO2_gas_out", "mol", "carbon dioxide that left with the gas"),
    ):
        model.state(name, 0.0, unit, f"{description} since the start", nominal=vessel.charge.V / 10)


def _broth_balances(model: Model, network: Network, feed_concentration: float) -> None:
    """dV = F, dX = X (mu - F/V), dS = F/V (Si - S) - qS X, dA = qA X - F/V A, with transport between the zones."""
    s = model.symbols
    S_feed = model.parameter("S_feed", feed_concentration, "g/L", "glucose in the feed", nominal=100.0)
    formed = {name: s["X"] * s[rate] / 3600 for name, rate in (("X", "mu"), ("S", "qS"), ("A", "qA"))}
    model.derivative("V", s["feed"] / 3600)
    model.derivative("X", formed["X"] + _transport(model, network, s["X"]))
    model.derivative("S", -formed["S"] + _transport(model, network, s["S"], S_feed))
    model.derivative("A", formed["A"] + _transport(model, network, s["A"]))
    model.derivative("V_fed", s["feed"] / 3600)
    model.derivative("S_fed", s["feed"] / 3600 * S_feed)
    for integral, name in (("X_formed", "X"), ("S_taken", "S"), ("A_formed", "A")):
        model.derivative(integral, ca.sum1(formed[name]) * s["V"] / network.n)


def _oxygen_balance(model: Model, network: Network, aeration: Aeration) -> Symbol:
    """dDOT = kLa (DOT* - DOT) - qO X H, with transport; returns the oxygen that dissolves in the whole broth, g/s."""
    s = model.symbols
    H = model.parameter("H", 14000.0, "%.L/g", "DO per concentration of dissolved oxygen", nominal=1e4)
    tau = model.parameter("tau_probe", 35.0, "s", "time constant of the DO probe", nominal=10.0)
    entering = s["DOT"][network.feed_zone]
    dissolved = aeration.kLa * (aeration.saturation - s["DOT"]) / 3600
    consumed = s["qO"] * s["X"] * H / 3600
    model.derivative("DOT", dissolved - consumed + _transport(model, network, s["DOT"], entering))
    model.derivative("DOT_probe", (s["DOT"][network.probe_zone] - s["DOT_probe"]) / tau)
    litres_per_zone = s["V"] / network.n
    transfer = ca.sum1(dissolved) / H * litres_per_zone
    model.derivative("O2_transferred", transfer)
    model.derivative("O2_consumed", ca.sum1(consumed) / H * litres_per_zone)
    model.derivative("O2_fed", s["feed"] / 3600 * entering / H)
    return transfer


def _transport(model: Model, network: Network, c: Symbol, c_feed: Symbol | None = None) -> Symbol:
    """Flows between the zones, the feed and dilution by it: the change of a concentration, per second."""
    s = model.symbols
    zone = s["V"] / network.n
    F = s["feed"] / 3600
    flows = 1000 * s["stirrer_speed"] * (_matrix(network.T_stir) @ c) + F * (_matrix(network.T_feed) @ c)
    if c_feed is not None:
        flows += F * c_feed * ca.DM.triplet([network.feed_zone], [0], ca.DM([1.0]), network.n, 1)
    return flows / zone - F / s["V"] * c


def _matrix(triplets: Triplets) -> ca.DM:
    rows, columns = triplets.rows.tolist(), triplets.columns.tolist()
    return ca.DM.triplet(rows, columns, ca.DM(triplets.values), triplets.n, triplets.n)
