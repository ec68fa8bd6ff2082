"""What is counted of components lies in one book, and is the same whether steps are counted one by one or together."""

import pytest

from orchestrator.master.statistics import Statistics


@pytest.fixture
def statistics() -> Statistics:
    """Of three components, the last of which does not follow."""
    made = Statistics()
    for name in "abc":
        made.of(name)
    made.of("a").steps = 5
    for name in "ab":
        made.of(name).follow()
    return made


def steps(statistics: Statistics) -> dict[str, int]:
    return {name: each.steps for name, each in statistics.components.items()}


def test_steps_made_together_are_those_of_all_components_that_follow(statistics: Statistics) -> None:
    statistics.book.together += 10
    statistics.of("b").steps += 1
    statistics.of("c").saves += 1
    assert steps(statistics) == {"a": 15, "b": 11, "c": 0}
    assert statistics.of("b").counted() == {"steps": 11, "saves": 0, "restores": 0, "discards": 0}
    assert statistics.of("c").saves == 1


def test_a_component_that_begins_to_follow_keeps_what_it_has_counted(statistics: Statistics) -> None:
    statistics.book.together += 10
    statistics.of("c").steps = 3
    statistics.of("c").follow()
    assert steps(statistics) == {"a": 15, "b": 10, "c": 3}
    statistics.book.together += 1
    assert steps(statistics) == {"a": 16, "b": 11, "c": 4}


def test_what_is_put_back_is_what_was_counted(statistics: Statistics) -> None:
    statistics.loop(("a", "b")).iterations = 2
    before, seen = statistics.counted(), statistics.remembered()
    statistics.book.together += 4
    statistics.of("b").discards += 1
    statistics.loop(("a", "b")).iterations += 7
    statistics.put_back(before)
    assert statistics.remembered() == seen


def test_a_checkpoint_goes_on_counting_where_it_was_made(statistics: Statistics) -> None:
    statistics.book.together += 4
    other = Statistics()
    other.of("b").follow()
    other.book.together = 100
    other.remember(statistics.remembered())
    assert steps(other) == steps(statistics)
    assert other.remembered() == statistics.remembered()
