"""Datasets: trajectories of a component, collected by a runner that is handed in, and kept by content."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import SurrogateError
from surrogates.design import Design, Split

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trajectory:
    """What a run gave: values by name at the communication points, (steps + 1, size).

    States and outputs at row k are valid at t_k; inputs at row k are held from t_k to t_k+1 (the last row repeats).
    """

    key: str
    split: Split
    step: float
    values: Mapping[str, Floats]

    @property
    def steps(self) -> int:
        """Number of macro steps."""
        return len(next(iter(self.values.values()))) - 1


class ParallelMap(Protocol):
    """Like the built-in `map` of one iterable: results in order, lazily or at once."""

    def __call__(self, function: Callable[[Design], Trajectory], designs: Iterable[Design], /) -> Iterable[Trajectory]:
        """Apply the function to every design."""
        ...


def collect(
    run: Callable[[Design], Trajectory],
    designs: Sequence[Design],
    *,
    map: ParallelMap = map,  # noqa: A002
    cache: Path | None = None,
    tag: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,  # noqa: ARG005
) -> tuple[Trajectory, ...]:
    """Run every design, in order; `tag` names what was run (hash of the FMUs), so that the cache never mixes plants.

    A trajectory with a value that is not finite raises SurrogateError, with the design's number.
    """
    files = [None if cache is None else cache / f"{_address(design, tag)}.npz" for design in designs]
    found = [file is not None and file.exists() for file in files]
    progress(sum(found), len(designs))
    fresh = iter(map(run, [design for design, known in zip(designs, found, strict=True) if not known]))
    done = sum(found)
    trajectories = []
    for design, file, known in zip(designs, files, found, strict=True):
        if known and file is not None:
            trajectories.append(read_trajectory(file, design))
            continue
        trajectory = next(fresh)
        _require_finite(trajectory, design)
        if file is not None:
            write_trajectory(file, trajectory)
        trajectories.append(trajectory)
        done += 1
        progress(done, len(designs))
    return tuple(trajectories)


def write_trajectory(file: Path, trajectory: Trajectory) -> None:
    """Write one trajectory as NPZ; a reader never sees half a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part.npz")
    np.savez(part, allow_pickle=False, **{f"value.{name}": values for name, values in trajectory.values.items()})
    part.replace(file)


def read_trajectory(file: Path, design: Design) -> Trajectory:
    """Read the trajectory of a design back."""
    with np.load(file, allow_pickle=False) as archive:
        values = {name.removeprefix("value."): archive[name] for name in archive.files}
    return Trajectory(design.key, design.split, design.step, values)


def _address(design: Design, tag: str) -> str:
    return hashlib.sha256(f"{tag} {design.key}".encode()).hexdigest()[:24]


def _require_finite(trajectory: Trajectory, design: Design) -> None:
    for name, values in trajectory.values.items():
        if not np.isfinite(values).all():
            row = int(np.argmax(~np.isfinite(values).all(axis=1)))
            raise SurrogateError(
                f"{design.split} design {design.index}: '{name}' is not finite at step {row} of {trajectory.steps}. "
                "Narrow the ranges of the design space"
            )
