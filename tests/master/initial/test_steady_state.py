"""Starts at rest against linear algebra, fixed points and conservation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.assembly import open_simulation
from orchestrator.errors import CapabilityError, InitializationError
from orchestrator.system.connector import Causality, Storage
from orchestrator.system.yaml.file import from_mapping
from plant_models.textbook.populations import CONVERSION, DEATH, GROWTH, PREDATION
from tests.bsm1.plant import PUBLISHED, recorded
from tests.bsm1.plant import system as bsm1
from tests.coupled import Memory, simulation
from tests.doubles import FunctionInstance, an_input, an_output
from tests.master.event_doubles import EventDouble, discrete
from tests.master.initial.dynamic import Dynamic
from tests.plants import ROOT
from tests.textbook import lotka_volterra, system

METHODS = pytest.mark.parametrize("method", ["derivatives", "long_run"])


def at_rest(method, **more):
    return {"steady_state": {"method": method, **more}}


def told(run):
    (event,) = [event for event in run.events if event.kind == "steady_state"]
    return event.message


def tanks(**more):
    """Two tanks in a row: h1' = 2 - h1, h2' = h1 - sqrt(h2)."""
    one = Dynamic(lambda u, x: 2.0 - x, [0.5], name="one", inputs=(), **more)
    two = Dynamic(lambda u, x: u - np.sqrt(np.maximum(x, 0.0)), [1.0], name="two")
    return [one, two]


@METHODS
def test_two_tanks_start_where_what_flows_in_flows_out(method):
    memory = Memory()
    more = {"initialization": at_rest(method, horizon=100.0), "observers": [memory]}
    with simulation(tanks(), ["one.y -> two.u"], **more) as run:
        run.run()
        assert run["two.y"] == pytest.approx(4.0, rel=1e-7)
    assert memory.times[0] == 0.0
    np.testing.assert_allclose(memory.of("two", "y"), 4.0, rtol=1e-7)
    np.testing.assert_allclose(memory.of("one", "y"), 2.0, rtol=1e-7)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), sizes=st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_random_affine_systems_start_at_the_solution_of_linear_algebra(seed, sizes):
    """x' = A x + e as a whole, its rows and states divided among components that feed each other."""
    random = np.random.default_rng(seed)
    count = sum(sizes)
    matrix, constant = random.normal(size=(count, count)), random.normal(size=count)
    expected = np.linalg.solve(matrix, -constant)
    condition = np.linalg.cond(matrix)
    if condition > 1e4:
        return
    parts, connections, at = [], [], 0
    for index, size in enumerate(sizes):
        mine, others = slice(at, at + size), np.r_[0:at, at + size : count]
        parts.append(
            Dynamic(
                lambda u, x, mine=mine, others=others: (
                    matrix[mine, mine] @ x + matrix[mine][:, others] @ u + constant[mine]
                ),
                random.normal(size=size).tolist(),
                name=f"c{index}",
                inputs=[an_input(f"u{number}") for number in others],
                outputs=[an_output(f"y{number}") for number in range(at, at + size)],
            )
        )
        at += size
    owner = {
        number: part.name
        for part in parts
        for number in range(count)
        if any(o.name == f"y{number}" for o in part.connectors)
    }
    for part in parts:
        for one in part.connectors:
            if one.name.startswith("u"):
                connections.append(f"{owner[int(one.name[1:])]}.y{one.name[1:]} -> {part.name}.{one.name}")  # noqa: PERF401
    with simulation(parts, connections, initialization=at_rest("derivatives")) as run:
        run.initialize()
        found = np.array([run[f"{owner[number]}.y{number}"] for number in range(count)])
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-8 * condition * np.abs(expected).max())


A = np.array([[-1.0, 0.2, 0.0, 0.0], [0.1, -2.0, 0.0, 0.0], [0.0, 0.0, -3.0, 0.0], [0.0, 0.0, 0.5, -1.0]])
B = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.2], [0.0, 0.0, 0.0, 0.5]])
D = np.diag([0.3, 0.0, 0.1, 0.0])
E = np.array([1.0, 2.0, 0.0, 1.0])
CROSSED = np.roll(np.eye(4), 2, axis=0)
"""The inputs of each of two components are the outputs of the other."""
PART = {"one": slice(0, 2), "two": slice(2, 4)}


