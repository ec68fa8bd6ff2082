"""Step control by bonds (ECCO): steps as long as what is lost between components allows, without taking any back."""

from typing import NamedTuple

from orchestrator.errors import DescriptionError
from orchestrator.master.bonds import Bonds
from orchestrator.master.diagnostics import MASTER, Diagnostics
from orchestrator.master.memory import Remembered
from orchestrator.master.step_control.pi import PiController
from orchestrator.master.step_control.refusals import part_of
from orchestrator.master.stepper import Advance, Stepper


class Allowed(NamedTuple):
    """A part `tolerance` of what flows in `step_size` (s) may be lost in one step."""

    tolerance: float
    step_size: float


class BondControl:
    """What was lost over the last step, relative to what flows in `step_size` (s), gives the length of the next.

    A residual times the length of the step goes like h^(p + 2) for inputs that go on with order p. No step is taken
    back, so that one may lose more than the tolerance: the next one is shorter then. S. Sadjina et al., Eng. with
    Computers 33:607-620 (2017).
    """

    def __init__(
        self, inner: Stepper, bonds: Bonds, controller: PiController, allowed: Allowed, diagnostics: Diagnostics
    ) -> None:
        if not bonds.ledgers:
            raise DescriptionError(
                "step_control: bonds needs the residuals of bonds, and there is none. Declare 'bonds', or choose "
                "step_control: {method: error}"
            )
        slow = [ledger.name for ledger in bonds.ledgers if ledger.is_slow]
        if slow:
            raise DescriptionError(
                f"bonds.{slow[0]}: a component at one of its ends steps less often than the system, so that no shorter "
                "step of the others makes its residual smaller. Choose step_control: {method: error}, or leave it out"
            )
        self._inner, self._bonds, self._controller = inner, bonds, controller
        self._lost = allowed.tolerance * allowed.step_size
        self._diagnostics = diagnostics
        self.leaves_grid = True

    def step(self, t: float, h: float) -> Advance:
        """Advance all components from t towards t + h by one step."""
        advance = self._inner.step(t, part_of(h, self._controller.length))
        if advance.outcome.completed and advance.end > t:
            length = advance.end - t
            self._controller.accepted(length, self._bonds.error * length / self._lost)
            self._diagnostics.say(MASTER, "step_size", length)
        return advance

    def remembered(self) -> Remembered:
        """The length proposed for the next step."""
        return self._controller.remembered()

    def remember(self, memory: Remembered) -> None:
        """Go on as before."""
        self._controller.remember(memory)
