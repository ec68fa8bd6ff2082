"""Model Exchange FMUs of a few lines of C each, for FMI 1.0 to 3.0, that check the order of the calls themselves."""

import re
import subprocess
from pathlib import Path

from fmpy.fmi1 import FMU1Model
from fmpy.fmi2 import FMU2Model
from fmpy.fmi3 import FMU3Model

from tests.fmi.exchange_models import INPUT, TOYS, Toy
from tests.fmi.toys import archive, platform

_MODEL = """
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
typedef struct { double r[32], t, next, memory; int defined, again, ended, values, nominals, failed, mode, count; } M;
#ifdef HAS_MODES
enum { MADE, INIT, EVENT, TIME, OVER };
#define TIMED (1 << TIME)
#else
enum { MADE, TIME, OVER, INIT };
#define EVENT TIME
#define TIMED (1 << MADE | 1 << TIME)
#endif
#define r (m->r)
#define FAIL(status) m->failed = status
#define MODES(set) if (!((set) >> m->mode & 1)) return 3
static void look(M *m, double *z) { %(look)s }
static void start(M *m) { %(start)s }
static void rates(M *m) { %(rates)s }
static void update(M *m) { %(update)s }
static int completed(M *m) { %(completed)s }
static int evaluated(M *m) { m->failed = 0; rates(m); return m->failed; }
static int set(M *m, const unsigned *v, size_t n, const double *x) {
  int continuous = 1;
  for (size_t i = 0; i < n; i++) continuous &= %(inputs)s >> v[i];
  MODES(1 << MADE | 1 << INIT | 1 << EVENT | continuous << TIME);
  for (size_t i = 0; i < n; i++) r[v[i]] = x[i];
  return 0;
}
static int get(M *m, const unsigned *v, size_t n, double *x) {
  if (m->mode != MADE) rates(m);
  for (size_t i = 0; i < n; i++) x[i] = v[i] == 31 ? m->t : r[v[i]];
  return 0;
}
static int begin(M *m, double t) {
  MODES(1 << MADE); m->mode = INIT; m->t = t; m->failed = 0; start(m); return m->failed;
}
static void defaults(M *m) { memset(m, 0, sizeof *m); %(defaults)s m->next = 1e300; }
int FMI(Terminate)(M *m) { MODES(1 << EVENT | 1 << TIME); m->mode = OVER; return 0; }
int FMI(Reset)(M *m) { defaults(m); return 0; }
void FMI(FreeInstance)(M *m) { free(m); }
int FMI(ExitInitializationMode)(M *m) { MODES(1 << INIT); m->mode = EVENT; return 0; }
int FMI(EnterEventMode)(M *m) { MODES(1 << TIME); m->mode = EVENT; return 0; }
int FMI(EnterContinuousTimeMode)(M *m) { MODES(1 << EVENT); m->mode = TIME; return 0; }
int FMI(SetTime)(M *m, double t) { MODES(TIMED); m->t = t; return 0; }
int FMI(SetContinuousStates)(M *m, const double *x, size_t n) {
  MODES(1 << TIME); if (n != %(nx)d || n == 0) return 3; memcpy(r, x, n * 8); return 0;
}
int FMI(GetContinuousStates)(M *m, double *x, size_t n) {
  MODES(1 << INIT | 1 << EVENT | 1 << TIME); if (n != %(nx)d) return 3; memcpy(x, r, n * 8); return 0;
}
static int nominals(M *m, double *x, size_t n) { while (n) x[--n] = 1; return 0; }
static int derivatives(M *m, double *x, size_t n) {
  MODES(1 << INIT | 1 << EVENT | 1 << TIME); int s = evaluated(m); memcpy(x, r + n, n * 8); return s;
}
int FMI(GetEventIndicators)(M *m, double *z, size_t n) {
  MODES(1 << INIT | 1 << EVENT | 1 << TIME); if (n != %(nz)d) return 3; look(m, z); return 0;
}
static int updated(M *m) {
  MODES(1 << EVENT);
  m->values = m->again = m->ended = 0; rates(m); m->failed = 0; update(m); return m->failed;
}
"""
# FMI 1.0 has no modes, and nothing may be read before fmiInitialize.
_FMI1 = """
#define FMI(name) toy_fmi##name
%(model)s
typedef struct { char converged, references, values, ended, defined; double next; } Info;
typedef struct { void *functions[4]; } Callbacks;
static int made = 0;
const char *toy_fmiGetModelTypesPlatform(void) { return "standard32"; }
void *toy_fmiInstantiateModel(const char *name, const char *guid, Callbacks c, char l) {
  if (made%(once)s) return NULL;
  made += 1; M *m = malloc(sizeof(M)); defaults(m); return m;
}
void toy_fmiFreeModelInstance(M *m) { free(m); }
int toy_fmiSetReal(M *m, const unsigned *v, size_t n, const double *x) { return set(m, v, n, x); }
int toy_fmiGetReal(M *m, const unsigned *v, size_t n, double *x) {
  MODES(1 << TIME | 1 << OVER); return get(m, v, n, x);
}
int toy_fmiGetDerivatives(M *m, double *x, size_t n) { return derivatives(m, x, n); }
int toy_fmiGetNominalContinuousStates(M *m, double *x, size_t n) { return nominals(m, x, n); }
int toy_fmiEventUpdate(M *m, char intermediate, Info *info) {
  int s = updated(m);
  info->converged = !m->again; info->ended = m->ended; info->references = m->nominals; info->values = m->values;
  info->defined = m->defined; info->next = m->next;
  return s;
}
int toy_fmiInitialize(M *m, char controlled, double tolerance, Info *info) {
  int s = begin(m, m->t); m->mode = TIME; return s ? s : toy_fmiEventUpdate(m, 1, info);
}
int toy_fmiCompletedIntegratorStep(M *m, char *event) { MODES(1 << TIME); *event = completed(m); return 0; }
"""
_FMI2 = """
#define HAS_MODES
#define FMI(name) fmi2##name
%(model)s
int fmi2GetNominalsOfContinuousStates(M *m, double *x, size_t n) { return nominals(m, x, n); }
typedef struct { int again, ended, nominals, values, defined; double next; } Info;
void *fmi2Instantiate(const char *name, int type, const char *guid, const char *at, void *c, int v, int l) {
  if (type != 0) return NULL;
  M *m = malloc(sizeof(M)); defaults(m); return m;
}
int fmi2SetupExperiment(M *m, int a, double b, double t, int d, double e) { m->t = t; return 0; }
int fmi2EnterInitializationMode(M *m) { return begin(m, m->t); }
int fmi2SetReal(M *m, const unsigned *v, size_t n, const double *x) {
  for (size_t i = 0; i < n; i++) if (%(inputs)s >> v[i] & 1) MODES(1 << INIT | 1 << EVENT | 1 << TIME);
  return set(m, v, n, x);
}
int fmi2GetReal(M *m, const unsigned *v, size_t n, double *x) { return get(m, v, n, x); }
int fmi2GetDerivatives(M *m, double *x, size_t n) { return derivatives(m, x, n); }
int fmi2NewDiscreteStates(M *m, Info *info) {
  int s = updated(m);
  info->again = m->again; info->ended = m->ended; info->nominals = m->nominals; info->values = m->values;
  info->defined = m->defined; info->next = m->next;
  return s;
}
int fmi2CompletedIntegratorStep(M *m, int no, int *event, int *ended) {
  MODES(1 << TIME); m->ended = 0; *event = completed(m); *ended = m->ended; return 0;
}
int fmi2GetFMUstate(M *m, M **s) { if (!*s) *s = malloc(sizeof(M)); **s = *m; return %(keeping)s; }
int fmi2SetFMUstate(M *m, M *s) { int status = %(returning)s; *m = *s; return status; }
int fmi2FreeFMUstate(M *m, M **s) { free(*s); *s = NULL; return 0; }
int fmi2SerializedFMUstateSize(M *m, M *s, size_t *n) { *n = sizeof(M); return 0; }
int fmi2SerializeFMUstate(M *m, M *s, char *b, size_t n) { memcpy(b, s, n); return 0; }
int fmi2DeSerializeFMUstate(M *m, char *b, size_t n, M **s) { *s = malloc(n); memcpy(*s, b, n); return 0; }
"""
_FMI3 = """
#define HAS_MODES
#define FMI(name) fmi3##name
%(model)s
int fmi3GetNominalsOfContinuousStates(M *m, double *x, size_t n) { return nominals(m, x, n); }
void *fmi3InstantiateModelExchange(const char *n, const char *t, const char *at, bool v, bool l, void *e, void *g) {
  M *m = malloc(sizeof(M)); defaults(m); return m;
}
int fmi3EnterInitializationMode(M *m, bool a, double b, double t, bool d, double e) { return begin(m, t); }
int fmi3SetFloat64(M *m, const unsigned *v, size_t n, const double *x, size_t k) { return set(m, v, n, x); }
int fmi3GetFloat64(M *m, const unsigned *v, size_t n, double *x, size_t k) { return get(m, v, n, x); }
int fmi3GetContinuousStateDerivatives(M *m, double *x, size_t n) { return derivatives(m, x, n); }
int fmi3GetNumberOfEventIndicators(M *m, size_t *n) { *n = %(nz)d; return 0; }
int fmi3UpdateDiscreteStates(M *m, bool *again, bool *ended, bool *nominals, bool *values, bool *defined,
                             double *next) {
  int s = updated(m);
  *again = m->again; *ended = m->ended; *nominals = m->nominals; *values = m->values;
  *defined = m->defined; *next = m->next;
  return s;
}
int fmi3CompletedIntegratorStep(M *m, bool no, bool *event, bool *ended) {
  MODES(1 << TIME); m->ended = 0; *event = completed(m); *ended = m->ended; return 0;
}
int fmi3GetFMUState(M *m, M **s) { if (!*s) *s = malloc(sizeof(M)); **s = *m; return %(keeping)s; }
int fmi3SetFMUState(M *m, M *s) { int status = %(returning)s; *m = *s; return status; }
int fmi3FreeFMUState(M *m, M **s) { free(*s); *s = NULL; return 0; }
int fmi3SerializedFMUStateSize(M *m, M *s, size_t *n) { *n = sizeof(M); return 0; }
int fmi3SerializeFMUState(M *m, M *s, char *b, size_t n) { memcpy(b, s, n); return 0; }
int fmi3DeserializeFMUState(M *m, char *b, size_t n, M **s) { *s = malloc(n); memcpy(*s, b, n); return 0; }
"""
_SOURCES = {"fmi1": _FMI1, "fmi2": _FMI2, "fmi3": _FMI3}
_CLASSES = {"fmi1": FMU1Model, "fmi2": FMU2Model, "fmi3": FMU3Model}
_FLAGS = {
    "fmi1": "",
    "fmi2": 'canGetAndSetFMUstate="true" canSerializeFMUstate="true"',
    "fmi3": 'canGetAndSetFMUState="true" canSerializeFMUState="true" needsCompletedIntegratorStep="true"',
}


