"""FMUs in loops that are solved in the compiled loop: bits, statuses, counts and errors as in interpreted runs."""

import logging
import shutil
import signal
from threading import Timer
from typing import Any

import pytest

from orchestrator.assembly import open_simulation
from orchestrator.errors import CotwinError
from tests.master.compiled import moody
from tests.textbook import gain_loop, nonlinear_loop, two_mass

METHODS = ["fixed_point", "aitken", "anderson", "newton"]
OK, WARNING, DISCARD, ERROR, FATAL = range(5)
CONTROLS = {"steps of one size": {}, "error control": {"step_control": {"method": "error", "tolerance": 1e-2}}}

ways_of_stepping = pytest.mark.parametrize("control", CONTROLS.values(), ids=CONTROLS)

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="the moody FMU needs a C compiler")


def both(description: Any, go: Any, caplog: Any) -> list[dict[str, Any]]:
    """What can be seen of a run, compiled and interpreted."""
    seen = []
    for interpreted in (False, True):
        caplog.clear()
        error = told = None
        with caplog.at_level(logging.DEBUG), open_simulation(description, interpreted=interpreted) as run:
            assert run.strides is not interpreted
            try:
                told = go(run)
            except CotwinError as caught:
                error = type(caught), str(caught)
            results, counted = run.results(), run.coupling.statistics
            seen.append(
                {
                    "error": error,
                    "told": told,
                    "time": run.time,
                    "rows": {name: results[name].tobytes() for name in results.names},
                    "times": results.times.tobytes(),
                    "signals": [array.tobytes() for array in run.coupling.signals.copy().values() if array.size],
                    "steps": {name: (each.steps, each.restores) for name, each in counted.components.items()},
                    "loops": {name: vars(each) for name, each in counted.loops.items()},
                    "rejected": counted.rejected,
                    # what was tried in vain may be said twice
                    "logged": sorted({each.getMessage() for each in caplog.records if each.name.startswith("cotwin")}),
                }
            )
    return seen


SYSTEMS = {
    "gains": lambda **more: gain_loop(-0.4, 1.5, **more),
    "masses": lambda **more: two_mass("force_displacement", 0.02, stop=2.0, **more),
    "parabola": lambda **more: nonlinear_loop("x1", **more),
}


@ways_of_stepping
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("name", SYSTEMS)
def test_fmus_that_feed_each_other_are_solved_to_the_bit(name, version, method, control, caplog):
    description = SYSTEMS[name](version=version, algorithm="iterative", loops={"method": method}, **control)
    compiled, interpreted = both(description, lambda run: run.run() and None, caplog)
    assert compiled == interpreted
    assert compiled["loops"]
    assert compiled["error"] is None or method == "fixed_point"


@ways_of_stepping
def test_isolated_fmus_that_feed_each_other_are_solved_to_the_bit(control, caplog):
    description = SYSTEMS["masses"](algorithm="iterative", loops={"method": "anderson"}, **control)
    components = {
        name: each.model_copy(update={"isolation": "process"}) for name, each in description.components.items()
    }
    compiled, interpreted = both(
        description.model_copy(update={"components": components}), lambda run: run.run() and None, caplog
    )
    assert compiled == interpreted
    assert compiled["error"] is None


def test_a_metered_run_under_error_control_counts_every_call_of_components_in_a_loop():
    description = two_mass("force_displacement", 0.01, stop=20.0, algorithm="iterative", **CONTROLS["error control"])
    with open_simulation(description, meter=True) as run:
        run.run()
        counted = run.coupling.statistics
        readings = {name: each.reading for name, each in run.instances.items()}
    for name, reading in readings.items():
        mine = counted.of(name)
        assert (reading.steps, reading.saves, reading.restores) == (mine.steps, mine.saves, mine.restores)
        assert reading.timed > 0


def test_a_metered_run_counts_every_call_of_components_in_a_loop():
    with open_simulation(two_mass("force_displacement", 0.01, stop=20.0, algorithm="iterative"), meter=True) as run:
        run.run()
        (loop,) = run.coupling.statistics.loops.values()
        readings = [each.reading for each in run.instances.values()]
    for reading in readings:
        assert min(reading.sets, reading.gets) >= reading.steps == loop.evaluations
        assert (reading.saves, reading.restores) == (loop.solved, loop.evaluations - loop.solved)
        assert 0 < reading.timed <= loop.solved
        assert 0.0 < reading.step_p50 <= reading.step_p99 <= reading.step_worst
        assert reading.state_seconds > 0.0


def test_ctrl_c_ends_a_run_of_solved_loops_at_a_communication_point():
    stop = 1e6
    with open_simulation(two_mass("force_displacement", 0.01, stop=stop, algorithm="iterative")) as run:
        run.initialize()
        Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
        with pytest.raises(KeyboardInterrupt):
            run.run()
        assert 0.0 < run.time < stop
        times = run.results().times
        assert times[-1] == run.time == 0.01 * round(run.time / 0.01)


