"""Statistics: what the master had the components do, counted while it runs; `explain` shows it after a run."""

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.master.memory import Remembered

ESTIMATING = " (estimator)"
"""Follows the name of a component for the counts of the cheaper instance that stands in for it."""


_COUNTS: Final = ("steps", "saves", "restores", "discards")
"""What is counted of a component, in the order in which it lies in memory."""


def _count(place: int) -> Any:
    """An attribute that is one of the numbers of a component."""

    def read(self: "ComponentStatistics") -> int:
        return self._numbers[self._place + place]

    def write(self: "ComponentStatistics", value: int) -> None:
        self._numbers[self._place + place] = value

    return property(read, write)


class Counted(NamedTuple):
    """What was counted of the calls of components, and of loops, at some time."""

    numbers: "array[int]"
    together: int
    loops: "tuple[tuple[LoopStatistics, dict[str, Any]], ...]"


class Book:
    """The counts of all components, which lie behind each other, so that all are kept at once.

    All components that follow made so many steps `together`, beside those that are in the `numbers`.
    """

    def __init__(self) -> None:
        self.numbers: array[int] = array("q")
        self.together = 0


class ComponentStatistics:
    """Calls of one component: steps (accepted or not), kept states and returns to them, refused steps.

    They lie in a book, from the end of those that are there on.
    """

    def __init__(self, book: Book | None = None) -> None:
        self._book = book or Book()
        self._numbers, self._place = self._book.numbers, len(self._book.numbers)
        self._numbers.extend(0 for _ in _COUNTS)
        self._follows = False

    def follow(self) -> None:
        """What the book says of steps made together is from now on said of this component."""
        steps, self._follows = self.steps, True
        self.steps = steps

    @property
    def steps(self) -> int:
        """Steps, also those that were taken back."""
        own = self._numbers[self._place]
        return own + self._book.together if self._follows else own

    @steps.setter
    def steps(self, value: int) -> None:
        self._numbers[self._place] = value - self._book.together if self._follows else value

    saves: int = _count(1)
    restores: int = _count(2)
    discards: int = _count(3)

    def counted(self) -> dict[str, int]:
        """What is counted, by name."""
        return {name: getattr(self, name) for name in _COUNTS}


class Solved(NamedTuple):
    """Macro steps in which a loop was solved, and the iterations; the worst of their residuals, where and when (s)."""

    steps: int
    iterations: int
    most_iterations: int
    residual: float
    variable: str
    time: float


@dataclass
class LoopStatistics:
    """Iterations over one loop, and evaluations: sweeps through its components, with those that only tell slopes.

    `worst_residual` (in units of the nominal value) is that of `worst_variable` at `worst_time` (s), among the
    residuals with which macro steps were accepted.
    """

    solved: int = 0
    iterations: int = 0
    evaluations: int = 0
    most_iterations: int = 0
    worst_residual: float = 0.0
    worst_variable: str = ""
    worst_time: float | None = None

    def take(self, more: Solved) -> None:
        """More macro steps were solved."""
        self.solved += more.steps
        self.iterations += more.iterations
        self.most_iterations = max(self.most_iterations, more.most_iterations)
        if more.residual >= self.worst_residual:
            self.worst_residual, self.worst_variable, self.worst_time = more.residual, more.variable, more.time


@dataclass
class BondStatistics:
    """One bond: what was lost since the start, and what was lost fastest (per second), at `worst_time` (s)."""

    total: float = 0.0
    worst_residual: float = 0.0
    worst_time: float | None = None

    def take(self, residual: float, total: float, t: float) -> None:
        """A step ended at t (s) with this residual."""
        self.total = total
        if abs(residual) > abs(self.worst_residual):
            self.worst_residual, self.worst_time = residual, t


@dataclass
class GlobalErrorStatistics:
    """The estimate of the global error: the `last` one and the largest in units of the scales of the outputs.

    The largest was that of `worst_variable` at `worst_time` (s). `errors` tells by how much each output is too large,
    in its own unit. The second run began anew `renewed` times. `last` is None where there is no estimate; it is `lost`
    for the rest of a run for this reason.
    """

    last: float | None = 0.0
    largest: float = 0.0
    worst_variable: str = ""
    worst_time: float | None = None
    errors: dict[str, float] = field(default_factory=dict)
    renewed: int = 0
    lost: str = ""

    def take(self, names: Sequence[str], errors: NDArray[np.float64], relative: NDArray[np.float64], t: float) -> None:
        """At t (s) the outputs are off by `errors` (n,) in their units, by `relative` (n,) in those of their scales."""
        self.errors = dict(zip(names, errors.tolist(), strict=True))
        self.last = largest = float(relative.max(initial=0.0))
        if largest > self.largest:
            self.largest, self.worst_time = largest, t
            self.worst_variable = names[int(np.argmax(relative))]


