"""Checkpoints on the way: the newest one of a run, always in the same file."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from orchestrator.checkpoint.checkpoint import Checkpoint
from orchestrator.errors import CheckpointError
from orchestrator.interruption import Terminated
from orchestrator.master.step_size import FixedStep

_SNAP: Final = 1e-9
"""Part of the time between checkpoints by which a communication point may come before its checkpoint is due."""


class Run(Protocol):
    """A simulation, as far as checkpoints care."""

    @property
    def time(self) -> float:
        """The last communication point (s)."""
        ...

    @property
    def grid(self) -> FixedStep:
        """Where the run starts and stops."""
        ...

    @property
    def resting(self) -> bool:
        """Whether a checkpoint can be made now."""
        ...

    def checkpoint(self) -> Checkpoint:
        """The run as it is now."""
        ...

    def require_checkpoints(self) -> None:
        """CapabilityError where checkpoints cannot be made."""
        ...


class Checkpoints:
    """Writes a checkpoint at the first communication point not before each start + k * every (s), and at the end.

    Without `every` there is only the last one: where the run stops, or Ctrl-C or SIGTERM ends it. `path` is a file, or
    a folder for `checkpoint.cotwin`. Call order: 1 `begin`, 2 `reached` within `to_the_last`.
    """

    def __init__(self, path: Path | str, every: float | None = None) -> None:
        if every is not None and not 0.0 < every < math.inf:
            raise CheckpointError(f"checkpoints every {every:g} s: give a positive number of seconds")
        self._path, self._every = Path(path), every
        self._due = math.inf
        self._written: float | None = None

    def begin(self, run: Run) -> None:
        """A run begins, or goes on; CapabilityError names all components whose state cannot be kept."""
        run.require_checkpoints()
        self._plan(run)

    def due_at(self, grid: FixedStep) -> int:
        """The point of the grid at which the next one is due."""
        return grid.count if self._due == math.inf else grid.index_at(self._due)

    def reached(self, run: Run) -> None:
        """The run has come to a communication point."""
        if run.time >= self._due:
            self._write(run)

    @contextmanager
    def to_the_last(self, run: Run) -> Iterator[None]:
        """Write one more at the end, unless the run fails."""
        try:
            yield
        except (KeyboardInterrupt, Terminated):
            self._last(run)
            raise
        self._last(run)

    def _last(self, run: Run) -> None:
        if run.resting and self._written != run.time:
            self._write(run)

    def _write(self, run: Run) -> None:
        replace(run.checkpoint(), every=self._every).save(self._path)
        self._written = run.time
        self._plan(run)

    def _plan(self, run: Run) -> None:
        if self._every is not None:
            made = math.floor((run.time - run.grid.start) / self._every + _SNAP)
            self._due = run.grid.start + (made + 1) * self._every - _SNAP * self._every
