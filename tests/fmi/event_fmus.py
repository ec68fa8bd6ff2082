"""Small FMUs of FMI 3.0 with Event Mode and clocks, each with exact answers."""

import re
import subprocess
from pathlib import Path

from fmpy.fmi2 import FMU2Slave
from fmpy.fmi3 import FMU3Slave

from tests.fmi.toys import archive, platform
from tests.fmi.toys import description as describe

_HEAD = r"""
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <math.h>
typedef unsigned R;
#define EACH for (size_t i = 0; i < n; i++)
"""

# y'' = -g; an impact ends the step early at its exact time, v <- -e v is the event.
BALL = (
    _HEAD
    + r"""
typedef struct { double h, v, e, t; int event_mode, in_event, impacts; } M;
static const double g = 10.0;
void *fmi3InstantiateCoSimulation(const char *a, const char *b, const char *c, bool d, bool l, bool event, bool early,
                                  const R *vr, size_t n, void *env, void *log, void *update) {
  M *m = calloc(1, sizeof(M)); m->h = 1.0; m->e = 0.5; m->event_mode = event && early; return m;
}
void fmi3FreeInstance(M *m) { free(m); }
int fmi3EnterInitializationMode(M *m, bool a, double b, double t, bool d, double e) { m->t = t; return 0; }
int fmi3ExitInitializationMode(M *m) { m->in_event = m->event_mode; return 0; }
int fmi3EnterEventMode(M *m) { m->in_event = 1; return 0; }
int fmi3EnterStepMode(M *m) { m->in_event = 0; return 0; }
int fmi3Terminate(M *m) { return 0; }
int fmi3SetFloat64(M *m, const R *vr, size_t n, const double *v, size_t k) {
  if (!m->in_event && m->t > 0) return 3;
  EACH *(vr[i] == 1 ? &m->h : vr[i] == 2 ? &m->v : &m->e) = v[i];
  return 0;
}
int fmi3GetFloat64(M *m, const R *vr, size_t n, double *v, size_t k) {
  EACH v[i] = vr[i] == 1 ? m->h : vr[i] == 2 || vr[i] == 5 ? m->v : vr[i] == 6 ? -g : m->e;
  return 0;
}
int fmi3GetInt32(M *m, const R *vr, size_t n, int *v, size_t k) { EACH v[i] = m->impacts; return 0; }
int fmi3Reset(M *m) { int mode = m->event_mode; *m = (M){.h = 1.0, .e = 0.5, .event_mode = mode}; return 0; }
int fmi3GetFMUState(M *m, void **s) { if (!*s) *s = malloc(sizeof(M)); *(M *)*s = *m; return 0; }
int fmi3SetFMUState(M *m, void *s) { *m = *(M *)s; return 0; }
int fmi3FreeFMUState(M *m, void **s) { free(*s); *s = NULL; return 0; }
int fmi3UpdateDiscreteStates(M *m, bool *more, bool *end, bool *nom, bool *val, bool *def, double *next) {
  if (!m->in_event) return 3;
  *more = *end = *nom = *val = *def = false;
  if (m->h <= 1e-12 && m->v < 0) { m->h = 0; m->v = -m->e * m->v; m->impacts++; *val = true; }
  return 0;
}
int fmi3DoStep(M *m, double t, double H, bool no, bool *event, bool *terminate, bool *early, double *last) {
  if (m->in_event) return 3;
  double impact = (m->v + sqrt(m->v * m->v + 2 * g * m->h)) / g;
  *event = *terminate = *early = false;
  if (m->event_mode && impact > 0 && impact <= H) { *event = true; *early = impact < H; H = impact; }
  m->h += m->v * H - 0.5 * g * H * H; m->v -= g * H; m->t = *last = t + H;
  if (*event) m->h = 0;
  return 0;
}
"""
)
_BALL_VARIABLES = """
    <Float64 name="h" valueReference="1" causality="output" initial="exact" start="1"/>
    <Float64 name="v" valueReference="2" causality="output" initial="exact" start="0"/>
    <Float64 name="e" valueReference="3" causality="parameter" variability="tunable" start="0.5"/>
    <Float64 name="der(h)" valueReference="5" derivative="1"/>
    <Float64 name="der(v)" valueReference="6" derivative="2"/>
    <Int32 name="impacts" valueReference="4" causality="output"/>"""

