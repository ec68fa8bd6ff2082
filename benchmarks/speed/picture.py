"""The picture: what a macro step costs with each master, as times the C floor."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from speed.lines import Line

_COTWIN: Final = "#0b6e4f"
_OTHERS: Final = "#9aa5b1"


def draw(lines: Sequence[Line], workloads: Sequence[str], path: Path) -> None:
    """A panel for each workload, a bar for each master; the scale is logarithmic."""
    chosen = [line for line in lines if line.section == "masters" and line.workload in workloads and line.ratio]
    names = sorted({line.who for line in chosen}, key=lambda name: _rank(name, chosen), reverse=True)
    figure = Figure(figsize=(11.0, 0.9 + 0.36 * len(names)), layout="constrained")
    panels = figure.subplots(1, len(workloads), sharey=True)
    longest = max((line.ratio or 1.0) for line in chosen)
    for axes, workload in zip(panels, workloads, strict=True):
        ratios = {line.who: line.ratio or 0.0 for line in chosen if line.workload == workload}
        values = [ratios.get(name, 0.0) for name in names]
        colours = [_COTWIN if name.startswith("cotwin") else _OTHERS for name in names]
        bars = axes.barh(names, [max(value, 1.0) for value in values], color=colours, height=0.62, left=0.0)
        labels = [f" {value:,.0f}" if value >= 10 else f" {value:.2f}" if value else "" for value in values]
        axes.bar_label(bars, labels, fontsize=8, color="0.25")
        axes.set_xscale("log")
        axes.set_xlim(0.7, longest * 12.0)
        axes.axvline(1.0, color="0.3", linewidth=0.8)
        axes.set_title(workload, fontsize=10)
        axes.tick_params(labelsize=8, left=False)
        axes.spines[["top", "right", "left"]].set_visible(False)
    figure.supxlabel("cost of a macro step, times that of straight C (the line at 1)", fontsize=9)
    figure.savefig(path, dpi=130)


def _rank(name: str, lines: Sequence[Line]) -> float:
    ratios = [line.ratio for line in lines if line.who == name and line.ratio]
    return ratios[0] if ratios else float("inf")
