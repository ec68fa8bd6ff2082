"""Designs fill their ranges, repeat by seed, and differ between splits."""

from collections import Counter

import numpy as np
import pytest

from surrogates.design import DesignSpace, Excitation, Range, Split, excite, make_designs

SPACE = DesignSpace(
    fixed=(Range("X", 10.0, 30.0), Range("S", 0.001, 0.1, logarithmic=True)),
    inputs=(Range("feed", 0.0, 80.0), Range("air", 5.0, 10.0)),
)


def test_start_values_fill_their_ranges_evenly():
    designs = make_designs(SPACE, Split.TRAIN, 64, 10, 1.0, seed=0)
    quarters = Counter(int((design.fixed["X"] - 10.0) // 5.0) for design in designs)
    assert set(quarters.values()) == {16}
    decades = Counter(int(np.log10(design.fixed["S"] / 0.001)) for design in designs)
    assert set(decades.values()) == {32}


def test_the_same_seed_gives_the_same_designs_and_every_split_its_own():
    twice = [make_designs(SPACE, Split.TEST, 5, 30, 1.0, seed=7) for _ in range(2)]
    assert [design.key for design in twice[0]] == [design.key for design in twice[1]]
    keys = {design.key for split in Split for design in make_designs(SPACE, split, 5, 30, 1.0, seed=7)}
    assert len(keys) == 20


def test_one_changed_value_changes_the_key():
    one, other = (
        make_designs(SPACE, Split.TEST, 2, 30, 1.0, seed=7)[0],
        make_designs(SPACE, Split.TEST, 2, 30, 1.0, 7)[0],
    )
    other.inputs["feed"][3] += 1e-12
    assert one.key != other.key


@pytest.mark.parametrize("kind", Excitation)
def test_inputs_stay_within_their_range(kind: Excitation):
    signal = excite(Range("feed", 2.0, 5.0), kind, 200, (3, 9), np.random.default_rng(0))
    assert signal.shape == (200,)
    assert 2.0 <= signal.min() <= signal.max() <= 5.0


def test_pseudo_random_steps_dwell_as_long_as_they_are_told():
    signal = excite(Range("feed", 0.0, 1.0), Excitation.APRBS, 500, (5, 8), np.random.default_rng(2))
    jumps = np.flatnonzero(np.diff(signal)) + 1
    lengths = np.diff(np.concatenate([[0], jumps]))
    assert lengths.min() >= 5
    assert lengths.max() <= 8


def test_ramps_pass_through_the_whole_range():
    signal = excite(Range("feed", 2.0, 5.0), Excitation.RAMP, 60, (5, 40), np.random.default_rng(4))
    assert (signal.min(), signal.max()) == (2.0, 5.0)


def test_ramps_are_straight_between_their_knots():
    signal = excite(Range("feed", 0.0, 1.0), Excitation.RAMP, 400, (20, 20), np.random.default_rng(3))
    bends = np.flatnonzero(np.abs(np.diff(signal, 2)) > 1e-12) + 1
    assert set(bends % 20) <= {0}


def test_stress_designs_reach_beyond_the_ranges_but_never_below_zero():
    designs = make_designs(SPACE, Split.STRESS, 64, 50, 1.0, seed=0)
    X = [design.fixed["X"] for design in designs]
    assert min(X) < 10.0
    assert max(X) > 30.0
    assert min(design.inputs["feed"].min() for design in designs) >= 0.0


def test_in_every_fourth_design_all_inputs_are_held():
    designs = make_designs(SPACE, Split.TRAIN, 12, 60, 1.0, seed=0)
    held = [all(np.ptp(values) == 0.0 for values in design.inputs.values()) for design in designs]
    assert [index for index, quiet in enumerate(held) if quiet] == [3, 7, 11]


def test_a_range_upside_down_is_refused():
    with pytest.raises(ValueError, match="range of 'X': 3 to 2"):
        Range("X", 3.0, 2.0)
