"""What each master makes of Lotka and Volterra's populations, a component each: error, order, invariant, steps taken.

    python benchmarks/lotka_volterra.py [--docs]

One JSON line. `error` is the largest distance to the exact solution at whole seconds up to 30 s, `drift` that of the
invariant, `steps` counts every doStep of both components, those that were taken back too. `order` is the slope between
the two smallest step sizes. `estimates` compares the running estimate of the global error with the truth, both in units
of the largest value of each population. With --docs the tables and pictures of the documentation are made anew.
"""

import json
import math
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fmus.build import build
from orchestrator.assembly import open_simulation
from plant_models.textbook import TEXTBOOK
from plant_models.textbook.exact import lotka_volterra, lotka_volterra_invariant

ROOT: Final = Path(__file__).parents[1]
STOP: Final = 30.0
STEP_SIZES: Final = (0.2, 0.1, 0.05, 0.025, 0.0125)
TOLERANCES: Final = (1e-1, 1e-2, 1e-3)


class Master(NamedTuple):
    """A master by the name that people read, and the fields of the description that choose it."""

    label: str
    fields: Mapping[str, Any]


class Outcome(NamedTuple):
    """One run; `setting` is its step size (s) or tolerance."""

    setting: float
    error: float
    drift: float
    steps: int


class Course(NamedTuple):
    """The estimated global error and the true one, over the times (s) of one run."""

    times: list[float]
    estimated: list[float]
    true: list[float]

    def at(self, t: float) -> tuple[float, float]:
        """Both at the first communication point that is not before t (s)."""
        row = int(np.searchsorted(np.array(self.times), t - 1e-9))
        return self.estimated[row], self.true[row]


MASTERS: Final = (
    Master("Jacobi", {"algorithm": "jacobi"}),
    Master("Jacobi, inputs of order 1", {"algorithm": "jacobi", "extrapolation": {"order": 1}}),
    Master("Jacobi, inputs of order 2", {"algorithm": "jacobi", "extrapolation": {"order": 2}}),
    Master("Gauss-Seidel", {"algorithm": "gauss_seidel"}),
    Master("Gauss-Seidel, inputs of order 1", {"algorithm": "gauss_seidel", "extrapolation": {"order": 1}}),
    Master("Gauss-Seidel, inputs of order 2", {"algorithm": "gauss_seidel", "extrapolation": {"order": 2}}),
    *(
        Master(f"iterative, {method}", {"algorithm": "iterative", "loops": {"method": method}})
        for method in ("fixed_point", "aitken", "anderson", "newton")
    ),
    Master("iterative, newton, inputs of order 1", {"algorithm": "iterative", "extrapolation": {"order": 1}}),
)


def _is_estimated(label: str) -> bool:
    """One method of iteration stands for all, and parabolas have no order that is known."""
    return "order 2" not in label and ("iterative" not in label or "newton" in label)


_CONTROL: Final[Mapping[str, Any]] = {"method": "error", "first": 0.01}
LINES: Final = {"extrapolation": {"order": 1}}
CONTROLLED: Final = (
    Master("Jacobi, inputs of order 1, error control", {"algorithm": "jacobi", **LINES}),
    Master("Gauss-Seidel, error control", {"algorithm": "gauss_seidel"}),
    Master("Gauss-Seidel, inputs of order 1, error control", {"algorithm": "gauss_seidel", **LINES}),
    Master(
        "Gauss-Seidel, inputs of order 2, error control", {"algorithm": "gauss_seidel", "extrapolation": {"order": 2}}
    ),
    Master("iterative, newton, inputs of order 1, error control", {"algorithm": "iterative", **LINES}),
)
ESTIMATED: Final = (
    *((master, {"step_size": 0.05}) for master in MASTERS if _is_estimated(master.label)),
    *(
        (master, {"step_size": 1.0, "step_control": {**_CONTROL, "tolerance": 1e-3}})
        for master in CONTROLLED
        if _is_estimated(master.label)
    ),
)
ESTIMATED_AT: Final = (2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0)
"""Times (s); the period of the populations is 7.9 s at this distance from rest."""