# Counts the ticks of a clock of each kind; `out` ticks with `third` and carries `value`.
CLOCKWORK = (
    _HEAD
    + r"""
typedef struct { double t, period, pending; int in_event, count[7]; bool active[7], out, fresh, asked; } M;
void *fmi3InstantiateCoSimulation(const char *a, const char *b, const char *c, bool d, bool l, bool event, bool early,
                                  const R *vr, size_t n, void *env, void *log, void *update) {
  if (!event) return NULL;
  M *m = calloc(1, sizeof(M)); m->period = 0.25; m->fresh = true; return m;
}
void fmi3FreeInstance(M *m) { free(m); }
int fmi3EnterInitializationMode(M *m, bool a, double b, double t, bool d, double e) { m->t = t; return 0; }
int fmi3ExitInitializationMode(M *m) { m->in_event = 1; return 0; }
int fmi3EnterEventMode(M *m) { m->in_event = 1; return 0; }
int fmi3EnterStepMode(M *m) { m->in_event = 0; return 0; }
int fmi3Terminate(M *m) { return 0; }
int fmi3SetFloat64(M *m, const R *vr, size_t n, const double *v, size_t k) { m->period = v[0]; return 0; }
int fmi3GetFloat64(M *m, const R *vr, size_t n, double *v, size_t k) {
  EACH { if (vr[i] == 20 && !m->active[6]) return 3; v[i] = vr[i] == 20 ? 10.0 * m->count[2] : m->t; }
  return 0;
}
int fmi3GetInt32(M *m, const R *vr, size_t n, int *v, size_t k) { EACH v[i] = m->count[vr[i] - 10]; return 0; }
int fmi3SetClock(M *m, const R *vr, size_t n, const bool *v) {
  if (!m->in_event) return 3;
  EACH { m->active[vr[i]] = v[i]; m->count[vr[i]]++; if (vr[i] == 2) m->out = m->active[6] = true; }
  return 0;
}
int fmi3GetClock(M *m, const R *vr, size_t n, bool *v) {
  EACH { v[i] = m->out; m->out = false; }
  return m->in_event ? 0 : 3;
}
int fmi3GetShiftDecimal(M *m, const R *vr, size_t n, double *v) { v[0] = 0; return vr[0] == 3 ? 0 : 3; }
int fmi3GetIntervalDecimal(M *m, const R *vr, size_t n, double *v, int *q) {
  if (vr[0] == 3) { v[0] = m->period; *q = m->period > 0 ? 2 : 0; }
  else if (vr[0] == 4) { v[0] = 0.05 * (m->count[4] + 1); *q = m->fresh ? 2 : 1; m->fresh = false; }
  else if (vr[0] == 5) {
    v[0] = m->pending; *q = m->pending > 0 ? 2 : m->asked ? 1 : 0; m->pending = 0; m->asked = true;
  }
  else return 3;
  return 0;
}
int fmi3UpdateDiscreteStates(M *m, bool *more, bool *end, bool *nom, bool *val, bool *def, double *next) {
  if (!m->in_event) return 3;
  *more = *end = *nom = *val = *def = false;
  if (m->active[4]) m->fresh = true;
  if (m->active[2]) m->pending = 0.05;
  if (m->t < 0.77) { *def = true; *next = 0.77; }
  for (int i = 0; i < 7; i++) m->active[i] = false;
  return 0;
}
int fmi3DoStep(M *m, double t, double H, bool no, bool *event, bool *terminate, bool *early, double *last) {
  *event = *terminate = *early = false; m->t = *last = t + H; return m->in_event ? 3 : 0;
}
"""
)
_CLOCKWORK_VARIABLES = """
    <Clock name="tenth" valueReference="1" causality="input" intervalVariability="constant" intervalDecimal="0.1"/>
    <Clock name="third" valueReference="2" causality="input" intervalVariability="constant" supportsFraction="true"
           resolution="3" intervalCounter="1" shiftCounter="1"/>
    <Clock name="calculated" valueReference="3" causality="input" intervalVariability="calculated"/>
    <Clock name="growing" valueReference="4" causality="input" intervalVariability="changing"/>
    <Clock name="down" valueReference="5" causality="input" intervalVariability="countdown"/>
    <Clock name="out" valueReference="6" causality="output" intervalVariability="triggered"/>
    <Int32 name="n_tenth" valueReference="11" causality="output"/>
    <Int32 name="n_third" valueReference="12" causality="output"/>
    <Int32 name="n_calculated" valueReference="13" causality="output"/>
    <Int32 name="n_growing" valueReference="14" causality="output"/>
    <Int32 name="n_down" valueReference="15" causality="output"/>
    <Float64 name="value" valueReference="20" causality="output" variability="discrete" clocks="6"/>
    <Float64 name="period" valueReference="21" causality="parameter" variability="fixed" start="0.25"/>
    <Float64 name="t" valueReference="22" causality="output"/>"""

