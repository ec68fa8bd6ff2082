"""A swap between an FMU for Model Exchange and a surrogate from its package: states go by name, both ways."""

import itertools
from contextlib import closing

import numpy as np
import pytest

from fmus.build import build
from orchestrator.assembly import open_instance
from orchestrator.instance import Bundle
from orchestrator.swap import Mode
from orchestrator.system.description import Component, Swap
from plant_models.model import Model
from surrogates.design import Split
from surrogates.zone_network import ALGEBRAIC, LUMPS, RATES, SCALARS, SPECIES
from surrogates.zone_training import save_zones
from tests.kit.build import compiler
from tests.surrogates.small_tank import N_ZONES, plan, subject, trained, trajectories

pytestmark = pytest.mark.skipif(compiler() is None, reason="building FMUs needs a C compiler")

DECAY = {"X": 2e-4, "S": 5e-4, "A": 3e-4, "DOT": 1e-4}
"""Rates (1/s) by which the species of the FMU decay, in every zone: what they are between two hand-overs is exact."""


def stand_in() -> Model:
    """The states and connectors of the small tank with equations to solve by hand: x' = -k x, V' = feed / 3600.

    They start, and its inputs stay, where a run was that its surrogate was trained on.
    """
    run = trajectories()[Split.TRAIN][0]
    start = {name: values[4].tolist() for name, values in run.values.items()}
    model = Model("small_tank", "Decays in every zone")
    inputs = {name: model.input(name, start[name][0], "1", name) for name in SCALARS}
    for name in RATES:
        model.input(name, start[name], "1/h", name, size=N_ZONES)
    for name in SPECIES:
        state = model.state(name, start[name], "g/L", name, size=N_ZONES, visible=True)
        model.derivative(name, -DECAY[name] * state)
        model.output(f"{name}_mean", state[0], "g/L", name)
    lumps = {name: model.state(name, start[name][0], "1", name) for name in LUMPS}
    for name, lump in lumps.items():
        model.derivative(name, inputs["feed"] / 3600 if name == "V" else 0 * lump)
    for name in ALGEBRAIC:
        model.output(name, 0 * lumps["V"] + start[name][0], "1", name)
    model.output("offgas_O2", 1 * lumps["y_O2"], "1", "Oxygen")
    model.output("offgas_CO2", 1 * lumps["y_CO2"], "1", "Carbon dioxide")
    return model


@pytest.fixture(scope="module")
def component(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swap")
    package = folder / "small_tank.surrogate"
    save_zones(package, subject(), trained(10), trajectories(), plan(10))
    fmu = build(stand_in(), folder / "fmus").fmi3
    policy = Swap(surrogate=package, to_surrogate_at=2.0, back_at=6.0, shadow=1, force=True)
    return Component(source=fmu, kind="model_exchange", swap=policy)


def read(instance, name):
    (connector,) = (connector for connector in instance.connectors if connector.name == name)
    values = np.empty(connector.size)
    instance.get(Bundle.of([connector]), values)
    return values


def hold(instance):
    """Give the inputs that the stand-in starts with, as connections would."""
    values = trajectories()[Split.TRAIN][0].values
    for connector in instance.connectors:
        if connector.name in (*SCALARS, *RATES):
            instance.set(Bundle.of([connector]), values[connector.name][4])


def test_the_solver_goes_on_from_the_states_of_the_surrogate_in_every_zone(component):
    with closing(open_instance("reactor", component)) as swap:
        swap.enter_initialization(0.0, None, 1e-10)
        swap.exit_initialization()
        hold(swap)
        seen, modes, feed = [], [], read(swap, "feed")[0]
        for k in range(9):
            swap.do_step(float(k), 1.0)
            seen.append({name: read(swap, name) for name in (*SPECIES, "V")})
            modes.append(swap.mode)
    to_surrogate, to_fmu = swap.report.hand_overs
    assert (to_surrogate.newcomer, to_surrogate.way) == ("surrogate", "restart")
    assert (to_fmu.newcomer, to_fmu.way) == ("fmu", "continuous_states")
    back = modes.index(Mode.FMU, modes.index(Mode.SURROGATE))
    assert len(seen) - back > 2
    # from the last values of the surrogate, which the FMU began its step in the shadow from
    for before, after in itertools.pairwise(seen[back - 1 :]):
        for name, k in DECAY.items():
            np.testing.assert_allclose(after[name], before[name] * np.exp(-k), rtol=1e-8)
        assert after["V"] - before["V"] == pytest.approx(feed / 3600, rel=1e-6)
