"""Scheduled Execution with clocks of every kind that goes by time, structural parameters, and states as bytes."""

import shutil

import numpy as np
import pytest
from fmpy.fmi3 import FMU3ScheduledExecution

from orchestrator.assembly import open_simulation
from orchestrator.errors import CapabilityError, StepError
from orchestrator.fmi.scheduled_execution import open_scheduled
from orchestrator.instance import Bundle
from tests.fmi.event_fmus import build_fmu3

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="building FMUs needs a C compiler")

# `n` and `s` of a partition: how often it was activated, and the sum of the times. Calls out of place are errors.
SOURCE = r"""
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
typedef unsigned R;
#define EACH for (size_t i = 0; i < n; i++)
enum { START, CONFIGURE, INIT, ACTIVE };
typedef struct {
  int mode, count[6]; bool updating, growing_known; double told, pending, lead, wait, w[8], total, sum[6];
  uint64_t size; void *env; void (*update)(void *);
} M;
void *fmi3InstantiateScheduledExecution(const char *a, const char *b, const char *c, bool d, bool l, void *env,
                                        void *log, void *update, void *lock, void *unlock) {
  M *m = calloc(1, sizeof(M)); m->update = update; m->env = env; m->size = 2; m->wait = 0.003;
  for (int i = 0; i < 8; i++) m->w[i] = 1;
  return m;
}
void fmi3FreeInstance(M *m) { free(m); }
int fmi3EnterConfigurationMode(M *m) { m->mode = CONFIGURE; return 0; }
int fmi3ExitConfigurationMode(M *m) { m->mode = START; return 0; }
int fmi3EnterInitializationMode(M *m, bool a, double b, double t, bool d, double e) { m->mode = INIT; return 0; }
int fmi3ExitInitializationMode(M *m) { m->mode = ACTIVE; return 0; }
int fmi3Terminate(M *m) { return 0; }
int fmi3SetUInt64(M *m, const R *vr, size_t n, const uint64_t *v, size_t k) {
  m->size = v[0]; return m->mode == CONFIGURE ? 0 : 3;
}
int fmi3GetUInt64(M *m, const R *vr, size_t n, uint64_t *v, size_t k) { v[0] = m->size; return 0; }
int fmi3SetFloat64(M *m, const R *vr, size_t n, const double *v, size_t k) {
  if (vr[0] == 40) { if (k != m->size) return 3; memcpy(m->w, v, k * sizeof(double)); return 0; }
  EACH *(vr[i] == 30 ? &m->lead : &m->wait) = v[i];
  return 0;
}
int fmi3GetFloat64(M *m, const R *vr, size_t n, double *v, size_t k) {
  if (vr[0] == 40) { memcpy(v, m->w, k * sizeof(double)); return 0; }
  EACH v[i] = vr[i] == 30 ? m->lead : vr[i] == 31 ? m->wait : vr[i] == 32 ? m->told : vr[i] == 33 ? m->total
              : m->sum[vr[i] - 20];
  return 0;
}
int fmi3GetInt32(M *m, const R *vr, size_t n, int *v, size_t k) { EACH v[i] = m->count[vr[i] - 10]; return 0; }
int fmi3SetIntervalDecimal(M *m, const R *vr, size_t n, const double *v) {
  m->told = v[0]; return vr[0] == 2 && (m->mode == INIT || m->mode == ACTIVE) ? 0 : 3;
}
int fmi3GetIntervalDecimal(M *m, const R *vr, size_t n, double *v, int *q) {
  if (vr[0] == 3 && m->mode == INIT) { v[0] = 0.05; *q = 2; return 0; }
  if (vr[0] == 4 && (m->mode == INIT || !m->growing_known)) {
    v[0] = 0.01 * (m->count[4] + 1); *q = 2; m->growing_known = true; return 0;
  }
  if (vr[0] != 5 || (m->mode != INIT && !m->updating)) return 3;
  v[0] = m->pending; *q = m->pending != 0 ? 2 : 0; m->pending = 0;
  return 0;
}
int fmi3GetShiftDecimal(M *m, const R *vr, size_t n, double *v) {
  v[0] = m->lead; return vr[0] == 3 && m->mode == INIT ? 0 : 3;
}
int fmi3ActivateModelPartition(M *m, R clock, double t) {
  if (m->mode != ACTIVE) return 3;
  m->count[clock]++; m->sum[clock] += t;
  if (clock == 4) m->growing_known = false;
  if (clock == 1) {
    m->total = 0;
    for (uint64_t i = 0; i < m->size; i++) m->total += m->w[i];
    if (m->count[1] % 4 == 0) {
      m->pending = m->wait; m->updating = true; m->update(m->env); m->updating = false;
    }
  }
  return 0;
}
int fmi3GetFMUState(M *m, void **s) { if (!*s) *s = malloc(sizeof(M)); *(M *)*s = *m; return 0; }
int fmi3SetFMUState(M *m, void *s) {
  void *env = m->env, *update = m->update; *m = *(M *)s; m->env = env; m->update = update; return 0;
}
int fmi3FreeFMUState(M *m, void **s) { free(*s); *s = NULL; return 0; }
int fmi3SerializedFMUStateSize(M *m, void *s, size_t *n) { *n = sizeof(M); return 0; }
int fmi3SerializeFMUState(M *m, void *s, void *data, size_t n) { memcpy(data, s, n); return 0; }
int fmi3DeserializeFMUState(M *m, const void *data, size_t n, void **s) {
  *s = malloc(n); memcpy(*s, data, n); return 0;
}
"""
NAMES = ("fast", "rate", "given", "growing", "down")
CLOCK = '<Clock name="{}" valueReference="{}" causality="input" intervalVariability="{}" priority="{}"/>'
VARIABLES = "".join(
    [
        CLOCK.format("fast", 1, 'constant" intervalDecimal="0.01', 1),
        CLOCK.format("rate", 2, 'tunable" intervalDecimal="0.02', 2),
        CLOCK.format("given", 3, "fixed", 3),
        CLOCK.format("growing", 4, "changing", 4),
        CLOCK.format("down", 5, "countdown", 5),
        *(f'<Int32 name="n_{name}" valueReference="{11 + i}" causality="output"/>' for i, name in enumerate(NAMES)),
        *(f'<Float64 name="s_{name}" valueReference="{21 + i}" causality="output"/>' for i, name in enumerate(NAMES)),
        '<Float64 name="lead" valueReference="30" causality="parameter" variability="fixed" start="0"/>',
        '<Float64 name="wait" valueReference="31" causality="parameter" variability="fixed" start="0.003"/>',
        '<Float64 name="told" valueReference="32" causality="output" variability="discrete"/>',
        '<Float64 name="total" valueReference="33" causality="output" variability="discrete"/>',
        '<Float64 name="w" valueReference="40" causality="input" start="1"><Dimension valueReference="41"/></Float64>',
        '<UInt64 name="size" valueReference="41" causality="structuralParameter" variability="fixed" start="2"/>',
    ]
)
STATES = 'canGetAndSetFMUState="true" canSerializeFMUState="true"'
OUTPUTS = (*(f"n_{name}" for name in NAMES), *(f"s_{name}" for name in NAMES), "told", "total")


