"""Components that take a set, a doStep and a get each are stepped over tight rows, to the bits of any other way."""

import math
from typing import Any

import numpy as np
import pytest

from orchestrator.errors import FailedStepError
from orchestrator.master.compiled import entrance
from orchestrator.master.compiled.layout import run as at
from orchestrator.simulation import Simulation
from tests.coupled import Memory, describe, setup
from tests.doubles import FunctionInstance, an_input, an_output
from tests.master.compiled.by_address import Outcome, Patient, by_address, outcome, same

RING = 3


def ring(width: int, special: float = math.inf, value: float = math.nan) -> list[FunctionInstance]:
    """Each component turns and mixes what it gets; the second gives a special value from a time (s) on."""

    def component(number: int) -> FunctionInstance:
        def step(t: float, h: float, u: Any, x: Any) -> Any:
            then = 0.9 * x + h * np.roll(u, 1) + math.sin(t + number)
            return np.where((np.arange(width) == width - 1) & (number == 1) & (t >= special), value, then)

        return FunctionInstance(
            lambda t, u, x: x,
            name=f"c{number}",
            inputs=[an_input(f"u{index}") for index in range(width)],
            outputs=[an_output(f"y{index}") for index in range(width)],
            step=step,
            state=[float(number + index) for index in range(width)],
        )

    return [component(number) for number in range(RING)]


def simulation(
    width: int, memory: Memory, *, algorithm: str, plain: bool = False, stop: float = 1.0, **more: Any
) -> Simulation[None]:
    instances = by_address(ring(width, **more))
    for each in instances:
        each.native.is_plain = plain
    order = range(RING - (algorithm == "gauss_seidel"))
    wires = [f"c{k}.y{i} -> c{(k + 1) % RING}.u{i}" for k in order for i in range(width)]
    description = describe([each.name for each in instances], wires, algorithm=algorithm, experiment={"stop": stop})
    return Simulation(setup(instances, description), [memory], lambda: None)


def program_of(found: Simulation[Any]) -> Any:
    made = found._loop
    assert made is not None
    return made._program


def both(monkeypatch: pytest.MonkeyPatch, width: int, **more: Any) -> Outcome:
    """What can be seen of a run over tight rows, and the same without."""
    memory = Patient()
    tight = simulation(width, memory, **more)
    assert program_of(tight)[at.TIGHT] != 0
    found = outcome(tight, memory, lambda run: run.run())
    monkeypatch.setattr(entrance, "pack", lambda program: None)
    memory = Patient()
    plain = simulation(width, memory, **more)
    seen = outcome(plain, memory, lambda run: run.run())
    del seen["rows"], found["rows"]  # who is patient sees those points at which the loop came back, by the time
    same(seen, found)
    assert program_of(plain)[at.TIGHT] == 0
    return found


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "with answers"])
@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("width", [1, 2, 4, 5, 20], ids=lambda width: f"{width} values")
def test_tight_rows_give_the_same_bits(
    monkeypatch: pytest.MonkeyPatch, width: int, algorithm: str, plain: bool
) -> None:
    assert both(monkeypatch, width, algorithm=algorithm, plain=plain)["error"] is None


@pytest.mark.parametrize("stop", [0.05, 0.1, 1.0, 1.05], ids="until {} s".format)
def test_a_last_step_that_is_shorter_gives_the_same_bits(monkeypatch: pytest.MonkeyPatch, stop: float) -> None:
    found = both(monkeypatch, 2, algorithm="gauss_seidel", stop=stop)
    assert found["time"] == stop


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "with answers"])
@pytest.mark.parametrize("value", [math.nan, math.inf], ids=str)
def test_what_is_not_finite_is_found_in_each_kind_of_rows(
    monkeypatch: pytest.MonkeyPatch, value: float, plain: bool
) -> None:
    found = both(monkeypatch, 3, algorithm="gauss_seidel", special=0.45, value=value, plain=plain)
    assert found["error"][0] is FailedStepError


def test_rows_have_the_kind_of_their_system() -> None:
    kinds = {
        (algorithm, plain): program_of(simulation(2, Memory(), algorithm=algorithm, plain=plain))[at.TIGHT_KIND]
        for algorithm in ("jacobi", "gauss_seidel")
        for plain in (True, False)
    }
    assert kinds == {
        ("jacobi", True): at.AT_ONCE,
        ("jacobi", False): at.AT_ONCE_WITH_ANSWERS,
        ("gauss_seidel", True): at.IN_TURN,
        ("gauss_seidel", False): at.IN_TURN_WITH_ANSWERS,
    }


@pytest.mark.parametrize("value", [math.nan, -math.nan, math.inf, -math.inf], ids=str)
@pytest.mark.parametrize("width", [1, 4, 20], ids=lambda width: f"{width} values")
def test_what_is_not_finite_is_found(monkeypatch: pytest.MonkeyPatch, width: int, value: float) -> None:
    found = both(monkeypatch, width, algorithm="jacobi", special=0.45, value=value)
    assert found["error"][0] is FailedStepError
    assert found["time"] == pytest.approx(0.5)


@pytest.mark.parametrize("value", [1.7976931348623157e308, 5e-324, -0.0], ids=str)
def test_what_is_finite_passes(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    assert both(monkeypatch, 2, algorithm="gauss_seidel", special=0.85, value=value)["error"] is None


def test_components_that_step_at_their_own_rate_are_left_to_the_other_loop() -> None:
    def packed(**more: Any) -> bool:
        instances = by_address(ring(1))
        wires = ["c0.y0 -> c1.u0", "c1.y0 -> c2.u0"]
        description = describe([each.name for each in instances], wires, **more)
        return program_of(Simulation(setup(instances, description), [], lambda: None))[at.TIGHT] != 0

    slow = {name: {"source": f"{name}.fmu", "step_size": h} for name, h in (("c0", 0.1), ("c1", 0.2), ("c2", 0.1))}
    assert packed()
    assert not packed(components=slow)
    assert not packed(extrapolation={"order": 1})
