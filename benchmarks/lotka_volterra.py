"""What each master makes of Lotka and Volterra's populations, a component each: error, order, invariant, steps taken.

    python benchmarks/lotka_volterra.py [--docs]

One JSON line. `error` is the largest distance to the exact solution at whole seconds up to 30 s, `drift` that of the
invariant, `steps` counts every doStep of both components, those that were taken back too. `order` is the slope between
the two smallest step sizes. With --docs the table and picture of the documentation are made anew.
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


MASTERS: Final = (
    Master("Jacobi", {"algorithm": "jacobi"}),
    Master("Jacobi, inputs of order 1", {"algorithm": "jacobi", "extrapolation": {"order": 1}}),
    Master("Jacobi, inputs of order 2", {"algorithm": "jacobi", "extrapolation": {"order": 2}}),
    Master("Gauss-Seidel", {"algorithm": "gauss_seidel"}),
    Master("Gauss-Seidel, inputs of order 1", {"algorithm": "gauss_seidel", "extrapolation": {"order": 1}}),
    *(
        Master(f"iterative, {method}", {"algorithm": "iterative", "loops": {"method": method}})
        for method in ("fixed_point", "aitken", "anderson", "newton")
    ),
    Master("iterative, anderson, inputs of order 1", {"algorithm": "iterative", "extrapolation": {"order": 1}}),
)
CONTROLLED: Final = (Master("Gauss-Seidel, error control", {"algorithm": "gauss_seidel"}),)


def measured() -> dict[str, list[Outcome]]:
    """Every master at every step size, or with error control at every tolerance."""
    found = {master.label: [_run(master, h, {"step_size": h}) for h in STEP_SIZES] for master in MASTERS}
    for master in CONTROLLED:
        found[master.label] = [
            _run(master, tolerance, {"step_size": 1.0, "step_control": {**_CONTROL, "tolerance": tolerance}})
            for tolerance in TOLERANCES
        ]
    return found


_CONTROL: Final = {"method": "error", "first": 0.01}


def _run(master: Master, setting: float, more: Mapping[str, Any]) -> Outcome:
    description = {
        "name": "lotka_volterra",
        "components": {name: {"source": str(_fmu(name))} for name in ("prey", "predator")},
        "connections": ["prey.x -> predator.x", "predator.y -> prey.y"],
        "experiment": {"stop": STOP, "tolerance": 1e-10},
        **master.fields,
        **more,
    }
    with open_simulation(description, meter=True) as simulation:
        results = simulation.run()
        steps = sum(meter.reading.steps for meter in simulation.instances.values())
    times = np.arange(1.0, STOP + 0.5)
    rows = np.searchsorted(results.times, times - 1e-9)
    x, y = results["prey.x"][rows], results["predator.y"][rows]
    exact = lotka_volterra(results.times[rows])
    drift = np.abs(lotka_volterra_invariant(x, y) - lotka_volterra_invariant(1.0, 1.0)).max()
    error = np.abs(np.stack([x, y], axis=1) - exact).max()
    return Outcome(setting, float(error), float(drift), steps)


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


def _draw(found: Mapping[str, list[Outcome]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(10.0, 5.5), layout="constrained")
    styles = {"Jacobi": "-", "Gauss-Seidel": "--", "iterative": ":"}
    for number, (label, outcomes) in enumerate(found.items()):
        style = next(style for name, style in styles.items() if label.startswith(name))
        steps, errors = [one.steps for one in outcomes], [one.error for one in outcomes]
        marker = "s" if "error control" in label else "o"
        axes.loglog(steps, errors, style, marker=marker, markersize=4, color=plt.cm.tab20(number), label=label)
    axes.set_xlabel("doStep calls of both components, those taken back too")
    axes.set_ylabel("largest error of the populations in 30 s")
    axes.grid(alpha=0.25, which="both", linewidth=0.5)
    figure.legend(fontsize=8, loc="outside right upper")
    figure.savefig(path, dpi=130)


def _document(found: Mapping[str, list[Outcome]]) -> None:
    page = ROOT / "docs" / "masters.md"
    begin, end = "<!-- lotka_volterra -->", "<!-- end -->"
    text = page.read_text()
    table = "\n".join(_rows(found))
    page.write_text(re.sub(f"{begin}.*{end}", lambda _: f"{begin}\n{table}\n{end}", text, flags=re.DOTALL))
    _draw(found, ROOT / "docs" / "images" / "lotka_volterra.png")


def main() -> None:
    """Measure, print, and document where asked for."""
    found = measured()
    line = {
        "benchmark": "lotka_volterra",
        "machine": platform.machine(),
        "python": platform.python_version(),
        "masters": {label: [one._asdict() for one in outcomes] for label, outcomes in found.items()},
    }
    print(json.dumps(line))
    (ROOT / "benchmarks" / "results" / "lotka_volterra.json").write_text(json.dumps(line, indent=1) + "\n")
    if "--docs" in sys.argv[1:]:
        _document(found)


if __name__ == "__main__":
    main()
