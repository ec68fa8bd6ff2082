"""W1 and W2: what a macro step costs with cotwin and its peers, beside straight C."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from speed.comparison import Effort, compare
from speed.contender import COTWIN, INTERPRETED, Contender
from speed.lines import Line
from speed.peers import ALL, FROM_PIP, missing, present
from speed.system import System
from speed.workloads import controlled_mass, ring_of_lags

SECTION: Final = "masters"


class Workload(NamedTuple):
    """A system under the name of its row; the ratio to the floor to reach, and to the fastest peer from pip."""

    name: str
    system: System
    reach: float
    against_peers: float | None = None


def workloads(effort: Effort) -> Iterator[Workload]:
    """W1 with 10 and 100 components, W2 without and with every output recorded."""
    for count in (10, 100):
        steps = effort.steps(2_000_000 // count)
        yield Workload(f"W1-{count}", ring_of_lags(count, steps=steps), 1.15, 40.0)
        recorded = replace(ring_of_lags(count, steps=steps // 10), record=True)
        yield Workload(f"W1-{count} recording", recorded, 2.0)
    for record in (False, True):
        name = "W2 recording" if record else "W2"
        system = controlled_mass(steps=effort.steps(1_000_000), record=record)
        yield Workload(name, system, 2.0 if record else 1.15, 30.0 if record else None)


def measure(effort: Effort) -> Iterator[Line]:
    """Every workload with every master that is here, FMI 2.0; then cotwin with FMI 3.0."""
    for workload in workloads(effort):
        # Straight C records, too, and peers are asked for one of both.
        everybody = [COTWIN] if workload.name.startswith("W1") and workload.system.record else _everybody()
        yield from _compared(workload, everybody, effort)
    for count in (10, 100):
        system = ring_of_lags(count, steps=effort.steps(2_000_000 // count), version=3)
        yield from _compared(Workload(f"W1-{count}, FMI 3.0", system, 1.15), [COTWIN], effort)
    for peer in ALL:
        if missing(peer):
            yield Line(SECTION, "W1-10", peer.name, None, "us/macro step", note=missing(peer))


def _everybody() -> list[Contender]:
    return [COTWIN, INTERPRETED, *present()]


def _compared(workload: Workload, everybody: list[Contender], effort: Effort) -> Iterator[Line]:
    lines = list(compare(SECTION, workload.name, workload.system, everybody, effort))
    for line in lines:
        yield replace(line, reach=workload.reach) if line.who == COTWIN.name else line
    if workload.against_peers is not None:
        yield from _against_fastest(workload, lines)


def _against_fastest(workload: Workload, lines: list[Line]) -> Iterator[Line]:
    """How many times faster than the fastest peer that pip installs."""
    peers = [line for line in lines if line.who in FROM_PIP and line.value is not None]
    mine = next(line for line in lines if line.who == COTWIN.name)
    if not peers or mine.value is None:
        return
    fastest = min(peers, key=lambda line: line.value or 0.0)
    yield Line(
        SECTION,
        f"{workload.name}: speed",
        f"{COTWIN.name} against {fastest.who}",
        1.0 / mine.value,
        "macro steps/us",
        comparator=fastest.who,
        reference=1.0 / (fastest.value or 1.0),
        reach=workload.against_peers,
        more_is_better=True,
    )
