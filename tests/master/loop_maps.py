"""Maps whose fixed points the solver of loops finds by itself: no components, and every trial is seen."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.instance import Bundle, DirectionalDerivatives
from orchestrator.master.algorithm import COMPLETED, MacroStep
from orchestrator.master.loops.iteration import Circle, Iteration
from orchestrator.master.loops.slopes import Slopes
from orchestrator.master.loops.unknowns import Unknowns
from orchestrator.master.statistics import LoopStatistics
from orchestrator.signals import Signals
from orchestrator.system.connections.links import Link, Slot
from orchestrator.system.quantities.units import Conversion
from orchestrator.system.solving import LoopSolver
from tests.doubles import FunctionInstance, an_input, an_output

Vector = NDArray[np.float64]
Map = Callable[[Vector], Vector]


class Told:
    """Directional derivatives that are a matrix, of the values where the map was evaluated last."""

    def __init__(self, slopes: Callable[[Vector], Vector]) -> None:
        self.slopes, self.x = slopes, np.zeros(0)

    def multiply(self, unknowns: Bundle, knowns: Bundle, seed: Vector, result: Vector) -> None:
        result[:] = self.slopes(self.x) @ seed


class Solver:
    """x = G(x) for n unknowns of these sizes, solved by a method; `tried` are the trials of the last solution.

    With `slopes` these are told of x, and nothing is learnt beside them. `bounds` are those of all unknowns.
    """

    def __init__(
        self,
        method: str,
        sizes: Sequence[float] | Vector,
        *,
        slopes: Callable[[Vector], Vector] | None = None,
        bounds: tuple[float | None, float | None] = (None, None),
        **settings: Any,
    ) -> None:
        n = len(sizes)
        outputs = [
            an_output(f"y{k}", nominal=float(size), nominal_is_declared=True, minimum=bounds[0], maximum=bounds[1])
            for k, size in enumerate(sizes)
        ]
        inputs = [an_input(f"u{k}") for k in range(n)]
        instance = FunctionInstance(lambda t, u: u, name="map", inputs=inputs, outputs=outputs)
        self._told: Told | None = None
        if slopes is not None:
            self._told = Told(slopes)
            told: DirectionalDerivatives = self._told
            instance.directional_derivatives = told  # type: ignore[attr-defined]
        signals = Signals({"map": instance.connectors}, links=_links(n))
        self._given = [signals.place("map", f"u{k}").start for k in range(n)]
        self._gives = [signals.place("map", f"y{k}").start for k in range(n)]
        self._floats = signals.float64
        unknowns = Unknowns(signals, _links(n))
        self.statistics = LoopStatistics()
        self.iteration = Iteration(
            Circle("map", algebraic=True),
            unknowns,
            Slopes([instance] if method == "newton" else [], _links(n), signals, unknowns.places.tolist()),
            LoopSolver.model_validate({"method": method, "max_iterations": 200, **settings}),
            self.statistics,
        )
        self.tried: list[Vector] = []

    @property
    def values(self) -> Vector:
        """What came out last."""
        return self._floats[self._gives]

    @property
    def given(self) -> int:
        """Address of what is given to the map; `gives` is that of what comes out."""
        return int(self._floats[self._given[0] :].ctypes.data)

    @property
    def gives(self) -> int:
        """See there."""
        return int(self._floats[self._gives[0] :].ctypes.data)

    def solve(self, G: Map, x: Vector, t: float = 0.0, h: float = 0.1) -> Vector:
        """The solution over a step from t by h, from x on."""
        self.start(x)

        def sweep(put: Callable[[], None]) -> MacroStep:
            put()
            self.look(G)
            return COMPLETED

        self.iteration.solve(t, h, sweep)
        return self.tried[-1]

    def start(self, x: Vector) -> None:
        """A macro step begins at x."""
        self._floats[self._gives] = x
        self.tried = []

    def look(self, G: Map) -> None:
        """Evaluate the map at the values that are in the signals."""
        self._floats[self._given] = tried = self._floats[self._gives]
        if self._told is not None:
            self._told.x = tried
        self.tried.append(tried)
        self._floats[self._gives] = G(tried)


def _links(n: int) -> list[Link]:
    return [Link(Slot("map", f"y{k}", 0), Slot("map", f"u{k}", 0), Conversion(1.0, 0.0)) for k in range(n)]


class Chain:
    """y = y / 2 + k, k = 2 where b else 1, b: s is high, s = high where y >= 0: a loop with discrete values.

    Each follows what was given in the sweep before. s is a text or a truth value. At rest all is high, and y = 4.
    """

    def __init__(self, method: str, *, text: bool) -> None:
        kinds = {"y": "float64", "k": "int64", "b": "boolean", "s": "string" if text else "boolean"}
        outputs = [an_output(name, storage=kind) for name, kind in kinds.items()]
        inputs = [an_input(f"given_{name}", storage=kind, start=None) for name, kind in kinds.items()]
        instance = FunctionInstance(lambda t, u: u, name="map", inputs=inputs, outputs=outputs)
        links = [Link(Slot("map", name, 0), Slot("map", f"given_{name}", 0), Conversion(1.0, 0.0)) for name in kinds]
        signals = Signals({"map": instance.connectors}, links=links)
        self._given, self._gives = (
            {name: (signals.array(place.connector.storage), place.start) for name, place in found.items()}
            for found in (
                {name: signals.place("map", f"given_{name}") for name in kinds},
                {name: signals.place("map", name) for name in kinds},
            )
        )
        self.high: object = "high" if text else True
        self.low: object = "low" if text else False
        unknowns = Unknowns(signals, links)
        slopes = Slopes([instance] if method == "newton" else [], links, signals, unknowns.places.tolist())
        settings = LoopSolver.model_validate({"method": method})
        self.statistics = LoopStatistics()
        self.iteration = Iteration(Circle("map", algebraic=True), unknowns, slopes, settings, self.statistics)

    def start(self, y: float) -> None:
        """All is low."""
        self._write(y=y, k=1, b=False, s=self.low)

    def values(self) -> dict[str, object]:
        """What came out last."""
        return {name: array[place] for name, (array, place) in self._gives.items()}

    def look(self) -> None:
        """Everything follows what was given."""
        for name, (array, place) in self._given.items():
            array[place] = self.values()[name]
        given: dict[str, Any] = {name: array[place] for name, (array, place) in self._given.items()}
        self._write(
            y=given["y"] / 2.0 + given["k"],
            k=2 if given["b"] else 1,
            b=given["s"] == self.high,
            s=self.high if given["y"] >= 0.0 else self.low,
        )

    def solve(self) -> None:
        """Solve it the readable way."""

        def sweep(put: Callable[[], None]) -> MacroStep:
            self._write(y=np.nan, k=-1, b=False, s=self.low)  # all signals went back
            put()
            self.look()
            return COMPLETED

        self.iteration.solve(0.0, 0.1, sweep)

    def _write(self, **values: object) -> None:
        for name, value in values.items():
            array, place = self._gives[name]
            array[place] = value
