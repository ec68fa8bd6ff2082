"""The variables of a component with Event Mode, by when they may be set and read."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from orchestrator.instance import Bundle, DiscreteUpdate, EventMode, Instance
from orchestrator.master.memory import Remembered
from orchestrator.signals import Block
from orchestrator.system.connector import Connector, Storage, Variability


class Selection:
    """Some connectors of one block of the signals, set or read in one call."""

    def __init__(self, block: Block, chosen: Sequence[Connector]) -> None:
        names = {connector.name for connector in chosen}
        wanted = [connector.name in names for connector in block.bundle.connectors]
        sizes = [connector.size for connector in block.bundle.connectors]
        self.bundle = Bundle.of(chosen)
        self.values = block.values
        self.where = np.flatnonzero(np.repeat(wanted, sizes))
        self.given = block.values[self.where]
        """What was set last; this array stays the same one."""
        self._is_given = False

    @property
    def changed(self) -> bool:
        """Whether the signals hold other values than were set last."""
        return not (self._is_given and np.array_equal(self.given, self.values[self.where]))

    def set(self, instance: Instance) -> None:
        """Give the values in the signals to the instance."""
        self.given[:], self._is_given = self.values[self.where], True
        instance.set(self.bundle, self.given)

    def remembered(self) -> Remembered:
        """What was set last."""
        return {"given": self.given.copy(), "is_given": self._is_given}

    def remember(self, memory: Remembered) -> None:
        """Go back to what had been set then."""
        self.given[:], self._is_given = memory["given"], memory["is_given"]

    def get(self, instance: Instance) -> bool:
        """Read into the signals; whether something changed."""
        old = self.values[self.where]
        new = np.empty_like(old)
        instance.get(self.bundle, new)
        self.values[self.where] = new
        return not np.array_equal(old, new)


class EventParticipant:
    """Sets and reads one component: in Step Mode its continuous inputs, in Event Mode everything that has a value.

    Clocked variables have one only while one of their clocks is active; outside of it they keep, in the signals, the
    value of the last tick. A clock is true in the signals at the event at which it ticked.
    """

    def __init__(
        self, instance: Instance, events: EventMode, inputs: Sequence[Block], outputs: Sequence[Block]
    ) -> None:
        self.name, self.instance, self.events = instance.name, instance, events
        self.stepping = False
        self.ticked: set[str] = set()
        self._active: set[str] = set()
        self.continuous = _selections(inputs, lambda c: self._plain(c) and _continuous(c))
        self.discrete = _selections(inputs, lambda c: self._plain(c) and not _continuous(c))
        self._clocked_inputs = _one_by_one(inputs, events.clocked)
        self._inputs = (*self.continuous, *self.discrete, *self._clocked_inputs.values())
        self.outputs = _selections(outputs, self._plain)
        self._clocked_outputs = _one_by_one(outputs, events.clocked)
        self.unread = {*self._clocked_inputs, *self._clocked_outputs}
        """Clocked variables whose clock has not ticked yet: what the signals hold of them is no value."""
        self._places = {
            connector.name: block.values[position : position + 1]
            for block in (*inputs, *outputs)
            if block.bundle.storage is Storage.BOOLEAN
            for connector, position in _positions(block)
            if connector.name in events.clocks
        }
        self._input_clocks = [
            connector.name
            for block in inputs
            for connector in block.bundle.connectors
            if connector.name in events.clocks and connector.name not in events.timed
        ]

    def remembered(self) -> Remembered:
        """What was set last, and which clocks ticked."""
        return {
            "stepping": self.stepping,
            "ticked": sorted(self.ticked),
            "active": sorted(self._active),
            "unread": sorted(self.unread),
            "inputs": [selection.remembered() for selection in self._inputs],
        }

    def remember(self, memory: Remembered) -> None:
        """Go back to an earlier communication point."""
        self.stepping = memory["stepping"]
        self.ticked, self._active = set(memory["ticked"]), set(memory["active"])
        self.unread = set(memory["unread"])
        for selection, remembered in zip(self._inputs, memory["inputs"], strict=True):
            selection.remember(remembered)

    def has_value(self, connector: str) -> bool:
        """Whether an output can be read whether or not a clock is active."""
        return connector not in self.events.clocks and connector not in self.events.clocked

    def set_inputs(self) -> None:
        """Set what may be set: the continuous inputs in Step Mode, all that are not clocked before."""
        for selection in self.continuous if self.stepping else (*self.continuous, *self.discrete):
            selection.set(self.instance)

    def read(self) -> bool:
        """Read all outputs and observed variables that are not clocked; whether something changed."""
        return max([selection.get(self.instance) for selection in self.outputs], default=False)

    @property
    def wants_event(self) -> bool:
        """Whether an input that may change at events only has a new value."""
        return self.events.wanted or any(selection.changed for selection in self.discrete)

    def clear_clocks(self) -> None:
        """The clocks that ticked at the last event do so no longer."""
        for name in self.ticked:
            if name in self._places:
                self._places[name][0] = False
        self.ticked.clear()

    def exchange(self) -> bool:
        """Set inputs and activate clocks as the signals say, read what follows; whether an output or clock changed."""
        for selection in (*self.continuous, *self.discrete):
            if selection.changed:
                selection.set(self.instance)
        before = frozenset(self._active)
        self._activate()
        self._set_clocked()
        self._note(self.events.active())
        moved = self.read()
        for name, selection in self._clocked_outputs.items():
            if self._has_tick(name):
                moved |= selection.get(self.instance)
                self.unread.discard(name)
        return moved or self._active != before

    def update(self) -> DiscreteUpdate:
        """Update the discrete states; no clock is active afterwards."""
        outcome = self.events.update()
        for name in self._active:
            if name in self._places:
                self._places[name][0] = False
        self._active.clear()
        return outcome

    def leave(self) -> None:
        """Go on in Step Mode; clocks that ticked show it in the signals."""
        self.events.leave()
        self.stepping = True
        for name in self.ticked:
            if name in self._places:
                self._places[name][0] = True

    def _activate(self) -> None:
        due = [name for name in self._input_clocks if self._places[name][0] and name not in self._active]
        if due:
            self.events.activate(due)
            self._note(due)

    def _set_clocked(self) -> None:
        for name, selection in self._clocked_inputs.items():
            if self._has_tick(name):
                selection.set(self.instance)
                self.unread.discard(name)

    def _note(self, clocks: Iterable[str]) -> None:
        for name in clocks:
            self._active.add(name)
            self.ticked.add(name)
            if name in self._places:
                self._places[name][0] = True

    def _has_tick(self, name: str) -> bool:
        return not self._active.isdisjoint(self.events.clocked[name])

    def _plain(self, connector: Connector) -> bool:
        return self.has_value(connector.name)


def _continuous(connector: Connector) -> bool:
    return connector.variability is Variability.CONTINUOUS


def _selections(blocks: Iterable[Block], chosen: Callable[[Connector], bool]) -> tuple[Selection, ...]:
    wanted = [(block, [c for c in block.bundle.connectors if chosen(c)]) for block in blocks]
    return tuple(Selection(block, connectors) for block, connectors in wanted if connectors)


def _one_by_one(blocks: Iterable[Block], names: Mapping[str, object]) -> dict[str, Selection]:
    return {
        connector.name: Selection(block, [connector])
        for block in blocks
        for connector in block.bundle.connectors
        if connector.name in names
    }


def _positions(block: Block) -> list[tuple[Connector, int]]:
    ends = np.cumsum([connector.size for connector in block.bundle.connectors])
    return [(c, int(end) - c.size) for c, end in zip(block.bundle.connectors, ends, strict=True)]
