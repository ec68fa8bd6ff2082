"""Values beside the solver of a Model Exchange FMU: the names of its states, and the inputs that it was given."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from orchestrator.errors import ModelDescriptionError
from orchestrator.fmi.fmu import Fmu
from orchestrator.fmi.variables import ModelInfo
from orchestrator.instance import Bundle, Values


class StateVector:
    """The vector of continuous states: `size` elements, named by connectors in the order of the ModelStructure.

    FMI 1.0 gives them no names.
    """

    def __init__(self, model: ModelInfo) -> None:
        sizes = {connector.name: connector.size for connector in model.connectors}
        missing = [name for name in model.states if name not in sizes]
        if missing:
            raise ModelDescriptionError(
                f"{model.path}: the continuous state '{missing[0]}' is no variable of a known type"
            )
        self._offsets: dict[str, int] = {}
        self.size = model.unnamed_states
        for name in model.states:
            self._offsets[name] = self.size
            self.size += sizes[name]

    def divide(self, fmu: Fmu, values: Mapping[str, Values]) -> tuple[dict[int, float], dict[str, Values]]:
        """The values of continuous states by index in the vector, and the others by name."""
        states: dict[int, float] = {}
        others: dict[str, Values] = {}
        for name, numbers in values.items():
            elements = fmu.elements(name, np.size(numbers))
            if all(element.connector.name in self._offsets for element in elements):
                for element, number in zip(elements, np.ravel(numbers), strict=True):
                    states[self._offsets[element.connector.name] + element.position] = float(number)
            else:
                others[name] = numbers
        return states, others


class Memory:
    """The values that each bundle was given last, to tell a jump from an input that is held."""

    def __init__(self) -> None:
        self._last: dict[Bundle, Values] = {}
        self._told: dict[tuple[str, ...], Values] = {}  # by another process, of bundles that were not seen here yet
        self.gifts = 0
        """How often values were noted."""

    def holds(self, bundle: Bundle, values: Values) -> bool:
        """Whether the FMU has these values already."""
        last = self.last(bundle)
        return last is not None and bool(np.array_equal(last, values))

    def last(self, bundle: Bundle) -> Values | None:
        """The values that a bundle was given last, None where the FMU may have others."""
        last = self._last.get(bundle)
        if last is None and self._told:
            last = self._told.get(_names(bundle))
        return last

    def keep(self, bundle: Bundle, values: Values) -> None:
        """Note what a bundle was given; what other bundles gave to the same variables is void."""
        mine = set(bundle.connectors)
        for other in [known for known in self._last if known is not bundle and not mine.isdisjoint(known.connectors)]:
            del self._last[other]
        named = set(_names(bundle))
        self._told = {names: given for names, given in self._told.items() if named.isdisjoint(names)}
        self._last[bundle] = values.copy()
        self.gifts += 1

    def copy(self) -> "Memory":
        """As it is now."""
        memory = Memory()
        memory._last, memory._told = dict(self._last), dict(self._told)
        return memory

    def plain(self) -> list[list[Any]]:
        """Names of variables and their values, for another process."""
        known = self._told | {_names(bundle): values for bundle, values in self._last.items()}
        return [[list(names), values] for names, values in known.items()]

    @classmethod
    def of(cls, plain: Iterable[Sequence[Any]]) -> "Memory":
        """From names of variables and their values."""
        memory = cls()
        memory._told = {tuple(names): np.asarray(values) for names, values in plain}
        return memory


def _names(bundle: Bundle) -> tuple[str, ...]:
    return tuple(connector.name for connector in bundle.connectors)
