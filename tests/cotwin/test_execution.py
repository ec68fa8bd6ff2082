from pathlib import Path

import pytest

from cotwin.execution import PANELS_IN_A_PICTURE, execute, write_pictures
from cotwin.preparation import Overrides, prepare
from cotwin.records import load_results
from orchestrator.errors import DescriptionError
from orchestrator.system.yaml_file import from_mapping
from tests.cotwin.records import MemoryRecord, fed_batch


class Interrupting:
    """Observer that presses Ctrl-C at the given time."""

    def __init__(self, at):
        self.at = at

    def initialized(self, t, signals):
        pass

    def communication_point(self, t, signals):
        if t >= self.at:
            raise KeyboardInterrupt

    def event(self, event):
        pass

    def terminated(self, error):
        pass


def test_ctrl_c_ends_a_run_and_keeps_what_was_recorded(toys, tmp_path):
    outcome = execute(prepare(toys.system, Overrides()), tmp_path, (Interrupting(1.5),))
    assert "interrupted" in str(outcome.failure)
    assert load_results(tmp_path / "results.parquet").times[-1] == 1.5
    assert "interrupted" in (tmp_path / "report.html").read_text()


def test_a_component_with_many_panels_gets_several_pictures(tmp_path):
    base = fed_batch(rows=11)
    values = {f"a.v{k}": base.times + k for k in range(PANELS_IN_A_PICTURE + 1)}
    written = write_pictures(MemoryRecord(base.times, values), tmp_path, "many")
    assert [path.name for path in written] == ["a.png", "a_2.png"]


def test_nothing_is_drawn_where_nothing_changes(tmp_path):
    base = fed_batch(rows=11)
    assert write_pictures(MemoryRecord(base.times, {"a.k": base.times * 0.0}), tmp_path, "still") == ()


def test_a_description_that_cannot_be_opened_leaves_the_results_of_the_run_before(tmp_path: Path) -> None:
    (tmp_path / "results.parquet").write_bytes(b"what the run before left")
    missing = {"components": {"a": {"source": str(tmp_path / "missing.fmu")}}, "experiment": {"stop": 1.0}}
    with pytest.raises(DescriptionError, match=r"missing\.fmu"):
        execute(from_mapping({"name": "s", "step_size": 0.5, **missing}, tmp_path, "test"), tmp_path)
    assert (tmp_path / "results.parquet").read_bytes() == b"what the run before left"
