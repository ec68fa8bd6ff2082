"""FMUs that nobody here wrote, from the gemseo-fmu wheel: OpenModelica (FMI 2.0) and PythonFMU (FMI 3.0)."""

from contextlib import closing
from importlib.metadata import PackageNotFoundError, files

import numpy as np
import pytest

from orchestrator.fmi.co_simulation import open_fmu
from orchestrator.instance import Bundle


def foreign(name):
    try:
        found = [file for file in files("gemseo-fmu") or [] if str(file).endswith(f"fmu_files/linux/{name}.fmu")]
    except PackageNotFoundError:
        found = []
    if not found:
        pytest.skip("the gemseo-fmu wheel, which holds these FMUs, is not installed")
    return found[0].locate()


def take(instance, *names):
    by_name = {connector.name: connector for connector in instance.connectors}
    bundle = Bundle.of([by_name[name] for name in names])
    values = np.zeros(bundle.size, bundle.storage.dtype)
    instance.get(bundle, values)
    return values


def run(instance, start, stop, steps):
    h = (stop - start) / steps
    for index in range(steps):
        instance.do_step(start + index * h, h)


# The answer of the FMU with 1000 steps: OpenModelica's export integrates with explicit Euler at the communication step.
AT_1000_STEPS = [-1.13744, 0.82678, -1.08531, -0.36859]


def exact(t):
    """v1, v2, x1, x2 of two unit masses on three unit springs from v = (1, 0), x = (0, 1), by its two modes."""
    fast = np.sqrt(3.0)
    x_slow, v_slow = 0.5 * np.cos(t) + 0.5 * np.sin(t), 0.5 * np.cos(t) - 0.5 * np.sin(t)
    x_fast = -0.5 * np.cos(fast * t) + 0.5 / fast * np.sin(fast * t)
    v_fast = 0.5 * fast * np.sin(fast * t) + 0.5 * np.cos(fast * t)
    return np.array([v_slow + v_fast, v_slow - v_fast, x_slow + x_fast, x_slow - x_fast])


def test_the_mass_spring_system_approaches_the_exact_solution_with_order_one():
    errors = []
    for steps in (16_000, 32_000):
        with closing(open_fmu("system", foreign("MassSpringSystem"))) as instance:
            instance.enter_initialization(0.0, 10.0, 1e-6)
            instance.exit_initialization()
            run(instance, 0.0, 10.0, steps)
            errors.append(np.abs(take(instance, "v1", "v2", "x1", "x2") - exact(10.0)).max())
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.05)
    assert errors[1] < 1e-2


def test_the_mass_spring_system_gives_the_known_answer():
    with closing(open_fmu("system", foreign("MassSpringSystem"))) as instance:
        instance.enter_initialization(0.0, 10.0, 1e-6)
        instance.exit_initialization()
        run(instance, 0.0, 10.0, 1000)
        np.testing.assert_allclose(take(instance, "v1", "v2", "x1", "x2"), AT_1000_STEPS, atol=1e-5)
        instance.terminate()


def test_a_restart_of_a_foreign_fmu_from_values_continues_its_run():
    with closing(open_fmu("system", foreign("MassSpringSystem"))) as instance:
        instance.enter_initialization(0.0, 10.0, 1e-6)
        instance.exit_initialization()
        run(instance, 0.0, 4.0, 400)
        states = {c.name: take(instance, c.name) for c in instance.connectors if c.is_state}
        assert len(states) == 4
        instance.restart(4.0, states)
        run(instance, 4.0, 10.0, 600)
        np.testing.assert_allclose(take(instance, "v1", "v2", "x1", "x2"), AT_1000_STEPS, atol=1e-5)


def test_subsystems_declare_that_nothing_passes_through_them():
    with closing(open_fmu("half", foreign("MassSpringSubSystem1"))) as instance:
        assert instance.feedthrough == {"v1": (), "x1": ()}


def test_an_fmi_3_fmu_of_another_tool_reads_all_its_types():
    with closing(open_fmu("three", foreign("FMU3Model"))) as instance:
        instance.enter_initialization(0.0, 1.0, None)
        instance.exit_initialization()
        assert take(instance, "vector").shape == (5,)
        assert take(instance, "int32", "int64", "enumeration").tolist() == [6, 7, 1]
        assert take(instance, "boolean").tolist() == [True]
        before = take(instance, "output")
        instance.do_step(0.0, 0.1)
        assert take(instance, "output").tolist() == (before + 1.0).tolist()
        assert instance.model.not_imported == {}
        assert take(instance, "string").tolist() == ["foo"]
        assert instance.feedthrough == {"output": None, "vector": None}