# held <- sample at each tick; every access out of turn is an error.
SINK = (
    _HEAD
    + r"""
typedef struct { double sample, held; int ticks, in_event; bool active; } M;
void *fmi3InstantiateCoSimulation(const char *a, const char *b, const char *c, bool d, bool l, bool event, bool early,
                                  const R *vr, size_t n, void *env, void *log, void *update) {
  return event ? calloc(1, sizeof(M)) : NULL;
}
void fmi3FreeInstance(M *m) { free(m); }
int fmi3EnterInitializationMode(M *m, bool a, double b, double t, bool d, double e) { return 0; }
int fmi3ExitInitializationMode(M *m) { m->in_event = 1; return 0; }
int fmi3EnterEventMode(M *m) { m->in_event = 1; return 0; }
int fmi3EnterStepMode(M *m) { m->in_event = 0; return 0; }
int fmi3Terminate(M *m) { return 0; }
int fmi3SetFloat64(M *m, const R *vr, size_t n, const double *v, size_t k) {
  m->sample = v[0]; return m->active ? 0 : 3;
}
int fmi3GetFloat64(M *m, const R *vr, size_t n, double *v, size_t k) { v[0] = m->held; return 0; }
int fmi3GetInt32(M *m, const R *vr, size_t n, int *v, size_t k) { v[0] = m->ticks; return 0; }
int fmi3SetClock(M *m, const R *vr, size_t n, const bool *v) { m->active = v[0]; return m->in_event ? 0 : 3; }
int fmi3UpdateDiscreteStates(M *m, bool *more, bool *end, bool *nom, bool *val, bool *def, double *next) {
  *more = *end = *nom = *val = *def = false;
  if (m->active) { m->held = m->sample; m->ticks++; m->active = false; }
  return m->in_event ? 0 : 3;
}
int fmi3DoStep(M *m, double t, double H, bool no, bool *event, bool *terminate, bool *early, double *last) {
  *event = *terminate = *early = false; *last = t + H; return m->in_event ? 3 : 0;
}
"""
)
_SINK_VARIABLES = """
    <Clock name="tick" valueReference="1" causality="input" intervalVariability="triggered"/>
    <Float64 name="sample" valueReference="2" causality="input" variability="discrete" clocks="1" start="0"/>
    <Float64 name="held" valueReference="3" causality="output" variability="discrete"/>
    <Int32 name="ticks" valueReference="4" causality="output"/>"""

# x' = u: by derivatives of its input in FMI 2.0, by an intermediate update (Simpson's rule needs three) in FMI 3.0.
INTEGRATOR_2 = (
    _HEAD
    + r"""
typedef struct { double x, u, du; } M;
void *fmi2Instantiate(const char *a, int b, const char *c, const char *d, const void *e, int v, int l) {
  return calloc(1, sizeof(M));
}
void fmi2FreeInstance(M *m) { free(m); }
int fmi2SetupExperiment(M *m, int a, double b, double c, int d, double e) { return 0; }
int fmi2EnterInitializationMode(M *m) { return 0; }
int fmi2ExitInitializationMode(M *m) { return 0; }
int fmi2Terminate(M *m) { return 0; }
int fmi2SetReal(M *m, const R *vr, size_t n, const double *v) { m->u = v[0]; m->du = 0; return 0; }
int fmi2GetReal(M *m, const R *vr, size_t n, double *v) { v[0] = m->x; return 0; }
int fmi2SetRealInputDerivatives(M *m, const R *vr, size_t n, const int *order, const double *v) {
  if (n != 1 || vr[0] != 1 || order[0] != 1) return 3;
  m->du = v[0]; return 0;
}
int fmi2DoStep(M *m, double t, double h, int no) { m->x += h * (m->u + 0.5 * h * m->du); return 0; }
"""
)
INTEGRATOR_3 = (
    _HEAD
    + r"""
typedef void (*update_t)(void *, double, bool, bool, bool, bool, bool *, double *);
typedef struct { double x, u; update_t update; void *env; int declared, busy; } M;
void *fmi3InstantiateCoSimulation(const char *a, const char *b, const char *c, bool d, bool l, bool event, bool early,
                                  const R *vr, size_t n, void *env, void *log, update_t update) {
  M *m = calloc(1, sizeof(M)); m->update = update; m->env = env; m->declared = n == 1 && vr[0] == 1; return m;
}
void fmi3FreeInstance(M *m) { free(m); }
int fmi3EnterInitializationMode(M *m, bool a, double b, double t, bool d, double e) { return 0; }
int fmi3ExitInitializationMode(M *m) { return 0; }
int fmi3Terminate(M *m) { return 0; }
int fmi3SetFloat64(M *m, const R *vr, size_t n, const double *v, size_t k) {
  if (m->busy && v[0] > 1000) return 3;
  m->u = v[0]; return 0;
}
int fmi3GetFloat64(M *m, const R *vr, size_t n, double *v, size_t k) { v[0] = m->x; return 0; }
static double at(M *m, double t) {
  bool stop = true; double when = 0;
  if (m->update && m->declared) m->update(m->env, t, true, false, false, false, &stop, &when);
  return stop && m->update && m->declared ? 1e300 : m->u;
}
int fmi3DoStep(M *m, double t, double h, bool no, bool *event, bool *terminate, bool *early, double *last) {
  m->busy = 1;
  m->x += h / 6 * (at(m, t) + 4 * at(m, t + h / 2) + at(m, t + h));
  m->busy = 0; *event = *terminate = *early = false; *last = t + h;
  return 0;
}
"""
)
INTEGRATOR_VARIABLES = """
    <Float64 name="u" valueReference="1" causality="input" start="0" intermediateUpdate="true"/>
    <Float64 name="held" valueReference="3" causality="input" start="0"/>
    <Float64 name="x" valueReference="2" causality="output" initial="exact" start="0"/>"""

