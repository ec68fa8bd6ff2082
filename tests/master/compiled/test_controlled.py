"""Steps under error control by compiled functions are those of the readable path, to the bit."""

from typing import Any

import pytest

import cotwin
from orchestrator.errors import StepError
from orchestrator.system.description import SystemDescription
from tests.textbook import control_loop, lotka_volterra, two_mass

ALGORITHMS = ("jacobi", "gauss_seidel")
ORDERS = (0, 1, 2)


def control(tolerance: float, **more: Any) -> dict[str, Any]:
    return {"step_control": {"method": "error", "tolerance": tolerance, **more}}


def seen(description: SystemDescription, *, interpreted: bool) -> dict[str, Any]:
    """Everything that can be seen of a run of FMUs: the record, the counts, the error."""
    error = None
    with cotwin.open_simulation(description, interpreted=interpreted) as simulation:
        assert simulation.strides != interpreted
        assert bool(simulation.by_address) != interpreted
        try:
            simulation.run()
        except StepError as caught:
            error = str(caught)
        results = simulation.results()
        columns = {name: results[name].tobytes() for name in ("time", *results.names)}
        return {"error": error, "counts": simulation.coupling.statistics.remembered(), "columns": columns}


def alike(description: SystemDescription) -> dict[str, Any]:
    compiled, interpreted = (seen(description, interpreted=way) for way in (False, True))
    assert compiled == interpreted
    return compiled


def extrapolation(order: int) -> dict[str, Any]:
    return {"extrapolation": {"order": order}} if order else {}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("order", ORDERS)
def test_populations_are_followed_alike(order: int, algorithm: str) -> None:
    description = lotka_volterra(0.5, stop=5.0, algorithm=algorithm, **extrapolation(order), **control(1e-3))
    counts = alike(description)["counts"]
    assert counts["rejected"]["error"] > 0
    assert counts["plain"]["macro_steps"] > 10


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("order", ORDERS)
def test_masses_on_springs_are_followed_alike(order: int, algorithm: str) -> None:
    alike(two_mass("force", 0.3, stop=2.0, algorithm=algorithm, **extrapolation(order), **control(1e-2)))


@pytest.mark.parametrize(("step_size", "components"), [(1.3, 3), (0.7, 4)])
def test_what_jumps_is_left_to_python_and_the_rest_is_not(step_size: float, components: int) -> None:
    counts = alike(control_loop(step_size, components=components, **control(2e-6)))["counts"]
    assert counts["rejected"]["jump"] > 0


def test_a_tolerance_that_cannot_be_met_is_the_same_error() -> None:
    found = alike(lotka_volterra(0.5, stop=5.0, **control(1e-3, smallest=0.1)))
    assert "the smallest that is tried" in found["error"]
