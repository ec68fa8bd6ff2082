"""The composed plant against published numbers, and the composition against its parts."""

from functools import cache

import casadi as ca
import numpy as np
import pytest

from plant_models.model import Model, Role
from plant_models.plants import CATALOGUE, ECOLI_CONNECTIONS, Link, compose
from plant_models.plants.radau import RadauStepper
from plant_models.plants.reference import Reference
from tests.plant_models.evaluation import Equations
from tests.plant_models.test_fluid_dynamics import conserved

HOUR = 3600.0
ANANE = {"reactor.kLa_fixed": 220.0, "reactor.gas_depletion": 0.0, "metabolism.temperature_effect": 0.0}
BENCH = {"metabolism": "metabolism", "reactor": "fluid_dynamics", "heat": "heat_transfer", "plc": "plc"}
TANK = {
    "metabolism": "metabolism_200",
    "reactor": "fluid_dynamics_20x10",
    "heat": "heat_transfer_12m3",
    "plc": "plc_12m3",
}


def ecoli(stems: dict[str, str], *components: str) -> Model:
    chosen = {name: CATALOGUE[stem]() for name, stem in stems.items() if not components or name in components}
    links = [ln for ln in ECOLI_CONNECTIONS if {ln.source.split(".")[0], ln.destination.split(".")[0]} <= set(chosen)]
    return compose("ecoli", chosen, links)


@cache
def batch() -> Reference:
    return Reference(ecoli(BENCH, "reactor", "metabolism"), ANANE)


def test_the_batch_runs_through_the_printed_digits() -> None:
    found = batch().at([4 * HOUR, 8 * HOUR, 10 * HOUR, 12 * HOUR])
    for name, digits in {"X": (0.60545, 2.05805, 2.95497, 2.92092), "S": (4.10730, 1.41687, 0, 0)}.items():
        assert found[f"reactor.{name}"] == pytest.approx(digits, abs=5.1e-6)
    assert found["reactor.A"][:2] == pytest.approx((0.07492, 0.19980), abs=5.1e-6)
    assert found["reactor.DOT"][:2] == pytest.approx((87.416, 62.635), abs=5.1e-4)


def test_acetate_peaks_and_oxygen_bottoms_out_when_the_paper_s_model_says() -> None:
    hours = np.arange(8.8, 9.2, 0.001)
    found = batch().at((hours * HOUR).tolist())
    acetate, oxygen = found["reactor.A"], found["reactor.DOT"]
    assert (acetate.max(), hours[acetate.argmax()]) == pytest.approx((0.23942, 9.076), abs=5.1e-4)
    assert (oxygen.min(), hours[oxygen.argmin()]) == pytest.approx((55.922, 8.866), abs=1.1e-3)


def test_the_batch_starts_with_the_published_eigenvalues() -> None:
    found = batch().eigenvalues() * HOUR
    for expected, tolerance in ((-220, 0.5), (-103, 0.5), (0.33, 0.005), (-0.31, 0.005)):
        assert np.abs(found - expected).min() <= tolerance


def test_balances_stay_closed_along_the_batch() -> None:
    model = batch().model
    reactor = CATALOGUE["fluid_dynamics"]()
    found = batch().at([6 * HOUR, 10 * HOUR])
    for name, quantity in conserved(reactor).items():
        symbols = list(ca.symvar(quantity))
        starts = {v.name: v.starts[0] for v in model.variables if v.role is not Role.OUTPUT}
        function = ca.Function("q", symbols, [quantity])
        names = [f"reactor.{s.name()}" for s in symbols]
        first = float(function(*(starts[n] for n in names)))
        scale = max([abs(first), *(abs(found[n][-1]) for n in names if n in found)])
        for row in range(2):
            now = float(function(*(found[n][row] if n in found else ANANE.get(n, starts[n]) for n in names)))
            assert now == pytest.approx(first, abs=1e-8 * scale), name


def test_carbon_closes_across_metabolism_and_reactor() -> None:
    found = {name: values[-1] for name, values in batch().at([9 * HOUR]).items()}
    assert found["reactor.S_taken"] * 0.391 == pytest.approx(found["metabolism.C_glucose"], rel=1e-8)
    released = sum(found[f"metabolism.C_{name}"] for name in ("biomass", "acetate", "CO2"))
    assert found["metabolism.C_glucose"] == pytest.approx(released, rel=1e-8)
    assert found["reactor.CO2_evolved"] * 12.011 == pytest.approx(found["metabolism.C_CO2"], rel=1e-8)
    assert found["reactor.O2_consumed"] == pytest.approx(found["metabolism.O2_taken"], rel=1e-8)


def test_the_whole_plant_leaves_three_inputs_open_and_has_one_equation_for_each_variable() -> None:
    for stems in (BENCH, TANK):
        model = ecoli(stems)
        assert {v.name for v in model.of(Role.INPUT)} == {"heat.T_coolant_in", "plc.start", "plc.stop"}
        for role in (Role.STATE, Role.DISCRETE_STATE, Role.OUTPUT):
            assert model.function("f", role).size1_out(0) == sum(v.length for v in model.of(role))


