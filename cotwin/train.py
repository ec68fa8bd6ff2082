"""Training: the surrogate of the tank in zones, from runs of its FMU coupled with the metabolism.

The coupled pair is driven by designs (stirrer speed, air, feed, temperature and start values), so the rates that the
tank receives are those that cells give it.
"""

import hashlib
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.assembly import open_instance, open_simulation
from orchestrator.errors import SurrogateError
from orchestrator.instance import Instance
from orchestrator.realtime import clock
from orchestrator.simulation import Simulation
from orchestrator.system.connector import Causality, Connector
from orchestrator.system.description import Component
from plant_models.fluid_dynamics.correlations import KLA_COALESCING, KLA_NON_COALESCING
from plant_models.fluid_dynamics.network import build_network
from plant_models.fluid_dynamics.vessel import PRODUCTION
from surrogates.dataset import ParallelMap, Trajectory, collect
from surrogates.design import Design, DesignSpace, Range, Split, make_designs
from surrogates.package import Card, Variable
from surrogates.training import Recipe, Stage
from surrogates.zone_network import ALGEBRAIC, LUMPS, RATES, SCALARS, SPECIES, TankConstants, ZoneTank
from surrogates.zone_training import Subject, ZonePlan, save_zones, train_zones

STEP = 1.0
INPUTS = {
    "stirrer_speed": "reactor.stirrer_speed",
    "air_flow": "reactor.air_flow",
    "feed": "reactor.feed",
    "T": "metabolism.T",
}
COUPLING = (
    *(f"reactor.{name} -> metabolism.{name}" for name in (*SPECIES, "V")),
    *(f"metabolism.{name} -> reactor.{name}" for name in (*RATES, "CER")),
)

SPACE = DesignSpace(
    fixed=(
        Range("X", 15.0, 28.0),
        Range("S", 0.004, 0.06),
        Range("A", 0.002, 0.06),
        Range("DOT", 25.0, 80.0),
        Range("DOT_probe", 25.0, 80.0),
        Range("V", 9500.0, 11000.0),
        Range("y_O2", 0.150, 0.2095),
        Range("y_CO2", 0.0004, 0.04),
    ),
    inputs=(
        Range("stirrer_speed", 1.95, 3.3),
        Range("air_flow", 5500.0, 12500.0),
        Range("feed", 50.0, 105.0),
        Range("T", 308.15, 312.15),
    ),
)
"""Fed-batch phase of the 12 m3 tank: ranges around what the recipe of the plant runs through."""

DEMO_RECIPE = Recipe(stages=(Stage(1, 300), Stage(8, 100), Stage(24, 25, 16)), check_every=25)


@dataclass(frozen=True)
class TrainingJob:
    """FMUs in the folder `fmus`, the package to write, runs by split as (number, macro steps), and how to train.

    `parameters` replace start values of the tank. `cache` keeps trajectories by content; None keeps nothing.
    """

    fmus: Path
    target: Path
    cache: Path | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)
    runs: Mapping[Split, tuple[int, int]] = field(
        default_factory=lambda: {
            Split.TRAIN: (16, 180),
            Split.VALIDATION: (2, 120),
            Split.TEST: (3, 200),
            Split.STRESS: (2, 150),
        }
    )
    plan: ZonePlan = field(default_factory=lambda: ZonePlan(stages=20, rings=10, recipe=DEMO_RECIPE))
    workers: int = 2
    seed: int = 0

    @property
    def tank(self) -> Path:
        """FMU of the tank, with as many zones as the plan has."""
        return self.fmus / f"fluid_dynamics_{self.plan.stages}x{self.plan.rings}.fmu"

    @property
    def cells(self) -> Path:
        """FMU of the metabolism in as many zones."""
        return self.fmus / f"metabolism_{self.plan.stages * self.plan.rings}.fmu"


Progress = Callable[[str, int, int], None]
"""Told (what is being done, done, total)."""


def train_fluid_dynamics(job: TrainingJob, progress: Progress = lambda what, done, total: None) -> Card:  # noqa: ARG005
    """Collect data from the FMUs, train, measure the errors, write the package; its card.

    SurrogateError where an FMU is missing or the data cannot be used.
    """
    for file in (job.tank, job.cells):
        if not file.exists():
            raise SurrogateError(f"{file} does not exist. Build it: python -m fmus.build {file.stem}")
    trajectories = collect_trajectories(job, partial(progress, "data"))
    subject = describe(job)
    trained = train_zones(
        subject.tank,
        trajectories,
        job.plan,
        clock.seconds,
        lambda done, total, best: progress(f"training (error {best:.3g} of the balances alone)", done, total),
    )
    return save_zones(job.target, subject, trained, trajectories, job.plan)


