"""Training: a plain loop from one-step errors to long rollouts, stopped by the rollout error on validation data."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn

from orchestrator.errors import SurrogateError

Sequences = Mapping[str, Tensor]
"""By name (trajectories, steps + 1, ...): states at the communication points, and the inputs held from there on."""


class RolloutModel(Protocol):
    """What can be trained: it predicts the states of a window from the first one and the inputs."""

    def rollout(self, window: Sequences) -> Tensor:
        """Predicted states (batch, horizon, states) of a window with horizon + 1 points."""
        ...

    def target(self, window: Sequences) -> Tensor:
        """True states (batch, horizon, states)."""
        ...

    def train(self) -> nn.Module:
        """Switch to training, as torch does."""
        ...


@dataclass(frozen=True)
class Stage:
    """Iterations with windows of `horizon` macro steps."""

    horizon: int
    iterations: int
    batch: int = 64


@dataclass(frozen=True)
class Recipe:
    """How to train; the same recipe on the same data and machine gives the same weights.

    Networks of this size are fastest on one thread: handing work to a second costs more than the work.
    """

    stages: tuple[Stage, ...] = (Stage(1, 400), Stage(8, 150), Stage(32, 60, 32))
    learning_rate: float = 2e-3
    averaging: float = 0.99
    huber: float = 3.0
    check_every: int = 50
    patience: int = 6
    seed: int = 0
    device: str = "cpu"
    threads: int = 1


@dataclass
class History:
    """What the loop saw: loss by iteration, and (iteration, validation error relative to the untrained model)."""

    losses: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    best: float = 1.0


Progress = Callable[[int, int, float], None]
"""Told (iteration, iterations, best validation error)."""


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def train(
    model: nn.Module, data: Sequences, validation: Sequences, recipe: Recipe, progress: Progress | None = None
) -> History:
    """Train a model (a RolloutModel) in place and leave the best averaged weights in it.

    Errors are scaled, for each state and each length of rollout, by those of the untrained model: a loss of 1 is no
    better than the known part alone. The untrained model itself is a candidate, so the result is never worse on the
    validation rollouts. Raises SurrogateError where the loss stops being a number.
    """
    with _threads(recipe.threads):
        return _train(model, data, validation, recipe, progress)


def _train(
    model: nn.Module, data: Sequences, validation: Sequences, recipe: Recipe, progress: Progress | None
) -> History:
    device = torch.device(recipe.device)
    model.to(device)
    data, validation = _moved(data, device), _moved(validation, device)
    generator = torch.Generator().manual_seed(recipe.seed)
    average, best = deepcopy(model), deepcopy(model.state_dict())
    history, iteration = History(validation=[(0, 1.0)]), 0
    reference = _errors(model, validation)
    total = sum(stage.iterations for stage in recipe.stages)
    for stage in recipe.stages:
        scale = _scale(model, data, stage, generator)
        optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate, weight_decay=1e-4)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, stage.iterations)
        waited = 0
        for _ in range(stage.iterations):
            window = sample_windows(data, stage, generator)
            residual = (rollout_of(model)(window) - target_of(model)(window)) / scale
            loss = nn.functional.huber_loss(residual, torch.zeros_like(residual), delta=recipe.huber)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            _average(average, model, recipe.averaging, iteration)
            iteration += 1
            history.losses.append(loss.item())
            if not torch.isfinite(loss):
                raise SurrogateError(f"training: loss {loss.item()} at iteration {iteration}. Lower the learning rate")
            if iteration % recipe.check_every:
                continue
            error = float((_errors(average, validation) / reference).mean())
            history.validation.append((iteration, error))
            waited = 0 if error < history.best else waited + 1
            if error < history.best:
                history.best, best = error, deepcopy(average.state_dict())
            if progress is not None:
                progress(iteration, total, history.best)
            if waited >= recipe.patience:
                break
        # The next, longer rollouts go on from the best weights.
        model.load_state_dict(best)
        average.load_state_dict(best)
    return history


def sample_windows(data: Sequences, stage: Stage, generator: torch.Generator) -> Sequences:
    """Windows (batch, horizon + 1, ...) at random places."""
    trajectories, points = next(iter(data.values())).shape[:2]
    if points <= stage.horizon:
        raise SurrogateError(f"training: windows of {stage.horizon} steps do not fit {points - 1}. Shorten them")
    which = torch.randint(trajectories, (stage.batch, 1), generator=generator)
    first = torch.randint(points - stage.horizon, (stage.batch, 1), generator=generator)
    at = first + torch.arange(stage.horizon + 1)
    return {name: values[which.to(values.device), at.to(values.device)] for name, values in data.items()}


def rollout_of(model: nn.Module) -> Callable[[Sequences], Tensor]:
    """The model's `rollout`."""
    return model.rollout  # type: ignore[return-value]


def target_of(model: nn.Module) -> Callable[[Sequences], Tensor]:
    """The model's `target`."""
    return model.target  # type: ignore[return-value]


@torch.no_grad()
def _errors(model: nn.Module, data: Sequences) -> Tensor:
    """Root mean square error of whole rollouts, by state, (states,)."""
    error = rollout_of(model)(data) - target_of(model)(data)
    return _floored(error.square().mean(dim=(0, 1)).sqrt(), target_of(model)(data))


@torch.no_grad()
def _scale(model: nn.Module, data: Sequences, stage: Stage, generator: torch.Generator) -> Tensor:
    """Root mean square error over the horizon (horizon, states), of the model as it is."""
    window = sample_windows(data, Stage(stage.horizon, 1, 256), generator)
    error = rollout_of(model)(window) - target_of(model)(window)
    return _floored(error.square().mean(dim=0).sqrt(), target_of(model)(window))


def _floored(errors: Tensor, target: Tensor) -> Tensor:
    """Errors below rounding of the states are no errors worth learning."""
    return torch.maximum(errors, 1e-10 * target.abs().amax(dim=(0, 1)) + 1e-30)


@torch.no_grad()
def _average(average: nn.Module, model: nn.Module, decay: float, iteration: int) -> None:
    share = min(decay, (1 + iteration) / (10 + iteration))
    for slow, fast in zip(average.parameters(), model.parameters(), strict=True):
        slow.lerp_(fast, 1.0 - share)


def _moved(data: Sequences, device: torch.device) -> dict[str, Tensor]:
    return {name: values.to(device) for name, values in data.items()}
