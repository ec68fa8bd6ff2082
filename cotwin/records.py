"""Records of earlier runs."""

from pathlib import Path

from orchestrator.recording.results import Results


def load_results(path: Path | str) -> Results:
    """Results of a Parquet file that a run wrote; ResultError where it is none."""
    return Results.load(path)
