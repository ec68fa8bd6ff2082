"""The local error of one macro step against the exact solution."""

import math

import pytest
from scipy.linalg import expm

from orchestrator.master.probing.local_error import local_error
from tests.master.probing.benches import a_bench
from tests.models import Whole, Wire, states

WIRES = ["one.y1 -> two.u1", "two.y1 -> one.u1"]


def pair():
    return [states(name, [[-1.0]], [[2.0]], [[1.0]], [x]) for name, x in (("one", 3.0), ("two", -2.0))]


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_the_error_of_the_first_step_is_estimated_within_a_tenth(algorithm):
    h, parts = 0.01, pair()
    whole = Whole(parts, [Wire(*text.split(" -> ")) for text in WIRES])
    with a_bench([part.instance() for part in parts], WIRES, algorithm=algorithm, step_size=h) as bench:
        found = local_error(bench, 1e-4)
        (_, numbers) = bench.course(h, 1)
    exact = expm((whole.A + whole.B @ whole.K @ whole.C) * h) @ whole.x
    errors = {
        name: abs(n - e) / max(abs(e), 1.0) for name, n, e in zip(bench.watched.names, numbers, exact, strict=True)
    }
    assert found.error == pytest.approx(max(errors.values()), rel=0.1)
    assert found.variable == max(errors, key=errors.__getitem__)
    assert found.order == pytest.approx(2.0, abs=0.05)


def test_the_fitting_step_meets_the_tolerance():
    parts = pair()
    with a_bench([part.instance() for part in parts], WIRES, step_size=0.1) as bench:
        found = local_error(bench, 1e-6)
    parts = pair()
    with a_bench([part.instance() for part in parts], WIRES, step_size=found.fitting_step) as bench:
        again = local_error(bench, 1e-6)
    assert again.error == pytest.approx(1e-6, rel=0.2)


def test_uncoupled_components_have_no_error():
    part = states("alone", [[-1.0]], [[1.0]], [[1.0]], [1.0])
    with a_bench([part.instance()], [], step_size=0.1) as bench:
        found = local_error(bench, 1e-6)
    assert found.error == pytest.approx(0.0, abs=1e-14)
    assert found.fitting_step is None or math.isfinite(found.fitting_step)
