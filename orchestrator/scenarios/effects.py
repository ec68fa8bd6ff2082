"""Effects: what an action does to one value while it lasts."""

from collections.abc import Mapping
from typing import Any, Final, Protocol
from zlib import crc32

import numpy as np


class Effect(Protocol):
    """Call order: 1 `begin`, 2 `advance` (once for each communication point) and `apply` (as often as wanted)."""

    def begin(self, t: float) -> None:
        """It begins at t (s)."""
        ...

    def advance(self) -> None:
        """The next communication point comes."""
        ...

    def apply(self, value: Any, t: float) -> Any:
        """What becomes of a value at t (s)."""
        ...

    def remembered(self) -> Mapping[str, Any]:
        """What its further course depends on, as plain data."""
        ...

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Go back to what was remembered."""
        ...


class Replacement:
    """A value that takes the place of others."""

    def __init__(self, value: Any) -> None:
        self._value: Final = value

    def begin(self, t: float) -> None:
        """Nothing depends on the time."""

    def advance(self) -> None:
        """Nothing changes."""

    def apply(self, value: Any, t: float) -> Any:  # noqa: ARG002
        """The value given."""
        return self._value

    def remembered(self) -> Mapping[str, Any]:
        """Nothing changes."""
        return {}

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Nothing has changed."""


class Drifting:
    """A straight line over time: from the value given, or found first, to another that stays."""

    def __init__(self, first: float | None, last: float, over: float) -> None:
        self._first, self._last, self._over = first, last, over
        self._begun = 0.0

    def begin(self, t: float) -> None:
        """The line begins here."""
        self._begun = t

    def advance(self) -> None:
        """The line depends on time alone."""

    def apply(self, value: Any, t: float) -> float:
        """The value on the line."""
        if self._first is None:
            self._first = float(value)
        share = min(max((t - self._begun) / self._over, 0.0), 1.0)
        return (1.0 - share) * self._first + share * self._last

    def remembered(self) -> Mapping[str, Any]:
        """Where the line begins."""
        return {"first": self._first, "begun": self._begun}

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Go back to where it began."""
        self._first, self._begun = memory["first"], memory["begun"]


class Scaling:
    """factor * value + offset."""

    def __init__(self, factor: float, offset: float) -> None:
        self._factor, self._offset = factor, offset

    def begin(self, t: float) -> None:
        """Nothing depends on the time."""

    def advance(self) -> None:
        """Nothing changes."""

    def apply(self, value: Any, t: float) -> float:  # noqa: ARG002
        """The value scaled."""
        return self._factor * float(value) + self._offset

    def remembered(self) -> Mapping[str, Any]:
        """Nothing changes."""
        return {}

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Nothing has changed."""


class Noise:
    """Gaussian noise of standard deviation `sigma`, one sample for each communication point.

    The samples follow from the seed and the name of the element alone: equal in every run, independent of each other.
    """

    def __init__(self, sigma: float, seed: int, name: str) -> None:
        self._sigma = sigma
        self._random = np.random.default_rng([seed, crc32(name.encode())])
        self._sample = 0.0

    def begin(self, t: float) -> None:  # noqa: ARG002
        """The first sample."""
        self.advance()

    def advance(self) -> None:
        """The next sample."""
        self._sample = self._sigma * float(self._random.standard_normal())

    def apply(self, value: Any, t: float) -> float:  # noqa: ARG002
        """The value with the sample."""
        return float(value) + self._sample

    def remembered(self) -> Mapping[str, Any]:
        """The sample, and where the generator of the next ones is."""
        return {"sample": self._sample, "random": self._random.bit_generator.state}

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Go back to an earlier sample."""
        self._sample, self._random.bit_generator.state = memory["sample"], memory["random"]
