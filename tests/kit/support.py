"""What of the kit runs: every other combination must be refused by name."""

from typing import Final

from tests.kit.build import combinations

SUPPORTED: Final = {
    ("1.0", "co_simulation"),
    ("1.0", "model_exchange"),
    ("2.0", "co_simulation"),
    ("2.0", "model_exchange"),
    ("3.0", "co_simulation"),
    ("3.0", "model_exchange"),
    ("3.0", "scheduled_execution"),
}
"""Versions and kinds that run."""


def runs(version: str, kind: str) -> bool:
    """Whether FMUs of the kit run in cotwin."""
    return (version, kind) in SUPPORTED


def those(*models: str) -> list[tuple[str, str, str]]:
    """Models, versions and kinds that run."""
    return [c for c in combinations() if runs(*c[1:]) and (not models or c[0] in models)]
