"""Advice: which algorithm and step size the findings of a probe speak for, each with its reason in numbers."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from orchestrator.master.probing.candidates import Comparison
from orchestrator.master.probing.coupling_map import LoopProbe
from orchestrator.master.probing.growth import Stability
from orchestrator.master.probing.local_error import LocalError
from orchestrator.master.probing.probe import Findings
from orchestrator.master.step_control.predictor_telling import estimate_of
from orchestrator.system.solving import Solving

EASY = 0.2
"""Spectral radius up to which a plain fixed-point iteration needs no help."""

NEAR = 0.1
"""Part of the tolerance from which on the error of the first step speaks for error control."""

WORTH = 1.5
"""How many times fewer calls have to come out of another algorithm before it is advised, since starts differ."""

FEW = 10
"""Torn variables up to which a Newton iteration is cheap."""

LADDER = ("fixed_point", "aitken", "anderson", "newton")
"""Methods of loops, each of which solves what those before it solve, as a rule."""


class Suggestion(NamedTuple):
    """What to write into the description under `key`, and why in one sentence."""

    key: str
    value: str | float
    reason: str
    changes: bool


@dataclass(frozen=True)
class Chosen:
    """What the description says now; `algebraic` are the paths of its algebraic loops, as text."""

    solving: Solving
    step_size: float
    span: float
    algebraic: Sequence[str] = ()


def suggestions(chosen: Chosen, findings: Findings) -> tuple[Suggestion, ...]:
    """Algorithm, method of the loops, step size and step control, those that stay included."""
    algorithm = _algorithm(chosen, findings)
    steps = _step(chosen, findings, str(algorithm.value))
    return (algorithm, *_methods(chosen, findings), *steps, *_estimated(chosen, findings))


def iterations(radius: float, tolerance: float) -> float:
    """Fixed-point iterations until an error has fallen to this part of itself; infinite where it does not fall."""
    if radius >= 1.0:
        return math.inf
    return 1.0 if radius <= tolerance else math.ceil(math.log(tolerance) / math.log(radius) - 1e-9)


def method(loop: LoopProbe) -> str:
    """The simplest method that solves a loop with this coupling map at little cost."""
    if loop.radius_gauss_seidel <= EASY:
        return "fixed_point"
    if len(loop.torn) == 1:
        return "aitken"
    return "newton" if loop.radius_gauss_seidel > 5.0 and len(loop.torn) <= FEW else "anderson"


def _algorithm(chosen: Chosen, findings: Findings) -> Suggestion:
    now, advised, reason = chosen.solving.algorithm, *_chosen(chosen, findings)
    return Suggestion("algorithm", advised, f"{reason}; {_measured(findings)}", advised != now)


def _chosen(chosen: Chosen, findings: Findings) -> tuple[str, str]:
    """The algorithm, and why."""
    now, stability = chosen.solving.algorithm, findings.stability
    if chosen.algebraic:
        loops = f"{_counted(len(chosen.algebraic), 'algebraic loop')} ({chosen.algebraic[0]})"
        return "iterative", f"{loops}: only iteration solves it in the step"
    if now == "iterative":
        return now, "as chosen: each step ends with inputs that equal their outputs"
    if stability is not None and stability.verdict == "unstable" and stability.stable_step is None:
        return "iterative", "no smaller step that was tried is stable"
    gain = _gain(now, "iterative", findings.comparison)
    if gain is not None and gain > WORTH:
        return "iterative", f"it needs {gain:.2g} times fewer calls for the same error, its iterations included"
    if now == "jacobi":
        worse = _gain("gauss_seidel", now, findings.comparison)
        if worse is not None and worse > WORTH:
            return now, "a step in the order of the schedule was less accurate at the start"
        return "gauss_seidel", "along the order of the schedule values pass without a delay, for the same calls"
    if gain is not None:
        return now, f"no algebraic loop; for the same error iteration needs {1.0 / gain:.2g} times the calls"
    return now, "no algebraic loop, and nothing is gained by iteration where the step meets the tolerance"


def _gain(now: str, other: str, comparison: Comparison | None) -> float | None:
    """How many times fewer calls another algorithm makes for the error of this one; None where that is not known."""
    if comparison is None or not (comparison.of(now) and comparison.of(other)):
        return None
    coarse = comparison.of(now)[0]
    return None if coarse.error == 0.0 else coarse.do_steps / comparison.cost(other, coarse.error)


def _measured(findings: Findings) -> str:
    """What every algorithm made of the first steps, in figures; that the advice is one by rule, where none did."""
    found = findings.comparison
    if found is None or not found.trials:
        why = f", since {', '.join(findings.unable)} cannot go back" if findings.unable else ""
        return f"by rule, nothing was measured{why}"
    each = ", ".join(f"{one.algorithm} {one.error:.2g} ({one.do_steps} calls)" for one in found.trials[::2])
    return f"error over {_counted(found.steps, 'step')}: {each}"


def _methods(chosen: Chosen, findings: Findings) -> Iterator[Suggestion]:
    if not findings.loops or not (chosen.algebraic or chosen.solving.algorithm == "iterative"):
        return
    hardest = max(findings.loops, key=lambda loop: loop.radius_gauss_seidel)
    now, advised = chosen.solving.loops, method(hardest)
    advised = max(advised, now.method, key=LADDER.index)  # what helps more than is needed does no harm
    radius, count = hardest.radius_gauss_seidel, iterations(hardest.radius_gauss_seidel, now.tolerance)
    converges = (
        f"fixed point needs about {count:.0f} iterations to {now.tolerance:g}"
        if math.isfinite(count)
        else f"fixed point diverges, by the factor {radius:.4g} an iteration"
    )
    about = f"spectral radius {radius:.4g} over {_counted(len(hardest.torn), 'torn variable')}: {converges}"
    yield Suggestion("loops.method", advised, about, now.method != advised)


def _step(chosen: Chosen, findings: Findings, algorithm: str) -> Iterator[Suggestion]:
    tolerance, other = chosen.solving.step_control.tolerance, algorithm != chosen.solving.algorithm
    by_other = list(_fitting(findings.comparison, algorithm, tolerance)) if other else []
    limits = [*_stable(findings.stability), *(by_other or _accurate(findings.error))]
    if not limits:
        return
    largest, reason = min(limits)
    h = chosen.step_size
    advised = rounded(min(largest, chosen.span))
    if advised < h or largest > 2.0 * h:
        yield Suggestion("step_size", advised, reason, True)
    else:
        yield Suggestion("step_size", h, reason, False)
    error = findings.error
    near = error is not None and error.error > NEAR * error.tolerance
    if error is not None and near and not findings.unable and chosen.solving.step_control.method == "constant":
        reason = (
            f"all components can go back, so that steps fit {error.tolerance:g} also where the start does not tell it"
        )
        yield Suggestion("step_control.method", "error", reason, True)


def _estimated(chosen: Chosen, findings: Findings) -> Iterator[Suggestion]:
    """Where the error of a step comes from, where it is no repetition."""
    if findings.unable and chosen.solving.step_control.method == "error":
        reason = f"the error of each step is that of an {estimate_of(findings.unable)}"
        yield Suggestion("step_control.method", "error", reason, False)


def _stable(stability: Stability | None) -> Iterator[tuple[float, str]]:
    if stability is None or stability.verdict != "unstable" or stability.stable_step is None:
        return
    first = stability.growths[0]
    yield (
        stability.stable_step,
        f"a small change grows by {first.factor:.4g} a step at {first.step_size:g} s, and not at "
        f"{stability.stable_step:g} s: the step size is why",
    )


def _fitting(comparison: Comparison | None, algorithm: str, tolerance: float) -> Iterator[tuple[float, str]]:
    """The step that fits an algorithm which is suggested in place of the present one."""
    if comparison is None or not comparison.of(algorithm):
        return
    fits, coarse = comparison.fitting(algorithm, tolerance), comparison.of(algorithm)[0]
    if fits is not None:
        yield (
            fits,
            f"{_counted(comparison.steps, 'step')} of {algorithm} are wrong by {coarse.error:.2g} in "
            f"{coarse.variable}, the tolerance is {tolerance:g} a step",
        )


def _accurate(error: LocalError | None) -> Iterator[tuple[float, str]]:
    if error is None or error.fitting_step is None:
        return
    yield (
        error.fitting_step,
        f"{first_steps(error)} wrong by {error.error:.2g} in {error.variable} (order {error.order:.2g}), the "
        f"tolerance is {error.tolerance:g}",
    )


def first_steps(error: LocalError) -> str:
    """The steps that the error is of, as the subject of a sentence."""
    return "the first step is" if error.steps == 1 else f"the first {error.steps} steps are"


def rounded(value: float) -> float:
    """The next smaller of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value) + 1e-12)
    digit = max(one for one in (1.0, 2.0, 5.0) if one <= value / power * (1.0 + 1e-9))
    return float(f"{digit * power:.1g}")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
