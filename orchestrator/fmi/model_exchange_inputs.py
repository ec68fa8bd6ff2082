"""Courses: inputs of a Model Exchange FMU that change in continuous time, u(t0 + s) = u(t0) + d1 s + d2 s^2 / 2.

Continuous inputs may be set in Continuous-Time Mode (FMI 2.0.4 section 3.2.3, FMI 3.0.2 section 3.2.1; FMI 1.0 lets
them be set between any two evaluations): the polynomial is evaluated wherever the solver asks for the right-hand side.
"""

from collections.abc import Collection
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.fmi.fmu import Fmu, named
from orchestrator.fmi.function_table import CFunction
from orchestrator.fmi.transfer import PlainWrite
from orchestrator.instance import Bundle, Values
from orchestrator.native import NativeSlopes
from orchestrator.system.connector import Storage

ROUNDING: Final = 16 * float(np.finfo(np.float64).eps)


class _Split(NamedTuple):
    """Elements of a bundle that have a course, their places in the vector of all such, and what is left over."""

    mine: NDArray[np.intp]
    places: NDArray[np.intp]
    others: NDArray[np.intp]
    rest: Bundle | None


class Courses:
    """`InputSlopes` of a Model Exchange FMU: its continuous inputs.

    Call order: 1 `read` after the initialization, and where the FMU has gone back to another state; 2 `take` and `set`
    what holds for the next step, 3 `write` where that `jumps`, in Event Mode, 4 `begin`, 5 `place` as often as wanted,
    6 `end`. Derivatives hold for one step.
    """

    def __init__(self, fmu: Fmu) -> None:
        connectors = fmu.model.continuous_inputs
        self.names: Final[Collection[str]] = frozenset(connector.name for connector in connectors)
        self._fmu = fmu
        self._bundle = Bundle.of(connectors)
        self._transfer, self._reading = fmu.writable(self._bundle), fmu.transfer(self._bundle)
        ends = np.cumsum([0, *(connector.size for connector in connectors)]).tolist()
        self._starts = dict(zip([connector.name for connector in connectors], ends, strict=False))
        self._splits: dict[Bundle, _Split] = {}
        self._now, self._wanted, self._base = np.zeros((3, self._bundle.size))
        self._derivatives, self._given = np.zeros((2, 2, self._bundle.size))
        self._start = np.zeros(1)
        self.native: NativeSlopes | None = None
        """How a compiled loop gives derivatives."""
        self.called: Final = f"Set for {named(self._bundle)}"
        """The call that `place` makes, for messages."""
        self.read_by: Final = f"Get for {named(self._bundle)}"
        """The call that `read` makes."""

    @property
    def jumps(self) -> bool:
        """Whether the values wanted differ from those that the courses have reached, by more than rounding."""
        scale = np.maximum(np.maximum(np.abs(self._wanted), np.abs(self._now)), np.abs(self._base))
        return bool(np.any(np.abs(self._wanted - self._now) > ROUNDING * scale))

    @property
    def vectors(self) -> tuple[NDArray[np.float64], ...]:
        """Values now and at the start, slopes, curvatures, and the start (s); then what holds for the next step."""
        return self._now, self._base, *self._derivatives, self._start, self._wanted, *self._given

    @property
    def references(self) -> NDArray[np.uint32] | None:
        """The references of the inputs, where each of them is one number."""
        found = self._bundle.references
        return found if found.size == self._bundle.size else None

    def places(self, bundle: Bundle) -> NDArray[np.intp] | None:
        """Where the values of a bundle go, empty where it has no course; None where that is true of a part of it."""
        split = self._split(bundle)
        return None if split.mine.size and split.others.size else split.places

    @property
    def getter(self) -> CFunction:
        """The function that reads what `plain_call` sets."""
        return self._fmu.functions.access[self._fmu.model.types[self._bundle.connectors[0].name]].get

    @property
    def plain_call(self) -> PlainWrite | None:
        """The call that sets the inputs, where it is a single one that takes them as they are."""
        return self._transfer.plain

    def read(self) -> None:
        """Take the values that the FMU has; they rest."""
        status = self._reading.read(self._now)
        self._fmu.check(status, self.read_by)
        for vector in (self._wanted, self._base):
            vector[:] = self._now
        self._derivatives[:] = self._given[:] = 0.0

    def rest(self, bundle: Bundle, values: Values) -> tuple[Bundle, Values] | None:
        """The part of a bundle that has no course; None where there is none."""
        split = self._split(bundle)
        return (split.rest, values[split.others]) if split.rest is not None else None

    def take(self, bundle: Bundle, values: Values) -> None:
        """Note the values that the inputs are to have from the next step on."""
        split = self._split(bundle)
        if split.mine.size:
            self._wanted[split.places] = values[split.mine]

    def set(self, bundle: Bundle, values: Values, derivatives: Values, t: float) -> None:  # noqa: ARG002
        """In the step from t (s) on, these inputs are values + d[0] (time - t) + d[1] (time - t)^2 / 2."""
        self.take(bundle, values)
        split = self._split(bundle)
        self._given[:, split.places] = 0.0
        self._given[: len(derivatives), split.places] = derivatives[:, split.mine]

    def finished(self) -> None:
        """Nothing is left to be said after a step."""

    def write(self) -> None:
        """Give the FMU the values wanted at once."""
        status = self._transfer.write(self._wanted)
        self._fmu.check(status, self.called)
        self._now[:] = self._wanted
        self._note()

    def begin(self, t: float) -> bool:
        """Start new courses at t (s); whether they go on otherwise than the last ones, by more than rounding."""
        slopes, curvatures = self._derivatives
        reached = np.stack([slopes + curvatures * (t - self._start[0]), curvatures])
        scale = np.maximum(np.abs(reached), np.abs(self._given))
        turned = bool(np.any(np.abs(self._given - reached) > ROUNDING * scale))
        self._base[:], self._derivatives[:], self._start[0] = self._wanted, self._given, t
        self._given[:] = 0.0
        self._note()
        return turned

    def place(self, t: float) -> int:
        """Put the inputs to a time (s); an FMI status."""
        self._evaluate(t - self._start[0])
        return self._transfer.write(self._now)

    def end(self, t: float) -> None:
        """The step ends at t (s): inputs that are given no other values rest at those that they have."""
        self._evaluate(t - self._start[0])
        self._wanted[:] = self._now

    def _evaluate(self, after: float) -> None:
        """In place: nothing is allocated in what solvers call."""
        now, (slopes, curvatures) = self._now, self._derivatives
        np.multiply(curvatures, 0.5 * after, out=now)
        now += slopes
        now *= after
        now += self._base

    def _note(self) -> None:
        # A restart gives everything again in the order in which it was given last.
        self._fmu.written.pop(self._bundle, None)
        self._fmu.written[self._bundle] = self._transfer

    def _split(self, bundle: Bundle) -> _Split:
        found = self._splits.get(bundle)
        if found is None:
            found = self._splits[bundle] = self._divided(bundle)
        return found

    def _divided(self, bundle: Bundle) -> _Split:
        chosen = [bundle.storage is Storage.FLOAT64 and c.name in self._starts for c in bundle.connectors]
        mask = np.repeat(chosen, [c.size for c in bundle.connectors])
        places = [
            np.arange(self._starts[c.name], self._starts[c.name] + c.size)
            for c, mine in zip(bundle.connectors, chosen, strict=True)
            if mine
        ]
        left = [c for c, mine in zip(bundle.connectors, chosen, strict=True) if not mine]
        return _Split(
            np.flatnonzero(mask),
            np.concatenate(places) if places else np.arange(0),
            np.flatnonzero(~mask),
            (Bundle.of(left) if any(chosen) else bundle) if left else None,
        )
