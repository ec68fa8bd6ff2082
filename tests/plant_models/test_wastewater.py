"""Wastewater models: continuity of the processes, balances of tank, settler and mixer, control in closed form."""

from itertools import pairwise
from math import exp, factorial

import casadi as ca
import numpy as np
import pytest

from fmus.structure import structure
from plant_models.model import Role
from plant_models.plants.bsm1 import BSM1
from plant_models.plants.reference import Reference
from plant_models.wastewater import mixer, settler, splitter, tank
from plant_models.wastewater.asm1 import PARAMETERS, stoichiometry
from plant_models.wastewater.constants import CONCENTRATIONS, DAY, NAMES, SOLIDS, SOLUBLES
from plant_models.wastewater.settler import LAYERS, sinking
from tests.plant_models.evaluation import Equations, rate_of_change

P = {name: start for name, start, _, _ in PARAMETERS}
ORGANIC = ("SI", "SS", "XI", "XS", "XBH", "XBA", "XP")
COD = {**dict.fromkeys(ORGANIC, 1.0), "SO": -1.0, "SNO": -4.57}
NITROGEN = {"SNO": 1, "SNH": 1, "SND": 1, "XND": 1, "XBH": P["iXB"], "XBA": P["iXB"], "XP": P["iXP"]}
CHARGE = {"SNO": -1 / 14, "SNH": 1 / 14, "SALK": -1.0}
FEED = {"in_C": np.linspace(1.0, 200.0, 12).tolist(), "in_SALK": 5.0, "in_Q": 50000.0}


def content(amounts: dict[str, float], of: dict[str, float]) -> float:
    return sum(weight * amounts.get(name, 0.0) for name, weight in of.items())


@pytest.mark.parametrize("process", range(8))
def test_every_process_of_ASM1_keeps_oxygen_demand_nitrogen_and_charge(process: int) -> None:
    """Nitrogen gas, which only anoxic growth makes, holds -1.71 g of oxygen demand per g."""
    amounts = {name: float(value) for name, value in stoichiometry(P)[process].items()}
    gas = -amounts["SNO"] if process == 1 else 0.0
    assert content(amounts, COD) - (4.57 - 2.86) * gas == pytest.approx(0.0, abs=1e-12)
    assert content(amounts, NITROGEN) + gas == pytest.approx(0.0, abs=1e-12)
    assert content(amounts, CHARGE) == pytest.approx(0.0, abs=1e-12)


def test_what_a_tank_gains_is_what_flows_in_less_what_flows_out_and_what_the_air_brings() -> None:
    model = tank()
    values = {**FEED, "kLa": 120.0}
    outputs = Equations(model).outputs(values)
    state = {variable.name: variable.starts[0] for variable in model.of(Role.STATE)}
    feed = dict(zip(NAMES, [*FEED["in_C"], FEED["in_SALK"]], strict=True))
    air = 120.0 * (8.0 - state["SO"]) * 1333.0
    gas = outputs["denitrification"] * 1333.0
    for weights, source in ((COD, -air + (4.57 - 2.86) * gas), (NITROGEN, -gas)):
        held = 1333.0 * sum(weight * model.symbols[name] for name, weight in weights.items())
        flowing = 50000.0 * (content(feed, weights) - content(state, weights))
        assert rate_of_change(model, held, values) * DAY == pytest.approx(flowing + source, rel=1e-10)


def test_the_oxygen_that_a_tank_takes_up_is_that_of_its_growth() -> None:
    found = Equations(tank())
    without = found.derivatives({**FEED, "in_Q": 0.0, "kLa": 0.0})["SO"]
    assert -without * DAY == pytest.approx(found.outputs(FEED)["OUR"], rel=1e-12)


def test_no_concentration_passes_through_a_tank_at_once() -> None:
    model = tank()
    places = range(len(model.starts(Role.STATE)), len(model.starts(Role.STATE)) + 12)
    assert not any(set(places) & set(row) for row in structure(model).outputs)


def settler_values() -> dict:
    rng = np.random.default_rng(3)
    layers = {name: rng.uniform(1, 30, LAYERS).tolist() for name in SOLUBLES}
    return {**layers, "TSS": np.geomspace(8, 7000, LAYERS).tolist(), **FEED}


@pytest.mark.parametrize("name", [*SOLUBLES, "TSS"])
def test_the_settler_holds_what_it_is_fed_and_does_not_let_go(name: str) -> None:
    model, values = settler(), settler_values()
    outputs = Equations(model).outputs(values)
    feed = dict(zip(NAMES, [*FEED["in_C"], FEED["in_SALK"]], strict=True))
    feed["TSS"] = 0.75 * sum(feed[solid] for solid in SOLIDS)

    def leaving(stream: str) -> float:
        if name in CONCENTRATIONS:
            return outputs[f"{stream}_C"][CONCENTRATIONS.index(name)]
        return outputs[f"{stream}_{name}"]

    held = rate_of_change(model, 600.0 * ca.sum1(model.symbols[name]), values) * DAY
    out = sum(outputs[f"{stream}_Q"] * leaving(stream) for stream in ("effluent", "return", "waste"))
    assert held == pytest.approx(FEED["in_Q"] * feed[name] - out, rel=1e-10)


