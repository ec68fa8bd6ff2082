"""Slopes of inputs and outputs cross the border of a process: the numbers are those of this process, to the bit."""

from contextlib import closing

import numpy as np
import pytest

from cotwin import open_simulation
from orchestrator.assembly import open_instance
from orchestrator.errors import CapabilityError, FmuImportError, StepError
from orchestrator.fmi.isolation import declared, waiting
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


def described(version, algorithm, isolated, *, order=1, steps=None):
    """x' = -x, then y' = x, then z' = y: the first hands on lines, the second the derivatives that it knows.

    `steps` are step sizes by component.
    """
    exchange = version.endswith("exchange")
    fmu = kit_fmu("Integrator", version.split()[0], "model_exchange") if exchange else integrator(version)
    follower = {"source": str(fmu), "extrapolation": {"order": order}}
    components = {
        "decay": {"source": str(kit_fmu("Dahlquist", "2.0", "co_simulation"))},
        "first": {**follower, **isolated.get("first", {})},
        "second": {**follower, **isolated.get("second", {})},
    }
    for name, step_size in (steps or {}).items():
        components[name]["step_size"] = step_size
    return {
        "name": "chain",
        "components": components,
        "connections": ["decay.x -> first.u", "first.y -> second.u"],
        "experiment": {"stop": 1.0},
        "step_size": 0.1,
        "algorithm": algorithm,
    }


def chain(version, algorithm, isolated, *, interpreted=False, **more):
    """What was recorded, and what was stepped by address."""
    with open_simulation(described(version, algorithm, isolated, **more), interpreted=interpreted) as simulation:
        return simulation.run(), set(simulation.by_address)


PROCESS = {"isolation": "process"}
APART = {"first": PROCESS, "second": PROCESS}


def same(one, other):
    return one.names == other.names and all(np.array_equal(one[name], other[name]) for name in one.names)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("version", [*SLOPED, "2.0 exchange", "3.0 exchange"])
def test_a_chain_of_slopes_gives_the_same_to_the_bit(version, algorithm):
    (far, by_address), (near, _) = chain(version, algorithm, APART), chain(version, algorithm, {})
    read, by_python = chain(version, algorithm, APART, interpreted=True)
    assert (by_address, by_python) == ({"decay", "first", "second"}, set())
    assert same(far, near)
    assert same(far, read)
    exact = np.exp(-1.0)  # of z(1), for x(0) = 1
    assert near["second.y"][-1] == pytest.approx(exact, rel=0.1)


@pytest.mark.parametrize("steps", [{"second": 0.05}, {"first": 0.2}, {"first": 0.025, "second": 0.5}])
@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_slopes_at_rates_of_their_own_give_the_same_to_the_bit(version, steps):
    far, by_address = chain(version, "gauss_seidel", APART, steps=steps)
    assert by_address == {"decay", "first", "second"}
    assert same(far, chain(version, "gauss_seidel", APART, steps=steps, interpreted=True)[0])
    assert same(far, chain(version, "gauss_seidel", {}, steps=steps)[0])


@pytest.mark.parametrize("version", ["2.0", "2.0 exchange"])
def test_parabolas_cross_in_two_orders(version):
    ways = [(isolated, more) for isolated in (APART, {}) for more in ({}, {"interpreted": True})]
    ends = [chain(version, "jacobi", isolated, order=2, **more) for isolated, more in ways]
    assert all(same(ends[0][0], other) for other, _ in ends[1:])
    assert ends[0][1] == {"decay", "first", "second"}


@pytest.mark.parametrize("isolated", [{"first": PROCESS}, {"second": PROCESS}])
def test_one_side_of_the_border_may_be_in_this_process(isolated):
    far, by_address = chain("2.0", "jacobi", isolated)
    assert by_address == {"decay", "first", "second"}
    assert same(far, chain("2.0", "jacobi", {})[0])


@pytest.mark.parametrize(("interpreted", "each"), [(False, [1, 1]), (True, [4, 3])])
def test_a_macro_step_with_slopes_is_one_exchange(interpreted, each):
    """Interpreted steps keep and free a state, too, and read derivatives behind that."""
    with open_simulation(described("2.0", "jacobi", APART), interpreted=interpreted) as simulation:
        processes = [simulation.instances[name]._process for name in ("first", "second")]

        def asked(until):
            before = [int(process.handle[waiting.ASKED // 8]) for process in processes]
            simulation.run(until=until)
            return np.array([int(process.handle[waiting.ASKED // 8]) for process in processes]) - before

        simulation.run(until=0.4)
        a_stride, longer = asked(0.5), asked(0.9)
    assert ((longer - a_stride) / 3).tolist() == each


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
