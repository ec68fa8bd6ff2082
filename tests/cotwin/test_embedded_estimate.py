"""Error control where a component cannot go back: `explain` says it before a run, the statistics after it."""

import pytest

from cotwin.execution import execute
from cotwin.explaining import explain_system
from cotwin.preparation import Overrides, prepare
from cotwin.run_statistics import read_statistics
from cotwin.run_tables import run_tables
from tests.kit.build import kit_fmu


@pytest.fixture
def system(tmp_path):
    integrator = kit_fmu("Integrator", "3.0", "co_simulation", get_set_state=False)
    path = tmp_path / "system.yaml"
    path.write_text(f"""
name: oscillator
components:
  x: {{source: {integrator}, parameters: {{x: 1.0}}}}
  v: {{source: {integrator}}}
connections: [v.y -> x.u, {{connect: x.y -> v.u, factor: -1.0}}]
experiment: {{stop: 2.0}}
step_size: 1.0
step_control: {{method: error, tolerance: 0.01, first: 1.0}}
""")
    return path


def test_a_run_leaves_in_its_statistics_where_its_estimate_came_from_and_what_stayed(system, tmp_path):
    execute(prepare(system, Overrides()), tmp_path / "out")
    data = read_statistics(tmp_path / "out")
    assert data["estimate"].startswith("embedded predictor, since 'x', 'v' cannot go back")
    assert data["exceeded"] >= 1
    assert (data["worst_output"], data["worst_time"]) == ("v.y", 1.0)
    assert data["worst_error"] == pytest.approx(100.0)
    (steps,) = (dict(table.rows) for table in run_tables(data) if table.title == "Steps")
    assert steps["error estimated by"] == data["estimate"]
    assert steps["beyond the tolerance"].endswith("100 times at most (v.y at 1 s)")


def test_explain_says_before_a_run_that_no_step_will_be_repeated(system):
    explained = explain_system(prepare(system, Overrides()))
    (control,) = (one for one in explained.suggestions if one.key == "step_control.method")
    assert (control.value, control.changes) == ("error", False)
    assert "an embedded predictor, since 'x', 'v' cannot go back" in control.reason