def test_the_solids_that_leave_the_settler_are_made_up_as_its_feed_is() -> None:
    outputs = Equations(settler()).outputs(settler_values())
    feed = dict(zip(CONCENTRATIONS, FEED["in_C"], strict=True))
    for stream in ("effluent", "return", "waste"):
        found = dict(zip(CONCENTRATIONS, outputs[f"{stream}_C"], strict=True))
        assert 0.75 * sum(found[name] for name in SOLIDS) == pytest.approx(outputs[f"{stream}_TSS"], rel=1e-12)
        assert found["XBH"] / found["XI"] == pytest.approx(feed["XBH"] / feed["XI"], rel=1e-12)


def test_solids_sink_as_the_double_exponential_says_and_a_full_layer_holds_them_up() -> None:
    p = {"v_max": 250.0, "v0": 474.0, "r_h": 5.76e-4, "r_p": 2.86e-3, "f_ns": 2.28e-3, "X_t": 3000.0}
    solids = np.array([5.0, 100, 400, 4000, 3000, 300, 200, 9000, 9000, 9000])

    def flux(X: float) -> float:
        above = X - p["f_ns"] * 3000.0
        return X * min(max(p["v0"] * (exp(-p["r_h"] * above) - exp(-p["r_p"] * above)), 0.0), p["v_max"])

    found = np.asarray(ca.DM(ca.evalf(sinking(ca.MX(ca.DM(solids)), ca.MX(3000.0), p)))).ravel()
    js = [flux(X) for X in solids]
    expected = [
        0,
        js[0],
        js[1],
        min(js[2], js[3]),
        js[3],
        *(min(pair) for pair in pairwise(js[4:])),
        0,
    ]
    assert found == pytest.approx(expected, rel=1e-12)
    assert js[0] == 0.0


def test_a_mixer_keeps_what_flows_and_a_splitter_parts_it() -> None:
    values = {"a_C": [1.0] * 12, "a_SALK": 2.0, "a_Q": 100.0, "b_C": [4.0] * 12, "b_SALK": 8.0, "b_Q": 200.0}
    mixed = Equations(mixer({"a": 1.0, "b": 1.0})).outputs(values)
    assert (mixed["out_Q"], mixed["out_SALK"]) == (300.0, pytest.approx(6.0))
    assert mixed["out_C"] == pytest.approx(3.0)
    parted = Equations(splitter("drawn", 1.0)).outputs({**FEED, "drawn_Q_set": 20000.0})
    assert (parted["drawn_Q"], parted["out_Q"]) == (20000.0, 30000.0)
    assert parted["drawn_C"].tolist() == parted["out_C"].tolist() == FEED["in_C"]


def test_the_integral_of_a_controller_at_its_limit_settles_where_tracking_holds_it() -> None:
    """dI/dt = 0: K e / Ti = (v - u) / Tt, so that v = high + K e Tt / Ti, however long the error lasts."""
    model = BSM1["bsm1_oxygen_controller"]()
    found = Reference(model, {"y": -30.0}).at([3600.0, 86400.0])
    error = 32.0
    assert found["u"] == pytest.approx(360.0)
    wanted = 360.0 + 25.0 * error * 0.001 / 0.002
    assert found["integral"][-1] == pytest.approx(wanted - 144.0 - 25.0 * error, rel=1e-9)


def test_a_controller_within_its_limits_adds_gain_and_integral() -> None:
    found = Reference(BSM1["bsm1_nitrate_controller"](), {"y": 0.9}).at([864.0])
    assert found["u"][-1] == pytest.approx(18500 + 10000 * 0.1 * (1 + 0.01 / 0.025), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "lags", "T90", "constants"), [("oxygen", 2, 60.0, 3.89), ("nitrate", 8, 600.0, 11.7724)]
)
def test_a_sensor_shows_nine_tenths_of_a_step_after_its_response_time(
    name: str, lags: int, T90: float, constants: float
) -> None:
    model = BSM1[f"bsm1_{name}_sensor"]()
    found = Reference(model, {"u": 2.0, "x": [0.0] * lags}).at([T90 / 2, T90])["y"] / 2.0
    exact = [1 - exp(-s) * sum(s**k / factorial(k) for k in range(lags)) for s in (constants / 2, constants)]
    assert found == pytest.approx(exact, rel=1e-7)
    assert found[-1] == pytest.approx(0.9, abs=1e-3)
    assert Reference(model, {"u": 99.0}).at([100 * T90])["y"][-1] == 10.0
