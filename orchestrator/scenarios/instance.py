"""A scenario as a component of its own: without connectors, with events at which its actions begin and end.

It steps before all others. The times of its actions are events known beforehand, met exactly by the communication
points; where a component takes steps of one size only they take effect at the first grid point not before them.
Conditions are looked at at every communication point.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from orchestrator.errors import CapabilityError, DescriptionError, StepError, VariableError
from orchestrator.instance import Bundle, Capabilities, DiscreteUpdate, Status, StepResult, Values
from orchestrator.observer import Event
from orchestrator.plain_data import pack, unpack
from orchestrator.scenarios.binding import Bound, Condition
from orchestrator.scenarios.course import Course, Phase
from orchestrator.scenarios.points import Arrivals, Clock, Point, plain
from orchestrator.signals import Signals
from orchestrator.simulation import Simulation
from orchestrator.system.connections.links import Slot
from orchestrator.system.connector import Connector

_SNAP: Final = 1e-9
"""Part of a step by which the end of a step may miss an event and still lie at it."""


class ScenarioInstance:
    """The actions of a run; `on_grid` puts a time (s) where it can take effect.

    With `ahead` an input that nothing feeds gets, like all others, the value at the end of a step for that step.
    """

    def __init__(self, name: str, bounds: Sequence[Bound], on_grid: Callable[[float], float], *, ahead: bool) -> None:
        self.name: Final = name
        self.capabilities: Final = Capabilities(get_set_state=True, serialize_state=True)
        self.identity: Final[Mapping[str, str]] = {"kind": "scenario"}
        self.connectors: Final[tuple[Connector, ...]] = ()
        self.feedthrough: Final[Mapping[str, tuple[str, ...] | None]] = {}
        self.event_mode: Final = _Events(self)
        self._on_grid, self._ahead = on_grid, ahead
        self._clock = Clock()
        self._by_slot: dict[Slot, Point] = {}
        self._courses = [Course(order, bound, self._points(bound)) for order, bound in enumerate(bounds)]
        self.points: Final = tuple(self._by_slot.values())
        self.arrivals: Final = Arrivals([point for point in self.points if point.is_input and not point.free])
        self._simulation: Simulation[Any] | None = None
        self._started = False
        self._views: dict[Slot, Values] = {}
        self._told: list[Event] = []

    def attach(self, simulation: Simulation[Any], start_values: Mapping[str, Mapping[str, Values]]) -> None:
        """Become part of a simulation before its initialization; actions at its start act on that already.

        `start_values` are those of the description. DescriptionError where a condition names what is not recorded.
        """
        self._simulation = simulation
        self.arrivals.attach(simulation.signals)
        self._find(simulation.signals)
        for course in self._courses:
            for element, point in zip(course.bound.elements, course.points, strict=False):
                if point.free:
                    given = start_values.get(point.slot.component, {}).get(point.slot.connector)
                    start = given if given is not None else element.connector.start
                    point.raw = None if start is None else plain(start[element.position if len(start) > 1 else 0])
        self._clock.now = simulation.grid.start
        for course in self._courses:
            if course.begins is not None and course.begins <= self._clock.now and not self._late(course):
                self._begin(course)
                if course.bound.free:
                    for point in course.points:
                        simulation.write(point.name, point.value)

    def set(self, bundle: Bundle, values: Values) -> None:  # noqa: ARG002
        """There is nothing to set."""
        raise CapabilityError(f"'{self.name}' is a scenario: nothing of it can be set")

    def get(self, bundle: Bundle, values: Values) -> None:
        """There is nothing to read."""

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        """Nothing to do: actions at the start were begun before."""

    def exit_initialization(self) -> None:
        """From here on every variable has a value."""
        self._started = True

    def do_step(self, t: float, h: float) -> StepResult:
        """Values are altered for t + h from here on."""
        end = t + h
        event = self.next_time()
        self._clock.now = event if event is not None and abs(event - end) <= _SNAP * h else end
        for course in self._courses:
            if course.phase is Phase.LASTING:
                for effect in course.effects:
                    effect.advance()
        if self._ahead:
            self._refresh()
        return StepResult(Status.OK, end)

    def next_time(self) -> float | None:
        """When the next action is known to begin or to end (s), from now on."""
        times = [self._on_grid(time) for course in self._courses if (time := course.next_time) is not None]
        return min(times, default=None)

    def due(self) -> bool:
        """Whether an action has to begin or to end now."""
        if not self._ahead:
            self._refresh()
        return any(self._turns(course) for course in self._courses)

    def act(self) -> bool:
        """Begin and end what is due; whether something was."""
        turning = [course for course in self._courses if self._turns(course)]
        for course in turning:
            if course.phase is Phase.WAITING:
                self._begin(course)
            else:
                self._told.append(course.end(self._clock.now))
            self._show(course.points)
        self._tell()
        return bool(turning)

    def save_state(self) -> dict[str, Any]:
        """The time, where each action is, what is to be told, and what the points were before their effects."""
        return {
            "now": self._clock.now,
            "started": self._started,
            "courses": [course.remembered() for course in self._courses],
            "points": [point.raw for point in self.points],
            "told": [list(event) for event in self._told],
        }

    def restore_state(self, state: object) -> None:
        """Go back to a kept state."""
        assert isinstance(state, dict)
        self._clock.now, self._started = state["now"], state["started"]
        for point, raw in zip(self.points, state["points"], strict=True):
            point.go_back(raw)
        for course, remembered in zip(self._courses, state["courses"], strict=True):
            course.remember(remembered)
        self._told = [Event(*event) for event in state["told"]]

    def free_state(self, state: object) -> None:
        """Nothing to release."""

    def serialize_state(self, state: object) -> bytes:
        """A kept state as bytes."""
        return pack(state)

    def deserialize_state(self, data: bytes) -> object:
        """A kept state from bytes; CapabilityError where they are of something else."""
        try:
            state = unpack(data)
            sizes = len(state["courses"]), len(state["points"])
            if sizes != (len(self._courses), len(self.points)):
                raise ValueError(f"{sizes[0]} actions on {sizes[1]} variables")
        except (ValueError, TypeError, KeyError) as error:
            raise CapabilityError(
                f"'{self.name}': the bytes are of other scenarios ({error}). Use those that they come from"
            ) from error
        return state

    def restart(self, t: float, values: Mapping[str, Values]) -> None:  # noqa: ARG002
        """There are no states to write."""
        raise CapabilityError(f"'{self.name}' is a scenario: it has no states to write")

    def terminate(self) -> None:
        """Tell what never happened."""
        waiting = [course for course in self._courses if course.phase is Phase.WAITING]
        self._told += [course.unused(self._clock.now) for course in waiting]
        self._tell()

    def close(self) -> None:
        """Nothing to free."""

    def _points(self, bound: Bound) -> list[Point]:
        if bound.action.kind == "set":
            return []
        points = []
        for element in bound.elements:
            slot = bound.slot(element)
            made = Point(
                slot, f"{slot.component}.{element.name}", self._clock, is_input=bound.is_input, free=bound.free
            )
            points.append(self._by_slot.setdefault(slot, made))
        return points

    def _find(self, signals: Signals) -> None:
        """Where the values lie that conditions read, and those that are written here."""
        problems = []
        for point in self.points:
            self._views[point.slot] = signals.view(signals.place(*point.slot))
        for course in self._courses:
            for condition in (course.bound.when, course.bound.until):
                for name, slot in (
                    () if condition is None else zip(condition.formula.names, condition.slots, strict=True)
                ):
                    if slot is not None and signals.holds(slot.component, slot.connector):
                        self._views[slot] = signals.view(signals.place(*slot))
                    elif slot is not None:
                        problems.append(f"{course.bound.place}: '{name}' is not recorded; name it under 'record'")
        if problems:
            raise DescriptionError("\n".join(problems))

    def _holds(self, condition: Condition | None, place: str) -> bool:
        if condition is None:
            return False
        values = [self._clock.now if slot is None else plain(self._views[slot][0]) for slot in condition.slots]
        try:
            return bool(condition.formula(values))
        except VariableError as error:
            now = self._clock.now
            raise StepError(f"{place}: {error}; t = {now:.9g} s", component=self.name, time=now) from error

    def _turns(self, course: Course) -> bool:
        time = course.next_time
        if course.phase is Phase.WAITING and self._late(course):
            return False
        if time is not None and self._on_grid(time) <= self._clock.now:
            return True
        if course.phase is Phase.WAITING:
            return self._holds(course.bound.when, course.bound.place)
        return course.phase is Phase.LASTING and self._holds(course.bound.until, course.bound.place)

    def _late(self, course: Course) -> bool:
        return course.ends is not None and course.ends <= self._clock.now

    def _begin(self, course: Course) -> None:
        assert self._simulation is not None
        if course.bound.action.kind == "set":
            name = course.bound.action.target
            before = self._simulation.read(name) if self._started and len(course.bound.elements) == 1 else None
            self._simulation.write(name, course.bound.value)
            self._told.append(course.step(self._clock.now, before))
            return
        for point in course.points:
            if self._started and point.free and not point.active:
                point.raw = plain(self._views[point.slot][0])
        self._told.append(course.begin(self._clock.now))

    def _refresh(self) -> None:
        """Bring inputs that nothing feeds up to date."""
        self._show([point for point in self.points if point.free and point.active])

    def _show(self, points: Sequence[Point]) -> None:
        """Write values that no connection brings anew: inputs that nothing feeds, and outputs read before."""
        for point in points:
            if (point.free or not point.is_input) and point.raw is not None:
                self._views[point.slot][0] = point.value

    def _tell(self) -> None:
        assert self._simulation is not None
        told, self._told = self._told, []
        for event in told:
            self._simulation.emit(event)


class _Events:
    """The begin and the end of actions as events; see `EventMode`."""

    clocks: Collection[str] = ()
    timed: Collection[str] = ()
    clocked: Mapping[str, Collection[str]] = {}

    def __init__(self, instance: ScenarioInstance) -> None:
        self._instance = instance

    @property
    def next_time(self) -> float | None:
        """When the next action is known to begin or to end."""
        return self._instance.next_time()

    @property
    def wanted(self) -> bool:
        """Whether a condition has become true."""
        return self._instance.due()

    def enter(self, t: float) -> None:  # noqa: ARG002
        """Begin and end what is due."""
        self._instance.act()

    def activate(self, clocks: Collection[str]) -> None:
        """There are no clocks."""

    def active(self) -> Collection[str]:
        """There are no clocks."""
        return ()

    def update(self) -> DiscreteUpdate:
        """What this event made due happens at it, too."""
        return DiscreteUpdate(more_needed=self._instance.act())

    def leave(self) -> None:
        """Nothing to do."""
