import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant_models.metabolism import metabolism
from plant_models.metabolism.temperature import REFERENCE, gamma
from tests.plant_models.evaluation import Equations

ONE = Equations(metabolism())
MOLAR_CARBON, MOLAR_OXYGEN = 12.011, 31.998

zone = st.fixed_dictionaries(
    {
        "X": st.floats(0.1, 60),
        "S": st.floats(0, 20),
        "A": st.floats(0, 5),
        "DOT": st.floats(0, 100),
        "T": st.floats(285, 318),
        "V": st.floats(1e-3, 20),
    }
)


def anane(S: float, A: float, DOT: float) -> tuple[float, float, float, float]:
    """The published equations, written down a second time with plain numbers: mu, qS, qA, qO."""
    qS = 0.6356 / (1 + A / 1.2399) * S / (S + 0.0370)
    qSof = 0.2268 * qS / (qS + 0.5052)
    qSox = (qS - qSof) * DOT / (DOT + 1e-4)
    qSan = (qSox - 0.0129) * 0.5333 * 0.488 / 0.391
    qsA = 0.1148 / (1 + qS / 2.1231) * A / (A + 0.0134)
    mu = (qSox - 0.0129) * 0.5333 + qsA * 0.5718 + qSof * 0.2268
    return mu, qS, qSof * 0.9097 - qsA, 1.5620 * (qSox - qSan) + qsA * 0.5440


@given(zone)
def test_rates_are_those_of_the_paper_where_temperature_has_no_effect(point: dict[str, float]) -> None:
    found = ONE.outputs({**point, "temperature_effect": 0})
    expected = anane(point["S"], point["A"], point["DOT"])
    assert [found[name] for name in ("mu", "qS", "qA", "qO")] == pytest.approx(expected, rel=1e-13, abs=1e-15)


@given(zone)
def test_carbon_oxygen_and_heat_close_in_every_state(point: dict[str, float]) -> None:
    rates, out = ONE.derivatives(point), ONE.outputs(point)
    released = rates["C_biomass"] + rates["C_acetate"] + rates["C_CO2"]
    assert rates["C_glucose"] == pytest.approx(released, rel=1e-12, abs=1e-12)
    assert rates["heat_released"] == pytest.approx(440e3 / MOLAR_OXYGEN * rates["O2_taken"], rel=1e-12, abs=1e-12)
    litres = 1000 * point["V"]
    assert rates["C_CO2"] == pytest.approx(out["CER"] / 3.6e6 * MOLAR_CARBON * litres, rel=1e-12, abs=1e-15)
    assert rates["O2_taken"] == pytest.approx(out["qO"] * point["X"] / 3600 * litres, rel=1e-12, abs=1e-15)
    assert out["heat"] == pytest.approx(rates["heat_released"])


def test_heat_is_440_kJ_per_mol_of_oxygen() -> None:
    out = ONE.outputs({"X": 10, "V": 1})
    assert out["heat"] / 1000 == pytest.approx(440 * out["OUR"] / 3600)


def test_zones_with_equal_concentrations_are_one_zone() -> None:
    many = Equations(metabolism(7))
    assert many.derivatives() == pytest.approx(ONE.derivatives(), rel=1e-13)
    found, single = many.outputs(), ONE.outputs()
    for name, value in single.items():
        assert np.asarray(found[name]) == pytest.approx(np.full(np.shape(found[name]), value), rel=1e-13)


def test_broth_rates_are_means_over_the_zones() -> None:
    S = [0.01, 0.1, 5.0]
    mean = np.mean([ONE.outputs({"S": value})["OUR"] for value in S])
    assert Equations(metabolism(3)).outputs({"S": S})["OUR"] == pytest.approx(mean)


def test_the_temperature_factor_is_one_at_37_degC() -> None:
    at_37, without = ONE.outputs({"T": REFERENCE}), ONE.outputs({"T": REFERENCE, "temperature_effect": 0})
    assert at_37 == pytest.approx(without, rel=1e-14)


def test_growth_peaks_at_the_optimum_and_ends_at_the_cardinal_temperatures() -> None:
    cardinal = (278.05, 314.45, 320.65)
    temperatures = np.linspace(270, 325, 1101)
    values = [float(gamma(float(T), *cardinal)) for T in temperatures]
    assert temperatures[int(np.argmax(values))] == pytest.approx(314.45, abs=0.05)
    assert max(values) == pytest.approx(1, abs=1e-6)
    assert all(v == 0 for T, v in zip(temperatures, values, strict=True) if not cardinal[0] < T < cardinal[2])


def test_temperature_scales_uptake_and_maintenance_alike() -> None:
    warm, cold = ONE.outputs({"T": REFERENCE}), ONE.outputs({"T": 298.15})
    assert 0.1 < cold["qS"] / warm["qS"] < 0.6
    starving = {"S": 0.0, "A": 0.0}
    ratio = ONE.outputs({"T": 298.15, **starving})["mu"] / ONE.outputs({"T": REFERENCE, **starving})["mu"]
    assert ratio == pytest.approx(cold["qS"] / warm["qS"])


def test_RQ_is_CER_over_OUR_and_fades_where_nothing_breathes() -> None:
    out = ONE.outputs()
    assert out["RQ"] == pytest.approx(out["CER"] / out["OUR"], rel=1e-6)
    assert ONE.outputs({"X": 0.0})["RQ"] == 0


def test_without_overflow_RQ_is_what_the_yields_say() -> None:
    out = ONE.outputs({"pAmax": 0.0, "A": 0.0, "qm": 0.0})
    assert out["RQ"] == pytest.approx(0.391 / MOLAR_CARBON / (1.5620 / MOLAR_OXYGEN), rel=1e-5)


@pytest.mark.parametrize("name", ["S", "A", "DOT"])
def test_a_slightly_negative_concentration_continues_the_rates_smoothly(name: str) -> None:
    below, at, above = (ONE.outputs({name: value})["mu"] for value in (-1e-9, 0.0, 1e-9))
    assert np.isfinite([below, at, above]).all()
    assert at - below == pytest.approx(above - at, rel=1e-3)
