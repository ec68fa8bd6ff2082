"""Made: what came of macro steps in the compiled loop, and who makes them in a way of its own."""

from time import perf_counter
from typing import Any, NamedTuple, Protocol

from orchestrator.interruption import opened
from orchestrator.master.algorithm import MacroStep


class Steps(Protocol):
    """Makes macro steps of a compiled program up to the one numbered `until`, or fewer; why it came back."""

    def __call__(self, advance: Any, crew: int, program: int, until: int) -> int:
        """`advance` is the compiled function that makes them at once, `crew` what it is called with.

        That is the `program` itself, or several threads that make it.
        """
        ...


class Made(NamedTuple):
    """The communication point that the loop has come to, and the outcome of the last macro step.

    `rows` are filled in the table; `recorded` tells whether the last of them is that point. An event happens there
    where it is `due`.
    """

    point: int
    outcome: MacroStep
    rows: int
    recorded: bool
    due: bool = False


def over(end: float) -> bool:
    """Whether it is time (s) to come back, or somebody asked for it by Ctrl-C or SIGTERM."""
    interruption = opened()
    return perf_counter() >= end or (interruption is not None and interruption.requested)
