"""The order of a run in which loops are solved, against plain searches through random graphs."""

import random

import pytest

from orchestrator.errors import AlgebraicLoopError
from orchestrator.graph.schedule import build_schedule
from tests.graph.test_schedule import HOLDS, INTERFACES, PASSES, RING, component, links, random_system


def reachable(start, ways):
    """Everything that a search along `ways` finds from `start` on."""
    seen, stack = set(), list(ways.get(start, ()))
    while stack:
        one = stack.pop()
        if one not in seen:
            seen.add(one)
            stack += ways.get(one, ())
    return seen


def component_ways(connections):
    ways = {}
    for connection in connections:
        if not connection.delay:
            ways.setdefault(connection.source.component, set()).add(connection.destination.component)
    return ways


def variable_ways(feedthrough, connections):
    ways = {}
    for connection in connections:
        if not connection.delay:
            ways.setdefault(connection.source[:2], set()).add(connection.destination[:2])
    for name, outputs in feedthrough.items():
        for y, inputs in outputs.items():
            for u in inputs:
                ways.setdefault((name, u), set()).add((name, y))
    return ways


def with_delays(connections, seed):
    generator = random.Random(f"delays {seed}")
    return [connection._replace(delay=generator.random() < 0.3) for connection in connections]


def system(seed):
    interfaces, feedthrough, connections = random_system(seed, size=8 + seed, acyclic=seed % 5 == 0)
    return interfaces, feedthrough, with_delays(connections, seed)


@pytest.mark.parametrize("seed", range(40))
def test_loops_are_the_components_that_reach_each_other(seed):
    interfaces, feedthrough, connections = system(seed)
    schedule = build_schedule(interfaces, feedthrough, connections, iterate=True)
    ways = component_ways(connections)
    found = {name: reachable(name, ways) for name in interfaces}
    groups = {frozenset(o for o in found[name] if name in found[o]) for name in interfaces if name in found[name]}
    assert {frozenset(loop) for loop in schedule.loops} == groups
    assert sorted(schedule.order) == sorted(interfaces)


@pytest.mark.parametrize("seed", range(40))
def test_every_component_comes_after_all_that_feed_it_but_the_members_of_its_loop(seed):
    interfaces, feedthrough, connections = system(seed)
    schedule = build_schedule(interfaces, feedthrough, connections, iterate=True)
    position = {name: index for index, name in enumerate(schedule.order)}
    loop = {name: number for number, group in enumerate(schedule.loops) for name in group}
    for connection in connections:
        source, destination = connection.source.component, connection.destination.component
        together = source in loop and loop[source] == loop.get(destination)
        assert connection.delay or together or position[source] < position[destination]
    for group in schedule.loops:
        places = [position[name] for name in group]
        assert places == sorted(places)


@pytest.mark.parametrize("seed", range(40))
def test_outputs_are_read_after_all_that_they_depend_on_or_together_with_the_loop_that_they_close(seed):
    interfaces, feedthrough, connections = system(seed)
    schedule = build_schedule(interfaces, feedthrough, connections, iterate=True)
    ways = variable_ways(feedthrough, connections)
    sources = {c.destination[:2]: c.source[:2] for c in connections if not c.delay}
    stage_of = {output: number for number, stage in enumerate(schedule.initialization) for output in stage.outputs}
    assert set(stage_of) == {(name, y) for name in interfaces for y in "yz"}
    for output, number in stage_of.items():
        stage = schedule.initialization[number]
        assert bool(stage.loop) == (output in reachable(output, ways))
        needed = [sources[output[0], u] for u in feedthrough[output[0]][output[1]] if (output[0], u) in sources]
        assert all(stage_of[one] < number or (stage.loop and stage_of[one] == number) for one in needed)
        for u in stage.loop:
            assert u in reachable(u, ways)


def test_random_graphs_have_loops_and_have_none():
    assert {bool(build_schedule(*system(seed), iterate=True).loops) for seed in range(40)} == {True, False}


def test_a_delay_opens_an_algebraic_loop():
    feedthrough = dict.fromkeys(INTERFACES, PASSES)
    with pytest.raises(AlgebraicLoopError, match="delay: true"):
        build_schedule(INTERFACES, feedthrough, RING)
    opened = [RING[0]._replace(delay=True), *RING[1:]]
    schedule = build_schedule(INTERFACES, feedthrough, opened)
    assert schedule.order == ("valve", "tank", "pid")
    assert build_schedule(INTERFACES, feedthrough, opened, iterate=True).loops == ()


def test_a_component_that_feeds_itself_is_a_loop():
    connections = links("a.y -> a.u", "a.y -> b.u")
    schedule = build_schedule(
        {"a": component(), "b": component()}, {"a": PASSES, "b": PASSES}, connections, iterate=True
    )
    assert schedule.loops == (("a",),)
    assert schedule.stages == (("a",), ("b",))
    assert schedule.initialization[0] == ((("a", "y"),), (("a", "u"),))


def test_a_loop_of_states_is_a_loop_of_steps_and_none_of_initialization():
    both = {"a": component(), "b": component()}
    crossed = links("a.y -> b.u", "b.y -> a.u")
    schedule = build_schedule(both, dict.fromkeys(both, HOLDS), crossed, iterate=True)
    assert schedule.loops == (("a", "b"),)
    assert [stage.loop for stage in schedule.initialization] == [()]
