"""Designs: from where, and with which inputs over time, a component is run to learn from it.

Start values and parameters come from a Sobol sequence over their ranges; inputs move as amplitude-modulated
pseudo-random steps (APRBS), ramps and holds in turn. Four splits with seeds of their own: train, validation (early
stop), test (untouched until the errors are reported) and stress (ranges widened, to see what lies beyond).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

Floats = NDArray[np.float64]

STRESS_WIDENING = 1.5


class Split(StrEnum):
    """What a design is for; every split has its own random numbers."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    STRESS = "stress"


class Excitation(StrEnum):
    """How an input moves: steps of random heights and lengths, ramps through its whole range, or not at all."""

    APRBS = "aprbs"
    RAMP = "ramp"
    HOLD = "hold"


@dataclass(frozen=True)
class Range:
    """Range of a start value, parameter or input, spaced evenly, or evenly in the logarithm."""

    name: str
    low: float
    high: float
    logarithmic: bool = False

    def __post_init__(self) -> None:
        if not self.low <= self.high or (self.logarithmic and self.low <= 0.0):
            raise ValueError(
                f"range of '{self.name}': {self.low:g} to {self.high:g}; give low <= high, > 0 if logarithmic"
            )

    def at(self, fraction: Floats) -> Floats:
        """Values at fractions 0 (low) to 1 (high)."""
        if self.logarithmic:
            return np.asarray(self.low * (self.high / self.low) ** fraction)
        return self.low + (self.high - self.low) * fraction

    def widened(self, factor: float) -> "Range":
        """The range stretched about its centre; what was not negative stays so."""
        if self.logarithmic:
            reach = (self.high / self.low) ** ((factor - 1.0) / 2.0)
            return Range(self.name, self.low / reach, self.high * reach, logarithmic=True)
        reach = (factor - 1.0) / 2.0 * (self.high - self.low)
        low = self.low - reach
        return Range(self.name, max(low, 0.0) if self.low >= 0.0 else low, self.high + reach)


@dataclass(frozen=True)
class DesignSpace:
    """`fixed` values are drawn once a trajectory (start values, parameters), `inputs` move in time.

    An input keeps a level for `dwell` = (shortest, longest) macro steps.
    """

    fixed: tuple[Range, ...]
    inputs: tuple[Range, ...]
    dwell: tuple[int, int] = (5, 40)

    def widened(self, factor: float) -> "DesignSpace":
        """The space with every range stretched about its centre."""
        fixed = tuple(one.widened(factor) for one in self.fixed)
        return DesignSpace(fixed, tuple(one.widened(factor) for one in self.inputs), self.dwell)


@dataclass(frozen=True, eq=False)
class Design:
    """One run: start values and parameters by name, inputs (steps,) by name, and the macro step (s)."""

    split: Split
    index: int
    step: float
    fixed: Mapping[str, float]
    inputs: Mapping[str, Floats]

    @property
    def steps(self) -> int:
        """Number of macro steps."""
        return len(next(iter(self.inputs.values())))

    @property
    def key(self) -> str:
        """SHA-256 of everything in the design."""
        digest = hashlib.sha256(f"{self.split} {self.index} {self.step!r}".encode())
        for name in sorted(self.fixed):
            digest.update(f"{name}={float(self.fixed[name])!r};".encode())
        for name in sorted(self.inputs):
            digest.update(name.encode() + np.ascontiguousarray(self.inputs[name], dtype="<f8").tobytes())
        return digest.hexdigest()


def make_designs(
    space: DesignSpace, split: Split, count: int, steps: int, step: float, seed: int
) -> tuple[Design, ...]:
    """`count` designs of `steps` macro steps; the same arguments give the same designs, bit by bit."""
    if split is Split.STRESS:
        space = space.widened(STRESS_WIDENING)
    generator = np.random.default_rng([seed, list(Split).index(split)])
    fractions = _sobol(len(space.fixed), count, generator)
    designs = []
    for index in range(count):
        fixed = {one.name: float(one.at(fractions[index, k])) for k, one in enumerate(space.fixed)}
        inputs = {
            one.name: excite(one, _kind(index, k), steps, space.dwell, generator) for k, one in enumerate(space.inputs)
        }
        designs.append(Design(split, index, step, fixed, inputs))
    return tuple(designs)


def excite(span: Range, kind: Excitation, steps: int, dwell: tuple[int, int], generator: np.random.Generator) -> Floats:
    """An input over `steps` macro steps, inside its range."""
    if kind is Excitation.HOLD:
        return np.full(steps, span.at(generator.random(1))[0])
    knots = np.cumsum(generator.integers(dwell[0], dwell[1], size=steps, endpoint=True))
    knots = np.concatenate([[0], knots[knots < steps], [steps]])
    levels = generator.random(len(knots))
    at = np.arange(steps)
    if kind is Excitation.RAMP:
        passed = np.interp(at, knots, levels)
        return span.at((passed - passed.min()) / max(np.ptp(passed), 1e-12))
    return span.at(levels[np.searchsorted(knots, at, side="right") - 1])


def _kind(design: int, position: int) -> Excitation:
    """Kinds in turn over designs and inputs; in every fourth design all inputs are held, so that the run settles."""
    kinds = tuple(Excitation)
    return Excitation.HOLD if design % 4 == 3 else kinds[(design + position) % len(kinds)]


def _sobol(dimensions: int, count: int, generator: np.random.Generator) -> Floats:
    if dimensions == 0:
        return np.zeros((count, 0))
    sampler = qmc.Sobol(dimensions, scramble=True, rng=generator)
    # Whole powers of two keep the sequence balanced; what is not needed is left.
    points: Floats = sampler.random_base2(max(count - 1, 0).bit_length())
    return points[:count]
