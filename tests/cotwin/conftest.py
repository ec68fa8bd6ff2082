"""Toy FMUs for the command line: a lag, a decay that fails when it reaches zero."""

from pathlib import Path
from typing import NamedTuple

import casadi as ca
import pytest

from fmus.build import build
from plant_models.model import Model


class Toys(NamedTuple):
    """FMU files, and a system of them in YAML."""

    lag: Path
    failing: Path
    system: Path
    failing_system: Path
    loop: Path


def lag():
    """T dx/dt = u - x, y = x: the step response is 1 - exp(-t / T)."""
    model = Model("lag", "first-order lag")
    time_constant = model.parameter("T", 2.0, "s", "time constant")
    u = model.input("u", 1.0, "1", "input")
    x = model.state("x", 0.0, "1", "state", visible=True)
    model.derivative("x", (u - x) / time_constant)
    return model


def failing():
    """dx/dt = -1 from x = 1, y = sqrt(x - u): not a number from t = 1 s on."""
    model = Model("failing", "an output that ceases to exist")
    u = model.input("u", 0.0, "1", "input")
    x = model.state("x", 1.0, "1", "what is left")
    model.derivative("x", ca.MX(-1.0))
    model.output("y", ca.sqrt(x - u), "1", "a root")
    return model


def gain():
    """y = u, directly."""
    model = Model("gain", "direct feedthrough")
    u = model.input("u", 0.0, "1", "input")
    model.output("y", u, "1", "output")
    return model


LOOP = """
name: loop
components: {{a: {{source: {gain}}}, b: {{source: {gain}}}}}
connections: [a.y -> b.u, b.y -> a.u]
experiment: {{stop: 1.0}}
step_size: 0.5
"""

SYSTEM = """
name: {name}
components:
  first: {{source: {lag}, parameters: {{T: 1.0}}}}
  second: {{source: {second}}}
connections:
  - first.x -> second.u
experiment: {{stop: 4.0}}
step_size: 0.5
"""


@pytest.fixture(scope="session")
def toys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toys")
    one, two, direct = (build(model, folder).fmi3 for model in (lag(), failing(), gain()))
    paths = []
    for name, second in (("chain", one), ("breaking", two)):
        paths.append(folder / f"{name}.yaml")
        paths[-1].write_text(SYSTEM.format(name=name, lag=one, second=second))
    paths.append(folder / "loop.yaml")
    paths[-1].write_text(LOOP.format(gain=direct))
    return Toys(one, two, *paths)
