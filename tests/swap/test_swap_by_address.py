"""A swap stepped by address: the values, events and errors of interpreted steps."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cotwin import open_simulation
from orchestrator.instance import Status, StepResult
from orchestrator.native import NativeAnswer
from orchestrator.observer import Event
from orchestrator.swap import Mode, SwapInstance
from orchestrator.system.description import Swap
from tests import doubles
from tests.kit.build import compiler, kit_fmu
from tests.master.compiled.by_address import DoubleByAddress, both_ways
from tests.swap.swap_doubles import FakeClock, FunctionInstance

WAYS = (
    ("co_simulation", "co_simulation", {}),
    ("model_exchange", "co_simulation", {}),
    ("co_simulation", "co_simulation", {"isolation": "process"}),
)


def system(model: str, kinds: tuple[str, str], policy: dict[str, Any], **options: Any) -> dict[str, Any]:
    """One FMU and the same model as its surrogate; its input changes at every communication point."""
    source, other = (str(kit_fmu(model, "3.0", kind)) for kind in kinds)
    swap = {"surrogate": other, "to_surrogate_at": 0.5, "back_at": 1.2, "shadow": 2, "force": True, **policy}
    components = {"plant": {"source": source, "kind": kinds[0], "swap": swap, **options}}
    feed = {"feed": {"signals": {"u": {"expression": "cos(5*t)"}}}} if model == "Integrator" else {}
    return {
        "name": "swapped",
        "components": {**feed, **components},
        "connections": ["feed.u -> plant.u"] if feed else [],
        "experiment": {"stop": 2.0, "tolerance": 1e-10},
        "step_size": 0.01,
        "record": ["*"],
    }


def without_costs(events: Iterable[Event]) -> list[Event]:
    """Events without what they say of measured costs, and whether the surrogate gains."""
    return [
        event._replace(kind="swap.to_surrogate", message=event.message.partition("median")[0].partition("forced")[0])
        if event.kind in ("swap.forced", "swap.to_surrogate")
        else event
        for event in events
    ]


def run(description: dict[str, Any], **more: Any) -> dict[str, Any]:
    with open_simulation(description, **more) as simulation:
        by_address = simulation.by_address
        results = simulation.run()
        plant = simulation.instances["plant"]
        report = plant.report
        return {
            "by_address": by_address,
            "values": {name: results[name] for name in results.names},
            "times": results.times,
            "events": without_costs(results.events),
            "steps": report.steps,
            "hand_overs": [each._replace(cause="") for each in report.hand_overs],
            "shadow_error": report.shadow_error,
            "costs": (report.fmu.steps, report.surrogate.steps),
        }


def same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert np.array_equal(one["times"], other["times"])
    assert one["values"].keys() == other["values"].keys()
    for name, values in one["values"].items():
        assert np.array_equal(values, other["values"][name]), name
    for key in ("events", "steps", "hand_overs", "shadow_error", "costs"):
        assert one[key] == other[key], key


@pytest.mark.skipif(compiler() is None, reason="building FMUs needs a C compiler")
@pytest.mark.parametrize("model", ["Integrator", "Dahlquist"])
@pytest.mark.parametrize(("kind", "its_kind", "options"), WAYS)
def test_both_hand_overs_fall_on_the_same_points_with_the_same_bits(model, kind, its_kind, options):
    description = system(model, (kind, its_kind), {}, **options)
    compiled, interpreted = run(description), run(description, interpreted=True)
    assert (compiled["by_address"], interpreted["by_address"]) == (("plant",), ())
    same(compiled, interpreted)
    assert [each.t for each in compiled["hand_overs"]] == pytest.approx([0.5, 1.2])
    assert set(compiled["steps"]) == set(Mode)


class ByAddress(DoubleByAddress):
    """The C side of a double that shows whether it is outside its validity domain."""

    def __init__(self, double: "Tank") -> None:
        super().__init__(double)
        self._word = np.zeros(1, np.int64)
        self.outside = int(self._word.ctypes.data)
        self.time: float | None = None

    def arrived(self, t: float) -> None:
        self.time = t

    def answered(self, answer: NativeAnswer, t: float, h: float) -> StepResult:
        return StepResult(Status.OK, t + h) if answer.status == 0 else super().answered(answer, t, h)

    def _step(self, handle: Any, t: float, h: float, *rest: Any) -> int:
        status = super()._step(handle, t, h, *rest)
        self._word[0] = self._double.violation is not None
        return status


class Tank(FunctionInstance):
    """A tank whose surrogate knows it up to `limit` only, and that refuses its step at `refuses_at` (s)."""

    def __init__(self, rate: float, limit: float = np.inf, refuses_at: float | None = None) -> None:
        super().__init__(lambda x, u, h: x * np.exp(-rate * h) + u * h, FakeClock(), 0.0)
        self.limit, self._refuses_at = limit, refuses_at
        self.native = ByAddress(self)

    def do_step(self, t: float, h: float) -> StepResult:
        self.status = Status.DISCARD if self._refuses_at is not None and t >= self._refuses_at else Status.OK
        result = super().do_step(t, h)
        top = float(self.values["x"].max())
        self.violation = f"x = {top:.4g}" if top > self.limit else None
        return result


def feed() -> doubles.FunctionInstance:
    """Gives cos(t)."""
    return doubles.FunctionInstance(lambda t, u: np.cos(t), name="feed", inputs=())


@pytest.mark.parametrize(
    ("surrogate", "policy"),
    [
        (lambda: Tank(0.2), {}),
        (lambda: Tank(0.2, limit=2.5), {}),
        (lambda: Tank(0.2, limit=2.5), {"back_at": None}),
        (lambda: Tank(0.2, limit=0.1), {}),
        (lambda: Tank(0.2, refuses_at=4.0), {}),
        (lambda: Tank(0.2, refuses_at=7.0), {}),
        (lambda: Tank(0.2), {"to_surrogate_at": 0.0, "back_at": None}),
        (lambda: Tank(0.2), {"to_surrogate_at": 99.0, "back_at": None}),
    ],
    ids=["plain", "guard", "guard without return", "outside", "refused in the shadow", "refused", "at once", "never"],
)
@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_guards_refusals_and_hand_overs_are_those_of_interpreted_steps(surrogate, policy, algorithm):
    plan = {"to_surrogate_at": 5.0, "back_at": 12.0, "shadow": 3, "force": True, **policy}
    reports = []

    def make() -> list[Any]:
        return [feed(), SwapInstance(Tank(0.1), surrogate(), Swap(surrogate=Path("x"), **plan), lambda: 0.0)]

    def go(simulation: Any) -> None:
        tank = simulation.instances["tank"]
        simulation.hear(lambda: without_costs(tank.take_events()))
        try:
            simulation.run()
        finally:
            report = tank.report
            hand_overs = [each._replace(cause="") for each in report.hand_overs]
            reports.append((report.mode, report.steps, hand_overs, report.shadow_error, report.fmu.steps))

    both_ways(
        make,
        ["feed.y -> tank.u"],
        python=["feed", "tank"],
        go=go,
        algorithm=algorithm,
        step_size=1.0,
        stop=20.0,
    )
    assert all(report == reports[0] for report in reports)
