"""What `cotwin explain` says before a run, as tables: the structure, and what a probe has found."""

import math
from collections.abc import Iterator, Sequence

from cotwin.conversions import conversion_table
from cotwin.explaining import Explained
from cotwin.tables import Table
from cotwin.validation import open_input_table
from cotwin.views import explanation_tables
from orchestrator.master.probing.advice import Suggestion, iterations
from orchestrator.master.probing.candidates import Comparison
from orchestrator.master.probing.coupling_map import LoopProbe
from orchestrator.master.probing.growth import Stability
from orchestrator.master.probing.local_error import LocalError
from orchestrator.master.probing.responses import Way

VERDICTS = {
    "stable": "a small change does not grow",
    "unstable": "the step size makes a small change grow: numerically unstable",
    "growing": "the model itself grows: a small change does so at any step size",
    "drifting": "the steps add a slow growth, which gets less with the step size",
}


def all_tables(told: Explained) -> tuple[Table, ...]:
    """Structure, conversions and open inputs, then what the probe has found."""
    description, models = told.description, told.models
    return (
        *explanation_tables(told.structure, description.algorithm),
        conversion_table(description, models),
        open_input_table(description, models),
        *finding_tables(told),
    )


def finding_tables(told: Explained) -> tuple[Table, ...]:
    """Spectral radii, stability, local error and suggestions; why there are none, where there are none."""
    found = told.findings
    if found is None:
        return (Table("Not probed", ("reason",), [(told.unprobed or "",)]),)
    tolerance = told.description.loops.tolerance
    header = ("step [s]", "steps", "growth a step", "growth a second")
    return (
        Table("Coupling maps of loops", _LOOPS, [_loop(one, tolerance) for one in found.loops]),
        Table("How components of loops were probed", ("components", "way"), list(_ways(found.loops))),
        _tried(found.comparison),
        Table("Growth of a small change", header, list(_growths(found.stability))),
        Table("Findings", ("about", "found"), list(_said(found.stability, found.error))),
        Table("Not tried", ("reason",), [(problem,) for problem in found.problems]),
        suggestion_table(told.suggestions),
    )


def suggestion_table(given: tuple[Suggestion, ...]) -> Table:
    """Suggestions, those that say what the description says already included."""
    rows = [(one.key, shown(one.value), "change" if one.changes else "as it is", one.reason) for one in given]
    return Table("Suggestions", ("key", "value", "", "reason"), rows)


def shown(value: str | float) -> str:
    """A suggested value as it is written into a description."""
    return value if isinstance(value, str) else f"{value:g}"


def stability_sentence(found: Stability) -> str:
    """The verdict in words and numbers."""
    first = found.growths[0]
    way = "" if first.steps else "from directional derivatives at the start: "
    sentence = f"{way}{VERDICTS[found.verdict]} ({first.factor:.6g} a step of {first.step_size:g} s)"
    if found.verdict == "unstable":
        return f"{sentence}; not so at {found.stable_step:g} s"
    if found.verdict == "drifting":
        return f"{sentence}; by the factor {found.over_run:.3g} until the end of the run, where it goes on so"
    return f"{sentence}; {found.model_rate:.3g} 1/s" if found.verdict == "growing" else sentence


def error_sentence(found: LocalError) -> str:
    """The error of the first step in words and numbers."""
    if found.fitting_step is None:
        return "none at the start"
    steps = "step" if found.steps == 1 else f"{found.steps} steps"
    return (
        f"{found.error:.3g} in the first {steps} of {found.step_size:g} s, most in {found.variable} (order "
        f"{found.order:.2g}); {found.tolerance:g} at {found.fitting_step:.3g} s"
    )


def _said(stability: Stability | None, error: LocalError | None) -> Iterator[tuple[str, str]]:
    if stability is not None:
        yield "stability", stability_sentence(stability)
    if error is not None:
        yield "local error", error_sentence(error)


def _growths(found: Stability | None) -> Iterator[tuple[str, ...]]:
    for one in found.growths if found is not None else ():
        rate = f"{one.rate:.4g}" if math.isfinite(one.rate) else "at once"
        yield f"{one.step_size:g}", str(one.steps or "none"), f"{one.factor:.8g}", rate


def _ways(loops: Sequence[LoopProbe]) -> Iterator[tuple[str, ...]]:
    """Nothing where all were tried out, which needs no saying."""
    ways = {name: way for loop in loops for name, way in loop.ways.items()}
    for way in dict.fromkeys(ways.values()) if set(ways.values()) != {Way.ROLLBACK} else ():
        yield ", ".join(name for name, each in ways.items() if each == way), way


def _tried(found: Comparison | None) -> Table:
    """The algorithms that were tried, at two step sizes, and those that cannot be."""
    header = ("algorithm", "step [s]", "error", "most in", "doSteps")
    if found is None:
        return Table("Algorithms tried", header, [])
    rows = [
        (one.algorithm, f"{one.step_size:g}", f"{one.error:.3g}", one.variable, str(one.do_steps))
        for one in found.trials
    ]
    refused = [(one.algorithm, "", "refused", one.reason, "") for one in found.refused]
    return Table(f"Algorithms tried over {found.span:g} s", header, [*rows, *refused])


_LOOPS = ("loop", "inputs", "torn", "radius, all inputs", "radius, torn", "fixed point")


def _loop(one: LoopProbe, tolerance: float) -> tuple[str, ...]:
    count = iterations(one.radius_gauss_seidel, tolerance)
    converges = f"about {count:.0f} iterations to {tolerance:g}" if math.isfinite(count) else "diverges"
    about = "" if one.exact else " (estimated)"
    radii = (f"{one.radius_jacobi:.4g}{about}", f"{one.radius_gauss_seidel:.4g}{about}")
    return (" <-> ".join(one.components), str(len(one.variables)), str(len(one.torn)), *radii, converges)
