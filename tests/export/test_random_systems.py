"""Random systems: whatever is connected to whatever, the whole has the bits of cotwin's own run."""

import numpy as np
import pytest

from orchestrator.errors import AlgebraicLoopError
from orchestrator.export.container import export_fmu
from orchestrator.fmi.variables import read_model
from orchestrator.system.connector import Causality
from orchestrator.system.yaml.file import from_mapping
from tests.export.exported import elements, run, run_in_fmpy
from tests.plants import ROOT, fmu

STEMS = ("gain", "integrator", "difference", "mass_on_spring", "affine", "affine_4", "mass_under_force")


def drawn(seed):
    """A system of 3 to 8 components of both versions of FMI; every other input is fed, some of them with a delay."""
    rng = np.random.default_rng(seed)
    sources = {f"c{k}": fmu(str(rng.choice(STEMS)), int(rng.integers(2, 4))) for k in range(int(rng.integers(3, 9)))}
    ends = {Causality.INPUT: [], Causality.OUTPUT: []}
    for name, source in sources.items():
        for connector in read_model(source).connectors:
            if connector.causality in ends:
                ends[connector.causality] += [f"{name}.{element}" for element in connector.elements]
    connections = [
        {
            "connect": f"{rng.choice(ends[Causality.OUTPUT])} -> {target}",
            "suppress_unit_conversion": True,
            "factor": float(rng.uniform(-0.5, 0.5)),
            "offset": float(rng.uniform(0.0, 0.5)),
            "delay": bool(rng.random() < 0.4),
        }
        for target in ends[Causality.INPUT]
        if rng.random() < 0.7
    ]
    return {
        "name": f"random {seed}",
        "components": {name: {"source": str(source)} for name, source in sources.items()},
        "connections": connections,
        "experiment": {"start": float(rng.integers(0, 2)), "stop": 3.0, "tolerance": 1e-6},
        "step_size": float(rng.choice([0.1, 0.125, 0.3])),
        "algorithm": str(rng.choice(["jacobi", "gauss_seidel"])),
        "record": ["*"],
    }


@pytest.mark.parametrize("seed", range(8))
def test_a_random_system_runs_in_fmpy_with_the_bits_of_cotwin(seed, tmp_path):
    data = drawn(seed)
    path, version = tmp_path / "whole.fmu", ("2.0", "3.0")[seed % 2]
    try:
        export_fmu(from_mapping(data, ROOT, "tests"), path, version=version)
    except AlgebraicLoopError:  # then all connections that have no delay get one
        data["connections"] = [{**each, "delay": True} for each in data["connections"]]
        export_fmu(from_mapping(data, ROOT, "tests"), path, version=version)
    description = from_mapping(data, ROOT, "tests")
    found = elements(run_in_fmpy(path, description, start_time=description.experiment.start))
    expected = run(description)
    rows = len(found["time"])
    assert rows >= len(expected.times) - 1  # FMPy makes no step that is shorter than the others
    for name in expected.names:
        if name in found:
            assert np.array_equal(found[name], np.asarray(expected[name])[:rows]), name
