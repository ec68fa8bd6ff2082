"""A long step is cut off where the run is interrupted, of an FMU that can return early after an intermediate update."""

import shutil
import signal

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.fmi.events_opening import open_with_events
from orchestrator.instance import Bundle
from orchestrator.interruption import Interruption, Terminated
from tests.coupled import simulation
from tests.doubles import FunctionInstance
from tests.fmi.event_fmus import build_fmu3

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="building FMUs needs a C compiler")

# A step has 1000 parts with an intermediate update each; `signal` is raised after `parts` of them.
SOURCE = r"""
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
typedef unsigned R;
typedef void (*update_t)(void *, double, bool, bool, bool, bool, bool *, double *);
typedef struct { int done, which; bool early; update_t update; void *env; } M;
void *fmi3InstantiateCoSimulation(const char *a, const char *b, const char *c, bool d, bool l, bool event, bool early,
                                  const R *vr, size_t n, void *env, void *log, update_t update) {
  M *m = calloc(1, sizeof(M)); m->update = update; m->env = env; m->early = early; return m;
}
void fmi3FreeInstance(M *m) { free(m); }
int fmi3EnterInitializationMode(M *m, bool a, double b, double t, bool d, double e) { return 0; }
int fmi3ExitInitializationMode(M *m) { return 0; }
int fmi3Terminate(M *m) { return 0; }
int fmi3SetInt32(M *m, const R *vr, size_t n, const int *v, size_t k) { m->which = v[0]; return 0; }
int fmi3GetInt32(M *m, const R *vr, size_t n, int *v, size_t k) { v[0] = vr[0] == 1 ? m->done : m->which; return 0; }
int fmi3DoStep(M *m, double t, double H, bool no, bool *event, bool *terminate, bool *early, double *last) {
  *event = *terminate = *early = false;
  for (int i = 1; i <= 1000; i++) {
    bool asked = true; double when = t;
    m->done++;
    if (m->which && i == 10) raise(m->which);
    *last = t + H * i / 1000;
    if (m->update) m->update(m->env, *last, false, true, true, m->early && i < 1000, &asked, &when);
    if (m->update && asked && i < 1000) { *early = true; return when == *last ? 0 : 3; }
  }
  return 0;
}
"""
VARIABLES = """
    <Int32 name="done" valueReference="1" causality="output"/>
    <Int32 name="signal" valueReference="2" causality="parameter" variability="tunable" start="0"/>"""
KIND = '<CoSimulation modelIdentifier="patient" canHandleVariableCommunicationStepSize="true" {}/>'
FLAGS = 'providesIntermediateUpdate="true" canReturnEarlyAfterIntermediateUpdate="{}"'


def build(folder, able):
    return build_fmu3("patient", folder, SOURCE, VARIABLES, ("done",), KIND.format(FLAGS.format(able)))


@pytest.fixture(scope="module")
def fmu(tmp_path_factory):
    return build(tmp_path_factory.mktemp("patient"), "true")


def begun(path):
    instance = open_with_events("patient", path)
    instance.enter_initialization(0.0, None, None)
    instance.exit_initialization()
    return instance


def give(instance, name, value):
    connector = next(each for each in instance.connectors if each.name == name)
    instance.set(Bundle.of([connector]), np.array([value]))


def done(instance):
    values = np.empty(1, np.int64)
    instance.get(Bundle.of([instance.connectors[0]]), values)
    return values[0]


@pytest.mark.parametrize(("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
def test_a_signal_during_a_step_ends_it_at_the_next_intermediate_update(fmu, number, kind):
    instance = begun(fmu)
    try:
        give(instance, "signal", number)
        with Interruption() as interruption, pytest.raises(kind):
            instance.do_step(0.0, 1.0)
        assert interruption.requested
        assert done(instance) == 10
    finally:
        instance.close()


def test_ctrl_c_without_anybody_waiting_for_it_is_not_lost_in_the_fmu(fmu):
    instance = begun(fmu)
    try:
        give(instance, "signal", signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            instance.do_step(0.0, 1.0)
        assert done(instance) == 10
    finally:
        instance.close()


def test_an_fmu_that_cannot_return_early_makes_its_step(tmp_path):
    instance = begun(build(tmp_path, "false"))
    try:
        give(instance, "signal", signal.SIGINT)
        with Interruption() as interruption:
            assert instance.do_step(0.0, 1.0).time == 1.0
            assert interruption.requested
        assert done(instance) == 1000
    finally:
        instance.close()


def test_a_step_that_nobody_interrupts_is_complete_and_needs_no_kept_states(fmu):
    instance = begun(fmu)
    try:
        assert instance.do_step(0.0, 1.0).time == 1.0
        assert not instance.capabilities.may_return_early
    finally:
        instance.close()


def test_an_interrupted_run_keeps_the_record_up_to_the_last_communication_point(fmu):
    def press(t, _):
        if t > 0.25:
            signal.raise_signal(signal.SIGINT)
        return t

    source = FunctionInstance(press, name="source")
    patient = open_with_events("patient", fmu)
    with simulation([source, patient], [], step_size=0.1) as run:
        with pytest.raises(KeyboardInterrupt):
            run.run()
        assert run.time == pytest.approx(0.2)
        assert run.events[-1].kind == "interrupted"


def test_the_whole_program_is_interrupted_in_a_long_step(fmu):
    part = {"source": str(fmu), "parameters": {"signal": int(signal.SIGINT)}}
    description = {"name": "one", "components": {"patient": part}, "experiment": {"stop": 2.0}, "step_size": 1.0}
    with pytest.raises(KeyboardInterrupt), open_simulation(description) as run:
        run.run()
    assert run.time == 0.0
