"""Pictures of a run after it: time by component, step size, steps taken back and iterations over time, diagnostics."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cotwin.bars import Bar, bars
from cotwin.folder import RECORD
from cotwin.page import Figure
from cotwin.panels import Curve, Panel, panels
from cotwin.plots import svg
from cotwin.run_advice import Data, outside
from orchestrator.errors import ResultError
from orchestrator.master.diagnostics import BONDS, MASTER
from orchestrator.recording.results import Results


def pictures_after(data: Data, folder: Path) -> tuple[Figure, ...]:
    """Those that there is something for; what the master said of itself is read from the record in the folder."""
    return (*_costs(data), *_course(data["course"]), *_diagnostics(folder))


def _costs(data: Data) -> Iterator[Figure]:
    parts = [
        Bar(
            one["component"],
            (one["step_seconds"], one["set_seconds"] + one["get_seconds"], one["state_seconds"]),
            f"{one['seconds']:.3g} s, {one['share']:.0%}",
        )
        for one in sorted(data["components"], key=lambda one: one["seconds"], reverse=True)
    ]
    if not parts:
        return
    rest = Bar("outside of components", (0.0, 0.0, 0.0, outside(data)), f"{outside(data):.3g} s")
    drawn = bars((*parts, rest), ("steps", "set and get", "kept states"))
    yield Figure("Wall-clock time", drawn, f"Of {data['seconds']:.3g} s in all.")


def _course(stretches: Sequence[Data]) -> Iterator[Figure]:
    if len(stretches) < 2:
        return
    times = np.array([one["time"] for one in stretches])
    smallest, largest = (_column(stretches, key, np.nan) for key in ("smallest_step", "largest_step"))
    if not np.allclose(smallest, np.nanmax(largest), rtol=1e-6, equal_nan=True):
        curves = (Curve("largest", largest), Curve("smallest", smallest))
        yield _figure("Step size over time", Panel("run", "s", times, curves), "Of the macro steps that were kept.")
    rejected = _column(stretches, "rejected", 0.0)
    if rejected.any():
        yield _figure("Steps taken back", Panel("run", "", times, (Curve("steps taken back", rejected),)))
    iterations, steps = _column(stretches, "iterations", 0.0), _column(stretches, "macro_steps", 0.0)
    if iterations.any():
        mean = iterations / np.maximum(steps, 1.0)
        yield _figure("Iterations", Panel("run", "", times, (Curve("iterations a step", mean),)))


def _diagnostics(folder: Path) -> Iterator[Figure]:
    """What the master said of itself while it ran, and the bonds."""
    try:
        results = Results.load(folder / RECORD)
    except ResultError:
        return
    if not len(results):
        return
    said = [name for name in results.names if name.partition(".")[0] in (MASTER, BONDS) and results.numeric(name)]
    for panel in panels(results, said):
        names = ", ".join(curve.label for curve in panel.curves)
        yield _figure(results.descriptions.get(panel.curves[0].label) or names, panel)


def _figure(title: str, panel: Panel, caption: str = "") -> Figure:
    return Figure(title, svg(panel, f"{panel.component}-{title}"), caption)


def _column(stretches: Sequence[Data], key: str, otherwise: float) -> "np.ndarray[Any, np.dtype[np.float64]]":
    values = [otherwise if one[key] is None else float(one[key]) for one in stretches]
    return np.array(values, dtype=np.float64)
