"""Components with Event Mode in a whole: events happen where they happen in cotwin's own run, with the same bits."""

import pytest

from orchestrator.assembly import open_simulation
from orchestrator.errors import CapabilityError
from orchestrator.export.container import export_fmu
from orchestrator.system.yaml.file import from_mapping
from tests.export.exported import PARTS, comes_again, same_as_run
from tests.fmi.event_fmus import event_fmu
from tests.fmus.harness import FMICallException, running
from tests.kit.build import changed, compiler, kit_fmu
from tests.plants import ROOT, fmu

pytestmark = pytest.mark.skipif(compiler() is None, reason="building the kit needs a C compiler")
ALGORITHMS = ("jacobi", "gauss_seidel")


def eventful(model, **more):
    return {"source": str(kit_fmu(model, "3.0", "co_simulation", event_mode=True, **more))}


def described(components, connections=(), *, h=0.125, stop=4.0, **changes):
    return from_mapping(
        {
            "name": "eventful",
            "components": components,
            "connections": list(connections),
            "experiment": {"stop": stop},
            "step_size": h,
            "record": ["*"],
            **changes,
        },
        ROOT,
        "tests",
    )


@pytest.mark.parametrize("h", [0.125, 0.3])
@pytest.mark.parametrize("version", PARTS)
@pytest.mark.parametrize("model", ["BouncingBall", "Stair", "VanDerPol", "Dahlquist"])
def test_events_of_one_component_happen_at_their_times(model, version, h, tmp_path):
    same_as_run(described({"part": eventful(model)}, h=h, stop=3.0), tmp_path / "whole.fmu", version)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_discrete_values_go_from_component_to_component_at_events(algorithm, tmp_path):
    components = {
        "stair": eventful("Stair"),
        "first": eventful("Feedthrough"),
        "second": eventful("Feedthrough"),
        "sum": {"source": str(fmu("integrator", 2))},
    }
    connections = [
        "stair.counter -> first.Int32_u",
        "first.Int32_y -> second.Int32_u",
        "second.Int32_y -> second.Float64_u",
        "second.Float64_y -> sum.u",
    ]
    for h in (0.125, 0.3):
        description = described(components, connections, h=h, stop=4.5, algorithm=algorithm)
        expected = same_as_run(description, tmp_path / "whole.fmu").expected
        assert expected["second.Int32_y"][-1] > expected["second.Int32_y"][0]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("version", PARTS)
def test_inputs_that_jump_and_components_with_events_meet(version, algorithm, tmp_path):
    (tmp_path / "inputs.csv").write_text("time,n,u\n0,3,0.5\n0.55,3,1.5\n0.55,-4,-1.0\n1.0,5,2.0\n2.0,7,3\n")
    components = {
        "feed": {"source": str(tmp_path / "inputs.csv")},
        "through": eventful("Feedthrough"),
        "ball": eventful("BouncingBall"),
        "stair": {"source": str(kit_fmu("Stair", "2.0", "model_exchange")), "kind": "model_exchange"},
        "sum": {"source": str(kit_fmu("Integrator", "2.0", "co_simulation"))},
    }
    connections = ["feed.n -> through.Int32_u", "feed.u -> through.Float64_u", "through.Float64_y -> sum.u"]
    for extrapolation in ({"order": 0}, {"order": 1}):
        description = described(
            components, connections, h=0.2, stop=3.0, algorithm=algorithm, extrapolation=extrapolation
        )
        same_as_run(description, tmp_path / "whole.fmu", version)


@pytest.mark.parametrize("version", PARTS)
def test_what_follows_a_kept_state_comes_again_through_events(version, tmp_path):
    description = described({"ball": eventful("BouncingBall"), "stair": eventful("Stair")}, h=0.25)
    path = export_fmu(description, tmp_path / "whole.fmu", version=version).path
    comes_again(path, 3, 12, 0.25, ("ball.h", "stair.counter"))


def test_values_from_outside_that_count_at_events_only_are_events(tmp_path):
    description = described({"through": eventful("Feedthrough")})
    path = export_fmu(description, tmp_path / "whole.fmu").path
    with open_simulation(description) as simulation, running(path) as one:
        one.initialize()
        for index in range(6):
            if index in (2, 4):
                simulation["through.Int32_u"] = index
                one.set("through.Int32_u", index)
            simulation.step()
            one.step(index * 0.125, 0.125)
            assert one.get("through.Int32_y").ravel().tolist() == [simulation["through.Int32_y"]]


EARLY = 'hasEventMode="true" mightReturnEarlyFromDoStep="true"'


def early(model, folder, **more):
    """A component that returns early at its events, and says so."""
    made = kit_fmu(model, "3.0", "co_simulation", event_mode=True, early_return=True, **more)
    return {"source": str(changed(made, folder / f"{model}{len(more)}.fmu", {'hasEventMode="true"': EARLY}))}


@pytest.mark.parametrize("h", [0.125, 0.3])
@pytest.mark.parametrize("version", PARTS)
@pytest.mark.parametrize("model", ["BouncingBall", "Stair"])
def test_a_component_that_returns_early_ends_the_step_at_its_event(model, version, h, tmp_path):
    same_as_run(described({"part": early(model, tmp_path)}, h=h, stop=3.0), tmp_path / "whole.fmu", version)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("version", PARTS)
def test_others_go_back_to_where_one_returned_early(version, algorithm, tmp_path):
    components = {
        "swing": {"source": str(kit_fmu("VanDerPol", "2.0", "model_exchange")), "kind": "model_exchange"},
        "sum": {"source": str(kit_fmu("Integrator", "2.0", "co_simulation")), "step_size": 0.05},
        "through": eventful("Feedthrough"),
        "ball": early("BouncingBall", tmp_path),
        "stair": early("Stair", tmp_path),
        "other": {"source": str(kit_fmu("Integrator", "3.0", "co_simulation"))},
    }
    connections = ["ball.h -> sum.u", "swing.x0 -> through.Float64_u", "through.Float64_y -> other.u"]
    connections.append("stair.counter -> through.Int32_u")
    for extrapolation in ({"order": 0}, {"order": 2}):
        description = described(
            components, connections, h=0.2, stop=3.0, algorithm=algorithm, extrapolation=extrapolation
        )
        same_as_run(description, tmp_path / "whole.fmu", version)


def test_an_fmu_of_another_tool_returns_early(tmp_path):
    ball = {"source": str(event_fmu("ball", tmp_path))}
    same_as_run(
        described({"ball": ball, "sum": {"source": str(fmu("integrator", 2))}}, ["ball.h -> sum.u"], stop=1.0),
        tmp_path / "w.fmu",
    )


def test_a_component_that_cannot_go_back_is_named_beside_the_one_that_returned_early(tmp_path):
    stuck = {"source": str(kit_fmu("Integrator", "2.0", "co_simulation", get_set_state=False))}
    description = described({"stuck": stuck, "ball": early("BouncingBall", tmp_path)}, h=0.25)
    path = export_fmu(description, tmp_path / "whole.fmu").path
    with running(path) as one:
        one.initialize()
        with pytest.raises(FMICallException):
            one.step(0.0, 3.0)
        assert "component 'ball' returned early at t = " in one.messages[-1]
        assert "but 'stuck' has stepped further and cannot go back" in one.messages[-1]


def test_paces_of_components_with_events_are_refused(tmp_path):
    paced = described({"ball": {**eventful("BouncingBall"), "step_size": 0.0625}})
    with pytest.raises(CapabilityError, match="no step_size of a component with Event Mode"):
        export_fmu(paced, tmp_path / "whole.fmu")
