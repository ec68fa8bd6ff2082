"""Random systems: whatever is connected to whatever, the whole has the bits of cotwin's own run."""

from pathlib import Path

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


def exported(data, path, version):
    """Write it; where loops are algebraic all connections get a delay."""
    try:
        export_fmu(from_mapping(data, ROOT, "tests"), path, version=version)
    except AlgebraicLoopError:
        data["connections"] = [{**each, "delay": True} for each in data["connections"]]
        export_fmu(from_mapping(data, ROOT, "tests"), path, version=version)
    return from_mapping(data, ROOT, "tests")


@pytest.mark.parametrize("seed", range(8))
def test_a_random_system_runs_in_fmpy_with_the_bits_of_cotwin(seed, tmp_path):
    path = tmp_path / "whole.fmu"
    description = exported(drawn(seed), path, ("2.0", "3.0")[seed % 2])
    found = elements(run_in_fmpy(path, description, start_time=description.experiment.start))
    expected = run(description)
    rows = len(found["time"])
    assert rows >= len(expected.times) - 1  # FMPy makes no step that is shorter than the others
    for name in expected.names:
        if name in found:
            assert np.array_equal(found[name], np.asarray(expected[name])[:rows]), name


def varied(seed):
    """The same with solvers, rates, extrapolated inputs, and pulses on whatever is not fed."""
    data, rng = drawn(seed), np.random.default_rng([seed, 1])
    h = data["step_size"] = 0.125
    data["experiment"]["stop"] = data["experiment"]["start"] + 2.5
    for part in data["components"].values():
        if rng.random() < 0.5:
            solver = ({}, {"method": "heun", "step": 0.03}, {"method": "rk4", "step": 0.1})[int(rng.integers(3))]
            part |= {"kind": "model_exchange", **({"solver": solver} if solver else {})}
        if rng.random() < 0.5:
            part["step_size"] = float(rng.choice([h / 2, h / 3, 2 * h, 4 * h, 5 * h]))
    data["extrapolation"] = {"order": int(rng.integers(3)), "smoothing": bool(rng.random() < 0.5)}
    fed = {each["connect"].split(" -> ")[1] for each in data["connections"]}
    free = [end for end in _inputs(data) if end not in fed]
    signals = {
        f"s{k}": {"pulse": {"low": -0.5, "high": 0.5, "start": 0.4 * rng.random(), "period": 0.7, "width": 0.3}}
        for k in range(len(free))
    }
    if free:
        data["components"]["feed"] = {"signals": signals}
        data["connections"] += [
            {"connect": f"feed.s{k} -> {end}", "suppress_unit_conversion": True} for k, end in enumerate(free)
        ]
    return data


def _inputs(data):
    for name, part in data["components"].items():
        for connector in read_model(Path(part["source"])).connectors:
            if connector.causality is Causality.INPUT:
                yield from (f"{name}.{element}" for element in connector.elements)


@pytest.mark.parametrize("seed", range(12))
def test_a_random_system_with_solvers_and_rates_runs_with_the_bits_of_cotwin(seed, tmp_path):
    path = tmp_path / "whole.fmu"
    description = exported(varied(seed), path, ("2.0", "3.0")[seed % 2])
    found = elements(run_in_fmpy(path, description, start_time=description.experiment.start))
    expected = run(description)
    outputs = {f"{name}.{key}" for name, key in _outputs(path)}
    last = [len(expected.times) - 1 - int(np.argmin(np.abs(expected.times[::-1] - t))) for t in found["time"]]
    for name in outputs & set(found) & set(expected.names):
        assert np.array_equal(found[name], np.asarray(expected[name])[last]), name


def _outputs(path):
    return [
        (element.split(".", 1)[0], element.split(".", 1)[1])
        for connector in read_model(path).connectors
        if connector.causality is Causality.OUTPUT
        for element in connector.elements
    ]
