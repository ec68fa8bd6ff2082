"""NamedSlot: a bundle that the run has named to the process of a component, seen from the run."""

from collections.abc import Sequence
from typing import NamedTuple

from orchestrator.fmi.isolation.mailbox import Layout
from orchestrator.instance import Bundle, Values
from orchestrator.system.connector import Causality


class Lent(NamedTuple):
    """Slots by number: those that wait to be set, and those that were read after the last step."""

    waits: Sequence[int]
    read: Sequence[int]


class NamedSlot:
    """A bundle that the process knows by its number, and where its values, or its slopes, lie in the mailbox.

    Those of the second order lie in an array of their own, `curvatures`.
    """

    def __init__(
        self, number: int, bundle: Bundle, layout: Layout, array: Values | None, curvatures: Values | None = None
    ) -> None:
        self.number = number
        self.array, self.curvatures = array, curvatures
        self.selection = layout.selection(bundle) if self.array is not None else slice(0)
        self.only_inputs = all(connector.causality is Causality.INPUT for connector in bundle.connectors)
        names = [connector.name for connector in bundle.connectors]
        self.named = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
