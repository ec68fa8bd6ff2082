"""Judging trials: errors, jumps and the lengths of steps are those of the formulas, written down with NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.master.algorithm import COMPLETED
from orchestrator.master.compiled.layout import doubling as at
from orchestrator.master.step_control.journey import Arrival
from orchestrator.master.step_control.judge import Judge, Trial
from orchestrator.master.step_control.outputs import Watched
from orchestrator.master.step_control.pi import PiController
from orchestrator.system.connector import Variability
from tests.coupled import simulation
from tests.doubles import FunctionInstance, an_input, an_output

TOLERANCE, STEP_SIZE, HALF = 1e-2, 0.5, 0.05
NOMINALS, STEPPED = np.array([2.0, 0.0, 0.0]), np.array([False, False, True])
OUTPUTS = [
    an_output("a", nominal=2.0, nominal_is_declared=True),
    an_output("b"),
    an_output("c", variability=Variability.DISCRETE),
]


def a_judge() -> Judge:
    source = FunctionInstance(
        lambda t, u, x: x, name="source", inputs=(), outputs=OUTPUTS, step=lambda t, h, u, x: x, state=[0.5, 0.5, 0.5]
    )
    sink = FunctionInstance(lambda t, u: u.sum(), name="sink", inputs=[an_input(each.name) for each in OUTPUTS])
    control = {"method": "error", "tolerance": TOLERANCE}
    run = simulation(
        [source, sink],
        [f"source.{each.name} -> sink.{each.name}" for each in OUTPUTS],
        step_size=STEP_SIZE,
        step_control=control,
    )
    doubled = run._master.doubled
    assert doubled is not None
    judge: Judge = doubled.control.judge
    assert judge.outputs.names == ("source.a", "source.b", "source.c")
    return judge


def a_trial(floats: list[np.ndarray], t: float, half: float) -> Trial:
    times = (t, t + 2.0 * half, t + half, t + 2.0 * half)
    arrivals = [Arrival(COMPLETED, each, Watched(now, ())) for each, now in zip(times, floats, strict=True)]
    return Trial(*arrivals)


def jumps(trial: Trial, least: np.ndarray, past: dict[str, np.ndarray] | None) -> tuple[np.ndarray, np.ndarray]:
    """Slope test by arrays: what jumps in the first half, and in the second one."""
    start, middle, end = (each.outputs.floats for each in (trial.start, trial.middle, trial.end))
    half = trial.middle.t - trial.start.t
    d1, d2 = middle - start, end - middle
    bend = d2 - d1
    if past is None:
        away, kink = d1, np.zeros(3, np.bool_)
        uneven, early = np.abs(bend) > 0.8 * np.maximum(np.abs(d1), np.abs(d2)), np.abs(d1) >= np.abs(d2)
    else:
        d0 = np.where(STEPPED, 0.0, past["slopes"] * half)
        away, further = d1 - d0, d2 - d0
        larger = np.maximum(np.abs(away), np.abs(bend))
        before = (d1 / half - past["slopes"]) * 2.0 / (past["half"] + half)
        now = (d2 / half - d1 / half) / half
        earlier = (before - past["curvatures"]) * 4.0 / (half + 3.0 * past["half"])
        later = (now - before) * 4.0 / (3.0 * half + past["half"])
        steady = np.abs(later - earlier) <= 0.5 * np.maximum(np.abs(later), np.abs(earlier))
        uneven, early = (np.abs(bend - away) > 0.5 * larger) & ~steady, np.abs(away) > 0.2 * larger
        kink = (away * further > 0.0) & (np.abs(further) >= 0.9 * np.abs(away))
    clear = np.maximum(np.abs(away), np.abs(bend)) > least
    first = np.where(STEPPED, np.abs(d1) > least, clear & uneven & early & ~kink)
    return first, np.where(STEPPED, np.abs(d2) > least, clear & uneven & ~early)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, 2**31), st.sampled_from([1e-3, 1e-2, 0.3]), st.booleans())
def test_errors_and_jumps_are_those_of_the_formulas(seed: int, size: float, known: bool) -> None:
    rng, judge = np.random.default_rng(seed), a_judge()
    start = rng.uniform(0.5, 3.0, 3)
    judge.begin(start)
    past = None
    if known:
        past = {"slopes": rng.normal(0.0, 1.0, 3), "curvatures": rng.normal(0.0, 1.0, 3), "half": 0.04}
        judge.remember({"past": past, "left": start})
    slope = rng.normal(0.0, 1.0, 3) if past is None else past["slopes"]
    smooth = [start, start + 2.0 * HALF * slope, start + HALF * slope, start + 2.0 * HALF * slope]
    trial = a_trial([smooth[0], *(each + rng.normal(0.0, size, 3) for each in smooth[1:])], 1.0, HALF)
    verdict = judge.of(trial)
    whole, end = trial.whole.outputs.floats, trial.end.outputs.floats
    scales = np.maximum(np.maximum(NOMINALS, np.abs([start, whole, end]).max(axis=0)), start)
    errors = np.abs(whole - end) / scales / (TOLERANCE * trial.length / STEP_SIZE)
    first, second = jumps(trial, TOLERANCE * scales, past)
    assert judge.first.tolist() == first.tolist()
    assert judge.second.tolist() == second.tolist()
    error, allowed = judge.error(judge.worst)
    assert error / allowed == pytest.approx(errors.max())
    if not first.any():
        small = {True: at.IN_SECOND, False: at.ACCEPTED}[bool(second.any())]
        large = {True: at.HALVED, False: at.SHORTENED}[bool(second.any())]
        assert verdict == (small if errors.max() <= 1.0 else large)
    elif past is None:
        assert verdict == at.HALVED


def test_the_controller_goes_by_the_last_two_errors() -> None:
    """h[n+1] = 0.9 h[n] e[n]^(-0.7/q) e[n-1]^(0.4/q), between the smallest and the largest step."""
    controller = PiController(2.0, 1e-6, 1.0, 0.1)
    controller.accepted(0.1, 0.5)
    assert controller.length == pytest.approx(0.9 * 0.1 * 0.5 ** (-0.35 + 0.2))
    h = controller.length
    controller.accepted(h, 0.25)
    assert controller.length == pytest.approx(0.9 * h * 0.25**-0.35 * 0.5**0.2)
    controller.accepted(1.0, 1e-12)
    assert controller.length == 1.0


def test_after_a_step_that_could_not_be_made_they_grow_bit_by_bit() -> None:
    controller = PiController(1.0, 1e-6, 1.0, 1.0)
    controller.refused(0.1)
    lengths = []
    for _ in range(8):
        lengths.append(controller.length)
        controller.accepted(controller.length, 1e-6)
    assert lengths == pytest.approx([min(0.1 * 1.5**each, 1.0) for each in range(8)])


@given(
    st.floats(1e-12, 1.0),
    st.floats(1e-12, 3.0),
    st.floats(0.05, 1.0),
    st.sampled_from([1.0, 2.0, 3.0, 4.0]),
)
def test_the_next_step_follows_from_the_last_two_errors(error: float, before: float, h: float, order: float) -> None:
    """Gustafsson's formula, also where no root is needed to know that the next step is the longest one."""
    controller = PiController(order, 1e-6, 1.0, h)
    controller.accepted(h, before)
    controller.remember({**controller.remembered(), "length": h})
    controller.accepted(h, error)
    one, other = max(error, 1e-10), max(before, 1e-10)
    factor = min(max(0.9 * one ** (-0.7 / order) * other ** (0.4 / order), 0.1), 5.0)
    assert controller.length == pytest.approx(min(h * factor, 1.0), rel=1e-12)
