"""Components at rates of their own: where they step, on which inputs, and what the others see of them in between."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import DescriptionError, StepError
from orchestrator.instance import Capabilities
from orchestrator.master.rates import Period, SubSteps
from tests.coupled import Memory, simulation
from tests.doubles import Faults, FunctionInstance
from tests.master.event_doubles import EventDouble
from tests.models import states


def with_steps(**sizes):
    """Components with step sizes of their own, None for that of the system."""
    return {name: {"source": f"{name}.fmu", "step_size": size} for name, size in sizes.items()}


def clock(name="clock"):
    return FunctionInstance(lambda t, u: t, name=name, inputs=[])


def integrator(name="sum", state=0.0, **more):
    return FunctionInstance(lambda t, u, x: x, name=name, step=lambda t, h, u, x: x + h * u, state=[state], **more)


def test_a_fast_component_makes_its_steps_within_each_macro_step_at_times_that_are_no_sums():
    fast = integrator()
    with simulation([clock(), fast], ["clock.y -> sum.u"], components=with_steps(clock=None, sum=0.1 / 3)) as run:
        run.run()
    assert len(fast.steps) == 30
    expected = [k * 0.1 + i * 0.1 / 3 for k in range(10) for i in range(3)]
    assert [t for t, _ in fast.steps] == pytest.approx(expected, abs=1e-15)
    assert {h for _, h in fast.steps} == {0.1 / 3}


def test_a_fast_component_reads_its_inputs_once_and_shows_its_outputs_at_the_end_of_the_macro_step():
    memory = Memory()
    fast = integrator()
    parts = {"components": with_steps(clock=None, sum=0.05), "observers": [memory]}
    with simulation([clock(), fast], ["clock.y -> sum.u"], algorithm="jacobi", **parts) as run:
        run.run()
        assert run["sum.y"] == pytest.approx(0.1 * sum(0.1 * k for k in range(10)))
    assert memory.times == pytest.approx(np.linspace(0.0, 1.0, 11))


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_a_slow_component_steps_at_the_end_of_its_period_and_holds_its_outputs_until_then(algorithm):
    """u = t is that of the beginning of the period for Jacobi, that of its end for Gauss-Seidel."""
    slow, memory = integrator(), Memory()
    parts = {"components": with_steps(clock=None, sum=0.25), "observers": [memory], "step_size": 0.05}
    with simulation([clock(), slow], ["clock.y -> sum.u"], algorithm=algorithm, **parts) as run:
        run.run()
    assert slow.steps == [(0.0, 0.25), (0.25, 0.25), (0.5, 0.25), (0.75, 0.25)]
    shown = memory.of("sum", "y").ravel()
    used = np.array([0.0, 0.25, 0.5, 0.75]) + (0.25 if algorithm == "gauss_seidel" else 0.0)
    states_ = np.concatenate([[0.0], 0.25 * np.cumsum(used)])
    assert shown == pytest.approx([states_[k // 5] for k in range(21)])


def test_what_is_written_into_a_slow_component_in_its_period_counts_from_the_next_one_for_jacobi():
    slow = integrator()
    with simulation([slow, clock()], algorithm="jacobi", components=with_steps(sum=0.5, clock=None)) as run:
        for index in range(10):
            if index in (2, 5):
                run["sum.u"] = float(index)
            run.step()
        assert run["sum.u"] == 5.0
        assert run["sum.y"] == pytest.approx(0.5 * 5.0)


def test_an_output_that_passes_through_a_slow_component_is_that_of_its_last_step():
    """The follower comes after it in the order, and gets the new value in the macro step in which it steps."""
    slow = FunctionInstance(lambda t, u: 10.0 * u, name="slow")
    follower = FunctionInstance(lambda t, u: u, name="follower")
    memory = Memory()
    parts = {"components": with_steps(clock=None, slow=0.3, follower=None), "observers": [memory], "stop": 0.9}
    with simulation([clock(), slow, follower], ["clock.y -> slow.u", "slow.y -> follower.u"], **parts) as run:
        run.run()
    assert memory.of("follower", "y").ravel() == pytest.approx([0.0] * 3 + [3.0] * 3 + [6.0] * 3 + [9.0])


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 4),
    st.sampled_from([(1, 1), (1, 2), (1, 5), (2, 1), (3, 1), (3, 4)]),
    st.sampled_from(["jacobi", "gauss_seidel"]),
    st.integers(0, 2**31),
)
def test_random_affine_systems_at_two_rates_are_their_recurrence(size, rates, algorithm, seed):
    """Parts A and B with A -> B -> A: slow steps from values of the period, fast ones with inputs held."""
    slow, fast = rates
    random = np.random.default_rng(seed)
    h, periods = 0.1, 3
    parts = [
        states(name, random.normal(size=(size, size)), random.normal(size=(size, 1)), random.normal(size=(1, size)),
               random.normal(size=size))
        for name in ("a", "b")
    ]  # fmt: skip
    step = [lambda t, x, u, p=part: p._step(0.0, t, u, x) for part in parts]
    xa, xb = (part.x for part in parts)
    ya, yb = parts[0].C @ xa, parts[1].C @ xb
    for _ in range(periods):
        begun = yb
        for k in range(slow):
            if k == slow - 1:
                new = step[0](slow * h, xa, begun if algorithm == "jacobi" else yb)
            last = ya
            if k == slow - 1:
                xa, ya = new, parts[0].C @ new
            for _ in range(fast):
                xb = step[1](h / fast, xb, last if algorithm == "jacobi" else ya)
            yb = parts[1].C @ xb
    components = with_steps(a=slow * h if slow > 1 else None, b=h / fast if fast > 1 else None)
    wires = ["a.y1 -> b.u1", "b.y1 -> a.u1"]
    options = {"components": components, "step_size": h, "stop": periods * slow * h, "algorithm": algorithm}
    with simulation([part.instance() for part in parts], wires, **options) as run:
        run.run()
        found = [run["a.y1"], run["b.y1"]]
    assert found == pytest.approx([ya[0], yb[0]], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"stop": 1.1}, r"components\.sum\.step_size: 1\.1 s from start to stop are no multiple of 0\.5 s"),
        ({"stop": 0.95}, r"0\.95 s from start to stop are no multiple"),
        ({"components": with_steps(sum=0.25, clock=None)}, r"0\.25 s is neither a multiple nor an integer part"),
    ],
)
def test_a_slow_component_that_does_not_fit_is_refused_by_name(more, said):
    parts = {"components": with_steps(sum=0.5, clock=None), **more}
    with pytest.raises(DescriptionError, match=said):
        simulation([integrator(), clock()], **parts)


def test_a_slow_component_with_events_is_refused_by_name():
    both = with_steps(one=0.5, other=None)
    with pytest.raises(DescriptionError, match=r"components\.one\.step_size: 0\.5 s .* but 'one' has events"):
        simulation([EventDouble("one"), clock("other")], components=both)
    early = integrator("one", capabilities=Capabilities(may_return_early=True))
    with pytest.raises(DescriptionError, match="'one' has events"):
        simulation([early, clock("other")], components=both)


def test_a_fast_component_that_returns_early_aligns_all_others():
    """It ends its second part half way, and the macro step ends there for all; what is left is one more part."""
    early, other = EventDouble("early", early=[0.175]), integrator("other")
    with simulation([other, early], components=with_steps(early=0.05, other=None), stop=0.3) as run:
        times = []
        while not run.ended:
            times.append(run.step())
    assert times == pytest.approx([0.1, 0.175, 0.2, 0.3])
    assert early.event_times == pytest.approx([0.175])
    assert early.steps == [
        pytest.approx(each)
        for each in ((0.0, 0.05), (0.05, 0.05), (0.1, 0.05), (0.15, 0.025), (0.175, 0.025), (0.2, 0.05), (0.25, 0.05))
    ]


def test_an_event_between_two_parts_is_an_error_where_a_component_cannot_return_early():
    needing = EventDouble("needing", needed=[0.15])
    with (
        pytest.raises(StepError, match=r"'needing' returned early at 0\.15 s in its step from t = 0\.1 s"),
        simulation([needing], components=with_steps(needing=0.05)) as run,
    ):
        run.run()


def test_a_fast_component_that_ends_its_run_within_a_macro_step_ends_the_run_before():
    ending = integrator("ending", faults=Faults(terminate_at=0.2))
    with simulation([ending], components=with_steps(ending=0.05)) as run:
        run.run()
        assert run.time == pytest.approx(0.2)
        assert [event.kind for event in run.events] == ["terminate_requested"]


def test_a_step_that_a_slow_component_refuses_is_an_error_with_its_whole_step():
    refusing = integrator("slow", faults=Faults(discard_at=0.0))
    with (
        pytest.raises(StepError, match=r"'slow' refused its step from t = 0 s by h = 0\.5 s"),
        simulation([refusing, clock()], components=with_steps(slow=0.5, clock=None)) as run,
    ):
        run.run()
    assert len(refusing.steps) == 1


def test_periods_and_parts_meet_the_grid_far_from_zero():
    period = Period(1e6, 0.1, 3)
    begins = [1e6 + 3 * k * 0.1 for k in range(1000)]
    assert all(period.starts(t) and period.begin(t) == t for t in begins)
    assert all(period.ends(1e6 + (3 * k + 2) * 0.1, 1e6 + (3 * k + 3) * 0.1) for k in range(1000))
    assert not any(period.ends(1e6 + 3 * k * 0.1, 1e6 + (3 * k + 1) * 0.1) for k in range(1000))
    assert len(list(SubSteps(0.025).parts(1e6, 0.1))) == 4
    assert len(list(SubSteps(0.025).parts(1e6, 0.06))) == 3
