"""Predictor: how far the inputs that a step was made with were off, from the outputs that are found at its end."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from orchestrator.master.coupling import Coupling
from orchestrator.master.inflows import fed_elements
from orchestrator.master.memory import Remembered
from orchestrator.master.participant import Participant
from orchestrator.master.polynomials import History, Point, Polynomials, onwards
from orchestrator.master.step_control.outputs import Floats, Outputs
from orchestrator.system.connections.links import Slot
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connector import Storage

Orders = NDArray[np.intp]


class Predictor:
    """The polynomials on which inputs go on over a step, through the last outputs at communication points.

    Of order p they miss the output at the end of a step of h by O(h^(p + 1)): what they miss is the difference to the
    polynomial of order p + 1 through that output too. Busch, Schweizer: "An explicit approach for controlling the
    macro-step size of co-simulation methods", ENOC 2011. An output that several components use goes on with the lowest
    of their orders. Only continuous floats are estimated.

    Call order, in each step: 1 `begin`, 2 `errors`, `orders`.
    """

    def __init__(self, coupling: Coupling, outputs: Outputs) -> None:
        self._outputs = outputs
        self._wanted = _orders(coupling, outputs)
        self._distinct = tuple(np.unique(self._wanted).tolist())
        self._history = History(max(self._distinct, default=0))
        self._left: Floats | None = None
        self.rate = 0.0
        """How fast the fastest output was in the last step, in units of its scale per second."""
        self._changes = coupling.changes
        self._known = self._changes.count

    @property
    def extrapolates(self) -> bool:
        """Whether there are inputs that are held only as long as nothing is known of where they go."""
        return any(self._distinct)

    @property
    def least_order(self) -> int:
        """The lowest p of all outputs."""
        return min(self._distinct, default=0)

    def begin(self, t: float) -> bool:
        """A step begins at t (s); whether nothing has happened since the last one ended."""
        values = self._outputs.now().floats
        self._outputs.see(values)
        goes_on = self._left is not None and np.array_equal(self._left, values) and not self._changed
        self._known = self._changes.count
        if not goes_on:
            self._history.points = []
        self._history.add(Point(t, values))
        return goes_on

    def errors(self, end: float) -> Floats:
        """What was missed (n,), in units of the scales of the outputs, by the step that has come to `end` (s)."""
        self._left = values = self._outputs.now().floats
        points = self._history.points
        start, before = points[-1].time, points[-1].values
        missed = np.zeros(values.size)
        for order in self._distinct:
            course = Polynomials(start, onwards(points, None, start, end - start, order))
            missed = np.where(self._wanted == order, np.abs(values - course.at(end)), missed)
        scales = self._outputs.scales(before, values)
        changes = np.where(self._outputs.stepped, 0.0, np.abs(values - before) / scales)
        self.rate = float(changes.max(initial=0.0)) / (end - start)
        return np.where(self._outputs.stepped, 0.0, missed / scales)

    @property
    def orders(self) -> Orders:
        """The p (n,) of the step that was begun last: there may be too few points for the wanted one."""
        return np.minimum(self._wanted, max(len(self._history.points) - 1, 0))

    def remembered(self) -> Remembered:
        """The last communication points, and what is known of where the last step ended."""
        left = None if self._left is None else self._left.copy()
        return {"history": self._history.remembered(), "left": left, "changed": self._changed, "rate": self.rate}

    def remember(self, memory: Remembered) -> None:
        """Go on as before."""
        self._history.remember(memory["history"])
        self._left = None if memory["left"] is None else memory["left"].copy()
        self._known, self.rate = self._changes.count - int(memory["changed"]), memory["rate"]

    @property
    def _changed(self) -> bool:
        """Whether there was an event since the last step began, or something was written."""
        return self._changes.count != self._known


def _orders(coupling: Coupling, outputs: Outputs) -> Orders:
    into: dict[str, list[Link]] = defaultdict(list)
    for link in coupling.links:
        into[link.destination.component].append(link)
    lowest: dict[Slot, int] = {}
    for participant in coupling.participants:
        links = into[participant.name]
        sloping = _with_courses(participant, links, coupling)
        for link in links:
            order = participant.courses.order if participant.courses is not None and link in sloping else 0
            lowest[link.source] = min(lowest.get(link.source, order), order)
    return np.array([lowest.get(slot, 0) for slot in outputs.slots], np.intp)


def _with_courses(participant: Participant, links: list[Link], coupling: Coupling) -> set[Link]:
    floats = [block for block in participant.inputs if block.bundle.storage is Storage.FLOAT64]
    if participant.courses is None or not floats:
        return set()
    instances = {each.name: each.instance for each in coupling.participants}
    return {fed.link for fed in fed_elements(floats[0], links, instances)}
