"""Tunable parameters, locals and calculated parameters as ends of connections."""

from pathlib import Path

import numpy as np
import pytest

from orchestrator.errors import DescriptionError, VariableError
from orchestrator.graph.feedthrough import dependencies
from orchestrator.simulation import Simulation
from orchestrator.system.connector import Causality, Variability
from orchestrator.system.description import Component, Connection
from orchestrator.system.structure import DeclaredConnector
from tests.coupled import Memory, describe, setup
from tests.doubles import FunctionInstance, a_parameter, an_input, an_output, connector
from tests.master.event_doubles import EventDouble, discrete


def a_ramp(name="ramp"):
    return FunctionInstance(lambda t, u: [t], name=name, inputs=())


def a_plant(function, name="plant", start=0.0):
    """y = function(p), with the tunable parameter p; that y depends on p is declared nowhere, as in an FMU."""
    p = a_parameter("p", start, tunable=True)
    return FunctionInstance(lambda t, u: function(u[0]), name=name, inputs=(p,), feedthrough={"y": ()})


def run(instances, *connections, observers=(), components=(), **more):
    described = describe([one.name for one in instances], **more)
    names = {**described.components, **dict(components)}
    described = described.model_copy(update={"connections": connections, "components": names})
    return Simulation(setup(instances, described), observers, lambda: None)


def flow(text, **more):
    source, destination = (
        dict(zip(("component", "connector"), end.split("."), strict=True)) for end in text.split(">")
    )
    return Connection(source=source, destination=destination, **more)


TUNE = flow("ramp.y>plant.p", as_parameter=True)


@pytest.mark.parametrize(("algorithm", "delay"), [("gauss_seidel", 0.0), ("jacobi", 0.1)])
def test_a_tunable_parameter_follows_like_an_input_in_the_order_of_the_components(algorithm, delay):
    memory = Memory()
    with run([a_plant(lambda p: 2.0 * p), a_ramp()], TUNE, observers=[memory], algorithm=algorithm) as simulation:
        assert simulation.schedule.order == ("ramp", "plant")
        for _ in range(3):
            simulation.step()
            assert simulation["plant.y"] == pytest.approx(2.0 * (simulation.time - delay))
            assert simulation["plant.p"] == pytest.approx(simulation.time - delay)


def test_a_tunable_parameter_is_right_at_the_start_already():
    source = FunctionInstance(lambda t, u: [4.0], name="ramp", inputs=())
    with run([a_plant(lambda p: 2.0 * p, start=1.0), source], TUNE) as simulation:
        simulation.initialize()
        assert simulation["plant.y"] == 8.0


def test_a_parameter_breaks_the_loop_that_it_closes():
    # y = p + 1, p = y / 2: a loop without delay has y = 2; with the parameter of the last communication point the
    # error halves in every step, from y = 1 at the start, where p = 0
    half = FunctionInstance(lambda t, u: 0.5 * u, name="ramp")
    plant = a_plant(lambda p: p + 1.0)
    with run([half, plant], TUNE, flow("plant.y>ramp.u")) as simulation:
        assert simulation.schedule.order == ("plant", "ramp")
        simulation.initialize()
        assert simulation["plant.y"] == 1.0
        assert simulation["ramp.y"] == 0.5
        for step in range(1, 6):
            simulation.step()
            assert simulation["plant.y"] == 2.0 - 0.5**step


def test_a_parameter_that_breaks_a_loop_starts_with_the_value_of_the_description():
    half = FunctionInstance(lambda t, u: 0.5 * u, name="ramp")
    given = {"plant": Component(source=Path("plant.fmu"), parameters={"p": 1.0})}
    with run([half, a_plant(lambda p: p + 1.0)], TUNE, flow("plant.y>ramp.u"), components=given) as simulation:
        for _ in range(3):
            simulation.step()
            assert simulation["plant.y"] == 2.0


def test_an_output_depends_on_a_parameter_that_a_connection_sets():
    plant, ramp = a_plant(lambda p: p), a_ramp()
    interfaces = {one.name: one.connectors for one in (plant, ramp)}
    feedthrough = {one.name: one.feedthrough for one in (plant, ramp)}
    links = run([plant, ramp], TUNE).links
    assert dependencies(interfaces, feedthrough)["plant", "y"] == ()
    assert dependencies(interfaces, feedthrough, links)["plant", "y"] == (("plant", "p"),)


def test_elements_of_a_parameter_that_no_connection_sets_stay_and_can_be_written():
    p = a_parameter("p", [1.0, 2.0, 3.0], tunable=True, size=3)
    plant = FunctionInstance(lambda t, u: [u @ [1.0, 10.0, 100.0]], name="plant", inputs=(p,), feedthrough={"y": ()})
    with run([plant, a_ramp()], flow("ramp.y>plant.p[2]", as_parameter=True)) as simulation:
        simulation.step()
        assert simulation["plant.y"] == pytest.approx(1.0 + 10.0 * 0.1 + 300.0)
        simulation["plant.p[3]"] = 5.0
        with pytest.raises(VariableError, match=r"connected to 'ramp\.y'"):
            simulation["plant.p[2]"] = 5.0
        simulation.step()
        assert simulation["plant.y"] == pytest.approx(1.0 + 10.0 * 0.2 + 500.0)


