"""Which components could step at the same time."""

import networkx as nx
import numpy as np
import pytest

from orchestrator.graph.levels import parallel_levels
from orchestrator.system.connections.links import Link, Slot


def links(*pairs, delay=False):
    return [Link(Slot(a, "y", 0), Slot(b, "u", 0), delay=delay) for a, b in pairs]


def test_with_jacobi_all_components_could_step_at_the_same_time():
    assert parallel_levels("jacobi", ("a", "b"), links(("a", "b"))) == (("a", "b"),)


def test_with_gauss_seidel_a_component_waits_for_those_that_feed_it():
    assert parallel_levels("gauss_seidel", ("a", "b", "c"), links(("a", "b"), ("a", "c"))) == (("a",), ("b", "c"))


def test_a_component_does_not_run_ahead_of_one_before_it_that_takes_its_value_of_before():
    # b comes after a, and feeds the late c, which waits for a: d must not step before c has taken its value
    found = parallel_levels("gauss_seidel", ("a", "c", "d"), links(("a", "c"), ("d", "c")))
    assert found == (("a",), ("c", "d"))


def test_what_flows_with_a_declared_delay_makes_nobody_wait():
    assert parallel_levels("gauss_seidel", ("a", "b"), links(("a", "b"), delay=True)) == (("a", "b"),)


def test_loops_that_are_solved_wait_for_each_other_as_a_whole():
    edges = links(("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("d", "c"), ("a", "e"))
    loops = (("a", "b"), ("c", "d"))
    assert parallel_levels("iterative", ("a", "b", "c", "d", "e"), edges, loops) == (("a", "b"), ("c", "d", "e"))


@pytest.mark.parametrize("seed", range(20))
def test_levels_of_random_graphs_give_every_input_the_value_that_a_sweep_gives_it(seed):
    random = np.random.default_rng(seed)
    names = [f"c{k}" for k in range(7)]
    edges = [(a, b) for a in names for b in names if a != b and random.random() < 0.25]
    levels = parallel_levels("gauss_seidel", names, links(*edges))
    number = {name: index for index, level in enumerate(levels) for name in level}
    assert sorted(number) == names
    for source, destination in edges:
        if names.index(source) < names.index(destination):
            assert number[source] < number[destination]
        else:
            assert number[source] >= number[destination]
    graph = nx.DiGraph([edge for edge in edges if edge[0] < edge[1]])
    assert len(levels) >= (nx.dag_longest_path_length(graph) + 1 if graph else 1)
