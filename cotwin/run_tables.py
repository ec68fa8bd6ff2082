"""The statistics of a run as tables: in the terminal, in the report, and in `cotwin explain` of its folder."""

import math
from collections.abc import Iterator

from cotwin.measurements import cost_table
from cotwin.run_advice import Data, outside, rejected_share, run_advice
from cotwin.run_statistics import readings_of
from cotwin.tables import Table


def run_tables(data: Data) -> tuple[Table, ...]:
    """Costs, steps, kept states, loops, bonds and advice; those with nothing to say are empty."""
    return (
        cost_table(readings_of(data), float(data["seconds"])),
        Table("Steps", ("about", "value"), list(_steps(data))),
        Table("Kept states", ("component", "kept", "returned to", "refused steps", "states [s]"), list(_states(data))),
        Table("Loops", _LOOPS, [_loop(one) for one in data["loops"]]),
        Table("Bonds", _BONDS, [_bond(one) for one in data.get("bonds", ())]),
        Table("Advice", ("about", "found", "remedy"), [tuple(one) for one in run_advice(data)]),
    )


_NAMED = 5
"""Components that are named where many could be."""

_BONDS = ("bond", "lost since the start", "lost fastest, per second", "at [s]")
_LOOPS = ("loop", "solved", "iterations", "mean", "most", "sweeps", "worst residual", "of", "at [s]")


def _steps(data: Data) -> Iterator[tuple[str, str]]:
    reached = f"{data['reached']:g} of {data['stop']:g} s"
    yield "run", f"{data['status']}, {reached} simulated in {data['seconds']:.3g} s"
    yield "stepped by", _stepped_by(data)
    smallest, largest = data["smallest_step"], data["largest_step"]
    if data["macro_steps"]:
        sizes = (
            f"{largest:.6g} s each"
            if math.isclose(smallest, largest, rel_tol=1e-6)
            else f"{smallest:.3g} to {largest:.3g} s"
        )
        yield "macro steps", f"{data['macro_steps']}, {sizes}"
    rejected = sum(data["rejected"].values())
    if rejected:
        reasons = ", ".join(f"{count} {reason}" for reason, count in data["rejected"].items())
        yield "taken back", f"{rejected} ({rejected_share(data):.2g} of all): {reasons}"
    if data.get("global_error") is not None:
        yield "global error, estimated", _global_error(data["global_error"])
    yield from _estimated(data)
    if data["seconds"] > 0.0:
        yield "outside of components", f"{outside(data):.3g} s ({outside(data) / data['seconds']:.0%})"


def _stepped_by(data: Data) -> str:
    """The compiled loop or Python; where some components need Python, which."""
    compiled = data.get("compiled", ())
    if not compiled:
        return "Python"
    others = [one["component"] for one in data["components"] if one["component"] not in compiled]
    named = ", ".join(others[:_NAMED]) + (f" and {len(others) - _NAMED} more" if len(others) > _NAMED else "")
    return f"the compiled loop, and by Python: {named}" if others else "the compiled loop"


def _global_error(told: Data) -> str:
    last = "not known at the end" if told["last"] is None else f"{told['last']:.2g} at the end"
    worst = "" if not told["worst_variable"] else f" ({told['worst_variable']} at {told['worst_time']:g} s)"
    lost = "" if not told["lost"] else f". {told['lost']}"
    return f"{last}, {told['largest']:.2g} at most{worst}, in parts of the values{lost}"


def _estimated(data: Data) -> Iterator[tuple[str, str]]:
    """Error control where components cannot go back."""
    if data.get("estimate"):
        yield "error estimated by", data["estimate"]
    if data.get("exceeded"):
        worst = f"{data['worst_error']:.3g} times at most ({data['worst_output']} at {data['worst_time']:g} s)"
        yield "beyond the tolerance", f"{data['exceeded']} steps, which stayed: {worst}"


def _states(data: Data) -> Iterator[tuple[str, ...]]:
    for one in data["components"]:
        counts = (one["saves"], one["restores"], one["discards"])
        if any(counts):
            yield one["component"], *map(str, counts), f"{one['state_seconds']:.3g}"


def _loop(one: Data) -> tuple[str, ...]:
    mean = one["iterations"] / one["solved"] if one["solved"] else 0.0
    worst = "" if one["worst_residual"] is None else f"{one['worst_residual']:.3g}"
    at = "" if one["worst_time"] is None else f"{one['worst_time']:g}"
    counts = (str(one["solved"]), str(one["iterations"]), f"{mean:.3g}", str(one["most_iterations"]))
    return (one["components"], *counts, str(one["evaluations"]), worst, one["worst_variable"], at)


def _bond(one: Data) -> tuple[str, ...]:
    lost = ("" if one[key] is None else f"{one[key]:.4g}" for key in ("total", "worst_residual"))
    return (one["bond"], *lost, "" if one["worst_time"] is None else f"{one['worst_time']:g}")