@dataclass
class Statistics:
    """Everything counted in one run.

    `rejected` counts macro steps that were taken back, by reason. `smallest_step` and `largest_step` are those of
    accepted macro steps (s). `loops` are by the names of their components, `bonds` by their own. `estimate` says where
    the error of a step comes from, if not from a repetition; steps that `exceeded` the tolerance then stayed. The
    largest error, in units of the tolerance, was `worst_error`, of `worst_output` at `worst_time` (s).
    """

    macro_steps: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    smallest_step: float | None = None
    largest_step: float | None = None
    estimate: str = ""
    exceeded: int = 0
    worst_error: float = 0.0
    worst_output: str = ""
    worst_time: float | None = None
    components: dict[str, ComponentStatistics] = field(default_factory=dict)
    loops: dict[str, LoopStatistics] = field(default_factory=dict)
    bonds: dict[str, BondStatistics] = field(default_factory=dict)
    global_error: GlobalErrorStatistics | None = None
    book: Book = field(default_factory=Book, repr=False)

    def of(self, component: str) -> ComponentStatistics:
        """Those of one component."""
        if component not in self.components:
            self.components[component] = ComponentStatistics(self.book)
        return self.components[component]

    def counted(self) -> Counted:
        """What is counted of calls and of loops now."""
        loops = tuple([(each, vars(each).copy()) for each in self.loops.values()]) if self.loops else ()
        return Counted(self.book.numbers[:], self.book.together, loops)

    def put_back(self, counted: Counted) -> None:
        """Count on from there."""
        self.book.numbers[: len(counted.numbers)] = counted.numbers
        self.book.together = counted.together
        for each, was in counted.loops:
            vars(each).update(was)

    def loop(self, components: tuple[str, ...]) -> LoopStatistics:
        """Those of the loop between these components."""
        return self.loops.setdefault(" <-> ".join(components), LoopStatistics())

    def bond(self, name: str) -> BondStatistics:
        """Those of a bond."""
        return self.bonds.setdefault(name, BondStatistics())

    def of_global_error(self) -> GlobalErrorStatistics:
        """Those of the estimate of the global error."""
        self.global_error = self.global_error or GlobalErrorStatistics()
        return self.global_error

    def accept(self, h: float) -> None:
        """A macro step of length h (s) was made."""
        self.macro_steps += 1
        self.smallest_step = h if self.smallest_step is None else min(self.smallest_step, h)
        self.largest_step = h if self.largest_step is None else max(self.largest_step, h)

    def exceed(self, error: float, output: str, t: float) -> None:
        """A step to t (s) had this error, in units of the tolerance, and stayed."""
        self.exceeded += 1
        if error > self.worst_error:
            self.worst_error, self.worst_output, self.worst_time = error, output, t

    def accept_alike(self, count: int, h: float) -> None:
        """So many macro steps of the same length h (s) were made."""
        if count > 0:
            self.accept(h)
            self.macro_steps += count - 1

    def remembered(self) -> Remembered:
        """Everything counted, for a checkpoint."""
        plain = {name: value for name, value in vars(self).items() if not isinstance(value, dict)}
        estimate, _ = plain.pop("global_error"), plain.pop("book")
        components = {name: each.counted() for name, each in self.components.items()}
        loops = {name: dict(vars(each)) for name, each in self.loops.items()}
        bonds = {name: dict(vars(each)) for name, each in self.bonds.items()}
        return {
            "plain": plain,
            "rejected": dict(self.rejected),
            "components": components,
            "loops": loops,
            "bonds": bonds,
            "global_error": None if estimate is None else {**vars(estimate), "errors": dict(estimate.errors)},
        }

    def remember(self, memory: Remembered) -> None:
        """Go on counting from there."""
        vars(self).update(memory["plain"])
        self.rejected = Counter(memory["rejected"])
        for name, counted in memory["components"].items():
            component = self.of(name)
            for each, number in counted.items():
                setattr(component, each, number)
        for name, counted in memory["loops"].items():
            vars(self.loops.setdefault(name, LoopStatistics())).update(counted)
        for name, counted in memory["bonds"].items():
            vars(self.bond(name)).update(counted)
        if memory["global_error"] is not None:
            vars(self.of_global_error()).update(
                {**memory["global_error"], "errors": {**memory["global_error"]["errors"]}}
            )
