"""Resuming: what a command asks of checkpoints, and what the folder of a run says of going on there."""

from pathlib import Path
from typing import NamedTuple

from cotwin.folder import RECORD
from orchestrator.checkpoint.checkpoint import Checkpoint
from orchestrator.checkpoint.file import FILE
from orchestrator.checkpoint.schedule import Checkpoints
from orchestrator.errors import CheckpointError, DescriptionError
from orchestrator.recording.store import partial_path
from orchestrator.system.description import SystemDescription
from orchestrator.system.generated import seconds


class Resuming(NamedTuple):
    """Checkpoints at every multiple of `every` (s) of simulated time, and the one to go on from.

    A run that goes on makes checkpoints at the distance of before where no other is given.
    """

    every: float | None = None
    resume: Checkpoint | None = None

    def checkpoints(self, folder: Path) -> Checkpoints | None:
        """Where checkpoints of a run in this folder go; None where none are made."""
        if self.every is None and self.resume is None:
            return None
        before = None if self.resume is None else self.resume.every
        return Checkpoints(folder / FILE, before if self.every is None else self.every)


def asked(every: str | None, folder: Path, *, resume: bool) -> Resuming:
    """What `--checkpoint-every` and `--resume` mean for the run in a folder.

    DescriptionError where the first is no time, CheckpointError where there is nothing to resume.
    """
    if resume and not (folder / FILE).exists():
        raise CheckpointError(
            f"{folder}: holds no {FILE} to resume from. Run with --checkpoint-every, for example '10 min', or give the "
            "folder of such a run with -o"
        )
    return Resuming(_period(every), Checkpoint.load(folder / FILE) if resume else None)


def finished(resumed: Checkpoint, description: SystemDescription, folder: Path) -> str | None:
    """Why there is nothing to resume: the run is over, and its record complete; None where there is something."""
    record = folder / RECORD
    if not record.exists() or partial_path(record).exists():
        return None
    if resumed.ended:
        return f"a component ended the run at t = {resumed.time:.9g} s; its results are in {record}"
    if resumed.time >= description.experiment.stop:
        end = f"the run is finished at t = {resumed.time:.9g} s"
        return f"{end}; its results are in {record}. Give a later --stop to go on"
    return None


def _period(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        period = float(text)
    except ValueError:
        try:
            period = float(seconds(text))
        except (ValueError, TypeError) as error:
            raise DescriptionError(f"--checkpoint-every '{text}': {error}") from error
    if not 0.0 < period < float("inf"):
        raise DescriptionError(f"--checkpoint-every '{text}': give a positive time, such as '10 min'")
    return period
