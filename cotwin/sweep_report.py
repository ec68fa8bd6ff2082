"""A sweep from the command line: a bar while it goes on, tables and files at its end."""

from collections.abc import Sequence
from pathlib import Path

from cotwin import terminal
from cotwin.manifest import DONE, FAILED, Run
from cotwin.sweep_summary import final_table, status_table, summarized, write_summary
from cotwin.sweeping import sweep
from orchestrator.interruption import Interruption, Terminated, signal_of
from orchestrator.system.description import SystemDescription
from orchestrator.system.sweep import Plan, points


def made(description: SystemDescription, plan: Plan, folder: Path, *, jobs: int, scenarios: Sequence[Path]) -> int:
    """Make a sweep and show what it gave; returns how many runs failed. A signal leaves the runs that are done."""
    try:
        with Interruption(waiting=True), terminal.StageBar(description.name, len(points(plan))) as bar:

            def told(run: Run) -> None:
                bar.advance(f"run {run.number} {run.status}")

            manifest = sweep(description, plan, folder, jobs=jobs, scenarios=scenarios, told=told)
    except (KeyboardInterrupt, Terminated) as error:
        left = f"runs that are done are in {folder}; the same command goes on from there"
        raise terminal.interrupted(signal_of(error), left) from error
    summary = summarized(manifest, plan.results)
    files = write_summary(summary, folder) if summary.numbers else ()
    terminal.show([final_table(summary, terminal.ROWS), status_table(manifest)])
    counts = {status: sum(run.status == status for run in manifest.runs) for status in (DONE, FAILED)}
    terminal.say(f"{counts[DONE]} of {len(manifest.runs)} runs done, {counts[FAILED]} failed")
    for path in (folder / "manifest.csv", *files):
        terminal.say(f"wrote {path}")
    return counts[FAILED]
