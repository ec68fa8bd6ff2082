"""Courses: what the connected inputs of a component do over its next step."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.instance import Bundle, InputSlopes, Instance, Values, input_slopes
from orchestrator.master.inflows import Fed, Inflow, Origin
from orchestrator.master.memory import Remembered
from orchestrator.master.polynomials import Point, Polynomials, Vector
from orchestrator.signals import Block, GatherPlan, gather
from orchestrator.system.connector import Connector
from orchestrator.system.solving import Extrapolation

_NEGLIGIBLE: Final = 1e-9


class Span(NamedTuple):
    """A step of a component: where it begins and ends (s), and when the macro step began in which it is made."""

    start: float
    end: float
    now: float


class _Given(NamedTuple):
    """The course over a step, and its mean without what was added to it."""

    start: float
    end: float
    course: Polynomials
    mean: Vector


class CourseParts(NamedTuple):
    """What courses are made of, for a compiled loop: masks are over the elements that have one.

    `follows`: they take slopes, `passes`: they pass directly to outputs that flow on.
    """

    block: Block
    where: NDArray[np.intp]
    smoothing: bool
    follows: NDArray[np.bool_]
    passes: NDArray[np.bool_]
    inflows: Sequence[Inflow]
    plan: GatherPlan
    slopes: "Sloped | None"


class InputCourses:
    """The connected continuous inputs of one component: polynomials over its step.

    They go on through the last values at communication points, or come to the newest ones where the source has stepped
    already. An input that takes slopes follows the polynomial. One that is held over a step has its mean, which gives
    the same integral, or its value at the end where it passes directly to an output that flows on. With `smoothing` a
    course begins where the last one has ended, and comes to the polynomial linearly over the step. Elements that are
    `corrected` are given, over the next step, what they have missed of the integral of their source over the last one
    (NEPCE).

    Call order: 1 `begin`, 2 `over`, then 3 `given`, 4 `incline` and 5 `finished` for each part of the step. 2 to 5 may
    be repeated.
    """

    def __init__(
        self,
        instance: Instance,
        block: Block,
        inflows: Sequence[Inflow],
        where: NDArray[np.intp],
        plan: GatherPlan,
        wanted: Extrapolation,
    ) -> None:
        self._instance, self._block, self._inflows, self._plan = instance, block, inflows, plan
        self._where, self._smoothing = where, wanted.smoothing
        self.order: Final = wanted.order
        """That of the polynomials, where there are points enough."""
        self._slopes = Sloped.of(instance, block, where, max(wanted.order, int(wanted.smoothing)))
        self._follows = np.zeros(where.size, np.bool_) if self._slopes is None else self._slopes.follows
        self._passes: NDArray[np.bool_] = np.zeros(where.size, np.bool_)
        self.corrected: NDArray[np.bool_] = np.zeros(where.size, np.bool_)
        self._last: Vector = np.full(where.size, np.nan)
        self._missing: Vector = np.zeros(where.size)
        self._under_way: _Given | None = None
        self._used: Vector = block.values[where]

    def pass_to(self, outputs: Collection[str]) -> None:
        """These outputs flow on into other components."""
        self._passes = _passing(self._instance, self._block, outputs)[self._where]

    @property
    def parts(self) -> CourseParts:
        """What they are made of."""
        masks = self._follows, self._passes
        return CourseParts(self._block, self._where, self._smoothing, *masks, self._inflows, self._plan, self._slopes)

    @property
    def where(self) -> NDArray[np.intp]:
        """The elements that have a course, among all float inputs of the component."""
        return self._where

    @property
    def orders(self) -> Mapping[int, int]:
        """The power of the step size with which the error falls that the course of each of these elements makes.

        Held inputs have the integral of a straight line at best, those that pass directly the value of the end.
        """
        held = np.where(self._passes, 1, min(self.order + 1, 2))
        return dict(zip(self._where.tolist(), np.where(self._follows, self.order + 1, held).tolist(), strict=True))

    def begin(self, t: float) -> None:
        """A step begins at t (s): the signals hold the outputs valid there."""
        gather(self._plan)
        done, self._under_way = self._under_way, None
        finished = done is not None and abs(done.end - t) <= _NEGLIGIBLE * (done.end - done.start)
        self._last = done.course.at(t) if done is not None and finished else np.full(self._where.size, np.nan)
        self._missing = np.zeros(self._where.size)
        values = self._block.values[self._where]
        for inflow in self._inflows:
            before = inflow.record(t, values[inflow.where])
            if before is not None and done is not None and finished:
                trapezoid = (before + values[inflow.where]) / 2.0
                self._missing[inflow.where] = (trapezoid - done.mean[inflow.where]) * (done.end - done.start)

    def over(self, span: Span, *, newest: bool) -> None:
        """Find the course over a step; with `newest` the signals hold what has stepped already."""
        start, end, now = span
        h = end - start
        coefficients = np.zeros((3, self._where.size))
        values = self._block.values[self._where]
        for inflow in self._inflows:
            point = Point(inflow.origin.newest(now, end), values[inflow.where]) if newest else None
            coefficients[:, inflow.where] = inflow.course(start, h, point, values[inflow.where])
        course = Polynomials(start, coefficients)
        mean = course.mean(start, end)
        coefficients[0] += np.where(self.corrected, self._missing / h, 0.0)
        if self._smoothing:
            jump = np.where(np.isnan(self._last), 0.0, self._last - coefficients[0])
            coefficients[0] += jump
            coefficients[1] -= jump / h
        self._under_way = _Given(start, end, course, mean)

    @contextmanager
    def given(self, start: float, length: float) -> Iterator[Values]:
        """Put what is to be set for a part of the step (s) into the places of the float inputs, for so long; a view.

        Afterwards the newest values are there again. Derivatives follow by `incline`.
        """
        assert self._under_way is not None
        course, end, values = self._under_way.course, start + length, self._block.values
        held = np.where(self._passes, course.at(end), course.mean(start, end))
        newest = values[self._where]
        values[self._where] = np.where(self._follows, course.at(start), held)
        self._used = np.where(self._follows, course.at(end), held)
        try:
            yield values
        finally:
            values[self._where] = newest

    def incline(self, values: Values, start: float) -> None:
        """Hand the derivatives at the beginning of a part of the step to a component that takes them."""
        if self._slopes is not None and self._under_way is not None:
            self._slopes.set(values, self._under_way.course.derivatives(start), start)

    def finished(self) -> None:
        """A part of the step is made; raises what went wrong with the inputs during it."""
        if self._slopes is not None:
            self._slopes.finished()

    @property
    def used(self) -> Vector:
        """The values that the elements with a course had where the last step ended."""
        return self._used

    def forget(self) -> None:
        """What was before does not tell where the inputs go: something jumped."""
        self._under_way = None
        for inflow in self._inflows:
            inflow.forget()

    def remembered(self) -> Remembered:
        """The last communication points, and the course over the last step."""
        done = self._under_way
        return {
            "inflows": [inflow.remembered() for inflow in self._inflows],
            "last": self._last.copy(),
            "missing": self._missing.copy(),
            "course": None
            if done is None
            else {
                "start": done.start,
                "end": done.end,
                "coefficients": done.course.coefficients.copy(),
                "mean": done.mean.copy(),
            },
        }

    def remember(self, memory: Remembered) -> None:
        """Go back to earlier communication points."""
        for inflow, remembered in zip(self._inflows, memory["inflows"], strict=True):
            inflow.remember(remembered)
        self._last, self._missing = memory["last"].copy(), memory["missing"].copy()
        done = memory["course"]
        if done is None:
            self._under_way = None
            return
        course = Polynomials(done["start"], done["coefficients"].copy())
        self._under_way = _Given(done["start"], done["end"], course, done["mean"].copy())


class Sloped:
    """The inputs of a component that takes derivatives: of them `follows` tells which of the elements are among them.

    `follows` is over the elements with a course; all elements of their connectors are handed over, held where they have
    none.
    """

    def __init__(
        self, slopes: InputSlopes, block: Block, chosen: Sequence[Connector], where: NDArray[np.intp], degree: int
    ) -> None:
        self.slopes, self.degree = slopes, degree
        self.bundle = Bundle.of(chosen)
        names = {connector.name for connector in chosen}
        connectors = block.bundle.connectors
        mask = np.repeat([c.name in names for c in connectors], [c.size for c in connectors])
        self._elements = np.flatnonzero(mask)
        self.follows: NDArray[np.bool_] = mask[where]
        self.places = np.searchsorted(self._elements, where[self.follows])

    @classmethod
    def of(cls, instance: Instance, block: Block, where: NDArray[np.intp], degree: int) -> "Sloped | None":
        """None where the component takes none, or only held inputs are wanted."""
        slopes = input_slopes(instance)
        if slopes is None:
            return None
        chosen = [c for c in _connectors_at(block, where) if c.name in slopes.names]
        return cls(slopes, block, chosen, where, max(degree, 1)) if chosen else None

    def set(self, values: Values, derivatives: Vector, t: float) -> None:
        """Hand over the values at t (s) of all float inputs, and the derivatives (2, n) of the courses there."""
        handed = np.zeros((self.degree, self._elements.size))
        handed[:, self.places] = derivatives[: self.degree, self.follows]
        self.slopes.set(self.bundle, values[self._elements], handed, t)

    def finished(self) -> None:
        """A part of the step is made; raises what went wrong with the inputs during it."""
        self.slopes.finished()


def _connectors_at(block: Block, where: NDArray[np.intp]) -> Iterator[Connector]:
    start = 0
    for connector in block.bundle.connectors:
        if np.any((where >= start) & (where < start + connector.size)):
            yield connector
        start += connector.size


def _passing(instance: Instance, block: Block, outputs: Collection[str]) -> NDArray[np.bool_]:
    """Which elements of the inputs pass directly to the outputs; all do where the dependencies are unknown."""
    depends = [inputs for output, inputs in instance.feedthrough.items() if output in outputs]
    unknown = any(inputs is None for inputs in depends)
    names: Collection[str] = {name for inputs in depends for name in inputs or ()}
    connectors = block.bundle.connectors
    return np.repeat([unknown or c.name in names for c in connectors], [c.size for c in connectors])


def inflows_of(
    fed: Sequence[Fed], origins: Mapping[Fed, Origin], instances: Mapping[str, Instance], order: int
) -> tuple[list[Inflow], NDArray[np.intp]]:
    """Group elements by their origin; and all elements that have a course, in ascending order."""
    where = np.array(sorted({each.element for each in fed}), np.intp)
    rank = {element: index for index, element in enumerate(where.tolist())}
    groups: dict[Origin, list[Fed]] = defaultdict(list)
    for each in fed:
        groups[origins[each]].append(each)
    inflows = [
        Inflow(origin, mine, np.array([rank[each.element] for each in mine], np.intp), instances, order)
        for origin, mine in groups.items()
    ]
    return inflows, where
