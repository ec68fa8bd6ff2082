"""Affine parts of any size as doubles, and the closed form of the whole that connections make of them.

Part:   x' = A x + B u,  y = C x + D u + e,  exact over a step with u held.
Whole:  u = K y + k.  Inputs that nothing feeds are 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import block_diag, expm

from plant_models.textbook.exact import held_step
from tests.doubles import FunctionInstance, an_input, an_output

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Affine:
    """n states, m inputs `u1`, `u2`, ..., p outputs `y1`, `y2`, ...: A (n, n), B (n, m), C (p, n), D (p, m), e (p)."""

    name: str
    A: Floats
    B: Floats
    C: Floats
    D: Floats
    e: Floats
    x: Floats
    nominals: Floats = field(default_factory=lambda: np.ones(0))
    """Nominal values of the outputs (p), 1 where there are none."""

    @property
    def inputs(self) -> list[str]:
        return [f"{self.name}.u{k + 1}" for k in range(self.D.shape[1])]

    @property
    def outputs(self) -> list[str]:
        return [f"{self.name}.y{k + 1}" for k in range(self.D.shape[0])]

    def instance(self, **more: Any) -> FunctionInstance:
        """A double; every output depends on the inputs for which D is not 0."""
        (p, m), n = self.D.shape, len(self.x)
        nominals = np.ones(p) if not len(self.nominals) else self.nominals
        keys = {
            "name": self.name,
            "inputs": [an_input(f"u{k + 1}") for k in range(m)],
            "outputs": [an_output(f"y{k + 1}", nominal=float(nominals[k])) for k in range(p)],
            "feedthrough": {f"y{i + 1}": tuple(f"u{j + 1}" for j in range(m) if self.D[i, j] != 0.0) for i in range(p)},
            **more,
        }
        if n == 0:
            return FunctionInstance(lambda t, u: self.D @ u + self.e, **keys)
        return FunctionInstance(
            lambda t, u, x: self.C @ x + self.D @ u + self.e, step=self._step, state=self.x.tolist(), **keys
        )

    def _step(self, t: float, h: float, u: Floats, x: Floats) -> Floats:
        exact = held_step(self.A, self.B, h)
        return exact.state @ x + exact.held @ u


def gain(name: str, a: ArrayLike, b: ArrayLike, nominals: ArrayLike = ()) -> Affine:
    """y = a u + b without states; `a` (p, m) or a number, `b` (p) or a number."""
    D, e = np.atleast_2d(np.asarray(a, dtype=np.float64)), np.atleast_1d(np.asarray(b, dtype=np.float64))
    p, m = D.shape
    empty = np.zeros((0, 0)), np.zeros((0, m)), np.zeros((p, 0))
    return Affine(name, *empty, D, e, np.zeros(0), np.asarray(nominals, dtype=np.float64))


def states(name: str, A: ArrayLike, B: ArrayLike, C: ArrayLike, x: ArrayLike) -> Affine:
    """x' = A x + B u, y = C x: no feedthrough."""
    A, B, C = (np.atleast_2d(np.asarray(M, dtype=np.float64)) for M in (A, B, C))
    p, m = C.shape[0], B.shape[1]
    return Affine(name, A, B, C, np.zeros((p, m)), np.zeros(p), np.atleast_1d(np.asarray(x, dtype=np.float64)))


class Wire(NamedTuple):
    """destination = factor * source + offset; ends are written `component.y1` and `component.u1`."""

    source: str
    destination: str
    factor: float = 1.0
    offset: float = 0.0

    @property
    def entry(self) -> Any:
        """The connection as a description has it."""
        text = f"{self.source} -> {self.destination}"
        if (self.factor, self.offset) == (1.0, 0.0):
            return text
        return {"connect": text, "factor": self.factor, "offset": self.offset}


class Point(NamedTuple):
    """States, outputs and inputs of the whole at one time, in the order of the parts."""

    x: Floats
    y: Floats
    u: Floats


