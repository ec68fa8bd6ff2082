"""Inputs as straight lines over a step: exact for ramps, second order where held inputs are of first order."""

import shutil
from contextlib import closing
from math import cos, sin

import pytest

from orchestrator.errors import StepError
from orchestrator.fmi.events_opening import open_with_events
from orchestrator.fmi.opening import open_component
from orchestrator.instance import input_slopes
from orchestrator.realtime.metering import Meter
from orchestrator.system.connector import Causality, Variability
from orchestrator.system.description import Component, Swap
from orchestrator.system.solving import Extrapolation
from tests.coupled import simulation
from tests.doubles import FunctionInstance, an_output
from tests.fmi.event_fmus import event_fmu, integrator_fmi2
from tests.kit.build import changed
from tests.master.event_doubles import EventDouble, discrete

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="building FMUs needs a C compiler")


@pytest.fixture(scope="module")
def fmus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slopes")
    return {"fmi2": integrator_fmi2(folder), "fmi3": event_fmu("integrator", folder)}


@pytest.fixture(params=["fmi2", "fmi3"])
def path(request, fmus):
    return fmus[request.param]


LINES = {"order": 1}


def integral(path, function, h, *, algorithm="gauss_seidel", order=1, sink_first=False, meter=False):
    source = FunctionInstance(lambda t, u: function(t), name="source", inputs=[])
    sink = open_with_events("sink", path, extrapolate=order > 0)
    instances = [Meter(sink) if meter else sink, source]
    if not sink_first:
        instances.reverse()
    solving = {"step_size": h, "algorithm": algorithm, "extrapolation": {"order": order}}
    with simulation(instances, ["source.y -> sink.u"], **solving) as run:
        run.run()
        return run["sink.x"]


def test_a_ramp_is_integrated_exactly_where_its_source_steps_first(path):
    assert integral(path, lambda t: 3.0 * t, 0.1) == pytest.approx(1.5, abs=1e-14)


