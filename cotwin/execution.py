"""One run with everything that is kept of it: the record, the plots and the report, also of a run that failed."""

import signal
from collections.abc import Sequence
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

from cotwin.folder import MADE_BY, RECORD, REPORT, prepare_folder
from cotwin.measurements import pacing_measured, swaps_measured
from cotwin.panels import panels
from cotwin.plots import save_png
from cotwin.report_page import Extras, write_report
from cotwin.resuming import Resuming
from cotwin.run_course import RunCourse
from cotwin.run_statistics import statistics_data, write_statistics
from cotwin.run_tables import run_tables
from cotwin.tables import Table
from orchestrator.assembly import open_simulation
from orchestrator.errors import DescriptionError, ResultError, SimulationError
from orchestrator.interruption import CALLED, Interruption, Terminated, held_off, signal_of
from orchestrator.observer import Observer
from orchestrator.realtime import clock
from orchestrator.realtime.pacer import OverrunPolicy, Pacer
from orchestrator.recording.results import Results
from orchestrator.recording.store import partial_path
from orchestrator.simulation import Simulation
from orchestrator.system.description import SystemDescription
from orchestrator.system.names import nearest

PANELS_IN_A_PICTURE = 12
NO_CHECKPOINTS = Resuming()


class Manner(NamedTuple):
    """How a run is made: by how many threads at most, in step with the clock where there is a pacer, or in Python."""

    threads: int | None = None
    pacer: Pacer | None = None
    interpreted: bool = False

    @classmethod
    def asked(
        cls, threads: int | None, speed: float | None, overruns: str | None, *, interpreted: bool = False
    ) -> "Manner":
        """In step with the clock where a speed is given; DescriptionError where options contradict each other."""
        if interpreted and threads is not None:
            raise DescriptionError("--threads goes with the compiled loop: an --interpreted run steps in one thread")
        if speed is None:
            if overruns is not None:
                raise DescriptionError("--overruns goes with --speed: a run as fast as it can has no deadlines")
            return cls(threads, interpreted=interpreted)
        return cls(threads, Pacer(speed, overruns or OverrunPolicy.CONTINUE), interpreted)


AS_FAST_AS_IT_GOES = Manner()


class Outcome(NamedTuple):
    """What a run left: results (None where nothing was recorded), files, measurements, and why it failed if it did.

    `interrupted_by` is the signal that ended the run, or the work on its results, before its time.
    """

    results: Results | None
    files: tuple[Path, ...]
    tables: tuple[Table, ...]
    failure: SimulationError | None
    interrupted_by: signal.Signals | None = None


def execute(
    description: SystemDescription,
    folder: Path,
    observers: Sequence[Observer] = (),
    scenarios: Sequence[Path] = (),
    resuming: Resuming = NO_CHECKPOINTS,
    manner: Manner = AS_FAST_AS_IT_GOES,
) -> Outcome:
    """Run a system and write record, plots and report into `folder`; a failed run keeps what it recorded.

    `scenarios` are files that say what is done to the system during the run, `resuming` where it goes on from and when
    checkpoints are made.

    Ctrl-C and SIGTERM end the run at the next communication point; once more, or while plots are drawn, they end at
    once what is going on. Raises what is wrong before the run begins: DescriptionError, FmuImportError,
    CapabilityError, ResultError where another run is writing into the folder; KeyboardInterrupt or Terminated then.
    """
    course = RunCourse(description.experiment.start, description.experiment.stop)
    with Interruption(waiting=True):
        simulation = open_simulation(
            description,
            output=folder / RECORD,
            observers=(course, *observers),
            meter=True,
            scenarios=scenarios,
            resume=resuming.resume,
            threads=manner.threads,
            interpreted=manner.interpreted,
        )
        course.watch(simulation.coupling.statistics, simulation.grid)
        began = clock.seconds()
        failure, stop = _run(simulation, folder, resuming, manner.pacer)
        try:
            with held_off():  # so that what is kept is told, however often somebody presses Ctrl-C
                took = clock.seconds() - began - (0.0 if manner.pacer is None else manner.pacer.waited)
                data = statistics_data(description, simulation, course, took, _ending(failure, stop))
                measured = (*swaps_measured(simulation.instances.values()), *pacing_measured(manner.pacer))
                outcome = _kept(folder, (*run_tables(data), *measured), failure, stop)
            if outcome.files:
                outcome = outcome._replace(files=(*outcome.files, write_statistics(data, folder)))
            return outcome._replace(files=(*outcome.files, *_drawn(outcome, folder, description.name)))
        except (KeyboardInterrupt, Terminated) as error:
            return outcome._replace(interrupted_by=signal_of(error))
        except OSError as error:  # of a full disk; what ended the run, and what was recorded, is told all the same
            return outcome._replace(failure=outcome.failure or _not_written(folder, error))


