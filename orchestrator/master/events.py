"""Events: what happens between two steps, at one time, until no discrete variable of any component changes."""

import math
from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

from orchestrator.errors import CapabilityError, StepError
from orchestrator.master.coupling import Coupling
from orchestrator.master.events_participant import EventParticipant
from orchestrator.signals import gather

ITERATION_LIMIT: Final = 100
"""Updates of discrete states at one time, and exchanges of outputs before each of them."""

SNAP: Final = 1e-9
"""Part of a step by which a known event may miss a grid point and still happen there."""


class TimeEvent(NamedTuple):
    """The next event known beforehand: its time (s) and the component that it belongs to."""

    time: float
    component: str


class Events:
    """Event Mode of all components that have it; they enter and leave it together.

    At an event clocks and outputs go along the connections until they rest, then all update their discrete states; both
    again, until no update is needed and nothing changes (super-dense time: FMI 3.0.2 sections 2.2 and 4.2).
    Components without Event Mode take part by the outputs that they have at that time.
    """

    def __init__(self, coupling: Coupling) -> None:
        self._coupling = coupling
        self._members = tuple(p.events for p in coupling.participants if p.events is not None)
        self._fixed = [p.name for p in coupling.participants if p.is_bound]
        self._check_links()

    def __bool__(self) -> bool:
        return bool(self._members)

    def known(self, t: float) -> TimeEvent | None:
        """The first event after t (s) that is known already."""
        times = [(member.events.next_time, member.name) for member in self._members]
        later = [TimeEvent(time, name) for time, name in times if time is not None and time > t]
        return min(later) if later else None

    @property
    def first(self) -> float | None:
        """The time (s) of the first event that is known already, which may have come."""
        return min((time for each in self._members if (time := each.events.next_time) is not None), default=None)

    def due(self, t: float, h: float) -> bool:
        """Whether something has to happen at t (s): its time has come, or an input that changes at events has."""
        gather(self._coupling.plan)
        return self.wanted() or any(
            time is not None and time <= t + SNAP * h for time in (member.events.next_time for member in self._members)
        )

    def wanted(self) -> bool:
        """Whether a component has got something that takes effect at events only."""
        return any(member.wants_event for member in self._members)

    def clear_clocks(self) -> None:
        """Clocks are true in the signals at their ticks only."""
        for member in self._members:
            member.clear_clocks()

    def initialize(self, t: float) -> tuple[str, ...]:
        """The event at the start; components are in Event Mode already. Returns who asked to end the run."""
        return self._iterate(t) if self._members else ()

    def happen(self, t: float) -> tuple[str, ...]:
        """An event at t (s) from entering to leaving Event Mode; returns who asked to end the run."""
        self.clear_clocks()
        for member in self._members:
            with self._coupling.naming(member.name, t):
                member.events.enter(t)
        return self._iterate(t)

    def refuse_fixed(self, event: TimeEvent) -> None:
        """CapabilityError where a component that takes steps of one size only would have to stop at an event."""
        if self._fixed:
            raise CapabilityError(
                f"'{self._fixed[0]}' takes steps of one size only, but '{event.component}' has an event at "
                f"t = {event.time:.9g} s, between two grid points. Choose a step size whose grid meets it"
            )

    def _iterate(self, t: float) -> tuple[str, ...]:
        ending: dict[str, None] = {}
        seen: deque[str] = deque(maxlen=2 * len(self._members))
        for _ in range(ITERATION_LIMIT):
            self._exchange(t)
            restless = self._update(t, ending)
            gather(self._coupling.during_events)
            restless += [member.name for member in self._members if member.wants_event]
            if not restless or ending:
                break
            seen.extend(restless)
        else:
            raise _restless(seen, t, "the discrete states")
        for member in self._members:
            with self._coupling.naming(member.name, t):
                member.leave()
        for participant in self._coupling.participants:
            if participant.events is not None:
                participant.check_outputs(t, StepError)
        return tuple(ending)

    def _exchange(self, t: float) -> None:
        for _ in range(ITERATION_LIMIT):
            gather(self._coupling.during_events)
            moved = []
            for member in self._members:
                with self._coupling.naming(member.name, t):
                    if member.exchange():
                        moved.append(member.name)
            if not moved:
                return
        raise _restless(moved, t, "the outputs")

    def _update(self, t: float, ending: dict[str, None]) -> list[str]:
        restless = []
        for member in self._members:
            with self._coupling.naming(member.name, t):
                outcome = member.update()
                changed = member.read()
            if outcome.terminate_requested:
                ending[member.name] = None
            if outcome.more_needed or changed:
                restless.append(member.name)
        return restless

    def _check_links(self) -> None:
        clocks = {member.name: member for member in self._members}
        for link in self._coupling.links:
            source, destination = clocks.get(link.source.component), clocks.get(link.destination.component)
            ticks = source is not None and link.source.connector in source.events.clocks
            ticked = destination is not None and link.destination.connector in destination.events.clocks
            ends = (
                f"'{link.source.component}.{link.source.connector}'",
                (f"'{link.destination.component}.{link.destination.connector}'"),
            )
            if ticks != ticked:
                raise CapabilityError(f"{ends[0]} -> {ends[1]}: a clock connects to a clock only")
            if destination is not None and link.destination.connector in destination.events.timed:
                raise CapabilityError(
                    f"{ends[0]} -> {ends[1]}: {ends[1]} ticks by time and takes no clock. Leave this connection out"
                )


def step_end(event: TimeEvent | None, t: float, grid_point: float) -> TimeEvent | None:
    """The event where it lies truly between t and the grid point (all s), else None: it happens at the grid point."""
    tolerance = SNAP * (grid_point - t) + 4.0 * math.ulp(grid_point)
    return event if event is not None and event.time < grid_point - tolerance else None


def _restless(names: Iterable[str], t: float, what: str) -> StepError:
    different = sorted(set(names))
    who = ", ".join(f"'{name}'" for name in different)
    return StepError(
        f"{what} do not come to rest at t = {t:.9g} s after {ITERATION_LIMIT} iterations of the event; still changing: "
        f"{who}. Break their loop of discrete connections, or have a component take effect at its next step",
        component=different[0],
        time=t,
    )


__all__ = ["ITERATION_LIMIT", "EventParticipant", "Events", "TimeEvent", "step_end"]
