"""Each FMU's own accounts, read from a coupled closed-loop run: volume, carbon, oxygen and energy close in each."""

from functools import cache

import numpy as np
import pytest

import cotwin
from orchestrator.system.yaml.file import from_mapping
from tests.plants import ROOT, example

TOLERANCE = 1e-10
MOLAR_OXYGEN, GAS_CONSTANT, HEAT_PER_O2 = 31.998, 8.314462618, 440e3
SCENARIOS = {"ecoli_fed_batch": 1800.0, "ecoli_zones": 40.0}


@cache
def record(name: str, version: int) -> cotwin.Results:
    data = example(name, version, experiment={"stop": SCENARIOS[name], "tolerance": TOLERANCE}, record=["*"])
    with cotwin.open_simulation(from_mapping(data, ROOT, "tests")) as simulation:
        return simulation.run()


class Account:
    """Values of one component at the first and the last communication point."""

    def __init__(self, results: cotwin.Results, component: str) -> None:
        self._results, self._component = results, component

    def change(self, name: str) -> float:
        values = self._results[f"{self._component}.{name}"]
        return float(values[-1] - values[0])

    def total(self, name: str, row: int) -> float:
        """Sum over the zones times the volume of a zone."""
        values = self._results.array(f"{self._component}.{name}")[row]
        return float(values.mean() * self._results[f"{self._component}.V"][row])

    def gained(self, name: str) -> float:
        return self.total(name, -1) - self.total(name, 0)

    def constant(self, name: str) -> float:
        return float(self._results[f"{self._component}.{name}"][0])


@pytest.fixture(params=[(name, version) for name in SCENARIOS for version in (2, 3)], ids=str)
def results(request: pytest.FixtureRequest) -> cotwin.Results:
    return record(*request.param)


def test_the_broth_s_balances_close_inside_the_reactor(results: cotwin.Results) -> None:
    reactor = Account(results, "reactor")
    held = {name: reactor.total(name, 0) for name in ("X", "S", "A")}
    assert reactor.change("V") == pytest.approx(reactor.change("V_fed"), abs=1e-8 * reactor.constant("V"))
    assert reactor.gained("X") == pytest.approx(reactor.change("X_formed"), abs=1e-8 * held["X"])
    glucose = reactor.change("S_fed") - reactor.change("S_taken")
    assert reactor.gained("S") == pytest.approx(glucose, abs=1e-8 * (held["S"] + reactor.change("S_taken")))
    assert reactor.gained("A") == pytest.approx(reactor.change("A_formed"), abs=1e-8 * held["X"])


def test_oxygen_closes_inside_the_reactor(results: cotwin.Results) -> None:
    reactor = Account(results, "reactor")
    gas = reactor.constant("pressure") * reactor.constant("gas_volume") / (GAS_CONSTANT * reactor.constant("T_gas"))
    came = reactor.change("O2_gas_in") - reactor.change("O2_gas_out") + reactor.change("O2_fed")
    stored = reactor.gained("DOT") / reactor.constant("H") + gas * MOLAR_OXYGEN * reactor.change("y_O2")
    assert stored == pytest.approx(came - reactor.change("O2_consumed"), abs=1e-8 * reactor.change("O2_gas_in"))


def test_carbon_and_heat_close_inside_the_metabolism(results: cotwin.Results) -> None:
    cells = Account(results, "metabolism")
    released = sum(cells.change(f"C_{name}") for name in ("biomass", "acetate", "CO2"))
    assert cells.change("C_glucose") == pytest.approx(released, rel=1e-8)
    heat = HEAT_PER_O2 * cells.change("O2_taken") / MOLAR_OXYGEN
    assert cells.change("heat_released") == pytest.approx(heat, rel=1e-8)


def test_energy_closes_inside_the_heat_transfer(results: cotwin.Results) -> None:
    heat = Account(results, "heat")
    came = heat.change("E_metabolic") + heat.change("E_stirrer") + heat.change("E_feed")
    went = heat.change("E_loss") + heat.change("E_wall")
    scale = heat.change("E_metabolic") + abs(heat.change("E_wall"))
    assert heat.change("E_broth") == pytest.approx(came - went, abs=1e-8 * scale)
    temperatures = results["heat.T"]
    # The volume is an input held in a step (4180 J/K per litre): what the broth keeps is the sum of C dT.
    kept = 4180.0 * float(np.sum(results["reactor.V"][:-1] * np.diff(temperatures)))
    assert heat.change("E_broth") == pytest.approx(kept, abs=1e-8 * scale)
