"""Power, kLa and hold-up against a worked sheet for four vessels, from 4 L to 84 m3."""

from dataclasses import replace
from typing import NamedTuple

import casadi as ca
import pytest

from plant_models.fluid_dynamics import BENCH, PRODUCTION
from plant_models.fluid_dynamics.correlations import gassed_power, hold_up, transfer_coefficient, ungassed_power


class Row(NamedTuple):
    """Volume (m3), tank and impeller diameter (m), speed (1/s), impellers, vvm; then the sheet's results."""

    V: float
    tank: float
    impeller: float
    N: float
    impellers: int
    vvm: float
    P0: float
    Pg: float
    vs: float
    coalescing: float
    non_coalescing: float


SHEET = [
    Row(0.004, 0.16, 0.053, 13.3, 2, 1.0, 2706, 1631, 0.0033, 104, 408),
    Row(0.2, 0.56, 0.187, 5.0, 3, 1.0, 2358, 1302, 0.0135, 192, 461),
    Row(14.0, 2.0, 0.67, 2.2, 4, 0.7, 2259, 1263, 0.052, 371, 591),
    Row(84.0, 3.8, 1.27, 1.35, 4, 0.6, 2129, 1152, 0.074, 427, 595),
]


@pytest.mark.parametrize("row", SHEET, ids=lambda row: f"{row.V} m3")
def test_power_and_kLa_follow_the_worked_sheet(row: Row) -> None:
    vessel = replace(
        BENCH, diameter=row.tank, impeller_diameter=row.impeller, impellers=row.impellers, power_number=5.5
    )
    Q = row.vvm / 60 * row.V
    power = gassed_power(row.N, Q, row.V, vessel) / row.V
    vs = Q / vessel.cross_section
    assert ungassed_power(row.N, vessel) / row.V == pytest.approx(row.P0, abs=0.5)
    assert power == pytest.approx(row.Pg, abs=0.5)
    assert vs == pytest.approx(row.vs, rel=0.005)
    assert 3600 * transfer_coefficient(power, vs, coalescing=True) == pytest.approx(row.coalescing, abs=0.5)
    assert 3600 * transfer_coefficient(power, vs, coalescing=False) == pytest.approx(row.non_coalescing, abs=0.5)


def test_gassing_never_raises_the_power() -> None:
    ratios = [
        gassed_power(2.0, Q, 10.0, PRODUCTION) / ungassed_power(2.0, PRODUCTION) for Q in (0.0, 1e-4, 1e-2, 0.1, 1)
    ]
    assert ratios[0] == 1
    assert ratios == sorted(ratios, reverse=True)


def test_gassed_power_is_hughmark_where_gas_takes_a_third_of_it() -> None:
    N, Q, V, D = 2.2, 0.14, 12.0, PRODUCTION.impeller_diameter
    hughmark = 0.10 * (Q / (N * V)) ** -0.25 * (N**2 * D**4 / (9.81 * D / 5 * V ** (2 / 3))) ** -0.20
    assert hughmark < 2 / 3
    assert gassed_power(N, Q, V, PRODUCTION) / ungassed_power(N, PRODUCTION) == pytest.approx(hughmark, rel=2e-4)


@pytest.mark.parametrize("N", [0.0, 2.0])
@pytest.mark.parametrize("Q", [0.0, 0.1])
def test_nothing_is_singular_where_nothing_stirs_or_bubbles(N: float, Q: float) -> None:
    n, q = ca.MX.sym("N"), ca.MX.sym("Q")
    power, vs = gassed_power(n, q, 10.0, PRODUCTION) / 10, q / PRODUCTION.cross_section
    values = ca.vertcat(
        power, transfer_coefficient(power, vs, True), transfer_coefficient(power, vs, False), hold_up(power, vs)
    )
    function = ca.Function("all", [n, q], [values, ca.jacobian(values, ca.vertcat(n, q))])
    found, slopes = function(N, Q)
    assert ca.DM(found).is_regular()
    assert ca.DM(slopes).is_regular()
    if N == 0 or Q == 0:
        assert float(ca.norm_inf(found[1:])) == 0