def affine(part):
    matrices = {"A": A[part, part], "B": B[part, part], "C": np.eye(2), "D": D[part, part], "e": E[part]}
    return ("affine", {name: np.ravel(value).tolist() for name, value in matrices.items()})


@METHODS
@pytest.mark.parametrize("version", [2, 3])
def test_affine_fmus_with_a_loop_start_at_the_solution_of_linear_algebra(method, version):
    """x' = A x + B u, y = x + D u + e, u = P y: x' = 0 where A x + B P (1 - D P)^-1 (x + e) = 0."""
    keys = {"algorithm": "iterative", "step_size": 0.02, "experiment": {"stop": 0.1, "tolerance": 1e-10}}
    start = at_rest(method, horizon=40.0, tolerance=1e-5)
    parts = {name: affine(part) for name, part in PART.items()}
    description = system(parts, ["one.y -> two.u", "two.y -> one.u"], version=version, initialization=start, **keys)
    with open_simulation(description) as run:
        results = run.run()
        assert told(run).startswith("the run starts at rest, found by ")
    through = B @ CROSSED @ np.linalg.inv(np.eye(4) - D @ CROSSED)
    expected = np.linalg.solve(A + through, -through @ E)
    found = np.array([results[f"{name}.x[{index}]"] for name in PART for index in (1, 2)])
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-9 if method == "derivatives" else 1e-5)
    np.testing.assert_allclose(found[:, -1], expected, rtol=1e-8 if method == "derivatives" else 1e-5)


@pytest.mark.parametrize("version", [2, 3])
def test_predator_and_prey_start_at_their_fixed_point_and_stay_there(version):
    description = lotka_volterra(0.1, stop=5.0, version=version, initialization=at_rest("derivatives"))
    with open_simulation(description) as run:
        results = run.run()
        assert "by derivatives: 2 states" in told(run)
    np.testing.assert_allclose(results["prey.x"], DEATH / CONVERSION, rtol=1e-7)
    np.testing.assert_allclose(results["predator.y"], GROWTH / PREDATION, rtol=1e-7)


@pytest.mark.parametrize("version", [2, 3])
def test_bsm1_starts_at_its_published_steady_state_without_a_step(version):
    data = {**bsm1("bsm1", version), "initialization": at_rest("derivatives"), "experiment": {"stop": 900.0}}
    with open_simulation(from_mapping(data, ROOT, "tests")) as run:
        results = run.run()
        assert "145 states" in told(run)
    for table, values in PUBLISHED.items():
        for name, value in values.items():
            assert results[recorded(table, name)][0] == pytest.approx(value, rel=1e-3), f"{table}.{name}"


def closed(rate, name="one", **more):
    return Dynamic(rate, [3.0, 1.0], name=name, inputs=(), **more)


def test_what_nothing_changes_keeps_its_start_value():
    """A volume V' = 0 beside a concentration c' = 2 - c: V is not to be found by a steady state."""
    one = closed(lambda u, x: [0.0, 2.0 - x[1]])
    with simulation([one], initialization=at_rest("derivatives")) as run:
        run.initialize()
        np.testing.assert_allclose(run["one.x"], [3.0, 2.0], rtol=1e-9)
        assert "'one.x[1]' as started, since nothing changes" in told(run)


def test_the_mass_in_a_closed_system_stays_as_it_is():
    """A -> B with 3, B -> A with 1 between components: their sum stays 4, of which A has 1."""
    one = Dynamic(lambda u, x: u - 3.0 * x, [3.0], name="one")
    two = Dynamic(lambda u, x: 3.0 * u - x, [1.0], name="two")
    with simulation([one, two], ["one.y -> two.u", "two.y -> one.u"], initialization=at_rest("derivatives")) as run:
        run.initialize()
        assert run["one.y"] == pytest.approx(1.0, rel=1e-9)
        assert run["two.y"] == pytest.approx(3.0, rel=1e-9)
        assert "'one.x[1]', 'two.x[1]' as started" in told(run)


