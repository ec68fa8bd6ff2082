"""Anderson: the values of which a linear model, made of the differences between trials, predicts a zero residual."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from orchestrator.master.loops.method import Matrix, Situation, Trial, Trials, Vector
from orchestrator.master.memory import Remembered

_DEPENDENT = 1e-6
"""Part of a difference that must be new for it to be used: below it says the same as the newer ones."""


class _Difference(NamedTuple):
    """Between two trials: of the values and of the residual (n)."""

    values: Vector
    residual: Vector


class Anderson:
    """Interface quasi-Newton with an approximation of the inverse from least squares (IQN-ILS), or Anderson mixing.

    x <- x + b r - (dX + b dR) c, where c makes |r - dR c| least; dX and dR hold the differences of this macro step and
    of the last `reuse` ones, newest first, and b is the relaxation. A difference that nearly depends on newer ones is
    left out (QR filter). Earlier differences are dropped where they made the residual grow.

    Degroote, Bathe, Vierendeels: Comput. Struct. 87 (2009) 793; the filter: Haelterman, Bogaers, Scheufele, Uekermann,
    Mehl: Comput. Struct. 171 (2016) 9; as Anderson mixing of type II: Walker, Ni: SIAM J. Numer. Anal. 49 (2011) 1715.
    """

    refuses_growth = False

    def __init__(self, relaxation: float, reuse: int) -> None:
        self._relaxation = relaxation
        self._now: list[_Difference] = []
        self._earlier: deque[list[_Difference]] = deque(maxlen=reuse)

    def trials(self, situation: Situation) -> Trials:
        """Learn from every trial, and use what earlier macro steps taught."""
        x, r, weights = situation.values, situation.residual, situation.weights
        self._now = []
        while True:
            step = self._step(r, weights)
            before, x = r, x + step
            r = yield Trial(x)
            self._now.insert(0, _Difference(step, r - before))
            if np.linalg.norm(r / weights) > np.linalg.norm(before / weights):
                self._earlier.clear()

    def accept(self) -> None:
        """Keep the differences of this macro step."""
        if self._now:
            self._earlier.appendleft(self._now)
            self._now = []

    def remembered(self) -> Remembered:
        """The differences of earlier macro steps."""
        return {"earlier": [_plain(each) for each in self._earlier]}

    def remember(self, memory: Remembered) -> None:
        """Go back to those of then."""
        self._now = []
        self._earlier.clear()
        self._earlier.extend(
            [_Difference(*map(np.array, each)) for each in zip(step["values"], step["residuals"], strict=True)]
            for step in memory["earlier"]
        )

    def _step(self, r: Vector, weights: Vector) -> Vector:
        known = [*self._now, *(one for step in self._earlier for one in step)]
        chosen = [one for one in known if np.any(one.residual)]
        if not chosen:
            return self._relaxation * r
        used, c = _least(chosen, r, weights)
        explained: Vector = c @ np.array([one.residual for one in used])
        back: Vector = c @ np.array([one.values for one in used])
        return self._relaxation * (r - explained) - back


def _least(known: Sequence[_Difference], r: Vector, weights: Vector) -> tuple[list[_Difference], Vector]:
    """Differences that are independent, newest first, and the c for which |r - dR c| is least, in units of weights."""
    used: list[_Difference] = []
    basis: list[Vector] = []
    triangle: list[Vector] = []
    for one in known:
        column = one.residual / weights
        rest, row = _orthogonal(column, basis)
        size = float(np.linalg.norm(rest))
        if len(basis) < r.size and size > _DEPENDENT * float(np.linalg.norm(column)):
            used.append(one)
            basis.append(rest / size)
            triangle.append(np.append(row, size))
    upper: Matrix = np.zeros((len(used), len(used)))
    for place, entries in enumerate(triangle):
        upper[: place + 1, place] = entries
    target = np.array([direction @ (r / weights) for direction in basis])
    return used, np.linalg.solve(upper, target)


def _orthogonal(column: Vector, basis: Iterable[Vector]) -> tuple[Vector, Vector]:
    """What of a column is orthogonal to the basis, and its parts along it (modified Gram-Schmidt)."""
    parts = []
    for direction in basis:
        part = float(direction @ column)
        column = column - part * direction
        parts.append(part)
    return column, np.array(parts)


def _plain(differences: Sequence[_Difference]) -> dict[str, list[Vector]]:
    return {"values": [one.values for one in differences], "residuals": [one.residual for one in differences]}
