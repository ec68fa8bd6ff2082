"""FMUs that hold a Python interpreter's script: exports of PythonFMU (FMI 2.0) and PythonFMU3 (FMI 3.0).

They import their package into the process that loads them, where two versions of it cannot live: they are built and run
in processes of their own.
"""

import subprocess
import sys
from importlib.util import find_spec
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
def export(request, tmp_path) -> Path:
    """An FMU that one of the two packages has made of a script."""
    package = request.param
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    script = tmp_path / f"decay_{package}.py"
    script.write_text(SCRIPT.format(package=package, **PACKAGES[package]))
    command = [sys.executable, "-m", package, "build", "-f", script.name, "-d", "."]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (built,) = tmp_path.glob("*.fmu")
    return built


def test_an_export_of_a_python_script_runs(export):
    decay = {"source": str(export), "isolation": "process"}
    system = {"name": "python", "components": {"decay": decay}, "experiment": {"stop": 1.0}}
    with cotwin.open_simulation(system | {"step_size": 0.25}) as simulation:
        simulation.write("decay.u", 0.5)
        final = simulation.run().at(1.0)
    assert final["decay.x"] == pytest.approx(0.5 + 0.5 * 0.75**4, rel=1e-12)
    assert final["decay.steps"] == 4


def test_an_export_of_a_python_script_shows_its_variables_and_that_it_needs_its_interpreter(export):
    model = read_model(export)
    assert {"u", "x", "steps"} <= {connector.name for connector in model.connectors}
    assert model.kinds == ("CoSimulation",)
    assert model.interface("CoSimulation").needs_tool