# x' = level (u - x) by explicit steps of Euler; `level` changes at events, of which there is one each 0.37 s, too.
VALVE = (
    _HEAD
    + r"""
typedef struct { double x, u, t, next; int level, seen, updates, in_event; } M;
void *fmi3InstantiateCoSimulation(const char *a, const char *b, const char *c, bool d, bool l, bool event, bool early,
                                  const R *vr, size_t n, void *env, void *log, void *update) {
  M *m = calloc(1, sizeof(M)); m->next = 0.37; m->level = 1; return event ? m : NULL;
}
void fmi3FreeInstance(M *m) { free(m); }
int fmi3EnterInitializationMode(M *m, bool a, double b, double t, bool d, double e) { m->t = t; return 0; }
int fmi3ExitInitializationMode(M *m) { m->in_event = 1; return 0; }
int fmi3EnterEventMode(M *m) { m->in_event = 1; return 0; }
int fmi3EnterStepMode(M *m) { m->in_event = 0; return 0; }
int fmi3Terminate(M *m) { return 0; }
int fmi3SetFloat64(M *m, const R *vr, size_t n, const double *v, size_t k) { EACH m->u = v[i]; return 0; }
int fmi3SetInt32(M *m, const R *vr, size_t n, const int *v, size_t k) {
  if (!m->in_event && m->t > 0) return 3;
  EACH m->level = v[i];
  return 0;
}
int fmi3GetFloat64(M *m, const R *vr, size_t n, double *v, size_t k) { EACH v[i] = vr[i] == 2 ? m->x : m->u; return 0; }
int fmi3GetInt32(M *m, const R *vr, size_t n, int *v, size_t k) {
  EACH v[i] = vr[i] == 4 ? (int) floor(4 * m->x) : vr[i] == 5 ? m->updates : m->level;
  return 0;
}
int fmi3GetFMUState(M *m, void **s) { if (!*s) *s = malloc(sizeof(M)); *(M *)*s = *m; return 0; }
int fmi3SetFMUState(M *m, void *s) { *m = *(M *)s; return 0; }
int fmi3FreeFMUState(M *m, void **s) { free(*s); *s = NULL; return 0; }
int fmi3UpdateDiscreteStates(M *m, bool *more, bool *end, bool *nom, bool *val, bool *def, double *next) {
  if (!m->in_event) return 3;
  *more = *end = *nom = *val = false;
  if (m->seen != m->level) { m->seen = m->level; m->updates++; }
  if (m->t >= m->next - 1e-12) { m->next += 0.37; m->x += 0.01; m->updates++; *val = true; }
  *def = true; *next = m->next;
  return 0;
}
int fmi3DoStep(M *m, double t, double H, bool no, bool *event, bool *terminate, bool *early, double *last) {
  if (m->in_event) return 3;
  m->x += H * m->seen * (m->u - m->x); m->t = *last = t + H;
  *event = *terminate = *early = false;
  return 0;
}
"""
)
_VALVE_VARIABLES = """
    <Float64 name="u" valueReference="1" causality="input" start="0"/>
    <Float64 name="x" valueReference="2" causality="output"/>
    <Int32 name="level" valueReference="3" causality="input" variability="discrete" start="1"/>
    <Int32 name="part" valueReference="4" causality="output" variability="discrete"/>
    <Int32 name="updates" valueReference="5" causality="output" variability="discrete"/>
"""

