"""Steps under error control from one event to the next, by compiled functions, are those of the readable path."""

import shutil
from typing import Any

import pytest

from tests.fmi.event_fmus import event_fmu
from tests.kit.build import kit_fmu
from tests.master.compiled.by_address import made_at_once
from tests.master.compiled.test_events import alike, system
from tests.textbook import lotka_volterra

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the FMUs need a C compiler")

ALGORITHMS = pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
CONTROL: dict[str, Any] = {"step_control": {"method": "error", "tolerance": 1e-2}}


@pytest.fixture
def made(monkeypatch) -> list[int]:
    return made_at_once(monkeypatch)


def populations() -> dict[str, Any]:
    prey, predator = lotka_volterra(0.01, stop=1.0).components.values()
    return {"prey": {"source": str(prey.source)}, "predator": {"source": str(predator.source)}}


COUPLED = ["prey.x -> predator.x", "predator.y -> prey.y"]


@ALGORITHMS
@pytest.mark.parametrize("step", [0.1, 0.3])
@pytest.mark.parametrize("model", ["Stair", "BouncingBall"])
@pytest.mark.parametrize("early", [False, True])
def test_events_of_the_kit_beside_what_is_controlled(model, early, step, algorithm, made, caplog):
    component = {"source": str(kit_fmu(model, "3.0", "co_simulation", event_mode=True, early_return=early))}
    described = system({"a": component, **populations()}, COUPLED, step_size=step, algorithm=algorithm, **CONTROL)
    found = alike({**described, "experiment": {"stop": 3.2}}, caplog)
    assert found["error"] is not None or sum(made) > 0


@pytest.fixture(scope="module")
def valve(tmp_path_factory) -> dict[str, Any]:
    return {"source": str(event_fmu("valve", tmp_path_factory.mktemp("valve")))}


@ALGORITHMS
@pytest.mark.parametrize("step", [0.1, 0.37])
@pytest.mark.parametrize("order", [0, 1])
def test_known_events_and_discrete_inputs_that_change_end_steps_alike(order, step, algorithm, valve, made, caplog):
    """What one valve opens another, at the events of the first one and between."""
    components = {"one": valve, "two": valve, **populations()}
    connections = ["prey.x -> one.u", "one.x -> two.u", "one.part -> two.level", *COUPLED]
    more = {"extrapolation": {"order": order}} if order else {}
    described = system(components, connections, step_size=step, algorithm=algorithm, **CONTROL, **more)
    found = alike({**described, "experiment": {"stop": 3.0}}, caplog)
    assert found["error"] is None
    assert found["rows"]["two.updates"][-1] > 8
    assert sum(made) > 0


@ALGORITHMS
def test_early_returns_beside_what_is_controlled(algorithm, tmp_path, made, caplog):
    ball = {"source": str(event_fmu("ball", tmp_path))}
    components = {**populations(), "ball": ball, "last": {**ball, "parameters": {"h": 0.7}}}
    alike(system(components, COUPLED, step_size=0.1, algorithm=algorithm, **CONTROL), caplog)
    assert sum(made) > 0


def test_what_is_written_takes_effect_at_an_event_and_checkpoints_lead_back(valve, made, caplog):
    def go(run: Any) -> None:
        run.run(until=0.4)
        run.write("valve.level", 7)
        run.run(until=0.45)
        point = run.checkpoint()
        run.run(until=1.0)
        run.restore(point)
        run.run()

    components = {"valve": valve, **populations()}
    alike(system(components, [*COUPLED, "prey.x -> valve.u"], step_size=0.1, **CONTROL), caplog, go)
    assert sum(made) > 0