def test_an_integrator_that_something_flows_into_does_not_rest():
    with (
        pytest.raises(InitializationError) as caught,
        simulation([closed(lambda u, x: [1.0, -x[1]])], initialization=at_rest("derivatives")) as run,
    ):
        run.run()
    assert "the steady state has no solution" in str(caught.value)
    assert "'one.x[1]'" in str(caught.value)
    assert "look at what flows into it; or choose 'method: long_run'" in str(caught.value)


def test_bounds_of_states_hold():
    """x' = x^2 - 4 has the rests 2 and -2; with min = 0 the latter is none, wherever the start."""
    one = Dynamic(lambda u, x: x**2 - 4.0, [0.1], name="one", inputs=())
    limited = [one.connectors[0], *one.connectors[1:]]
    one.connectors = tuple(
        type(each)(**{**{f: getattr(each, f) for f in each.__dataclass_fields__}, "minimum": 0.0, "maximum": 10.0})
        if each.name == "x"
        else each
        for each in limited
    )
    with simulation([one], initialization=at_rest("derivatives")) as run:
        run.initialize()
        assert run["one.y"] == pytest.approx(2.0, rel=1e-9)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (lambda: tanks(told=False), "'one' does not tell the derivative of its state 'x'"),
        (lambda: tanks(initial="approx"), "'one' starts its state 'x' with initial = approx"),
        (
            lambda: [FunctionInstance(lambda t, u: u, name="one", feedthrough={"y": ()})],
            "'one' tells no continuous states, and has outputs that do not follow directly from its inputs",
        ),
    ],
)
def test_components_whose_states_cannot_be_found_are_refused_by_name(parts, expected):
    with (
        pytest.raises(CapabilityError, match=expected),
        simulation(parts(), initialization=at_rest("derivatives")) as run,
    ):
        run.run()


def test_without_told_derivatives_auto_takes_a_long_run_and_says_why():
    more = {"initialization": at_rest("auto", horizon=100.0)}
    with simulation(tanks(told=False), ["one.y -> two.u"], **more) as run:
        run.initialize()
        assert run["two.y"] == pytest.approx(4.0, rel=1e-7)
        message = told(run)
    assert "found by a long run of 100 s before the start, largest change" in message
    assert "Not by derivatives: 'one' does not tell the derivative of its state 'x'" in message


def test_with_told_derivatives_auto_takes_them():
    with simulation(tanks(), ["one.y -> two.u"], initialization={"steady_state": {}}) as run:
        run.initialize()
        assert "by derivatives: 2 states" in told(run)


def test_a_long_run_sees_the_inputs_of_the_start_only():
    """A source that rises with time is held at its value at the start, 1; the clock of the others goes before it."""
    source = FunctionInstance(lambda t, u: [1.0 + t], name="source", inputs=())
    lag = Dynamic(lambda u, x: u - x, [0.0], name="lag")
    more = {"initialization": at_rest("long_run", horizon=40.0), "stop": 0.1}
    with simulation([source, lag], ["source.y -> lag.u"], **more) as run:
        run.initialize()
        assert run["lag.y"] == pytest.approx(1.0, rel=1e-7)
    assert source.steps == []
    assert lag.steps[0][0] == pytest.approx(-40.0)
    assert sum(h for _, h in lag.steps) == pytest.approx(40.0)


def test_nothing_of_a_long_run_is_counted_or_recorded():
    memory = Memory()
    more = {"initialization": at_rest("long_run", horizon=100.0), "observers": [memory]}
    with simulation(tanks(), ["one.y -> two.u"], **more) as run:
        run.run()
    assert memory.times == pytest.approx(np.linspace(0.0, 1.0, 11))
    assert [event.kind for event in memory.events] == ["steady_state"]


def test_a_system_that_does_not_rest_is_an_error_that_names_what_moves():
    """An oscillator without damping."""
    one = Dynamic(lambda u, x: [x[1], -x[0]], [1.0, 0.0], name="one", inputs=(), outputs=[an_output(size=2)])
    with pytest.raises(InitializationError) as caught:
        simulation([one], initialization=at_rest("long_run", horizon=20.0)).run()
    assert "does not rest after a long run of 20 s before the start" in str(caught.value)
    assert "'one.y[1]' by" in str(caught.value)
    assert "a longer horizon or a looser tolerance" in str(caught.value)


