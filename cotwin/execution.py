"""One run with everything that is kept of it: the record, the plots and the report, also of a run that failed."""

from collections.abc import Sequence
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

from cotwin.measurements import measured
from cotwin.panels import panels
from cotwin.plots import save_png
from cotwin.report_page import Extras, write_report
from cotwin.tables import Table
from orchestrator.assembly import open_simulation
from orchestrator.errors import SimulationError
from orchestrator.observer import Observer
from orchestrator.recording.results import Results
from orchestrator.system.description import SystemDescription

RECORD = "results.parquet"
PANELS_IN_A_PICTURE = 12


class Outcome(NamedTuple):
    """What a run left: results (None where nothing was recorded), files, measurements, and why it failed if it did."""

    results: Results | None
    files: tuple[Path, ...]
    tables: tuple[Table, ...]
    failure: SimulationError | None


def execute(description: SystemDescription, folder: Path, observers: Sequence[Observer] = ()) -> Outcome:
    """Run a system and write record, plots and report into `folder`; a failed run keeps what it recorded.

    Raises what is wrong before the run begins: DescriptionError, FmuImportError, CapabilityError.
    """
    record = folder / RECORD
    failure = None
    simulation = open_simulation(description, output=record, observers=observers, meter=True)
    # Only now: what is wrong with the description must not cost the results of the run before.
    record.unlink(missing_ok=True)
    try:
        with simulation:
            simulation.run()
    except SimulationError as error:
        failure = error
    except KeyboardInterrupt:
        failure = SimulationError("interrupted from the keyboard")
    tables = measured(simulation.instances.values())
    if not record.exists():
        return Outcome(None, (), tables, failure)
    results = Results.load(record)
    written = write_pictures(results, folder, description.name)
    extras = Extras(None if failure is None else str(failure), tables)
    report = write_report(results, folder / "report.html", description.name, extras)
    return Outcome(results, (record, *written, report), tables, failure)


def write_pictures(results: Results, folder: Path, title: str) -> tuple[Path, ...]:
    """PNG files of what changes: `COMPONENT.png`, and `COMPONENT_2.png`, ... where one would be too long."""
    arranged = [panel for panel in panels(results) if not panel.constant]
    written = []
    for component in dict.fromkeys(panel.component for panel in arranged):
        own = iter([panel for panel in arranged if panel.component == component])
        for part in count(1):
            shown = list(islice(own, PANELS_IN_A_PICTURE))
            if not shown:
                break
            name = component if part == 1 else f"{component}_{part}"
            written.append(save_png(shown, folder / f"{name}.png", f"{title}: {component}"))
    return tuple(written)


def draw(record: Path, names: Sequence[str], picture: Path) -> Path:
    """Draw recorded variables into one PNG; the name of an array stands for all of its elements."""
    results = Results.load(record)
    chosen = [element for name in names for element in _elements(results, name)]
    return save_png(panels(results, chosen), picture)


def _elements(results: Results, name: str) -> list[str]:
    elements = [known for known in results.names if known.startswith(f"{name}[")]
    return [name] if name in results.names or not elements else elements
