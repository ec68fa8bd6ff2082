"""Scheduled Execution: partitions are activated as often, and in the order, that their clocks and priorities say."""

import shutil

import numpy as np
import pytest
from fmpy.fmi3 import FMU3ScheduledExecution

from orchestrator.assembly import open_simulation
from orchestrator.errors import FmuImportError, StepError
from tests.fmi.event_fmus import build_fmu3

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="building FMUs needs a C compiler")

# `order` folds the partitions in the order of their activation: order <- 31 order + partition (mod 2^31).
SOURCE = r"""
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
typedef unsigned R;
#define EACH for (size_t i = 0; i < n; i++)
typedef struct {
  int count[4], order, fail; double last, u, sum; bool active;
  void (*lock)(void), (*unlock)(void), (*update)(void *);
} M;
void *fmi3InstantiateScheduledExecution(const char *a, const char *b, const char *c, bool d, bool l, void *env,
                                        void *log, void *update, void *lock, void *unlock) {
  M *m = calloc(1, sizeof(M)); m->lock = lock; m->unlock = unlock; m->update = update; return m;
}
void fmi3FreeInstance(M *m) { free(m); }
int fmi3EnterInitializationMode(M *m, bool a, double b, double t, bool d, double e) { m->last = t; return 0; }
int fmi3ExitInitializationMode(M *m) { m->active = true; return 0; }
int fmi3Terminate(M *m) { m->active = false; return 0; }
int fmi3SetFloat64(M *m, const R *vr, size_t n, const double *v, size_t k) { m->u = v[0]; return 0; }
int fmi3GetFloat64(M *m, const R *vr, size_t n, double *v, size_t k) {
  EACH v[i] = vr[i] == 20 ? m->u : vr[i] == 21 ? m->sum : m->last;
  return 0;
}
int fmi3SetInt32(M *m, const R *vr, size_t n, const int *v, size_t k) { m->fail = v[0]; return 0; }
int fmi3GetInt32(M *m, const R *vr, size_t n, int *v, size_t k) {
  EACH v[i] = vr[i] == 14 ? m->order : vr[i] == 15 ? m->fail : m->count[vr[i] - 10];
  return 0;
}
int fmi3ActivateModelPartition(M *m, R clock, double t) {
  if (!m->active || t < m->last) return 3;
  m->lock();
  m->count[clock]++; m->last = t; m->order = (int)((31LL * m->order + clock) % 2147483647LL);
  if (clock == 1) m->sum += 0.01 * m->u;
  m->unlock(); m->update(NULL);
  return m->fail == (int)clock ? 3 : 0;
}
"""
# declared slowest first: the order of activation is that of the priorities
VARIABLES = """
    <Clock name="slow" valueReference="3" causality="input" intervalVariability="constant" intervalDecimal="0.05"
           priority="3"/>
    <Clock name="middle" valueReference="2" causality="input" intervalVariability="constant" intervalDecimal="0.02"
           priority="2"/>
    <Clock name="fast" valueReference="1" causality="input" intervalVariability="constant" intervalDecimal="0.01"
           priority="1"/>
    <Int32 name="n_fast" valueReference="11" causality="output"/>
    <Int32 name="n_middle" valueReference="12" causality="output"/>
    <Int32 name="n_slow" valueReference="13" causality="output"/>
    <Int32 name="order" valueReference="14" causality="output"/>
    <Int32 name="fail" valueReference="15" causality="parameter" variability="fixed" start="0"/>
    <Float64 name="u" valueReference="20" causality="input" start="2"/>
    <Float64 name="sum" valueReference="21" causality="output"/>
    <Float64 name="last" valueReference="22" causality="output"/>"""
KIND = '<ScheduledExecution modelIdentifier="{}"/>'
OUTPUTS = ("n_fast", "n_middle", "n_slow", "order", "sum", "last")


def build(name, folder, variables=VARIABLES):
    return build_fmu3(name, folder, SOURCE, variables, OUTPUTS, KIND.format(name), FMU3ScheduledExecution)


@pytest.fixture(scope="module")
def fmu(tmp_path_factory):
    return build("partitions", tmp_path_factory.mktemp("scheduled"))


def run(path, step, stop=1.0, **parameters):
    part = {"source": str(path), "kind": "scheduled_execution", "parameters": parameters}
    return open_simulation(
        {"name": "scheduled", "components": {"plc": part}, "experiment": {"stop": stop}, "step_size": step}
    )


@pytest.mark.parametrize("step", [0.01, 0.1, 0.03, 1.0])
def test_partitions_of_10_20_and_50_ms_activate_100_50_and_20_times_in_a_second(fmu, step):
    with run(fmu, step) as simulation:
        simulation.run()
        counts = [simulation[f"plc.n_{name}"] for name in ("fast", "middle", "slow")]
    assert counts == [100, 50, 20]