def exchange_fmu(
    name: str, version: str, folder: Path, flags: str = "", without: str = "", *, once: bool = False, deaf: bool = False
) -> Path:
    """Build the FMU of a toy, `without` some function of the standard.

    `once`: FMI 1.0's lets itself be made once only. `deaf`: no input may be set in Continuous-Time Mode.
    """
    toy = TOYS[name]
    folder.mkdir(parents=True, exist_ok=True)
    parts = {
        "model": _MODEL % (_parts(toy) | ({"inputs": 0} if deaf else {})),
        "nz": toy.indicators,
        "inputs": _parts(toy)["inputs"],
        "once": " > 0" if once else " < 0",
        "keeping": toy.keeping,
        "returning": toy.returning,
    }
    text = _SOURCES[version] % parts
    if without:
        text = text.replace(f" {without}(", " hidden(")
    prefix = "toy_fmi" if version == "fmi1" else version
    # `FMI(name)` defines all versions' names; everything else that an importer may look for refuses.
    defined = {prefix + found for found in re.findall(r"FMI\((\w+)\)", text)} | set(
        re.findall(r"\b((?:toy_fmi|fmi\d)\w+)\(", text)
    )
    names = [prefix + name.removeprefix(version) for name in dir(_CLASSES[version]) if name.startswith(version)]
    needed = [name for name in names if name not in (*defined, without)]
    stubs = "".join(f"int {function}(void *m) {{ return 3; }}\n" for function in needed)
    (folder / "toy.c").write_text(text + stubs)
    command = ["cc", "-w", "-shared", "-fPIC", "-O1", "toy.c", "-lm", "-o", "toy.so"]
    subprocess.run(command, cwd=folder, check=True)
    entries = {
        "modelDescription.xml": _description(toy, name, version, flags or _FLAGS[version]),
        f"binaries/{platform(version)}/toy.so": (folder / "toy.so").read_bytes(),
    }
    return archive(folder / f"{name}.fmu", entries)


