"""Where a stride begins is kept by compiled functions; a refused step takes everything back there."""

import logging
from collections.abc import Iterator
from ctypes import CFUNCTYPE, c_int, c_void_p, cast
from typing import Any

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.errors import CapabilityError, StepError
from orchestrator.master.compiled.anchor import Anchor
from orchestrator.master.compiled.layout import states as layout_states
from tests.textbook import lotka_volterra

_KEEPS = CFUNCTYPE(c_int, c_void_p, c_void_p)


@pytest.fixture(params=[2, 3], ids=["fmi2", "fmi3"])
def run(request: pytest.FixtureRequest) -> Iterator[Any]:
    with open_simulation(lotka_volterra(0.01, stop=5.0, version=request.param)) as opened:
        opened.run(until=1.0)
        yield opened


def anchor_of(run: Any) -> Anchor:
    found = run._stepping._anchor
    assert isinstance(found, Anchor)
    return found


def answering(found: Anchor, place: int, status: int, component: int = 0) -> Any:
    """Let a component answer like that; what is returned has to live as long."""
    function = _KEEPS(lambda _handle, _state: status)
    found._rows[component, place // 8] = cast(function, c_void_p).value or 0
    return function


def test_steps_from_an_anchor_are_the_same_each_time(run: Any) -> None:
    found = anchor_of(run)
    found.keep(run.time)
    begun = run.coupling.signals.copy()
    values = []
    for _ in range(3):
        for participant in run.coupling.participants:
            participant.advance(1.0, 0.01)
        values.append([float(run.coupling.signals.float64.sum())])
        found.go_back()
        for storage, array in begun.items():
            assert np.array_equal(run.coupling.signals.array(storage), array)
    assert values[0] == values[1] == values[2]
    assert [each.instance._fmu.time for each in run.coupling.participants] == [1.0, 1.0]


def test_states_are_kept_in_the_same_memory(run: Any) -> None:
    found = anchor_of(run)
    slots = found._rows[:, layout_states.SLOT // 8]
    places = [c_void_p.from_address(int(slot)).value for slot in slots]
    run.step()
    run.step()
    assert [c_void_p.from_address(int(slot)).value for slot in slots] == places
    assert None not in places


def test_a_state_that_cannot_be_kept_ends_the_run_where_it_is(run: Any) -> None:
    function = answering(anchor_of(run), layout_states.GET, 3)
    before = run.coupling.signals.copy()
    with pytest.raises(StepError, match="GetFMUState"):
        run.step()
    assert run.time == 1.0
    assert np.array_equal(run.coupling.signals.float64, before[next(iter(before))])
    assert function is not None


def test_a_warning_is_logged_and_the_others_are_kept_too(run: Any, caplog: pytest.LogCaptureFixture) -> None:
    found = anchor_of(run)
    function = answering(found, layout_states.GET, 1)
    with caplog.at_level(logging.WARNING, "cotwin"):
        found.keep(run.time)
    assert "GetFMUState" in caplog.text
    assert found._rows[1, layout_states.STATUS // 8] == 0
    assert function is not None


def test_a_component_that_does_not_go_back_is_an_error(run: Any) -> None:
    found = anchor_of(run)
    found.keep(run.time)
    function = answering(found, layout_states.SET, 3, component=1)
    with pytest.raises(StepError, match="SetFMUState"):
        found.go_back()
    assert function is not None


def test_a_component_that_was_ended_is_not_asked_for_its_state(run: Any) -> None:
    run.instances["predator"].terminate()
    with pytest.raises(CapabilityError, match="step"):
        run.step()