def measured() -> dict[str, list[Outcome]]:
    """Every master at every step size, or with error control at every tolerance."""
    found = {master.label: [_run(master, h, {"step_size": h}) for h in STEP_SIZES] for master in MASTERS}
    for master in CONTROLLED:
        found[master.label] = [
            _run(master, tolerance, {"step_size": 1.0, "step_control": {**_CONTROL, "tolerance": tolerance}})
            for tolerance in TOLERANCES
        ]
    return found


def _description(master: Master, more: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": "lotka_volterra",
        "components": {name: {"source": str(_fmu(name))} for name in ("prey", "predator")},
        "connections": ["prey.x -> predator.x", "predator.y -> prey.y"],
        "experiment": {"stop": STOP, "tolerance": 1e-10},
        **master.fields,
        **more,
    }


def _run(master: Master, setting: float, more: Mapping[str, Any]) -> Outcome:
    with open_simulation(_description(master, more)) as simulation:
        results = simulation.run()
        steps = sum(each.steps for each in simulation.coupling.statistics.components.values())
    times = np.arange(1.0, STOP + 0.5)
    rows = np.searchsorted(results.times, times - 1e-9)
    x, y = results["prey.x"][rows], results["predator.y"][rows]
    exact = lotka_volterra(results.times[rows])
    drift = np.abs(lotka_volterra_invariant(x, y) - lotka_volterra_invariant(1.0, 1.0)).max()
    error = np.abs(np.stack([x, y], axis=1) - exact).max()
    return Outcome(setting, float(error), float(drift), steps)


def estimates() -> dict[str, Course]:
    """The estimate of the global error and the truth, by master."""
    return {master.label: _estimated(master, more) for master, more in ESTIMATED}


def _estimated(master: Master, more: Mapping[str, Any]) -> Course:
    control = {**more.get("step_control", {}), "global_error": True}
    with open_simulation(_description(master, {**more, "step_control": control})) as simulation:
        results = simulation.run()
    values = np.stack([results["prey.x"], results["predator.y"]], axis=1)
    errors = np.abs(values - lotka_volterra(results.times)) / np.maximum.accumulate(np.abs(values), axis=0)
    return Course(results.times.tolist(), results["master.global_error"].tolist(), errors.max(axis=1).tolist())


def _fmu(name: str) -> Path:
    return build(TEXTBOOK[name](), ROOT / "build" / "fmus", stem=name).fmi3


def _order(outcomes: list[Outcome]) -> float:
    """Slope of the error between the two smallest step sizes."""
    coarse, fine = outcomes[-2:]
    return math.log(coarse.error / fine.error) / math.log(coarse.setting / fine.setting)


def _rows(found: Mapping[str, list[Outcome]]) -> Iterator[str]:
    yield "| master | order | error at h = 0.05 s | drift of the invariant | doSteps | doSteps for an error of 1e-3 |"
    yield "|---|---|---|---|---|---|"
    for master in MASTERS:
        outcomes = found[master.label]
        middle = next(one for one in outcomes if one.setting == 0.05)
        yield (
            f"| {master.label} | {_order(outcomes):.2f} | {middle.error:.1e} | {middle.drift:.1e} | {middle.steps:,} | "
            f"{_needed(outcomes)} |"
        )
    yield ""
    yield "| master | tolerance | error | doSteps |"
    yield "|---|---|---|---|"
    for master in CONTROLLED:
        for one in found[master.label]:
            yield f"| {master.label} | {one.setting:.0e} | {one.error:.1e} | {one.steps:,} |"


def _needed(outcomes: list[Outcome]) -> str:
    """Steps for an error of 1e-3, by the power law through the two smallest step sizes."""
    order = _order(outcomes)
    fine = outcomes[-1]
    return f"{fine.steps * (fine.error / 1e-3) ** (1.0 / order):,.0f}"


def _estimate_rows(found: Mapping[str, Course]) -> Iterator[str]:
    yield "| master | " + " | ".join(f"t = {t:g} s" for t in ESTIMATED_AT) + " |"
    yield "|---" * (len(ESTIMATED_AT) + 1) + "|"
    for label, course in found.items():
        cells = (f"{estimated:.1e} ({estimated / true:.2f})" for estimated, true in map(course.at, ESTIMATED_AT))
        yield f"| {label} | " + " | ".join(cells) + " |"


_COLOURS: Final = {"Jacobi": "tab:blue", "Gauss-Seidel": "tab:green", "iterative": "tab:purple"}
_ALIKE: Final = ("iterative, aitken", "iterative, newton")
"""Their lines would lie on those of the other methods."""


