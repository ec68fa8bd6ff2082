"""An FMU that can be put into a loop and misbehaves there on request."""

import re
import subprocess
from pathlib import Path

from fmpy.fmi3 import FMU3Slave

from tests.fmi import toys

IN_STEP, IN_SET, IN_GET, IN_KEEPING, IN_GOING_BACK, ENDS, NAN = 0, 2, 3, 4, 5, 6, 7
"""Where it returns `status`, or what it does there: ask for the end of the run, or give NaN."""

VARIABLES = """
    <Float64 name="u" valueReference="1" causality="input" start="0"/>
    <Int32 name="status" valueReference="2" causality="parameter" variability="tunable" start="0"/>
    <Int32 name="where" valueReference="3" causality="parameter" variability="tunable" start="0"/>
    <Float64 name="since" valueReference="4" causality="parameter" variability="tunable" start="1e9"/>
    <Float64 name="y" valueReference="5" causality="output"/>"""

_SOURCE = """
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
typedef void (*logger_t)(void *, int, const char *, const char *);
typedef struct { void *logger, *environment; int status, where; double since, t, u, x; } M;
static int answer(M *m, int where) {
  if (m->where != where || m->status == 0 || m->t < m->since - 1e-9) return 0;
  ((logger_t)m->logger)(m->environment, m->status, "logAll", "a mood");
  return m->status;
}
void *fmi3InstantiateCoSimulation(const char *name, const char *token, const char *at, bool v, bool l, bool e, bool r,
                                  const unsigned *vr, size_t n, void *environment, logger_t logger, void *update) {
  M *m = calloc(1, sizeof(M)); m->logger = logger; m->environment = environment; m->x = 1.0; m->since = 1e9;
  return m;
}
void fmi3FreeInstance(M *m) { free(m); }
int fmi3SetDebugLogging(M *m, bool on, size_t n, const char **c) { return 0; }
int fmi3EnterInitializationMode(M *m, bool a, double b, double c, bool d, double e) { return 0; }
int fmi3ExitInitializationMode(M *m) { return 0; }
int fmi3Terminate(M *m) { return 0; }
int fmi3SetInt32(M *m, const unsigned *vr, size_t n, const int *v, size_t k) {
  for (size_t i = 0; i < n; i++) *(vr[i] == 2 ? &m->status : &m->where) = v[i];
  return 0;
}
int fmi3GetInt32(M *m, const unsigned *vr, size_t n, int *v, size_t k) {
  for (size_t i = 0; i < n; i++) v[i] = vr[i] == 2 ? m->status : m->where;
  return 0;
}
int fmi3SetFloat64(M *m, const unsigned *vr, size_t n, const double *v, size_t k) {
  for (size_t i = 0; i < n; i++) *(vr[i] == 1 ? &m->u : &m->since) = v[i];
  return vr[0] == 1 ? answer(m, 2) : 0;
}
int fmi3GetFloat64(M *m, const unsigned *vr, size_t n, double *v, size_t k) {
  for (size_t i = 0; i < n; i++) v[i] = vr[i] == 1 ? m->u : vr[i] == 4 ? m->since : m->x;
  if (m->where == 7 && m->t >= m->since - 1e-9) v[0] = NAN;
  return answer(m, 3);
}
int fmi3GetFMUState(M *m, M **s) { if (!*s) *s = malloc(sizeof(M)); **s = *m; return answer(m, 4); }
int fmi3SetFMUState(M *m, M *s) { *m = *s; return answer(m, 5); }
int fmi3FreeFMUState(M *m, M **s) { free(*s); *s = NULL; return 0; }
int fmi3DoStep(M *m, double t, double h, bool no, bool *event, bool *terminate, bool *early, double *last) {
  m->t = t; m->x += h * (m->u - m->x);
  *event = *early = false; *terminate = m->where == 6 && t >= m->since - 1e-9;
  int status = answer(m, 0);
  *last = status == 2 ? t + h / 4 : t + h;
  return status;
}
"""


def library(folder: Path) -> Path:
    """The compiled binary."""
    needed = [name for name in dir(FMU3Slave) if name.startswith("fmi3") and not re.search(rf"\b{name}\(", _SOURCE)]
    stubs = "".join(f"int {name}(M *m) {{ return 3; }}\n" for name in needed)
    (folder / "moody.c").write_text(_SOURCE + stubs)
    subprocess.run(["cc", "-w", "-shared", "-fPIC", "-O1", "moody.c", "-o", "moody.so"], cwd=folder, check=True)
    return folder / "moody.so"


def fmu(path: Path, binary: Path) -> Path:
    """An FMU with this binary; one file for each component, since a fatal status ends all of a file."""
    flags = 'canGetAndSetFMUState="true" canHandleVariableCommunicationStepSize="true"'
    return toys.archive(
        path,
        {
            "modelDescription.xml": toys.description("fmi3", identifier="moody", flags=flags, variables=VARIABLES),
            f"binaries/{toys.platform('fmi3')}/moody.so": binary.read_bytes(),
        },
    )
