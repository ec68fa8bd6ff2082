"""A run that is taken down at any communication point goes on elsewhere as if nothing had been."""

import numpy as np
import pytest

from orchestrator.checkpoint.checkpoint import Checkpoint
from orchestrator.checkpoint.schedule import Checkpoints
from orchestrator.errors import CapabilityError, CheckpointError, DescriptionError, SimulationError, VariableError
from orchestrator.instance import Capabilities
from orchestrator.observer import Event
from tests.checkpoint.runs import assert_same_rows, oscillator, resumed, stopped, uninterrupted
from tests.coupled import Memory, simulation
from tests.doubles import Faults, FunctionInstance, an_input


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("steps", [0, 1, 4, 10])
def test_a_run_goes_on_from_a_file_as_if_it_had_not_been_stopped(algorithm, steps, tmp_path):
    def made(observer):
        return oscillator(observer, algorithm=algorithm)

    before, checkpoint = stopped(made, steps, tmp_path)
    assert checkpoint.time == pytest.approx(0.1 * steps)
    assert_same_rows([*before, *resumed(made, checkpoint)], uninterrupted(made))


def test_times_are_multiples_of_the_step_size_after_a_restart_too():
    def made(observer):
        return oscillator(observer, step_size=0.1, stop=30.0)

    _, checkpoint = stopped(made, 137)
    assert [row.t for row in resumed(made, checkpoint)] == [k * 0.1 if k < 300 else 30.0 for k in range(138, 301)]


def test_written_inputs_and_parameters_are_in_a_checkpoint_also_those_that_wait_for_the_next_step(tmp_path):
    def run_of(observer):
        run = oscillator(observer)
        run.write("velocity.k", 3.0)
        run.initialize()
        return run

    def to_the_middle(run):
        run.step()
        run.write("velocity.k", 2.0)
        run.write("velocity.force", 0.25)
        run.step()
        run.write("velocity.k", 4.0)

    whole, first, second = Memory(), Memory(), Memory()
    with run_of(whole) as run:
        to_the_middle(run)
        run.run()
    with run_of(first) as run:
        to_the_middle(run)
        run.checkpoint().save(tmp_path / "middle")
    with oscillator(second) as run:
        run.restore(Checkpoint.load(tmp_path / "middle"))
        assert run.read("velocity.k") == 4.0
        assert run.read("velocity.force") == 0.25
        run.run()
    assert_same_rows([*first.rows, *second.rows[1:]], whole.rows)


def test_a_run_goes_back_in_place_and_its_observers_are_told():
    class Told(Memory):
        def __init__(self):
            super().__init__()
            self.back = []

        def rolled_back(self, t, signals):
            self.back.append((t, signals.float64.copy()))

    observer = Told()
    with oscillator(observer) as run:
        run.run(until=0.3)
        checkpoint, here = run.checkpoint(), run.signals.float64.copy()
        run.emit(Event(0.3, "", "note", "before"))
        run.run(until=0.8)
        first = observer.rows[4:]
        run.restore(checkpoint)
        assert run.time == pytest.approx(0.3)
        assert run.events == ()
        assert observer.back[0][0] == run.time
        np.testing.assert_array_equal(observer.back[0][1], here)
        run.run(until=0.8)
        assert_same_rows(observer.rows[9:], first)


def test_a_run_goes_on_to_a_later_stop():
    short, checkpoint = stopped(lambda observer: oscillator(observer, stop=0.3), 3)
    rest = resumed(lambda observer: oscillator(observer, stop=1.0), checkpoint)
    whole = uninterrupted(lambda observer: oscillator(observer, stop=1.0))
    assert [row.t for row in (*short, *rest)] == pytest.approx([row.t for row in whole])
    np.testing.assert_allclose(rest[-1].float64, whole[-1].float64, rtol=1e-12)
    with pytest.raises(CheckpointError, match=r"lies at t = 0\.3 s, outside of the experiment from 0 s to 0\.2 s"):
        resumed(lambda observer: oscillator(observer, stop=0.2), checkpoint)


def test_a_stop_between_two_points_of_the_grid_is_a_communication_point_of_the_longer_run():
    _, checkpoint = stopped(lambda observer: oscillator(observer, stop=0.25), 3)
    rest = resumed(lambda observer: oscillator(observer, stop=0.5), checkpoint)
    assert [row.t for row in rest] == [pytest.approx(0.3), 0.4, 0.5]