@pytest.fixture(scope="module")
def fmu(tmp_path_factory):
    kind = f'<ScheduledExecution modelIdentifier="tasks" {STATES}/>'
    folder = tmp_path_factory.mktemp("tasks")
    return build_fmu3("tasks", folder, SOURCE, VARIABLES, OUTPUTS, kind, FMU3ScheduledExecution)


def opened(path, stop=0.2, step=0.05, **parameters):
    part = {"source": str(path), "kind": "scheduled_execution", "parameters": parameters}
    return open_simulation(
        {"name": "scheduled", "components": {"plc": part}, "experiment": {"stop": stop}, "step_size": step}
    )


def activations(simulation, name):
    return simulation[f"plc.n_{name}"], pytest.approx(simulation[f"plc.s_{name}"], abs=1e-12)


@pytest.mark.parametrize("step", [0.01, 0.05, 0.2])
def test_every_partition_is_activated_at_the_times_that_its_clock_has(fmu, step):
    with opened(fmu, step=step, lead=0.02) as simulation:
        simulation.run()
        assert activations(simulation, "fast") == (20, 1.9)
        assert activations(simulation, "rate") == (10, 0.9)
        assert activations(simulation, "given") == (4, 0.02 + 0.07 + 0.12 + 0.17)
        assert activations(simulation, "growing") == (5, 0.01 + 0.03 + 0.06 + 0.10 + 0.15)
        assert activations(simulation, "down") == (5, 0.033 + 0.073 + 0.113 + 0.153 + 0.193)


def test_the_importer_sets_the_interval_of_a_tunable_clock_before_and_during_the_run(fmu):
    with opened(fmu, **{"rate.interval": 0.04}) as simulation:
        simulation.run(until=0.1)
        assert activations(simulation, "rate") == (3, 0.12)
        assert simulation["plc.told"] == 0.04
        simulation["plc.rate.interval"] = 0.03
        simulation.run()
        # the tick at 0.12 is replaced: a new interval counts from the time at which it is given
        assert activations(simulation, "rate") == (6, 0.12 + 0.13 + 0.16 + 0.19)
        assert simulation["plc.told"] == simulation["plc.rate.interval"] == 0.03


def test_structural_parameters_change_the_sizes_of_arrays(fmu):
    with opened(fmu, size=3, w=[1.0, 2.0, 4.0]) as simulation:
        simulation.run()
        assert simulation["plc.total"] == 7.0


def test_a_countdown_that_is_no_time_to_come_is_an_error_of_the_run(fmu):
    with (
        pytest.raises(StepError, match=r"'plc.down' the interval -0.003 s; it must be zero or more"),
        opened(fmu, wait=-0.003) as simulation,
    ):
        simulation.run()


def read(instance, *names):
    by_name = {connector.name: connector for connector in instance.connectors}
    values = []
    for name in names:
        one = Bundle.of([by_name[name]])
        value = np.empty(1, one.storage.dtype)
        instance.get(one, value)
        values.append(value[0])
    return values


def test_a_state_goes_as_bytes_into_a_new_instance_with_the_ticks_to_come(fmu):
    first, second = open_scheduled("first", fmu), open_scheduled("second", fmu)
    try:
        first.enter_initialization(0.0, None, None)
        first.exit_initialization()
        first.do_step(0.0, 0.1)
        data = first.serialize_state(first.save_state())
        first.do_step(0.1, 0.1)
        second.restore_state(second.deserialize_state(data))
        second.do_step(0.1, 0.1)
        assert read(second, *OUTPUTS[:10]) == read(first, *OUTPUTS[:10])
        with pytest.raises(CapabilityError, match="'second': these 5 bytes"):
            second.deserialize_state(b"12345")
    finally:
        first.close()
        second.close()