def _parts(toy: Toy) -> dict[str, str | int]:
    starts = (re.search(r'start="(.+?)"', attributes) for attributes in toy.others.values())
    offset = 2 * len(toy.states)
    defaults = "".join(f"r[{offset + k}] = {found[1]};" for k, found in enumerate(starts) if found)
    return {
        "look": toy.look, "start": toy.start, "rates": toy.rates, "update": toy.update, "completed": toy.completed,
        "nx": len(toy.states), "nz": toy.indicators, "defaults": defaults,
        "inputs": sum(1 << offset + k for k, said in enumerate(toy.others.values()) if said == INPUT),
    }  # fmt: skip


def _description(toy: Toy, name: str, version: str, flags: str) -> str:
    n = len(toy.states)
    attributes = [*('causality="local"',) * 2 * n, *toy.others.values()]
    make, head, structure = (_variable2, f'guid="t" numberOfEventIndicators="{toy.indicators}"', _structure2(n))
    number = "2.0"
    if version == "fmi1":
        return _description1(toy, name, attributes)
    if version == "fmi3":
        make, head, structure, number = _variable3, 'instantiationToken="t"', _structure3(n), "3.0"
    variables = "".join(make(k, toy.names[k], attributes[k], n) for k in range(len(attributes)))
    if version == "fmi3":
        variables += '<Float64 name="time" valueReference="31" causality="independent" variability="continuous"/>'
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<fmiModelDescription fmiVersion="{number}" modelName="{name}" {head}>
  <ModelExchange modelIdentifier="toy" {flags}/>
  <DefaultExperiment startTime="0" stopTime="2" tolerance="1e-8"/>
  <ModelVariables>{variables}</ModelVariables>
  <ModelStructure>{structure}</ModelStructure>
