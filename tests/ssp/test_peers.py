"""Other tools run what is exported: FMPy, libcosim and Ecos, to the numbers of our own run.

All of them step with the fixed step of Jacobi, as ours does here: every component gets what the others had at the
start of the step. The FMUs are the same files, so that only rounding may differ, in the times that are handed to them:
Ecos and FMPy add steps up, we and libcosim count them. Each peer runs in a process of its own.
"""

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

import pytest

from cotwin.exporting import export_ssp
from orchestrator.assembly import open_simulation
from orchestrator.ssp.reader import read_ssp
from orchestrator.system.yaml.file import from_mapping
from tests.kit.build import compiler, kit_fmu

pytestmark = pytest.mark.skipif(compiler() is None, reason="building FMUs needs a C compiler")

H, STEPS = 0.125, 16
ROUNDING = 1e-12

LIBCOSIM = """
import json, sys
from libcosimpy.CosimExecution import CosimExecution
from libcosimpy.CosimLogging import CosimLogLevel, log_output_level
from libcosimpy.CosimObserver import CosimObserver
log_output_level(CosimLogLevel.ERROR)
path, step, steps, wanted = json.loads(sys.argv[1])
execution = CosimExecution.from_ssp_file(ssp_path=path, step_size=round(step * 1e9))
observer = CosimObserver.create_last_value()
execution.add_observer(observer)
places = {}
for slave in execution.slave_infos():
    for variable in execution.slave_variables(slave.index):
        places[f"{slave.name.decode()}.{variable.name.decode()}"] = slave.index, variable.reference
found = {name: [] for name in wanted}
for _ in range(steps):
    execution.step(1)
    for name in wanted:
        index, reference = places[name]
        found[name].append(observer.last_real_values(index, [reference])[0])
print(json.dumps(found))
"""
ECOS = """
import ctypes, json, sys
ctypes.CDLL(sys.argv[2], ctypes.RTLD_GLOBAL)
from ecospy import EcosSimulation
path, step, steps, wanted = json.loads(sys.argv[1])
simulation = EcosSimulation(ssp_path=path, step_size=step)
simulation.init(parameter_set="parameters")
found = {name: [] for name in wanted}
for _ in range(steps):
    simulation.step()
    for name in wanted:
        found[name].append(simulation.get_real(name.replace(".", "::")))
simulation.terminate()
print(json.dumps(found))
"""


def described(names, connections, folder):
    models = {"decay": "Dahlquist", "sum": "Integrator", "last": "Integrator"}
    components = {
        name: {"source": str(kit_fmu(models[name.rpartition("/")[2]], "2.0", "co_simulation"))} for name in names
    }
    components[names[0]]["parameters"] = {"k": "2 / 4"}
    data = {"name": "plant", "components": components, "connections": connections}
    times = {"experiment": {"stop": STEPS * H}, "step_size": H, "algorithm": "jacobi"}
    return from_mapping({**data, **times}, folder, "here")


@pytest.fixture
def chain(tmp_path):
    """A decay that is integrated twice, in one system."""
    return described(["decay", "sum", "last"], ["decay.x -> sum.u", "sum.y -> last.u"], tmp_path)


def ours(description):
    with open_simulation(description) as simulation:
        results = simulation.run()
    return {name: list(results[name][1:]) for name in results.names}


def theirs(program, path, wanted, *more):
    task = json.dumps([str(path), H, STEPS, sorted(wanted)])
    done = subprocess.run([sys.executable, "-c", program, task, *more], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def tbb():
    """The library that Ecos is linked with: a wheel brings it, no search path leads to it."""
    try:
        files = distribution("tbb").files or []
    except PackageNotFoundError:
        return None
    return next((str(Path(file.locate()).resolve()) for file in files if file.name == "libtbb.so.12"), None)


@pytest.mark.skipif(find_spec("libcosimpy") is None, reason="libcosimpy is not installed")
def test_libcosim_runs_the_exported_folder_to_the_same_numbers(chain, tmp_path):
    expected = ours(chain)
    found = theirs(LIBCOSIM, export_ssp(chain, tmp_path / "plant"), expected)
    for name, values in expected.items():
        assert found[name] == pytest.approx(values, rel=ROUNDING), name


@pytest.mark.skipif(find_spec("ecospy") is None or tbb() is None, reason="ecospy or its library tbb is not installed")
@pytest.mark.parametrize("name", ["plant", "plant.ssp"])
def test_ecos_runs_the_exported_package_to_the_same_numbers(chain, tmp_path, name):
    expected = ours(chain)
    found = theirs(ECOS, export_ssp(chain, tmp_path / name), expected, tbb())
    for variable, values in expected.items():
        assert found[variable] == pytest.approx(values, rel=ROUNDING), variable


def test_fmpy_runs_connections_across_borders_to_the_same_numbers(tmp_path):
    from fmpy.ssp.simulation import simulate_ssp

    names = ["decay", "deep/inner/sum", "other/last"]
    crossing = described(names, ["decay.x -> deep/inner/sum.u", "deep/inner/sum.y -> other/last.u"], tmp_path)
    plain = {"decay": crossing.components["decay"].model_copy(update={"parameters": {}})}
    # FMPy gives no parameters that are bound to components.
    crossing = crossing.model_copy(update={"components": {**crossing.components, **plain}})
    path = export_ssp(crossing, tmp_path / "plant.ssp", "1.0")
    found = simulate_ssp(str(path), stop_time=STEPS * H, step_size=H)
    expected = ours(read_ssp(path))
    assert found["decay.x"] == pytest.approx(expected["decay.x"], rel=ROUNDING)
    # Its components have no input in the first step, ours the initial outputs: one rectangle less, H * x(0).
    summed = [value - H for value in expected["deep/inner/sum.y"]]
    assert found["deep.inner.sum.y"] == pytest.approx(summed, rel=ROUNDING, abs=1e-14)
    assert list(found["other.last.u"]) == list(found["deep.inner.sum.y"])
