"""Response: how what one component of a loop gives at the end of a step follows what it is given over the step."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.instance import Bundle, Instance, directional_derivatives
from orchestrator.master.loops.method import Matrix, Vector
from orchestrator.master.memory import Remembered
from orchestrator.system.connector import Causality, Connector

_NOISE = 1e-6
"""Part of their sizes that inputs have to change by for the change of the outputs to tell more than solvers' errors."""

_CLEAR = 1e-4
"""Part of their sizes by which outputs are elsewhere than was expected that no solver's error explains."""

_FINE = 1e-9
"""Changes of inputs from this part of their sizes on refine what is known, if not by more than this part of it:"""

_REFINES = 0.5

_EXACT = 1e-12
"""Part of their sizes by which outputs are elsewhere than was expected that may be rounding."""

_DEPENDENT = 1e-3
"""Part of a change that must be new for what earlier ones taught to be kept beside it."""


class Values(NamedTuple):
    """The linked inputs and outputs of a component, and the places of their elements in the floats of the signals."""

    inputs: Sequence[Connector]
    outputs: Sequence[Connector]
    given: NDArray[np.intp]
    gives: NDArray[np.intp]


class Response:
    """dy/du = D + H R (outputs, inputs) over a step of h (s).

    D are the directional derivatives, which hold at one time, and nothing where the component tells none. R is what the
    length of the step adds; H is h where D is told or there is no direct feedthrough, else 1. R is learnt from the
    differences between sweeps by Broyden's update, projected so that what earlier ones of the same macro step have
    taught is kept. A component that tells derivatives and has no states has no R.

    Learning of each component by itself: Vierendeels, Lanoye, Degroote, Verdonck: Comput. Struct. 85 (2007) 970; the
    update: Gay, Schnabel: "Solving systems of nonlinear equations by Broyden's method with projected updates" (1978).
    Call order in each macro step: 1 `begin`, 2 after each sweep `take`, then `matrix` where it is wanted.
    """

    def __init__(self, instance: Instance, values: Values, floats: Vector) -> None:
        self._values, self._floats = values, floats
        dependencies = [instance.feedthrough.get(connector.name) for connector in values.outputs]
        through = [each != () for each in dependencies]
        passes = [_is_among(connector.name, dependencies) for connector in values.inputs]
        self._passes = np.repeat(np.array(passes, np.bool_), [each.size for each in values.inputs])
        plain = all(connector.causality is Causality.INPUT for connector in values.inputs)
        self._derivatives = directional_derivatives(instance) if self._passes.any() and plain else None
        told = self._derivatives is not None
        self._learns = bool(values.inputs) and not (told and not any(each.is_state for each in instance.connectors))
        grows = [told or not direct for direct in through]
        self._grows = np.repeat(np.array(grows, np.bool_), [each.size for each in values.outputs])[:, np.newaxis]
        self._scale: Matrix = np.ones((values.gives.size, 1))
        self._direct: Matrix | None = None
        self._before: _Point | None = None
        self._kept: list[Vector] = []
        self.forget()

    def forget(self) -> None:
        """Nothing is known of what the length of a step adds."""
        self._rest: Matrix = np.zeros((self._values.gives.size, self._values.given.size))
        self._sizes: Vector = np.zeros(self._values.given.size)
        self._found: Vector = np.zeros(self._values.gives.size)
        self._learnt = False

    @property
    def known(self) -> bool:
        """Whether it is told, or something of it has been seen."""
        return self._learnt or not self._learns

    def begin(self, h: float) -> None:
        """A macro step of h (s) begins."""
        self._scale = np.where(self._grows, h, 1.0)
        self._before, self._kept, self._direct = None, [], None

    def take(self) -> None:
        """A sweep is done: the signals hold what the component was given, and what it gave."""
        self._direct = None
        if not self._learns:
            return
        now = _Point(self._floats[self._values.given], self._floats[self._values.gives], self._at_end())
        self._sizes, self._found = np.maximum(self._sizes, np.abs(now.u)), np.maximum(self._found, np.abs(now.y))
        if self._before is None:
            self._before = now
            return
        self._learnt = True
        if self._learn(self._before, now):
            self._before = now

    def matrix(self) -> Matrix:
        """dy/du as known by now."""
        return self._at_end() + self._scale * self._rest

    def remembered(self) -> Remembered:
        """What was learnt."""
        sizes = {"sizes": self._sizes.copy(), "found": self._found.copy()}
        return {"rest": self._rest.copy(), "learnt": self._learnt, **sizes}

    def remember(self, memory: Remembered) -> None:
        """Go back to what was known then."""
        self._rest, self._learnt = memory["rest"].copy(), memory["learnt"]
        self._sizes, self._found = memory["sizes"].copy(), memory["found"].copy()

    def _learn(self, before: "_Point", now: "_Point") -> bool:
        """Whether the difference is large enough to tell something."""
        units = np.where(self._sizes > 0.0, self._sizes, 1.0)
        change = now.u - before.u
        along = change / units
        length = float(np.linalg.norm(along))
        explained = ((before.direct + now.direct) / 2.0 + self._scale * self._rest) @ change
        missing = now.y - before.y - explained
        if not (length > _NOISE or (length > 0.0 and self._tells(length, explained, missing))):
            return False
        new = _orthogonal(along, [each / units for each in self._kept])
        # of a change that is itself as small as the noise, half has to be new
        if not np.linalg.norm(new) > max(min(_NOISE, length / 2.0), _DEPENDENT * length):
            new, self._kept = along, []
        self._kept.append(change)
        self._rest = self._rest + np.outer(missing / self._scale[:, 0], new / units) / float(new @ along)
        return True

    def _tells(self, length: float, explained: Vector, missing: Vector) -> bool:
        """Whether a change as small as solvers' errors tells something: a jump, or a little more of what is known."""
        if np.any(np.abs(missing) > _CLEAR * self._found):
            return True
        units = np.where(self._found > 0.0, self._found, 1.0)
        sizes = [float(np.linalg.norm(each / units)) for each in (missing, explained)]
        return length > _FINE and _EXACT < sizes[0] <= _REFINES * sizes[1]

    def _at_end(self) -> Matrix:
        """D at the end of the last step."""
        if self._direct is None:
            values = self._values
            self._direct = np.zeros((values.gives.size, values.given.size))
            if self._derivatives is not None:
                unknowns, knowns = Bundle.of(values.outputs), Bundle.of(values.inputs)
                seeds = np.eye(values.given.size)
                for column in np.flatnonzero(self._passes):
                    result = np.zeros(values.gives.size)
                    self._derivatives.multiply(unknowns, knowns, seeds[column], result)
                    # one that is not finite, as of a root at 0, tells nothing
                    self._direct[:, column] = np.where(np.isfinite(result), result, 0.0)
        return self._direct


def _is_among(name: str, dependencies: Iterable[Sequence[str] | None]) -> bool:
    """Whether an output depends directly on this input, or is not known not to."""
    return any(each is None or name in each for each in dependencies)


class _Point(NamedTuple):
    """What a component was given and gave in one sweep, and its directional derivatives there."""

    u: Vector
    y: Vector
    direct: Matrix


def _orthogonal(vector: Vector, others: Sequence[Vector]) -> Vector:
    """What of a vector is orthogonal to all others."""
    if not others:
        return vector
    basis = np.linalg.qr(np.array(others).T).Q
    return np.asarray(vector - basis @ (basis.T @ vector))
