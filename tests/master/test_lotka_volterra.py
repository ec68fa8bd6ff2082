"""Lotka and Volterra's populations, an FMU each, against their exact solution: what theory says of every master."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from cotwin import open_simulation
from plant_models.textbook.exact import lotka_volterra as exact
from plant_models.textbook.exact import lotka_volterra_invariant
from tests.textbook import lotka_volterra

STOP = 5.0
HELD = [{"algorithm": "jacobi"}, {"algorithm": "gauss_seidel"}]
LOOPS = [
    {"algorithm": "iterative", "loops": {"method": method}}
    for method in ("fixed_point", "aitken", "anderson", "newton")
]


class Judged(NamedTuple):
    error: float
    drift: float
    steps: int


def judged(h: float, **more: Any) -> Judged:
    with open_simulation(lotka_volterra(h, stop=STOP, **more)) as simulation:
        results = simulation.run()
        steps = sum(counted.steps for counted in simulation.coupling.statistics.components.values())
    x, y = results["prey.x"], results["predator.y"]
    error = np.abs(np.stack([x, y], axis=1) - exact(results.times)).max()
    drift = np.abs(lotka_volterra_invariant(x, y) - lotka_volterra_invariant(1.0, 1.0)).max()
    return Judged(float(error), float(drift), steps)


def named(fields: dict[str, Any]) -> str:
    return " ".join([fields["algorithm"], fields.get("loops", {}).get("method", "")]).strip()


@pytest.mark.parametrize("fields", [*HELD, *LOOPS], ids=named)
@pytest.mark.parametrize("order", [0, 1])
def test_error_and_drift_of_the_invariant_fall_with_the_order_of_the_inputs_plus_one(
    fields: dict[str, Any], order: int
) -> None:
    coarse, fine = (judged(h, **fields, extrapolation={"order": order}) for h in (0.02, 0.01))
    assert coarse.error / fine.error == pytest.approx(2.0 ** (order + 1), rel=0.1)
    assert coarse.drift / fine.drift == pytest.approx(2.0 ** (order + 1), rel=0.25)


def test_gauss_seidel_needs_no_more_steps_than_jacobi_and_is_closer() -> None:
    jacobi, gauss_seidel = (judged(0.02, **fields) for fields in HELD)
    assert jacobi.steps == gauss_seidel.steps == 2 * STOP / 0.02
    assert gauss_seidel.error < jacobi.error / 2
    assert gauss_seidel.drift < jacobi.drift / 4


@pytest.mark.parametrize("fields", LOOPS, ids=named)
def test_iterating_where_nothing_asks_for_it_costs_more_and_gains_nothing(fields: dict[str, Any]) -> None:
    """As in the study that made the non-iterating Gauss-Seidel scheme the default."""
    plain, iterated = judged(0.02), judged(0.02, **fields)
    assert iterated.steps > 2 * plain.steps
    assert iterated.error > plain.error


def test_every_method_finds_the_same_solution_of_the_loops() -> None:
    errors = [judged(0.05, **fields).error for fields in LOOPS]
    assert errors == pytest.approx([errors[0]] * len(errors), rel=1e-5)