def test_a_composition_computes_what_its_parts_do_when_they_are_told_each_other_s_outputs() -> None:
    whole = Equations(ecoli(BENCH))
    derivatives, outputs = whole.derivatives(), whole.outputs()
    cells = Equations(CATALOGUE["metabolism"]()).outputs()
    rates = {name: cells[name] for name in ("mu", "qS", "qA", "qO", "CER")}
    gas = {"stirrer_speed": 500 / 60, "air_flow": 1.0}
    reactor = Equations(CATALOGUE["fluid_dynamics"]())
    assert outputs["metabolism.RQ"] == pytest.approx(cells["RQ"])
    for name, value in reactor.derivatives({**rates, **gas}).items():
        assert derivatives[f"reactor.{name}"] == pytest.approx(value, rel=1e-12)
    heat = Equations(CATALOGUE["heat_transfer"]())
    sources = {"metabolic_heat": cells["heat"], "stirrer_power": reactor.outputs(gas)["power"]}
    for name, value in heat.derivatives(sources).items():
        assert np.asarray(derivatives[f"heat.{name}"]) == pytest.approx(np.asarray(value), rel=1e-12)


def _gain(name: str) -> Model:
    model = Model(name, "y = 2 u")
    model.output("y", 2 * model.input("u", 0.0, "1", "in"), "1", "out")
    return model


def test_an_algebraic_loop_is_refused_and_its_path_named() -> None:
    links = [Link("a.y", "b.u"), Link("b.y", "a.u")]
    with pytest.raises(ValueError, match=r"algebraic loop: a\.y -> a\.u -> b\.y -> b\.u -> a\.y"):
        compose("loop", {"a": _gain("a"), "b": _gain("b")}, links)


@pytest.mark.parametrize("link", [Link("a.y", "b.nothing"), Link("a.nothing", "b.u"), Link("a.u", "b.u")])
def test_a_link_that_names_no_variable_is_refused(link: Link) -> None:
    with pytest.raises(ValueError, match="no component has such"):
        compose("wrong", {"a": _gain("a"), "b": _gain("b")}, [link])


def test_an_input_with_two_sources_is_refused() -> None:
    with pytest.raises(ValueError, match="two sources"):
        compose("wrong", {"a": _gain("a"), "b": _gain("b"), "c": _gain("c")}, [Link("a.y", "c.u"), Link("b.y", "c.u")])


def test_factor_and_offset_of_a_link_are_applied() -> None:
    model = compose("chain", {"a": _gain("a"), "b": _gain("b")}, [Link("a.y", "b.u", 3.0, 1.0)])
    assert Equations(model).outputs({"a.u": 5.0})["b.y"] == 2 * (3 * 10 + 1)


def test_the_fixed_step_Radau_method_has_order_five() -> None:
    """On x' = -2 t x, written autonomously."""
    x = ca.MX.sym("x", 2)
    right = ca.vertcat(-2 * x[1] * x[0], 1)
    f, J = ca.Function("f", [x], [right]), ca.Function("J", [x], [ca.jacobian(right, x)])

    def error(steps: int) -> float:
        stepper, state = RadauStepper(f, J, 1 / steps), np.array([1.0, 0.0])
        for _ in range(steps):
            state = stepper.step(state)
        return abs(float(state[0]) - np.exp(-1))

    assert np.log2(error(4) / error(8)) == pytest.approx(5, abs=0.2)


def test_scans_of_the_closed_loop_fall_on_the_stiff_solution_between_them() -> None:
    """Before the first scan that moves anything (start is off) the scanned and the plain integration agree."""
    scanned = Reference(ecoli(BENCH), {"plc.start": 0.0, "plc.T_gain": 0.0, "plc.DO_rate": 0.0}).at([5.0])
    constants = {"reactor.stirrer_speed": 500 / 60, "reactor.air_flow": 1.0, "heat.valve": 0.5, "heat.feed": 0.0}
    plain = Reference(ecoli(BENCH, "reactor", "metabolism", "heat"), constants).at([5.0])
    for name, value in plain.items():
        assert scanned[name] == pytest.approx(value, rel=1e-8, abs=1e-8), name


def test_the_bench_plant_holds_temperature_and_begins_its_batch() -> None:
    found = Reference(ecoli(BENCH), {}).at([60.0, 120.0])
    assert found["plc.phase"].tolist() == [2, 2]
    assert found["heat.T"] == pytest.approx(37, abs=0.2)
    assert (found["plc.stirrer_speed"] == 500).all()


def test_the_tank_starts_close_to_where_it_stays() -> None:
    rates = Equations(ecoli(TANK)).derivatives()
    assert rates["reactor.S_taken"] == pytest.approx(rates["reactor.S_fed"], rel=0.2)
    assert rates["reactor.O2_consumed"] == pytest.approx(rates["reactor.O2_transferred"], rel=0.3)
    assert abs(rates["heat.T"]) <= 5e-3
    assert abs(rates["reactor.y_O2"]) <= 5e-4
