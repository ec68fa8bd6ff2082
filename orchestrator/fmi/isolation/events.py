"""IsolatedEvents: Event Mode of a component in a process of its own."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from orchestrator.fmi.isolation import mailbox as box
from orchestrator.fmi.isolation.mailbox import Mailbox
from orchestrator.instance import DiscreteUpdate, EventMode

Tell = Callable[..., tuple[dict[str, Any], bytes]]


def describe_events(events: EventMode | None) -> dict[str, Any] | None:
    """What does not change about the events of an instance, as fields."""
    if events is None:
        return None
    clocked = {name: sorted(clocks) for name, clocks in events.clocked.items()}
    return {"clocks": sorted(events.clocks), "timed": sorted(events.timed), "clocked": clocked}


class IsolatedEvents:
    """See `EventMode`. The time of the next event stands in the mailbox after every call.

    `inside` tells whether the component is in Event Mode. ValueError where the fields are none of its connectors.
    """

    def __init__(self, fields: Mapping[str, Any], names: Collection[str], mailbox: Mailbox, tell: Tell) -> None:
        self.clocks: Final = frozenset(_known(fields["clocks"], names))
        self.timed: Final = frozenset(_known(fields["timed"], self.clocks))
        self.clocked: Final = {
            name: frozenset(_known(clocks, self.clocks)) for name, clocks in dict(fields["clocked"]).items()
        }
        _known(list(self.clocked), names)
        self.inside = False
        self._mailbox, self._tell = mailbox, tell

    @property
    def next_time(self) -> float | None:
        """Time (s) of the next event that is known already."""
        time = self._mailbox.numbers[box.NEXT_TIME]
        return None if time != time else time

    @property
    def wanted(self) -> bool:
        """Whether something waits for the next Event Mode."""
        return bool(self._mailbox.words[box.WANTED])

    def enter(self, t: float) -> None:
        """Enter Event Mode at t (s)."""
        self._tell("EnterEventMode", do="enter_event", t=t)
        self.inside = True

    def activate(self, clocks: Collection[str]) -> None:
        """Activate triggered input clocks."""
        self._tell("SetClock", do="activate", clocks=sorted(clocks))

    def active(self) -> frozenset[str]:
        """Clocks that are active now."""
        reply, _ = self._tell("GetClock", do="active")
        return frozenset(reply["clocks"]) & self.clocks

    def update(self) -> DiscreteUpdate:
        """Compute the discrete states anew."""
        reply, _ = self._tell("UpdateDiscreteStates", do="update")
        return DiscreteUpdate(*map(bool, reply["update"][:4]))

    def leave(self) -> None:
        """Leave Event Mode for Step Mode."""
        self._tell("EnterStepMode", do="leave_event")
        self.inside = False


def _known(found: Sequence[str], names: Collection[str]) -> Sequence[str]:
    if not isinstance(found, list) or not set(names).issuperset(found):
        raise ValueError("a name that is no connector")
    return found
