"""FMUs that hold a Python interpreter's script: exports of PythonFMU (FMI 2.0) and PythonFMU3 (FMI 3.0)."""

import importlib
import sys
from pathlib import Path

import pytest

import cotwin
from orchestrator.fmi.variables import read_model

SCRIPT = """
from {package} import Fmi{n}Causality, Fmi{n}Slave, Fmi{n}Variability, {real}, {integer}


class Decay(Fmi{n}Slave):
    author = "tests"
    description = "x' = u - x by Euler's method, one step per macro step"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.time, self.x, self.u, self.steps = 0.0, 1.0, 0.0, 0
        continuous, discrete = Fmi{n}Variability.continuous, Fmi{n}Variability.discrete
        {time}
        self.register_variable({real}("u", causality=Fmi{n}Causality.input, variability=continuous, start=0.0))
        self.register_variable({real}("x", causality=Fmi{n}Causality.output, variability=continuous))
        self.register_variable({integer}("steps", causality=Fmi{n}Causality.output, variability=discrete))

    def do_step(self, current_time, step_size):
        self.x += step_size * (self.u - self.x)
        self.steps += 1
        return True
"""
TIME = 'self.register_variable(Float64("time", causality=Fmi3Causality.independent, variability=continuous))'
PACKAGES = {
    "pythonfmu": {"n": 2, "real": "Real", "integer": "Integer", "time": ""},
    "pythonfmu3": {"n": 3, "real": "Float64", "integer": "Int32", "time": TIME},
}


@pytest.fixture(params=PACKAGES)
def export(request, tmp_path, monkeypatch) -> Path:
    """An FMU that one of the two packages has made of a script."""
    package = request.param
    pytest.importorskip(package, reason=f"{package} is not installed")
    builder = importlib.import_module(f"{package}.builder").FmuBuilder
    script = tmp_path / f"decay_{package}.py"
    script.write_text(SCRIPT.format(package=package, **PACKAGES[package]))
    monkeypatch.chdir(tmp_path)
    # The builder imports the script by the name of its file, and leaves it and its folder behind.
    monkeypatch.setattr(sys, "path", list(sys.path))
    return Path(builder.build_FMU(script, dest=tmp_path)).absolute()


def test_an_export_of_a_python_script_runs_and_says_that_it_needs_its_interpreter(export, caplog):
    system = {"name": "python", "components": {"decay": {"source": str(export)}}, "experiment": {"stop": 1.0}}
    with cotwin.open_simulation(system | {"step_size": 0.25}) as simulation:
        simulation.write("decay.u", 0.5)
        final = simulation.run().at(1.0)
    assert final["decay.x"] == pytest.approx(0.5 + 0.5 * 0.75**4, rel=1e-12)
    assert final["decay.steps"] == 4
    assert "runs only with its tool" in caplog.text


def test_an_export_of_a_python_script_shows_its_variables(export):
    model = read_model(export)
    assert {"u", "x", "steps"} <= {connector.name for connector in model.connectors}
    assert model.kinds == ("CoSimulation",)