</fmiModelDescription>"""


def _description1(toy: Toy, name: str, attributes: list[str]) -> str:
    words = {'causality="local"': 'causality="internal"', 'causality="parameter" variability="fixed"': _PARAMETER}
    words |= {'causality="parameter" variability="tunable"': _PARAMETER}
    variables = ""
    for k, (variable, said) in enumerate(zip(toy.names, attributes, strict=True)):
        rest, start = _split(said)
        for mine, its in words.items():
            rest = rest.replace(mine, its)
        variables += f'<ScalarVariable name="{variable}" valueReference="{k}" {rest}><Real{start}/></ScalarVariable>'
    counts = f'numberOfContinuousStates="{len(toy.states)}" numberOfEventIndicators="{toy.indicators}"'
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<fmiModelDescription fmiVersion="1.0" modelName="{name}" modelIdentifier="toy" guid="t" {counts}>
  <DefaultExperiment startTime="0" stopTime="2" tolerance="1e-8"/>
  <ModelVariables>{variables}</ModelVariables>
</fmiModelDescription>"""


_PARAMETER = 'causality="internal" variability="parameter"'


def _split(attributes: str) -> tuple[str, str]:
    start = re.search(r' start=".*?"', attributes)
    return (attributes.replace(start[0], ""), start[0]) if start else (attributes, "")


def _variable2(k: int, name: str, attributes: str, n: int) -> str:
    rest, start = _split(attributes)
    derivative = f' derivative="{k - n + 1}"' if n <= k < 2 * n else ""
    return f'<ScalarVariable name="{name}" valueReference="{k}" {rest}><Real{start}{derivative}/></ScalarVariable>'


def _variable3(k: int, name: str, attributes: str, n: int) -> str:
    derivative = f' derivative="{k - n}"' if n <= k < 2 * n else ""
    return f'<Float64 name="{name}" valueReference="{k}" {attributes}{derivative}/>'


def _structure2(n: int) -> str:
    unknowns = "".join(f'<Unknown index="{n + k + 1}"/>' for k in range(n))
    return f"<Derivatives>{unknowns}</Derivatives>" if n else ""


def _structure3(n: int) -> str:
    return "".join(f'<ContinuousStateDerivative valueReference="{n + k}"/>' for k in range(n))
