"""What the command line shows: tables, a progress bar, errors."""

import json
import logging
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from cotwin.layout import arranged
from cotwin.panels import panels
from cotwin.tables import Table, events, number, summary
from orchestrator.errors import CotwinError, DescriptionError, SimulationError
from orchestrator.interruption import CALLED, Terminated, signal_of
from orchestrator.observer import Event

if TYPE_CHECKING:
    from cotwin.execution import Outcome
    from orchestrator.recording.results import Results

ROWS = 40
"""Rows that a summary shows at most; the report has all of them."""

FAILED, WRONG = 1, 2
"""Exit codes: a simulation failed; a description, a file or an argument is wrong."""

WIDTH_OF_A_FILE = 140
"""Characters in a line where the output is no terminal."""

output = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE)
errors = Console(highlight=False, stderr=True)


class _Told(logging.Handler):
    """Prints what is logged."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a line."""
        warn(record.getMessage())


def tell_of_compiling() -> None:
    """Say what the first run on a machine takes its time for, where somebody looks."""
    logger = logging.getLogger("orchestrator.compiled_sources")
    if errors.is_terminal and not logger.handlers:
        logger.setLevel(logging.INFO)
        logger.addHandler(_Told())


@contextmanager
def errors_reported(debug: bool, origin: Path) -> Iterator[None]:
    """Turn an error that cotwin raises on purpose into one message and an exit code; `debug` lets it through.

    The message names the file `origin`, and its line where that is known. Ctrl-C and SIGTERM get a message, too.
    """
    try:
        yield
    except (KeyboardInterrupt, Terminated) as error:
        raise interrupted(signal_of(error), "nothing was recorded") from error
    except (CotwinError, OSError) as error:
        if debug:
            raise
        errors.print(f"[bold red]{type(error).__name__}[/]: {escape(_located(error, origin))}", soft_wrap=True)
        raise typer.Exit(FAILED if isinstance(error, SimulationError) else WRONG) from error


def _located(error: Exception, origin: Path) -> str:
    """The message with the file, and the line of a description where it is known."""
    if isinstance(error, DescriptionError):
        from orchestrator.system.placing import placed

        return placed(str(error), origin)
    return str(error) if str(origin) in str(error) else f"{origin}: {error}"


def interrupted(by: signal.Signals, what_is_left: str) -> typer.Exit:
    """Say what ended the command and what it leaves; the exit to raise has the code that shells use for the signal."""
    errors.print(f"[bold red]Interrupted[/] by {CALLED[by]}: {escape(what_is_left)}", soft_wrap=True)
    return typer.Exit(128 + by)


def say(text: str) -> None:
    """Print a line."""
    output.print(escape(text), soft_wrap=True)


def warn(text: str) -> None:
    """Print a line about what could not be done."""
    errors.print(escape(text), soft_wrap=True)


def show(tables: Iterable[Table]) -> None:
    """Print the tables that have rows; columns of numbers are set to the right.

    Where the terminal is too narrow for the columns, the last one goes below each row, or all but the first do.
    """
    for table in tables:
        if table.rows:
            output.print(arranged(table, output.width), "")


def show_json(data: Any) -> None:
    """Print data as JSON, whatever the width of the terminal."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))


def show_outcome(outcome: "Outcome", elapsed: float) -> None:
    """Print what a run gave: values, events, cost, files; Ctrl-C meanwhile says what was recorded."""
    if outcome.results is None:
        return
    try:
        _show(outcome, outcome.results, elapsed)
    except (KeyboardInterrupt, Terminated) as error:
        raise interrupted(signal_of(error), recorded(outcome)) from error


def _show(outcome: "Outcome", results: "Results", elapsed: float) -> None:
    drawn = panels(results)
    rows, happened = summary(drawn), events(results)
    show(_shortened(table, ROWS) for table in (rows, *outcome.tables, happened))
    span = float(results.times[-1] - results.times[0])
    rate = f", {span / elapsed:.3g} times real time" if elapsed > 0.0 else ""
    say(f"{span:g} s simulated in {elapsed:.3g} s{rate}")
    for path in outcome.files:
        say(f"wrote {path}")
    if outcome.failure is not None:
        errors.print(escape(recorded(outcome)), soft_wrap=True)


def recorded(outcome: "Outcome") -> str:
    """Until when a run was recorded, and where that is."""
    if outcome.results is None:
        return "nothing was recorded"
    return f"recorded until {number(float(outcome.results.times[-1]))} s in {outcome.files[0]}"


def _shortened(table: Table, limit: int) -> Table:
    if len(table.rows) <= limit:
        return table
    more = (f"... {len(table.rows) - limit} more in the report", *[""] * (len(table.header) - 1))
    return table._replace(rows=[*table.rows[:limit], more])


class ProgressBar:
    """Observer that draws how far a run is between its start and stop times (s); `elapsed` is its wall time (s)."""

    UPDATES = 200
    patient = True

    def __init__(self, name: str, stop: float) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.6g} of {task.total:.6g} s"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=errors,
            transient=True,
        )
        self._name, self._stop, self._next, self._stride = escape(name), stop, 0.0, 0.0
        self.elapsed = 0.0

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._progress)

    def initialized(self, t: float, signals: Any) -> None:  # noqa: ARG002
        """Show the bar."""
        self._task = self._progress.add_task(self._name, total=self._stop)
        self._next, self._stride = t, (self._stop - t) / self.UPDATES
        _begin(self._progress)

    def communication_point(self, t: float, signals: Any) -> None:  # noqa: ARG002
        """Move the bar, a few hundred times in a run and not at every step."""
        if t >= self._next:
            self._next = t + self._stride
            self._progress.update(self._task, completed=t)

    def event(self, event: Event) -> None:
        """Events are shown after the run, from the record."""

    def terminated(self, error: Exception | None) -> None:  # noqa: ARG002
        """Take the bar away."""
        if self._progress.tasks:
            self.elapsed = self._progress.tasks[0].elapsed or 0.0
        _end(self._progress)


class StageBar:
    """A bar over pieces of work of any kind: builds, runs, training steps; `with StageBar("building", 4) as bar`."""

    def __init__(self, name: str, total: int | None = None) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=errors, transient=True)
        self._name, self._task = name, self._progress.add_task(escape(name), total=total)

    def __enter__(self) -> "StageBar":
        _begin(self._progress)
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._progress)

    def advance(self, message: str) -> None:
        """One piece is done."""
        self._progress.update(self._task, advance=1, description=escape(f"{self._name}: {message}"))

    def update(self, what: str, done: int, total: int) -> None:
        """`done` of `total` pieces of a stage are done."""
        self._progress.update(self._task, completed=done, total=total, description=escape(f"{self._name}: {what}"))


def _begin(progress: Progress) -> None:
    if errors.is_interactive:
        progress.start()


def _end(progress: Progress) -> None:
    if progress.live.is_started:  # where nothing moves, rich ends a bar with an empty line
        progress.stop()
