"""Quantities, expressions and sets of parameters in runs of FMUs: exact numbers at the end."""

import math

import pytest
from typer.testing import CliRunner

from cotwin import open_simulation
from cotwin.cli import app
from orchestrator.assembly import open_instance
from orchestrator.system.description import Component
from orchestrator.system.parameters.giving import configured
from orchestrator.system.yaml.file import from_mapping
from tests.kit.build import compiler, kit_fmu

SYSTEM = """
name: lags
constants: {{tau: 1 min / 30}}
components:
  plain: {{source: {lag}, parameters: {{T: tau}}}}
  short: {{source: {lag}, parameters: {{T: tau / 2}}}}
  group/bound: {{source: {lag}, parameters: {{T: 99 d}}}}
subsystems:
  "":
    bindings:
      - values: {{group.bound.T: 500 ms, nobody.T: 3}}
experiment: {{stop: 4.0}}
step_size: 0.5
"""
CONSTANTS = {"plain": 2.0, "short": 1.0, "group/bound": 0.5}


@pytest.fixture
def path(toys, tmp_path):
    file = tmp_path / "lags.yaml"
    file.write_text(SYSTEM.format(lag=toys.lag))
    return file


def ends(path):
    with open_simulation(path) as simulation:
        results = simulation.run()
    return {name: results[f"{name}.x"][-1] for name in CONSTANTS}


def test_step_responses_have_the_time_constants_that_were_computed(path):
    expected = {name: 1.0 - math.exp(-4.0 / constant) for name, constant in CONSTANTS.items()}
    assert ends(path) == pytest.approx(expected, rel=1e-4)


def test_explain_lists_and_validate_warns(path):
    runner = CliRunner()
    explained, validated = runner.invoke(app, ["explain", str(path)]), runner.invoke(app, ["validate", str(path)])
    said = " ".join(explained.stdout.split())
    assert explained.exit_code == validated.exit_code == 0
    assert "Conversions" in said
    assert "500 ms" in said
    assert "99 d" not in said
    assert "nobody.T: nothing has this name" in " ".join(validated.stdout.split())


def test_a_setting_of_the_command_line_is_a_quantity_and_wins(path, tmp_path):
    done = CliRunner().invoke(app, ["run", str(path), "-o", str(tmp_path / "out"), "--set", "group/bound.T=4000 ms"])
    assert done.exit_code == 0, done.output
    refused = CliRunner().invoke(app, ["run", str(path), "--set", "group/bound.T=4 L"])
    assert refused.exit_code == 2
    assert "--set group/bound.T: '4 L' is not a number in 's': 'L' (m3) does not convert to 's' (s)" in " ".join(
        refused.output.split()
    )


@pytest.mark.skipif(compiler() is None, reason="the kit needs a C compiler")
def test_sizes_follow_from_expressions_and_sets(tmp_path):
    source = str(kit_fmu("StateSpace", "3.0", "co_simulation"))
    data = {
        "name": "space",
        "constants": {"n": 2},
        "components": {"a": {"source": source, "parameters": {"n": "2*n", "r": 4}}},
        "subsystems": {"": {"bindings": [{"values": {"a.m": 5}}]}},
        "experiment": {"stop": 1},
        "step_size": 1,
    }
    parts = configured(from_mapping(data, tmp_path, "test"))
    assert isinstance(parts["a"], Component)
    instance = open_instance("a", parts["a"])
    shapes = {connector.name: connector.shape for connector in instance.connectors}
    instance.close()
    assert (shapes["A"], shapes["B"], shapes["y"]) == ((4, 4), (4, 5), (4,))
