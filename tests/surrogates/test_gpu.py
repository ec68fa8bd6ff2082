"""The same training step and the same inference on a GPU as on the CPU."""

import numpy as np
import pytest
import torch

from surrogates.design import Split
from surrogates.networks import to_numpy
from surrogates.training import Recipe, Stage, train
from surrogates.zone_model import HybridZones, untrained_network, zone_sequences
from surrogates.zone_network import Advanced
from surrogates.zone_runtime import step_on_device
from surrogates.zone_stepper import ZoneStepper
from surrogates.zone_training import reduced_tank
from tests.surrogates.small_tank import plan, tank, trajectories

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]


def trained_on(device: str) -> tuple[object, list[np.ndarray], list[float]]:
    basis, reduced = reduced_tank(tank(), trajectories()[Split.TRAIN], plan(3))
    data = {split: zone_sequences(trajectories()[split], basis) for split in (Split.TRAIN, Split.VALIDATION)}
    network = untrained_network(reduced, data[Split.TRAIN], (16, 16), seed=0)
    recipe = Recipe(stages=(Stage(1, 4, 16), Stage(4, 2, 8)), check_every=2, device=device)
    history = train(
        HybridZones(reduced, network), data[Split.TRAIN].tensors(), data[Split.VALIDATION].tensors(), recipe
    )
    return reduced, list(to_numpy(network).weights), history.losses


def test_training_steps_agree_with_those_of_the_cpu():
    _, here, losses_here = trained_on("cpu")
    _, there, losses_there = trained_on("cuda")
    np.testing.assert_allclose(losses_there, losses_here, rtol=1e-6)
    for one, other in zip(here, there, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-8 * np.abs(one).max())


def test_inference_agrees_with_that_of_the_cpu():
    basis, reduced = reduced_tank(tank(), trajectories()[Split.TRAIN], plan(3))
    data = zone_sequences(trajectories()[Split.TEST], basis)
    network = untrained_network(reduced, data, (16, 16), seed=0)
    with torch.no_grad():
        network.layers[-1].weight.fill_(0.1)
    layers = to_numpy(network)
    state = Advanced(data.z[0, 5], data.lumps[0, 5])
    scalars, rates = data.scalars[0, 5], data.rates[0, 5]
    here = ZoneStepper(reduced, layers)(state, scalars, rates)
    there = step_on_device(reduced, layers, "cuda")(state, scalars, rates)
    np.testing.assert_allclose(there.z, here.z, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(there.lumps, here.lumps, rtol=1e-10)
