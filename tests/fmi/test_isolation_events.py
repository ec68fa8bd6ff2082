"""Events, clocks and partitions of components in processes of their own: those of this process, to the bit."""

import shutil

import numpy as np
import pytest

from cotwin import open_simulation
from orchestrator.assembly import open_instance
from orchestrator.errors import FmuImportError, StepError
from orchestrator.instance import Bundle
from orchestrator.system.description import Component
from tests.fmi import test_scheduled_execution as scheduled
from tests.fmi.event_fmus import event_fmu

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="building FMUs needs a C compiler")

PROCESS = {"isolation": "process"}


@pytest.fixture(scope="module")
def fmus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events")
    built = {model: event_fmu(model, folder) for model in ("ball", "clockwork", "sink")}
    return built | {"partitions": scheduled.build("partitions", folder)}


def run(parts, connections=(), *, stop=1.0, step=0.1, record=("*",)):
    description = {"name": "events", "components": parts, "connections": list(connections), "record": list(record)}
    with open_simulation({**description, "experiment": {"stop": stop}, "step_size": step}) as simulation:
        return simulation.run()


def same(one, other) -> bool:
    return one.names == other.names and all(np.array_equal(one[name], other[name]) for name in one.names)


@pytest.mark.parametrize("isolated", [("clockwork", "sink"), ("clockwork",), ("sink",)], ids="-".join)
def test_clocks_of_every_kind_tick_and_trigger_across_the_border(fmus, isolated):
    """Constant, as a fraction, calculated, changing and countdown clocks; `out` triggers the clock of the sink."""

    def results(those):
        parts = {
            name: {"source": str(fmus[name]), **(PROCESS if name in those else {})} for name in ("clockwork", "sink")
        }
        links = ["clockwork.out -> sink.tick", "clockwork.value -> sink.sample"]
        return run(parts, links, record=["clockwork.*", "sink.*"])

    far, near = results(isolated), results(())
    assert same(far, near)
    assert near["clockwork.n_tenth"][-1] == 11
    assert near["sink.ticks"][-1] == near["clockwork.n_third"][-1] > 0


def test_a_ball_bounces_at_the_same_times(fmus):
    far, near = (run({"ball": {"source": str(fmus["ball"]), **more}}, stop=1.2) for more in (PROCESS, {}))
    assert same(far, near)
    assert near["ball.impacts"][-1] == 3


def test_events_that_come_ever_closer_are_the_same_error(fmus):
    messages = []
    for more in (PROCESS, {}):
        with pytest.raises(StepError, match=r"'ball'.*come ever closer") as caught:
            run({"ball": {"source": str(fmus["ball"]), **more}}, stop=1.5)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_a_state_of_event_mode_is_kept_and_restored_with_its_mode(fmus):
    ends = []
    for isolation in (None, "process"):
        ball = open_instance("ball", Component(source=fmus["ball"], isolation=isolation))
        names = {connector.name: connector for connector in ball.connectors}
        values = np.zeros(1)
        ball.enter_initialization(0.0, None, None)
        ball.exit_initialization()
        state = ball.save_state()
        ball.event_mode.update()
        ball.event_mode.leave()
        first = ball.do_step(0.0, 1.0)
        ball.restore_state(state)  # in Event Mode again, where states may be set
        ball.set(Bundle.of([names["e"]]), np.array([0.25]))
        ball.event_mode.update()
        ball.event_mode.leave()
        second = ball.do_step(0.0, 1.0)
        ball.event_mode.enter(second.time)
        update = ball.event_mode.update()
        ball.event_mode.leave()
        ball.get(Bundle.of([names["v"]]), values)
        ends.append((first, second, update, values[0]))
        ball.close()
    assert ends[0] == ends[1]
    assert ends[0][0].early_return
    assert ends[0][3] == pytest.approx(0.25 * np.sqrt(20.0))


@pytest.mark.parametrize("step", [0.03, 0.1])
def test_partitions_are_activated_as_often_and_in_the_same_order(fmus, step):
    def results(**more):
        part = {"source": str(fmus["partitions"]), "kind": "scheduled_execution", **more}
        return run({"plc": part}, step=step, record=["plc.*"])

    far, near = results(**PROCESS), results()
    assert same(far, near)
    assert [near[f"plc.n_{name}"][-1] for name in ("fast", "middle", "slow")] == [100, 50, 20]


def test_a_partition_that_fails_and_clocks_that_cannot_be_run_are_the_same_errors(fmus, tmp_path):
    changed = scheduled.VARIABLES.replace(
        'intervalVariability="constant" intervalDecimal="0.05"', 'intervalVariability="triggered"'
    )
    triggered = scheduled.build("triggered", tmp_path, changed)
    for more in (PROCESS, {}):
        part = {"kind": "scheduled_execution", **more}
        with pytest.raises(StepError, match=r"'plc'.*ActivateModelPartition for slow returned Error at t = 0\.0 s"):
            run({"plc": {"source": str(fmus["partitions"]), "parameters": {"fail": 3}, **part}})
        with pytest.raises(FmuImportError, match="clock 'slow' is input and triggered"):
            run({"plc": {"source": str(triggered), **part}})
