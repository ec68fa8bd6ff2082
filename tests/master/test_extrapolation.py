"""Inputs that go on over a step: the order of the coupling, smoothing, and what a jump makes of it."""

from math import cos, exp, sin

import numpy as np
import pytest

from orchestrator.instance import Bundle
from orchestrator.master.snapshot import Rollback
from orchestrator.system.connector import Causality
from tests.coupled import Memory, simulation
from tests.doubles import FunctionInstance, an_input, an_output
from tests.master.event_doubles import EventDouble, discrete

STEPS = (0.05, 0.025, 0.0125)


class SlopedDouble(FunctionInstance):
    """x' = -x + u, y = x, exactly for an input that is a parabola over a step; `given` are values and derivatives."""

    def __init__(self, name="sink", **more):
        super().__init__(lambda t, u, x: x, name=name, step=self._exact, state=[0.0], **more)
        self.names = ("u",)
        self.given = []
        self._derivatives = np.zeros(2)

    @property
    def input_slopes(self):
        return self

    def set(self, bundle: Bundle, values, derivatives=None, t=None):
        if derivatives is None:
            super().set(bundle, values)
            return
        assert t == pytest.approx(self.time)
        self._derivatives = np.append(derivatives[:, 0], [0.0, 0.0])[:2]
        self.given.append((t, float(values[0]), *derivatives[:, 0].tolist()))

    def finished(self):
        self._derivatives = np.zeros(2)

    def _exact(self, t, h, u, x):
        d1, d2 = self._derivatives
        particular = np.array([u[0] - d1 + d2, d1 - d2, d2 / 2])  # p + p' = u
        return exp(-h) * (x - particular[0]) + particular @ [1.0, h, h * h]


def holding(name="sink"):
    """x' = -x + u with u held over a step, exactly."""
    return FunctionInstance(
        lambda t, u, x: x, name=name, step=lambda t, h, u, x: exp(-h) * x + (1 - exp(-h)) * u, state=[0.0]
    )


def response(sink, h, order, algorithm, *, smoothing=False, **more):
    """x(1) for u = 1 - cos t, which starts at rest: no past is missed at the start."""
    source = FunctionInstance(lambda t, u: 1.0 - cos(t), name="source", inputs=[])
    extrapolation = {"order": order, "smoothing": smoothing}
    solving = {"step_size": h, "algorithm": algorithm, "extrapolation": extrapolation, **more}
    with simulation([source, sink], ["source.y -> sink.u"], **solving) as run:
        run.run()
        return run["sink.y"]


EXACT = 1.0 - (sin(1.0) + cos(1.0)) / 2 - exp(-1.0) / 2
"""x(1) of x' = -x + 1 - cos t from 0."""


def rates_of_fall(found):
    errors = [abs(found(h) - EXACT) for h in STEPS]
    return errors[0] / errors[1], errors[1] / errors[2]


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize(("order", "expected"), [(0, 1), (1, 2)])
def test_inputs_that_are_held_are_of_order_one_and_their_means_of_order_two(algorithm, order, expected):
    falls = rates_of_fall(lambda h: response(holding(), h, order, algorithm))
    assert falls == pytest.approx([2.0**expected] * 2, rel=0.1)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_a_component_that_takes_derivatives_is_one_order_better_than_its_polynomials(algorithm, order):
    falls = rates_of_fall(lambda h: response(SlopedDouble(), h, order, algorithm))
    assert falls == pytest.approx([2.0 ** (order + 1)] * 2, rel=0.16)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_smoothing_keeps_the_order_and_leaves_no_jump_at_communication_points(order):
    falls = rates_of_fall(lambda h: response(SlopedDouble(), h, order, "jacobi", smoothing=True))
    assert falls == pytest.approx([2.0 ** (order + 1)] * 2, rel=0.25)
    sink = SlopedDouble()
    response(sink, 0.1, order, "jacobi", smoothing=True)
    ends = [u + d1 * 0.1 + (sum(d2) * 0.01 / 2) for _, u, d1, *d2 in sink.given]
    assert [u for _, u, *_ in sink.given[1:]] == pytest.approx(ends[:-1], abs=1e-14)
    assert sink.given[1][1] == 0.0