@ways_of_stepping
@pytest.mark.parametrize("method", ["anderson", "newton"])
def test_stops_writes_and_checkpoints_on_the_way_change_nothing(method, control, caplog):
    def go(run: Any) -> Any:
        run.run(until=0.7)
        point = run.checkpoint()
        run.run(until=1.5)
        told = [run.read("one.x"), run.read("two.x")]
        run.restore(point)
        run.step()
        run.run(until=1.2)
        run.step()
        with run.branch() as other:
            other.run(until=1.6)
            told += [other.read("one.x"), run.read("one.x")]
        run.run()
        return told

    description = SYSTEMS["masses"](algorithm="iterative", loops={"method": method}, **control)
    compiled, interpreted = both(description, go, caplog)
    assert compiled == interpreted


@pytest.fixture(scope="session")
def binary(tmp_path_factory):
    return moody.library(tmp_path_factory.mktemp("moody"))


@pytest.fixture
def ring(binary, tmp_path):
    """A component, three that feed each other, and one behind them."""
    names = ("source", "first", "middle", "last", "sink")
    components = {name: {"source": str(moody.fmu(tmp_path / f"{name}.fmu", binary))} for name in names}
    connections = [
        "source.y -> sink.u",
        "first.y -> middle.u",
        "middle.y -> last.u",
        {"connect": "last.y -> first.u", "factor": -0.5, "offset": 0.1},
    ]
    return {
        "name": "moods", "components": components, "connections": connections, "experiment": {"stop": 2.0},
        "step_size": 0.125, "algorithm": "iterative",
    }  # fmt: skip


WHERE = {
    "step": moody.IN_STEP, "set": moody.IN_SET, "get": moody.IN_GET, "keeping": moody.IN_KEEPING,
    "going back": moody.IN_GOING_BACK,
}  # fmt: skip


@needs_compiler
@ways_of_stepping
@pytest.mark.parametrize("name", ["first", "middle", "last"])
@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("status", [OK, WARNING, DISCARD, ERROR, FATAL])
def test_a_status_in_a_loop_is_taken_alike(status, where, name, control, ring, caplog):
    def go(run: Any) -> None:
        run.run(until=0.5)
        run.write(f"{name}.where", WHERE[where])
        run.write(f"{name}.since", 0.75)
        run.write(f"{name}.status", status)
        run.run(until=1.25)
        run.write(f"{name}.status", OK)
        run.run()

    compiled, interpreted = both({**ring, **control}, go, caplog)
    if where in ("keeping", "going back") and status > WARNING:  # how often states are kept differs, and who is first
        assert compiled["error"] is not None
        assert (compiled["rows"], compiled["error"][0]) == (interpreted["rows"], interpreted["error"][0])
    else:
        assert compiled == interpreted


@needs_compiler
@ways_of_stepping
@pytest.mark.parametrize("name", ["source", "first", "last", "sink"])
@pytest.mark.parametrize("where", [moody.ENDS, moody.NAN])
def test_a_wish_to_end_and_nan_in_a_loop_or_beside_it_are_taken_alike(where, name, control, ring, caplog):
    def go(run: Any) -> None:
        run.run(until=0.5)
        run.write(f"{name}.where", where)
        run.write(f"{name}.since", 0.75)
        run.run()

    compiled, interpreted = both({**ring, **control}, go, caplog)
    assert compiled == interpreted


@needs_compiler
@pytest.mark.parametrize("name", ["first", "last"])
def test_a_warning_where_a_state_is_kept_leaves_the_components_behind_it_where_they_are(name, ring, caplog):
    def go(run: Any) -> None:
        run.run(until=0.5)
        run.write(f"{name}.where", moody.IN_KEEPING)
        run.write(f"{name}.since", 0.75)
        run.write(f"{name}.status", WARNING)
        run.run(until=1.25)
        run.write(f"{name}.status", OK)
        run.run()

    chain = {**ring, **CONTROLS["error control"], "algorithm": "gauss_seidel", "connections": ring["connections"][:3]}
    compiled, interpreted = both(chain, go, caplog)
    assert compiled == interpreted


@needs_compiler
@pytest.mark.parametrize("where", [moody.IN_SET, moody.IN_STEP, moody.IN_GET])
def test_a_warning_at_a_rate_of_its_own_is_told_of_at_the_same_time(where, ring, caplog):
    def go(run: Any) -> None:
        run.initialize()
        run.write("first.where", where)
        run.write("first.since", 0.05)
        run.write("first.status", WARNING)
        run.run()

    components = {**ring["components"], "first": {**ring["components"]["first"], "step_size": 0.02}}
    chain = {**ring, "algorithm": "gauss_seidel", "connections": ring["connections"][:3], "components": components}
    compiled, interpreted = both({**chain, "step_size": 0.1}, go, caplog)
    assert compiled == interpreted
    assert len(compiled["logged"]) > 20