def test_at_one_time_partitions_are_activated_in_the_order_of_their_priority(fmu):
    expected = 0
    for tick in range(100):
        for partition, period in ((1, 1), (2, 2), (3, 5)):
            if tick % period == 0:
                expected = (31 * expected + partition) % (2**31 - 1)
    with run(fmu, 0.1) as simulation:
        simulation.run()
        assert simulation["plc.order"] == expected


def test_activation_times_do_not_drift(fmu):
    with run(fmu, 0.5, stop=100.0) as simulation:
        simulation.run()
        assert simulation["plc.n_fast"] == 10_000
        assert simulation["plc.last"] == 99.99


def test_inputs_reach_the_partitions(fmu):
    with run(fmu, 0.1) as simulation:
        simulation.run()
        assert simulation["plc.sum"] == pytest.approx(2.0)


def test_a_partition_that_fails_is_named_with_its_time(fmu):
    message = r"'plc'.*ActivateModelPartition for slow returned Error at t = 0.0 s"
    with pytest.raises(StepError, match=message), run(fmu, 0.1, fail=3) as simulation:
        simulation.run()


def test_triggered_clocks_are_refused_by_name(tmp_path):
    changed = VARIABLES.replace(
        'intervalVariability="constant" intervalDecimal="0.05"', 'intervalVariability="triggered"'
    )
    with pytest.raises(FmuImportError, match="clock 'slow' is input and triggered"):
        run(build("triggered", tmp_path, changed), 0.1)


def test_a_run_records_what_the_partitions_computed(fmu):
    with run(fmu, 0.01, stop=0.1) as simulation:
        results = simulation.run()
    assert np.array(results["plc.n_fast"]).tolist() == list(range(11))
    assert np.array(results["plc.n_slow"]).tolist() == [0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2]


# Each partition sets the countdown of the other one to 0 as long as it was activated fewer than `u` times.
PING_PONG = r"""
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
typedef unsigned R;
typedef struct { int count[3], pending[3]; double u; void *env; void (*update)(void *); } M;
void *fmi3InstantiateScheduledExecution(const char *a, const char *b, const char *c, bool d, bool l, void *env,
                                        void *log, void *update, void *lock, void *unlock) {
  M *m = calloc(1, sizeof(M)); m->env = env; m->update = update; m->pending[1] = 1; m->u = 1e9; return m;
}
void fmi3FreeInstance(M *m) { free(m); }
int fmi3EnterInitializationMode(M *m, bool a, double b, double t, bool d, double e) { return 0; }
int fmi3ExitInitializationMode(M *m) { return 0; }
int fmi3Terminate(M *m) { return 0; }
int fmi3SetFloat64(M *m, const R *vr, size_t n, const double *v, size_t k) { m->u = v[0]; return 0; }
int fmi3GetFloat64(M *m, const R *vr, size_t n, double *v, size_t k) { v[0] = m->u; return 0; }
int fmi3GetInt32(M *m, const R *vr, size_t n, int *v, size_t k) { v[0] = m->count[1] + m->count[2]; return 0; }
int fmi3GetIntervalDecimal(M *m, const R *vr, size_t n, double *v, int *q) {
  v[0] = 0; q[0] = m->pending[vr[0]] ? 2 : 1; m->pending[vr[0]] = 0; return 0;
}
int fmi3ActivateModelPartition(M *m, R clock, double t) {
  m->count[clock]++; m->pending[3 - clock] = m->count[clock] < m->u; m->update(m->env);
  return 0;
}
"""
PING_PONG_VARIABLES = """
    <Clock name="ping" valueReference="1" causality="input" intervalVariability="countdown" priority="1"/>
    <Clock name="pong" valueReference="2" causality="input" intervalVariability="countdown" priority="2"/>
    <Int32 name="n" valueReference="11" causality="output"/>
    <Float64 name="u" valueReference="20" causality="input" start="1e9"/>"""


@pytest.fixture(scope="module")
def ping_pong(tmp_path_factory):
    folder, kind = tmp_path_factory.mktemp("ping_pong"), KIND.format("ping_pong")
    return build_fmu3("ping_pong", folder, PING_PONG, PING_PONG_VARIABLES, ("n",), kind, FMU3ScheduledExecution)


def test_partitions_that_activate_each_other_without_end_are_an_error_that_names_them(ping_pong):
    with run(ping_pong, 0.1) as simulation, pytest.raises(StepError, match="'ping', 'pong'") as caught:
        simulation.run()
    assert (caught.value.component, caught.value.time) == ("plc", 0.0)


def test_partitions_may_activate_each_other_some_times_at_one_time(ping_pong):
    with run(ping_pong, 0.1, u=40) as simulation:
        simulation.run()
        assert simulation["plc.n"] == 80 - 1
