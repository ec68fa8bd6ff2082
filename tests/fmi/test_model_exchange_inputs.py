"""Inputs of Model Exchange FMUs as straight lines: exact for ramps, second order, and an event only where they jump."""

import shutil
from contextlib import closing
from math import cos, exp, sin

import numpy as np
import pytest

import cotwin
from orchestrator.errors import StepError
from orchestrator.fmi.opening import open_component
from orchestrator.instance import input_slopes
from orchestrator.realtime.metering import Meter
from orchestrator.system.description import Component
from tests.coupled import simulation
from tests.doubles import FunctionInstance
from tests.fmi.exchange_runs import bundle, put, take
from tests.fmi.exchange_toys import exchange_fmu
from tests.kit.build import kit_fmu
from tests.plants import fmu

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="building FMUs needs a C compiler")

METHODS = {"cvode": {"tolerance": 1e-10}, "rk4": {"method": "rk4", "step": 0.01}}
ALGORITHMS = ["jacobi", "gauss_seidel"]


@pytest.fixture(params=["1.0", "2.0", "3.0"])
def integrator(request):
    return kit_fmu("Integrator", request.param, "model_exchange")


@pytest.fixture(params=["fmi1", "fmi2", "fmi3"])
def version(request):
    return request.param


def component(path, method="cvode", *, order=1, isolation=None):
    options = {"solver": METHODS[method], "extrapolation": {"order": order}, "isolation": isolation}
    return Component(source=path, kind="model_exchange", **options)


