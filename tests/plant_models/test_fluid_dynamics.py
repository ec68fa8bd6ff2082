from collections.abc import Mapping

import casadi as ca
import numpy as np
import pytest

from plant_models.fluid_dynamics import BENCH, PRODUCTION, fluid_dynamics
from plant_models.model import Model, Role
from tests.plant_models.evaluation import Equations, rate_of_change

GAS_CONSTANT, MOLAR_OXYGEN = 8.314462618, 31.998
SIZES = {"one zone": (1, 1, BENCH), "15 zones": (5, 3, PRODUCTION)}


def conserved(model: Model) -> dict[str, ca.MX]:
    """What is in the tank less what came in plus what went out: constant, whatever happens inside."""
    s = model.symbols
    per_zone = s["V"] / s["X"].shape[0]
    held = {name: ca.sum1(s[name]) * per_zone for name in ("X", "S", "A", "DOT")}
    gas = s["pressure"] * s["gas_volume"] / (GAS_CONSTANT * s["T_gas"])
    return {
        "volume": s["V"] - s["V_fed"],
        "biomass": held["X"] - s["X_formed"],
        "glucose": held["S"] - s["S_fed"] + s["S_taken"],
        "acetate": held["A"] - s["A_formed"],
        "dissolved oxygen": held["DOT"] / s["H"] - s["O2_transferred"] + s["O2_consumed"] - s["O2_fed"],
        "gaseous oxygen": gas * s["y_O2"] * MOLAR_OXYGEN - s["O2_gas_in"] + s["O2_gas_out"] + s["O2_transferred"],
        "carbon dioxide": gas * s["y_CO2"] - s["CO2_gas_in"] + s["CO2_gas_out"] - s["CO2_evolved"],
    }


def random_values(model: Model, seed: int) -> dict[str, list[float]]:
    random = np.random.default_rng(seed)
    return {
        variable.name: list(random.uniform(0.2, 2.0, variable.length) * max(variable.nominal, 1e-3))
        for variable in model.variables
        if variable.role in (Role.STATE, Role.INPUT)
    }


@pytest.mark.parametrize("size", SIZES)
def test_every_balance_closes_in_any_state(size: str) -> None:
    model = fluid_dynamics(*SIZES[size])
    for seed in range(5):
        values = random_values(model, seed)
        moved = max(np.abs(rate).max() for rate in Equations(model).derivatives(values).values()) * values["V"][0]
        for name, quantity in conserved(model).items():
            assert abs(rate_of_change(model, quantity, values)) <= 1e-12 * moved, name


def test_one_zone_with_fixed_kLa_is_the_reactor_of_the_paper() -> None:
    values: Mapping[str, float] = {
        "kLa_fixed": 220, "gas_depletion": 0, "feed": 0.02, "mu": 0.3, "qS": 0.6, "qA": 0.05, "qO": 0.3,
        "V": 2.1, "X": 3.0, "S": 1.5, "A": 0.2, "DOT": 60, "DOT_probe": 63,
    }  # fmt: skip
    rates = Equations(fluid_dynamics()).derivatives(values)
    per_hour = {name: 3600 * rates[name] for name in ("V", "X", "S", "A", "DOT", "DOT_probe")}
    expected = {
        "V": 0.02,
        "X": 3.0 * (0.3 - 0.02 / 2.1),
        "S": 0.02 / 2.1 * (300 - 1.5) - 0.6 * 3.0,
        "A": 0.05 * 3.0 - 0.02 / 2.1 * 0.2,
        "DOT": 220 * (99 - 60) - 0.3 * 3.0 * 14000,
        "DOT_probe": 3600 / 35 * (60 - 63),
    }
    assert per_hour == pytest.approx(expected, rel=1e-12)


