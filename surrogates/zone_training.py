"""From trajectories of a tank in zones to a package: basis, fits, network, errors on untouched designs, card."""

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from orchestrator.errors import SurrogateError
from surrogates.dataset import Trajectory
from surrogates.design import Split
from surrogates.guard import Box
from surrogates.networks import NumpyPerceptron, to_numpy
from surrogates.package import Card, Variable, save_package
from surrogates.training import History, Progress, Recipe, train
from surrogates.zone_basis import Basis, Floats, build_basis, zone_groups
from surrogates.zone_model import HybridZones, ZoneSequences, free_run, untrained_network, zone_fields, zone_sequences
from surrogates.zone_network import (
    ALGEBRAIC,
    SCALARS,
    SPECIES,
    Advanced,
    ReducedTank,
    ZoneTank,
    fit_algebraic,
    reduce_tank,
)
from surrogates.zone_runtime import guarded, guarded_names, tank_to_arrays
from surrogates.zone_stepper import ZoneStepper

WORTHWHILE = 0.95
"""A network that leaves more than this share of the validation error of the balances alone is left out."""

Clock = Callable[[], float]
"""Time (s) from an arbitrary zero; handed in, since only the paced loop's module reads a clock."""

Trajectories = Mapping[Split, Sequence[Trajectory]]


@dataclass(frozen=True)
class ZonePlan:
    """Zones in `stages` x `rings`, grouped in `bands` x `shells`; deviation modes, network and how to train it."""

    stages: int
    rings: int
    bands: int = 5
    shells: int = 2
    modes: int = 8
    hidden: tuple[int, ...] = (64, 64)
    recipe: Recipe = field(default_factory=Recipe)


class Trained(NamedTuple):
    """A trained surrogate; `network` is None where it would not earn its place."""

    basis: Basis
    tank: ReducedTank
    network: NumpyPerceptron | None
    candidate: NumpyPerceptron
    history: History
    seconds: float
    seconds_per_step: float


@dataclass(frozen=True, eq=False)
class Subject:
    """What the surrogate stands for: its name, the tank, its variables and the identity of its FMU."""

    name: str
    tank: ZoneTank
    variables: tuple[Variable, ...]
    fmu: Mapping[str, str]


def train_zones(
    tank: ZoneTank, trajectories: Trajectories, plan: ZonePlan, clock: Clock, progress: Progress | None = None
) -> Trained:
    """Reduce the tank on a basis from the training data, and train the network on what that leaves over."""
    training = trajectories[Split.TRAIN]
    basis, reduced = reduced_tank(tank, training, plan)
    data = {split: zone_sequences(trajectories[split], basis) for split in (Split.TRAIN, Split.VALIDATION)}
    network = untrained_network(reduced, data[Split.TRAIN], plan.hidden, plan.recipe.seed)
    model = HybridZones(reduced, network)
    started = clock()
    history = train(model, data[Split.TRAIN].tensors(), data[Split.VALIDATION].tensors(), plan.recipe, progress)
    candidate = to_numpy(network)
    kept = candidate if history.best < WORTHWHILE else None
    seconds = clock() - started
    per_step = seconds_per_step(reduced, kept, data[Split.VALIDATION], clock)
    return Trained(basis, reduced, kept, candidate, history, seconds, per_step)


def reduced_tank(tank: ZoneTank, training: Sequence[Trajectory], plan: ZonePlan) -> tuple[Basis, ReducedTank]:
    """Basis from the snapshots of the training data, and the tank on it."""
    snapshots = np.concatenate([zone_fields(one, SPECIES) for one in training]).transpose(1, 0, 2)
    groups = zone_groups(plan.stages, plan.rings, plan.bands, plan.shells)
    # Controllers act on the probe: an error of its reading would be an offset of everything that they hold.
    basis = build_basis(groups, snapshots, plan.modes, {SPECIES.index("DOT"): tank.probe_zone})
    # Outputs at the end of a macro step belong to the inputs that were held on the way there.
    scalars = _columns(training, SCALARS, slice(0, -1))
    V, said = (_columns(training, names, slice(1, None)) for names in (("V",), ALGEBRAIC))
    fit = fit_algebraic(scalars, V[:, 0], said)
    return basis, reduce_tank(tank, basis, fit, training[0].step)


def save_zones(path: Path, subject: Subject, trained: Trained, trajectories: Trajectories, plan: ZonePlan) -> Card:
    """Measure the errors on the test and stress designs, write the package, return its card."""
    card = zone_card(subject, trained, trajectories, plan)
    arrays = tank_to_arrays(trained.tank, trained.basis.groups)
    if trained.network is not None:
        arrays |= {f"network.{name}": array for name, array in trained.network.arrays().items()}
    save_package(path, card, arrays)
    return card


