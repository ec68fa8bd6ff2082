"""Course: one action over a run, from waiting to over, and what is said of it."""

import math
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any

from orchestrator.observer import Event
from orchestrator.scenarios.binding import Bound
from orchestrator.scenarios.points import Point


class Phase(Enum):
    """Where an action is."""

    WAITING = auto()
    LASTING = auto()
    OVER = auto()


class Course:
    """One action with its points and effects; `order` is its place among all actions."""

    def __init__(self, order: int, bound: Bound, points: Sequence[Point]) -> None:
        self.order, self.bound, self.points = order, bound, points
        self.effects = bound.effects() if points else []
        self.phase = Phase.WAITING
        self.begins: float | None = bound.action.at
        self.ends: float | None = bound.action.until if isinstance(bound.action.until, float) else None

    @property
    def next_time(self) -> float | None:
        """When it is known to begin or to end (s)."""
        return {Phase.WAITING: self.begins, Phase.LASTING: self.ends}.get(self.phase)

    def begin(self, now: float) -> Event:
        """Let the effects act from now (s) on."""
        action = self.bound.action
        if action.for_ is not None:
            self.ends = (now if action.at is None else action.at) + action.for_
        before = [point.value for point in self.points]
        for point, effect in zip(self.points, self.effects, strict=True):
            effect.begin(now)
            point.add(self.order, effect)
        self.phase = Phase.LASTING
        kind, message = f"scenario_{action.kind}", f"{action.kind} of '{action.target}' begins"
        if action.ramp is not None and None not in before:
            line = f"{self._with_unit(_said(before))}, then to {action.ramp.to} over {action.ramp.over:g} s"
            return self.note(now, kind, f"{message}: {line}", self.begins)
        return self._event(now, kind, message, before)

    def end(self, now: float) -> Event:
        """Let the effects act no longer."""
        action = self.bound.action
        before = [point.value for point in self.points]
        for point, effect in zip(self.points, self.effects, strict=True):
            point.remove(effect)
        self.phase = Phase.OVER
        return self._event(now, "scenario_end", f"{action.kind} of '{action.target}' ends", before, self.ends)

    def step(self, now: float, before: Any) -> Event:
        """A value was set, once and for all; `before` is None where there was none yet."""
        self.phase = Phase.OVER
        change = self._change([before], [self.bound.value])
        return self.note(now, "scenario_set", f"'{self.bound.action.target}' is set: {change}", self.begins)

    def unused(self, now: float) -> Event:
        """It never began."""
        action = self.bound.action
        why = f"'{action.when}' was not true in time" if action.when else f"the run ended before {action.at:g} s"
        return self.note(now, "scenario_unused", f"{action.kind} of '{action.target}' never began: {why}", None)

    def remembered(self) -> dict[str, Any]:
        """Where the action is, as plain data."""
        return {"phase": self.phase.name, "ends": self.ends, "effects": [each.remembered() for each in self.effects]}

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Go back there; the points forget all effects before."""
        self.phase, self.ends = Phase[memory["phase"]], memory["ends"]
        for effect, remembered in zip(self.effects, memory["effects"], strict=True):
            effect.remember(remembered)
        if self.phase is Phase.LASTING:
            for point, effect in zip(self.points, self.effects, strict=True):
                point.add(self.order, effect)

    def note(self, now: float, kind: str, message: str, asked: float | None) -> Event:
        """An event; one that comes later than asked for (s) says so."""
        late = asked is not None and now - asked > 4.0 * math.ulp(abs(now))
        moved = f"; asked for at {asked:.9g} s" if late else ""
        return Event(now, self.bound.component, kind, f"{message}{moved} ({self.bound.place})")

    def _event(self, now: float, kind: str, message: str, before: Sequence[Any], asked: float | None = None) -> Event:
        change = self._change(before, [point.value for point in self.points])
        return self.note(now, kind, f"{message}: {change}", self.begins if asked is None else asked)

    def _change(self, before: Sequence[Any], after: Sequence[Any]) -> str:
        if None in after:
            return "from the start on"
        return self._with_unit(_said(after) if None in before else f"{_said(before)} -> {_said(after)}")

    def _with_unit(self, text: str) -> str:
        return f"{text} {self.bound.unit}".strip()


def _said(values: Sequence[Any]) -> str:
    shown = [f"{value:.6g}" if isinstance(value, float) else str(value) for value in values[:4]]
    return shown[0] if len(values) == 1 else f"[{', '.join(shown)}{', ...' if len(values) > 4 else ''}]"