def test_without_smoothing_inputs_jump_by_what_the_polynomial_has_missed():
    sink = SlopedDouble()
    response(sink, 0.1, 1, "jacobi")
    jumps = [later[1] - (u + d1 * 0.1) for (_, u, d1), later in zip(sink.given, sink.given[1:], strict=False)]
    expected = [1.0 - cos(0.1)] + [2 * cos(t) - cos(t - 0.1) - cos(t + 0.1) for t in np.arange(0.1, 0.85, 0.1)]
    assert jumps == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("order", [1, 2])
def test_the_parts_of_a_fast_component_come_to_the_polynomial_with_the_square_of_their_number(order):
    """Each part holds its mean: n^2 times nearer to a component that follows the polynomial than one held step."""
    followed = response(SlopedDouble(), 0.1, order, "gauss_seidel")
    distances = []
    for parts in (1, 2, 4):
        components = {"source": {"source": "a.fmu"}, "sink": {"source": "b.fmu", "step_size": 0.1 / parts}}
        distances.append(response(holding(), 0.1, order, "gauss_seidel", components=components) - followed)
    assert distances[0] / distances[1] == pytest.approx(4.0, rel=0.01)
    assert distances[1] / distances[2] == pytest.approx(4.0, rel=0.01)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_the_output_of_a_slow_component_goes_on_from_when_it_is_valid(algorithm):
    """u = 3 t is known every second step only, and still goes on as a line without steps."""
    source = FunctionInstance(lambda t, u: 3.0 * t, name="source", inputs=[])
    sink = SlopedDouble()
    components = {"source": {"source": "a.fmu", "step_size": 0.2}, "sink": {"source": "b.fmu"}}
    solving = {"algorithm": algorithm, "extrapolation": {"order": 1}, "components": components}
    with simulation([source, sink], ["source.y -> sink.u"], **solving) as run:
        run.run()
    known = [each for each in sink.given if each[0] > (0.25 if algorithm == "jacobi" else 0.15)]
    assert [u for _, u, _ in known] == pytest.approx([3.0 * t for t, *_ in known])
    assert [slope for *_, slope in known] == pytest.approx([3.0] * len(known))


def test_an_input_that_passes_to_an_output_is_given_its_value_at_the_end_of_the_step():
    """Its mean would bring the value of the middle of the step to those behind it."""
    source = FunctionInstance(lambda t, u: t, name="source", inputs=[])
    gain = FunctionInstance(lambda t, u: 2.0 * u, name="gain")
    behind = FunctionInstance(lambda t, u: u, name="behind")
    memory = Memory()
    solving = {"extrapolation": {"order": 1}, "observers": [memory]}
    with simulation([source, gain, behind], ["source.y -> gain.u", "gain.y -> behind.u"], **solving) as run:
        run.run()
    assert memory.of("gain", "y").ravel() == pytest.approx(2.0 * np.array(memory.times))


@pytest.mark.parametrize(("output", "integral"), [("own", 0.5), ("seen", 0.55)])
def test_an_input_that_passes_to_nothing_that_flows_on_is_given_its_mean(output, integral):
    """What is only looked at does not lower the order of the coupling."""
    source = FunctionInstance(lambda t, u: t, name="source", inputs=[])
    both = FunctionInstance(
        lambda t, u, x: [x[0], u[0]],
        name="both",
        outputs=[an_output("own"), an_output("seen")],
        feedthrough={"own": (), "seen": ("u",)},
        step=lambda t, h, u, x: x + h * u,
        state=[0.0],
    )
    end = FunctionInstance(lambda t, u: u, name="end")
    wires = ["source.y -> both.u", f"both.{output} -> end.u"]
    with simulation([source, both, end], wires, extrapolation={"order": 1}) as run:
        run.run()
        assert both.x[0] == pytest.approx(integral)


def test_a_jump_at_an_event_is_not_gone_on_with():
    """u = 0, then 1 from the event at t = 0.35 on: no polynomial overshoots."""

    def jump(one):
        one["y"] = 1.0 if 0.35 in one.event_times else 0.0

    source = EventDouble("source", outputs=[an_output()], on_update=jump, times=[0.35])
    sink = SlopedDouble()
    solving = {"algorithm": "jacobi", "extrapolation": {"order": 2, "smoothing": True}}
    with simulation([source, sink], ["source.y -> sink.u"], **solving) as run:
        run.run()
    assert {each[1:] for each in sink.given} == {(0.0, 0.0, 0.0), (1.0, 0.0, 0.0)}


