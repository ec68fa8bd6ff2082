"""The plant as one loop of 42 unknowns, solved in every macro step."""

from typing import Any

import pytest

import cotwin
from orchestrator.system.yaml.file import from_mapping
from plant_models.wastewater.constants import DAY
from tests.bsm1.plant import system
from tests.plants import ROOT


def solved(method: str) -> tuple[float, float]:
    """Sweeps in each macro step of 900 s over two days, and nitrate in the last tank after them."""
    changes: dict[str, Any] = {"algorithm": "iterative", "loops": {"method": method}, "step_size": 900.0}
    data = {**system("bsm1"), **changes, "experiment": {"stop": 2.0 * DAY, "tolerance": 1e-8}}
    with cotwin.open_simulation(from_mapping(data, ROOT, "tests")) as run:
        run.run()
        (loop,) = run.coupling.statistics.loops.values()
        assert not run.coupling.statistics.rejected
        return loop.evaluations / loop.solved, float(run["tank5.SNO"])


def test_both_methods_that_learn_take_a_few_sweeps_a_step_to_the_same_solution() -> None:
    """Where all is smooth, Anderson's differences of trials tell more than what Newton learns of each tank."""
    newton, anderson = solved("newton"), solved("anderson")
    assert anderson[0] <= 2.6
    assert newton[0] <= 3.7
    assert newton[1] == pytest.approx(anderson[1], rel=1e-6)
