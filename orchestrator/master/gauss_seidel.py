"""Gauss-Seidel: each component steps with the newest values there are."""

from orchestrator.master.algorithm import MacroStep
from orchestrator.master.coupling import Coupling
from orchestrator.master.participant import advance_each
from orchestrator.signals import gather


class GaussSeidel:
    """u_i = y_j[k+1] from components j that stepped before i in this macro step, y_j[k] from the others.

    Connections along the order of the schedule carry no delay, the others one macro step. The coupling error is of
    order 1 in the step size as with Jacobi; along the order its constant is smaller. Both schemes: Gomes et al. 2018,
    "Co-simulation of continuous systems: a tutorial", arXiv:1809.08463.
    """

    name = "gauss_seidel"

    def __init__(self, coupling: Coupling) -> None:
        self._participants, self._delayed = coupling.participants, coupling.delayed

    def step(self, t: float, h: float) -> MacroStep:
        """Gather the inputs of one component and step it, before the next one gathers."""
        gather(self._delayed)
        return advance_each(self._participants, t, h, newest=True)