def _run(
    simulation: Simulation[Results], folder: Path, resuming: Resuming, pacer: Pacer | None
) -> tuple[SimulationError | None, signal.Signals | None]:
    """Run to the end, and say what ended the run before it."""
    checkpoints = resuming.checkpoints(folder)
    try:
        with simulation:
            if checkpoints is not None:
                simulation.require_checkpoints()
            # Only now: what is wrong with the description must not cost the results of the run before.
            prepare_folder(folder, resumed=resuming.resume is not None)
            if not simulation.ended:  # a run that was killed while it completed its record has no more to do
                simulation.run(pacer=pacer, checkpoints=checkpoints)
    except SimulationError as error:
        return error, None
    except (KeyboardInterrupt, Terminated) as error:
        return None, signal_of(error)
    return None, None


def _not_written(folder: Path, error: OSError) -> SimulationError:
    return SimulationError(
        f"{folder}: cannot be written ({error.strerror}). Free space on the disk, or give another -o"
    )


def _ending(failure: SimulationError | None, stop: signal.Signals | None) -> tuple[str, str]:
    if failure is not None:
        return "failed", str(failure)
    return ("completed", "") if stop is None else ("interrupted", CALLED[stop])


def _kept(
    folder: Path, tables: tuple[Table, ...], failure: SimulationError | None, stop: signal.Signals | None
) -> Outcome:
    """What is on the disk: the record, or what was written of it where a second signal kept it from completion."""
    record = folder / RECORD
    kept = next((path for path in (record, partial_path(record)) if path.exists()), None)
    if kept is None:
        return Outcome(None, (), tables, failure, stop)
    return Outcome(Results.load(kept), (kept,), tables, failure, stop)


def _drawn(outcome: Outcome, folder: Path, name: str) -> tuple[Path, ...]:
    """Plots and report; of a record that is not complete there are none."""
    if outcome.results is None or folder / RECORD not in outcome.files:
        return ()
    written = write_pictures(outcome.results, folder, name)
    if outcome.interrupted_by is not None:
        end = f"{CALLED[outcome.interrupted_by]} ended it at t = {outcome.results.times[-1]:.9g} s."
        extras = Extras(end, outcome.tables, verdict="The run was interrupted.")
    else:
        extras = Extras(None if outcome.failure is None else str(outcome.failure), outcome.tables)
    return (*written, write_report(outcome.results, folder / REPORT, name, extras))


def write_pictures(results: Results, folder: Path, title: str) -> tuple[Path, ...]:
    """PNG files of what changes: `COMPONENT.png`, and `COMPONENT_2.png`, ... where one would be too long.

    That of `cooling/pump` is `cooling.pump.png`, that of the whole system `system.png`.
    """
    arranged = [panel for panel in panels(results) if not panel.constant]
    written = []
    for component in dict.fromkeys(panel.component for panel in arranged):
        own = iter([panel for panel in arranged if panel.component == component])
        for part in count(1):
            shown = list(islice(own, PANELS_IN_A_PICTURE))
            if not shown:
                break
            # no component has a dot in its name, so that no two of them get one file
            stem = component.replace("/", ".") or "system"
            name = stem if part == 1 else f"{stem}_{part}"
            written.append(
                save_png(shown, folder / f"{name}.png", f"{title}: {component}" if component else title, MADE_BY)
            )
    return tuple(written)


def draw(record: Path, names: Sequence[str], picture: Path) -> Path:
    """Draw recorded variables into one PNG; the name of an array stands for all of its elements.

    ResultError where the picture cannot be such a file, the record has no row, or a variable was not recorded.
    """
    if picture.suffix.lower() != ".png" or picture.is_dir():
        raise ResultError(f"{picture}: pictures are PNG files. Give the path of one, such as {record.stem}.png")
    results = Results.load(record)
    if not len(results):
        raise ResultError(f"{record}: has no row, so that there is nothing to draw. Run the simulation again")
    unknown = [name for name in names if not _elements(results, name)]
    if unknown:
        raise ResultError("\n".join(f"'{name}' was not recorded; {nearest(name, results.names)}" for name in unknown))
    chosen = dict.fromkeys(element for name in names for element in _elements(results, name))
    return save_png(panels(results, list(chosen)), picture)


def _elements(results: Results, name: str) -> list[str]:
    return [name] if name in results.names else [known for known in results.names if known.startswith(f"{name}[")]
