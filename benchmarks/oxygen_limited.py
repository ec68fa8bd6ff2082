"""What solved loops are worth where held rates are dear: cells that run out of oxygen, in a component of their own.

    python benchmarks/oxygen_limited.py [--docs]

One JSON line. `error` is the relative error of the biomass after 9 h against the whole solved as one, `evaluations`
counts every doStep of the cells: all iterations, and the steps that were taken back. With --docs the table and picture
of the documentation are made anew.
"""

import json
import platform
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from fmus.build import build
from orchestrator.assembly import open_simulation
from plant_models.textbook import TEXTBOOK
from plant_models.textbook.exact import oxygen_limited
from plant_models.textbook.oxygen_limited import OXYGEN_LIMITED_CONNECTIONS

ROOT: Final = Path(__file__).parents[1]
STOP: Final = 9 * 3600.0
KLA: Final = 60.0
LARGEST: Final = 360.0
"""Step size (s) that error control begins with and does not exceed."""


class Master(NamedTuple):
    """A master by the name that people read, the fields of the description that choose it, and its settings.

    These are step sizes (s), or tolerances where `controlled`.
    """

    label: str
    fields: Mapping[str, Any]
    settings: Sequence[float]
    controlled: bool = False


class Outcome(NamedTuple):
    """One run; `setting` is its step size (s) or tolerance, `refused` the steps that were tried in vain."""

    setting: float
    error: float
    evaluations: int
    macro_steps: int
    refused: int


def _iterative(method: str) -> dict[str, Any]:
    return {"algorithm": "iterative", "loops": {"method": method}}


MASTERS: Final = (
    Master("Gauss-Seidel, rates held", {"algorithm": "gauss_seidel"}, (60.0, 6.0, 1.0, 0.7, 0.35)),
    Master("loops solved, aitken", _iterative("aitken"), (120.0, 20.0, 6.0)),
    Master("loops solved, anderson", _iterative("anderson"), (6.0, 2.0)),
    Master("loops solved, newton", _iterative("newton"), (360.0, 180.0, 120.0, 60.0, 36.0, 6.0)),
    Master("loops solved, newton, error control", _iterative("newton"), (1e-2, 1e-4), controlled=True),
)


def measured() -> dict[str, list[Outcome]]:
    """Every master with every setting."""
    whole = float(oxygen_limited([STOP], KLA)["tank.X"][0])
    return {master.label: [_run(master, setting, whole) for setting in master.settings] for master in MASTERS}


def _run(master: Master, setting: float, whole: float) -> Outcome:
    steps: dict[str, Any] = {"step_size": setting}
    if master.controlled:
        steps = {"step_size": LARGEST, "step_control": {"method": "error", "tolerance": setting}}
    description = {
        "name": "oxygen_limited",
        "components": {
            "cells": {"source": str(_fmu("cells"))},
            "tank": {"source": str(_fmu("tank")), "parameters": {"kLa": KLA}},
        },
        "connections": [f"{link.source} -> {link.destination}" for link in OXYGEN_LIMITED_CONNECTIONS],
        "experiment": {"stop": STOP, "tolerance": 1e-10},
        **master.fields,
        **steps,
    }
    with open_simulation(description) as simulation:
        simulation.run()
        counted = simulation.coupling.statistics
        error = float(simulation["tank.X"]) / whole - 1.0
    refused = sum(counted.rejected.values())
    return Outcome(setting, error, counted.of("cells").steps, counted.macro_steps, refused)


def _fmu(name: str) -> Path:
    return build(TEXTBOOK[name](), ROOT / "build" / "fmus", stem=name).fmi3


def _rows(found: Mapping[str, list[Outcome]]) -> Iterator[str]:
    yield "| master | step size | macro steps | refused | relative error of the biomass | evaluations of the rates |"
    yield "|---|---|---|---|---|---|"
    for master in MASTERS:
        for one in found[master.label]:
            setting = f"tolerance {one.setting:.0e}" if master.controlled else f"{one.setting:g} s"
            yield (
                f"| {master.label} | {setting} | {one.macro_steps:,} | {one.refused:,} | {abs(one.error):.1e} | "
                f"{one.evaluations:,} |"
            )


def _draw(found: Mapping[str, list[Outcome]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8.0, 5.0), layout="constrained")
    for master, marker in zip(MASTERS, "os^Dv", strict=True):
        outcomes = found[master.label]
        evaluations, errors = [one.evaluations for one in outcomes], [abs(one.error) for one in outcomes]
        axes.loglog(evaluations, errors, "-", marker=marker, markersize=5, label=master.label)
        for one in outcomes:
            text = f"{one.setting:.0e}" if master.controlled else f"{one.setting:g} s"
            beside = (-26, -10) if marker == "D" else (5, 4)
            at = one.evaluations, abs(one.error)
            axes.annotate(text, at, xytext=beside, textcoords="offset points", fontsize=7)
    axes.margins(x=0.1)
    axes.axhline(1e-3, color="grey", linewidth=0.8, linestyle="--")
    axes.set_xlabel("evaluations of the rates: doStep calls of the cells, those taken back too")
    axes.set_ylabel("relative error of the biomass after 9 h")
    axes.grid(alpha=0.25, which="both", linewidth=0.5)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=130)


def _document(found: Mapping[str, list[Outcome]]) -> None:
    page = ROOT / "docs" / "loops.md"
    begin, end = "<!-- oxygen_limited -->", "<!-- end -->"
    text = page.read_text()
    table = "\n".join(_rows(found))
    page.write_text(re.sub(f"{begin}.*{end}", lambda _: f"{begin}\n{table}\n{end}", text, flags=re.DOTALL))
    _draw(found, ROOT / "docs" / "images" / "oxygen_limited.png")


def main() -> None:
    """Measure, print, and document where asked for."""
    found = measured()
    line = {
        "benchmark": "oxygen_limited",
        "machine": platform.machine(),
        "python": platform.python_version(),
        "masters": {label: [one._asdict() for one in outcomes] for label, outcomes in found.items()},
    }
    print(json.dumps(line))
    (ROOT / "benchmarks" / "results" / "oxygen_limited.json").write_text(json.dumps(line, indent=1) + "\n")
    if "--docs" in sys.argv[1:]:
        _document(found)


if __name__ == "__main__":
    main()
