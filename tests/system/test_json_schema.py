from pathlib import Path

import jsonschema
import pytest
from hypothesis import given

from orchestrator.errors import DescriptionError
from orchestrator.system.json_schema import json_schema
from orchestrator.system.yaml.file import read_system
from orchestrator.system.yaml.loader import load
from orchestrator.system.yaml.writer import as_yaml
from tests.system.yaml.test_writer import systems

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
GOOD = """\
name: plant
components:
  tank: {source: tank.fmu, parameters: {V: 2 L, S: [1, 2.5], on: true, F: {value: 1.0, unit: L/h}}}
  cooling: {system: cooling.yaml, parameters: {pump.V: 1}}
  feed: {signals: {F: {constant: 1}}}
connections:
  - tank.y -> cooling.u
  - {connect: cooling.y -> tank.u, factor: 2}
experiment: {stop: 10}
step_size: 1
"""


def valid(text: str) -> bool:
    checker = jsonschema.Draft202012Validator(json_schema())
    return bool(checker.is_valid(load(text, "test").data))


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_valid(path):
    assert valid(path.read_text())


@given(systems)
def test_everything_that_is_written_is_valid(system):
    assert valid(as_yaml(system, Path("/plants")))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("step_size: 1", "stepsize: 1"),
        ("step_size: 1", "step_size: -1"),
        ("step_size: 1", "step_size: fast"),
        ("source: tank.fmu", "source: tank.fmu, isolation: thread"),
        ("source: tank.fmu", "source: tank.fmu, sauce: 1"),
        ("V: 2 L", "V: {value: 2}"),
        ("S: [1, 2.5]", "S: [1, a]"),
        ("tank.y -> cooling.u", "tank.y = cooling.u"),
        ("factor: 2", "factor: two"),
        ("factor: 2", "factr: 2"),
        ("constant: 1", "constnt: 1"),
        ("constant: 1", "unit: L/h"),
        ("constant: 1", "constant: 1, expression: t"),
        ("system: cooling.yaml", "system: cooling.yaml, isolation: process"),
        ("stop: 10", "stop: 10, algorithm: jacobi"),
        ("name: plant\n", ""),
    ],
)
def test_what_the_reader_refuses_the_schema_refuses(tmp_path, before, after):
    (tmp_path / "cooling.yaml").write_text(
        "name: c\ncomponents: {pump: {source: p.fmu}}\nexperiment: {stop: 1}\nstep_size: 1\n"
    )
    broken = GOOD.replace(before, after, 1)
    assert valid(GOOD)
    assert broken != GOOD
    (tmp_path / "good.yaml").write_text(GOOD)
    read_system(tmp_path / "good.yaml")
    (tmp_path / "broken.yaml").write_text(broken)

    with pytest.raises(DescriptionError):
        read_system(tmp_path / "broken.yaml")
    assert not valid(broken)


def test_a_file_that_includes_others_needs_no_key_of_its_own():
    assert valid("include: [plant.yaml]\nstep_size: 2\n")
