"""Links: the single values that flow between the components of a system."""

from typing import NamedTuple

from orchestrator.system.connections.substitution import Substitution
from orchestrator.system.quantities.units import IDENTITY, Conversion


class Slot(NamedTuple):
    """One element of a connector of a component; elements count from 0, row by row."""

    component: str
    connector: str
    element: int


class Link(NamedTuple):
    """One value that flows: destination = conversion(mapping(source)), at every communication point.

    `mapping` is None where no value takes the place of another. `through` names the connectors of nested systems on
    the way. With `delay` the destination always gets the value of the last communication point.
    """

    source: Slot
    destination: Slot
    conversion: Conversion = IDENTITY
    mapping: Substitution | None = None
    through: tuple[str, ...] = ()
    delay: bool = False
