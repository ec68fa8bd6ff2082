"""Random affine systems with loops, rates, gains and units, and what each algorithm makes of them by linear algebra.

Part:  x' = A x + B u + b,  y = C x + D u + e.  Connection:  u = K y + k, units converted or gains declared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm
from scipy.sparse.csgraph import connected_components

from orchestrator.system.quantities.unit_text import parse_unit
from tests.doubles import FunctionInstance, an_input, an_output
from tests.models import Affine, Wire, diagonal, network

Floats = NDArray[np.float64]

H = 0.1
"""Step size of the system (s)."""

UNITS = [
    ("degC", "K", 1.0, 273.15),
    ("degF", "degC", 5 / 9, -160 / 9),
    ("min", "s", 60.0, 0.0),
    ("mg/L", "g/L", 1e-3, 0.0),
]
"""Units of a source and its destination, and what a value is multiplied by and shifted."""


@dataclass(frozen=True, eq=False)
class Part:
    """An affine part with a constant inflow b (n) that steps `ratio` times as long as the system."""

    affine: Affine
    b: Floats
    ratio: float
    units: dict[str, str]

    @property
    def name(self) -> str:
        return self.affine.name

    @property
    def period(self) -> int:
        """Macro steps from one of its communication points to the next."""
        return max(1, round(self.ratio))

    def step(self, h: float) -> tuple[Floats, Floats, Floats]:
        """(P, Q, r) of x(t + h) = P x + Q u + r."""
        a = self.affine
        n, m = a.B.shape
        block = np.zeros((n + m + 1, n + m + 1))
        block[:n] = np.hstack([a.A, a.B, self.b[:, None]])
        whole = expm(block * h)
        return whole[:n, :n], whole[:n, n:-1], whole[:n, -1]

    def over(self) -> tuple[Floats, Floats, Floats]:
        """The same from one communication point of the component or the system to the next, in steps of its own."""
        P, Q, r = self.step(self.ratio * H)
        whole = np.eye(len(P)), np.zeros_like(Q), np.zeros_like(r)
        for _ in range(max(1, round(1.0 / self.ratio))):
            whole = P @ whole[0], P @ whole[1] + Q, P @ whole[2] + r
        return whole

    def instance(self, **more: Any) -> FunctionInstance:
        a = self.affine

        def named(make: Any, names: Sequence[str]) -> list[Any]:
            units = [self.units.get(name) for name in names]
            return [
                make(name.partition(".")[2], unit=None if unit is None else parse_unit(unit))
                for name, unit in zip(names, units, strict=True)
            ]

        ends = {"inputs": named(an_input, a.inputs), "outputs": named(an_output, a.outputs)}
        if not len(a.x):
            return a.instance(**ends, **more)

        def step(t: float, h: float, u: Floats, x: Floats) -> Floats:
            P, Q, r = self.step(h)
            return P @ x + Q @ u + r

        double = a.instance(**ends, **more)
        double.step = step
        return double


@dataclass(frozen=True, eq=False)
class Mixed:
    """Parts at their rates and the wires between them."""

    parts: tuple[Part, ...]
    wires: tuple[Wire, ...]

    @property
    def count(self) -> int:
        """Macro steps until all components are at a communication point."""
        return int(np.lcm.reduce([part.period for part in self.parts]))

    @property
    def entries(self) -> list[Any]:
        """The connections of the description: those with units have no factor of their own."""
        converted = {name for part in self.parts for name in part.units}
        return [
            f"{wire.source} -> {wire.destination}" if wire.destination in converted else wire.entry
            for wire in self.wires
        ]

    @property
    def components(self) -> dict[str, Any]:
        found: dict[str, Any] = {part.name: {"source": f"{part.name}.fmu"} for part in self.parts}
        for part in self.parts:
            if part.ratio != 1.0:
                found[part.name]["step_size"] = part.ratio * H
        return found

    def instances(self) -> list[FunctionInstance]:
        return [part.instance() for part in self.parts]

    @property
    def outputs(self) -> list[str]:
        return [name for part in self.parts for name in part.affine.outputs]


def mixed(seed: int, count: int, *, through: float, ratios: Sequence[float], converted: float = 0.5) -> Mixed:
    """Random parts; `through` bounds the rows of D K, 0 for no loop of direct feedthrough.

    A part `converted` of the connections has units.
    """
    rng = np.random.default_rng(seed)
    parts, wires = network(seed, count, through=through)
    units: dict[str, dict[str, str]] = {part.name: {} for part in parts}
    scales: dict[str, float] = {}
    taken: dict[str, str] = {}
    found: list[Wire] = []
    for wire in wires:
        source, destination, factor, offset = UNITS[int(rng.integers(len(UNITS)))]
        if rng.random() >= converted or taken.setdefault(wire.source, source) != source:
            found.append(wire)
            continue
        units[wire.source.partition(".")[0]][wire.source] = source
        units[wire.destination.partition(".")[0]][wire.destination] = destination
        scales[wire.destination] = factor
        found.append(wire._replace(factor=factor, offset=offset))
    # a source that has a unit goes on to inputs without one by its number
    return Mixed(
        tuple(
            Part(
                _scaled(part, [scales.get(name, 1.0) for name in part.inputs]),
                rng.uniform(-1.0, 1.0, len(part.x)),
                float(rng.choice(ratios)),
                units[part.name],
            )
            for part in parts
        ),
        tuple(found),
    )


def _scaled(part: Affine, sizes: Sequence[float]) -> Affine:
    """The same for inputs that are larger by these factors."""
    return replace(part, B=part.B / np.asarray(sizes), D=part.D / np.asarray(sizes))


class LinearAlgebra:
    """What Jacobi, Gauss-Seidel in this order and iteration of the loops make of a system, without any master."""

    def __init__(self, system: Mixed) -> None:
        self.parts = {part.name: part for part in system.parts}
        self.outputs = system.outputs
        self.inputs = [name for part in system.parts for name in part.affine.inputs]
        self.K, self.k = np.zeros((len(self.inputs), len(self.outputs))), np.zeros(len(self.inputs))
        for wire in system.wires:
            row, column = self.inputs.index(wire.destination), self.outputs.index(wire.source)
            self.K[row, column], self.k[row] = wire.factor, wire.offset
        self._over = {name: part.over() for name, part in self.parts.items()}
        self.x = {name: part.affine.x.copy() for name, part in self.parts.items()}
        at_rest = {name: tuple(0.0 * each for each in over) for name, over in self._over.items()}
        still = {name: (np.eye(len(self.x[name])), *over[1:]) for name, over in at_rest.items()}
        self.condition = 0.0
        self.y = self._solve(list(self.parts), np.zeros(len(self.outputs)), still)
        self._begun = {name: self.u(name, self.y) for name in self.parts}
        self.index = 0

    def u(self, name: str, y: Floats) -> Floats:
        """The inputs of a part for given outputs of all."""
        rows = self._rows(name)
        return self.K[rows] @ y + self.k[rows]

    def jacobi(self) -> Floats:
        """One macro step on the inputs of its beginning, of the period for slow parts; all outputs (p) at its end."""
        y = self.y.copy()
        self._begin()
        for name, part in self.parts.items():
            if self._due(part):
                y[self._columns(name)] = self._stepped(name, self._begun[name])
        return self._arrived(y)

    def gauss_seidel(self, order: Sequence[str]) -> Floats:
        """One macro step of one part after the other, each on the newest outputs."""
        y = self.y.copy()
        for name in order:
            if self._due(self.parts[name]):
                y[self._columns(name)] = self._stepped(name, self.u(name, y))
        return self._arrived(y)

    def iterative(self) -> Floats:
        """One macro step in which all inputs are those of its end: circles of parts are one set of linear equations."""
        y = self.y.copy()
        for group in self._circles():
            due = [name for name in group if self._due(self.parts[name])]
            if not due:
                continue
            y = self._solve(due, y, self._over)
            for name in due:
                self.x[name] = self._next(name, self.u(name, y))
        return self._arrived(y)

    def step(self, algorithm: str, order: Sequence[str]) -> Floats:
        """One macro step by the name of the algorithm."""
        return self.gauss_seidel(order) if algorithm == "gauss_seidel" else getattr(self, algorithm)()

    def _begin(self) -> None:
        for name, part in self.parts.items():
            if self.index % part.period == 0:
                self._begun[name] = self.u(name, self.y)

    def _solve(self, names: Sequence[str], y: Floats, over: Mapping[str, tuple[Floats, Floats, Floats]]) -> Floats:
        """y = C (P x + Q u + r) + D u + e for these parts, with u = K y + k; the other outputs are given."""
        columns = np.concatenate([self._columns(name) for name in names])
        through, constant = np.zeros((len(self.outputs), len(self.inputs))), np.zeros(len(self.outputs))
        for name in names:
            a, own = self.parts[name].affine, self._columns(name)
            P, Q, r = over[name]
            through[np.ix_(own, self._rows(name))] = a.C @ Q + a.D
            constant[own] = a.C @ (P @ self.x[name] + r) + a.e
        given = y.copy()
        given[columns] = 0.0
        right = (constant + through @ (self.K @ given + self.k))[columns]
        left = np.eye(len(columns)) - (through @ self.K)[np.ix_(columns, columns)]
        self.condition = max(self.condition, float(np.linalg.cond(left)))
        given[columns] = np.linalg.solve(left, right)
        return given

    def _stepped(self, name: str, u: Floats) -> Floats:
        self.x[name] = self._next(name, u)
        a = self.parts[name].affine
        return np.asarray(a.C @ self.x[name] + a.D @ u + a.e)

    def _next(self, name: str, u: Floats) -> Floats:
        P, Q, r = self._over[name]
        return np.asarray(P @ self.x[name] + Q @ u + r)

    def _due(self, part: Part) -> bool:
        return (self.index + 1) % part.period == 0

    def _arrived(self, y: Floats) -> Floats:
        self.y = y
        self.index += 1
        return y

    def _rows(self, name: str) -> NDArray[np.intp]:
        return np.flatnonzero([each.partition(".")[0] == name for each in self.inputs])

    def _columns(self, name: str) -> NDArray[np.intp]:
        return np.flatnonzero([each.partition(".")[0] == name for each in self.outputs])

    def _circles(self) -> list[list[str]]:
        """Groups of parts that feed each other, each after those that feed it."""
        names = list(self.parts)
        feeds = np.zeros((len(names), len(names)), np.bool_)
        for i, source in enumerate(names):
            for j, destination in enumerate(names):
                feeds[i, j] = bool(self.K[np.ix_(self._rows(destination), self._columns(source))].any())
        reach = np.linalg.matrix_power(np.eye(len(names)) + feeds, len(names)) > 0.0
        _, label = connected_components(feeds, connection="strong")
        before = {group: int(reach[:, label == group].any(axis=1).sum()) for group in set(label.tolist())}
        return [
            [name for name, mine in zip(names, label, strict=True) if mine == group]
            for group in sorted(before, key=lambda each: before[each])
        ]


class SampledData(LinearAlgebra):
    """The same where the parts that are not slow have no coupling error: they flow together, and slow ones sample.

    That is what step control goes to with its tolerance.
    """

    def __init__(self, system: Mixed) -> None:
        super().__init__(system)
        self._flowing = [name for name, part in self.parts.items() if part.period == 1]
        for name in self._flowing:
            n, m = self.parts[name].affine.B.shape
            self._over[name] = np.eye(n), np.zeros((n, m)), np.zeros(n)

    def step(self, algorithm: str, order: Sequence[str]) -> Floats:
        """Flow over a macro step, and where the period of a slow part ends, one of no length for the others."""
        self._begin()
        if self._flowing:
            self._flow(H)
        if any(part.period > 1 and self._due(part) for part in self.parts.values()):
            return super().step(algorithm, order)
        return self._arrived(self.y)

    def _begin(self) -> None:
        # sampled before anything flows, and not again in the step that follows
        if self._sampled != self.index:
            super()._begin()
        self._sampled = self.index

    _sampled = -1

    def _flow(self, h: float) -> None:
        """x' = A x + B u + b for all that flow, closed by their loops, with the outputs of the others held."""
        mine = [self.parts[name] for name in self._flowing]
        A, B, C, D = (diagonal([getattr(part.affine, key) for part in mine]) for key in "ABCD")
        b, e = np.concatenate([part.b for part in mine]), np.concatenate([part.affine.e for part in mine])
        rows, columns = (np.concatenate([find(n) for n in self._flowing]) for find in (self._rows, self._columns))
        n, K = len(b), self.K[np.ix_(rows, columns)]
        others = self.y.copy()
        others[columns] = 0.0
        w = self.K[rows] @ others + self.k[rows]
        left = np.eye(len(columns)) - D @ K
        self.condition = max(self.condition, float(np.linalg.cond(left)))
        by_x, rest = np.linalg.solve(left, C), np.linalg.solve(left, D @ w + e)
        block = np.zeros((n + 1, n + 1))
        block[:n, :n], block[:n, n] = A + B @ K @ by_x, B @ (K @ rest + w) + b
        x = np.concatenate([self.x[name] for name in self._flowing])
        x = (expm(block * h) @ np.append(x, 1.0))[:n]
        parts = np.split(x, np.cumsum([len(part.b) for part in mine])[:-1])
        self.x.update(zip(self._flowing, parts, strict=True))
        self.y = self.y.copy()
        self.y[columns] = by_x @ x + rest
