"""The oxygen-limited split: its equations, and the solution of the whole against published digits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from plant_models.fluid_dynamics import fluid_dynamics
from plant_models.textbook.exact import oxygen_limited
from plant_models.textbook.oxygen_limited import cells, tank
from tests.plant_models.evaluation import Equations
from tests.plant_models.test_metabolism import anane

HOUR = 3600.0
CELLS, TANK, REACTOR = Equations(cells()), Equations(tank()), Equations(fluid_dynamics())
RATES = ("mu", "qS", "qA", "qO")

concentrations = st.fixed_dictionaries({"S": st.floats(0, 20), "A": st.floats(0, 5), "DOT": st.floats(0, 100)})
contents = st.fixed_dictionaries(
    {
        "V": st.floats(0.5, 5),
        "X": st.floats(0, 60),
        "S": st.floats(0, 20),
        "A": st.floats(0, 5),
        "DOT": st.floats(0, 100),
        "mu": st.floats(-0.1, 0.7),
        "qS": st.floats(0, 1),
        "qA": st.floats(-0.1, 0.1),
        "qO": st.floats(0, 0.5),
        "feed": st.floats(0, 0.1),
    }
)


@given(concentrations)
def test_the_cells_have_the_published_rates(point: dict[str, float]) -> None:
    found = CELLS.outputs(point)
    expected = anane(point["S"], point["A"], point["DOT"])
    assert [found[name] for name in RATES] == pytest.approx(expected, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("name", ["S", "A", "DOT"])
def test_below_zero_a_concentration_counts_as_none(name: str) -> None:
    assert CELLS.outputs({name: -0.5}) == CELLS.outputs({name: 0.0})


@given(contents)
def test_what_the_tank_holds_is_what_was_fed_and_what_the_cells_turn_over(point: dict[str, float]) -> None:
    slope = TANK.derivatives(point)
    V, X, F = point["V"], point["X"], point["feed"]

    def held(name: str) -> float:
        """d(V c)/dt per hour."""
        return 3600 * (slope["V"] * point[name] + V * slope[name])

    assert 3600 * slope["V"] == pytest.approx(F, abs=1e-15)
    assert held("X") == pytest.approx(point["mu"] * X * V, rel=1e-9, abs=1e-10)
    assert held("S") == pytest.approx(300 * F - point["qS"] * X * V, rel=1e-9, abs=1e-9)
    assert held("A") == pytest.approx(point["qA"] * X * V, rel=1e-9, abs=1e-10)
    assert 3600 * slope["DOT"] == pytest.approx(220 * (99 - point["DOT"]) - point["qO"] * X * 14000, rel=1e-12)


@given(contents)
def test_the_tank_is_the_one_zone_reactor_without_its_gas(point: dict[str, float]) -> None:
    reactor = REACTOR.derivatives(
        {**point, "kLa_fixed": 60.0, "gas_depletion": 0.0, "stirrer_speed": 0.0, "S_feed": 300.0}
    )
    for name, slope in TANK.derivatives({**point, "kLa": 60.0}).items():
        assert slope == pytest.approx(reactor[name], rel=1e-9, abs=1e-12), name


def test_with_kLa_220_the_batch_runs_through_the_published_digits() -> None:
    found = oxygen_limited([4 * HOUR, 8 * HOUR, 10 * HOUR, 12 * HOUR], 220.0)
    assert found["tank.X"] == pytest.approx((0.60545, 2.05805, 2.95497, 2.92092), abs=5.1e-6)
    assert found["tank.S"] == pytest.approx((4.10730, 1.41687, 0, 0), abs=5.1e-6)
    assert found["tank.A"][:2] == pytest.approx((0.07492, 0.19980), abs=5.1e-6)
    assert found["tank.DOT"][:2] == pytest.approx((87.416, 62.635), abs=5.1e-4)


def test_acetate_peaks_and_oxygen_bottoms_out_at_the_published_hours() -> None:
    hours = np.arange(8.8, 9.2, 0.001)
    found = oxygen_limited((hours * HOUR).tolist(), 220.0)
    acetate, oxygen = found["tank.A"], found["tank.DOT"]
    assert (acetate.max(), hours[acetate.argmax()]) == pytest.approx((0.23942, 9.076), abs=5.1e-4)
    assert (oxygen.min(), hours[oxygen.argmin()]) == pytest.approx((55.922, 8.866), abs=1.1e-3)


@pytest.mark.parametrize("kLa", [60.0, 220.0])
def test_the_whole_is_the_solution_of_the_equations_written_with_plain_numbers(kLa: float) -> None:
    def slope(_: float, y: np.ndarray) -> list[float]:
        X, S, A, DOT = y
        mu, qS, qA, qO = anane(S, A, DOT)
        return [mu * X, -qS * X, qA * X, kLa * (99 - DOT) - qO * X * 14000]

    expected = solve_ivp(slope, (0, 9), [0.17, 4.94, 0.0129, 98.0], method="Radau", rtol=1e-11, atol=1e-11).y[:, -1]
    found = oxygen_limited([9 * HOUR], kLa)
    for name, value in zip(("X", "S", "A", "DOT"), expected, strict=True):
        assert found[f"tank.{name}"][0] == pytest.approx(value, rel=1e-7, abs=1e-8), name


def test_with_kLa_60_the_oxygen_is_used_up_after_seven_hours() -> None:
    found = oxygen_limited([6.5 * HOUR, 7 * HOUR, 9 * HOUR], 60.0)
    assert found["tank.DOT"][0] > 10
    assert 0 < found["tank.DOT"][2] < found["tank.DOT"][1] < 3e-3
