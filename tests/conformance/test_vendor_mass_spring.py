"""Two FMUs that nobody here wrote: a chain of two masses, cut in the middle, against the whole chain.

The FMUs (OpenModelica, FMI 2.0) come with the package gemseo-fmu. As Co-Simulation they integrate by one explicit Euler
step per macro step, so that Jacobi over the halves is the same scheme as the whole at the same step size.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm

from orchestrator.assembly import open_simulation

VARIABLES = ("v1", "v2", "x1", "x2")
PUBLISHED = {"v1": -1.13744, "v2": 0.82678, "x1": -1.08531, "x2": -0.36859}
"""The whole chain at t = 10 s with its default parameters and steps of 0.01 s, measured for this project."""


def _folder() -> Path:
    spec = find_spec("gemseo_fmu")
    if spec is None or spec.origin is None:
        pytest.skip("the package gemseo-fmu with the FMUs is not installed")
    return Path(spec.origin).parent / "problems" / "fmu_files" / "linux"


def _values_at_10(step_size: float, components: dict[str, str], **more: Any) -> dict[str, float]:
    folder = _folder()
    description = {
        "name": "mass_spring",
        "components": {name: {"source": str(folder / file)} for name, file in components.items()},
        "experiment": {"stop": 10.0},
        "step_size": step_size,
        **more,
    }
    with open_simulation(description) as simulation:
        final = simulation.run().at(10.0)
    return {name.partition(".")[2]: float(value) for name, value in final.items()}


def _coupled(step_size: float, algorithm: str) -> dict[str, float]:
    halves = {"one": "MassSpringSubSystem1.fmu", "two": "MassSpringSubSystem2.fmu"}
    connections = ["one.x1 -> two.x1", "two.x2 -> one.x2"]
    return _values_at_10(step_size, halves, connections=connections, algorithm=algorithm)


def _exact() -> dict[str, float]:
    """x1'' = -2 x1 + x2, x2'' = x1 - 2 x2 from x = (0, 1), v = (1, 0)."""
    chain = np.array([[0, 0, -2, 1], [0, 0, 1, -2], [1, 0, 0, 0], [0, 1, 0, 0]], dtype=float)
    return dict(zip(VARIABLES, expm(10.0 * chain) @ [1.0, 0.0, 0.0, 1.0], strict=True))


def _distance(one: dict[str, float], other: dict[str, float]) -> float:
    return max(abs(one[name] - other[name]) for name in VARIABLES)


def test_the_coupled_halves_give_the_printed_digits_of_the_whole_chain() -> None:
    coupled = _coupled(0.01, "jacobi")
    for name, value in PUBLISHED.items():
        assert coupled[name] == pytest.approx(value, abs=5e-6)


@pytest.mark.parametrize("step_size", [0.02, 0.01])
def test_jacobi_over_the_halves_is_the_whole_chain_at_the_same_step_size(step_size: float) -> None:
    whole = _values_at_10(step_size, {"chain": "MassSpringSystem.fmu"})
    assert _distance(_coupled(step_size, "jacobi"), whole) < 1e-12


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_the_coupled_halves_converge_to_the_exact_chain_with_order_one(algorithm: str) -> None:
    errors = [_distance(_coupled(step_size, algorithm), _exact()) for step_size in (0.01, 0.005, 0.0025)]
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(2.0, rel=0.03)
