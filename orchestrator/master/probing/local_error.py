"""Local error: what one macro step is wrong by, from the same way gone in two halves."""

import math
from typing import NamedTuple

import numpy as np

from orchestrator.master.probing.bench import Bench, Floats

LEAST_ORDER, GREATEST_ORDER = 1.0, 4.0

ROUNDING = 1e-12
"""An error below this part of the value is none: it says nothing of the step size."""


class LocalError(NamedTuple):
    """Estimated error of one macro step of length `step_size` (s) from the start, in parts of the value or nominal.

    The largest is that of `variable`. It goes with the power `order` of the step size; `fitting_step` (s) is the length
    with which it would meet `tolerance`, None where there is no error at all. Where a component steps once in several
    macro steps, it is the error of so many `steps`.
    """

    step_size: float
    error: float
    variable: str
    order: float
    tolerance: float
    fitting_step: float | None
    steps: int = 1


def local_error(bench: Bench, tolerance: float, steps: int = 1) -> LocalError | None:
    """The error of the first step, by step doubling at h and h/2; None where one of the steps was not finished.

    `steps` is the period of the slow components: steps of h, of h/2 and of h/4, of which each takes so many together.
    """
    h = bench.step_size
    whole, halves, quarters = (bench.course(h / parts, parts * steps)[::steps] for parts in (1, 2, 4))
    if (len(whole), len(halves), len(quarters)) != (2, 3, 5) or not bench.watched.names:
        return None
    scales = bench.scales(whole)
    coarse, fine = _distance(whole[1], halves[2], scales), _distance(halves[1], quarters[2], scales)
    worst = int(np.argmax(coarse))
    error = (
        2.0 * float(coarse[worst]) if coarse[worst] > ROUNDING else 0.0
    )  # exact where the error is of order 2 in h, as that of held inputs is
    order = _order(float(coarse[worst]), float(fine[worst]))
    fitting = h * (tolerance / error) ** (1.0 / order) if error > 0.0 else None
    return LocalError(h, error, bench.watched.names[worst], order, tolerance, fitting, steps)


def _distance(one: Floats, other: Floats, scales: Floats) -> Floats:
    return np.asarray(np.abs(one - other) / scales)


def _order(coarse: float, fine: float) -> float:
    """From the errors of h and h/2; that of held inputs, 2, where they tell nothing."""
    if not 0.0 < fine < coarse:
        return 2.0
    return min(max(math.log2(coarse / fine), LEAST_ORDER), GREATEST_ORDER)
