"""A small FMU whose clocks take and give their intervals and shifts in every way that FMI 3.0 has."""

from pathlib import Path

from fmpy.fmi3 import FMU3Model

from tests.fmi.event_fmus import build_fmu3

# Clocks: 1 fixed and 2 tunable, set by the importer; 3 fixed and 4 tunable, given by the FMU; every call out of its
# place is an error. `told` are what the importer has set, -1 before.
RATES = r"""
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
typedef unsigned R;
#define EACH for (size_t i = 0; i < n; i++)
enum { START, INIT, EVENT, STEP };
typedef struct { int mode, count[5]; bool fresh; double told, shift, counter, resolution, p, s, q; } M;
static M *new_one(void) {
  M *m = calloc(1, sizeof(M));
  m->told = m->shift = m->counter = m->resolution = -1; m->p = m->q = 0.25; m->fresh = true;
  return m;
}
void *fmi3InstantiateCoSimulation(const char *a, const char *b, const char *c, bool d, bool l, bool event, bool early,
                                  const R *vr, size_t n, void *env, void *log, void *update) {
  return event ? new_one() : NULL;
}
void fmi3FreeInstance(M *m) { free(m); }
int fmi3EnterInitializationMode(M *m, bool a, double b, double t, bool d, double e) { m->mode = INIT; return 0; }
int fmi3ExitInitializationMode(M *m) { m->mode = EVENT; return 0; }
int fmi3EnterEventMode(M *m) { m->mode = EVENT; return 0; }
int fmi3EnterStepMode(M *m) { m->mode = STEP; return 0; }
int fmi3Terminate(M *m) { return 0; }
int fmi3Reset(M *m) { M *fresh = new_one(); *m = *fresh; free(fresh); return 0; }
int fmi3SetFloat64(M *m, const R *vr, size_t n, const double *v, size_t k) {
  EACH *(vr[i] == 20 ? &m->p : vr[i] == 21 ? &m->s : &m->q) = v[i];
  if (vr[0] == 22) m->fresh = true;
  return 0;
}
int fmi3GetFloat64(M *m, const R *vr, size_t n, double *v, size_t k) {
  double *all[] = {&m->p, &m->s, &m->q, &m->told, &m->shift, &m->counter, &m->resolution};
  EACH v[i] = *all[vr[i] - 20];
  return 0;
}
int fmi3GetInt32(M *m, const R *vr, size_t n, int *v, size_t k) { EACH v[i] = m->count[vr[i] - 10]; return 0; }
int fmi3SetClock(M *m, const R *vr, size_t n, const bool *v) {
  EACH m->count[vr[i]]++;
  return m->mode == EVENT ? 0 : 3;
}
int fmi3SetIntervalDecimal(M *m, const R *vr, size_t n, const double *v) {
  m->told = v[0]; return vr[0] == 1 && m->mode == INIT ? 0 : 3;
}
int fmi3SetShiftDecimal(M *m, const R *vr, size_t n, const double *v) {
  m->shift = v[0]; return vr[0] == 1 && m->mode == INIT ? 0 : 3;
}
int fmi3SetIntervalFraction(M *m, const R *vr, size_t n, const uint64_t *a, const uint64_t *b) {
  m->counter = a[0]; m->resolution = b[0]; return vr[0] == 2 && (m->mode == INIT || m->mode == EVENT) ? 0 : 3;
}
int fmi3GetIntervalDecimal(M *m, const R *vr, size_t n, double *v, int *q) {
  if (vr[0] == 3) { v[0] = m->p; *q = 2; return m->mode == INIT ? 0 : 3; }
  if (vr[0] != 4) return 3;
  v[0] = m->q; *q = m->fresh ? 2 : 1; m->fresh = false;
  return m->mode == INIT || m->mode == EVENT ? 0 : 3;
}
int fmi3GetShiftDecimal(M *m, const R *vr, size_t n, double *v) {
  v[0] = vr[0] == 3 ? m->s : 0; return m->mode == INIT && vr[0] > 2 ? 0 : 3;
}
int fmi3GetFMUState(M *m, void **s) { if (!*s) *s = malloc(sizeof(M)); *(M *)*s = *m; return 0; }
int fmi3SetFMUState(M *m, void *s) { *m = *(M *)s; return 0; }
int fmi3FreeFMUState(M *m, void **s) { free(*s); *s = NULL; return 0; }
int fmi3SerializedFMUStateSize(M *m, void *s, size_t *n) { *n = sizeof(M); return 0; }
int fmi3SerializeFMUState(M *m, void *s, void *data, size_t n) { memcpy(data, s, n); return 0; }
int fmi3DeserializeFMUState(M *m, const void *data, size_t n, void **s) {
  *s = malloc(n); memcpy(*s, data, n); return 0;
}
int fmi3UpdateDiscreteStates(M *m, bool *more, bool *end, bool *nom, bool *val, bool *def, double *next) {
  *more = *end = *nom = *val = *def = false; return m->mode == EVENT ? 0 : 3;
}
int fmi3DoStep(M *m, double t, double H, bool no, bool *event, bool *terminate, bool *early, double *last) {
  *event = *terminate = *early = false; *last = t + H; return m->mode == STEP ? 0 : 3;
}
"""
_CLOCK = '<Clock name="{}" valueReference="{}" causality="input" intervalVariability="{}" {}/>'
_VALUE = '<Float64 name="{}" valueReference="{}" {}/>'
_OUTPUTS = tuple(f"n_{name}" for name in ("fixed", "tunable", "given", "following"))
_TOLD = ("told", "told_shift", "told_counter", "told_resolution")
_VARIABLES = "".join(
    [
        _CLOCK.format("fixed", 1, "fixed", 'intervalDecimal="0.25"'),
        _CLOCK.format(
            "tunable",
            2,
            "tunable",
            'intervalDecimal="0.2" supportsFraction="true" resolution="100" intervalCounter="20"',
        ),
        _CLOCK.format("given", 3, "fixed", ""),
        _CLOCK.format("following", 4, "tunable", ""),
        *(f'<Int32 name="{name}" valueReference="{11 + i}" causality="output"/>' for i, name in enumerate(_OUTPUTS)),
        _VALUE.format("p", 20, 'causality="parameter" variability="fixed" start="0.25"'),
        _VALUE.format("s", 21, 'causality="parameter" variability="fixed" start="0"'),
        _VALUE.format("q", 22, 'causality="parameter" variability="tunable" start="0.25"'),
        *(_VALUE.format(name, 23 + i, 'causality="output" variability="discrete"') for i, name in enumerate(_TOLD)),
    ]
)
_FLAGS = 'hasEventMode="true" canHandleVariableCommunicationStepSize="true" canGetAndSetFMUState="true"'


