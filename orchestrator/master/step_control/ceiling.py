"""Ceiling: how long steps may be after one that was refused, until they are whole again."""

from orchestrator.master.memory import Remembered

_ROUNDING = 1e-9

_MOST_PATIENCE = 16
"""Steps after which a longer one is tried in any case: no more than these are shorter than they need be."""


class Ceiling:
    """Steps of `length` (s) at most, None where they may be whole.

    It is doubled after a step of that length; where the longer one is refused again, after two more, then after four,
    up to 16: in a stretch that takes short steps only, few are tried in vain. A longer step that is made ends this
    caution. The ceiling is gone where a step is made that is as long as the first one that was refused.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Steps may be whole."""
        self.length: float | None = None
        self._whole, self._patience, self._made, self._raised = 0.0, 1, 0, False

    def refused(self, h: float, instead: float) -> None:
        """A step of h (s) was refused, and one of `instead` (s) is tried in its place."""
        if self.length is None:
            self._whole = h
        if self._raised:
            self._patience = min(2 * self._patience, _MOST_PATIENCE)
        self.length, self._made, self._raised = instead, 0, False

    def made(self, h: float) -> None:
        """A step of h (s) was made; one that is short, to meet a point, tells nothing."""
        if self.length is None:
            return
        if h >= self._whole * (1.0 - _ROUNDING):
            self.forget()
        elif h > self.length / 2.0 * (1.0 + _ROUNDING):
            if self._raised:
                self._patience, self._raised = 1, False
            self._made += 1
            if self._made >= self._patience:
                self.length, self._made, self._raised = min(2.0 * self.length, self._whole), 0, True

    def remembered(self) -> Remembered:
        """The ceiling, and when it will be raised."""
        return {
            "length": self.length,
            "whole": self._whole,
            "patience": self._patience,
            "made": self._made,
            "raised": self._raised,
        }

    def remember(self, memory: Remembered) -> None:
        """Go on as before."""
        self.length, self._whole, self._patience = memory["length"], memory["whole"], memory["patience"]
        self._made, self._raised = memory["made"], memory["raised"]
