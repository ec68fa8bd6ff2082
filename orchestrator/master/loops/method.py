"""Method: how the next values of the unknowns of a loop are chosen from those tried before.

The unknowns x solve G(x) = x, G(x) being what a sweep through the components of the loop makes of x. The residual is
r = G(x) - x.
"""

from collections.abc import Callable, Generator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from orchestrator.master.memory import Remembered

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


class Trial(NamedTuple):
    """Values to be tried next (n). A `probe` only tells how the residual depends on the values: no iteration."""

    values: Vector
    probe: bool = False


Trials = Generator[Trial, Vector, None]
"""Gives trials without end and is sent the residual (n) of each."""


class Bounds(NamedTuple):
    """Declared least and largest values of the unknowns (n), infinite where none are declared."""

    low: Vector
    high: Vector


class Situation(NamedTuple):
    """Where a method begins in a macro step: values and their residual (n).

    `weights` (n) are the sizes of the unknowns as known by now; the solver keeps them up to date. `slopes` gives
    dG/dx (n, n) at the last trial as the components tell it and as was learnt of them, None where nothing is known;
    with `teaches` any trial makes something known.
    """

    values: Vector
    residual: Vector
    weights: Vector
    slopes: Callable[[], Matrix | None]
    bounds: Bounds | None = None
    teaches: bool = False


class Method(Protocol):
    """Call order in each macro step: 1 `trials` (again where discrete values changed), 2 `accept`."""

    @property
    def refuses_growth(self) -> bool:
        """Whether residuals that grow from iteration to iteration tell that it never ends."""
        ...

    def trials(self, situation: Situation) -> Trials:
        """The values to try one after the other, until one is good enough."""
        ...

    def accept(self) -> None:
        """The macro step was solved: what was learnt may help the next."""
        ...

    def remembered(self) -> Remembered:
        """What was learnt in earlier macro steps."""
        ...

    def remember(self, memory: Remembered) -> None:
        """Go back to what was learnt then."""
        ...
