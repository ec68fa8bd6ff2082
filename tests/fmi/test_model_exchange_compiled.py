"""Evaluations and steps in compiled functions give the bits, errors and events of those in Python."""

from contextlib import closing

import pytest

from orchestrator.errors import InitializationError, StepError
from orchestrator.fmi.model_exchange import open_exchange
from orchestrator.fmi.variables import read_model
from orchestrator.system.description import Solver
from tests.fmi.exchange_models import TOYS
from tests.fmi.exchange_runs import METHODS, put, take

VERSIONS = ["fmi1", "fmi2", "fmi3"]
RUNS = [
    ("ball", {}),
    ("relay", {}),
    ("scan", {}),
    ("sine", {}),
    ("threshold", {}),
    ("stairs", {}),
    ("lag", {}),
    ("forgetful", {"k": 2.0}),
    ("stubborn", {"k": 2.0}),
    ("stairs", {"size": 0.25}),
    ("stiff", {}),
    ("fed_batch", {"F0": 0.1, "k": 0.2, "factor": 3.0}),
    *(("grumbler", {"k": k}) for k in (0.0, 1.0, 6.0)),
    *(("wall", {"k": k}) for k in (-1.0, 0.0, 1.0, 2.0, 7.0)),
    *(("endless", {"k": k}) for k in (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)),
]


def trace(path, solver, parameters, *, interpreted):
    """Everything that an instance says and shows in two seconds, with inputs that jump at some steps."""
    said = []
    with closing(open_exchange("it", read_model(path), solver, interpreted=interpreted)) as instance:
        names = [c.name for c in instance.connectors if c.causality in ("output", "local")]
        for name, value in parameters.items():
            put(instance, name, value)
        inputs = [c.name for c in instance.connectors if c.causality == "input"]
        try:
            instance.enter_initialization(0.0, None, None)
            instance.exit_initialization()
            for index in range(20):
                for name in inputs:
                    put(instance, name, (0.0, 0.3, 0.3, 0.9)[index % 4])
                said.append(instance.do_step(index * 0.1, 0.1))
                said += [take(instance, name).tobytes() for name in names]
                if said[-1 - len(names)].terminate_requested:
                    break
        except (InitializationError, StepError) as error:
            said.append((type(error), str(error), error.time))
    return said


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("name", "parameters"), RUNS)
@pytest.mark.parametrize("version", VERSIONS)
def test_compiled_evaluations_give_the_bits_and_errors_of_those_in_python(toy, version, name, parameters, method):
    path, solver = toy(name, version), METHODS[method]
    if method != "cvode":
        solver = Solver(method=method, step=0.02)
    compiled = trace(path, solver, parameters, interpreted=False)
    assert compiled == trace(path, solver, parameters, interpreted=True)


def test_every_toy_takes_part():
    assert {name for name, _ in RUNS} == set(TOYS)
