import random
import subprocess
import sys

import pytest

from orchestrator.errors import AlgebraicLoopError
from orchestrator.graph.explanation import Delay, explanation
from orchestrator.graph.schedule import build_schedule
from orchestrator.system.connections.resolution import Link, Slot
from orchestrator.system.connector import Causality, Connector, Storage
from orchestrator.system.quantities.units import IDENTITY


def component(inputs="u", outputs="y"):
    return tuple(
        Connector(name, causality, Storage.FLOAT64, 0)
        for names, causality in ((inputs, Causality.INPUT), (outputs, Causality.OUTPUT))
        for name in names.split()
    )


def link(text):
    (source, y), (destination, u) = (end.split(".") for end in text.split(" -> "))
    return Link(Slot(source, y, 0), Slot(destination, u, 0), IDENTITY)


def links(*texts):
    return [link(text) for text in texts]


def initial_outputs(schedule):
    assert not any(stage.loop for stage in schedule.initialization)
    return tuple(stage.outputs for stage in schedule.initialization)


PASSES, HOLDS, UNKNOWN = {"y": ("u",)}, {"y": ()}, {"y": None}
RING = links("pid.y -> valve.u", "valve.y -> tank.u", "tank.y -> pid.u")
INTERFACES = {name: component() for name in ("pid", "valve", "tank")}


def test_components_come_after_those_that_pass_through_them():
    schedule = build_schedule(INTERFACES, {"pid": PASSES, "valve": PASSES, "tank": HOLDS}, RING)
    assert schedule.stages == (("tank",), ("pid",), ("valve",))
    assert schedule.order == ("tank", "pid", "valve")
    assert initial_outputs(schedule) == ((("tank", "y"),), (("pid", "y"),), (("valve", "y"),))


def test_a_loop_without_feedthrough_is_not_algebraic():
    schedule = build_schedule(INTERFACES, dict.fromkeys(INTERFACES, HOLDS), RING)
    assert schedule.stages == (("pid", "valve", "tank"),)
    assert initial_outputs(schedule) == ((("pid", "y"), ("valve", "y"), ("tank", "y")),)


def test_an_algebraic_loop_is_refused_with_its_path_and_the_remedy():
    with pytest.raises(AlgebraicLoopError) as caught:
        build_schedule(INTERFACES, dict.fromkeys(INTERFACES, PASSES), RING)
    message = str(caught.value)
    assert "valve.u -> valve.y -> tank.u -> tank.y -> pid.u -> pid.y -> valve.u" in message
    assert "Put a component without direct feedthrough on it" in message
    assert "unknown" not in message


def test_unknown_dependencies_count_as_full_and_are_named():
    for unknown in (UNKNOWN, {}):
        with pytest.raises(AlgebraicLoopError, match=r"dependencies of 'tank\.y' are unknown and taken as full"):
            build_schedule(INTERFACES, {"pid": PASSES, "valve": PASSES, "tank": unknown}, RING)


def test_a_component_that_feeds_itself_directly_is_an_algebraic_loop():
    with pytest.raises(AlgebraicLoopError, match=r"loop: a\.u -> a\.y -> a\.u\n"):
        build_schedule({"a": component()}, {"a": PASSES}, links("a.y -> a.u"))
    assert build_schedule({"a": component()}, {"a": HOLDS}, links("a.y -> a.u")).stages == (("a",),)


def test_every_algebraic_loop_is_named():
    interfaces = {name: component() for name in "abcd"}
    with pytest.raises(AlgebraicLoopError) as caught:
        build_schedule(
            interfaces,
            dict.fromkeys(interfaces, PASSES),
            links("a.y -> b.u", "b.y -> a.u", "c.y -> d.u", "d.y -> c.u"),
        )
    paths = [line for line in str(caught.value).splitlines() if line.startswith("algebraic loop")]
    assert len(paths) == 2
    assert "c.y" not in paths[0]


def test_the_shortest_way_round_is_shown():
    interfaces = {"a": component("u v"), "b": component("u", "y z"), "c": component()}
    feedthrough = {"a": {"y": ("u", "v")}, "b": {"y": ("u",), "z": ("u",)}, "c": PASSES}
    with pytest.raises(AlgebraicLoopError, match=r"loop: b\.u -> b\.z -> a\.v -> a\.y -> b\.u\n"):
        build_schedule(interfaces, feedthrough, links("a.y -> b.u", "b.y -> c.u", "c.y -> a.u", "b.z -> a.v"))


