"""Communication points are computed from their index."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import DescriptionError
from orchestrator.master.step_size import FixedStep


def test_time_is_start_plus_index_times_step_size_and_never_a_sum() -> None:
    grid = FixedStep(start=5.0, stop=1005.0, step_size=0.1)
    assert grid.count == 10_000
    assert all(grid.time(k) == 5.0 + k * 0.1 for k in range(grid.count))
    assert grid.time(grid.count) == 1005.0


def test_the_last_step_is_clipped_to_end_at_the_stop() -> None:
    grid = FixedStep(0.0, 1.0, 0.3)
    assert grid.count == 4
    assert grid.clipped
    assert grid.step(2) == 0.3
    assert grid.step(3) == 1.0 - grid.time(3)


def test_a_last_step_within_rounding_is_not_made() -> None:
    assert FixedStep(0.0, 0.3 + 1e-12, 0.1).count == 3
    assert FixedStep(0.0, 0.1 + 0.2, 0.1).count == 3
    assert not FixedStep(0.0, 0.1 + 0.2, 0.1).clipped


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e3), st.integers(1, 100_000))
def test_no_step_ends_after_the_stop(start: float, h: float, n: int) -> None:
    stop = start + n * h
    grid = FixedStep(start, stop, h)
    assert abs(grid.count - n) <= 1
    last = grid.count - 1
    assert grid.time(last) + grid.step(last) <= stop or grid.step(last) == stop - grid.time(last)
    assert grid.step(last) > 0.0


def test_a_stop_before_the_start_is_refused() -> None:
    with pytest.raises(DescriptionError, match="stop 1 s is not after start 2 s"):
        FixedStep(2.0, 1.0, 0.1)


def test_a_stop_that_never_comes_is_refused() -> None:
    for stop in (float("inf"), float("nan")):
        with pytest.raises(DescriptionError, match=r"is not after start 0 s\. Choose a later, finite stop"):
            FixedStep(0.0, stop, 0.1)


@pytest.mark.parametrize(("start", "stop", "h"), [(0.0, 10.0, 1e-300), (1e16, 1e16 + 10.0, 1.0)])
def test_steps_that_do_not_change_the_time_are_refused(start: float, stop: float, h: float) -> None:
    with pytest.raises(DescriptionError, match="is too small to tell times between"):
        FixedStep(start, stop, h)


def test_milliseconds_of_the_unix_clock_are_fine() -> None:
    assert FixedStep(1.7e9, 1.7e9 + 1.0, 1e-3).count == 1000
