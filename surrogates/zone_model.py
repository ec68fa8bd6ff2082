"""The hybrid of a tank in zones: known balances plus a network for what the reduction leaves out; trained in torch,
stepped in NumPy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from surrogates.dataset import Trajectory
from surrogates.networks import Normalizer, Perceptron
from surrogates.zone_basis import Basis, Floats
from surrogates.zone_network import (
    LUMPS,
    RATES,
    SCALARS,
    SPECIES,
    Advanced,
    ReducedTank,
    advance,
    features,
    turnover,
)


@dataclass(frozen=True, eq=False)
class ZoneSequences:
    """Trajectories of equal length on a basis: z (trajectories, points, species, K), lumps, scalars, rates."""

    z: Floats
    lumps: Floats
    scalars: Floats
    rates: Floats

    def tensors(self) -> dict[str, Tensor]:
        """The same for the training loop."""
        return {name: torch.as_tensor(values) for name, values in vars(self).items()}


def zone_fields(trajectory: Trajectory, names: Sequence[str]) -> Floats:
    """Values by zone, (points, len(names), n)."""
    return np.stack([trajectory.values[name] for name in names], axis=1)


def zone_sequences(trajectories: Sequence[Trajectory], basis: Basis) -> ZoneSequences:
    """Restrict trajectories of equal length to the basis."""
    fields = np.stack([zone_fields(one, SPECIES) for one in trajectories])
    return ZoneSequences(
        z=(basis.restrict @ fields[..., None])[..., 0],
        lumps=_columns(trajectories, LUMPS),
        scalars=_columns(trajectories, SCALARS),
        rates=np.stack([zone_fields(one, RATES) for one in trajectories]),
    )


class HybridZones(nn.Module):
    """Balances of the reduced tank with a network as closure; a RolloutModel over the fields.

    The means of X, S and A are settled by the balances. The network may dissolve oxygen, so the mean of DOT is scored
    too, as much as a whole field: K times.
    """

    def __init__(self, tank: ReducedTank, network: Perceptron) -> None:
        super().__init__()
        self.network = network
        self._tank = tank.convert(torch.as_tensor)

    def forward(self, state: Advanced, scalars: Tensor, rates: Tensor) -> Advanced:
        """One macro step of a batch: z (batch, species, K), lumps, scalars (batch, 4), rates (batch, species, n)."""
        device = scalars.device
        if self._tank.mean.device != device:
            self._tank = self._tank.convert(lambda array: array.to(device))
        return advance(torch, self._tank, state, scalars, rates, self.network)

    def rollout(self, window: Mapping[str, Tensor]) -> Tensor:
        """Scored values (batch, horizon, (species + 1) K) from the first state of the window and its inputs."""
        state, predicted = Advanced(window["z"][:, 0], window["lumps"][:, 0]), []
        for k in range(window["z"].shape[1] - 1):
            state = self(state, window["scalars"][:, k], window["rates"][:, k])
            predicted.append(state.z)
        return self._scored(torch.stack(predicted, dim=1))

    def target(self, window: Mapping[str, Tensor]) -> Tensor:
        """True values of the same."""
        return self._scored(window["z"][:, 1:])

    def _scored(self, z: Tensor) -> Tensor:
        K = z.shape[-1]
        oxygen = z[..., SPECIES.index("DOT"), :] @ self._tank.mean.to(z.device)
        return torch.cat([z.flatten(2), oxygen[..., None].expand(*oxygen.shape, K)], dim=-1)


def untrained_network(tank: ReducedTank, data: ZoneSequences, hidden: Sequence[int], seed: int) -> Perceptron:
    """A network whose inputs are normalized and whose outputs are scaled by what the balances alone leave over."""
    state = Advanced(data.z[:, :-1], data.lumps[:, :-1])
    scalars, rates = data.scalars[:, :-1], data.rates[:, :-1]
    seen = features(np, state, scalars, turnover(tank, state.z, rates) * tank.h)
    left = (data.z[:, 1:] - advance(np, tank, state, scalars, rates).z) / tank.h
    causes = left.reshape(-1, tank.closure.shape[0]) @ np.linalg.pinv(tank.closure).T
    scale = np.sqrt((causes**2).mean(axis=0))
    return Perceptron(Normalizer.of(seen.reshape(-1, seen.shape[-1])), hidden, scale, seed)


def free_run(tank: ReducedTank, closure: Callable[[Floats], Floats] | None, data: ZoneSequences) -> Advanced:
    """All trajectories from their first states with the recorded inputs; z and lumps (trajectories, points, ...)."""
    batched = None if closure is None else _over_batch(closure)
    state = Advanced(data.z[:, 0], data.lumps[:, 0])
    states = [state]
    for k in range(data.z.shape[1] - 1):
        state = advance(np, tank, state, data.scalars[:, k], data.rates[:, k], batched)
        states.append(state)
    return Advanced(np.stack([one.z for one in states], 1), np.stack([one.lumps for one in states], 1))


def _over_batch(closure: Callable[[Floats], Floats]) -> Callable[[Floats], Floats]:
    return lambda seen: np.stack([closure(one) for one in seen])


def _columns(trajectories: Sequence[Trajectory], names: Sequence[str]) -> Floats:
    return np.stack([np.concatenate([one.values[name] for name in names], axis=1) for one in trajectories])
