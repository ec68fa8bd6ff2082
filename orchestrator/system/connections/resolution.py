"""Resolution: what the connections of a description mean, element by element, in the interfaces of its components.

The name of a connector stands for all of its elements, `S[3]` and `S[2:4]` for some of them. FMI 2.0 has no arrays:
there `S` also stands for the scalars `S[1]` to `S[n]`, so that one description serves both versions of an FMU.
"""

from orchestrator.system.connections.flattening import Flattened
from orchestrator.system.connections.links import Link, Slot
from orchestrator.system.description import SystemDescription
from orchestrator.system.interface import Interfaces


def resolve(description: SystemDescription, interfaces: Interfaces) -> tuple[Link, ...]:
    """Every connection as links between single elements of components, in the order of the description.

    All problems are reported in one DescriptionError: unknown names, kinds, types and sizes that do not connect, inputs
    with two sources. UnitError where units without a conversion are the only problem.
    """
    return Flattened(description, interfaces).links


__all__ = ["Link", "Slot", "resolve"]
