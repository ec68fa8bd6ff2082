"""Guard: is the surrogate asked for something like what it has seen? The verdict travels with every prediction."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Verdict(NamedTuple):
    """`inside` the validity domain or not; outside, the worst quantity with its value and the bound that it passed."""

    inside: bool
    name: str = ""
    value: float = 0.0
    bound: float = 0.0

    @property
    def message(self) -> str | None:
        """What is outside, None inside."""
        if self.inside:
            return None
        side = "above" if self.value > self.bound else "below"
        return f"{self.name} = {self.value:.4g} is {side} {self.bound:.4g}, where the training data end"


INSIDE = Verdict(inside=True)


@dataclass(frozen=True, eq=False)
class Box:
    """Lower and upper bounds of named quantities, both (quantities,)."""

    names: tuple[str, ...]
    low: Floats
    high: Floats

    @classmethod
    def around(cls, names: tuple[str, ...], samples: Floats, margin: float = 0.02) -> "Box":
        """The box of samples (m, quantities), widened on each side by a share of its width."""
        low, high = samples.min(axis=0), samples.max(axis=0)
        reach = margin * (high - low)
        return cls(names, low - reach, high + reach)

    def check(self, values: Floats) -> Verdict:
        """Verdict on values (quantities,); what is not a number is outside."""
        if ((values >= self.low) & (values <= self.high)).all():
            return INSIDE
        width = np.maximum(self.high - self.low, 1e-300)
        excess = np.maximum(self.low - values, values - self.high) / width
        worst = int(np.argmax(np.where(np.isnan(excess), np.inf, excess)))
        value = float(values[worst])
        bound = self.high[worst] if value > self.high[worst] else self.low[worst]
        return Verdict(False, self.names[worst], value, float(bound))
