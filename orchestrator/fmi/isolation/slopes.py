"""Slopes: inputs that change during a step, and derivatives of outputs, of a component in a process of its own."""

from collections.abc import Callable, Collection
from typing import Any, Final

from orchestrator.instance import Bundle, Instance, Values, input_slopes, output_slopes
from orchestrator.native import NativeSlopes

Hand = Callable[[Bundle, Values, Values, float], None]
Take = Callable[[Bundle, Values], None]
Addressed = Callable[[Bundle], NativeSlopes | None]


def describe_slopes(instance: Instance) -> dict[str, Any]:
    """Which inputs take slopes and which outputs know theirs, as fields; None where none does."""
    found = {"input_slopes": input_slopes(instance), "output_slopes": output_slopes(instance)}
    return {which: None if slopes is None else sorted(slopes.names) for which, slopes in found.items()}


class IsolatedInputSlopes:
    """See `InputSlopes`. They wait in the mailbox like inputs; what the FMU says to them is raised by `do_step`."""

    def __init__(self, names: Collection[str], hand: Hand, native_of: Addressed) -> None:
        self.names: Final = names
        self._hand = hand
        self.native_of: Final = native_of
        """How a compiled loop gives those of a bundle."""

    def set(self, bundle: Bundle, values: Values, derivatives: Values, t: float) -> None:
        """Give the inputs at t (s) and their derivatives."""
        self._hand(bundle, values, derivatives, t)

    def finished(self) -> None:
        """Nothing is left to be raised: the step has done it."""


class IsolatedOutputSlopes:
    """See `OutputSlopes`. What was read after one step comes with the next one."""

    def __init__(self, names: Collection[str], take: Take, native_of: Addressed) -> None:
        self.names: Final = names
        self._take = take
        self.native_of: Final = native_of
        """How a compiled loop reads those of a bundle."""

    def get(self, bundle: Bundle, slopes: Values) -> None:
        """Read the derivatives (1/s)."""
        self._take(bundle, slopes)
