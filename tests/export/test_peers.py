"""libcosim, which loads FMUs with FMI Library, runs a whole with the bits of cotwin."""

import json
import subprocess
import sys
from importlib.util import find_spec

import pytest

from orchestrator.export.container import export_fmu
from orchestrator.system.yaml.file import from_mapping
from tests.export.exported import growth, run
from tests.plants import ROOT

NAMES = ("prey.x", "predator.y")
LIBCOSIM = """
import json, sys
from libcosimpy.CosimExecution import CosimExecution
from libcosimpy.CosimLogging import CosimLogLevel, log_output_level
from libcosimpy.CosimObserver import CosimObserver
from libcosimpy.CosimSlave import CosimLocalSlave
log_output_level(CosimLogLevel.ERROR)
path, step, stop, names = json.loads(sys.argv[1])
execution = CosimExecution.from_step_size(step_size=round(step * 1e9))
slave = execution.add_local_slave(CosimLocalSlave(fmu_path=path, instance_name="whole"))
observer = CosimObserver.create_last_value()
execution.add_observer(observer)
execution.simulate_until(round(stop * 1e9))
places = {each.name.decode(): each.reference for each in execution.slave_variables(slave)}
print(json.dumps(observer.last_real_values(slave, [places[name] for name in names])))
"""


def exchanged():
    """Prey with CVODE and predators with an explicit method, at rates of their own, on extrapolated inputs."""
    described = growth(extrapolation={"order": 2, "smoothing": True})
    described["components"]["prey"] |= {"kind": "model_exchange", "step_size": 0.25}
    described["components"]["predator"] |= {
        "kind": "model_exchange", "solver": {"method": "rk4", "step": 0.1}, "step_size": 0.0625,
    }  # fmt: skip
    return described


@pytest.mark.skipif(find_spec("libcosimpy") is None, reason="libcosimpy is not installed")
@pytest.mark.parametrize("described", [growth(), exchanged()], ids=["plain", "exchanged"])
def test_libcosim_runs_a_whole_to_the_same_bits_without_a_complaint(described, tmp_path):
    # It tells components no tolerance: that of the description counts.
    description = from_mapping(described, ROOT, "tests")
    path = export_fmu(description, tmp_path / "whole.fmu", version="2.0").path
    task = json.dumps([str(path), description.step_size, description.experiment.stop, NAMES])
    done = subprocess.run([sys.executable, "-c", LIBCOSIM, task], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "error" not in done.stdout + done.stderr
    expected = run(description)
    assert json.loads(done.stdout.splitlines()[-1]) == [expected[name][-1] for name in NAMES]