class Whole:
    """Affine parts and their wires as one system: its exact solution, and what an ideal master computes."""

    def __init__(self, parts: Sequence[Affine], wires: Sequence[Wire]) -> None:
        self.parts = tuple(parts)
        self.outputs = [name for part in parts for name in part.outputs]
        self.inputs = [name for part in parts for name in part.inputs]
        self.A, self.B, self.C, self.D = (diagonal([getattr(part, key) for part in parts]) for key in "ABCD")
        self.e, self.x = (np.concatenate([getattr(part, key) for part in parts]) for key in "ex")
        self.K, self.k = np.zeros((len(self.inputs), len(self.outputs))), np.zeros(len(self.inputs))
        for wire in wires:
            row, column = self.inputs.index(wire.destination), self.outputs.index(wire.source)
            self.K[row, column], self.k[row] = wire.factor, wire.offset

    @property
    def loop(self) -> Floats:
        """d(y)/d(y) once around the loops, D K (p, p): fixed-point iteration converges below a spectral radius of 1."""
        return np.asarray(self.D @ self.K)

    @property
    def matrix(self) -> Floats:
        """M (n, n) of x' = M x + constant."""
        return np.asarray(self.A + self.B @ self.K @ np.linalg.solve(np.eye(len(self.e)) - self.loop, self.C))

    def at(self, t: float) -> Point:
        """The exact solution at t (s); at 0 that of the loops of the initialization."""
        n = len(self.x)
        block = np.zeros((n + 1, n + 1))
        block[:n, :n], block[:n, n] = self.matrix, self.B @ self._solved(np.zeros(n)).u
        return self._solved((expm(t * block) @ np.append(self.x, 1.0))[:n])

    def jacobi(self, h: float, steps: int) -> list[Point]:
        """What Jacobi's method gives from the exact start: inputs of a step are those of its begin."""
        step = self._parts_step(h)
        points = [self._solved(self.x)]
        for _ in range(steps):
            x = step.state @ points[-1].x + step.held @ points[-1].u
            y = self.C @ x + self.D @ points[-1].u + self.e
            points.append(Point(x, y, self.K @ y + self.k))
        return points

    def implicit(self, h: float, steps: int) -> list[Point]:
        """What iteration of every step to its end gives: inputs held over a step are those of its end."""
        step = self._parts_step(h)
        through = self.C @ step.held + self.D
        points = [self._solved(self.x)]
        for _ in range(steps):
            known = self.C @ step.state @ points[-1].x + self.e
            y = np.linalg.solve(np.eye(len(known)) - through @ self.K, known + through @ self.k)
            u = self.K @ y + self.k
            points.append(Point(step.state @ points[-1].x + step.held @ u, y, u))
        return points

    def _solved(self, x: Floats) -> Point:
        y = np.linalg.solve(np.eye(len(self.e)) - self.loop, self.C @ x + self.D @ self.k + self.e)
        return Point(x, y, self.K @ y + self.k)

    def _parts_step(self, h: float) -> Any:
        return held_step(self.A, self.B, h)


def ring(
    gains: Sequence[float], offsets: Sequence[float], scales: Sequence[float] = ()
) -> tuple[list[Affine], list[Wire]]:
    """An algebraic loop y[i] = gains[i] u[i] + offsets[i], u[i + 1] = y[i], closed at the end.

    `scales` puts each y[i] into a unit of its own, in which its value and its nominal value are that much larger.
    """
    count = len(gains)
    sizes = np.ones(count) if not len(scales) else np.asarray(scales, dtype=np.float64)
    parts = [
        gain(f"part{i + 1}", gains[i] * sizes[i] / sizes[i - 1], offsets[i] * sizes[i], [sizes[i]])
        for i in range(count)
    ]
    return parts, [Wire(f"part{i or count}.y1", f"part{i + 1}.u1") for i in range(count)]


def network(seed: int, count: int, *, through: float = 0.5) -> tuple[list[Affine], list[Wire]]:
    """Random parts of 0 to 3 states, 1 to 3 inputs and outputs, decaying at about 1/s, and random wires with gains.

    Every row of D K sums up to `through` at most (0: no feedthrough), so that loops have one solution.
    """
    rng = np.random.default_rng(seed)
    parts = [_random_part(rng, f"part{i + 1}", through) for i in range(count)]
    sources = [name for part in parts for name in part.outputs]
    destinations = [name for part in parts for name in part.inputs]
    wires = [
        Wire(str(rng.choice(sources)), destination, float(rng.uniform(-1, 1)), float(rng.uniform(-1, 1)))
        for destination in destinations
        if rng.random() < 0.8
    ]
    return parts, wires


def _random_part(rng: np.random.Generator, name: str, through: float) -> Affine:
    n, m, p = int(rng.integers(0, 4)), int(rng.integers(1, 4)), int(rng.integers(1, 4))
    A = rng.uniform(-0.3, 0.3, (n, n)) - np.eye(n)
    D = rng.uniform(-1, 1, (p, m)) * (rng.random((p, m)) < 0.5) * through / m
    B, C = rng.uniform(-0.3, 0.3, (n, m)), rng.uniform(-1, 1, (p, n))
    return Affine(name, A, B, C, D, rng.uniform(-1, 1, p), rng.uniform(-1, 1, n))


def diagonal(blocks: Sequence[Floats]) -> Floats:
    """Blocks on a diagonal; those without rows or columns keep the other dimension."""
    return np.asarray(block_diag(*blocks)).reshape(sum(b.shape[0] for b in blocks), sum(b.shape[1] for b in blocks))