def rates_fmu(folder: Path, flags: str = 'canSerializeFMUState="true"', variables: str = "") -> Path:
    """Build it; `variables` replace its own."""
    kind = f'<CoSimulation modelIdentifier="rates" {_FLAGS} {flags}/>'
    return build_fmu3("rates", folder, RATES, variables or _VARIABLES, (*_OUTPUTS, *_TOLD), kind)


def rates_variables() -> str:
    """Its variables."""
    return _VARIABLES


# x' = u; at x = theta the output clock 2 `fire` ticks with `number`, x goes back to 0, and clock 3 counts down `wait`.
# Clock 1 samples x. With `silent` the clock does not tick; `limit` fires end the run. Calls out of their mode are
# errors.
NEURON = r"""
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
typedef unsigned R;
#define EACH for (size_t i = 0; i < n; i++)
enum { START, INIT, EVENT, CONTINUOUS };
typedef struct {
  double t, x, u, theta, wait, held, pending; int mode, silent, limit, fires, samples, late; bool sample, told;
} M;
void *fmi3InstantiateModelExchange(const char *a, const char *b, const char *c, bool d, bool l, void *env, void *log) {
  M *m = calloc(1, sizeof(M)); m->u = 1; m->theta = 0.27; m->wait = 0.05; return m;
}
void fmi3FreeInstance(M *m) { free(m); }
int fmi3EnterInitializationMode(M *m, bool a, double b, double t, bool d, double e) {
  m->mode = INIT; m->t = t; return 0;
}
int fmi3ExitInitializationMode(M *m) { m->mode = EVENT; return 0; }
int fmi3EnterEventMode(M *m) { int was = m->mode; m->mode = EVENT; return was == CONTINUOUS ? 0 : 3; }
int fmi3EnterContinuousTimeMode(M *m) { int was = m->mode; m->mode = CONTINUOUS; return was == EVENT ? 0 : 3; }
int fmi3Terminate(M *m) { return 0; }
int fmi3Reset(M *m) { m->x = m->t = m->held = m->pending = 0; m->mode = m->fires = m->samples = m->late = 0; return 0; }
int fmi3SetTime(M *m, double t) { m->t = t; return m->mode == CONTINUOUS ? 0 : 3; }
int fmi3SetContinuousStates(M *m, const double *x, size_t n) { m->x = x[0]; return m->mode == CONTINUOUS ? 0 : 3; }
int fmi3GetContinuousStates(M *m, double *x, size_t n) { x[0] = m->x; return 0; }
int fmi3GetContinuousStateDerivatives(M *m, double *x, size_t n) { x[0] = m->u; return 0; }
int fmi3GetNominalsOfContinuousStates(M *m, double *x, size_t n) { x[0] = 1; return 0; }
int fmi3GetEventIndicators(M *m, double *z, size_t n) { z[0] = m->theta - m->x; return 0; }
int fmi3GetNumberOfEventIndicators(M *m, size_t *n) { *n = 1; return 0; }
int fmi3CompletedIntegratorStep(M *m, bool no, bool *event, bool *end) { *event = *end = false; return 0; }
int fmi3SetFloat64(M *m, const R *vr, size_t n, const double *v, size_t k) {
  if (m->mode == CONTINUOUS) return 3;
  EACH *(vr[i] == 10 ? &m->u : vr[i] == 11 ? &m->theta : vr[i] == 12 ? &m->wait : &m->x) = v[i];
  return 0;
}
static bool over(M *m) { return m->x >= m->theta - 1e-9; }
int fmi3GetFloat64(M *m, const R *vr, size_t n, double *v, size_t k) {
  EACH {
    if (vr[i] == 16 && !(m->mode == EVENT && over(m))) return 3;
    v[i] = vr[i] == 10 ? m->u : vr[i] == 11 ? m->theta : vr[i] == 12 ? m->wait : vr[i] == 13 ? m->x
           : vr[i] == 14 ? m->u : vr[i] == 15 ? m->held : vr[i] == 17 ? m->theta - m->x : m->fires + 1;
  }
  return 0;
}
int fmi3SetInt32(M *m, const R *vr, size_t n, const int *v, size_t k) {
  *(vr[0] == 23 ? &m->silent : &m->limit) = v[0]; return 0;
}
int fmi3GetInt32(M *m, const R *vr, size_t n, int *v, size_t k) {
  int *all[] = {&m->fires, &m->samples, &m->late, &m->silent, &m->limit};
  EACH v[i] = *all[vr[i] - 20];
  return 0;
}
int fmi3SetClock(M *m, const R *vr, size_t n, const bool *v) {
  EACH { if (vr[i] == 1) m->sample = true; else m->late++; }
  return m->mode == EVENT ? 0 : 3;
}
int fmi3GetClock(M *m, const R *vr, size_t n, bool *v) {
  v[0] = over(m) && !m->told && !m->silent; m->told = v[0] || m->told;
  return m->mode == EVENT ? 0 : 3;
}
int fmi3SetIntervalDecimal(M *m, const R *vr, size_t n, const double *v) {
  return vr[0] == 1 && (m->mode == INIT || m->mode == EVENT) ? 0 : 3;
}
int fmi3GetIntervalDecimal(M *m, const R *vr, size_t n, double *v, int *q) {
  v[0] = m->pending; *q = m->pending > 0 ? 2 : 0; m->pending = 0;
  return vr[0] == 3 && (m->mode == EVENT || m->mode == INIT) ? 0 : 3;
}
int fmi3UpdateDiscreteStates(M *m, bool *more, bool *end, bool *nom, bool *val, bool *def, double *next) {
  *more = *end = *nom = *val = *def = false;
  if (m->sample) { m->held = m->x; m->samples++; m->sample = false; }
  if (over(m)) { m->x = 0; m->fires++; m->pending = m->wait; m->told = false; *val = true; }
  *end = m->limit && m->fires >= m->limit;
  return m->mode == EVENT ? 0 : 3;
}
int fmi3GetFMUState(M *m, void **s) { if (!*s) *s = malloc(sizeof(M)); *(M *)*s = *m; return 0; }
int fmi3SetFMUState(M *m, void *s) { *m = *(M *)s; return 0; }
int fmi3FreeFMUState(M *m, void **s) { free(*s); *s = NULL; return 0; }
int fmi3SerializedFMUStateSize(M *m, void *s, size_t *n) { *n = sizeof(M); return 0; }
int fmi3SerializeFMUState(M *m, void *s, void *data, size_t n) { memcpy(data, s, n); return 0; }
int fmi3DeserializeFMUState(M *m, const void *data, size_t n, void **s) {
  *s = malloc(n); memcpy(*s, data, n); return 0;
}
"""
_NEURON_VARIABLES = "".join(
    [
        _CLOCK.format("sample", 1, "tunable", 'intervalDecimal="0.1"'),
        '<Clock name="fire" valueReference="2" causality="output" intervalVariability="triggered"/>',
        _CLOCK.format("later", 3, "countdown", ""),
        _VALUE.format("u", 10, 'causality="input" start="1"'),
        _VALUE.format("theta", 11, 'causality="parameter" variability="tunable" start="0.27"'),
        _VALUE.format("wait", 12, 'causality="parameter" variability="fixed" start="0.05"'),
        _VALUE.format("x", 13, 'causality="output" initial="exact" start="0"'),
        _VALUE.format("der(x)", 14, 'derivative="13"'),
        _VALUE.format("held", 15, 'causality="output" variability="discrete"'),
        _VALUE.format("number", 16, 'causality="output" variability="discrete" clocks="2"'),
        _VALUE.format("z", 17, 'causality="local"'),
        '<Int32 name="fires" valueReference="20" causality="output"/>',
        '<Int32 name="samples" valueReference="21" causality="output"/>',
        '<Int32 name="late" valueReference="22" causality="output"/>',
        '<Int32 name="silent" valueReference="23" causality="parameter" variability="fixed" start="0"/>',
        '<Int32 name="limit" valueReference="24" causality="parameter" variability="fixed" start="0"/>',
    ]
)


def neuron_fmu(folder: Path) -> Path:
    """Build it for Model Exchange."""
    flags = 'canGetAndSetFMUState="true" canSerializeFMUState="true" needsCompletedIntegratorStep="false"'
    kind = f'<ModelExchange modelIdentifier="neuron" {flags}/>'
    outputs = ("x", "held", "number", "fires", "samples", "late")
    indicators = '<EventIndicator valueReference="17"/>'
    return build_fmu3("neuron", folder, NEURON, _NEURON_VARIABLES, outputs, kind, FMU3Model, indicators)
