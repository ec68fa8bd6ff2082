"""Jacobi: all components step with the values of the last communication point."""

from orchestrator.master.algorithm import MacroStep
from orchestrator.master.coupling import Coupling
from orchestrator.master.participant import advance_each
from orchestrator.signals import gather


class Jacobi:
    """u_i[k] = y[k] for all i, then every component steps; the result does not depend on the order.

    Every connection delays by one macro step, and the coupling error is of order 1 in the step size: inputs held over a
    step make the whole an explicit one-step method (Moshagen 2017, arXiv:1704.06931).
    """

    name = "jacobi"

    def __init__(self, coupling: Coupling) -> None:
        self._coupling = coupling

    def step(self, t: float, h: float) -> MacroStep:
        """Gather all inputs at once, then step each component."""
        gather(self._coupling.plan)
        return advance_each(self._coupling.participants, t, h, newest=False)