def test_components_in_a_cycle_without_a_loop_of_variables_share_a_stage():
    interfaces = {"c": component(), "a": component("u v", "y z"), "b": component("u v", "y z")}
    feedthrough = {"a": {"y": (), "z": ("u",)}, "b": {"y": ("u",), "z": ("v",)}, "c": PASSES}
    schedule = build_schedule(interfaces, feedthrough, links("a.y -> b.u", "b.y -> a.u", "a.z -> c.u", "a.y -> b.v"))
    assert schedule.stages == (("a", "b"), ("c",))
    assert initial_outputs(schedule) == (
        (("a", "y"),),
        (("b", "y"), ("b", "z")),
        (("a", "z"),),
        (("c", "y"),),
    )


def test_an_unconnected_input_delays_nothing():
    schedule = build_schedule({"a": component("u v")}, {"a": {"y": ("v",)}}, [])
    assert initial_outputs(schedule) == ((("a", "y"),),)


def random_system(seed, size=50, acyclic=True):
    generator = random.Random(seed)
    names = [f"c{index}" for index in range(size)]
    generator.shuffle(names)
    interfaces = {name: component("u v w", "y z") for name in sorted(names)}
    feedthrough = {name: {y: tuple(u for u in "uvw" if generator.random() < 0.4) for y in "yz"} for name in names}
    connections = []
    for index, name in enumerate(names):
        for u in "uvw":
            others = names[:index] if acyclic else names
            if others and generator.random() < 0.7:
                connections.append(link(f"{generator.choice(others)}.{generator.choice('yz')} -> {name}.{u}"))
    return interfaces, feedthrough, connections


def levels(interfaces, feedthrough, connections):
    """Longest chain of feedthrough that ends in each output and in each component, by plain recursion."""
    sources = {link.destination[:2]: link.source[:2] for link in connections}
    known = {}

    def level(output):
        if output not in known:
            inputs = [(output[0], u) for u in feedthrough[output[0]][output[1]]]
            known[output] = max((level(sources[u]) + 1 for u in inputs if u in sources), default=0)
        return known[output]

    def stage(name):
        if name not in known:
            used = {u for inputs in feedthrough[name].values() for u in inputs}
            before = [sources[name, u][0] for u in used if (name, u) in sources]
            known[name] = max((stage(other) + 1 for other in before), default=0)
        return known[name]

    outputs = {(name, y): level((name, y)) for name in interfaces for y in "yz"}
    return outputs, {name: stage(name) for name in interfaces}


def grouped(ranks):
    return tuple(tuple(item for item in ranks if ranks[item] == rank) for rank in range(max(ranks.values()) + 1))


@pytest.mark.parametrize("seed", range(8))
def test_fifty_random_components_come_in_the_order_that_plain_recursion_finds(seed):
    system = random_system(seed)
    outputs, components = levels(*system)
    schedule = build_schedule(*system)
    assert initial_outputs(schedule) == grouped(outputs)
    assert schedule.stages == grouped(components)


def has_loop(interfaces, feedthrough, connections):
    """Depth-first search over variables for a way back to where it began."""
    ways = {}
    for connection in connections:
        ways.setdefault(connection.source[:2], []).append(connection.destination[:2])
    for name, outputs in feedthrough.items():
        for y, inputs in outputs.items():
            for u in inputs:
                ways.setdefault((name, u), []).append((name, y))

    def reachable(start):
        seen, stack = set(), list(ways.get(start, []))
        while stack:
            variable = stack.pop()
            if variable not in seen:
                seen.add(variable)
                stack += ways.get(variable, [])
        return seen

    return any(variable in reachable(variable) for variable in ways)


@pytest.mark.parametrize("seed", range(30))
def test_loops_are_found_exactly_where_a_search_finds_them(seed):
    system = random_system(seed, size=8, acyclic=False)
    if has_loop(*system):
        with pytest.raises(AlgebraicLoopError):
            build_schedule(*system)
    else:
        build_schedule(*system)


def test_both_answers_occur_among_the_random_systems():
    answers = {has_loop(*random_system(seed, size=8, acyclic=False)) for seed in range(30)}
    assert answers == {True, False}


