"""Response: how what one component of a loop gives at the end of a step follows what it is given over the step."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.instance import Bundle, Instance, directional_derivatives
from orchestrator.master.compiled.tables import address
from orchestrator.master.loops import layout as at
from orchestrator.master.loops.hot_slopes import answered
from orchestrator.master.loops.workspace import Learnt, Matrix, Vector, Workspace
from orchestrator.master.memory import Remembered
from orchestrator.native import native_derivatives
from orchestrator.system.connector import Causality, Connector


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
    The mathematics are those of `hot_responses`; here is the memory that they work on.
    """

    def __init__(self, instance: Instance, values: Values, floats: Vector, learnt: Learnt | None = None) -> None:
        self._values = values
        dependencies = [instance.feedthrough.get(connector.name) for connector in values.outputs]
        passes = [_is_among(connector.name, dependencies) for connector in values.inputs]
        self._passes = np.flatnonzero(np.repeat(passes, [each.size for each in values.inputs]))
        plain = all(connector.causality is Causality.INPUT for connector in values.inputs)
        self._derivatives = directional_derivatives(instance) if self._passes.size and plain else None
        self.memory = Workspace(at.PART, learnt)
        self._fill(floats, [each != () for each in dependencies])
        told, states = self._derivatives is not None, any(each.is_state for each in instance.connectors)
        self.memory[at.LEARNS] = int(bool(values.inputs) and (states or not told))
        if told:
            self._fill_told()

    @property
    def address(self) -> int:
        """What compiled functions know it by."""
        return self.memory.address

    @property
    def by_address(self) -> bool:
        """Whether nothing of it is told by Python."""
        return self.memory[at.TELLS] != at.BY_PYTHON

    def tell(self) -> None:
        """Ask the component for D at the end of the last sweep, where that is asked of Python."""
        if not self.memory[at.ASKED] or self._derivatives is None:
            return
        unknowns, knowns = Bundle.of(self._values.outputs), Bundle.of(self._values.inputs)
        for column in self._passes:
            seed, result = np.zeros(self._values.given.size), np.zeros(self._values.gives.size)
            seed[column] = 1.0
            self._derivatives.multiply(unknowns, knowns, seed, result)
            # one that is not finite, as of a root at 0, tells nothing
            self._direct[:, column] = np.where(np.isfinite(result), result, 0.0)
        answered(self.address)

    def remembered(self) -> Remembered:
        """What was learnt: R, the largest inputs and outputs, and whether there is anything of it."""
        return {name: array.copy() for name, array in self._learnt.items()}

    def remember(self, memory: Remembered) -> None:
        """Go back to what was known then."""
        for name, array in self._learnt.items():
            array[:] = memory[name]
        self.memory[at.CHANGED] = 1

    def _fill(self, floats: Vector, through: Sequence[bool]) -> None:
        values, memory = self._values, self.memory
        inputs, outputs = values.given.size, values.gives.size
        memory[at.INPUTS], memory[at.OUTPUTS] = inputs, outputs
        memory.keep_words(at.GIVEN, (address(floats) + 8 * values.given).tolist())
        memory.keep_words(at.GIVES, (address(floats) + 8 * values.gives).tolist())
        grows = [self._derivatives is not None or not direct for direct in through]
        memory.keep_words(at.GROWS_WITH_STEP, np.repeat(grows, [each.size for each in values.outputs]).tolist())
        self._direct: Matrix = memory.vector(at.DIRECT, outputs * inputs).reshape(outputs, inputs)
        self._learnt = {
            "rest": memory.keep_learnt(at.REST, np.zeros(outputs * inputs)),
            "sizes": memory.keep_learnt(at.SIZES, np.zeros(inputs)),
            "found": memory.keep_learnt(at.FOUND, np.zeros(outputs)),
            "known": memory.keep_learnt(at.KNOWN, np.zeros(1)),
        }
        for place in (at.BEFORE_GIVEN, at.CHANGE, at.ALONG, at.NEW):
            memory.vector(place, inputs)
        for place in (at.FACTOR, at.BEFORE_GIVES, at.MISSING, at.EXPLAINED):
            memory.vector(place, outputs)
        memory.vector(at.BEFORE_DIRECT, outputs * inputs)
        for place in (at.CHANGES, at.CHANGES_BASIS):
            memory.vector(place, inputs * inputs)

    def _fill_told(self) -> None:
        """How D is told: by a call where the component gives its address."""
        memory = self.memory
        memory[at.TELLS] = at.BY_PYTHON
        memory.keep_words(at.PASSES, self._passes.tolist())
        memory[at.PASSES_COUNT] = self._passes.size
        found = native_derivatives(self._derivatives)
        if found is None:
            return
        seed = memory.vector(at.SEED, self._values.given.size)
        result = memory.vector(at.RESULT, self._values.gives.size)
        self._bundles = Bundle.of(self._values.outputs), Bundle.of(self._values.inputs)
        memory[at.TELLS], memory[at.FUNCTION] = at.BY_CALL, found.function
        for number, argument in enumerate(found.arguments(*self._bundles, seed, result)):
            memory[at.ARGUMENTS + at.WORD * number] = argument


def _is_among(name: str, dependencies: Iterable[Sequence[str] | None]) -> bool:
    """Whether an output depends directly on this input, or is not known not to."""
    return any(each is None or name in each for each in dependencies)
