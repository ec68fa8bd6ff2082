"""From FMUs to a surrogate that a run hands over to and back, on a tank of 12 zones."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cotwin.train import DEMO_RECIPE, TrainingJob, train_fluid_dynamics
from fmus.build import build
from orchestrator.assembly import open_simulation
from orchestrator.errors import SurrogateError
from orchestrator.swap_report import Mode
from plant_models.fluid_dynamics import PRODUCTION, fluid_dynamics
from plant_models.metabolism import metabolism
from surrogates.design import Split
from surrogates.package import load_package
from surrogates.training import Stage
from surrogates.zone_training import ZonePlan
from tests.plants import CONCENTRATIONS, FMUS, RATES

STAGES, RINGS = 6, 2
STOP, THERE, BACK = 90.0, 30.0, 70.0
PLAN = ZonePlan(
    STAGES,
    RINGS,
    bands=3,
    shells=1,
    modes=4,
    hidden=(16,),
    recipe=replace(DEMO_RECIPE, stages=(Stage(1, 40), Stage(4, 10, 16)), check_every=10),
)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> TrainingJob:
    build(fluid_dynamics(STAGES, RINGS, PRODUCTION), FMUS, stem="fluid_dynamics_6x2")
    build(metabolism(STAGES * RINGS), FMUS, stem="metabolism_12")
    folder = tmp_path_factory.mktemp("training")
    runs = {Split.TRAIN: (8, 40), Split.VALIDATION: (1, 40), Split.TEST: (1, 60), Split.STRESS: (1, 40)}
    job = TrainingJob(FMUS / "fmi3", folder / "tank.surrogate", cache=folder / "runs", runs=runs, plan=PLAN, workers=1)
    train_fluid_dynamics(job)
    return job


def run(job: TrainingJob, version: int, swap: dict[str, Any] | None) -> tuple[dict[str, np.ndarray], Any, list[str]]:
    """A fed-batch with a step of the feed in the middle; the fields over time, the report of the swap, the events."""
    fmus = FMUS / f"fmi{version}"
    reactor: dict[str, Any] = {"source": str(fmus / job.tank.name), "parameters": {"feed": 70.0, "stirrer_speed": 2.5}}
    if swap is not None:
        reactor["swap"] = swap
    description = {
        "name": "swapped",
        "components": {"metabolism": {"source": str(fmus / job.cells.name)}, "reactor": reactor},
        "connections": [
            *(f"reactor.{name} -> metabolism.{name}" for name in (*CONCENTRATIONS, "V")),
            *(f"metabolism.{name} -> reactor.{name}" for name in (*RATES, "CER")),
        ],
        "experiment": {"stop": STOP, "tolerance": 1e-6},
        "step_size": 1.0,
        "record": ["reactor.*"],
    }
    rows: dict[str, list[Any]] = {name: [] for name in CONCENTRATIONS}
    with open_simulation(description) as simulation:
        while not simulation.ended:
            if simulation.time == 50.0:
                simulation.write("reactor.feed", 90.0)
            simulation.step()
            for name, values in rows.items():
                values.append(simulation.read(f"reactor.{name}"))
        report = getattr(simulation.instances["reactor"], "report", None)
        kinds = [event.kind for event in simulation.events]
    return {name: np.array(values) for name, values in rows.items()}, report, kinds


@pytest.mark.parametrize("version", [2, 3])
def test_a_run_handed_over_and_back_is_the_run_of_the_fmu(job: TrainingJob, version: int):
    alone, _, _ = run(job, version, None)
    swap = {"surrogate": str(job.target), "to_surrogate_at": THERE, "back_at": BACK, "shadow": 3, "force": True}
    swapped, report, kinds = run(job, version, swap)
    assert [hand_over.t for hand_over in report.hand_overs] == [THERE, BACK], report.declined
    assert kinds[0] == "swap.shadow"
    assert kinds[1] in ("swap.to_surrogate", "swap.forced")
    assert kinds[2:] == ["swap.shadow", "swap.to_fmu"]
    assert report.steps[Mode.SURROGATE] == 37
    for name in CONCENTRATIONS:
        error = np.sqrt(np.mean((swapped[name] - alone[name]) ** 2))
        assert error < 0.01 * alone[name].std(), name
    for hand_over in report.hand_overs:
        assert max(bump.scaled for bump in hand_over.outputs + hand_over.states) < 0.01


def test_the_card_says_what_was_trained_on_what(job: TrainingJob):
    card = load_package(job.target).card
    assert len(card.fmu["sha256"]) == 64
    assert {"X_mean", "S", "DOT"} <= set(card.errors["test"]["free_run"])
    assert max(card.errors["test"]["free_run"][f"{name}_mean"] for name in CONCENTRATIONS) < 0.01
    assert {"S_feed", "kLa", "V_fed"} <= {variable.name for variable in card.variables}


def test_what_was_run_once_is_not_run_again(job: TrainingJob, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("cotwin.train.open_simulation", partial(pytest.fail, "ran again"))
    again = replace(job, target=job.target.with_name("again.surrogate"))
    first, second = load_package(job.target).card, train_fluid_dynamics(again)
    assert second.errors == first.errors
    assert (again.target / "weights.safetensors").read_bytes() == (job.target / "weights.safetensors").read_bytes()


def test_a_missing_fmu_is_named_with_the_command_that_builds_it(tmp_path: Path):
    with pytest.raises(SurrogateError, match=r"python -m fmus\.build fluid_dynamics_20x10"):
        train_fluid_dynamics(TrainingJob(tmp_path, tmp_path / "x.surrogate"))