def test_the_schedule_does_not_vary_with_the_hashes_of_names():
    code = (
        "from tests.graph.test_schedule import *\n"
        "system = random_system(3)\n"
        "ring = explanation(1.0, INTERFACES, dict.fromkeys(INTERFACES, PASSES), RING, dict.fromkeys(INTERFACES, {}))\n"
        "print(build_schedule(*system), ring)"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True, text=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1


def explain(interfaces, feedthrough, connections):
    identities = {name: {"kind": "fmu", "fmi_version": "3.0"} for name in interfaces}
    return explanation(0.5, interfaces, feedthrough, connections, identities)


def test_an_explanation_counts_and_lists():
    interfaces = {"a": component("u v", "y z"), "b": component()}
    told = explain(interfaces, {"a": {"y": ("v",), "z": None}, "b": HOLDS}, links("a.y -> b.u", "a.z -> b.u"))
    first = told.components[0]
    assert (first.name, first.kind, first.fmi_version, first.step_size) == ("a", "fmu", "3.0", 0.5)
    assert (first.inputs, first.outputs, first.parameters, first.states) == (2, 2, 0, 0)
    assert told.feedthrough == (("a", "y", ("v",)), ("a", "z", ("u", "v")), ("b", "y", ()))
    assert told.assumed_full == (("a", "z"),)
    assert told.loops == ()
    assert [(c.source, c.destination, c.connections) for c in told.connections] == [("a", "b", 2)]


def test_the_delay_of_a_loop_is_one_step_per_connection_for_jacobi_and_one_in_all_for_gauss_seidel():
    told = explain(INTERFACES, {"pid": PASSES, "valve": PASSES, "tank": HOLDS}, RING)
    (loop,) = told.loops
    assert loop.components == ("pid", "valve", "tank", "pid")
    assert loop.delay == Delay(jacobi=3, gauss_seidel=1)
    assert not loop.algebraic
    assert told.algebraic_loops == ()
    assert {(c.source, c.destination): c.delay for c in told.connections} == {
        ("pid", "valve"): Delay(1, 0),
        ("valve", "tank"): Delay(1, 1),
        ("tank", "pid"): Delay(1, 0),
    }


def test_an_algebraic_loop_is_explained_instead_of_refused():
    told = explain(INTERFACES, dict.fromkeys(INTERFACES, PASSES), RING)
    assert told.loops[0].algebraic
    assert told.algebraic_loops[0][0] == told.algebraic_loops[0][-1]
    assert told.stages == (("pid", "valve", "tank"),)


def test_only_the_loop_that_is_algebraic_is_marked_so():
    interfaces = {"a": component("u v", "y z"), "b": component(), "c": component()}
    feedthrough = {"a": {"y": ("u",), "z": ()}, "b": PASSES, "c": PASSES}
    told = explain(interfaces, feedthrough, links("a.y -> b.u", "b.y -> a.u", "a.z -> c.u", "c.y -> a.v"))
    assert {loop.components: loop.algebraic for loop in told.loops} == {("a", "b", "a"): True, ("a", "c", "a"): False}


def test_a_system_with_very_many_loops_is_explained_in_part():
    names = [f"c{index}" for index in range(9)]
    interfaces = {name: component(" ".join(f"u{other}" for other in names)) for name in names}
    connections = links(*(f"{a}.y -> {b}.u{a}" for a in names for b in names if a != b))
    told = explain(interfaces, dict.fromkeys(names, HOLDS), connections)
    assert len(told.loops) == 100
    assert told.more_loops


def test_a_parameter_that_a_connection_sets_is_explained():
    told = explain(INTERFACES, dict.fromkeys(INTERFACES, HOLDS), links("pid.y -> valve.k", "valve.y -> pid.u"))
    (one,) = told.parameters
    assert (one.source, one.parameter, one.delay, one.breaks_loop) == (
        ("pid", "y"),
        ("valve", "k"),
        Delay(jacobi=1, gauss_seidel=0),
        False,
    )
    assert told.feedthrough == (("pid", "y", ()), ("valve", "y", ("k",)), ("tank", "y", ()))


def test_a_parameter_that_closes_a_loop_keeps_the_value_of_the_last_step_and_is_explained_so():
    feedthrough = {"pid": PASSES, "valve": HOLDS, "tank": HOLDS}
    told = explain(INTERFACES, feedthrough, links("pid.y -> valve.k", "valve.y -> pid.u"))
    (one,) = told.parameters
    assert (one.breaks_loop, one.delay.gauss_seidel) == (True, 1)
    assert told.algebraic_loops == ()
    assert not any(loop.algebraic for loop in told.loops)


def test_a_calculated_parameter_depends_on_nothing_and_is_not_assumed_to():
    calculated = Connector("c", Causality.CALCULATED_PARAMETER, Storage.FLOAT64, 0)
    interfaces = {"a": (*component(), calculated), "b": component()}
    told = explain(interfaces, {"a": HOLDS, "b": HOLDS}, links("a.c -> b.u"))
    assert ("a", "c", ()) in told.feedthrough
    assert told.assumed_full == ()
