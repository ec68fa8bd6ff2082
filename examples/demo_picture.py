"""The picture of the demo: the run with the swap over the run of FMUs alone."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import cotwin
from cotwin.plots import COLOURS

PANELS = {
    "biomass [g/L]": ("reactor.X_mean",),
    "glucose and acetate [g/L]": ("reactor.S_mean", "reactor.A_mean"),
    "DO [% of saturation]": ("reactor.DOT_probe", "reactor.DOT_mean"),
    "stirrer [1/min]": ("plc.stirrer_speed",),
    "OUR [mmol/(L h)]": ("metabolism.OUR",),
}
DIFFERENCE = "reactor.DOT_probe"
COMPARED = [*(name for names in PANELS.values() for name in names), "heat.T"]


def draw_overlay(reference: cotwin.Results, swapped: cotwin.Results, swap: tuple[float, float], path: Path) -> Path:
    """Draw the compared variables of both runs; grey: the surrogate is in charge. Returns the path."""
    with mpl.rc_context({"axes.spines.top": False, "axes.spines.right": False, "font.size": 9.5}):
        figure = Figure(figsize=(9.6, 6.8), layout="constrained")
        axes = figure.subplots(3, 2, sharex=True)
        for panel, (label, names) in zip(axes.flat, PANELS.items(), strict=False):
            _draw_both(panel, label, names, reference, swapped)
        _draw_difference(axes[-1, -1], reference, swapped)
        for panel in axes.flat:
            panel.axvspan(swap[0] / 60, swap[1] / 60, color="0.5", alpha=0.13, linewidth=0)
            panel.grid(alpha=0.25)
            panel.margins(x=0)
        for panel in axes[-1]:
            panel.set_xlabel("time [min]")
        figure.suptitle("12 m³ fed-batch in 200 zones. Pale: FMUs alone, thin: with the surrogate in charge (grey)")
        figure.savefig(path, dpi=130)
    return path


def _draw_both(
    axes: Axes, label: str, names: tuple[str, ...], reference: cotwin.Results, swapped: cotwin.Results
) -> None:
    for name, colour in zip(names, COLOURS, strict=False):
        axes.plot(reference.times / 60, reference[name], color=colour, linewidth=4, alpha=0.3)
        axes.plot(swapped.times / 60, swapped[name], color=colour, linewidth=1, label=name.partition(".")[2])
    axes.set_ylabel(label)
    if len(names) > 1:
        # Above the axes, where no curve can run through it.
        axes.legend(frameon=False, fontsize=8, ncols=len(names), loc="lower right", bbox_to_anchor=(1, 0.98))


def _draw_difference(axes: Axes, reference: cotwin.Results, swapped: cotwin.Results) -> None:
    difference = swapped[DIFFERENCE] - reference[DIFFERENCE]
    axes.plot(swapped.times / 60, 1000 * difference, color=COLOURS[1], linewidth=1)
    axes.set_ylabel("DOT_probe: swapped - FMUs\n[0.001 % of saturation]")
