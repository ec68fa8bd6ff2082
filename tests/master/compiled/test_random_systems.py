"""Random systems of doubles at addresses and in Python: the compiled loop agrees with the algorithms to the bit."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.master.compiled.by_address import both_ways
from tests.master.mixed_rates import H, mixed

seeds = st.integers(0, 2**31)
algorithms = st.sampled_from(["jacobi", "gauss_seidel"])


def run(seed: int, count: int, *, ratios: list[float], **more: Any) -> None:
    """A random system, about a quarter of whose parts have no address."""
    system = mixed(seed, count, through=0.0, ratios=ratios)
    rng = np.random.default_rng(seed)
    names = [part.name for part in system.parts]
    python = [name for name in names[1:] if rng.random() < 0.25]
    both_ways(
        system.instances,
        system.entries,
        python=python,
        components=system.components,
        step_size=H,
        stop=2 * system.count * H,
        **more,
    )


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seeds, st.integers(1, 6), algorithms)
def test_affine_parts_with_units_and_gains(seed: int, count: int, algorithm: str) -> None:
    run(seed, count, ratios=[1.0], algorithm=algorithm)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seeds, st.integers(1, 5), algorithms)
def test_parts_that_step_more_or_less_often_than_the_system(seed: int, count: int, algorithm: str) -> None:
    run(seed, count, ratios=[1 / 3, 1 / 2, 1.0, 2.0, 3.0], algorithm=algorithm)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seeds, st.integers(1, 5), algorithms, st.integers(0, 2), st.booleans())
def test_extrapolated_inputs_at_any_rates(seed: int, count: int, algorithm: str, order: int, smoothing: bool) -> None:
    extrapolation = {"order": order, "smoothing": smoothing}
    run(seed, count, ratios=[1 / 2, 1.0, 1.0, 3.0], algorithm=algorithm, extrapolation=extrapolation)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seeds, st.integers(1, 5), algorithms, st.integers(0, 2), st.booleans())
def test_steps_under_error_control(seed: int, count: int, algorithm: str, order: int, smoothing: bool) -> None:
    """Some parts make several steps in each of the system."""
    system = mixed(seed, count, through=0.0, ratios=[1 / 3, 1.0, 1.0])
    both_ways(
        system.instances,
        system.entries,
        components=system.components,
        step_size=H,
        stop=2 * system.count * H,
        algorithm=algorithm,
        extrapolation={"order": order, "smoothing": smoothing},
        step_control={"method": "error", "tolerance": 1e-2},
    )
