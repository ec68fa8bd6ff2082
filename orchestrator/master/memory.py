"""Memory: what the parts of a master remember from step to step beside the signals, so that it can be taken back."""

from collections.abc import Mapping
from typing import Any, Protocol

Remembered = Mapping[str, Any]
"""Plain data by name: None, truth values, numbers, texts, bytes, NumPy arrays, and lists and dicts of these.

A checkpoint writes it to a file as it is. Nothing in it changes afterwards: arrays are copies.
"""


class Memory(Protocol):
    """A part of a master that remembers something."""

    def remembered(self) -> Remembered:
        """Everything that the steps to come depend on."""
        ...

    def remember(self, memory: Remembered) -> None:
        """Go back to what was remembered; it can be gone back to again."""
        ...
