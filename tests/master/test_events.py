"""Events at one time across components, and what they do to the communication points."""

import re

import pytest

from orchestrator.errors import CapabilityError, StepError
from orchestrator.instance import Capabilities
from orchestrator.master.events import ITERATION_LIMIT
from orchestrator.realtime.metering import Meter
from orchestrator.system.connector import Causality
from tests.coupled import Memory, simulation
from tests.doubles import FunctionInstance, an_input, an_output
from tests.master.event_doubles import EventDouble, a_clock, discrete

IN, OUT = Causality.INPUT, Causality.OUTPUT


def counter(name: str = "counter", **more) -> EventDouble:
    """n rises by one at each of its events, not at updates without one."""

    def count(one: EventDouble) -> None:
        if one.event_times and one.event_times[-1] not in one.log:
            one.log.append(one.event_times[-1])
            one["n"] = one["n"] + 1

    return EventDouble(name, outputs=[discrete("n", OUT)], on_update=count, **more)


def plus_one(name: str) -> EventDouble:
    return EventDouble(
        name,
        inputs=[discrete("u", IN)],
        outputs=[discrete("y", OUT)],
        on_update=lambda one: one.__setitem__("y", one["u"] + 1),
    )


def test_a_known_event_becomes_a_communication_point_and_the_grid_stays_exact():
    memory = Memory()
    double = counter(times=[0.05, 0.3, 0.77])
    with simulation([double], observers=[memory]) as run:
        run.run()
    grid = [index * 0.1 for index in range(11)]
    # 0.3 as an event is the grid point 3 * 0.1: no second point beside it
    inserted = sorted([*grid, 0.05, 0.05, grid[3], 0.77, 0.77])
    assert memory.times == inserted
    assert memory.of("counter", "n")[-1, 0] == 3


def test_an_event_has_a_row_before_and_a_row_after_it():
    memory = Memory()
    with simulation([counter(times=[0.25])], observers=[memory]) as run:
        run.run()
    at = [index for index, t in enumerate(memory.times) if t == 0.25]
    assert memory.of("counter", "n")[at, 0].tolist() == [0.0, 1.0]


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_a_discrete_change_passes_through_a_chain_at_one_time(algorithm):
    memory = Memory()
    chain = [plus_one("c"), plus_one("b"), plus_one("a"), counter(times=[0.25])]
    connections = ["counter.n -> a.u", "a.y -> b.u", "b.y -> c.u"]
    with simulation(chain, connections, observers=[memory], algorithm=algorithm) as run:
        run.run()
    at = [index for index, t in enumerate(memory.times) if t == 0.25]
    assert memory.of("c", "y")[at, 0].tolist() == [3.0, 4.0]
    assert memory.of("c", "y")[0, 0] == 3.0  # the event at the start has done so too


def test_a_discrete_input_from_a_component_without_event_mode_is_an_event_where_it_changes():
    stairs = FunctionInstance(lambda t, u: float(t > 0.45), name="stairs", inputs=[])
    taker = plus_one("taker")
    with simulation([stairs, taker], ["stairs.y -> taker.u"]) as run:
        run.run()
        assert run["taker.y"] == 2.0
    assert taker.event_times == [0.5]


def test_a_discrete_input_written_by_hand_takes_effect_before_the_next_step():
    memory = Memory()
    with simulation([plus_one("taker")], observers=[memory]) as run:
        run.step()
        run["taker.u"] = 5.0
        run.step()
        assert run["taker.y"] == 6.0
    assert memory.times == [0.0, 0.1, 0.1, 0.2]


def test_an_event_asked_for_at_the_end_of_a_step_happens_there():
    double = counter(needed=[0.3])
    with simulation([double]) as run:
        run.run()
    assert double.event_times == pytest.approx([0.3])


def test_triggered_clocks_tick_at_once_across_components_and_clocked_variables_only_then():
    def trigger(one: EventDouble) -> None:
        if one.event_times and one.event_times[-1] not in one.log:
            one.log.append(one.event_times[-1])
            one.ticking.add("out")
            one["value"] = 10.0 * len(one.log)

    source = EventDouble(
        "source",
        outputs=[a_clock("out", OUT), discrete("value", OUT)],
        on_exchange=trigger,
        clocked={"value": ["out"]},
        times=[0.25, 0.5],
    )
    sink = EventDouble(
        "sink",
        inputs=[a_clock("tick", IN), discrete("sample", IN)],
        outputs=[discrete("held", OUT)],
        clocked={"sample": ["tick"]},
        on_update=lambda one: one.__setitem__("held", one["sample"]) if "tick" in one.ticking else None,
    )
    memory = Memory()
    links = ["source.out -> sink.tick", "source.value -> sink.sample"]
    with simulation([sink, source], links, observers=[memory]) as run:
        run.run()
        assert run["sink.held"] == 20.0
    ticks = memory.signals.place("sink", "tick")
    assert [row.t for row in memory.rows if row.boolean[ticks.start]] == [0.25, 0.5]


