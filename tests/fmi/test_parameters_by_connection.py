"""Tunable parameters of real FMUs set by connections: every version and kind, in this process and in one of its own."""

import casadi as ca
import pytest

from fmus.build import build
from orchestrator.assembly import open_simulation
from orchestrator.system.description import Component, Connection, Endpoint, Experiment, SystemDescription
from plant_models.model import Model

H, STEPS = 0.25, 8


def integrator():
    """dx/dt = rate, z = 2 rate, with the tunable parameter rate; there are no inputs."""
    model = Model("integrator", "integrates a parameter")
    rate = model.parameter("rate", 3.0, "1", "rate", tunable=True)
    model.state("x", 0.0, "1", "integral", visible=True)
    model.derivative("x", rate)
    model.output("z", 2.0 * rate, "1", "twice the rate")
    return model


def ramp():
    """y = t."""
    model = Model("ramp", "time as an output")
    model.state("y", 0.0, "1", "time", visible=True)
    model.derivative("y", ca.MX(1.0))
    return model


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tuned")
    return {name: build(model, folder) for name, model in (("integrator", integrator()), ("ramp", ramp()))}


@pytest.mark.parametrize("isolation", [None, "process"])
@pytest.mark.parametrize("kind", ["co_simulation", "model_exchange"])
@pytest.mark.parametrize(("algorithm", "newest"), [("gauss_seidel", 1), ("jacobi", 0)])
def test_a_parameter_holds_the_value_of_its_source_over_each_step(files, version, kind, isolation, algorithm, newest):
    tuned = Connection(
        source=Endpoint(component="ramp", connector="y"),
        destination=Endpoint(component="sub/integrator", connector="rate"),
        as_parameter=True,
    )
    described = SystemDescription(
        name="tuned",
        components={
            "sub/integrator": Component(
                source=getattr(files["integrator"], version), kind=kind, isolation=isolation, parameters={"x": 1.0}
            ),
            "ramp": Component(source=getattr(files["ramp"], version)),
        },
        connections=(tuned,),
        experiment=Experiment(stop=H * STEPS),
        step_size=H,
        algorithm=algorithm,
        record=("*",),
    )
    with open_simulation(described) as simulation:
        results = simulation.run()
    # the rate of step i is the time at its end, or at its beginning: sums of an arithmetic series
    steps = range(STEPS + 1)
    expected = [1.0 + H**2 * (n * (n + 1) / 2 if newest else n * (n - 1) / 2) for n in steps]
    assert results["sub/integrator.x"].tolist() == pytest.approx(expected, rel=1e-6)
    rates = [H * max(n - 1 + newest, 0) for n in steps]
    assert results["sub/integrator.rate"].tolist() == pytest.approx(rates)
    assert results["sub/integrator.z"].tolist() == pytest.approx([2.0 * rate for rate in rates])
