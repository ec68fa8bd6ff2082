"""Gauss-Seidel, the loop solver and step doubling: their time beside that of the FMU calls that they make."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from speed.comparison import Effort, compare
from speed.contender import COTWIN, MASTERS, NoAnswerError, Process, Running
from speed.fmus import integrator
from speed.lines import Line
from speed.system import System, Wire
from speed.workloads import chain, system

SECTION: Final = "loops"
REACH: Final = 1.15
STEP_SIZE: Final = 0.01
"""A period of the oscillation has 628 macro steps of this length (s)."""
TOLERANCE: Final = 1e-5
"""Largest difference to the solution of the loop: it may be wrong by 1e-8 in each macro step."""
_LOOPS: Final = {"costs nothing": 0, "takes 20 us": 20_000, "takes 200 us": 200_000}
_CHAIN: Final = 10
_DOUBLED: Final = {0: 1_000_000, 20_000: 5_000}
"""Macro steps under error control by what a step costs (ns)."""
_LOOSE: Final = 1e-2
"""A tolerance that no step of the oscillation misses, so that all of them are as long as those of the floor."""


def measure(effort: Effort) -> Iterator[Line]:
    """A chain by Gauss-Seidel; then two components that feed each other, with steps that cost more and more."""
    steps = effort.steps(200_000)
    described = chain(_CHAIN, steps=steps)
    gauss_seidel = System(**{**vars(described), "algorithm": "gauss_seidel"})
    for line in compare(SECTION, f"Gauss-Seidel, chain of {_CHAIN}", gauss_seidel, [COTWIN], effort):
        yield Line(**{**vars(line), "reach": REACH}) if line.who == COTWIN.name else line
    for cost, burn in list(_LOOPS.items())[:2]:
        yield from _doubled(f"step doubling of two, a step {cost}", pair(burn, effort.steps(_DOUBLED[burn])), effort)
    for cost, burn in _LOOPS.items():
        yield from _solved(f"loop of two, a step {cost}", pair(burn, effort.steps(1_000 if burn else 200_000)), effort)


def pair(burn: int, steps: int) -> System:
    """An oscillation, x' = v and v' = -x, so that the loop is never at rest; `burn` is the CPU time (ns) of a step."""
    models = {"x": integrator(1.0, 1.0, burn=burn), "v": integrator(-1.0, 0.0, burn=burn)}
    wires = [Wire("x", "y", "v", "u"), Wire("v", "y", "x", "u")]
    return system("pair", models, wires, steps=steps, algorithm="iterative", step_size=STEP_SIZE)


def _solved(workload: str, loop: System, effort: Effort) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as folder, Running(None, loop) as floor:
        plan = Path(folder) / "plan"
        plan.write_text(loop.to_json())
        process = Process([sys.executable, str(MASTERS / "loop_cotwin.py"), str(plan)], plan.with_suffix(".log"))
        try:
            found = [_turn(process, floor, loop.steps, effort) for _ in range(max(2, effort.turns - 2))]
        except NoAnswerError as error:
            yield Line(SECTION, workload, COTWIN.name, None, "us/macro step", note=str(error))
            return
        finally:
            process.close()
    ours = min((each for each, _ in found), key=lambda each: each["seconds"])
    straight = min(each for _, each in found)
    sweeps = ours["sweeps"] / loop.steps
    off = max(abs(a - b) for a, b in zip(ours["finals"], exact(loop.steps), strict=True))
    yield Line(SECTION, workload, "C floor", straight / loop.steps * 1e6, "us/macro step", note=f"{sweeps:.2f} sweeps")
    yield Line(
        SECTION,
        workload,
        COTWIN.name,
        ours["seconds"] / loop.steps * 1e6,
        "us/macro step",
        comparator="the same calls in C",
        reference=straight / loop.steps * 1e6,
        reach=REACH,
        difference=off,
        note=f"{sweeps:.2f} sweeps" + ("" if off <= TOLERANCE else f", results off by {off:.1e}"),
    )


def _doubled(workload: str, system: System, effort: Effort) -> Iterator[Line]:
    made_twice = System(**{**vars(system), "algorithm": "doubling"})
    with tempfile.TemporaryDirectory() as folder, Running(None, made_twice) as floor:
        plan = Path(folder) / "plan"
        plan.write_text(made_twice.to_json())
        command = [sys.executable, str(MASTERS / "doubling_cotwin.py"), str(plan), str(_LOOSE)]
        process, found = Process(command, plan.with_suffix(".log")), []
        try:
            for _ in range(max(2, effort.turns - 2)):
                ours = process.ask(str(system.steps), effort.limit)
                found.append((ours, floor.run(system.steps, effort.limit)))
        except NoAnswerError as error:
            yield Line(SECTION, workload, COTWIN.name, None, "us/macro step", note=str(error))
            return
        finally:
            process.close()
    ours = min((each for each, _ in found), key=lambda each: each["seconds"])
    straight = min((each for _, each in found), key=lambda each: each.seconds)
    note = f"{ours['steps']} macro steps, {ours['rejected']} taken back"
    reference = straight.seconds / system.steps * 1e6
    yield Line(SECTION, workload, "C floor", reference, "us/macro step")
    yield Line(
        SECTION,
        workload,
        COTWIN.name,
        ours["seconds"] / ours["steps"] * 1e6,
        "us/macro step",
        comparator="the same calls in C",
        reference=reference,
        reach=REACH,
        difference=max(abs(a - b) for a, b in zip(ours["finals"], straight.finals, strict=True)),
        note=note,
    )


def exact(steps: int) -> list[float]:
    """The oscillation with both values at the end of the step in both, x += h v and v -= h x: from (1, 0)."""
    h = STEP_SIZE
    state = (1.0 / (1.0 + 1j * h)) ** steps
    return [state.real, state.imag]


def _turn(process: Process, floor: Running, steps: int, effort: Effort) -> tuple[dict[str, Any], float]:
    """cotwin's answer, and the time (s) of as many sweeps in straight C."""
    ours = process.ask(str(steps), effort.limit)
    return ours, floor.run(steps, effort.limit, sweeps=ours["sweeps"]).seconds