def test_without_the_flag_or_for_a_fixed_parameter_it_is_refused_with_the_remedy():
    plant = FunctionInstance(
        lambda t, u: u, name="plant", others=[a_parameter("p", 1.0, tunable=True), a_parameter("q", 1.0)]
    )
    with pytest.raises(DescriptionError, match=r"let 'as_parameter: true' of the connection set it"):
        run([plant, a_ramp()], flow("ramp.y>plant.p"))
    with pytest.raises(DescriptionError, match=r"'plant.q' is fixed, not tunable: it cannot change during a run"):
        run([plant, a_ramp()], flow("ramp.y>plant.q", as_parameter=True))


def test_the_flag_changes_nothing_for_an_input():
    sink = FunctionInstance(lambda t, u: u, name="plant", inputs=[an_input("p")])
    with run([sink, a_ramp()], TUNE) as simulation:
        simulation.step()
        assert simulation["plant.y"] == pytest.approx(0.1)


def test_a_local_that_is_declared_as_a_connector_is_a_source():
    # x[k+1] = x[k] + 0.1, the sink gets the newest value
    plant = FunctionInstance(lambda t, u, x: [0.0], name="plant", inputs=(), step=lambda t, h, u, x: x + h, state=[1.0])
    sink = FunctionInstance(lambda t, u: u, name="sink")
    declared = {"plant": Component(source=Path("plant.fmu"), connectors={"x": DeclaredConnector(kind="local")})}
    with run([plant, sink], flow("plant.x>sink.u"), components=declared) as simulation:
        simulation.initialize()
        assert simulation["sink.y"] == 1.0
        simulation.step()
        assert simulation["sink.y"] == pytest.approx(1.1)


def test_a_calculated_parameter_is_a_source_that_is_known_after_the_initialization():
    k = connector("k", Causality.CALCULATED_PARAMETER, start=7.0)
    plant = FunctionInstance(lambda t, u: [0.0], name="plant", inputs=(), others=[k])
    sink = FunctionInstance(lambda t, u: u, name="sink")
    with run([sink, plant], flow("plant.k>sink.u")) as simulation:
        simulation.initialize()
        assert simulation["sink.y"] == 7.0
        simulation.step()
        assert simulation["sink.y"] == 7.0


def test_booleans_drive_floats_as_zero_and_one():
    on = FunctionInstance(lambda t, u: [t > 0.15], name="on", inputs=(), outputs=[an_output("y", storage="boolean")])
    heater = FunctionInstance(lambda t, u: 500.0 * u, name="heater")
    with run([on, heater], flow("on.y>heater.u")) as simulation:
        heat = []
        for _ in range(3):
            simulation.step()
            heat.append(simulation["heater.y"])
    np.testing.assert_array_equal(heat, [0.0, 500.0, 500.0])


def test_at_an_event_a_parameter_that_breaks_a_loop_is_set_once():
    # y = 3 p + 1 at once, p = y: iterated at one time it would grow without end
    def react(one):
        one["y"] = 3.0 * one["p"] + 1.0

    plant = EventDouble(
        "plant",
        inputs=[a_parameter("p", 0.0, tunable=True)],
        outputs=[discrete("y", Causality.OUTPUT)],
        on_exchange=react,
    )
    pass_on = FunctionInstance(lambda t, u: u, name="ramp")
    with run([pass_on, plant], TUNE, flow("plant.y>ramp.u")) as simulation:
        seen = []
        for _ in range(4):
            simulation.step()
            seen.append(simulation["plant.y"])
    assert seen == [4.0, 13.0, 40.0, 121.0]


@pytest.mark.parametrize("variability", [Variability.FIXED, Variability.CONSTANT])
def test_what_is_settled_in_the_initialization_sets_a_fixed_parameter_once(variability):
    # k = 7 of the plant is p of the sink, whose output 2 p is known at the start; nothing is set between steps
    k = connector("k", Causality.CALCULATED_PARAMETER, start=7.0, variability=variability)
    plant = FunctionInstance(lambda t, u: [0.0], name="plant", inputs=(), others=[k])
    seen = []

    class Sink(FunctionInstance):
        def set(self, bundle, values):
            seen.append([one.name for one in bundle.connectors])
            super().set(bundle, values)

    sink = Sink(lambda t, u: [2.0 * sink.values["p"][0]], name="sink", inputs=(), others=[a_parameter("p", 1.0)])
    with run([sink, plant], flow("plant.k>sink.p")) as simulation:
        simulation.initialize()
        assert simulation["sink.p"] == 7.0
        assert simulation["sink.y"] == 14.0
        before = len(seen)
        simulation.step()
        assert simulation["sink.y"] == 14.0
    assert seen[:before]
    assert seen[before:] == []


def test_what_may_change_sets_no_fixed_parameter():
    plant = FunctionInstance(lambda t, u: [t], name="plant", inputs=())
    sink = FunctionInstance(lambda t, u: [0.0], name="sink", inputs=(), others=[a_parameter("p", 1.0)])
    with pytest.raises(DescriptionError, match="is fixed, not tunable"):
        run([sink, plant], flow("plant.y>sink.p", as_parameter=True))
