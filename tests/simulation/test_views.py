"""Connectors of nested systems under names of their own: recorded, read, drawn."""

import numpy as np
import pytest

from cotwin import open_simulation
from orchestrator.errors import DescriptionError, VariableError
from orchestrator.system.yaml.file import read_system

INNER = """\
name: inner
components: {ramp: {signals: {y: {ramp: {from: 0, to: 20, start: 0, stop: 20}}}}}
subsystems: {"": {connectors: {out: {kind: output, type: Real, unit: %s}, gone: {kind: output, type: Real}}}}
connections:
  - ramp.y -> .out
  - {connect: ramp.y -> .gone, factor: -1.0}
experiment: {stop: 10}
step_size: 1.0
record: [.out]
"""
OUTER = """\
name: outer
components:
  part: {system: inner.yaml}
subsystems: {"": {connectors: {total: {kind: output, type: Real}}}}
connections:
  - {connect: part.out -> .total, factor: 2.0, offset: 1.0}
experiment: {stop: 10}
step_size: 2.0
record: %s
"""
TIMES = np.arange(0.0, 11.0, 2.0)


@pytest.fixture
def outer(tmp_path):
    def described(record="[part.out, .total, part/ramp.y]", unit="K"):
        (tmp_path / "inner.yaml").write_text(INNER % unit)
        (tmp_path / "outer.yaml").write_text(OUTER % record)
        return read_system(tmp_path / "outer.yaml")

    return described


def test_connectors_of_nested_systems_are_recorded_with_what_was_done_to_their_values(outer):
    with open_simulation(outer()) as simulation:
        results = simulation.run()

    np.testing.assert_array_equal(results.times, TIMES)
    np.testing.assert_allclose(results["part/ramp.y"], TIMES, atol=1e-14)
    np.testing.assert_allclose(results["part.out"], TIMES, atol=1e-14)
    np.testing.assert_allclose(results[".total"], 2.0 * TIMES + 1.0, atol=1e-14)


def test_they_are_read_between_steps_and_after_the_run_whether_recorded_or_not(outer):
    with open_simulation(outer("[part/ramp.y]")) as simulation:
        simulation.step()
        assert simulation["part.gone"] == pytest.approx(-2.0)
        assert simulation[".total"] == pytest.approx(5.0)
        simulation.run()
        assert simulation[".total"] == pytest.approx(21.0)


def test_they_are_recorded_only_where_they_are_asked_for(outer):
    with open_simulation(outer("null")) as simulation:
        assert list(simulation.run().names) == ["part/ramp.y"]


def test_they_cannot_be_written(outer):
    with open_simulation(outer()) as simulation:
        simulation.initialize()
        with pytest.raises(VariableError, match="comes from elsewhere"):
            simulation["part.out"] = 3.0


def test_a_name_that_they_do_not_have_is_refused_with_the_nearest(outer):
    with pytest.raises(DescriptionError, match=r"did you mean 'part\.out'"):
        open_simulation(outer("[part.oat]"))
    with open_simulation(outer()) as simulation:
        simulation.initialize()
        with pytest.raises(VariableError, match="did you mean 'gone'"):
            simulation.read("part.gome")


def test_a_system_on_its_own_records_its_own_connectors(outer, tmp_path):
    outer()
    with open_simulation(tmp_path / "inner.yaml") as simulation:
        results = simulation.run()

    np.testing.assert_allclose(results[".out"], np.arange(11.0), atol=1e-13)


def test_the_results_say_what_they_are(outer):
    with open_simulation(outer()) as simulation:
        results = simulation.run()

    assert results.units["part.out"] == "K"
