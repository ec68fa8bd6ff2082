"""Scaling: time and memory of a component in systems of 10 to 10,000."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from speed.comparison import Effort, compare
from speed.contender import COTWIN, ONWARD
from speed.lines import Line
from speed.system import System
from speed.workloads import chain, random_graph, ring

SECTION: Final = "scaling"
SHAPES: Final[dict[str, Callable[..., System]]] = {"chain": chain, "ring": ring, "random graph": random_graph}
COUNTS: Final = (10, 100, 1_000, 10_000)
_STEPS: Final = 10_000_000
"""Of all components together, in one turn: a run that has hardly anything of its beginning and end in it."""
_SHORT: Final = 20
"""Macro steps of a run that shows these."""


def measure(effort: Effort) -> Iterator[Line]:
    """Nanoseconds for a component and macro step, and for a component at the beginning and end of a run; kilobytes."""
    effort_of_each = replace(effort, turns=3, turn=0.5, limit=150.0)
    most = max(COUNTS)
    for shape, build in SHAPES.items():
        peaks: dict[int, float] = {}
        for count in COUNTS:
            if count > most:
                yield Line(SECTION, f"{shape} of {count:,}", COTWIN.name, None, "ns/component", note="left out")
                continue
            system = build(count, steps=max(20, effort.steps(_STEPS // count)))
            for line in compare(SECTION, f"{shape} of {count:,}", system, [ONWARD], effort_of_each, short=_SHORT):
                yield _for_each(line, count)
                if line.memory is not None:
                    peaks[count] = line.memory
                if line.who == COTWIN.name and line.value is None:
                    most = min(most, count - 1)  # it takes too long in other shapes, too
        if COUNTS[-1] in peaks:
            yield _memory(shape, peaks)


def _for_each(line: Line, count: int) -> Line:
    factor = 1e3 / count
    return replace(
        line,
        value=None if line.value is None else line.value * factor,
        reference=None if line.reference is None else line.reference * factor,
        unit="ns/component",
        reach=1.3 if line.who == COTWIN.name and line.comparator else None,
    )


def _memory(shape: str, peaks: dict[int, float]) -> Line:
    """What a component needs beyond the first thousand, and among these: the same where memory is linear."""
    few, many, most = COUNTS[0], COUNTS[-2], COUNTS[-1]
    return Line(
        SECTION,
        f"memory of a component, {shape} of {most:,}",
        COTWIN.name,
        (peaks[most] - peaks[many]) * 1e3 / (most - many),
        "kB",
        comparator=f"{many:,}",
        reference=(peaks[many] - peaks[few]) * 1e3 / (many - few),
        reach=1.1,
    )