def test_zones_with_equal_contents_change_as_one_zone_does() -> None:
    values = {"gas_depletion": 0.0, "kLa_fixed": 150.0, "mu": 0.2, "qS": 0.4, "qA": 0.01, "qO": 0.2, "CER": 30.0}
    one, many = (Equations(fluid_dynamics(*size, PRODUCTION)) for size in ((1, 1), (6, 4)))
    batch = many.derivatives(values)
    for name, value in one.derivatives(values).items():
        assert np.asarray(batch[name]) == pytest.approx(np.full(np.shape(batch[name]), value), rel=1e-9, abs=1e-11)
    fed = many.derivatives({**values, "feed": 50.0})
    for name, value in one.derivatives({**values, "feed": 50.0}).items():
        assert np.mean(fed[name]) == pytest.approx(value, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("air_flow", [0.0, 2.0])
@pytest.mark.parametrize("stirrer_speed", [0.0, 8.0])
def test_derivatives_and_their_jacobian_are_finite_where_nothing_stirs_or_bubbles(
    stirrer_speed: float, air_flow: float
) -> None:
    model = fluid_dynamics(4, 2, BENCH)
    x, u = model.vector(Role.STATE), model.vector(Role.INPUT)
    for role in (Role.STATE, Role.OUTPUT):
        right = model.right_hand_side(role)
        jacobian = ca.Function("J", [x, u, model.vector(Role.PARAMETER)], [right, ca.jacobian(right, ca.vertcat(x, u))])
        inputs = [stirrer_speed, air_flow, *model.starts(Role.INPUT)[2:]]
        for result in jacobian(model.starts(Role.STATE), inputs, model.starts(Role.PARAMETER)):
            assert np.isfinite(ca.DM(result).nonzeros()).all()


def test_an_unstirred_tank_does_not_mix_and_takes_up_no_oxygen() -> None:
    S = np.linspace(0, 1, 6)
    rates = Equations(fluid_dynamics(3, 2, PRODUCTION)).derivatives({"S": S.tolist(), "stirrer_speed": 0.0})
    assert rates["S"] == pytest.approx(np.zeros(6))
    assert rates["O2_transferred"] == 0


def test_saturation_follows_the_gas_and_the_depth() -> None:
    equations = Equations(fluid_dynamics(4, 1, PRODUCTION))
    still = {"stirrer_speed": 0.0, "kLa_fixed": 3600.0, "DOT": 0.0, "V": 12000.0}
    saturation = equations.derivatives({**still, "y_O2": 0.2095})["DOT"]
    depth = PRODUCTION.height * np.array([0.875, 0.625, 0.375, 0.125])
    assert saturation == pytest.approx(99 * (150000 + 1000 * 9.81 * depth) / 101325, rel=1e-3)
    assert equations.derivatives({**still, "y_O2": 0.2095 / 2})["DOT"] == pytest.approx(saturation / 2)


def test_offgas_settles_where_the_oxygen_that_is_taken_up_is_missing() -> None:
    """Steady gas: n_in y_in = n_out y + OTR with n_out = n_in - OTR + CTR; no derivative is left at that fraction."""
    equations = Equations(fluid_dynamics())
    n_in = 2 / 60000 * 101325 / (GAS_CONSTANT * 273.15)
    transfer = equations.derivatives({"y_O2": 0.2, "DOT": 50.0})["O2_transferred"] / MOLAR_OXYGEN
    CO2 = 20.0 * 2 / 3.6e6
    y_in = (0.2 * (n_in - transfer + CO2) + transfer) / n_in
    change = equations.derivatives({"y_O2": 0.2, "DOT": 50.0, "CER": 20.0, "y_O2_in": y_in})["y_O2"]
    assert change == pytest.approx(0, abs=1e-15)


def test_the_probe_shows_the_zone_where_it_sits() -> None:
    model = fluid_dynamics(4, 2, BENCH, probe_zone=5)
    DOT = [10.0 * zone for zone in range(8)]
    assert Equations(model).derivatives({"DOT": DOT, "DOT_probe": 15.0})["DOT_probe"] == pytest.approx(1.0)


def test_scalars_stand_where_there_is_one_zone_and_vectors_where_there_are_more() -> None:
    for stages, rings, size in ((1, 1, None), (4, 2, 8)):
        sizes = {v.name: v.size for v in fluid_dynamics(stages, rings).variables}
        assert {sizes[name] for name in ("X", "S", "A", "DOT", "mu", "qS", "qA", "qO")} == {size}
        assert sizes["S_mean"] is None
