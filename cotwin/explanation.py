"""What `cotwin explain` says, before a run and after it: tables, data, and a page with pictures."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cotwin.explained_data import explained_data
from cotwin.explained_tables import all_tables
from cotwin.explaining import explain_system
from cotwin.page import Figure, page_of
from cotwin.preparation import Overrides, prepare
from cotwin.run_advice import run_advice
from cotwin.run_statistics import read_statistics
from cotwin.run_tables import run_tables
from cotwin.tables import Table
from orchestrator.errors import DescriptionError


class Told(NamedTuple):
    """An explanation in all of its forms; `notes` are lines below the tables, `facts` stand at the head of the page."""

    title: str
    tables: Sequence[Table]
    data: dict[str, Any]
    figures: Callable[[], Sequence[Figure]]
    facts: Sequence[str] = ()
    notes: Sequence[str] = ()


def before_a_run(
    system: Path, variant: str | None, *, probing: bool, told: Callable[[str], None] = lambda _: None
) -> Told:
    """Explain a system from its file."""
    description = prepare(system, Overrides(variant=variant))
    found = explain_system(description, probing=probing, told=told)
    notes = []
    if found.findings is not None:
        notes.append(f"probed with {found.findings.do_steps} steps of components from the start; nothing was recorded")
    facts = [f"algorithm {description.algorithm}", f"step size {description.step_size:g} s", *notes]
    tables = all_tables(found)

    def figures() -> Sequence[Figure]:
        from cotwin.explained_pictures import pictures_before

        return pictures_before(found)

    return Told(description.name, tables, explained_data(found), figures, facts, notes)


def after_a_run(path: Path) -> Told:
    """Explain a run from its folder, or from its `statistics.json`."""
    data = read_statistics(path)
    folder = path if path.is_dir() else path.parent
    facts = [str(data["status"]), f"algorithm {data['algorithm']}", f"{data['reached']:g} of {data['stop']:g} s"]
    given = {**data, "advice": [one._asdict() for one in run_advice(data)]}

    def figures() -> Sequence[Figure]:
        from cotwin.run_pictures import pictures_after  # it draws, which takes a second to import

        return pictures_after(data, folder)

    return Told(str(data["system"]), run_tables(data), given, figures, facts)


def write_page(told: Told, path: Path) -> None:
    """Write the page; DescriptionError where that cannot be done."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise DescriptionError(f"{path}: the page is HTML; give a file that ends in .html")
    try:
        path.write_text(page_of(told.title, told.facts, told.figures(), _to_read(told.tables)), encoding="utf-8")
    except OSError as error:
        raise DescriptionError(
            f"{path}: cannot be written ({error.strerror}); give a file in a folder of yours"
        ) from error


def _to_read(tables: Sequence[Table]) -> list[Table]:
    """What is advised comes first on a page; on a terminal it comes last, where it is seen."""
    return sorted(tables, key=lambda table: table.title not in ("Suggestions", "Findings", "Advice", "Not probed"))
