"""Slots: bundles that the run has named to the process of a component, set and read by way of the mailbox."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

import numpy as np

from orchestrator.fmi.isolation import mailbox as box
from orchestrator.fmi.isolation.mailbox import Layout, Mailbox
from orchestrator.instance import Bundle, Instance, Values, input_slopes, output_slopes
from orchestrator.system.connector import Storage


class Slot(Protocol):
    """Something that the run sets before a call of the component, or reads after it."""

    def set(self) -> None:
        """Hand what stands in the mailbox to the component."""
        ...

    def get(self) -> None:
        """Read from the component into the mailbox."""
        ...


class _Place:
    """Where the values of a bundle lie in an array; `values` is a view of them where they lie behind each other."""

    def __init__(self, bundle: Bundle, layout: Layout, array: Values) -> None:
        selection = layout.selection(bundle)
        self.values: Final = array[selection]
        self._target = None if isinstance(selection, slice) else (array, selection)

    def gather(self) -> Values:
        if self._target is not None:
            array, selection = self._target
            self.values[:] = array[selection]
        return self.values

    def scatter(self) -> None:
        if self._target is not None:
            array, selection = self._target
            array[selection] = self.values


class ValueSlot:
    """The values of a bundle; those of texts and bytes do not lie in the mailbox but come in messages."""

    def __init__(self, instance: Instance, bundle: Bundle, layout: Layout, arrays: Mapping[Any, Values]) -> None:
        self.bundle: Final = bundle
        self._instance = instance
        self._place = None if bundle.storage not in arrays else _Place(bundle, layout, arrays[bundle.storage])

    def set(self) -> None:
        """See `Slot`."""
        if self._place is not None:
            self._instance.set(self.bundle, self._place.gather())

    def get(self) -> None:
        """See `Slot`."""
        if self._place is not None:
            self._instance.get(self.bundle, self._place.values)
            self._place.scatter()


class SlopeSlot:
    """The derivatives of a bundle: of inputs, with their values and the time of the step, or of outputs."""

    def __init__(self, instance: Instance, bundle: Bundle, layout: Layout, mailbox: Mailbox) -> None:
        self._bundle, self._mailbox = bundle, mailbox
        self._inputs, self._outputs = input_slopes(instance), output_slopes(instance)
        self._values = _Place(bundle, layout, mailbox.arrays(layout, trusted=True)[Storage.FLOAT64])
        self._slopes, self._curvatures = (_Place(bundle, layout, mailbox.slopes(layout, order)) for order in (1, 2))

    def set(self) -> None:
        """See `Slot`."""
        if self._inputs is not None:
            t = self._mailbox.numbers[box.TIME]
            given = (self._slopes, self._curvatures)[: self._mailbox.words[box.DERIVATIVES]]
            derivatives = np.stack([each.gather() for each in given])
            self._inputs.set(self._bundle, self._values.gather(), derivatives, t)

    def get(self) -> None:
        """See `Slot`."""
        if self._outputs is not None:
            self._outputs.get(self._bundle, self._slopes.values)
            self._slopes.scatter()
