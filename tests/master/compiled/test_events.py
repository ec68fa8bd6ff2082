"""Systems with events stride from one event to the next, and come to the same values as interpreted ones."""

import shutil
from typing import Any

import pytest

from orchestrator.system.scenario_file import scenario_of
from tests.fmi.event_fmus import event_fmu
from tests.kit.build import kit_fmu
from tests.master.compiled.test_statuses import ways
from tests.textbook import lotka_volterra

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the FMUs need a C compiler")

ALGORITHMS = ("jacobi", "gauss_seidel")


@pytest.fixture(scope="module")
def fmus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events")
    return {model: {"source": str(event_fmu(model, folder))} for model in ("ball", "clockwork", "sink")}


def system(components: dict[str, Any], connections: list[Any], **keys: Any) -> dict[str, Any]:
    described = {"name": "events", "components": components, "connections": connections, "record": ["*"]}
    return {**described, "experiment": {"stop": 1.3}, "step_size": 0.01, **keys}


def alike(description: Any, caplog: Any, go: Any = lambda run: run.run() and None, **more: Any) -> dict[str, Any]:
    compiled, interpreted = ways(description, go, caplog, **more)
    for key, value in interpreted.items():
        assert compiled[key] == value, key
    return compiled


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("step", [0.1, 0.01])
def test_balls_that_return_early_at_their_impacts(step, algorithm, fmus, caplog):
    one, other = fmus["ball"], {**fmus["ball"], "parameters": {"h": 0.7}}
    alike(system({"ball": one, "other": other}, [], step_size=step, algorithm=algorithm), caplog)
    alike(system({"ball": one}, [], step_size=step, algorithm=algorithm), caplog)


def test_impacts_that_come_ever_closer(fmus, caplog):
    found = alike(system({"ball": fmus["ball"]}, [], experiment={"stop": 1.5}), caplog)
    assert "come ever closer" in found["error"][1]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("step", [0.1, 0.03, 0.01])
def test_clocks_of_all_kinds_beside_components_without_events(step, algorithm, fmus, caplog):
    prey, predator = lotka_volterra(0.01, stop=1.0).components.values()
    components = {
        "clockwork": fmus["clockwork"], "sink": fmus["sink"],
        "prey": {"source": str(prey.source)}, "predator": {"source": str(predator.source)},
    }  # fmt: skip
    connections = [
        "clockwork.out -> sink.tick", "clockwork.value -> sink.sample",
        "prey.x -> predator.x", "predator.y -> prey.y",
    ]  # fmt: skip
    alike(system(components, connections, step_size=step, algorithm=algorithm), caplog)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("model", ["Stair", "BouncingBall"])
def test_events_of_the_kit_that_are_known_and_that_are_not(model, algorithm, caplog):
    component = {"source": str(kit_fmu(model, "3.0", "co_simulation", event_mode=True, early_return=True))}
    for step in (0.01, 0.3):
        alike(system({"a": component, "b": component}, [], step_size=step, algorithm=algorithm), caplog)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_discrete_input_that_changes_makes_an_event(algorithm, caplog):
    stair = {"source": str(kit_fmu("Stair", "2.0", "co_simulation"))}
    taking = {"source": str(kit_fmu("Feedthrough", "3.0", "co_simulation", event_mode=True))}
    components = {"stair": stair, "taking": taking, "last": taking}
    connections = ["stair.counter -> taking.Int32_u", "taking.Int32_y -> last.Float64_u"]
    description = system(components, connections, experiment={"stop": 5.0}, step_size=0.25, algorithm=algorithm)
    found = alike({**description, "record": ["*.Int32_*", "*.Float64_*", "stair.counter"]}, caplog)
    assert found["rows"]["last.Float64_y"][-1] == 5.0


def test_a_parameter_that_is_written_takes_effect_at_an_event(fmus, caplog):
    def go(run: Any) -> None:
        run.run(until=0.3)
        run.write("ball.e", 0.8)
        run.run()

    alike(system({"ball": fmus["ball"]}, []), caplog, go)


def test_a_run_with_events_goes_back_to_a_checkpoint(fmus, caplog):
    def go(run: Any) -> None:
        run.run(until=0.5)
        point = run.checkpoint()
        run.run(until=1.0)
        run.restore(point)
        run.run()

    alike(system({"ball": fmus["ball"]}, []), caplog, go)


ACTIONS: list[dict[str, Any]] = [
    {"at": 0.335, "until": 1.27, "override": "predator.x", "value": 15.0},
    {"at": 0.5, "for": 1, "noise": "prey.y", "sigma": 0.5, "seed": 3},
]


@pytest.mark.parametrize(("count", "algorithm"), [(1, "gauss_seidel"), (1, "jacobi"), (2, "jacobi")])
def test_scenarios_alter_what_flows(count, algorithm, caplog):
    description = lotka_volterra(0.01, stop=3.0, algorithm=algorithm)
    scenario = scenario_of({"actions": ACTIONS[:count]}, "test.yaml")
    plain = alike(description, caplog)
    altered = alike(description, caplog, scenarios=[scenario])
    assert plain["rows"]["prey.x"][-1] != altered["rows"]["prey.x"][-1]
