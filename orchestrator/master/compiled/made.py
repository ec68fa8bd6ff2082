"""Made: what came of macro steps in the compiled loop, and who makes them in a way of its own."""

from typing import Any, NamedTuple, Protocol

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
