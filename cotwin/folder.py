"""The folder of a run: it holds what belongs to this run, and whatever else somebody has put there."""

from pathlib import Path
from typing import Final

from orchestrator.checkpoint.file import FILE
from orchestrator.errors import ResultError
from orchestrator.recording.removal import remove_record

RECORD: Final = "results.parquet"
REPORT: Final = "report.html"
STATISTICS: Final = "statistics.json"
MADE_BY: Final = "made by cotwin run"
"""Stands near the beginning of all pictures, reports and statistics, so that they are told from the files of others."""

_HEAD: Final = 4096


def prepare_folder(folder: Path, *, resumed: bool = False) -> None:
    """Make the folder, and remove checkpoint, record, report, statistics and pictures of earlier runs from it.

    Checkpoint and record of a run that is `resumed` stay. ResultError where that cannot be done, or another run is
    writing there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not resumed:
            (folder / FILE).unlink(missing_ok=True)
            remove_record(folder / RECORD)
        _clear(folder)
    except OSError as error:
        raise ResultError(
            f"{folder}: cannot hold the results of a run ({error.strerror}). Give another folder with -o"
        ) from error


def _clear(folder: Path) -> None:
    for path in (folder / REPORT, folder / STATISTICS, *folder.glob("*.png")):
        if path.is_file() and _is_ours(path):
            path.unlink()


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return MADE_BY.encode() in file.read(_HEAD)
