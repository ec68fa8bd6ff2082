"""What a benchmark says: one line of JSON for each figure, with its comparator from the same run."""

import json
import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).parents[1] / "results" / "speed.jsonl"
_PACKAGES: Final = ("cotwin", "numba", "numpy", "fmpy", "libcosimpy", "ecospy")


@dataclass(frozen=True)
class Line:
    """A figure: what `who` needs for a `workload`, and what the `comparator` needs for it in the same run.

    `value` is None where there is no figure, and `note` says why. `reach` is the ratio to reach, at most, or at least
    where `more_is_better`. `difference` is the largest distance of the outputs at the end to those of the floor,
    `memory` the peak of the resident memory (MB) in the first run, before there is much of a record.
    """

    section: str
    workload: str
    who: str
    value: float | None
    unit: str
    comparator: str = ""
    reference: float | None = None
    reach: float | None = None
    more_is_better: bool = False
    difference: float | None = None
    memory: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times the comparator's figure."""
        return self.value / self.reference if self.value is not None and self.reference else None

    @property
    def reached(self) -> bool | None:
        """Whether what was to be reached is; None where nothing is set."""
        measured = self.ratio if self.comparator else self.value
        if self.reach is None or measured is None:
            return None
        return measured >= self.reach if self.more_is_better else measured <= self.reach

    def to_json(self) -> dict[str, Any]:
        """All of it, with the machine, its load of the last minute, and the versions."""
        found = {key: value for key, value in asdict(self).items() if key == "unit" or value not in (None, "", False)}
        load = round(os.getloadavg()[0], 2)
        return {**found, "ratio": self.ratio, "reached": self.reached, "load": load, **machine()}


@cache
def machine() -> dict[str, Any]:
    """Processor, cores, system, compiler and versions."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "compiler": _first_line("gcc", "--version"),
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
    }


def _processor() -> str:
    models = (line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    return next(models, platform.machine()).partition(":")[2].strip() or platform.machine()


def _first_line(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.partition("\n")[0]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def keep(section: str, lines: Iterable[Line]) -> None:
    """Put the lines of a section in the place of earlier ones."""
    others = [text for text in _texts() if json.loads(text)["section"] != section]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("".join(f"{text}\n" for text in (*others, *(json.dumps(line.to_json()) for line in lines))))


def kept() -> list[Line]:
    """All lines that were kept."""
    known = Line.__dataclass_fields__
    return [Line(**{"value": None, **{k: v for k, v in json.loads(text).items() if k in known}}) for text in _texts()]


def _texts() -> list[str]:
    return RESULTS.read_text().splitlines() if RESULTS.exists() else []
