"""`cotwin run --interpreted`."""

import json

import pytest
from typer.testing import CliRunner

from cotwin.cli import app
from tests.plants import fmu

SYSTEM = """
name: populations
components: {{prey: {{source: {prey}}}, predator: {{source: {predator}}}}}
connections: [prey.x -> predator.x, predator.y -> prey.y]
experiment: {{stop: 1}}
step_size: 0.01
"""


@pytest.mark.parametrize("interpreted", [False, True])
def test_the_statistics_name_what_the_compiled_loop_stepped(interpreted, tmp_path):
    system = tmp_path / "populations.yaml"
    system.write_text(SYSTEM.format(prey=fmu("prey", 3), predator=fmu("predator", 3)))
    options = ["--interpreted"] if interpreted else []
    done = CliRunner().invoke(app, ["run", str(system), "-o", str(tmp_path / "run"), *options])
    assert done.exit_code == 0, done.stderr
    statistics = json.loads(next((tmp_path / "run").rglob("statistics.json")).read_text())
    assert statistics["compiled"] == ([] if interpreted else ["prey", "predator"])
