"""Diagnostics: what a master says about its own steps, as signals beside those of the components.

They are recorded like outputs: `master.step_size`, `bonds.shaft.residual`.
"""

from collections.abc import Iterator, Mapping

from orchestrator.errors import DescriptionError
from orchestrator.signals import Signals
from orchestrator.system.connector import Causality, Connector, Storage
from orchestrator.system.quantities.unit_text import parse_unit
from orchestrator.system.solving import Bond, Solving

MASTER = "master"
BONDS = "bonds"

Diagnosed = Mapping[str, tuple[Connector, ...]]
"""Names in the place of a component -> what is said under them."""


def diagnosed(solving: Solving, components: Mapping[str, object]) -> Diagnosed:
    """What a run of this kind says about itself; DescriptionError where a component has the name that it says it under.

    With step control `master.step_size` is the length (s) of the macro step that ended last. `master.global_error` is
    the largest estimated error of an output, in units of its scale. For each bond `residual` is what was lost per
    second over the last macro step, and `sum` what was lost since the start.
    """
    found: dict[str, tuple[Connector, ...]] = {}
    if solving.step_control.method != "constant" or solving.step_control.global_error:
        found[MASTER] = tuple(_of_steps(solving))
    if solving.bonds:
        found[BONDS] = tuple(one for name, bond in solving.bonds.items() for one in _of_bond(name, bond))
    taken = [name for name in found if name in components]
    if taken:
        raise DescriptionError(
            f"component '{taken[0]}': what the master says about its steps is recorded under this name. Rename it"
        )
    return found


class Diagnostics:
    """Writes what the master says into the signals; what this run does not say is left out."""

    def __init__(self, signals: Signals) -> None:
        self._signals = signals

    def say(self, group: str, name: str, value: float) -> None:
        """Say a value under `group`.`name`."""
        if self._signals.holds(group, name):
            self._signals.view(self._signals.place(group, name))[0] = value


def _of_steps(solving: Solving) -> Iterator[Connector]:
    if solving.step_control.method != "constant":
        yield _said("step_size", "s", "length of the macro step that ended here")
    if solving.step_control.global_error:
        yield _said("global_error", None, "largest estimated error of an output, in units of its scale")


def _of_bond(name: str, bond: Bond) -> Iterator[Connector]:
    yield _said(f"{name}.residual", bond.unit, f"{bond.kind} lost in the macro step that ended here")
    unit = None if bond.unit is None else f"({bond.unit})*s"
    yield _said(f"{name}.sum", unit, f"{bond.kind} lost since the start, times seconds")


def _said(name: str, unit: str | None, description: str) -> Connector:
    return Connector(
        name,
        Causality.OUTPUT,
        Storage.FLOAT64,
        0,
        unit=None if unit is None else parse_unit(unit),
        description=description,
    )
