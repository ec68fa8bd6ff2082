"""Candidates: a short stretch of the run, gone with every algorithm at h and h/2, against a far finer way."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from orchestrator.errors import CapabilityError, DescriptionError, SimulationError
from orchestrator.master.gauss_seidel import GaussSeidel
from orchestrator.master.iterative import Iterative
from orchestrator.master.jacobi import Jacobi
from orchestrator.master.probing.bench import Bench, Floats

ALGORITHMS: Final = (Jacobi.name, GaussSeidel.name, Iterative.name)

STRETCH: Final = 4
"""Macro steps of a trial: as many as inputs need until they can be extrapolated, and one more."""

FINER: Final = 8
"""Parts of a macro step in the finest way, against which errors are measured."""

ROUNDING: Final = 1e-12
"""An error below this part of the value is none."""


STUCK: Final = 0.9
"""Part of an error that is left at half the step where the step is not why it is there."""


class Trial(NamedTuple):
    """One stretch with an algorithm and a step size (s): its largest error, in parts of the value or nominal, and cost.

    `error` is that of `variable`; `do_steps` are the calls that the stretch took, of all components together.
    """

    algorithm: str
    step_size: float
    error: float
    variable: str
    do_steps: int


class Refusal(NamedTuple):
    """An algorithm that cannot step this system, and why."""

    algorithm: str
    reason: str


class Comparison(NamedTuple):
    """What every algorithm made of the first `span` seconds, that is `steps` macro steps, at h and at h/2."""

    span: float
    steps: int
    trials: tuple[Trial, ...]
    refused: tuple[Refusal, ...] = ()

    def of(self, algorithm: str) -> tuple[Trial, ...]:
        """The trials of an algorithm, the larger step first; none where it was refused."""
        return tuple(one for one in self.trials if one.algorithm == algorithm)

    def fitting(self, algorithm: str, tolerance: float) -> float | None:
        """The step size (s) with which an error of a macro step would meet the tolerance; None where there is none.

        From the order between the two trials, 1 at least, that of a single step being one more. An error that hardly
        falls with the step, such as the tolerance of a loop, says nothing of it.
        """
        coarse, fine = self.of(algorithm)
        if coarse.error == 0.0 or fine.error > STUCK * coarse.error:
            return None
        order = max(math.log2(coarse.error / fine.error), 1.0) if fine.error > 0.0 else 1.0
        return float(coarse.step_size * (tolerance * self.steps / coarse.error) ** (1.0 / (order + 1.0)))

    def cost(self, algorithm: str, error: float) -> float:
        """Calls of `do_step` with which the stretch would come out with this error, of the order of the two trials."""
        coarse, fine = self.of(algorithm)
        if coarse.error == 0.0:
            return coarse.do_steps
        order = max(math.log2(coarse.error / fine.error), 1.0) if 0.0 < fine.error < coarse.error else 1.0
        return float(coarse.do_steps * (coarse.error / error) ** (1.0 / order))


def compared(bench: Bench, now: str, steps: int = STRETCH) -> Comparison | None:
    """Try every algorithm over so many macro steps; None where the stretch cannot be gone as the description says.

    `now` is the algorithm of the description, which the finest way is gone with. All components have to be able to go
    back.
    """
    h = bench.step_size
    benches: dict[str, Bench] = {}
    refused: list[Refusal] = []
    for name in ALGORITHMS:
        try:
            benches[name] = bench.with_algorithm(name)
        except DescriptionError as error:  # an algebraic loop
            refused.append(_refusal(name, error))
    exact = _exact(benches[now], steps) if now in benches else None
    if exact is None or not bench.watched.names:
        return None
    trials: list[Trial] = []
    for name, one in benches.items():
        found = _tried(one, name, exact, steps)
        if isinstance(found, Refusal):
            refused.append(found)
        else:
            trials.extend(found)
    return Comparison(steps * h, steps, tuple(trials), tuple(refused))


def _exact(bench: Bench, steps: int) -> Floats | None:
    """Values at the ends of the macro steps: those of the finest way, and from the next finer one what is left."""
    coarse, fine = (bench.course(bench.step_size / parts, parts * steps)[::parts] for parts in (FINER // 2, FINER))
    if len(coarse) != steps + 1 or len(fine) != steps + 1:
        return None
    return np.asarray(2.0 * fine - coarse)


def _tried(bench: Bench, name: str, exact: Floats, steps: int) -> Sequence[Trial] | Refusal:
    scales = bench.scales(exact)
    found = []
    for parts in (1, 2):
        before = bench.steps_made
        try:
            course = bench.course(bench.step_size / parts, parts * steps)[::parts]
        except (CapabilityError, DescriptionError) as error:
            return _refusal(name, error)
        except SimulationError as error:
            if error.component is not None:
                raise  # a component that has failed is of no use to the others
            return _refusal(name, error)
        if len(course) != len(exact):
            return Refusal(name, "a step ends before its time")
        errors = (np.abs(course - exact) / scales).max(axis=0)
        worst = int(np.argmax(errors))
        largest = float(errors[worst]) if errors[worst] > ROUNDING else 0.0
        where = bench.watched.names[worst]
        found.append(Trial(name, bench.step_size / parts, largest, where, bench.steps_made - before))
    return found


def _refusal(name: str, error: Exception) -> Refusal:
    """With what is wrong, the first line; the remedies are not for something that is only tried."""
    return Refusal(name, str(error).splitlines()[0])
