"""What is looked through for garbage while a run is under way."""

import gc
import weakref

import pytest

from orchestrator import collection
from orchestrator.assembly import open_simulation
from orchestrator.collection import new_garbage_alone
from tests.textbook import lotka_volterra

MANY = collection._MANY


class Ring:
    """An object that only a search for garbage can free."""

    def __init__(self) -> None:
        self.itself = self


def test_what_was_there_is_left_in_peace_until_all_runs_are_through_and_what_is_made_meanwhile_is_not():
    before = weakref.ref(Ring())
    with new_garbage_alone(MANY):
        with new_garbage_alone(MANY):
            meanwhile = weakref.ref(Ring())
            gc.collect()
        assert meanwhile() is None
        assert before() is not None
        assert gc.get_freeze_count()
    gc.collect()
    assert before() is None
    assert gc.get_freeze_count() == 0


def test_runs_one_after_the_other_keep_no_garbage_while_another_goes_on():
    with new_garbage_alone(MANY):
        with new_garbage_alone(MANY):
            left = weakref.ref(Ring())
        with new_garbage_alone(MANY):
            gc.collect()
        assert left() is None


def test_objects_that_somebody_froze_stay_frozen():
    gc.freeze()
    try:
        before = gc.get_freeze_count()
        with new_garbage_alone(MANY):
            pass
        assert gc.get_freeze_count() == before
    finally:
        gc.unfreeze()


@pytest.mark.parametrize("interpreted", [False, True])
@pytest.mark.parametrize("many", [False, True])
def test_a_run_of_many_components_looks_through_few_objects(interpreted, many, monkeypatch):
    """The oldest objects are millions in a large system: each search among them is a pause."""
    monkeypatch.setattr(collection, "_MANY", 2 if many else 3)
    frozen: list[int] = []

    class Asks:
        patient = False

        def initialized(self, *_: object) -> None:
            frozen.append(gc.get_freeze_count())

        def communication_point(self, *_: object, **__: object) -> None:
            frozen.append(gc.get_freeze_count())

        rolled_back = swapped = terminated = event = communication_point

    with open_simulation(lotka_volterra(0.1, stop=1.0), interpreted=interpreted, observers=[Asks()]) as simulation:
        simulation.run()
    assert frozen[0] == 0
    assert all(count > 1000 if many else count == 0 for count in frozen[1:-1])
    assert gc.get_freeze_count() == 0


def test_systems_that_were_closed_do_not_stay(monkeypatch):
    monkeypatch.setattr(collection, "_MANY", 2)
    closed = []
    for _ in range(4):
        with open_simulation(lotka_volterra(0.1, stop=1.0)) as simulation:
            simulation.run()
        closed.append(weakref.ref(simulation))
    assert [each() is None for each in closed] == [True, True, True, False]
