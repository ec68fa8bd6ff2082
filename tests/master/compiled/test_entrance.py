"""Components are asked whether they may be stepped where something happened to them, and know where they are."""

from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.assembly import open_simulation
from orchestrator.errors import CapabilityError
from orchestrator.fmi.native_co_simulation import NativeCoSimulation
from tests.textbook import lotka_volterra


@pytest.fixture
def run() -> Iterator[Any]:
    with open_simulation(lotka_volterra(0.01, stop=5.0)) as opened:
        opened.run(until=1.0)
        yield opened


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The components that were asked, in order."""
    found: list[Any] = []
    begin = NativeCoSimulation.begin

    def begins(native: NativeCoSimulation) -> None:
        found.append(native)
        begin(native)

    monkeypatch.setattr(NativeCoSimulation, "begin", begins)
    return found


def times(run: Any) -> list[float]:
    return [each._fmu.time for each in run.instances.values()]


def test_components_are_where_the_run_is(run: Any) -> None:
    assert times(run) == [1.0, 1.0]
    assert run.step() == run.time
    assert times(run) == [run.time] * 2
    run.run(until=2.0)
    assert times(run) == [2.0, 2.0]


def test_a_component_that_was_taken_elsewhere_is_where_it_was_taken(run: Any) -> None:
    prey = run.instances["prey"]
    states = [prey.save_state()]
    run.step()
    here = run.time
    states.append(prey.save_state())
    prey.restore_state(states[0])
    assert times(run) == [1.0, here]
    prey.restore_state(states[1])
    assert times(run) == [here, here]
    run.step()
    assert times(run) == [run.time] * 2
    for state in states:
        prey.free_state(state)


def test_components_are_not_asked_again_while_nothing_happens(asked: list[Any]) -> None:
    with open_simulation(lotka_volterra(0.01, stop=5.0)) as run:
        run.step()
        first = len(asked)
        assert first == 2
        for _ in range(5):
            run.step()
        assert len(asked) == first
        run.instances["prey"].free_state(run.instances["prey"].save_state())
        run.step()
        assert len(asked) == 2 * first


def test_what_another_simulation_does_changes_no_step(asked: list[Any]) -> None:
    with open_simulation(lotka_volterra(0.01, stop=5.0)) as alone:
        alone.run(until=1.0)
        expected = alone["prey.x"]
    with open_simulation(lotka_volterra(0.01, stop=5.0)) as one, open_simulation(lotka_volterra(0.02, stop=5.0)) as two:
        for _ in range(100):
            one.step()
            two.step()
        assert one["prey.x"] == expected
        assert times(one) == [one.time] * 2
        assert times(two) == [two.time] * 2
    assert asked


def test_a_component_that_was_ended_is_an_error_at_the_next_step(run: Any) -> None:
    run.step()
    run.instances["prey"].terminate()
    with pytest.raises(CapabilityError, match="step"):
        run.step()


def test_steps_made_by_hand_do_not_let_a_run_go_on_for_longer_without_a_look_at_the_clock() -> None:
    with open_simulation(lotka_volterra(0.01, stop=5.0)) as opened:
        for _ in range(200):
            opened.step()
        assert opened._loop._slice == 1
