"""Which components may step at the same time, and how they are shared out."""

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.master.compiled.parallel.split import CHUNKS, ROUND, levels, split

NONE: frozenset[int] = frozenset()


def participants(count: int, feeds: list[tuple[int, int]]) -> list[Any]:
    """Stand-ins that know what flows into them: pairs of numbers, from and to."""
    return [
        SimpleNamespace(
            name=f"c{number}",
            plan=tuple(
                SimpleNamespace(links=(SimpleNamespace(source=SimpleNamespace(component=f"c{source}")),))
                for source, target in feeds
                if target == number
            ),
        )
        for number in range(count)
    ]


def test_all_inputs_are_there_before_a_step_of_jacobi():
    assert levels(participants(3, [(0, 1), (1, 2), (2, 0)]), newest=False) == ((0, 1, 2),)


def test_a_chain_leaves_nothing_to_do_at_the_same_time():
    assert levels(participants(3, [(0, 1), (1, 2)]), newest=True) == ((0,), (1,), (2,))


def test_components_that_one_feeds_step_at_the_same_time():
    assert levels(participants(4, [(0, 1), (0, 2), (2, 3)]), newest=True) == ((0,), (1, 2), (3,))


def test_who_feeds_an_earlier_one_waits_until_that_has_stepped():
    assert levels(participants(3, [(2, 0)]), newest=True) == ((0, 1), (2,))


def test_a_component_that_feeds_itself_does_not_wait_for_itself():
    assert levels(participants(2, [(0, 0)]), newest=True) == ((0, 1),)


graphs = st.integers(1, 12).flatmap(
    lambda count: st.tuples(
        st.just(count), st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=30)
    )
)


@given(graphs)
def test_whoever_feeds_another_one_steps_in_another_level_and_in_the_same_order(graph):
    count, feeds = graph
    found = levels(participants(count, feeds), newest=True)
    level = {number: deep for deep, each in enumerate(found) for number in each}
    assert sorted(level) == list(range(count))
    for source, target in feeds:
        assert source == target or (level[source] < level[target]) == (source < target)
        assert source == target or level[source] != level[target]


def test_neighbours_stay_together():
    shares = split(range(100), dict.fromkeys(range(100), 1e3), NONE, 2)
    assert [sum(chunks, ()) for chunks in shares.chunks] == [tuple(range(50)), tuple(range(50, 100))]
    assert shares.costs == 50e3 + ROUND


def test_the_dearest_are_parted_where_neighbours_would_not_do():
    costs = {0: 9e6, 1: 1e6, 2: 1e6, 3: 9e6, 4: 9e6, 5: 9e6}
    shares = split(range(6), costs, NONE, 2)
    assert shares.costs - ROUND == 19e6


def test_what_is_pinned_stays_with_the_calling_thread_and_counts_there():
    shares = split(range(4), dict.fromkeys(range(4), 1e6), frozenset({0, 1}), 2)
    assert shares.mine == (0, 1)
    assert shares.chunks[0] == ()
    assert sum(shares.chunks[1], ()) == (2, 3)


def test_a_level_that_is_not_worth_a_round_is_stepped_by_the_calling_thread():
    assert split((3, 5), {3: 200.0, 5: 200.0}, NONE, 2) == ((3, 5), (), 400.0)
    assert split((3,), {3: 1e9}, NONE, 2).mine == (3,)


@given(st.lists(st.floats(0.0, 1e7), min_size=1, max_size=40), st.integers(2, 8), st.data())
def test_everybody_is_stepped_once_and_no_thread_has_more_to_do_than_graham_allows(found, threads, data):
    costs = dict(enumerate(found))
    pinned = frozenset(data.draw(st.sets(st.sampled_from(range(len(found))), max_size=2)))
    shares = split(tuple(costs), costs, pinned, threads)
    parts = [sum(chunks, ()) for chunks in shares.chunks]
    assert sorted((*shares.mine, *sum(parts, ()))) == list(costs)
    assert all(len(chunks) <= CHUNKS + 1 for chunks in shares.chunks)
    if parts:
        assert pinned == set(shares.mine)
        least = max(max(found), sum(found) / threads, sum(costs[each] for each in pinned))
        took = [sum(costs[each] for each in part) for part in parts]
        took[0] += sum(costs[each] for each in pinned)
        assert max(took) <= 2.0 * least * (1.0 + 1e-9)
        assert shares.costs <= sum(found)
