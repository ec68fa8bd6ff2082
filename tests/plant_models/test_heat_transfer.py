import casadi as ca
import numpy as np
import pytest

from plant_models.heat_transfer import BENCH_JACKET, PRODUCTION_JACKET, Jacket, heat_transfer
from plant_models.model import Model, Role
from tests.plant_models.evaluation import Equations, rate_of_change

HEAT_CAPACITY = 4180.0
JACKETS = [BENCH_JACKET, PRODUCTION_JACKET]


def steady(model: Model, inputs: dict[str, float]) -> dict[str, np.ndarray]:
    """Temperatures and stroke at rest, by Newton's method: the equations are nearly linear."""
    at_rest = ("T", "T_wall", "T_cells", "stroke")
    x = ca.vertcat(*(model.symbols[name] for name in at_rest))
    rates = ca.vertcat(*(model.equations[name] for name in at_rest))
    others = [name for name in model.symbols if name not in at_rest]
    starts = {v.name: v.starts for v in model.variables if v.role is not Role.OUTPUT}
    values = [inputs.get(name, starts[name]) for name in others]
    function = ca.Function("f", [x, *(model.symbols[name] for name in others)], [rates, ca.jacobian(rates, x)])
    state = np.concatenate([starts[name] for name in at_rest])
    for _ in range(30):
        residual, jacobian = (np.asarray(ca.DM(r)) for r in function(state, *values))
        state = state - np.linalg.solve(jacobian, residual).ravel()
    split = np.cumsum([model.symbols[name].shape[0] for name in at_rest])
    return dict(zip(at_rest, np.split(state, split[:-1]), strict=True))


@pytest.mark.parametrize("jacket", JACKETS, ids=lambda jacket: jacket.name)
def test_the_steady_state_is_the_one_of_a_hand_calculation(jacket: Jacket) -> None:
    """Heat in = heat through films and wall + losses, with jacket cells in series as NTU stages of perfect mixing."""
    power, n = 10.0 * jacket.V, 5
    found = steady(heat_transfer(10, n, jacket), {"metabolic_heat": power, "valve": 0.45})
    T, cells, stroke = found["T"][0], found["T_cells"], found["stroke"][0]
    assert stroke == pytest.approx(0.45)
    removed = power - jacket.loss * (T - 20.0)
    U = 1 / (1 / jacket.broth_film + jacket.wall_thickness / 16.0 + 1 / jacket.jacket_film)
    assert U * jacket.area * (T - cells.mean()) == pytest.approx(removed, rel=1e-9)
    signal = 2 * 0.45 - 1
    cold, hot = ((np.hypot(signal, 0.01) + sign * signal) / 2 for sign in (-1, 1))
    coolant = jacket.T_coolant_in - 273.15
    supplied = cold * (coolant - cells[-1]) + hot * (jacket.T_hot - cells[-1])
    assert -jacket.circulation * HEAT_CAPACITY * supplied == pytest.approx(removed, rel=1e-9)


def test_temperature_falls_linearly_through_the_wall() -> None:
    wall = steady(heat_transfer(8, 3), {"metabolic_heat": 30.0, "valve": 0.4})["T_wall"]
    assert np.diff(wall) == pytest.approx(np.full(7, np.diff(wall)[0]), rel=1e-8)
    assert wall[0] > wall[-1]


def test_the_number_of_wall_nodes_hardly_changes_the_steady_state() -> None:
    inputs = {"metabolic_heat": 30.0, "valve": 0.4}
    few, many = (steady(heat_transfer(nodes, 5), inputs)["T"][0] for nodes in (5, 20))
    assert few == pytest.approx(many, rel=1e-4)


@pytest.mark.parametrize("jacket", JACKETS, ids=lambda jacket: jacket.name)
def test_energy_closes_in_any_state(jacket: Jacket) -> None:
    model = heat_transfer(6, 4, jacket)
    s = model.symbols
    wall = s["wall_capacity"] * s["area"] * jacket.wall_thickness / 6 * ca.sum1(s["T_wall"])
    water = s["jacket_water"] / 4 * HEAT_CAPACITY * ca.sum1(s["T_cells"])
    broth = s["E_metabolic"] + s["E_stirrer"] + s["E_feed"] - s["E_loss"] - s["E_wall"] - s["E_broth"]
    random = np.random.default_rng(1)
    for _ in range(5):
        values = {
            "T": random.uniform(20, 50), "T_wall": random.uniform(10, 60, 6), "T_cells": random.uniform(10, 60, 4),
            "stroke": random.uniform(0, 1), "metabolic_heat": 40.0 * jacket.V, "stirrer_power": 5.0 * jacket.V,
            "feed": 0.01 * jacket.V,
        }  # fmt: skip
        scale = 100 * jacket.V
        assert abs(rate_of_change(model, broth, values)) <= 1e-12 * scale
        assert abs(rate_of_change(model, wall + water - s["E_wall"] + s["E_removed"], values)) <= 1e-9 * scale
        stored = Equations(model).derivatives(values)
        kept = jacket.V * HEAT_CAPACITY * stored["T"]
        assert stored["E_broth"] == pytest.approx(kept, rel=1e-12)


def test_the_split_range_cools_below_half_and_heats_above() -> None:
    equations = Equations(heat_transfer())
    removed = [equations.outputs({"stroke": stroke})["cooling"] for stroke in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert removed == sorted(removed, reverse=True)
    assert removed[0] > 0 > removed[-1]
    full = BENCH_JACKET.circulation * HEAT_CAPACITY * (37.0 - (BENCH_JACKET.T_coolant_in - 273.15))
    assert removed[0] == pytest.approx(full, rel=1e-3)


def test_the_valve_moves_with_its_stroke_time() -> None:
    assert Equations(heat_transfer()).derivatives({"valve": 0.8, "stroke": 0.2})["stroke"] == pytest.approx(0.2)


def test_a_wall_of_one_node_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        heat_transfer(1, 5)