def collect_trajectories(
    job: TrainingJob, progress: Callable[[int, int], None]
) -> Mapping[Split, tuple[Trajectory, ...]]:
    """Run all designs in `workers` processes."""
    designs = {split: make_designs(SPACE, split, *job.runs[split], STEP, job.seed) for split in job.runs}
    everything = [design for split in designs for design in designs[split]]
    tag = " ".join([_sha256(job.tank), _sha256(job.cells), repr(sorted(job.parameters.items()))])
    run = partial(run_design, job.tank.resolve(), job.cells.resolve(), dict(job.parameters))
    with _parallel(job.workers) as parallel:
        done = iter(collect(run, everything, map=parallel, cache=job.cache, tag=tag, progress=progress))
        return {split: tuple(next(done) for _ in designs[split]) for split in designs}


def run_design(tank: Path, cells: Path, parameters: dict[str, float], design: Design) -> Trajectory:
    """Step tank and metabolism by hand through a design."""
    description = {
        "name": "training",
        "components": {
            "metabolism": {"source": str(cells)},
            "reactor": {"source": str(tank), "parameters": {**parameters, **design.fixed}},
        },
        "connections": list(COUPLING),
        "experiment": {"stop": design.steps * design.step, "tolerance": 1e-6},
        "step_size": design.step,
        "record": ["reactor.V"],
    }
    with open_simulation(description) as simulation:
        return _driven(simulation, design)


def _driven(simulation: Simulation[Any], design: Design) -> Trajectory:
    """States and outputs are read at the communication points, inputs as the tank held them on the way to the next."""
    shown: list[dict[str, Any]] = []
    held: list[dict[str, Any]] = []
    for k in range(design.steps):
        for name, values in design.inputs.items():
            simulation.write(INPUTS[name], float(values[k]))
        if k == 0:
            simulation.initialize()
            shown.append(_read(simulation, (*SPECIES, *LUMPS, *ALGEBRAIC)))
        simulation.step()
        held.append(_read(simulation, (*RATES, *SCALARS)))
        shown.append(_read(simulation, (*SPECIES, *LUMPS, *ALGEBRAIC)))
    held.append(held[-1])
    recorded = {name: np.stack([row[name] for row in rows]) for rows in (shown, held) for name in rows[0]}
    return Trajectory(design.key, design.split, design.step, recorded)


def describe(job: TrainingJob) -> Subject:
    """The tank as the surrogate is to know it: flows from the zone network, everything else from the FMU."""
    instance = open_instance("reactor", Component(source=job.tank))
    try:
        variables = tuple(_variable(connector, job.parameters) for connector in _offered(instance))
        identity = dict(instance.identity)
    finally:
        instance.close()
    identity["sha256"] = _sha256(job.tank)
    starts = {variable.name: variable.start[0] for variable in variables if variable.start}
    starts["cross_section"] = PRODUCTION.cross_section
    constants = TankConstants(**{one.name: starts[one.name] for one in fields(TankConstants)})
    network = build_network(job.plan.stages, job.plan.rings, PRODUCTION)
    exponent = (KLA_COALESCING if starts["coalescing"] else KLA_NON_COALESCING)[1]
    tank = ZoneTank(
        T_stir=network.T_stir.dense(),
        T_feed=network.T_feed.dense(),
        kLa_weights=network.kLa_weights(exponent),
        depths=1.0 - network.heights,
        feed_zone=network.feed_zone,
        probe_zone=network.probe_zone,
        constants=constants,
    )
    return Subject(job.tank.stem, tank, variables, identity)


def _offered(instance: Instance) -> Iterator[Connector]:
    """Inputs, outputs, parameters and states; derivatives and time are left to the FMU."""
    kept = (Causality.INPUT, Causality.OUTPUT, Causality.PARAMETER)
    for connector in instance.connectors:
        if connector.causality in kept or connector.is_state:
            yield connector


def _variable(connector: Connector, parameters: Mapping[str, float]) -> Variable:
    unit = connector.unit
    start = (parameters[connector.name],) if connector.name in parameters else connector.start or ()
    return Variable(
        name=connector.name,
        causality=str(connector.causality),
        size=connector.size if connector.shape else 0,
        reference=connector.reference,
        unit="1" if unit is None else unit.name,
        start=tuple(map(float, start)),
        nominal=connector.nominal,
        is_state=connector.is_state,
        si=None if unit is None or unit.exponents is None else (unit.exponents, unit.factor, unit.offset),
        description=connector.description,
    )


def _read(simulation: Simulation[Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: np.atleast_1d(np.asarray(simulation.read(f"reactor.{name}"), dtype=float)) for name in names}


@contextmanager
def _parallel(workers: int) -> Iterator[ParallelMap]:
    """A map over fresh processes, which inherit no state of this one; the built-in map for one worker."""
    if workers <= 1:
        yield map
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield pool.imap


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
