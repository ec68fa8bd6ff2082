"""Pictures of a system before a run: its graph, spectral radii of its loops, algorithms tried, growth."""

from collections.abc import Iterator, Sequence

from cotwin.bars import Bar, bars
from cotwin.explained_tables import stability_sentence
from cotwin.explaining import Explained
from cotwin.page import Figure
from cotwin.system_picture import picture
from orchestrator.master.probing.candidates import Comparison
from orchestrator.master.probing.coupling_map import LoopProbe
from orchestrator.master.probing.growth import Stability


def pictures_before(told: Explained) -> tuple[Figure, ...]:
    """Those that there is something for."""
    graph = picture(told.description.name, told.structure)
    caption = "Boxes in the order of flow, coloured by stage; lines in colour belong to a loop, dashed ones run back."
    return (Figure("System", graph, caption, light=True), *_found(told))


def _found(told: Explained) -> Iterator[Figure]:
    if told.findings is None:
        return
    if told.findings.loops:
        yield _radii(told.findings.loops)
    if told.findings.comparison is not None and told.findings.comparison.trials:
        yield _tried(told.findings.comparison)
    if told.findings.stability is not None:
        yield _growth(told.findings.stability)


def _radii(loops: Sequence[LoopProbe]) -> Figure:
    rows = []
    for number, loop in enumerate(loops, start=1):
        which = f"loop {number}, " if len(loops) > 1 else ""
        rows.append(Bar(f"{which}all inputs", (loop.radius_jacobi,), f"{loop.radius_jacobi:.3g}"))
        rows.append(Bar(f"{which}torn inputs", (loop.radius_gauss_seidel,), f"{loop.radius_gauss_seidel:.3g}"))
    names = "; ".join(" <-> ".join(loop.components) for loop in loops)
    caption = f"Part of an error that one fixed-point iteration leaves; it converges below 1. Loops: {names}."
    return Figure("Spectral radius of the coupling maps", bars(rows, limit=1.0), caption)


def _tried(found: Comparison) -> Figure:
    rows = [
        Bar(f"{one.algorithm}, h = {one.step_size:g} s", (one.error,), f"{one.error:.2g}, {one.do_steps} calls")
        for one in found.trials
    ]
    caption = f"Largest error over the first {found.span:g} s, in parts of the value or the nominal, and what it cost."
    return Figure("Algorithms tried", bars(rows), caption)


def _growth(found: Stability) -> Figure:
    rows = [Bar(f"h = {one.step_size:g} s", (one.factor,), f"{one.factor:.5g}") for one in found.growths]
    return Figure("Growth of a small change per macro step", bars(rows, limit=1.0), f"{stability_sentence(found)}.")
