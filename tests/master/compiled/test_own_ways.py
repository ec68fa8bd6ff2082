"""Components at rates of their own and on inputs with courses fail, go back and pass slopes on as interpreted ones."""

from typing import Any

import pytest

from orchestrator.master.compiled.loop import CompiledLoop
from tests.kit.build import compiler, kit_fmu
from tests.master.compiled.by_address import both_ways
from tests.master.compiled.test_failures import FORGETFUL, PLACES, RING, ring
from tests.master.compiled.test_values import alike

ALGORITHMS = ("jacobi", "gauss_seidel")
SMOOTH = {"order": 2, "smoothing": True}


def components(**sizes: float) -> dict[str, Any]:
    return {n: {"source": f"{n}.fmu", **({"step_size": sizes[n]} if n in sizes else {})} for n in PLACES}


RATES = [{"first": 0.05}, {"middle": 0.025}, {"last": 0.2}, {"first": 0.5, "last": 0.02}, {"middle": 0.4, "first": 0.2}]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("rates", RATES, ids=str)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "faults",
    [{"fail_at": 0.9}, {"discard_at": 0.9}, {"early_at": 0.92}, {"nan_at": 0.9}, {"terminate_at": 0.9}, {}],
    ids=str,
)
def test_faults_within_a_rate_of_its_own(faults, place, rates, algorithm):
    more = {"components": components(**rates), "step_size": 0.1, "stop": 2.0, "algorithm": algorithm}
    both_ways(lambda: ring(place, faults), RING, **more)
    both_ways(lambda: ring(place, faults), RING, extrapolation=SMOOTH, python=("middle",), **more)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("faults", [{"fail_at": 0.9}, {"discard_at": 0.9}, {"discard_at": 0.0}], ids=str)
def test_faults_on_inputs_with_courses(faults, place):
    for capabilities in (FORGETFUL, None):
        more = {} if capabilities is None else {"capabilities": capabilities}
        both_ways(lambda more=more: ring(place, faults, **more), RING, extrapolation=SMOOTH, step_size=0.1, stop=2.0)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("rates", RATES[:3], ids=str)
@pytest.mark.parametrize("call", ["set", "get"])
def test_calls_that_fail_within_a_rate_of_its_own(call, rates, place):
    def go(simulation: Any) -> None:
        simulation.run(until=0.4)
        simulation.instances[place].faults.fail_in = frozenset({call})
        simulation.run()

    more = {"components": components(**rates), "step_size": 0.1, "stop": 2.0}
    both_ways(lambda: ring(place, {}), RING, go=go, extrapolation=SMOOTH, **more)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_slow_component_that_python_steps_is_returned_to_at_its_rate(algorithm, monkeypatch):
    asked: list[int] = []
    by_python = CompiledLoop._by_python

    def noted(loop: CompiledLoop, why: int, index: int) -> Any:
        asked.append(index)
        return by_python(loop, why, index)

    monkeypatch.setattr(CompiledLoop, "_by_python", noted)
    more = {"components": components(first=0.4), "step_size": 0.1, "stop": 2.0}
    both_ways(lambda: ring("first", {}), RING, python=["first"], algorithm=algorithm, **more)
    assert {index % 4 for index in asked} == {0, 3}


def test_a_run_is_left_and_gone_back_in_within_periods():
    def go(simulation: Any) -> None:
        simulation.run(until=0.5)
        point = simulation.checkpoint()
        simulation.run(until=1.1)
        simulation.step()
        simulation.restore(point)
        simulation.run()

    more = {"components": components(first=0.4, last=0.025), "step_size": 0.1, "stop": 2.0}
    for algorithm in ALGORITHMS:
        both_ways(lambda: ring("first", {}), RING, go=go, extrapolation=SMOOTH, algorithm=algorithm, **more)


@pytest.mark.skipif(compiler() is None, reason="building the kit needs a C compiler")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    "extrapolation", [{"order": 1}, SMOOTH, {"order": 0, "smoothing": True}, {"order": 2}], ids=str
)
@pytest.mark.parametrize("versions", ["11", "12", "21", "22", "23", "13"])
def test_slopes_go_from_fmu_to_fmu(versions, extrapolation, algorithm):
    if versions == "11" and extrapolation["order"] == 2:
        pytest.skip("one pair of versions with parabolas is enough")
    sources = [
        str(
            kit_fmu(
                "Integrator", f"{version}.0", "co_simulation",
                interpolate_inputs=version != "3", output_derivatives=True,
            )
        )
        for version in versions
    ]  # fmt: skip
    description = {
        "name": "pair",
        "components": {
            "a": {"source": sources[0], "parameters": {"x": 1.0}},
            "b": {"source": sources[1], "parameters": {"x": -0.5}, "step_size": 0.2},
        },
        "connections": [
            "a.y -> b.u",
            {"connect": "b.y -> a.u", "factor": -1.5, "offset": 0.25, "delay": versions == "11"},
        ],
        "experiment": {"stop": 4.0},
        "step_size": 0.1,
        "algorithm": algorithm,
        "extrapolation": extrapolation,
    }
    alike(description)
