"""Iterative: Gauss-Seidel, with the loops between components solved in every macro step."""

from collections.abc import Mapping, Sequence

from orchestrator.master.algorithm import MacroStep, Steppable
from orchestrator.master.coupling import Coupling
from orchestrator.master.loops.loop import Loop
from orchestrator.master.memory import Memory
from orchestrator.master.participant import advance_each
from orchestrator.signals import gather
from orchestrator.system.solving import LoopSolver


class Iterative:
    """u = y[k+1] for all connections: components outside of loops step once, those of a loop until its values agree.

    The inputs of a step are held at their values of its end: for a loop that is an implicit method of order 1 in the
    step size. Kübler, Schiehlen: "Two methods of simulator coupling", Math. Comput. Model. Dyn. Syst. 6 (2000) 93.
    """

    name = "iterative"

    def __init__(self, coupling: Coupling, settings: LoopSolver, loops: Sequence[Sequence[str]]) -> None:
        """`loops` are groups of components in the order in which they step, each behind each other in the coupling."""
        self._delayed = coupling.delayed
        self._loops = {names[0]: Loop(names, coupling, settings) for names in loops}
        inside = {name for names in loops for name in names[1:]}
        self._chain: list[Steppable] = [
            self._loops.get(participant.name, participant)
            for participant in coupling.participants
            if participant.name not in inside
        ]

    @property
    def loops(self) -> tuple[Loop, ...]:
        """The loops that are solved."""
        return tuple(self._loops.values())

    @property
    def memories(self) -> Mapping[str, Memory]:
        """What the loops learnt from macro step to macro step, by names that no component has."""
        return {f"loop {loop.name}": loop for loop in self._loops.values()}

    def step(self, t: float, h: float) -> MacroStep:
        """Step the components and solve the loops, one after the other."""
        gather(self._delayed)
        return advance_each(self._chain, t, h, newest=True)
