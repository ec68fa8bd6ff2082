"""Several threads are used where they are faster, found out on machines that are made up."""

import math
from collections.abc import Callable
from typing import NamedTuple

import pytest

from orchestrator.master.compiled.parallel import threads as parallel
from orchestrator.master.compiled.parallel.choice import LOSS, PAUSES, Choice, Way

PATIENCE = 1e-9 * parallel.PATIENCE


class Machine(NamedTuple):
    """What a macro step takes (s), by the time: with one thread, and with several."""

    alone: Callable[[float], float]
    together: Callable[[float], float]
    promised: float = 0.5


class Spent(NamedTuple):
    """Time (s) that a run took, what one thread would have taken, and the parts of its steps by way."""

    time: float
    alone: float
    parts: dict[Way, float]


def paced(machine: Machine, length: float) -> Spent:
    """Steps for so long (s), with pauses between them that nobody counts, told when the way is to be looked at."""
    choice = Choice(lambda steps: machine.promised)
    time = alone = 0.0
    made = dict.fromkeys(Way, 0)
    while time < length:
        way = choice.way
        each = (machine.together if way is Way.TOGETHER else machine.alone)(time)
        steps = max(1, math.ceil(choice.span / choice.alone)) if choice.alone > 0.0 else 1
        alone += steps * machine.alone(time)
        time += steps * each
        made[way] += steps
        choice.told(steps, steps * each)
    return Spent(time, alone, {way: count / sum(made.values()) for way, count in made.items()})


def run(machine: Machine, length: float, slice_length: float = 0.01) -> Spent:
    """Steps for so long (s), in slices as the loop makes them."""
    choice = Choice(lambda steps: machine.promised)
    time = alone = 0.0
    made = dict.fromkeys(Way, 0)
    while time < length:
        way = choice.way
        each = (machine.together if way is Way.TOGETHER else machine.alone)(time)
        most = max(1, int(slice_length / each))
        steps = min(most, choice.steps or most)
        behind = each - choice.alone
        early = way is Way.TOGETHER and steps * behind > PATIENCE
        if early:  # the hot loop comes back
            steps = min(steps, 1 + int(PATIENCE / behind))
        alone += steps * machine.alone(time)
        time += steps * each
        made[way] += steps
        choice.told(steps, steps * each, enough=early)
    return Spent(time, alone, {way: count / sum(made.values()) for way, count in made.items()})


@pytest.mark.parametrize("run", [run, paced])
@pytest.mark.parametrize("step", [1e-6, 1e-3, 1e-2, 0.1])
def test_two_threads_that_are_twice_as_fast_make_nearly_all_steps(step, run):
    spent = run(Machine(lambda t: step, lambda t: 0.51 * step), max(5.0, 200 * step))
    assert spent.alone / spent.time > 1.9
    assert spent.parts[Way.TOGETHER] > 0.95


@pytest.mark.parametrize("run", [run, paced])
@pytest.mark.parametrize("times", [1.0, 1.2, 3.0, 20.0])
@pytest.mark.parametrize("step", [1e-6, 1e-3])
def test_threads_that_are_no_faster_cost_next_to_nothing(step, times, run):
    spent = run(Machine(lambda t: step, lambda t: times * step), 5.0)
    assert spent.time / spent.alone < 1.0 + 1.5 * LOSS  # the last trial may come on top


def test_threads_that_promise_nothing_are_not_tried():
    spent = run(Machine(lambda t: 1e-6, lambda t: 0.5e-6, promised=0.95), 5.0)
    assert spent.parts[Way.TOGETHER] == 0.0
    assert spent.parts[Way.METERED] < LOSS


def test_threads_that_wake_up_slowly_are_tried_once_more():
    slow: list[float] = []

    def together(t: float) -> float:
        slow.append(t)
        return 2e-5 if len(slow) < 2 else 5e-6

    assert run(Machine(lambda t: 1e-5, together), 5.0).parts[Way.TOGETHER] > 0.95


def test_where_another_process_takes_a_core_one_thread_goes_on_at_once():
    taken = Machine(lambda t: 1e-5, lambda t: 5e-6 if t < 2.0 else 2e-4)
    spent = run(taken, 10.0)
    before = run(taken, 2.0)
    assert (spent.time - before.time) / (spent.alone - before.alone) < 1.0 + 2.0 * LOSS


def test_where_a_core_becomes_free_it_is_used_after_a_while():
    spent = run(Machine(lambda t: 1e-5, lambda t: 5e-6 if t > 10.0 else 2e-4), 60.0)
    assert spent.alone > 10.0 + 1.8 * (50.0 - 2.0 * PAUSES[1])


def test_components_that_become_dearer_are_no_reason_to_give_up():
    spent = run(Machine(lambda t: 1e-5 * (1.0 + t), lambda t: 0.55e-5 * (1.0 + t)), 5.0)
    assert spent.parts[Way.TOGETHER] > 0.9


def test_nothing_is_decided_before_a_step_is_made():
    choice = Choice(lambda steps: 0.5)
    choice.told(0, 100.0)
    assert choice.way is Way.ALONE
