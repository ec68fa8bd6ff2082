"""Coupling map: what the inputs of a loop become when its components make one macro step with them.

With u the connected float64 inputs of the components of a loop, held over a macro step, G(u) are the values that come
back along the connections at its end. u = G(u) is what an iterating algorithm solves; the plain fixed-point iteration
converges where the spectral radius of dG/du is less than 1.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import CapabilityError
from orchestrator.master.loops.unknowns import fewest_torn
from orchestrator.master.participant import Participant
from orchestrator.master.probing.bench import NUDGE, Bench, Floats, is_float, unable
from orchestrator.master.probing.responses import Derived, Response, TriedOut, Way, derived
from orchestrator.master.snapshot import Rollback, Snapshot
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connector import Connector

FULL = 50
"""Inputs of one component up to which the whole Jacobian is found, one column after the other."""

ARNOLDI = 24
"""Products with a vector after which the eigenvalues of a large map are told."""


class LoopProbe(NamedTuple):
    """What was found of the coupling map of one loop.

    `variables` are its inputs, `torn` those among them that a Gauss-Seidel sweep takes from the iteration before.
    `radius_jacobi` and `radius_gauss_seidel` are spectral radii of the iteration with all inputs, and with the torn
    ones. `exact` tells whether they are from the whole Jacobian, `ways` how the part of each component is known.
    """

    components: tuple[str, ...]
    variables: tuple[str, ...]
    torn: tuple[str, ...]
    radius_jacobi: float
    radius_gauss_seidel: float
    exact: bool
    ways: Mapping[str, Way] = {}


class _Input(NamedTuple):
    """One input of the loop: its name, its place among the float64 signals, and the link that feeds it."""

    name: str
    place: int
    link: Link
    connector: Connector


class CouplingMap:
    """The coupling map of one loop at the start of a run; 1 made in a `with`, 2 `products` and `jacobian`.

    Components that can go back are tried out; directional derivatives tell about the others. Those that step less often
    make the step over their period, as in the macro step that ends it.
    """

    def __init__(self, bench: Bench, loop: Sequence[str], h: float) -> None:
        self.loop, self._bench, self._h = tuple(loop), bench, h
        self.inputs = tuple(_inputs(bench, self.loop))
        self._of: dict[str, list[int]] = defaultdict(list)
        self._from: dict[str, list[int]] = defaultdict(list)
        for index, one in enumerate(self.inputs):
            self._of[one.link.destination.component].append(index)
            self._from[one.link.source.component].append(index)
        self._order = fewest_torn([one.link for one in self.inputs], self.loop)
        position = {name: index for index, name in enumerate(self._order)}
        ends = [(one.link.source.component, one.link.destination.component) for one in self.inputs]
        self.torn = tuple(k for k, (feeder, owner) in enumerate(ends) if position[feeder] >= position[owner])
        self._memory: tuple[Rollback, Snapshot] | None = None
        self._responses: dict[str, Response] = {}

    def __enter__(self) -> "CouplingMap":
        self._before = self._bench.signals.copy()
        derivatives = self._derivatives()  # told before inputs are set
        self._bench.gather()
        memory = self._memory = self._bench.kept()
        try:
            here = self._bench.signals.float64[[one.place for one in self.inputs]]
            self._steps = np.array([_change(one, value) for one, value in zip(self.inputs, here, strict=True)])
            for participant in self._members():
                ends = self._ends(participant.name)
                tried = derivatives.get(participant.name) or TriedOut(self._bench, participant, *ends, memory, self._h)
                self._responses[participant.name] = tried
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._memory is not None:
            rollback, snapshot = self._memory
            rollback.restore(snapshot)
            rollback.free(snapshot)
            self._bench.signals.put(self._before)

    @property
    def ways(self) -> Mapping[str, Way]:
        """How the response of each component is known."""
        return {name: self._responses[name].way for name in self.loop}

    def _members(self) -> Sequence[Participant]:
        by_name = {each.name: each for each in self._bench.coupling.participants}
        return [by_name[name] for name in self.loop]

    def _ends(self, name: str) -> tuple[list[Link], list[Link]]:
        """The links that arrive at a component, and those that leave it."""
        arriving, leaving = ([self.inputs[k].link for k in some[name]] for some in (self._of, self._from))
        return arriving, leaving

    def _derivatives(self) -> dict[str, Derived]:
        """Responses of the components that cannot go back; CapabilityError names those that tell nothing."""
        stuck = set(unable(self._bench.coupling, self.loop))
        start, slow = self._bench.start, self._bench.slow
        found = {
            each.name: derived(each, *self._ends(each.name), start, self._h * slow.get(each.name, 1))
            for each in self._members()
            if each.name in stuck
        }
        silent = ", ".join(f"'{name}'" for name, one in found.items() if one is None)
        if silent:
            raise CapabilityError(
                f"no coupling map: {silent} can neither go back (get/set FMU state) nor tell directional derivatives"
            )
        return {name: one for name, one in found.items() if one is not None}

    @property
    def widest(self) -> int:
        """The largest number of inputs that one component has."""
        return max((len(indices) for indices in self._of.values()), default=0)

    def jacobian(self) -> Floats:
        """dG/du (inputs, inputs) by forward differences, one input of a component at a time."""
        found = np.zeros((len(self.inputs), len(self.inputs)))
        for name in self.loop:
            mine = self._of[name]
            for column, k in enumerate(mine):
                change = np.zeros(len(mine))
                change[column] = self._steps[k]
                found[self._from[name], k] = self._responses[name].product(change) / self._steps[k]
        return found

    def forward(self) -> NDArray[np.bool_]:
        """Whether each input comes from a component that steps before its owner: (inputs,)."""
        known = np.ones(len(self.inputs), dtype=bool)
        known[list(self.torn)] = False
        return known

    def product(self, v: Floats, *, newest: bool) -> Floats:
        """dG/du v (inputs,) from one step of each component; with `newest` for the map of a Gauss-Seidel sweep."""
        size = 1.0 / max(float(np.abs(v / self._steps).max(initial=0.0)), 1e-300)
        forward, change, back = self.forward(), v.copy(), np.zeros_like(v)
        for name in self._order:
            given = self._from[name]
            back[given] = self._responses[name].product(size * change[self._of[name]]) / size
            if newest:
                at_once = [k for k in given if forward[k]]
                change[at_once] = back[at_once]
        return back


def probed_loop(bench: Bench, loop: Sequence[str], h: float) -> LoopProbe:
    """Spectral radii of the coupling map of a loop for macro steps of length h (s)."""
    with CouplingMap(bench, loop, h) as coupling_map:
        exact = coupling_map.widest <= FULL
        radii = _radii(coupling_map) if exact else _estimated(coupling_map)
        names = tuple(one.name for one in coupling_map.inputs)
        torn = tuple(names[k] for k in coupling_map.torn)
        return LoopProbe(tuple(loop), names, torn, *radii, exact, coupling_map.ways)


def _radii(coupling_map: CouplingMap) -> tuple[float, float]:
    """Spectral radii of J and of (I - L)^-1 U, where J = L + U and L are the inputs that a sweep has already."""
    jacobian = coupling_map.jacobian()
    forward = coupling_map.forward()
    newest = np.where(forward[:, np.newaxis], jacobian, 0.0)
    sweep = np.linalg.solve(np.eye(len(jacobian)) - newest, jacobian - newest)
    return spectral_radius(jacobian), spectral_radius(sweep)


def _estimated(coupling_map: CouplingMap) -> tuple[float, float]:
    size = len(coupling_map.inputs)
    return (
        arnoldi_radius(lambda v: coupling_map.product(v, newest=False), size),
        arnoldi_radius(lambda v: coupling_map.product(v, newest=True), size),
    )


def spectral_radius(matrix: NDArray[Any]) -> float:
    """The largest absolute value of the eigenvalues, 0.0 of an empty matrix."""
    return float(np.abs(np.linalg.eigvals(matrix)).max(initial=0.0))


def arnoldi_radius(product: Callable[[Floats], Floats], size: int, products: int = ARNOLDI) -> float:
    """Spectral radius of a matrix that is known by its products with vectors, from a Krylov space (Arnoldi 1951).

    Exact up to rounding where the space is exhausted before `products` of them are made.
    """
    basis = [np.random.default_rng(0).standard_normal(size)]
    basis[0] /= np.linalg.norm(basis[0])
    hessenberg = np.zeros((products + 1, products))
    for k in range(min(products, size)):
        vector = product(basis[k])
        length = float(np.linalg.norm(vector))
        for _ in range(2):  # a second time, since one loses orthogonality to rounding
            parts = np.array([one @ vector for one in basis])
            hessenberg[: k + 1, k] += parts
            vector = vector - np.array(basis).T @ parts
        rest = float(np.linalg.norm(vector))
        hessenberg[k + 1, k] = rest
        if rest <= 1e-8 * length:
            return spectral_radius(hessenberg[: k + 1, : k + 1])
        basis.append(vector / rest)
    used = min(products, size)
    return spectral_radius(hessenberg[:used, :used])


def _inputs(bench: Bench, loop: Sequence[str]) -> "Sequence[_Input]":
    members = frozenset(loop)
    return [
        _input(bench, link)
        for link in bench.coupling.links
        if not link.delay and {link.source.component, link.destination.component} <= members and is_float(bench, link)
    ]


def _input(bench: Bench, link: Link) -> _Input:
    place = bench.signals.place(*link.destination)
    name = f"{link.destination.component}.{place.connector.elements[link.destination.element]}"
    return _Input(name, place.start, link, place.connector)


def _change(one: _Input, value: float) -> float:
    """A small step of an input (in its unit), away from the nearer end of its range."""
    size = NUDGE * max(abs(value), one.connector.nominal)
    greatest = one.connector.maximum
    return -size if greatest is not None and value + size > greatest else size
