"""Polynomials through values of inputs at communication points: how inputs go on over the next step."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.master.memory import Remembered

Vector = NDArray[np.float64]

NEAREST: Final = 0.05
"""Points that lie closer together than this part of a step make no slope for it: it would magnify their errors."""


class Point(NamedTuple):
    """Values (n,) of inputs at a time (s), and their derivatives (1/s) where they are known, else NaN."""

    time: float
    values: Vector
    slopes: Vector | None = None


class Polynomials(NamedTuple):
    """u(t) = c[0] + c[1] (t - base) + c[2] (t - base)^2, with coefficients c (3, n)."""

    base: float
    coefficients: Vector

    def at(self, t: float) -> Vector:
        """The values (n,) at t (s)."""
        s, c = t - self.base, self.coefficients
        return np.asarray(c[0] + s * (c[1] + s * c[2]))

    def derivatives(self, t: float) -> Vector:
        """First and second derivative (2, n) at t (s)."""
        c = self.coefficients
        return np.stack([c[1] + 2.0 * (t - self.base) * c[2], 2.0 * c[2]])

    def mean(self, start: float, end: float) -> Vector:
        """The mean values (n,) between two times (s)."""
        a, b, c = start - self.base, end - self.base, self.coefficients
        return np.asarray(c[0] + c[1] * (a + b) / 2.0 + c[2] * (a * a + a * b + b * b) / 3.0)


class History:
    """The last values of some inputs at communication points, as many as a polynomial of this order needs."""

    def __init__(self, order: int) -> None:
        self._length = order + 1
        self.points: list[Point] = []
        """In the order of time."""

    def add(self, point: Point) -> None:
        """A communication point; it takes the place of one at the same time."""
        if self.points and point.time <= self.points[-1].time:
            self.points.pop()
        self.points = [*self.points, point][-self._length :]

    def remembered(self) -> Remembered:
        """All points."""
        return {
            "times": [point.time for point in self.points],
            "values": [point.values.copy() for point in self.points],
            "slopes": [None if point.slopes is None else point.slopes.copy() for point in self.points],
        }

    def remember(self, memory: Remembered) -> None:
        """Go back to earlier points."""
        each = zip(memory["times"], memory["values"], memory["slopes"], strict=True)
        self.points = [Point(t, values.copy(), None if s is None else s.copy()) for t, values, s in each]


def onwards(history: Sequence[Point], newest: Point | None, start: float, h: float, order: int) -> Vector:
    """Coefficients (3, n), at the base `start` (s), over the step that begins there and is h (s) long.

    Without `newest` they go on through the last points of the history (in the order of time), with it they come to
    that later point. The order is at most the one asked for: there are as many points as there are, and those that lie
    too close together are left out. Derivatives that are known at the last point take the place of earlier points.
    """
    last, *earlier = reversed(history)
    nodes = [last, *([newest] if newest is not None else []), *earlier]
    if order == 0:
        nodes = nodes[: 1 if newest is None else 2][::-1]
    chosen = _apart(nodes, NEAREST * h)[: order + 1]
    found = _newton(chosen, start)
    if last.slopes is not None and order > 0:
        known = ~np.isnan(last.slopes)
        found = np.where(known, _hermite(last, chosen, start, order), found)
    return found


def _apart(nodes: Sequence[Point], distance: float) -> list[Point]:
    chosen: list[Point] = []
    for node in nodes:
        if all(abs(node.time - other.time) >= distance for other in chosen):
            chosen.append(node)
    return chosen


def _newton(nodes: Sequence[Point], base: float) -> Vector:
    """Through one to three points by divided differences; the value of the first is met exactly where it lies at base.

    u = f0 + f01 (s - s0) + f012 (s - s0) (s - s1).
    """
    s = [node.time - base for node in nodes]
    f = nodes[0].values
    found = np.zeros((3, f.size))
    found[0] = f
    if len(nodes) > 1:
        f01 = (nodes[1].values - f) / (s[1] - s[0])
        found[0] -= f01 * s[0]
        found[1] = f01
    if len(nodes) > 2:
        f12 = (nodes[2].values - nodes[1].values) / (s[2] - s[1])
        f012 = (f12 - f01) / (s[2] - s[0])
        found[0] += f012 * s[0] * s[1]
        found[1] -= f012 * (s[0] + s[1])
        found[2] = f012
    return found


def _hermite(last: Point, nodes: Sequence[Point], base: float, order: int) -> Vector:
    """Through the last point with its derivative, and the second of the nodes where there is one and the order is 2.

    u = f0 + d (s - s0) + q (s - s0)^2. A straight line to a newest point needs no derivative.
    """
    assert last.slopes is not None
    other = nodes[1] if len(nodes) > 1 else None
    if order == 1 and other is not None and other.time > last.time:
        return _newton(nodes, base)
    s, d = last.time - base, last.slopes
    q = np.zeros_like(d)
    if order == 2 and other is not None:
        distance = other.time - last.time
        q = (other.values - last.values - d * distance) / (distance * distance)
    return np.stack([last.values - d * s + q * s * s, d - 2.0 * q * s, q])
