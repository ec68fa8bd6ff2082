"""Rates: components that step more often than the system, or less often."""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final, NamedTuple

from orchestrator.errors import DescriptionError
from orchestrator.instance import Values
from orchestrator.master.memory import Remembered
from orchestrator.master.step_size import FixedStep
from orchestrator.signals import Block, GatherPlan, gather
from orchestrator.system.rates import rate

_NEGLIGIBLE: Final = 1e-6
"""Part of its step size by which a component's last step may be longer, for a macro step that is."""

_ROUNDING: Final = 1e-9
"""Part of the step size of the system by which two times may differ and still be one point of the grid."""


class Part(NamedTuple):
    """A step of one component within a macro step: where it begins and how long it is (s)."""

    start: float
    length: float


@dataclass(frozen=True)
class SubSteps:
    """Steps of at most `step_size` (s), of one length within each macro step."""

    step_size: float

    def parts(self, t: float, h: float) -> Iterator[Part]:
        """The steps from t to t + h; each begins at t + i h / n, which is never a sum of lengths."""
        count = max(1, math.ceil(h / self.step_size - _NEGLIGIBLE))
        for index in range(count):
            yield Part(t + index * h / count, h / count)


@dataclass(frozen=True)
class Period:
    """Every `count`-th point of the grid from `first` (s) on: the communication points of a slow component."""

    first: float
    step_size: float
    count: int

    @property
    def length(self) -> float:
        """From one of its communication points to the next (s)."""
        return self.count * self.step_size

    def begin(self, t: float) -> float:
        """Its last communication point (s) that is not after t; it is one of the grid, never a sum."""
        index = math.floor((t + self._tolerance(t) - self.first) / self.step_size)
        return self.first + index // self.count * self.count * self.step_size

    def starts(self, t: float) -> bool:
        """Whether t (s) is one of its communication points."""
        return t - self.begin(t) <= self._tolerance(t)

    def ends(self, t: float, end: float) -> bool:
        """Whether a macro step from t to `end` (s) ends at the next of its communication points."""
        return self.begin(t) + self.length - end <= self._tolerance(end)

    def _tolerance(self, t: float) -> float:
        return _ROUNDING * self.step_size + 4.0 * math.ulp(t)


class SlowPace:
    """A component that steps in the macro step that ends its period, and what flows into it until then.

    Nothing that it computes flows backwards in time: its outputs are those of its last communication point until its
    period has passed.
    """

    def __init__(self, period: Period, inputs: Iterable[Block], plan: GatherPlan) -> None:
        self.period: Final = period
        self.plan: Final = plan
        self._inputs = tuple(inputs)
        self._kept = [block.values.copy() for block in self._inputs]
        self.samples_begin = False
        """Whether its steps are made on the inputs of the beginning of its period."""
        self.in_loop = False
        """Whether outputs in the signals are tried out while a loop is solved, and have to be read where they stay."""

    def begin(self) -> None:
        """A period begins: keep its inputs."""
        gather(self.plan)
        self._kept = [block.values.copy() for block in self._inputs]

    @contextmanager
    def as_begun(self) -> Iterator[None]:
        """Inputs are those of the beginning of the period."""
        newest = [block.values.copy() for block in self._inputs]
        self._put(self._kept)
        try:
            yield
        finally:
            self._put(newest)

    def as_used(self) -> AbstractContextManager[None]:
        """Inputs are those of its last step, until the next period begins."""
        return self.as_begun() if self.samples_begin else nullcontext()

    def remembered(self) -> Remembered:
        """The inputs at the beginning of the period; which one it is follows from the time."""
        return {"kept": [values.copy() for values in self._kept]}

    def remember(self, memory: Remembered) -> None:
        """Go back to an earlier communication point."""
        self._kept = [values.copy() for values in memory["kept"]]

    def _put(self, values: Iterable[Values]) -> None:
        for block, mine in zip(self._inputs, values, strict=True):
            block.values[:] = mine


def periods(step_sizes: Mapping[str, float], first: float, step_size: float) -> dict[str, Period]:
    """Those of the components that step less often than the system, with `step_size` (s) from `first` (s) on."""
    found: dict[str, Period] = {}
    for name, mine in step_sizes.items():
        try:
            ratio = rate(mine, step_size)
        except ValueError as error:
            raise DescriptionError(f"components.{name}.step_size: {error}") from error
        if ratio > 1:
            found[name] = Period(first, step_size, int(ratio))
    return found


def refuse_unfinished(step_sizes: Mapping[str, float], grid: FixedStep) -> None:
    """DescriptionError where the stop time lies within the period of a component: it would end before the others."""
    for name, period in periods(step_sizes, grid.start, grid.step_size).items():
        if grid.clipped or grid.count % period.count:
            raise DescriptionError(
                f"components.{name}.step_size: {grid.stop - grid.start:g} s from start to stop are no multiple of "
                f"{period.length:g} s, so that '{name}' would end before the stop. Choose a stop time or a step size "
                "that fit"
            )
