"""Effects and points alone: lines, samples, and what is remembered of the values before them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.scenarios.effects import Drifting, Noise, Replacement, Scaling
from orchestrator.scenarios.points import Clock, Point
from orchestrator.system.connections.links import Slot

FINITE = st.floats(-1e6, 1e6)


@given(FINITE, FINITE, st.floats(1e-3, 1e6), st.floats(0.0, 1.0))
def test_a_line_goes_from_its_first_to_its_last_value_and_stays_there(first, last, over, share):
    line = Drifting(first, last, over)
    line.begin(5.0)
    assert (line.apply(99.0, 4.0), line.apply(99.0, 5.0), line.apply(99.0, 5.0 + 2.0 * over)) == (first, first, last)
    expected = first + share * (last - first)
    assert line.apply(0.0, 5.0 + share * over) == pytest.approx(expected, abs=1e-3 * (1.0 + abs(last - first)))


def test_a_line_without_a_first_value_begins_at_the_one_it_finds():
    line = Drifting(None, 10.0, 4.0)
    line.begin(0.0)
    assert [line.apply(2.0, t) for t in (0.0, 1.0, 2.0, 4.0)] == [2.0, 4.0, 6.0, 10.0]
    assert line.apply(77.0, 2.0) == 6.0, "what comes later does not bend it"


def test_a_sample_of_noise_is_held_until_the_next_communication_point():
    noise = Noise(2.0, 3, "tank.u")
    noise.begin(0.0)
    first = noise.apply(1.0, 0.0)
    assert noise.apply(1.0, 0.5) == first
    noise.advance()
    assert noise.apply(1.0, 0.5) != first


def test_elements_have_independent_noise_from_one_seed():
    def samples(name):
        noise = Noise(1.0, 3, name)
        made = []
        for _ in range(4000):
            noise.advance()
            made.append(noise.apply(0.0, 0.0))
        return np.array(made)

    one, other = samples("tank.S[1]"), samples("tank.S[2]")
    assert (one == samples("tank.S[1]")).all()
    assert abs(np.corrcoef(one, other)[0, 1]) < 4.0 / np.sqrt(4000)


@given(FINITE, st.permutations([0, 1, 2]))
def test_effects_act_in_their_order_whenever_they_were_added_and_leave_nothing_behind(value, added):
    point = Point(Slot("tank", "u", 0), "tank.u", Clock(), is_input=True, free=False)
    effects = [Replacement(3.0), Scaling(2.0, 1.0), Scaling(-1.0, 0.5)]
    for order in added:
        point.add(order, effects[order])
    assert point.altered(value) == -(2.0 * 3.0 + 1.0) + 0.5
    assert point.raw == value
    for effect in effects:
        point.remove(effect)
    assert point.altered(value) == value
    assert not point.active
