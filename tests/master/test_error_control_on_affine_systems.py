"""Error control on random affine systems: x' = A x + b, a component for each state, with its own exact solution."""

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import expm

from tests.coupled import Memory, simulation
from tests.doubles import FunctionInstance, an_input

STOP = 2.0
STEP_SIZE = 1.0

SAFETY = 2.0
"""An estimate from two step lengths is that of the leading power of h alone."""


class Affine(NamedTuple):
    """Each state is drawn back faster than the others push it: the system forgets its errors in the maximum norm.

    No state starts near 0, which would make its scale small.
    """

    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]
    start: NDArray[np.float64]

    @classmethod
    def random(cls, seed: int) -> "Affine":
        random = np.random.default_rng(seed)
        n = int(random.integers(2, 6))
        matrix = random.normal(size=(n, n)) * random.uniform(0.3, 1.5)
        np.fill_diagonal(matrix, 0.0)
        np.fill_diagonal(matrix, -np.abs(matrix).sum(axis=1) - random.uniform(0.1, 1.0, n))
        start = random.uniform(0.5, 1.5, n) * random.choice([-1.0, 1.0], n)
        return cls(matrix, random.normal(size=n), start)

    def exact(self, times: list[float]) -> NDArray[np.float64]:
        rest = -np.linalg.solve(self.matrix, self.offset)
        return np.array([rest + expm(self.matrix * t) @ (self.start - rest) for t in times])

    def components(self) -> list[FunctionInstance]:
        return [self._component(i) for i in range(len(self.offset))]

    def links(self) -> list[str]:
        names = range(len(self.offset))
        return [f"s{j}.y -> s{i}.u{j}" for i in names for j in names if i != j]

    def _component(self, i: int) -> FunctionInstance:
        others = [j for j in range(len(self.offset)) if j != i]
        rate, gains, offset = float(self.matrix[i, i]), self.matrix[i, others], float(self.offset[i])

        def step(t: float, h: float, u: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
            rest = -(gains @ u + offset) / rate
            return rest + np.exp(rate * h) * (x - rest)

        inputs = [an_input(f"u{j}") for j in others]
        return FunctionInstance(lambda t, u, x: x, name=f"s{i}", inputs=inputs, step=step, state=[self.start[i]])


class Ran(NamedTuple):
    error: float
    steps: int


def run(system: Affine, tolerance: float, **more: object) -> Ran:
    """The largest error at any time, in units of the largest value that each state has had."""
    memory = Memory()
    control = {"method": "error", "tolerance": tolerance, "first": 1e-3}
    with simulation(
        system.components(),
        system.links(),
        observers=[memory],
        stop=STOP,
        step_size=STEP_SIZE,
        step_control=control,
        **more,
    ) as simulated:
        simulated.run()
        steps = simulated.coupling.statistics.macro_steps
    values = np.stack([memory.of(f"s{i}", "y")[:, 0] for i in range(len(system.offset))], axis=1)
    scales = np.maximum.accumulate(np.abs(values), axis=0)
    return Ran(float((np.abs(values - system.exact(memory.times)) / scales).max()), steps)


def bound(system: Affine, tolerance: float) -> float:
    """All steps within one of the grid may make an error of the tolerance, in units of each output's own scale; what
    forgets its errors adds them up at most, in one unit for all.
    """
    sizes = np.abs(system.exact(np.linspace(0.0, STOP, 401).tolist())).max(axis=0)
    return SAFETY * tolerance * (STOP / STEP_SIZE) * float(sizes.max() / np.abs(system.start).min())


MASTERS = [
    {"algorithm": "jacobi"},
    {"algorithm": "gauss_seidel"},
    {"algorithm": "gauss_seidel", "extrapolation": {"order": 1}},
    {"algorithm": "iterative"},
]


@pytest.mark.parametrize("master", MASTERS, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_the_error_stays_below_the_tolerance_times_what_the_system_makes_of_it(
    seed: int, master: dict[str, object]
) -> None:
    system = Affine.random(seed)
    coarse, fine = (run(system, tolerance, **master) for tolerance in (4e-2, 1e-2))
    assert coarse.error <= bound(system, 4e-2)
    assert fine.error <= bound(system, 1e-2)
    assert fine.error < coarse.error / 2.0
    assert fine.steps > coarse.steps


@pytest.mark.parametrize("order", [0, 1])
def test_half_the_tolerance_is_half_the_error_at_the_price_of_the_order(order: int) -> None:
    """The mean over systems: each has places where the error passes through zero."""
    errors, steps = [], []
    tolerances = (2e-2, 1e-2) if order == 0 else (2e-3, 1e-3)
    for seed in range(10, 16):
        runs = [run(Affine.random(seed), tolerance, extrapolation={"order": order}) for tolerance in tolerances]
        errors.append(runs[0].error / runs[1].error)
        steps.append(runs[1].steps / runs[0].steps)
    assert np.exp(np.mean(np.log(errors))) == pytest.approx(2.0, rel=0.2)
    assert np.exp(np.mean(np.log(steps))) == pytest.approx(2.0 ** (1.0 / (order + 1)), rel=0.2)
