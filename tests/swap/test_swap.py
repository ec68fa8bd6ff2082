"""The swap through the seam, with an FMU and a surrogate made of functions and a clock that they move."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.errors import CapabilityError, DescriptionError, StepError
from orchestrator.instance import Bundle, StateWrite, Status
from orchestrator.observer import Event
from orchestrator.plain_data import pack
from orchestrator.swap import Mode, SwapInstance
from orchestrator.system.description import Swap
from tests.swap.swap_doubles import CONNECTORS, FakeClock, FunctionInstance

U, X = (Bundle.of([connector]) for connector in CONNECTORS[:2])


def decay(rate: float) -> Any:
    return lambda x, u, h: x * np.exp(-rate * h) + u * h


class Pair:
    """A swap of two doubles, their events, and a master of one line."""

    def __init__(self, surrogate_cost: float = 0.001, rate: float = 0.1, **policy: Any) -> None:
        self.clock = FakeClock()
        self.fmu = FunctionInstance(decay(0.1), self.clock, cost=0.01)
        self.surrogate = FunctionInstance(decay(rate), self.clock, cost=surrogate_cost)
        self.events: list[Event] = []
        plan = {"to_surrogate_at": 5.0, "back_at": 12.0, "shadow": 3, **policy}
        self.swap = SwapInstance(self.fmu, self.surrogate, Swap(surrogate=Path("x.surrogate"), **plan), self.clock)
        self.swap.enter_initialization(0.0, None, None)
        self.swap.exit_initialization()

    def run(self, first: int, last: int) -> list[float]:
        values = []
        for k in range(first, last):
            self.swap.set(U, np.array([0.5 + 0.1 * k]))
            assert self.swap.do_step(float(k), 1.0).status is Status.OK
            x = np.empty(2)
            self.swap.get(X, x)
            values.append(float(x[0]))
        self.events += self.swap.take_events()
        return values

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


def test_hand_over_falls_on_its_communication_point_in_both_directions():
    pair = Pair()
    pair.run(0, 20)
    assert [(hand_over.t, hand_over.newcomer) for hand_over in pair.swap.report.hand_overs] == [
        (5.0, "surrogate"),
        (12.0, "fmu"),
    ]


def test_the_fmu_is_not_stepped_while_the_surrogate_is_in_charge():
    pair = Pair()
    pair.run(0, 20)
    assert pair.fmu.steps == [0, 1, 2, 3, 4, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]
    assert pair.surrogate.steps == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert pair.swap.report.steps == {
        Mode.FMU: 2 + 8,
        Mode.SHADOW_SURROGATE: 3,
        Mode.SURROGATE: 4,
        Mode.SHADOW_FMU: 3,
    }


def test_a_perfect_surrogate_leaves_the_trajectory_unchanged_to_the_bit():
    alone = Pair(to_surrogate_at=1000.0, back_at=None).run(0, 20)
    assert Pair().run(0, 20) == alone


def test_a_surrogate_that_drifts_is_handed_the_states_of_the_fmu_anew_so_that_the_first_bump_is_zero():
    pair = Pair(rate=0.2)
    pair.run(0, 20)
    forward, back = pair.swap.report.hand_overs
    assert [bump.scaled for bump in forward.outputs + forward.states] == [0.0, 0.0, 0.0]
    assert pair.swap.report.shadow_error["x"] > 0.05
    assert back.way == "restart"
    assert back.outputs[0].absolute > 0.05


def test_the_bump_back_is_what_the_newcomer_gained_on_the_incumbent_during_the_shadow():
    pair = Pair(rate=0.2)
    pair.run(0, 9)
    start = np.array(pair.surrogate.values["x"])
    fmu, surrogate = start, start
    for k in range(9, 12):
        fmu, surrogate = decay(0.1)(fmu, 0.5 + 0.1 * k, 1.0), decay(0.2)(surrogate, 0.5 + 0.1 * k, 1.0)
    pair.run(9, 13)
    bump = pair.swap.report.hand_overs[-1].states[0]
    assert bump.connector == "x"
    assert bump.absolute == pytest.approx(abs(fmu[0] - surrogate[0]), rel=1e-12)
    assert bump.scaled == pytest.approx(abs(fmu[0] - surrogate[0]) / max(surrogate[0], 0.1), rel=1e-12)


def test_a_surrogate_that_is_not_faster_is_not_swapped_in():
    pair = Pair(surrogate_cost=0.02)
    pair.run(0, 20)
    assert pair.kinds() == ["swap.shadow", "swap.no_gain"]
    assert pair.swap.report.declined is not None
    assert "no gain, not swapped" in pair.swap.report.declined
    assert "2e+04 us, FMU 1e+04 us" in pair.swap.report.declined
    assert pair.swap.report.steps[Mode.SURROGATE] == 0


def test_a_forced_swap_goes_ahead_and_is_labelled():
    pair = Pair(surrogate_cost=0.02, force=True)
    pair.run(0, 20)
    assert pair.kinds() == ["swap.shadow", "swap.forced", "swap.shadow", "swap.to_fmu"]
    assert pair.swap.report.forced
    assert pair.swap.report.speed_up == pytest.approx(0.5)


def test_the_measured_costs_are_those_of_the_clock():
    pair = Pair()
    pair.run(0, 20)
    report = pair.swap.report
    assert (report.fmu.steps, report.fmu.p50, report.fmu.p99) == pytest.approx((16, 0.01, 0.01))
    assert (report.surrogate.steps, report.surrogate.p50) == pytest.approx((10, 0.001))
    assert report.speed_up == pytest.approx(10.0)


def test_a_guard_violation_leads_back_to_the_fmu_and_stays_there():
    pair = Pair(back_at=1000.0)
    pair.run(0, 7)
    pair.surrogate.violation = "x = 9 above 8"
    pair.run(7, 15)
    assert pair.kinds()[-3:] == ["swap.guard", "swap.shadow", "swap.to_fmu"]
    assert pair.events[-3].message == "x = 9 above 8"
    assert pair.swap.report.hand_overs[-1].t == 11.0  # judged where the step to 8 ends, then a shadow of 3
    assert pair.swap.mode is Mode.FMU


def test_a_surrogate_outside_its_domain_is_not_swapped_in():
    pair = Pair()
    pair.surrogate.violation = "u = 9 above 1"
    pair.run(0, 20)
    assert pair.kinds() == ["swap.shadow", "swap.guard"]
    assert pair.swap.mode is Mode.FMU


def test_a_surrogate_that_refuses_a_shadow_step_is_given_up():
    pair = Pair()
    pair.surrogate.status = Status.DISCARD
    pair.run(0, 20)
    assert pair.kinds() == ["swap.shadow", "swap.refused"]


def test_an_fmu_that_refuses_its_shadow_step_leaves_no_way_back():
    pair = Pair()
    pair.run(0, 9)
    pair.fmu.status = Status.DISCARD
    with pytest.raises(StepError, match="no way back"):
        pair.run(9, 10)


@pytest.mark.parametrize("rewind_to", [0, 3, 6, 10, 14])
def test_a_kept_state_repeats_the_run_to_the_bit_in_every_mode(rewind_to: int):
    pair = Pair(rate=0.15)
    pair.run(0, rewind_to)
    state = pair.swap.save_state()
    before = len(pair.events)
    once, report = pair.run(rewind_to, 20), pair.swap.report
    told = pair.events[before:]
    pair.swap.restore_state(state)
    assert pair.swap.take_events() == []
    del pair.events[before:]
    assert pair.run(rewind_to, 20) == once
    assert pair.events[before:] == told
    assert pair.swap.report.hand_overs == report.hand_overs
    assert pair.swap.report.steps == report.steps
    pair.swap.free_state(state)


@pytest.mark.parametrize("stopped_at", [0, 3, 6, 10, 14])
def test_another_process_goes_on_from_bytes_in_every_mode(stopped_at: int):
    pair, other = Pair(rate=0.15), Pair(rate=0.15)
    before = pair.run(0, stopped_at)
    data = pair.swap.serialize_state(pair.swap.save_state())
    other.swap.restore_state(other.swap.deserialize_state(data))
    other.clock.now = pair.clock.now
    assert (before, other.run(stopped_at, 20)) == (before, pair.run(stopped_at, 20))
    assert other.events == pair.events[len(pair.events) - len(other.events) :]
    assert other.swap.report == pair.swap.report


def test_bytes_of_something_else_are_refused():
    pair = Pair()
    for data in (b"", pack({}), pack([1, 2, 3, 4])):
        with pytest.raises(CapabilityError, match="no state of a swap"):
            pair.swap.deserialize_state(data)


def test_events_of_a_step_that_is_taken_back_are_told_once():
    pair = Pair()
    pair.run(0, 1)
    for _ in range(3):
        state = pair.swap.save_state()
        assert pair.swap.do_step(1.0, 1.0).status is Status.OK
        pair.swap.restore_state(state)
    pair.run(1, 3)
    assert pair.kinds() == ["swap.shadow"]


def test_a_return_without_writable_states_is_refused_before_the_run():
    clock = FakeClock()
    fmu = FunctionInstance(decay(0.1), clock, 0.01, state_write=StateWrite.NONE)
    policy = Swap(surrogate=Path("x.surrogate"), to_surrogate_at=5.0, back_at=9.0)
    with pytest.raises(CapabilityError, match="'tank' cannot be handed back at 9 s"):
        SwapInstance(fmu, FunctionInstance(decay(0.1), clock, 0.001), policy, clock)


def test_a_return_before_the_hand_over_is_refused():
    with pytest.raises(DescriptionError, match="back_at 4 s is not after to_surrogate_at 5 s"):
        Pair(back_at=4.0)


def test_a_surrogate_of_another_fmu_is_refused_by_the_names_that_it_lacks():
    clock = FakeClock()
    other = (*CONNECTORS[:2], replace(CONNECTORS[2], name="z"))
    policy = Swap(surrogate=Path("x.surrogate"), to_surrogate_at=5.0)
    with pytest.raises(CapabilityError, match=r"lacks y"):
        SwapInstance(
            FunctionInstance(decay(0.1), clock, 0.01), FunctionInstance(decay(0.1), clock, 0.001, other), policy, clock
        )


def test_a_local_variable_that_the_surrogate_cannot_provide_is_no_connector_of_the_swap():
    clock = FakeClock()
    surrogate = FunctionInstance(decay(0.1), clock, 0.001, CONNECTORS[:3])
    policy = Swap(surrogate=Path("x.surrogate"), to_surrogate_at=5.0)
    swap = SwapInstance(FunctionInstance(decay(0.1), clock, 0.01), surrogate, policy, clock)
    assert [connector.name for connector in swap.connectors] == ["u", "x", "y"]


def test_closing_the_swap_closes_both():
    pair = Pair()
    pair.swap.close()
    assert pair.fmu.closed
    assert pair.surrogate.closed
