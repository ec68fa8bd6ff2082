"""The benchmarks of speed measure what they say they do."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from speed.comparison import TOLERANCE, Effort, compare
from speed.contender import COTWIN, ONWARD, Contender, NoAnswerError, Running
from speed.lines import Line
from speed.loops import exact, pair
from speed.masters.run_cotwin import run
from speed.peers import FMPY
from speed.report import masters_table
from speed.system import System
from speed.workloads import controlled_mass, random_graph, ring_of_lags

STEPS = 50


def lags(count: int, steps: int, h: float = 1e-3) -> np.ndarray:
    """The ring of lags, each with the value of the one before it at the last communication point."""
    y = np.tile(1.0 + np.arange(10) / 10, (count, 1))
    y[0] *= 2.0
    for _ in range(steps):
        y = y + h * (np.roll(y, 1, axis=0) - y)
    return y


@pytest.mark.parametrize("version", [2, 3])
def test_straight_c_steps_the_ring_as_numpy_does(version: int) -> None:
    with Running(None, ring_of_lags(3, steps=STEPS, version=version)) as floor:
        found = floor.run(STEPS, 30.0).finals
        assert floor.run(STEPS, 30.0).finals == found
    assert np.allclose(found, lags(3, STEPS).ravel(), rtol=0.0, atol=1e-14)


SYSTEMS: Mapping[str, Callable[[], System]] = {
    "ring": lambda: ring_of_lags(3, steps=STEPS, version=3),
    "mass": lambda: controlled_mass(steps=STEPS, record=True),
    "graph": lambda: random_graph(7, steps=STEPS),
}


@pytest.mark.parametrize(
    ("name", "contender"), [("ring", COTWIN), ("ring", FMPY), ("mass", COTWIN), ("mass", FMPY), ("graph", ONWARD)]
)
def test_a_contender_ends_with_the_values_of_straight_c(name: str, contender: Contender) -> None:
    system = SYSTEMS[name]()
    floor, line = compare("test", "w", system, [contender], Effort(turns=2))
    assert (floor.who, line.who) == ("C floor", contender.name)
    assert line.difference is not None, line.note
    assert line.difference <= TOLERANCE
    assert line.note == ""
    assert line.ratio == pytest.approx(line.value / floor.value)


def test_the_loop_of_the_benchmark_has_the_solution_it_is_compared_with() -> None:
    assert run(pair(0, STEPS), STEPS).finals == pytest.approx(exact(STEPS), abs=1e-6)


def test_a_contender_that_cannot_run_says_why() -> None:
    broken = Contender("broken", "no_such_script.py")
    lines = list(compare("test", "w", ring_of_lags(2, steps=STEPS), [broken], Effort(turns=1)))
    assert lines[1].value is None
    assert "no_such_script.py" in lines[1].note
    with (
        Running(COTWIN, ring_of_lags(2, steps=STEPS)) as running,
        pytest.raises(NoAnswerError, match="no answer within"),
    ):
        running.run(STEPS, 0.01)


def test_a_line_tells_its_ratio_and_whether_it_reached_what_it_should() -> None:
    slow = Line("masters", "W1-10", "cotwin", 0.3, "us", comparator="C floor", reference=0.2, reach=1.15)
    assert slow.ratio == pytest.approx(1.5)
    assert slow.reached is False
    fast = Line("x", "y", "cotwin", 50.0, "1", comparator="peer", reference=1.0, reach=40.0, more_is_better=True)
    assert fast.reached is True
    assert Line("x", "y", "cotwin", 1.2, "s", reach=1.5).reached is True
    assert Line("x", "y", "cotwin", None, "s", reach=1.5, note="why").reached is None


def test_the_table_has_a_row_for_each_master_the_cheapest_first() -> None:
    floor = Line("masters", "W1-10", "C floor", 0.2, "us")
    peer = Line("masters", "W1-10", "peer", 20.0, "us", comparator="C floor", reference=0.2)
    absent = Line("masters", "W1-10", "absent", None, "us", note="not installed")
    rows = list(masters_table([absent, peer, floor]))[2:]
    assert [row.split("|")[1].strip() for row in rows] == ["C floor", "peer", "absent"]
    assert "20 (100)" in rows[1]
    assert "not installed" in rows[2]
