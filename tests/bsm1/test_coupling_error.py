"""The coupling error of the plant is of order one in the macro step, in open and in closed loop."""

import numpy as np
import pytest

from tests.bsm1.coupling import errors


@pytest.mark.parametrize("closed", [False, True], ids=["open loop", "closed loop"])
def test_the_coupling_error_halves_with_the_macro_step(closed: bool) -> None:
    h = 28.125
    coarse, fine = errors(h, closed=closed), errors(h / 2, closed=closed)
    assert np.linalg.norm(coarse) / np.linalg.norm(fine) == pytest.approx(2.0, rel=0.05)
    assert np.abs(fine).max() < 0.01
