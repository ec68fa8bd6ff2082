"""Growth: how a small change goes on from macro step to macro step, and whether the step size or the model is why."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from orchestrator.master.probing.bench import Bench, Floats

SMALLEST = 1e-4
"""Part of the largest mode below which a mode is told from the noise of solvers no more."""

FEWEST = 8
"""Steps from which something can be told."""

UNSEEN = 0.1
"""Growth (as an exponent) over a whole run that nobody minds: a tenth."""

HALVINGS = 4
"""How often the step size is halved in search of one that is stable."""


class Growth(NamedTuple):
    """By which factor a small change grows per macro step of length `step_size` (s), over `steps` of them.

    `steps` is 0 where it is from derivatives, with nothing tried. `factor` is the spectral radius of the macro step as
    a map, `noise` how well it is known.
    """

    step_size: float
    steps: int
    factor: float
    noise: float

    @property
    def rate(self) -> float:
        """The same per second (1/s); what decays within one step has -inf."""
        return math.log(self.factor) / self.step_size if self.factor > 0.0 else -math.inf

    @property
    def growing(self) -> bool:
        """Whether the change grows beyond what is known of it."""
        return self.factor > 1.0 + self.noise


class Stability(NamedTuple):
    """Growth at the chosen step size and at smaller ones.

    `verdict`: `stable`; `unstable`, where growth goes away with smaller steps, below `stable_step` (s, None where none
    was found); `growing`, where it does not, since the model itself grows by `model_rate` (1/s); `drifting`, where the
    steps add a growth to a model that is neither, which comes to the factor `over_run` by the end of the run.
    """

    verdict: str
    growths: tuple[Growth, ...]
    model_rate: float
    over_run: float
    stable_step: float | None = None


def growth(bench: Bench, h: float, steps: int, period: int = 1) -> Growth | None:
    """Growth of a small change over macro steps of length h (s); None where nothing of it is left, or none was made.

    The first half of the steps is waited for: what decays has gone then. With a `period` (macro steps) of components
    that step less often, what is looked at is the way from the end of one to the end of the next.
    """
    plain, changed = bench.course(h, steps)[::period], bench.course(h, steps, nudged=True)[::period]
    points = min(len(plain), len(changed))
    difference = (changed[1:points] - plain[1:points]) / bench.scales(plain)
    if len(difference) < FEWEST or not difference.any() or not np.isfinite(difference).all():
        return None
    sizes = np.linalg.norm(difference, axis=1)
    late = len(difference) // 2
    if sizes[late:].max() < SMALLEST * sizes.max():
        factor = (sizes[late:].max() / sizes.max()) ** (1.0 / late)
        return Growth(h, len(difference) * period, float(factor) ** (1.0 / period), SMALLEST)
    factor, noise = dominant_factor(difference[late:])
    return Growth(h, len(difference) * period, factor ** (1.0 / period), noise / period)


def dominant_factor(difference: Floats) -> tuple[float, float]:
    """The largest |eigenvalue| of the linear map that made rows (points, n) of each other, and how well it is known.

    Rows behind each other make a Hankel matrix, whose shift has the eigenvalues of the map also where fewer values are
    watched than it has states (eigensystem realization: Juang and Pappa, Journal of Guidance 8, 1985).
    """
    points = len(difference)
    depth = max(1, min(points // 2, 20))
    hankel = np.array([difference[k : k + depth].ravel() for k in range(points - depth + 1)]).T
    left, sizes, right = np.linalg.svd(hankel[:, :-1], full_matrices=False)
    kept = sizes > SMALLEST * sizes[0]
    reduced = left[:, kept].T @ hankel[:, 1:] @ right[kept].T / sizes[kept]
    unexplained = hankel[:, 1:] - left[:, kept] @ (reduced @ (left[:, kept].T @ hankel[:, :-1]))
    noise = float(np.linalg.norm(unexplained)) / max(float(np.linalg.norm(hankel[:, 1:])), 1e-300)
    return float(np.abs(np.linalg.eigvals(reduced)).max()), max(noise, 1e-9)


def stability(
    bench: Bench, span: float, steps: int, told: Callable[[str], None], limit: float = math.inf, period: int = 1
) -> Stability | None:
    """How a change grows at the step size of the bench and at smaller ones, over the same time, for a run over `span`.

    No further step size is tried once `limit` calls of `do_step` are made; `period` is that of `growth`.
    """

    def tried(h: float, parts: int) -> Growth | None:
        told(f"growth at h = {h:.4g} s")
        return growth(bench, h, steps * parts, period)

    return searched(tried, bench.step_size, span, lambda: bench.steps_made > limit)


def searched(
    grown: Callable[[float, int], Growth | None], h: float, span: float, enough: Callable[[], bool] = lambda: False
) -> Stability | None:
    """What `grown` (of a step size, the number of which makes up h) says at h (s), h/2, ... until it says nothing new.

    None where it says nothing at h already; it is `enough` also before.
    """
    found: list[Growth] = []
    for halving in range(HALVINGS + 1):
        one = grown(h / 2**halving, 2**halving)
        if one is None:
            break
        found.append(one)
        if halving >= 1 and (_settled(found, span) or enough()):
            break
    return judged(tuple(found), span) if found else None


def _settled(found: list[Growth], span: float) -> bool:
    """Whether smaller steps would say nothing new: the smallest is stable, or grows as the one before."""
    one, other = found[-1], found[-2]
    if not _seen(one, span) or not _seen(found[0], span):
        return True
    return abs(one.rate - other.rate) < 0.25 * abs(other.rate)


def _seen(one: Growth, span: float) -> bool:
    return one.growing and one.rate * span >= UNSEEN


def judged(found: tuple[Growth, ...], span: float) -> Stability:
    """What growths at h, h/2, ... mean for a run over `span` (s)."""
    first, last = found[0], found[-1]
    # order 1: what the steps add to the rate of the model halves with them
    model = 2.0 * last.rate - found[-2].rate if len(found) > 1 and math.isfinite(found[-2].rate) else last.rate
    over = math.exp(min(first.rate * span, 700.0))
    if not _seen(first, span):
        return Stability("stable", found, model, over)
    stable = next((one.step_size for one in found if not _seen(one, span)), None)
    if stable is not None:
        return Stability("unstable", found, model, over, stable)
    if last.rate > 0.5 * first.rate and model > 0.5 * last.rate:
        return Stability("growing", found, model, over)
    return Stability("drifting", found, model, over)
