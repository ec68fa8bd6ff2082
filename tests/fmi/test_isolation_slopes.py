"""Slopes of inputs and outputs cross the border of a process: the numbers are those of this process, to the bit."""

from contextlib import closing

import numpy as np
import pytest

from cotwin import open_simulation
from orchestrator.assembly import open_instance
from orchestrator.errors import CapabilityError, FmuImportError, StepError
from orchestrator.fmi.isolation import declared
from orchestrator.fmi.isolation import mailbox as box
from orchestrator.fmi.variables import read_model
from orchestrator.instance import Bundle, input_slopes, output_slopes
from orchestrator.system.description import Component
from orchestrator.system.solving import Extrapolation
from tests.coupled import simulation
from tests.doubles import FunctionInstance
from tests.fmi.event_fmus import event_fmu
from tests.kit.build import compiler, kit_fmu

pytestmark = pytest.mark.skipif(compiler() is None, reason="building FMUs needs a C compiler")

LINES = Extrapolation(order=1)
SLOPED = {
    "1.0": {"interpolate_inputs": True},
    "2.0": {"interpolate_inputs": True},
    "3.0": {"intermediate_steps": 4},
}


def integrator(version):
    return kit_fmu("Integrator", version, "co_simulation", output_derivatives=True, **SLOPED[version])


def opened(path, **options):
    return open_instance("one", Component(source=path, **options))


def chain(version, algorithm, isolated):
    """x' = -x, then y' = x, then z' = y: the first hands on lines, the second the derivatives that it knows."""
    exchange = version.endswith("exchange")
    fmu = kit_fmu("Integrator", version.split()[0], "model_exchange") if exchange else integrator(version)
    sources = {
        "decay": {"source": str(kit_fmu("Dahlquist", "2.0", "co_simulation"))},
        "first": {"source": str(fmu), "extrapolation": {"order": 1}},
        "second": {"source": str(fmu), "extrapolation": {"order": 1}},
    }
    description = {
        "name": "chain",
        "components": {name: {**each, **isolated.get(name, {})} for name, each in sources.items()},
        "connections": ["decay.x -> first.u", "first.y -> second.u"],
        "experiment": {"stop": 1.0},
        "step_size": 0.1,
        "algorithm": algorithm,
    }
    with open_simulation(description) as simulation:
        return simulation.run()


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("version", [*SLOPED, "2.0 exchange", "3.0 exchange"])
def test_a_chain_of_slopes_gives_the_same_to_the_bit(version, algorithm):
    process = {"isolation": "process"}
    far, near = chain(version, algorithm, {"first": process, "second": process}), chain(version, algorithm, {})
    assert far.names == near.names
    assert all(np.array_equal(far[name], near[name]) for name in near.names)
    exact = np.exp(-1.0)  # of z(1), for x(0) = 1
    assert near["second.y"][-1] == pytest.approx(exact, rel=0.1)


def test_a_macro_step_with_slopes_is_one_exchange():
    with closing(opened(integrator("2.0"), isolation="process", extrapolation=LINES)) as sink:
        source = FunctionInstance(lambda t, u: 3.0 * t, name="source", inputs=[])
        follower = FunctionInstance(lambda t, u: u, name="follower")
        asked = []
        ask = sink._process.ask
        with simulation(
            [source, sink, follower], ["source.y -> one.u", "one.y -> follower.u"], extrapolation=LINES
        ) as run:
            for index in range(6):
                if index == 3:
                    sink._process.ask = lambda code, call: asked.append(code) or ask(code, call)
                run.step()
            assert run["one.y"] == pytest.approx(3 * 0.6**2 / 2, abs=1e-14)
            sink._process.ask = ask
    assert asked.count(box.ASK_STEP) == 3  # beside those that keep and free a state for a refused step


def test_slopes_wait_for_the_step_also_where_something_else_is_asked_before():
    """A state saved between the slopes and the step has them, as in this process."""
    ends = []
    for isolation in (None, "process"):
        with closing(opened(integrator("2.0"), isolation=isolation, extrapolation=LINES)) as one:
            u, y = (Bundle.of([c]) for name in "uy" for c in one.connectors if c.name == name)
            one.enter_initialization(0.0, None, None)
            one.exit_initialization()
            values, slopes = np.array([1.0]), np.array([2.0])
            one.set(u, values)
            one.input_slopes.set(u, values, slopes[None], 0.0)
            state = one.save_state()
            ends.append([])
            for _ in range(2):
                one.do_step(0.0, 0.5)
                one.output_slopes.get(y, slopes)
                one.get(y, values)
                ends[-1] += [values[0], slopes[0]]
                one.restore_state(state)
                one.set(u, np.array([1.0]))
                one.input_slopes.set(u, np.array([1.0]), np.array([[2.0]]), 0.0)
    assert ends[0] == ends[1]
    assert ends[0][:2] == [pytest.approx(0.75), 2.0]


def test_an_input_refused_during_a_step_is_raised_by_the_step(tmp_path):
    sink = opened(event_fmu("integrator", tmp_path), isolation="process", extrapolation=LINES)
    source = FunctionInstance(lambda t, u: 0.0 if t == 0.0 else 999.0 + 10.0 * t, name="source", inputs=[])
    with (
        pytest.raises(StepError, match=r"'one'.*SetFloat64 in an intermediate update returned Error") as caught,
        simulation(
            [source, sink], ["source.y -> one.u"], step_size=0.2, algorithm="jacobi", extrapolation=LINES
        ) as run,
    ):
        run.run()
    assert caught.value.component == "one"


def test_one_without_slopes_has_none_also_where_they_are_asked_for(fmu):
    for isolation in (None, "process"):
        with closing(opened(fmu, isolation=isolation, extrapolation=LINES)) as one:
            assert (input_slopes(one), output_slopes(one)) == (None, None)


def test_after_the_end_of_its_process_slopes_are_refused():
    one = opened(integrator("2.0"), isolation="process", extrapolation=LINES)
    u = Bundle.of([c for c in one.connectors if c.name == "u"])
    one.enter_initialization(0.0, None, None)
    one.exit_initialization()
    one.input_slopes.set(u, np.zeros(1), np.zeros((1, 1)), 0.0)
    one.close()
    with pytest.raises(CapabilityError, match="'one' cannot take slopes: it is closed"):
        one.input_slopes.set(u, np.zeros(1), np.zeros((1, 1)), 0.0)


@pytest.mark.parametrize("found", [3, ["nowhere"], [["u"]], ["n"], {"u": 1}])
def test_slopes_of_what_is_no_float_are_not_believed(built, found):
    model = read_model(built.fmi3)
    with pytest.raises(FmuImportError, match="its process says what cannot be true"):
        declared.sloped(model, model.connectors, found)