def _colour(label: str) -> str:
    return next(colour for name, colour in _COLOURS.items() if label.startswith(name))


def _line(label: str) -> str:
    return "-" if "order 1" in label else ":" if "order 2" in label else "--"


def _draw(found: Mapping[str, list[Outcome]], path: Path) -> None:
    figure = Figure(figsize=(10.0, 5.5), layout="constrained")
    axes = figure.subplots()
    for label, outcomes in found.items():
        if label in _ALIKE:
            continue
        controlled = "error control" in label
        axes.loglog(
            [one.steps for one in outcomes],
            [one.error for one in outcomes],
            _line(label),
            marker="s" if controlled else "o",
            markersize=5,
            markerfacecolor="white" if controlled else None,
            color=_colour(label),
            alpha=0.45 if "fixed_point" in label else 1.0,
            label=label,
        )
    axes.set_xlabel("doStep calls of both components, those taken back too")
    axes.set_ylabel("largest error of the populations in 30 s")
    axes.grid(alpha=0.25, linewidth=0.5)
    figure.legend(fontsize=8, loc="outside right upper", handlelength=3.5, frameon=False)
    figure.savefig(path, dpi=130)


def _draw_estimates(found: Mapping[str, Course], path: Path) -> None:
    """Two panels: constant steps, error control; a line for the truth, points for the estimate."""
    figure = Figure(figsize=(10.0, 4.8), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for label, course in found.items():
        controlled = "error control" in label
        axes, short = panels[int(controlled)], label.removesuffix(", error control")
        line = _line(label)
        axes.semilogy(course.times[1:], course.true[1:], line, color=_colour(label), linewidth=1.2, label=short)
        points = [(t, course.at(t)[0]) for t in np.arange(1.0, STOP + 0.5)]
        axes.semilogy(*zip(*points, strict=True), "o", color=_colour(label), markersize=3.5, markerfacecolor="white")
    for axes, title in zip(panels, ("constant steps of 0.05 s", "error control, tolerance 1e-3"), strict=True):
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("time [s]")
        axes.set_ylim(1e-5, 1.0)
        axes.grid(alpha=0.25, linewidth=0.5)
    panels[0].set_ylabel("global error, part of the values")
    handles, labels = panels[0].get_legend_handles_labels()
    handles += [Line2D([], [], color="0.3", label="the truth"), _points("the estimate")]
    labels += ["line: the truth", "points: the estimate"]
    figure.legend(handles, labels, fontsize=8, loc="outside lower center", ncols=4, handlelength=3.0, frameon=False)
    figure.savefig(path, dpi=130)


def _points(label: str) -> Line2D:
    return Line2D([], [], linestyle="", marker="o", markersize=4, color="0.3", markerfacecolor="white", label=label)


def _document(found: Mapping[str, list[Outcome]], estimated: Mapping[str, Course]) -> None:
    docs = ROOT / "docs"
    _put(docs / "masters.md", "lotka_volterra", "\n".join(_rows(found)))
    _put(docs / "step_size.md", "global_error", "\n".join(_estimate_rows(estimated)))
    _draw(found, docs / "images" / "lotka_volterra.png")
    _draw_estimates(estimated, docs / "images" / "global_error.png")


def _put(page: Path, name: str, table: str) -> None:
    """Replace the table between the marks of this name."""
    begin, end = f"<!-- {name} -->", "<!-- end -->"
    text = page.read_text()
    page.write_text(re.sub(f"{begin}.*?{end}", lambda _: f"{begin}\n{table}\n{end}", text, flags=re.DOTALL))


def main() -> None:
    """Measure, print, and document where asked for."""
    found, estimated = measured(), estimates()
    line = {
        "benchmark": "lotka_volterra",
        "machine": platform.machine(),
        "python": platform.python_version(),
        "masters": {label: [one._asdict() for one in outcomes] for label, outcomes in found.items()},
        "estimates": {label: [[t, *course.at(t)] for t in ESTIMATED_AT] for label, course in estimated.items()},
    }
    print(json.dumps(line))
    (ROOT / "benchmarks" / "results" / "lotka_volterra.json").write_text(json.dumps(line, indent=1) + "\n")
    if "--docs" in sys.argv[1:]:
        _document(found, estimated)


if __name__ == "__main__":
    main()