def test_components_that_cannot_give_their_state_as_bytes_are_named_all_at_once_before_the_run(tmp_path):
    able = Capabilities(get_set_state=True)
    doubles = [FunctionInstance(lambda t, u: u, name=name, capabilities=able) for name in ("fast", "slow")]
    doubles.append(FunctionInstance(lambda t, u: u, name="good"))
    observer = Memory()
    run = simulation(doubles, observers=[observer])
    with (
        pytest.raises(CapabilityError, match=r"'fast', 'slow' cannot give.*Export them with canGetAndSetFMUstate"),
        run,
    ):
        run.run(checkpoints=Checkpoints(tmp_path, 0.1))
    assert observer.rows == []


def test_no_checkpoint_is_made_before_a_run_after_it_or_within_a_step():
    class Curious(Memory):
        def communication_point(self, t, signals):
            super().communication_point(t, signals)
            self.made = run.checkpoint()

    run = oscillator(Memory())
    with run:
        with pytest.raises(SimulationError, match="between macro steps"):
            run.checkpoint()
        run.run()
        with pytest.raises(SimulationError, match="between macro steps"):
            run.checkpoint()
        with pytest.raises(SimulationError, match="the run is over"):
            run.restore(stopped(oscillator, 1)[1])
    curious = Curious()
    with oscillator(curious) as run:
        run.step()
    assert curious.made.time == pytest.approx(0.1)


def test_another_system_is_refused_and_the_run_goes_on():
    _, checkpoint = stopped(oscillator, 2)
    with simulation([FunctionInstance(lambda t, u: u, name="other")]) as run:
        run.initialize()
        with pytest.raises(CheckpointError, match=r"the components differ \(counter, other, position, velocity\)"):
            run.restore(checkpoint)
        run.run()


def test_checkpoints_come_at_multiples_of_their_distance_and_at_the_end(tmp_path):
    class Kept(Checkpoints):
        made: list[float] = []  # noqa: RUF012 -- one test

        def _write(self, run):
            super()._write(run)
            self.made.append(run.time)

    with oscillator(Memory(), step_size=0.1, stop=1.0) as run:
        run.run(checkpoints=Kept(tmp_path, 0.25))
    assert Kept.made == pytest.approx([0.3, 0.5, 0.8, 1.0])
    found = Checkpoint.load(tmp_path)
    assert (found.time, found.every) == (1.0, 0.25)
    Kept.made.clear()
    with oscillator(Memory(), step_size=0.1, stop=2.0) as run:
        run.restore(found)
        run.run(checkpoints=Kept(tmp_path, 0.25), until=1.6)
    assert Kept.made == pytest.approx([1.3, 1.5, 1.6])
    with pytest.raises(CheckpointError, match="positive number of seconds"):
        Checkpoints(tmp_path, 0.0)


def test_a_run_that_fails_leaves_the_checkpoint_of_before(tmp_path):
    one = FunctionInstance(
        lambda t, u, x: x,
        inputs=[],
        step=lambda t, h, u, x: x + h,
        state=[0.0],
        faults=Faults(fail_at=0.45, error=SimulationError("broken", component="double")),
    )
    with pytest.raises(SimulationError, match="broken"), simulation([one]) as run:
        run.run(checkpoints=Checkpoints(tmp_path, 0.2))
    assert Checkpoint.load(tmp_path).time == pytest.approx(0.4)


def test_a_run_is_stepped_until_a_condition_holds():
    with oscillator(Memory(), stop=10.0) as run:
        assert run.run_until("position.y < 0.5 and t > 0.2")
        assert run.read("position.y") < 0.5
        assert run.time == pytest.approx(1.1, abs=0.11)
        reached = run.time
        assert run.run_until(lambda simulation: simulation.read("position.y") < 0.5)
        assert run.time == reached
        assert not run.run_until("position.y > 5", limit=4.0)
        assert run.time == pytest.approx(4.0)
        assert not run.run_until("position.y > 5")
        assert run.ended


def test_a_condition_that_is_none_is_refused():
    with oscillator(Memory()) as run:
        with pytest.raises(DescriptionError, match="not true or false"):
            run.run_until("position.y + 1")
        with pytest.raises(VariableError, match="no variable 'z'"):
            run.run_until("position.z > 1")


def test_a_time_in_the_place_of_a_condition_is_refused_with_what_to_write():
    told = r"2\.0 is no condition.*run\(until=\.\.\.\)"
    with oscillator(Memory()) as run, pytest.raises(DescriptionError, match=told):
        run.run_until(2.0)


def test_a_condition_on_an_array_names_its_elements():
    one = FunctionInstance(lambda t, u: u, inputs=[an_input("u", size=2, start=[1.0, 2.0])])
    with simulation([one]) as run:
        with pytest.raises(DescriptionError, match="name one of its elements"):
            run.run_until("double.u > 1")
        assert run.run_until("double.u[2] > 1")
