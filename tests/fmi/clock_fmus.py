"""A small FMU whose clocks take and give their intervals and shifts in every way that FMI 3.0 has."""

from pathlib import Path

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
