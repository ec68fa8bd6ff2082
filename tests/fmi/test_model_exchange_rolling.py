"""Model Exchange beside components that may refuse a step: strides go back to where it began, as when interpreted."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.fmi.model_exchange import open_exchange
from orchestrator.fmi.states import States
from orchestrator.fmi.variables import read_model
from orchestrator.instance import Bundle, Status, StepResult
from orchestrator.system.description import Solver
from orchestrator.system.yaml.file import from_mapping
from tests.doubles import Faults, FunctionInstance
from tests.fmi.test_model_exchange_strides import outcome
from tests.master.compiled.by_address import both_ways

ALGORITHMS = pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])


def lag(name: str, *discards: float) -> FunctionInstance:
    """x' = u - x by explicit steps of Euler; it refuses to step beyond these times at once."""
    left = list(discards)

    def step(t: float, h: float, u: Any, x: Any) -> Any:
        return x + h * (u - x)

    faults = Faults(discard_at=left[0]) if left else Faults()
    return FunctionInstance(lambda t, u, x: x, name=name, step=step, state=[1.0], faults=faults)


@ALGORITHMS
@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("first", ["it", "lag"])
@pytest.mark.parametrize("at", [0.0, 0.45, 0.97])
def test_a_step_refused_after_many_is_made_again_alike(toy, at, first, order, algorithm):
    def make() -> list[Any]:
        it = open_exchange("it", read_model(toy("lag", "fmi3")), Solver(), extrapolate=order > 0)
        return sorted([it, lag("lag", at)], key=lambda each: each.name != first)

    more: dict[str, Any] = {"extrapolation": {"order": order}} if order else {}
    connections = ["it.y -> lag.u", {"connect": "lag.y -> it.u", "delay": True}]
    found = both_ways(make, connections, python=["it"], algorithm=algorithm, step_size=0.02, **more)
    assert found["steps"]["lag"][1] > 0
    assert found["rejected"]["discard"] > 0 or found["error"] is not None


@pytest.mark.parametrize("at", [0.0, 0.45])
def test_what_holds_no_input_goes_on_with_the_history_of_its_solver_alike(toy, at):
    """A solver that no input disturbs begins anew where it goes back, and only there."""

    def make() -> list[Any]:
        return [open_exchange("it", read_model(toy("stiff", "fmi2")), Solver()), lag("lag", at)]

    found = both_ways(make, (), python=["it"], step_size=0.02)
    assert found["rejected"]["discard"] > 0 or found["error"] is not None


@ALGORITHMS
@pytest.mark.parametrize("status", [1, 2, 3, 4])
def test_a_state_that_is_not_kept_is_told_of_alike(toy, status, algorithm):
    def make() -> list[Any]:
        it = open_exchange("it", read_model(toy("forgetful", "fmi3")), Solver())
        k = next(each for each in it.connectors if each.name == "k")
        it.set(Bundle.of([k]), np.full(1, float(status)))
        return [lag("lag"), it]

    found = both_ways(make, ["lag.y -> it.u"], python=["it"], algorithm=algorithm, step_size=0.05)
    assert (found["error"] is None) == (status == 1)


def test_nothing_is_kept_in_python_where_nobody_refuses(toy, built, monkeypatch, caplog):
    """Beside an FMU for Co-Simulation, which might."""
    components = {"it": {"source": str(toy("lag", "fmi3"))}, "kinds": {"source": str(built.fmi3)}}
    data = {"name": "mixed", "components": components, "step_size": 0.01, "experiment": {"stop": 10.0}}
    saved = []
    save = States.save
    monkeypatch.setattr(States, "save", lambda self, *more: saved.append(self) or save(self, *more))
    description = from_mapping(data, Path("/"), "tests")
    with open_simulation(description) as simulation:
        simulation.run()
        assert set(simulation.by_address) == {"it", "kinds"}
        assert simulation.coupling.statistics.macro_steps == 1000
    assert len(saved) <= 4
    assert outcome(description, caplog, interpreted=False) == outcome(description, caplog, interpreted=True)


@ALGORITHMS
@pytest.mark.parametrize("at", [0.0, 0.45, 0.97])
@pytest.mark.parametrize("refuses", [0, 1, 2])
@pytest.mark.parametrize("stays", [1, 2])
def test_a_component_that_cannot_go_back_lets_those_before_it_do_so_alike(at, refuses, stays, algorithm):
    """Where it, or one behind it, refuses, that is the end."""

    def make() -> list[Any]:
        chain = [lag(f"c{index}", *([at] if index == refuses else [])) for index in range(3)]
        chain[stays].capabilities = replace(chain[stays].capabilities, get_set_state=False)
        return chain

    found = both_ways(make, ["c0.y -> c1.u", "c1.y -> c2.u"], algorithm=algorithm, step_size=0.02)
    assert ("the smallest step" in found["error"][1]) == (refuses < stays)


@ALGORITHMS
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("exchange", [False, True])
def test_steps_that_are_too_long_at_times_are_shortened_alike(toy, exchange, order, algorithm):
    """Again and again, in the middle of strides."""

    def fussy() -> FunctionInstance:
        found = lag("lag")
        step = found.do_step

        def do_step(t: float, h: float) -> StepResult:
            fussy = 0.3 < t % 0.5 < 0.36
            return StepResult(Status.DISCARD, t) if fussy and h > 0.003 else step(t, h)

        found.do_step = do_step  # type: ignore[method-assign]
        return found

    def make() -> list[Any]:
        last = lag("last")
        last.capabilities = replace(last.capabilities, get_set_state=exchange)
        if not exchange:
            return [lag("it"), fussy(), last]
        return [open_exchange("it", read_model(toy("lag", "fmi3")), Solver(), extrapolate=order > 0), fussy(), last]

    more: dict[str, Any] = {"extrapolation": {"order": order}} if order else {}
    connections = ["it.y -> lag.u", {"connect": "lag.y -> it.u", "delay": True}, "lag.y -> last.u"]
    python = ["it"] if exchange else []
    found = both_ways(
        make, connections, python=python, algorithm=algorithm, step_size=0.02, stop=2.0, strides=None, **more
    )
    assert found["error"] is None
    assert found["rejected"]["discard"] > 3
