"""What a run cost and what its master did, in `statistics.json` beside the record: keys may be added, none goes."""

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from cotwin.folder import MADE_BY, STATISTICS
from cotwin.run_course import RunCourse
from orchestrator.errors import ResultError
from orchestrator.instance import Instance
from orchestrator.master.statistics import (
    BondStatistics,
    ComponentStatistics,
    GlobalErrorStatistics,
    LoopStatistics,
    Statistics,
)
from orchestrator.realtime.metering import Meter, MeterReading
from orchestrator.recording.results import Results
from orchestrator.simulation import Simulation
from orchestrator.system.description import SystemDescription

SCHEMA: Final = "cotwin-statistics-1"


def statistics_data(
    description: SystemDescription,
    simulation: Simulation[Results],
    course: RunCourse,
    seconds: float,
    ending: tuple[str, str],
) -> dict[str, Any]:
    """Everything counted and measured in one run, as plain data.

    `seconds` is the wall-clock time of the whole run, but for waiting for deadlines;
    `ending` is `completed`, `failed` or `interrupted`, and why. `compiled` names the components that
    the compiled loop steps.
    """
    counted = simulation.coupling.statistics
    status, message = ending
    return {
        "schema": SCHEMA,
        "made_by": MADE_BY,
        "system": description.name,
        "status": status,
        "message": message,
        "algorithm": description.algorithm,
        "step_control": description.step_control.model_dump(mode="json"),
        "loop_solver": description.loops.model_dump(mode="json"),
        "step_size": description.step_size,
        "start": description.experiment.start,
        "stop": description.experiment.stop,
        "reached": simulation.time,
        "seconds": seconds,
        "compiled": list(simulation.by_address),
        **_master(counted),
        "components": _components(simulation.instances.values(), counted, seconds),
        "loops": [_loop(name, loop) for name, loop in counted.loops.items()],
        "bonds": [_bond(name, bond) for name, bond in counted.bonds.items()],
        "course": course.data,
    }


def write_statistics(data: Mapping[str, Any], folder: Path) -> Path:
    """Write the file into the folder of a run, and return its path."""
    path = folder / STATISTICS
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    return path


def read_statistics(path: Path) -> dict[str, Any]:
    """Those of a run, from its folder or the file itself; ResultError where they are not there."""
    file = path / STATISTICS if path.is_dir() else path
    try:
        data: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResultError(f"{file}: no statistics of a run ({error}). Give the folder of a run") from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ResultError(f"{file}: no statistics of a run ({SCHEMA} is not its schema). Run the system again")
    return data


def holds_run(path: Path) -> bool:
    """Whether a path is what `cotwin run` left, and no system."""
    return path.name == STATISTICS or (path.is_dir() and (path / STATISTICS).is_file())


def readings_of(data: Mapping[str, Any]) -> list[MeterReading]:
    """The costs of the components, as their meters told them."""
    always = [key for key in MeterReading._fields if key != "timed"]
    return [
        MeterReading(**{key: _known(one[key]) for key in always}, timed=one.get("timed")) for one in data["components"]
    ]


def _master(counted: Statistics) -> dict[str, Any]:
    return {
        "macro_steps": counted.macro_steps,
        "rejected": dict(counted.rejected),
        "smallest_step": counted.smallest_step,
        "largest_step": counted.largest_step,
        "estimate": counted.estimate,
        "exceeded": counted.exceeded,
        "worst_error": counted.worst_error,
        "worst_output": counted.worst_output,
        "worst_time": counted.worst_time,
        "global_error": None if counted.global_error is None else _estimate(counted.global_error),
    }


def _estimate(told: GlobalErrorStatistics) -> dict[str, Any]:
    errors = {name: _finite(error) for name, error in told.errors.items()}
    return {**{key: _finite(value) for key, value in vars(told).items()}, "errors": errors}


def _components(instances: Iterable[Instance], counted: Statistics, seconds: float) -> list[dict[str, Any]]:
    return [
        _component(one.reading, counted.components.get(one.name, ComponentStatistics()), seconds)
        for one in instances
        if isinstance(one, Meter)
    ]


def _component(reading: MeterReading, counted: ComponentStatistics, seconds: float) -> dict[str, Any]:
    return {
        **{key: _finite(value) for key, value in reading._asdict().items()},
        "seconds": reading.seconds,
        "share": reading.seconds / seconds if seconds > 0.0 else 0.0,
        "discards": counted.discards,
    }


def _loop(name: str, loop: LoopStatistics) -> dict[str, Any]:
    return {
        "components": name,
        "solved": loop.solved,
        "iterations": loop.iterations,
        "evaluations": loop.evaluations,
        "most_iterations": loop.most_iterations,
        "worst_residual": _finite(loop.worst_residual),
        "worst_variable": loop.worst_variable,
        "worst_time": loop.worst_time,
    }


def _bond(name: str, bond: BondStatistics) -> dict[str, Any]:
    worst = {"worst_residual": _finite(bond.worst_residual), "worst_time": bond.worst_time}
    return {"bond": name, "total": _finite(bond.total), **worst}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _known(value: Any) -> Any:
    return math.nan if value is None else value
