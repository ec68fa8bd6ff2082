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
REFUSED: Final = {("Clocks", "3.0", "model_exchange"), ("Triggered", "3.0", "model_exchange")}
"""Models that are refused although their version and kind run."""


def runs(model: str, version: str, kind: str) -> bool:
    """Whether an FMU of the kit runs in cotwin."""
    return (version, kind) in SUPPORTED and (model, version, kind) not in REFUSED


def those(*models: str, answered: bool = True) -> list[tuple[str, str, str]]:
    """Models, versions and kinds that run, or with `answered=False` that are refused."""
    return [c for c in combinations() if runs(*c) == answered and (not models or c[0] in models)]