def zone_card(subject: Subject, trained: Trained, trajectories: Trajectories, plan: ZonePlan) -> Card:
    """Card with the validity box and every error, with and without the network."""
    box = validity_box(trained.basis, trajectories[Split.TRAIN])
    measured = [split for split in (Split.TEST, Split.STRESS) if trajectories.get(split)]
    if Split.TEST not in measured:
        raise SurrogateError(f"surrogate '{subject.name}': no test designs. Give some, its errors go on the card")
    errors = {str(split): errors_of(trained, trained.network, trajectories[split]) for split in measured}
    alone = errors_of(trained, None, trajectories[Split.TEST])["free_run"]
    both = errors_of(trained, trained.candidate, trajectories[Split.TEST])["free_run"]
    return Card(
        name=subject.name,
        kind="zones",
        fmu=subject.fmu,
        macro_step=trained.tank.h,
        variables=subject.variables,
        constants=vars(trained.tank.constants),
        box={name: (float(low), float(high)) for name, low, high in zip(box.names, box.low, box.high, strict=True)},
        designs={one.key: str(one.split) for split in trajectories for one in trajectories[split]},
        errors=errors,
        ablation={"balances alone": alone, "balances and network": both},
        training={
            "validation_error_relative_to_balances_alone": trained.history.best,
            "network_kept": float(trained.network is not None),
            "iterations": float(len(trained.history.losses)),
            "groups": float(trained.basis.count),
            "modes": float(plan.modes),
        },
        timings={"training": trained.seconds, "step": trained.seconds_per_step},
        versions={"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
        seed=plan.recipe.seed,
    )


def validity_box(basis: Basis, training: Sequence[Trajectory]) -> Box:
    """Bounds of inputs, volume, gas and group means over the training data."""
    samples = []
    for one in training:
        data = zone_sequences([one], basis)
        state = Advanced(data.z[0], data.lumps[0])
        samples.append(guarded(basis.count, state, data.scalars[0]))
    return Box.around(guarded_names(basis.count), np.concatenate(samples))


def errors_of(
    trained: Trained, network: NumpyPerceptron | None, trajectories: Sequence[Trajectory]
) -> dict[str, dict[str, float]]:
    """Normalized root mean square errors of means and of zones, in one step and in a free run with recorded inputs."""
    basis, tank = trained.basis, trained.tank
    data = zone_sequences(trajectories, basis)
    truth = np.stack([zone_fields(one, SPECIES) for one in trajectories])
    runs = {"free_run": free_run(tank, network, data).z[:, 1:], "one_step": _one_step(tank, network, data)}
    return {kind: _normalized(basis, z, truth) for kind, z in runs.items()}


def seconds_per_step(tank: ReducedTank, network: NumpyPerceptron | None, data: ZoneSequences, clock: Clock) -> float:
    """Median time of a step of the equations, without reading and writing connectors."""
    stepper, times = ZoneStepper(tank, network), []
    state = Advanced(data.z[0, 0], data.lumps[0, 0])
    for scalars, rates in zip(data.scalars[0, :-1], data.rates[0, :-1], strict=True):
        started = clock()
        state = stepper(state, scalars, rates)
        times.append(clock() - started)
    return float(np.median(times))


def _one_step(tank: ReducedTank, network: NumpyPerceptron | None, data: ZoneSequences) -> Floats:
    points = data.z.shape[1] - 1
    runs = [replace(data, **{name: values[:, k : k + 2] for name, values in vars(data).items()}) for k in range(points)]
    return np.concatenate([free_run(tank, network, run).z[:, 1:] for run in runs], axis=1)


def _normalized(basis: Basis, z: Floats, truth: Floats) -> dict[str, float]:
    lifted, truth = (basis.lift @ z[..., None])[..., 0], truth[:, 1:]
    errors = {}
    for k, name in enumerate(SPECIES):
        field, true = lifted[:, :, k], truth[:, :, k]
        means = true.mean(axis=-1)
        errors[f"{name}_mean"] = _nrmse(field.mean(axis=-1) - means, means)
        errors[name] = _nrmse(field - true, true)
    return errors


def _nrmse(error: Floats, truth: Floats) -> float:
    return float(np.sqrt(np.mean(error**2)) / max(truth.std(), 1e-300))


def _columns(trajectories: Sequence[Trajectory], names: Sequence[str], rows: slice) -> Floats:
    return np.concatenate([np.concatenate([one.values[name][rows] for name in names], axis=1) for one in trajectories])
