"""Removal: what earlier runs left of a record must not be taken for the record of the next run."""

from pathlib import Path

from orchestrator.recording.events import events_path
from orchestrator.recording.store import for_one_writer, partial_of_a_partial, partial_path


def remove_record(path: Path) -> None:
    """Remove a record, its events, and what is left of a run whose process was killed, where they exist.

    ResultError where another run is writing this record: nothing is removed then.
    """
    partial = partial_path(path)
    if partial.exists():
        with for_one_writer(partial):
            partial.unlink()
    partial_of_a_partial(partial).unlink(missing_ok=True)
    path.unlink(missing_ok=True)
    events_path(path).unlink(missing_ok=True)