_MODELS = {
    "valve": (
        VALVE,
        _VALVE_VARIABLES,
        'hasEventMode="true" canGetAndSetFMUState="true"',
        ("x", "part", "updates"),
    ),
    "ball": (
        BALL,
        _BALL_VARIABLES,
        'hasEventMode="true" mightReturnEarlyFromDoStep="true" canGetAndSetFMUState="true"',
        ("h", "v", "impacts"),
    ),
    "clockwork": (
        CLOCKWORK,
        _CLOCKWORK_VARIABLES,
        'hasEventMode="true"',
        ("out", "n_tenth", "n_third", "n_calculated", "n_growing", "n_down", "value", "t"),
    ),
    "integrator": (INTEGRATOR_3, INTEGRATOR_VARIABLES, 'providesIntermediateUpdate="true"', ("x",)),
    "sink": (SINK, _SINK_VARIABLES, 'hasEventMode="true"', ("held", "ticks")),
}


def event_fmu(model: str, folder: Path) -> Path:
    """Build one of the models as an FMU."""
    source, variables, flags, outputs = _MODELS[model]
    flags += ' canHandleVariableCommunicationStepSize="true"'
    return build_fmu3(model, folder, source, variables, outputs, f'<CoSimulation modelIdentifier="{model}" {flags}/>')


def build_fmu3(
    model: str,
    folder: Path,
    source: str,
    variables: str,
    outputs: tuple[str, ...],
    kind: str,
    functions: type = FMU3Slave,
    indicators: str = "",
) -> Path:
    """An FMU of FMI 3.0 from one C source, with its event indicators; functions that it lacks return Error."""
    needed = [name for name in dir(functions) if name.startswith("fmi3") and not re.search(rf"\b{name}\(", source)]
    stubs = "".join(f"int {name}(void *m) {{ return 3; }}\n" for name in needed)
    (folder / f"{model}.c").write_text(source + stubs)
    command = ["cc", "-w", "-shared", "-fPIC", "-O1", f"{model}.c", "-o", f"{model}.so", "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    structure = "".join(f'<Output valueReference="{_reference(variables, name)}" dependencies=""/>' for name in outputs)
    derivatives = re.findall(r'valueReference="(\d+)" derivative', variables)
    structure += "".join(f'<ContinuousStateDerivative valueReference="{each}"/>' for each in derivatives) + indicators
    description = f"""<?xml version="1.0" encoding="UTF-8"?>
<fmiModelDescription fmiVersion="3.0" modelName="{model}" instantiationToken="{{{model}}}">
  {kind}
  <ModelVariables>{variables}</ModelVariables>
  <ModelStructure>{structure}</ModelStructure>
</fmiModelDescription>"""
    library = (folder / f"{model}.so").read_bytes()
    entries = {"modelDescription.xml": description, f"binaries/{platform('fmi3')}/{model}.so": library}
    return archive(folder / f"{model}.fmu", entries)


def integrator_fmi2(folder: Path, flags: str = 'canInterpolateInputs="true"') -> Path:
    """The integrator as FMI 2.0."""
    needed = [
        name for name in dir(FMU2Slave) if name.startswith("fmi2") and not re.search(rf"\b{name}\(", INTEGRATOR_2)
    ]
    (folder / "integrator2.c").write_text(
        INTEGRATOR_2 + "".join(f"int {name}(void *m) {{ return 3; }}\n" for name in needed)
    )
    command = ["cc", "-w", "-shared", "-fPIC", "-O1", "integrator2.c", "-o", "integrator2.so"]
    subprocess.run(command, cwd=folder, check=True)
    text = describe(
        "fmi2",
        identifier="integrator2",
        flags=flags + ' canHandleVariableCommunicationStepSize="true"',
        variables="""
    <ScalarVariable name="u" valueReference="1" causality="input"><Real start="0"/></ScalarVariable>
    <ScalarVariable name="x" valueReference="2" causality="output"><Real/></ScalarVariable>""",
        structure='<Outputs><Unknown index="2" dependencies=""/></Outputs>',
    )
    library = (folder / "integrator2.so").read_bytes()
    entries = {"modelDescription.xml": text, f"binaries/{platform('fmi2')}/integrator2.so": library}
    return archive(folder / "integrator2.fmu", entries)


def _reference(variables: str, name: str) -> str:
    found = re.search(rf'name="{name}" valueReference="(\d+)"', variables)
    assert found is not None
    return found.group(1)