def integral(path, function, h, *, algorithm="gauss_seidel", meter=False, order=1, **options):
    source = FunctionInstance(lambda t, u: function(t), name="source", inputs=[])
    sink = open_component("sink", component(path, order=order, **options))
    instances = [source, Meter(sink) if meter else sink]
    solving = {"step_size": h, "algorithm": algorithm, "extrapolation": {"order": order}}
    with simulation(instances, ["source.y -> sink.u"], **solving) as run:
        run.run()
        return run["sink.y"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("meter", [False, True])
def test_a_ramp_is_integrated_exactly_where_its_source_steps_first(integrator, method, meter):
    assert integral(integrator, lambda t: 3.0 * t, 0.1, method=method, meter=meter) == pytest.approx(1.5, rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_a_ramp_from_a_source_that_steps_later_misses_the_first_step_only(integrator, method):
    found = integral(integrator, lambda t: 3.0 * t, 0.1, algorithm="jacobi", method=method)
    assert found == pytest.approx(1.5 - 3.0 * 0.005, rel=1e-8)


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_order_of_the_coupling_rises_from_one_to_two(integrator, algorithm, order):
    exact = 1.0 - cos(1.0)
    errors = [abs(integral(integrator, sin, h, algorithm=algorithm, order=order) - exact) for h in (0.02, 0.01, 0.005)]
    assert errors[0] / errors[1] == pytest.approx(2.0 ** (order + 1), rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(2.0 ** (order + 1), rel=0.05)


def closed_loop(version, h, algorithm, order):
    """Two integrators in a ring, a' = b and b' = a."""
    source = str(kit_fmu("Integrator", version, "model_exchange"))
    options = {"source": source, "solver": METHODS["cvode"]}
    system = {
        "name": "ring",
        "components": {"a": {**options, "parameters": {"x": 1.0}}, "b": options},
        "connections": ["a.y -> b.u", "b.y -> a.u"],
        "experiment": {"stop": 1.0},
        "step_size": h,
        "algorithm": algorithm,
        "extrapolation": {"order": order},
        "record": ["*.y"],
    }
    with cotwin.open_simulation(system) as run:
        final = run.run().at(1.0)
    return final["a.y"], final["b.y"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("order", [0, 1])
def test_the_order_of_a_closed_loop_rises_from_one_to_two(algorithm, order):
    # From (1, 0): cosh t and sinh t.
    exact = np.array([exp(1.0) + exp(-1.0), exp(1.0) - exp(-1.0)]) / 2
    errors = [np.abs(np.array(closed_loop("3.0", h, algorithm, order)) - exact).max() for h in (0.02, 0.01, 0.005)]
    assert errors[0] / errors[1] == pytest.approx(2.0 ** (order + 1), rel=0.06)
    assert errors[1] / errors[2] == pytest.approx(2.0 ** (order + 1), rel=0.06)


def started(path, method="cvode"):
    instance = open_component("it", component(path, method))
    instance.enter_initialization(0.0, None, None)
    instance.exit_initialization()
    return instance


def slope(instance, t, value, rate):
    chosen = bundle(instance, "u")
    instance.set(chosen, np.array([value]))
    input_slopes(instance).set(chosen, np.array([value]), np.array([[rate]]), t)


@pytest.mark.parametrize("method", METHODS)
def test_an_event_along_a_line_happens_at_its_exact_time_and_the_line_itself_is_none(tmp_path, version, method):
    with closing(started(exchange_fmu("threshold", version, tmp_path), method)) as it:
        before = take(it, "events")[0]
        for index in range(4):
            slope(it, index * 0.3, index * 0.3, 1.0)
            it.do_step(index * 0.3, 0.3)
        assert take(it, "u")[0] == pytest.approx(1.2, rel=1e-12)
        last, events = take(it, "last", "events")
        assert last == pytest.approx(0.5, abs=1e-12)
        assert events - before == 1.0


def test_a_jump_at_a_communication_point_is_an_event_and_so_is_that_of_a_discrete_input(tmp_path, version):
    with closing(started(exchange_fmu("threshold", version, tmp_path))) as it:
        before = take(it, "events")[0]
        slope(it, 0.0, 0.1, 0.0)
        it.do_step(0.0, 0.1)
        assert take(it, "events")[0] - before == 1.0
        slope(it, 0.1, 0.1, 1.0)
        put(it, "n", 3.0)
        it.do_step(0.1, 0.1)
        assert take(it, "u", "events").tolist() == [pytest.approx(0.2), before + 2.0]
        it.do_step(0.2, 0.1)  # without a slope the input rests where it is
        assert take(it, "u")[0] == pytest.approx(0.2)


def test_an_input_that_is_read_before_the_step_has_jumped(tmp_path, version):
    with closing(started(exchange_fmu("stairs", version, tmp_path))) as it:
        slope(it, 0.0, 2.0, 1.0)
        assert take(it, "y")[0] == 2.0
        slope(it, 0.0, 2.0, 1.0)
        it.do_step(0.0, 1.0)
        assert take(it, "x", "u") == pytest.approx([2.5, 3.0], rel=1e-6)


@pytest.mark.parametrize("version", ["fmi2", "fmi3"])
def test_a_repetition_of_a_step_with_the_same_slopes_gives_the_same_bits(tmp_path, version):
    with closing(started(exchange_fmu("stairs", version, tmp_path))) as it:
        slope(it, 0.0, 0.0, 2.0)
        it.do_step(0.0, 0.5)
        state, ends = it.save_state(), []
        for _ in range(3):
            slope(it, 0.5, 1.0, -1.0)
            it.do_step(0.5, 0.5)
            ends.append(take(it, "x", "u", "y").tolist())
            it.restore_state(state)
        assert ends[0] == ends[1] == ends[2]
        assert ends[0][:2] == pytest.approx([0.25 + 0.375, 0.5], rel=1e-6)


@pytest.mark.parametrize("version", ["fmi2", "fmi3"])
def test_a_restart_keeps_the_inputs_given_last(tmp_path, version):
    with closing(started(exchange_fmu("stairs", version, tmp_path))) as it:
        slope(it, 0.0, 0.0, 2.0)
        it.do_step(0.0, 0.5)
        put(it, "u", 4.0)
        for t in (0.5, 2.0):
            it.restart(t, {"x": np.array([1.0])})
            assert take(it, "x", "u").tolist() == [1.0, 4.0]
            it.do_step(t, 0.25)
            assert take(it, "x")[0] == pytest.approx(2.0, rel=1e-6)


def test_an_fmu_without_continuous_inputs_has_no_slopes(tmp_path, version):
    with closing(started(exchange_fmu("scan", version, tmp_path))) as it:
        assert input_slopes(it) is None


@pytest.mark.parametrize("version", ["fmi2", "fmi3"])
def test_an_input_that_is_refused_during_a_step_is_an_error_with_its_name(tmp_path, version):
    with closing(started(exchange_fmu("stairs", version, tmp_path, deaf=True))) as it:
        slope(it, 0.0, 0.0, 2.0)
        with pytest.raises(StepError, match=f"'it': {version}Set for u returned Error"):
            it.do_step(0.0, 0.5)


def _fed_array(version):
    """x' = A x + B u with an array u of four inputs in FMI 3.0, four scalars in FMI 2.0, on the states of a decay."""
    parts = {"decay": {"source": str(kit_fmu("Dahlquist", "2.0", "co_simulation"))}}
    parts["plant"] = {"source": str(fmu("affine_4", version)), "kind": "model_exchange"}
    connections = [{"connect": f"decay.x -> plant.u[{k}]", "factor": float(k)} for k in (1, 2, 3, 4)]
    described = {"name": "fed", "components": parts, "connections": connections, "experiment": {"stop": 1.0}}
    with cotwin.open_simulation({**described, "step_size": 0.125, "extrapolation": {"order": 2}}) as run:
        found = run.run()
    return [found[f"plant.x[{k}]"] for k in (1, 2, 3, 4)]


def test_an_array_of_inputs_follows_lines_as_its_elements_do():
    assert np.array_equal(_fed_array(2), _fed_array(3))


def test_lines_of_a_component_in_a_process_of_its_own_give_the_same_bits(integrator):
    ends = [
        integral(integrator, lambda t: sin(3 * t), 0.1, algorithm=algorithm, isolation=isolation)
        for algorithm in ALGORITHMS
        for isolation in (None, "process")
    ]
    assert ends[0] == ends[1]
    assert ends[2] == ends[3]
