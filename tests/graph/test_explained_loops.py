"""What is explained of loops: the variables on their path, and delays with rates and declared delays."""

from orchestrator.graph.explanation import Delay, explanation
from orchestrator.graph.feedthrough import written
from tests.graph.test_schedule import HOLDS, INTERFACES, PASSES, RING, component, links


def explain(connections, feedthrough, **more):
    identities = {key: {"kind": "fmu"} for key in INTERFACES}
    return explanation(0.5, INTERFACES, feedthrough, connections, identities, **more)


HELD = {"pid": PASSES, "valve": PASSES, "tank": HOLDS}


def test_a_loop_through_states_names_the_variables_of_its_connections():
    (loop,) = explain(RING, HELD).loops
    assert written(loop.path) == "valve.u -> valve.y -> tank.u -> tank.y -> pid.u -> pid.y -> valve.u"


def test_the_path_of_an_algebraic_loop_is_that_of_direct_feedthrough():
    interfaces = {"a": component("u v", "y z"), "b": component()}
    edges = links("a.z -> b.u", "a.y -> b.u", "b.y -> a.v")
    told = explanation(
        0.5, interfaces, {"a": {"y": ("v",), "z": ()}, "b": PASSES}, edges, {key: {"kind": "fmu"} for key in interfaces}
    )
    (loop,) = told.loops
    assert written(loop.path) == "b.u -> b.y -> a.v -> a.y -> b.u"


def test_a_declared_delay_is_one_step_for_every_algorithm_and_breaks_the_loop():
    late = [link._replace(delay=link.source.component == "pid") for link in RING]
    told = explain(late, dict.fromkeys(INTERFACES, PASSES))
    assert told.algebraic_loops == ()
    delays = {(c.source, c.destination): c.delay for c in told.connections}
    assert delays["pid", "valve"] == Delay(1, 1, 1)
    assert [c.delayed for c in told.connections if c.source == "pid"] == [1]
    (loop,) = told.loops
    assert loop.delay == Delay(jacobi=3, gauss_seidel=1, iterative=1)


def test_outputs_of_a_component_with_a_larger_step_are_older():
    told = explain(RING, HELD, step_sizes={"tank": 2.0, "pid": 0.1})
    delays = {(c.source, c.destination): c.delay for c in told.connections}
    assert delays["tank", "pid"] == Delay(4, 3, 3)
    assert delays["pid", "valve"] == Delay(1, 0, 0)
    assert {c.name: c.step_size for c in told.components} == {"pid": 0.1, "valve": 0.5, "tank": 2.0}


def test_stages_with_solved_loops_are_those_of_a_run_that_solves_them():
    told = explain(links("pid.y -> valve.u", "valve.y -> tank.u"), dict.fromkeys(INTERFACES, HOLDS), iterate=True)
    assert told.stages == (("pid",), ("valve",), ("tank",))
    assert explain(RING, HELD, iterate=True).circles == (("tank", "pid", "valve"),)
