"""Polynomials through communication points: exact for polynomials, whatever the distances, and careful where close."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.master.polynomials import History, Point, Polynomials, onwards

coefficients = st.lists(st.floats(-5.0, 5.0), min_size=3, max_size=3)
distances = st.lists(st.floats(0.1, 3.0), min_size=3, max_size=3)


def points(c, times, *, slopes=False):
    """Values of c[0] + c[1] t + c[2] t^2, for which alone two elements stand."""
    return [
        Point(
            t,
            np.full(2, c[0] + c[1] * t + c[2] * t * t),
            np.array([c[1] + 2.0 * c[2] * t, np.nan]) if slopes else None,
        )
        for t in times
    ]


def at(found, base, t):
    return Polynomials(base, found).at(t)


@given(coefficients, distances, st.floats(0.1, 1.0))
def test_a_parabola_goes_on_as_itself_from_points_at_any_distances(c, steps, h):
    times = np.cumsum(steps)
    found = onwards(points(c, times), None, times[-1], h, 2)
    t = times[-1] + h
    assert at(found, times[-1], t) == pytest.approx(c[0] + c[1] * t + c[2] * t * t, rel=1e-6, abs=1e-6)
    assert at(found, times[-1], times[-1]) == pytest.approx(points(c, times)[-1].values, rel=1e-12, abs=1e-12)


@given(coefficients, distances, st.floats(0.1, 1.0))
def test_with_a_newer_value_it_comes_to_that_one_and_its_mean_is_that_of_the_parabola(c, steps, h):
    times = np.cumsum(steps)
    start, end = times[-1], times[-1] + h
    found = onwards(points(c, times), points(c, [end])[0], start, h, 2)
    integral = sum(c[k] * (end ** (k + 1) - start ** (k + 1)) / (k + 1) for k in range(3))
    assert Polynomials(start, found).mean(start, end) * h == pytest.approx(integral, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("newest", [False, True])
def test_a_known_derivative_takes_the_place_of_the_earlier_point(newest):
    c = [1.0, -2.0, 3.0]
    later = points(c, [0.7])[0] if newest else None
    found = onwards(points(c, [0.2, 0.5] if not newest else [0.5], slopes=True), later, 0.5, 0.2, 2)
    assert at(found, 0.5, 0.7)[0] == pytest.approx(c[0] + c[1] * 0.7 + c[2] * 0.49)
    straight = onwards(points(c, [0.5], slopes=True), None, 0.5, 0.2, 1)
    assert at(straight, 0.5, 0.7) == pytest.approx([0.75 + 1.0 * 0.2, 0.75])


def test_the_order_is_at_most_that_of_the_points_there_are():
    for count, expected in ((1, 4.0), (2, 7.0), (3, 9.0)):
        times = [0.0, 1.0, 2.0][-count:]
        found = onwards([Point(t, np.array([t * t])) for t in times], None, 2.0, 1.0, 2)
        assert at(found, 2.0, 3.0) == pytest.approx([expected])


def test_points_that_lie_very_close_make_no_slope():
    jump = [Point(0.0, np.array([0.0])), Point(1.0, np.array([1.0])), Point(1.0 + 1e-9, np.array([2.0]))]
    found = onwards(jump, None, 1.0 + 1e-9, 1.0, 1)
    assert at(found, 1.0, 2.0) == pytest.approx([4.0], rel=1e-6)


@given(coefficients, st.floats(0.0, 2.0), st.floats(0.1, 2.0))
def test_derivatives_and_values_of_a_polynomial_agree(c, t, h):
    one = Polynomials(0.5, np.array(c).reshape(3, 1))
    first, second = one.derivatives(t)
    assert one.at(t) + first * h + second * h * h / 2.0 == pytest.approx(one.at(t + h), abs=1e-9)


def test_a_history_replaces_a_point_at_the_same_time_and_forgets_the_oldest():
    history = History(1)
    for t, value in ((0.0, 1.0), (1.0, 2.0), (1.0, 3.0), (2.0, 4.0)):
        history.add(Point(t, np.array([value])))
    assert [(point.time, point.values[0]) for point in history.points] == [(1.0, 3.0), (2.0, 4.0)]
    kept = history.remembered()
    history.add(Point(3.0, np.array([5.0])))
    history.remember(kept)
    assert [point.time for point in history.points] == [1.0, 2.0]
