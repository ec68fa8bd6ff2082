"""The box: what lies inside, what is worst outside."""

import numpy as np
import pytest

from surrogates.guard import Box

BOX = Box.around(("feed", "V"), np.array([[0.0, 100.0], [10.0, 300.0], [5.0, 200.0]]), margin=0.1)


def test_the_box_is_that_of_the_samples_with_a_margin():
    np.testing.assert_allclose(BOX.low, [-1.0, 80.0])
    np.testing.assert_allclose(BOX.high, [11.0, 320.0])


def test_inside_there_is_nothing_to_say():
    verdict = BOX.check(np.array([11.0, 80.0]))
    assert verdict.inside
    assert verdict.message is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((20.0, 330.0), "feed = 20 is above 11"),
        ((12.0, 0.0), "V = 0 is below 80"),
        ((5.0, float("nan")), "V = nan"),
    ],
)
def test_outside_the_worst_quantity_is_named_with_its_bound(values: tuple[float, float], message: str):
    verdict = BOX.check(np.array(values))
    assert not verdict.inside
    assert verdict.message is not None
    assert verdict.message.startswith(message)