def test_discrete_and_integer_inputs_are_held():
    source = FunctionInstance(lambda t, u: [t, t], name="source", inputs=[], outputs=[an_output("a"), an_output("b")])
    steps = discrete("n", Causality.INPUT)
    sink = FunctionInstance(
        lambda t, u, x: x,
        name="sink",
        inputs=[an_input("u"), steps],
        step=lambda t, h, u, x: u,
        state=[0, 0],
        outputs=[an_output("y", size=2)],
    )
    solving = {"algorithm": "jacobi", "extrapolation": {"order": 1}}
    with simulation([source, sink], ["source.a -> sink.u", "source.b -> sink.n"], **solving) as run:
        run.run()
        assert run["sink.y"] == pytest.approx([0.95, 0.9])


def test_a_component_may_have_an_extrapolation_of_its_own():
    found = {}
    for own in ({}, {"extrapolation": {"order": 0}}):
        components = {"source": {"source": "a.fmu"}, "sink": {"source": "b.fmu", **own}}
        solving = {"algorithm": "jacobi", "extrapolation": {"order": 1}, "components": components}
        source = FunctionInstance(lambda t, u: t, name="source", inputs=[])
        sink = FunctionInstance(lambda t, u, x: x, name="sink", step=lambda t, h, u, x: u, state=[0.0])
        with simulation([source, sink], ["source.y -> sink.u"], **solving) as run:
            run.run()
            found[bool(own)] = run["sink.y"]
    assert found == {False: pytest.approx(0.95), True: pytest.approx(0.9)}


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel", "iterative"])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_steps_that_are_taken_back_and_made_again_give_the_same_bits(algorithm, order):
    """Courses go back with the components, also those of a component with parts and of a slow one."""
    a, b, c = holding("a"), SlopedDouble("b"), holding("c")
    components = {"a": {"source": "a", "step_size": 0.05}, "b": {"source": "b"}, "c": {"source": "c", "step_size": 0.2}}
    wires = ["a.y -> b.u", "b.y -> a.u", "a.y -> c.u"]
    solving = {"algorithm": algorithm, "extrapolation": {"order": order, "smoothing": True}, "components": components}
    a.x[:] = 1.0
    with simulation([a, b, c], wires, **solving) as run:
        for _ in range(3):
            run.step()
        rollback = Rollback(run._coupling, run._master.memories)
        with rollback.kept() as here:
            stepper, ends = run._master.stepper, []
            for _ in range(3):
                for k in range(3, 7):
                    stepper.step(k * 0.1, 0.1)
                ends.append(run.signals.float64.copy())
                rollback.restore(here)
    assert np.array_equal(ends[0], ends[1])
    assert np.array_equal(ends[0], ends[2])


def oscillator(h, order, algorithm):
    """x(1), v(1) of x' = v, v' = -x, one state in each of two components that take derivatives of their input."""

    def half(name, sign, start):
        def step(t, h, u, x):
            d1, d2 = one._derivatives
            return x + sign * (u[0] * h + d1 * h**2 / 2 + d2 * h**3 / 6)

        one = SlopedDouble(name)
        one.step, one.x[:] = step, start
        return one

    solving = {"step_size": h, "algorithm": algorithm, "extrapolation": {"order": order}}
    with simulation([half("x", 1.0, 1.0), half("v", -1.0, 0.0)], ["v.y -> x.u", "x.y -> v.u"], **solving) as run:
        run.run()
        return np.array([run["x.y"], run["v.y"]])


@pytest.mark.parametrize("order", [0, 1, 2])
def test_a_loop_that_is_solved_in_every_step_is_one_order_better_than_its_polynomials(order):
    """No past is needed for a line: it goes from one end of the step to the other."""
    errors = [np.abs(oscillator(h, order, "iterative") - [cos(1.0), -sin(1.0)]).max() for h in STEPS]
    assert errors[0] / errors[1] == pytest.approx(2.0 ** (order + 1), rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(2.0 ** (order + 1), rel=0.05)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_a_circle_without_iteration_is_of_order_two_where_its_start_has_no_past(algorithm):
    """The first step holds an input at its start: an error of h^2 that no later order makes up for."""
    for order, expected in ((0, 1), (1, 2), (2, 2)):
        errors = [np.abs(oscillator(h, order, algorithm) - [cos(1.0), -sin(1.0)]).max() for h in STEPS]
        assert errors[1] / errors[2] == pytest.approx(2.0**expected, rel=0.1)