def test_a_loop_of_discrete_changes_without_rest_names_its_components():
    def flip(one: EventDouble) -> None:
        one["y"] = 1.0 - one["u"] if one.name == "one" else one["u"]

    def double(name: str) -> EventDouble:
        return EventDouble(name, inputs=[discrete("u", IN)], outputs=[discrete("y", OUT)], on_update=flip)

    bystander = plus_one("bystander")
    links = ["one.y -> two.u", "two.y -> one.u"]
    run = simulation([double("one"), double("two"), bystander], links)
    with pytest.raises(StepError, match=rf"after {ITERATION_LIMIT} iterations.*'one'.*'two'") as caught, run:
        run.run()
    assert "bystander" not in str(caught.value)


def integrator(name: str = "integrator", *, rollback: bool) -> FunctionInstance:
    return FunctionInstance(
        lambda t, u, x: x,
        name=name,
        step=lambda t, h, u, x: x + h * u,
        state=[0.0],
        inputs=[an_input(start=1.0)],
        capabilities=Capabilities(get_set_state=rollback),
    )


def test_an_early_return_ends_the_macro_step_for_all_components():
    early, before, after = (
        counter(early=[0.33]),
        integrator("before", rollback=True),
        integrator("after", rollback=False),
    )
    memory = Memory()
    with simulation([before, early, after], observers=[memory]) as run:
        run.run()
        assert run["before.y"] == pytest.approx(1.0)
        assert run["after.y"] == pytest.approx(1.0)
    assert memory.times.count(0.33) == 2
    assert [t for t in memory.times if t != 0.33] == [index * 0.1 for index in range(11)]
    assert early.event_times == [0.33]
    assert len(early.steps) == 11


def test_an_early_return_where_the_step_begins_is_an_event_at_once():
    early, tank = counter(early=[0.2]), integrator("tank", rollback=True)
    memory = Memory()
    with simulation([tank, early], observers=[memory]) as run:
        run.run()
        assert run["tank.y"] == pytest.approx(1.0)
    assert early.event_times == [0.2]
    assert memory.of("counter", "n")[-1, 0] == 1.0
    assert sorted(set(memory.times)) == [index * 0.1 for index in range(11)]


def test_early_returns_without_end_at_one_time_are_an_error_that_names_the_component():
    message = re.escape("'counter' returned early at t = 0.2 s 101 times")
    with pytest.raises(StepError, match=message), simulation([counter(early=[0.2] * 200)]) as run:
        run.run()


def test_of_two_early_returns_the_earliest_counts():
    late = counter("late", early=[0.38], capabilities=Capabilities(may_return_early=True, get_set_state=True))
    soon = counter("soon", early=[0.32])
    late.save_state = lambda: (late.time, list(late.early), dict(late.values))

    def restore(state) -> None:
        late.time, late.early, late.values = state[0], list(state[1]), dict(state[2])

    late.restore_state = restore
    memory = Memory()
    with simulation([late, soon], observers=[memory]) as run:
        run.run()
    assert late.event_times == [0.32, 0.38]
    assert soon.event_times == [0.32, 0.38]  # all components with Event Mode take part


def test_a_component_that_cannot_go_back_before_an_early_return_is_an_error_that_names_both():
    run = simulation([integrator("tank", rollback=False), counter(early=[0.33])])
    message = re.escape("'counter' returned early at t = 0.33 s, but 'tank' has stepped further")
    with pytest.raises(StepError, match=message), run:
        run.run()


def test_a_component_of_fixed_steps_refuses_events_off_the_grid_by_name():
    fixed = FunctionInstance(
        lambda t, u: t, name="fixed", inputs=[], outputs=[an_output()], capabilities=Capabilities(variable_step=False)
    )
    with (
        pytest.raises(CapabilityError, match=r"'fixed'.*'counter' has an event at t = 0.25 s"),
        simulation([fixed, counter(times=[0.25])]) as run,
    ):
        run.run()


def test_a_component_of_fixed_steps_refuses_an_early_return_by_name():
    fixed = FunctionInstance(
        lambda t, u: t, name="fixed", inputs=[], outputs=[an_output()], capabilities=Capabilities(variable_step=False)
    )
    message = r"'counter' returned early at t = 0.33 s, but 'fixed' takes steps of one size only"
    with pytest.raises(StepError, match=message), simulation([counter(early=[0.33]), fixed]) as run:
        run.run()


def test_a_clock_connects_to_a_clock_only():
    plain = FunctionInstance(lambda t, u: t > 0, name="plain", inputs=[], outputs=[an_output(storage="boolean")])
    sink = EventDouble("sink", inputs=[a_clock("tick", IN)])
    with pytest.raises(CapabilityError, match="a clock connects to a clock only"):
        simulation([plain, sink], ["plain.y -> sink.tick"])


def test_a_metered_component_keeps_its_events():
    double = counter()
    assert Meter(double).event_mode is double
    assert Meter(integrator(rollback=True)).event_mode is None
