"""The compiled loop gives the same bits as the interpreted algorithms."""

from typing import Any

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.system.description import SystemDescription
from tests.textbook import control_loop, harmonic, lotka_volterra, oxygen_limited, two_mass

SYSTEMS = {
    "harmonic": lambda: harmonic(0.01, stop=5.0),
    "oscillators": lambda: two_mass("force_displacement", 0.01, stop=5.0),
    "lotka_volterra": lambda: lotka_volterra(0.01, stop=5.0),
    "control_loop": lambda: control_loop(0.05),
    "a stop off the grid": lambda: lotka_volterra(0.03, stop=1.0),
    "cells": lambda: oxygen_limited(60.0, stop=7200.0),
}


def run(description: SystemDescription, **more: Any) -> tuple[Any, Any]:
    """Results, and what was counted, of a run."""
    with open_simulation(description, **more) as simulation:
        compiled = simulation.strides
        results = simulation.run()
        return results, (compiled, simulation.coupling.statistics, simulation.coupling.signals.copy())


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("name", SYSTEMS)
def test_compiled_and_interpreted_runs_agree_to_the_bit(name, algorithm):
    description = SYSTEMS[name]().model_copy(update={"algorithm": algorithm})
    compiled, (strode, counted, signals) = run(description)
    interpreted, (walked, steps, values) = run(description, interpreted=True)
    assert (strode, walked) == (True, False)
    assert np.array_equal(compiled.times, interpreted.times)
    for each in interpreted.names:
        assert np.array_equal(compiled[each], interpreted[each]), each
    for storage, array in values.items():
        assert np.array_equal(signals[storage], array), storage
    assert counted.macro_steps == steps.macro_steps
    assert (counted.smallest_step, counted.largest_step) == (steps.smallest_step, steps.largest_step)
    assert {n: c.steps for n, c in counted.components.items()} == {n: c.steps for n, c in steps.components.items()}


def test_a_restart_after_steps_by_address_gives_the_last_inputs_again():
    def after_a_restart(**more: Any) -> float:
        with open_simulation(lotka_volterra(0.01, stop=1.0), **more) as simulation:
            simulation.run(until=0.5)
            prey = simulation.instances["prey"]
            prey.restart(simulation.time, {"x": np.array([2.0])})
            prey.do_step(simulation.time, 0.01)
            simulation.coupling.participants[0].read()
            simulation.coupling.participants[1].read()
            return float(simulation["prey.x"])

    assert after_a_restart() == after_a_restart(interpreted=True)
