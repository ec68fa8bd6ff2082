"""What splitting costs: the batch of Anane et al. 2017 as two FMUs, the rates of the cells held over a step, 9 h."""

import zipfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import cotwin
from plant_models.textbook.exact import oxygen_limited as exact
from tests.textbook import HOUR, oxygen_limited


@cache
def reference(kLa: float) -> tuple[float, float]:
    found = exact([9 * HOUR], kLa)
    return found["tank.X"][0], found["tank.DOT"][0]


class Cost(NamedTuple):
    """Relative error of the biomass, and error of DO in %, after 9 h; what the rates took."""

    X: float
    DOT: float
    evaluations: int
    rejected: int


def cost(h: float, kLa: float, **changes: Any) -> Cost:
    with cotwin.open_simulation(oxygen_limited(h, kLa, **changes)) as run:
        run.run()
        counted = run.coupling.statistics
        X, DOT = reference(kLa)
        evaluations, rejected = counted.of("cells").steps, sum(counted.rejected.values())
        return Cost(float(run["tank.X"]) / X - 1, float(run["tank.DOT"]) - DOT, evaluations, rejected)


def errors(h: float, kLa: float) -> tuple[float, float]:
    return cost(h, kLa)[:2]


SOLVED: dict[str, Any] = {"algorithm": "iterative"}


@pytest.mark.parametrize(
    ("h", "X", "DOT"), [(6, 3.6e-5, -0.02), (36, 2.2e-4, -0.18), (60, 3.6e-4, -0.33), (180, 1.1e-3, -1.1)]
)
def test_where_there_is_oxygen_a_split_costs_an_error_of_order_one(h: float, X: float, DOT: float) -> None:
    of_X, of_DOT = errors(h, 220.0)
    assert of_X == pytest.approx(X, rel=0.03)
    assert of_DOT == pytest.approx(DOT, rel=0.02, abs=0.005)


@pytest.mark.parametrize(
    ("h", "X", "DOT"), [(6, -8.0e-3, 3.5), (36, -4.2e-2, -2.6), (60, -6.2e-2, -9.9), (180, -0.106, 63)]
)
def test_where_the_oxygen_runs_out_held_rates_cost_percents_of_the_biomass(h: float, X: float, DOT: float) -> None:
    assert errors(h, 60.0) == pytest.approx((X, DOT), rel=0.02)


def test_rates_held_for_0_7_s_are_evaluated_46286_times_for_an_error_of_a_thousandth() -> None:
    held = cost(0.7, 60.0)
    assert abs(held.X) == pytest.approx(1e-3, rel=0.05)
    assert held.evaluations == 46_286


@pytest.mark.parametrize(("h", "evaluations"), [(120, 46_286 // 50), (60, 46_286 // 25), (36, 46_286 // 16)])
def test_with_the_loop_solved_a_fiftieth_of_these_evaluations_gives_more(h: float, evaluations: int) -> None:
    solved = cost(h, 60.0, **SOLVED)
    assert abs(solved.X) < 1e-3
    assert abs(solved.X) < 6e-4 * h / 120
    # dissolved oxygen is what it is, far below 1 % of saturation, and does not hunt
    assert abs(solved.DOT) < 1e-5
    assert solved.evaluations <= evaluations
    assert solved.rejected == 0


@pytest.mark.parametrize("version", [2, 3])
def test_anderson_gets_there_by_shorter_steps_where_it_finds_no_solution(version: int) -> None:
    found = cost(6, 60.0, algorithm="iterative", loops={"method": "anderson"}, version=version)
    assert abs(found.X) < 1e-5
    assert found.evaluations < 46_286
    assert found.rejected > 0


def _without_derivatives(path: Path, folder: Path) -> Path:
    """The same FMU, which does not declare that it tells directional derivatives."""
    copy = folder / path.name
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w") as target:
        for item in source.infolist():
            data = source.read(item)
            if item.filename == "modelDescription.xml":
                plain = data.replace(
                    b'providesDirectionalDerivatives="true"', b'providesDirectionalDerivatives="false"'
                )
                assert plain != data
                data = plain
            target.writestr(item, data)
    return copy


@pytest.mark.parametrize("h", [36.0, 120.0])
def test_without_directional_derivatives_what_is_learnt_of_the_cells_still_saves_most_evaluations(
    h: float, tmp_path: Path
) -> None:
    described = oxygen_limited(h, 60.0, **SOLVED)
    parts = {
        name: one.model_copy(update={"source": _without_derivatives(one.file, tmp_path)})
        for name, one in described.components.items()
    }
    with cotwin.open_simulation(described.model_copy(update={"components": parts})) as run:
        run.run()
        assert float(run["tank.X"]) == pytest.approx(reference(60.0)[0], rel=1e-3)
        assert run.coupling.statistics.of("cells").steps < 46_286 / 5


def test_error_control_over_solved_loops_takes_hardly_more() -> None:
    control = {"step_control": {"method": "error", "tolerance": 1e-2}}
    found = cost(360, 60.0, **SOLVED, **control)
    assert abs(found.X) < 1e-3
    assert found.evaluations < 46_286 // 40