def test_a_ramp_from_a_source_that_steps_later_misses_the_first_step_only(path):
    # held over the first step, there is no last communication point yet: h^2 / 2 of the slope is missing
    for options in ({"algorithm": "jacobi"}, {"sink_first": True}):
        assert integral(path, lambda t: 3.0 * t, 0.1, **options) == pytest.approx(1.5 - 3.0 * 0.005, abs=1e-14)


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_the_order_of_the_coupling_rises_from_one_to_two(path, algorithm, order):
    exact = 1.0 - cos(1.0)
    errors = [abs(integral(path, sin, h, algorithm=algorithm, order=order) - exact) for h in (0.02, 0.01, 0.005)]
    assert errors[0] / errors[1] == pytest.approx(2.0 ** (order + 1), rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(2.0 ** (order + 1), rel=0.05)


def test_an_input_without_a_source_is_held(path):
    sink = open_with_events("sink", path, extrapolate=True)
    with simulation([sink], extrapolation=LINES) as run:
        for value in range(10):
            run["sink.u"] = float(value)
            run.step()
        assert run["sink.x"] == pytest.approx(4.5)


def test_a_metered_component_takes_slopes_as_well(path):
    assert integral(path, lambda t: 3.0 * t, 0.1, meter=True) == pytest.approx(1.5, abs=1e-14)


def test_a_jump_at_an_event_has_no_slope(path):
    """u jumps from 0 to 1 at t = 0.35 and stays there: the integral is 0.65, not more."""

    def jump(one: EventDouble) -> None:
        if 0.35 in one.event_times:
            one["n"] = 1.0

    source = EventDouble("source", outputs=[discrete("n", Causality.OUTPUT)], on_update=jump, times=[0.35])
    sink = open_with_events("sink", path, extrapolate=True)
    with simulation([sink, source], ["source.n -> sink.u"], algorithm="jacobi", extrapolation=LINES) as run:
        run.run()
        assert run["sink.x"] == pytest.approx(0.65, abs=1e-12)


@pytest.mark.parametrize(("algorithm", "expected"), [("jacobi", 0.5), ("gauss_seidel", 0.6)])
@pytest.mark.parametrize("kind", ["boolean", "discrete"])
def test_an_input_whose_source_changes_in_steps_is_held_at_its_newest_value(path, kind, algorithm, expected):
    """u is 1 from t = 0.5 on: five steps of 0.1 begin there or later, six end there or later."""
    more = {"storage": "boolean"} if kind == "boolean" else {"variability": Variability.DISCRETE}
    source = FunctionInstance(lambda t, u: [t > 0.499], name="source", inputs=[], outputs=[an_output("y", **more)])
    sink = open_with_events("sink", path, extrapolate=True)
    with simulation([source, sink], ["source.y -> sink.u"], algorithm=algorithm, extrapolation=LINES) as run:
        run.run()
        assert run["sink.x"] == pytest.approx(expected, abs=1e-12)


def test_an_input_refused_during_a_step_is_an_error_that_names_the_component(fmus):
    with pytest.raises(StepError, match=r"'sink'.*SetFloat64 in an intermediate update returned Error"):
        integral(fmus["fmi3"], lambda t: 0.0 if t == 0.0 else 999.0 + 10.0 * t, 0.2, algorithm="jacobi")


@pytest.mark.parametrize("kind", ["fmi2", "fmi3"])
def test_an_fmu_that_takes_no_slopes_is_opened_without_and_holds_the_mean_of_the_line(tmp_path, kind):
    plain = integrator_fmi2(tmp_path, flags="") if kind == "fmi2" else event_fmu("sink", tmp_path)
    with closing(open_with_events("sink", plain, extrapolate=True)) as sink:
        assert input_slopes(sink) is None
    if kind == "fmi2":
        assert integral(plain, lambda t: 3.0 * t, 0.1) == pytest.approx(1.5, abs=1e-14)


def test_an_input_of_fmi_3_that_is_not_marked_for_intermediate_updates_is_held(fmus):
    """FMI 3.0.2 section 4.2.2: only variables with intermediateUpdate = true are set during a step."""
    sink = open_with_events("sink", fmus["fmi3"], extrapolate=True)
    with closing(sink):
        assert set(sink.input_slopes.names) == {"u"}


def test_an_fmu_of_fmi_3_that_marks_no_input_is_opened_without_slopes(fmus, tmp_path):
    unmarked = changed(fmus["fmi3"], tmp_path / "x.fmu", {' intermediateUpdate="true"': ""})
    with closing(open_with_events("sink", unmarked, extrapolate=True)) as sink:
        assert input_slopes(sink) is None


@pytest.mark.parametrize("kind", ["fmi2", "fmi3"])
def test_a_component_asks_for_it_by_its_extrapolation(fmus, kind):
    for wanted, taken in ((None, False), (Extrapolation(), False), (Extrapolation(order=1), True)):
        with closing(open_component("sink", Component(source=fmus[kind], extrapolation=wanted))) as sink:
            assert (input_slopes(sink) is not None) == taken
    with closing(
        open_component("sink", Component(source=fmus[kind], extrapolation=Extrapolation(smoothing=True)))
    ) as sink:
        assert input_slopes(sink) is not None


def test_a_component_that_is_swapped_holds_its_inputs(fmus):
    swap = Swap(surrogate="tank.surrogate", to_surrogate_at=0.5)
    component = Component(source=fmus["fmi3"], extrapolation=Extrapolation(order=1), swap=swap)
    with closing(open_component("sink", component)) as sink:
        assert input_slopes(sink) is None


def test_an_fmu_that_knows_no_second_derivatives_is_an_error_with_the_remedy(fmus):
    with pytest.raises(StepError, match=r"'sink'.*up to order 2 for .*'?u'?; if .* extrapolation: \{order: 1\}"):
        integral(fmus["fmi2"], sin, 0.1, order=2)
