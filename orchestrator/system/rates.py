"""Rates: the step sizes of components as multiples or integer parts of that of the system."""

from collections.abc import Mapping
from fractions import Fraction

from orchestrator.errors import DescriptionError
from orchestrator.system.description import Component

_ROUNDING = 1e-9
"""Relative error up to which a ratio of two step sizes, each written as a decimal number, is one of integers."""


def rate(step_size: float, of_system: float) -> Fraction:
    """A step size over that of the system: n, or 1/n; ValueError where it is neither."""
    ratio = step_size / of_system
    count = round(max(ratio, 1.0 / ratio))
    exact = Fraction(count) if ratio >= 1.0 else Fraction(1, count)
    if abs(ratio - exact) > _ROUNDING * exact:
        whole = (
            (count * of_system, (count + 1) * of_system)
            if ratio >= 1.0
            else (of_system / count, of_system / (count + 1))
        )
        raise ValueError(
            f"{step_size:g} s is neither a multiple nor an integer part of the step size of the system, "
            f"{of_system:g} s; choose {whole[0]:.16g} s or {whole[1]:.16g} s, or another step_size of the system"
        )
    return exact


def rates(components: Mapping[str, Component], of_system: float) -> dict[str, Fraction]:
    """The rates of the components that have a step size of their own; DescriptionError lists those that do not fit."""
    found: dict[str, Fraction] = {}
    problems: list[str] = []
    for name, component in components.items():
        if component.step_size is None:
            continue
        try:
            found[name] = rate(component.step_size, of_system)
        except ValueError as error:
            problems.append(f"components.{name}.step_size: {error}")
    if problems:
        raise DescriptionError("\n".join(problems))
    return found
