"""Networks: a multilayer perceptron in torch for training, and the same in NumPy for stepping one twin on a CPU."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Floats = NDArray[np.float64]


class Normalizer(nn.Module):
    """(x - mean) / scale, with constants kept beside the weights."""

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Floats, scale: Floats) -> None:
        super().__init__()
        self.register_buffer("mean", torch.as_tensor(mean))
        self.register_buffer("scale", torch.as_tensor(scale))

    def forward(self, x: Tensor) -> Tensor:
        """Normalize (batch, features)."""
        return (x - self.mean) / self.scale

    @classmethod
    def of(cls, samples: Floats) -> "Normalizer":
        """Mean and standard deviation over samples (m, features); a feature that never moves is only centred."""
        scale = samples.std(axis=0)
        still = scale <= 1e-12 * np.maximum(np.abs(samples).max(axis=0), 1e-300)
        return cls(samples.mean(axis=0), np.where(still, 1.0, scale))


class Perceptron(nn.Module):
    """SiLU layers between a normalizer and output scales, in float64.

    The last layer starts at zero, so an untrained network says nothing: what it is added to is the starting point.
    """

    output_scale: Tensor

    def __init__(self, normalizer: Normalizer, hidden: Sequence[int], output_scale: Floats, seed: int) -> None:
        super().__init__()
        self.normalizer = normalizer
        self.register_buffer("output_scale", torch.as_tensor(output_scale))
        generator = torch.Generator().manual_seed(seed)
        sizes = [len(normalizer.mean), *hidden, len(output_scale)]
        self.layers = nn.ModuleList(_linear(wide, narrow, generator) for wide, narrow in pairwise(sizes))
        last = self.layers[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)

    def forward(self, x: Tensor) -> Tensor:
        """From (..., features) to (..., outputs)."""
        x = self.normalizer(x)
        for layer in self.layers[:-1]:
            x = nn.functional.silu(layer(x))
        scaled: Tensor = self.layers[-1](x) * self.output_scale
        return scaled


@dataclass(frozen=True, eq=False)
class NumpyPerceptron:
    """The same function in NumPy, normalizer and scales folded into the first and the last layer."""

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]

    def __call__(self, x: Floats) -> Floats:
        """From (features,) to (outputs,)."""
        last = len(self.weights) - 1
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = weight @ x + bias
            if k < last:
                x = x / (1.0 + np.exp(-x))
        return x

    def arrays(self) -> dict[str, Floats]:
        """Weights and biases by name."""
        weights = {f"weight.{k}": weight for k, weight in enumerate(self.weights)}
        return weights | {f"bias.{k}": bias for k, bias in enumerate(self.biases)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, Floats]) -> "NumpyPerceptron":
        """From what `arrays` gave."""
        layers = range(len(arrays) // 2)
        return cls(tuple(arrays[f"weight.{k}"] for k in layers), tuple(arrays[f"bias.{k}"] for k in layers))


def to_numpy(network: Perceptron) -> NumpyPerceptron:
    """Fold a trained network into arrays."""
    layers = [layer for layer in network.layers if isinstance(layer, nn.Linear)]
    weights = [_array(layer.weight) for layer in layers]
    biases = [_array(layer.bias) for layer in layers]
    mean, scale = _array(network.normalizer.mean), _array(network.normalizer.scale)
    weights[0] = weights[0] / scale
    biases[0] = biases[0] - weights[0] @ mean
    output = _array(network.output_scale)
    weights[-1], biases[-1] = weights[-1] * output[:, None], biases[-1] * output
    return NumpyPerceptron(tuple(weights), tuple(biases))


def _linear(wide: int, narrow: int, generator: torch.Generator) -> nn.Linear:
    layer = nn.Linear(wide, narrow, dtype=torch.float64)
    bound = wide**-0.5
    with torch.no_grad():
        layer.weight.uniform_(-bound, bound, generator=generator)
        layer.bias.zero_()
    return layer


def _array(tensor: Tensor) -> Floats:
    return np.array(tensor.detach().cpu().numpy(), dtype=np.float64)
