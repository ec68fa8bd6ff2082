"""The manifest of a sweep: every run with its values and what became of it, in `manifest.json` and `manifest.csv`."""

import csv
import json
from collections.abc import Sequence
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any, Final, NamedTuple

from orchestrator.errors import ResultError
from orchestrator.recording.metadata import canonical, content_sha256
from orchestrator.system.description import SystemDescription
from orchestrator.system.sweep import Plan, points
from orchestrator.system.values import Given, Quantity

SCHEMA: Final = "cotwin-sweep-1"
WAITING, DONE, FAILED = "waiting", "done", "failed"


class Run(NamedTuple):
    """One run: its number from 1 on, values, seed of the plan, file in the folder, status, error where it failed."""

    number: int
    values: dict[str, Given]
    seed: int | None
    file: str
    status: str = WAITING
    error: str = ""


class Manifest:
    """The runs of a sweep in a folder; written before the first run, and anew after each, complete or not at all."""

    def __init__(self, folder: Path, runs: Sequence[Run], identity: str, origin: dict[str, Any]) -> None:
        self.folder, self.runs = folder, list(runs)
        self._identity, self._origin = identity, origin

    @classmethod
    def begun(cls, folder: Path, description: SystemDescription, plan: Plan, scenarios: Sequence[Path]) -> "Manifest":
        """That of a folder, with what is done there already; ResultError where the folder holds another sweep."""
        seed = plan.seed if plan.method in ("sobol", "latin_hypercube") else None
        rows = points(plan)
        digits = max(4, len(str(len(rows))))
        runs = [Run(number, row, seed, f"run_{number:0{digits}d}.parquet") for number, row in enumerate(rows, start=1)]
        origin = {"system": description.name, "plan": plan.model_dump(mode="json", exclude_defaults=True)}
        manifest = cls(folder, runs, _identity(description, plan, scenarios), origin)
        manifest._resume()
        return manifest

    def note(self, run: Run) -> None:
        """Take what became of a run, and write."""
        self.runs[run.number - 1] = run
        self.write()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the parameters, with the unit of those whose values all have one."""
        units = {name: {_unit(run.values[name]) for run in self.runs} for name in self.runs[0].values}
        return tuple(
            name if found in ({""},) or len(found) > 1 else f"{name} [{found.pop()}]" for name, found in units.items()
        )

    def cells(self, run: Run) -> tuple[Any, ...]:
        """The values of a run under these columns."""
        pairs = zip(self.columns, run.values.values(), strict=True)
        return tuple(
            value.value if isinstance(value, Quantity) and column.endswith("]") else shown(value)
            for column, value in pairs
        )

    def write(self) -> None:
        """Write both files; ResultError where that cannot be done."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _replace(self.folder / "manifest.json", self._json())
            _replace(
                self.folder / "manifest.csv", table_text(("number", *self.columns, *_REST), map(self._row, self.runs))
            )
        except OSError as error:
            raise ResultError(f"{self.folder}: cannot hold a sweep ({error.strerror}). Give another with -o") from error

    def _row(self, run: Run) -> Sequence[Any]:
        return (run.number, *self.cells(run), run.seed, run.file, run.status, run.error)

    def _json(self) -> str:
        runs = [{**run._asdict(), "values": {k: _plain(v) for k, v in run.values.items()}} for run in self.runs]
        content = {"schema": SCHEMA, "identity": self._identity, **self._origin, "runs": runs}
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"

    def _resume(self) -> None:
        path = self.folder / "manifest.json"
        if not path.exists():
            return
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            identity, runs = known["identity"], known["runs"]
            before = {(run["number"], run["file"]): (run["status"], run["error"]) for run in runs}
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise ResultError(f"{path}: is no manifest of a sweep ({error}). Give another folder with -o") from error
        if identity != self._identity:
            raise ResultError(
                f"{self.folder}: holds a sweep of another system or plan. Give another folder with -o, or remove it"
            )
        for index, run in enumerate(self.runs):
            status, _ = before.get((run.number, run.file), (WAITING, ""))
            if status == DONE and (self.folder / run.file).exists():
                self.runs[index] = run._replace(status=DONE)


_REST: Final = ("seed", "file", "status", "error")


def shown(value: Given) -> Any:
    """A value as a cell of a table."""
    return f"{value.value} {value.unit}" if isinstance(value, Quantity) else value


def _unit(value: Given) -> str:
    return value.unit if isinstance(value, Quantity) else ""


def table_text(header: Sequence[str], rows: Any) -> str:
    """CSV text."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _plain(value: Given) -> Any:
    return value.model_dump() if isinstance(value, Quantity) else value


def _identity(description: SystemDescription, plan: Plan, scenarios: Sequence[Path]) -> str:
    """What decides the results: description, contents of its files, plan and scenarios."""
    files = [component.source for component in description.components.values() if component.source is not None]
    parts = [canonical(description), plan.model_dump_json(), *map(content_sha256, (*files, *scenarios))]
    return sha256("\n".join(parts).encode()).hexdigest()


def _replace(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
