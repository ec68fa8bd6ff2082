"""Conditions: until when a simulation is to be stepped, as a function of it or as a text over its variables."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from orchestrator.errors import DescriptionError
from orchestrator.system.formula import Kind, compiled

RunT = TypeVar("RunT", bound="Readable")

Condition = Callable[[RunT], bool] | str


class Readable(Protocol):
    """A simulation whose variables can be read."""

    @property
    def time(self) -> float:
        """The last communication point (s)."""
        ...

    def read(self, name: str) -> Any:
        """Value of a variable there."""
        ...


def holding(condition: Condition[RunT], run: RunT) -> Callable[[], bool]:
    """Tells whether a condition holds now; DescriptionError or VariableError where a text is none over this run."""
    if callable(condition):
        return lambda: bool(condition(run))
    if not isinstance(condition, str):
        raise DescriptionError(
            f"{condition!r} is no condition: write a comparison such as 'tank.h > 2', or a function of the simulation; "
            "run(until=...) goes to a time"
        )
    kinds = {name: _kind(name, _value(run, name)) for name in compiled(condition).names}
    formula = compiled(condition, kinds)
    if formula.kind is not Kind.TRUTH:
        raise DescriptionError(f"'{condition}' is {formula.kind}, not true or false; write a comparison")
    return lambda: bool(formula([_value(run, name) for name in formula.names]))


def _value(run: Readable, name: str) -> Any:
    return run.time if name == "t" else run.read(name)


def _kind(name: str, value: Any) -> Kind:
    if isinstance(value, bool):
        return Kind.TRUTH
    if isinstance(value, str):
        return Kind.TEXT
    if isinstance(value, int | float):
        return Kind.NUMBER
    raise DescriptionError(f"'{name}' in a condition is no number, truth value or text; name one of its elements")
