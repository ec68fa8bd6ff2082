"""What splitting costs: the batch of Anane et al. 2017 as two FMUs, the rates of the cells held over a step, 9 h."""

from functools import cache

import pytest

import cotwin
from plant_models.textbook.exact import oxygen_limited as exact
from tests.textbook import HOUR, oxygen_limited


@cache
def reference(kLa: float) -> tuple[float, float]:
    found = exact([9 * HOUR], kLa)
    return found["tank.X"][0], found["tank.DOT"][0]


def errors(h: float, kLa: float) -> tuple[float, float]:
    """Relative error of the biomass, and error of DO in %, after 9 h."""
    with cotwin.open_simulation(oxygen_limited(h, kLa)) as run:
        run.run()
        X, DOT = reference(kLa)
        return float(run["tank.X"]) / X - 1, float(run["tank.DOT"]) - DOT


@pytest.mark.parametrize(
    ("h", "X", "DOT"), [(6, 3.6e-5, -0.02), (36, 2.2e-4, -0.18), (60, 3.6e-4, -0.33), (180, 1.1e-3, -1.1)]
)
def test_where_there_is_oxygen_a_split_costs_an_error_of_order_one(h: float, X: float, DOT: float) -> None:
    of_X, of_DOT = errors(h, 220.0)
    assert of_X == pytest.approx(X, rel=0.03)
    assert of_DOT == pytest.approx(DOT, rel=0.02, abs=0.005)


@pytest.mark.parametrize(
    ("h", "X", "DOT"), [(6, -8.0e-3, 3.5), (36, -4.2e-2, -2.6), (60, -6.2e-2, -9.9), (180, -0.106, 63)]
)
def test_where_the_oxygen_runs_out_held_rates_cost_percents_of_the_biomass(h: float, X: float, DOT: float) -> None:
    assert errors(h, 60.0) == pytest.approx((X, DOT), rel=0.02)
