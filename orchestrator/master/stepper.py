"""Stepper: from one communication point towards the next, by one or several steps of an algorithm."""

from typing import NamedTuple, Protocol

from orchestrator.master.algorithm import MacroStep


class Advance(NamedTuple):
    """Outcome of a macro step and the time (s) that all components reached."""

    outcome: MacroStep
    end: float


class Stepper(Protocol):
    """Called for one macro step after the other. Steppers are put around each other; the innermost one is `EarlyEnd`.

    `leaves_grid` tells whether a step may end before t + h.
    """

    @property
    def leaves_grid(self) -> bool:
        """Whether a step may end before the time asked for."""
        ...

    def step(self, t: float, h: float) -> Advance:
        """Advance all components from t by h (s), or to an earlier time.

        Before, the signals hold the values valid at t; after a completed step, those valid at the end. After an
        incomplete step or an error the signals are of no use: who calls keeps them from before.
        """
        ...