def test_a_long_run_brings_discrete_states_to_rest_too():
    """A thermostat that counts its steps up to 5 and then holds, which no derivative tells."""
    counter = FunctionInstance(
        lambda t, u, x: x,
        name="counter",
        inputs=(),
        outputs=[an_output("n")],
        others=[an_input("unused")],
        step=lambda t, h, u, x: np.minimum(x + 1.0, 5.0),
        state=[0.0],
    )
    with simulation([counter], initialization=at_rest("long_run", horizon=10.0)) as run:
        run.initialize()
        assert run["counter.n"] == 5.0


def test_a_relay_that_would_flip_with_the_states_is_an_error():
    """x' = on - x; the relay is on below 0.5: at rest it is neither on nor off."""
    relay = FunctionInstance(lambda t, u: u < 0.5, name="relay", outputs=[an_output("on", storage=Storage.BOOLEAN)])
    plant = Dynamic(lambda u, x: u - x, [0.0], name="plant", inputs=[an_input("on", storage=Storage.BOOLEAN, start=0)])
    with pytest.raises(InitializationError, match="discrete variables change with the states that are found"):
        simulation(
            [relay, plant], ["relay.on -> plant.on", "plant.y -> relay.u"], initialization=at_rest("derivatives")
        ).run()


def test_a_delayed_connection_is_at_rest_too():
    one = Dynamic(lambda u, x: 1.0 + 0.5 * u - x, [0.0], name="one")
    same = FunctionInstance(lambda t, u: u, name="same")
    connections = ["one.y -> same.u", {"connect": "same.y -> one.u", "delay": True}]
    with simulation([one, same], connections, initialization=at_rest("derivatives")) as run:
        run.initialize()
        assert run["one.u"] == pytest.approx(2.0, rel=1e-9)
        run.run()
        assert run["one.y"] == pytest.approx(2.0, rel=1e-9)


def test_what_decays_to_zero_rests_there():
    """One state begins at 1, the other passes its largest value on the way; neither declares a nominal value."""
    one = Dynamic(
        lambda u, x: [-x[0], x[0] - 2.0 * x[1]], [1.0, 0.0], name="one", inputs=(), outputs=[an_output(size=2)]
    )
    with simulation([one], initialization=at_rest("long_run", horizon=60.0)) as run:
        run.initialize()
        np.testing.assert_allclose(run["one.y"], 0.0, atol=1e-12)


@METHODS
@pytest.mark.parametrize("control", [{"method": "constant"}, {"method": "error"}])
def test_a_signal_that_jumps_after_the_start_finds_a_system_at_rest(method, control):
    """x' = u - x with u = 2, from t = 0.5 on 3."""
    parts = {"lag": ("affine", {"B": [1.0, 0.0, 0.0, 1.0]})}
    keys = {"step_size": 0.1, "experiment": {"stop": 1.0, "tolerance": 1e-9}, "step_control": control}
    start = at_rest(method, horizon=40.0, tolerance=1e-5)
    description = system(parts, [], initialization=start, **keys)
    data = description.model_dump(exclude_defaults=True)
    data["components"]["feed"] = {"signals": {"u": {"step": {"at": 0.5, "from": 2.0, "to": 3.0}}}}
    data["connections"] = ["feed.u -> lag.u[1]"]
    with open_simulation(from_mapping(data, ROOT, "tests")) as run:
        results = run.run()
    before = results.times <= 0.5
    x = results["lag.x[1]"]
    np.testing.assert_allclose(x[before], 2.0, rtol=1e-6)
    assert x[-1] == pytest.approx(3.0 - np.exp(-0.5), rel=1e-5)


def test_components_with_events_come_to_the_start_in_event_mode():
    """Time events before the start happen before it, the event of the start there, later ones later."""
    alarm = EventDouble("alarm", inputs=[an_input()], outputs=[discrete("n", Causality.OUTPUT)], times=[-1.5, 0.25])
    lag = Dynamic(lambda u, x: -x, [0.0], name="lag")
    with simulation([alarm, lag], initialization=at_rest("long_run", horizon=2.0)) as run:
        run.initialize()
        assert alarm.event_times == [-1.5, 0.0]
        run.run()
    assert alarm.event_times == [-1.5, 0.0, 0.25]
