"""Loops of FMUs in Step Mode, from descriptions: oscillators, an algebraic loop, an FMU that cannot go back."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.errors import CapabilityError, DescriptionError, StepError
from orchestrator.fmi.directional import OutputSensitivities
from orchestrator.master.loops.loop import Loop
from orchestrator.recording.results import Results
from orchestrator.simulation import Simulation
from orchestrator.system.description import SystemDescription
from plant_models.textbook.exact import HeldStep, held_step
from tests.plants import fmu
from tests.textbook import MASSES, gain_loop, nonlinear_loop, system, two_mass

FAST = ["aitken", "anderson", "newton"]
MOTION = ("one.x", "one.v", "two.x", "two.v")


def _loops(method: str, **more: Any) -> dict[str, Any]:
    return {"algorithm": "iterative", "loops": {"method": method, **more}}


def _run(description: SystemDescription) -> Results:
    with open_simulation(description) as run:
        return run.run()


def _motion(description: SystemDescription) -> np.ndarray:
    results = _run(description)
    return np.stack([results[name] for name in MOTION], axis=1)


def _evaluations(run: Simulation[Results]) -> int:
    (counted,) = run._coupling.statistics.loops.values()
    return counted.evaluations


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("method", FAST)
def test_an_algebraic_loop_of_fmus_is_solved_within_five_evaluations(method: str, version: int) -> None:
    with open_simulation(gain_loop(-2.0, 4.0, version=version, **_loops(method))) as run:
        run.initialize()
        run["left.b"] = 1.0
        run.step()
        assert run["left.y"] == pytest.approx(1.0 / 3.0, rel=1e-8)
        assert _evaluations(run) <= 5


@pytest.mark.parametrize("meter", [False, True])
def test_with_directional_derivatives_newton_needs_no_probes(meter: bool) -> None:
    with open_simulation(gain_loop(-2.0, 4.0, **_loops("newton", tolerance=1e-12)), meter=meter) as run:
        run.initialize()
        run["left.b"] = 1.0
        run.step()
        assert run["left.y"] == pytest.approx(1.0 / 3.0, rel=1e-14)
        assert _evaluations(run) == 2


@pytest.mark.parametrize("version", [2, 3])
def test_directional_derivatives_are_the_same_by_address_and_through_the_seam(
    version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, multiply = [], OutputSensitivities.multiply

    def counted(*arguments: Any) -> None:
        asked.append(arguments)
        multiply(*arguments)

    def found() -> tuple[object, ...]:
        with open_simulation(gain_loop(-2.0, 4.0, version=version, **_loops("newton", tolerance=1e-12))) as run:
            run.initialize()
            asked.clear()
            run["left.b"] = 1.0
            run.step()
            (loop,) = run._master.memories.values()
            assert isinstance(loop, Loop)
            assert loop.by_address is not bool(asked)
            return run["left.y"], _evaluations(run)

    monkeypatch.setattr(OutputSensitivities, "multiply", counted)
    by_address = found()
    monkeypatch.setattr(OutputSensitivities, "native", None)
    assert found() == by_address
    assert asked


def test_a_plain_fixed_point_through_fmus_is_refused_with_its_growth_factor() -> None:
    with open_simulation(gain_loop(-2.0, 4.0, **_loops("fixed_point"))) as run:
        run.initialize()
        run["left.b"] = 1.0
        with pytest.raises(StepError, match=r"loop left <-> right: .* multiplies the residual by 2;"):
            run.run()


@pytest.mark.parametrize("quadratic_for", ["x1", "x2"])
@pytest.mark.parametrize("method", ["anderson", "newton"])
def test_a_nonlinear_loop_stays_solved(method: str, quadratic_for: str) -> None:
    results = _run(nonlinear_loop(quadratic_for, **_loops(method, tolerance=1e-12)))
    names = {"x1": "quadratic" if quadratic_for == "x1" else "straight"}
    names["x2"] = "straight" if quadratic_for == "x1" else "quadratic"
    x1, x2 = (np.asarray(results[f"{names[key]}.{key}"]) for key in ("x1", "x2"))
    np.testing.assert_allclose(2.0 * x1**2 + 5.0 * x2, 42.0, rtol=1e-9)
    np.testing.assert_allclose(x1 - 6.0 * x2, 4.0, rtol=1e-9)


def _implicit(split: str, h: float, steps: int) -> np.ndarray:
    """x1, v1, x2, v2 where each mass moves exactly over a step, with what acts on it at the end of the step."""
    (c1, c2), (d1, d2), (m1, m2), ck, dk = MASSES.c, MASSES.d, MASSES.m, MASSES.ck, MASSES.dk
    pull = np.array([[ck, dk]])
    if split == "force":
        one = held_step([[0, 1], [-c1 / m1, -d1 / m1]], [[0], [1 / m1]], h)
    else:
        one = held_step([[0, 1], [-(c1 + ck) / m1, -(d1 + dk) / m1]], [[0, 0], [ck / m1, dk / m1]], h)
    two = held_step([[0, 1], [-(c2 + ck) / m2, -(d2 + dk) / m2]], [[0, 0], [ck / m2, dk / m2]], h)
    acts = one.held @ np.hstack([-pull, pull]) if split == "force" else np.hstack([np.zeros((2, 2)), one.held])
    return _iterated(one, two, acts, steps)


def _iterated(one: HeldStep, two: HeldStep, acts_on_one: np.ndarray, steps: int) -> np.ndarray:
    """s[k+1] = E s[k] + H s[k+1] for the states s of both."""
    E = np.block([[one.state, np.zeros((2, 2))], [np.zeros((2, 2)), two.state]])
    H = np.vstack([acts_on_one, np.hstack([two.held, np.zeros((2, 2))])])
    rows = [np.array([MASSES.x[0], MASSES.v[0], MASSES.x[1], MASSES.v[1]])]
    for _ in range(steps):
        rows.append(np.linalg.solve(np.eye(4) - H, E @ rows[-1]))
    return np.array(rows)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("split", ["force", "displacement"])
def test_two_masses_move_as_the_implicit_method_says(split: str, version: int) -> None:
    description = two_mass(split, 0.02, stop=1.0, version=version, **_loops("anderson", tolerance=1e-11))
    np.testing.assert_allclose(_motion(description), _implicit(split, 0.02, 50), atol=1e-6)


@pytest.mark.parametrize("split", ["force", "displacement"])
def test_the_coupling_error_of_two_masses_is_of_order_one(split: str) -> None:
    exact = MASSES.at([2.0])[0]
    errors = [
        np.abs(_motion(two_mass(split, h, stop=2.0, **_loops("newton")))[-1] - exact).max() for h in (0.02, 0.01, 0.005)
    ]
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(2.0, rel=0.1)


def _without_states(path: Path, folder: Path) -> Path:
    """The same FMU, which does not declare that its state can be kept."""
    copy = folder / path.name
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w") as target:
        for item in source.infolist():
            data = source.read(item)
            if item.filename == "modelDescription.xml":
                data = data.replace(b'canGetAndSetFMUState="true"', b'canGetAndSetFMUState="false"')
                data = data.replace(b'canSerializeFMUState="true"', b'canSerializeFMUState="false"')
            target.writestr(item, data)
    return copy


def _estimated(folder: Path, **changes: Any) -> SystemDescription:
    masses = two_mass("force", 0.02, stop=1.0, **{**_loops("anderson", tolerance=1e-11), **changes})
    one = masses.components["one"]
    update = {"source": _without_states(one.file, folder), "estimator": one.file}
    return masses.model_copy(update={"components": {**masses.components, "one": one.model_copy(update=update)}})


def test_an_fmu_that_cannot_go_back_moves_with_its_estimator_as_if_it_could(tmp_path: Path) -> None:
    description = _estimated(tmp_path)
    with open_simulation(description) as run:
        results = run.run()
        assert run._coupling.statistics.components["one"].steps == 50
        assert "estimator.file" in run.instances["one"].identity
    found = np.stack([results[name] for name in MOTION], axis=1)
    np.testing.assert_allclose(found, _implicit("force", 0.02, 50), atol=1e-6)


def test_without_its_estimator_it_is_refused_before_the_run(tmp_path: Path) -> None:
    description = _estimated(tmp_path)
    plain = description.components["one"].model_copy(update={"estimator": None})
    description = description.model_copy(update={"components": {**description.components, "one": plain}})
    with pytest.raises(CapabilityError, match=r"loop one\.x -> two\.x_other, two\.F -> one\.F: .*'one' cannot go back"):
        open_simulation(description)


def test_an_algorithm_that_does_not_iterate_leaves_estimators_alone(tmp_path: Path) -> None:
    description = _estimated(tmp_path, algorithm="gauss_seidel")
    with open_simulation(description) as run:
        assert "estimator.file" not in run.instances["one"].identity


def test_an_estimator_outside_of_loops_and_beside_a_swap_is_refused(tmp_path: Path) -> None:
    path = str(fmu("gain", 3))
    alone = {"one": ("gain", {})}
    description = system(alone, [], step_size=0.1, experiment={"stop": 1.0}, algorithm="iterative")
    one = description.components["one"].model_copy(update={"estimator": Path(path)})
    with pytest.raises(DescriptionError, match=r"'one': its estimator stands in .* is in no loop"):
        open_simulation(description.model_copy(update={"components": {"one": one}}))
    swap = {"surrogate": "s.surrogate", "to_surrogate_at": 1.0}
    both = type(one).model_validate({**one.model_dump(), "swap": swap})
    with pytest.raises(DescriptionError, match="'one': swap and estimator do not go together"):
        open_simulation(description.model_copy(update={"components": {"one": both}}))
