"""FMUs to test the importer with: one that behaves, and one that misbehaves on request."""

import re
import subprocess
import zipfile
from pathlib import Path

import casadi as ca
import fmpy
from fmpy.fmi2 import FMU2Slave
from fmpy.fmi3 import FMU3Slave

from plant_models.model import Model, Type


def kinds() -> Model:
    """x' = -k x + on u, s' = -s; scans every 0.1 s of an integer, a Boolean and an enumeration."""
    model = Model("kinds", "Every storage class", sample_time=0.1)
    k = model.parameter("k", 0.5, "1/s", "Rate", minimum=0.0)
    gain = model.parameter("gain", 2.0, "1", "Gain", tunable=True)
    u = model.input("u", [0.0, 0.0, 0.0], "mol/m3", "Inputs", size=3)
    n = model.input("n", 2, "1", "Summand", type=Type.INTEGER)
    on = model.input("on", 1, "1", "Switch", type=Type.BOOLEAN)
    mode = model.input("mode", 1, "1", "Wanted mode", type=Type.ENUMERATION, items=("slow", "fast"))
    x = model.state("x", [1.0, 2.0, 3.0], "mol/m3", "States", size=3, visible=True)
    s = model.state("s", 1.0, "1", "Inner state")
    total = model.discrete_state("total", 0, "1", "Sum of n over the scans", type=Type.INTEGER, visible=True)
    model.discrete_state("off", 0, "1", "Negated switch", type=Type.BOOLEAN, visible=True)
    model.discrete_state("was", 1, "1", "Mode", type=Type.ENUMERATION, items=("slow", "fast"), visible=True)
    model.derivative("x", -k * x + on * u)
    model.derivative("s", -s)
    model.update("total", total + n)
    model.update("off", 1 - on)
    model.update("was", mode)
    model.output("y", gain * u, "mol/m3", "Direct feedthrough")
    model.output("mean", ca.sum1(x) / 3, "mol/m3", "Mean")
    return model


def archive(path: Path, entries: dict[str, str | bytes]) -> Path:
    """A zip archive of these entries."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return path


def altered(source: Path, path: Path, old: str, new: str) -> Path:
    """A copy of an FMU with another text in its description."""
    with zipfile.ZipFile(source) as file:
        entries = {name: file.read(name) for name in file.namelist()}
    text = entries["modelDescription.xml"].decode()
    assert old in text
    return archive(path, {**entries, "modelDescription.xml": text.replace(old, new)})


VARIABLES = {
    "fmi2": """
    <ScalarVariable name="status" valueReference="0" causality="input" variability="discrete">
      <Integer start="0"/></ScalarVariable>
    <ScalarVariable name="where" valueReference="1" causality="parameter" variability="tunable">
      <Integer start="0"/></ScalarVariable>
    <ScalarVariable name="y" valueReference="0" causality="output"><Real/></ScalarVariable>""",
    "fmi3": """
    <Int32 name="status" valueReference="0" causality="input" start="0"/>
    <Int32 name="where" valueReference="1" causality="parameter" variability="tunable" start="0"/>
    <Float64 name="y" valueReference="2" causality="output"/>
    <Int8 name="tiny" valueReference="3" causality="input" start="0"/>
    <Float32 name="single" valueReference="4" causality="input" start="0"/>
    <UInt64 name="huge" valueReference="5" causality="local" initial="exact" start="0"/>""",
}


def description(
    version: str, *, token: str = "{good}", identifier: str = "bad", flags: str = "", kind: str = "CoSimulation",
    variables: str | None = None, structure: str = "", extra: str = "",
) -> str:  # fmt: skip
    """A modelDescription.xml."""
    number, name = ("2.0", "guid") if version == "fmi2" else ("3.0", "instantiationToken")
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<fmiModelDescription fmiVersion="{number}" modelName="bad" {name}="{token}">
  <{kind} modelIdentifier="{identifier}" {flags}/>{extra}
  <ModelVariables>{VARIABLES[version] if variables is None else variables}</ModelVariables>
  <ModelStructure>{structure}</ModelStructure>
</fmiModelDescription>"""


# `where` says which function returns `status` (an FMI status): 0 doStep, 1 entering initialization, 2 set, 3 get,
# 6 doStep with answers that it must not be believed, 7 freeing a state, 8 the third question after a pending doStep,
# 9 going back to a state.
# 10 more: that function returns Error, whatever `status` is.
# Where logStatusFatal is the only category, switching it on is fatal; any other single one is discarded.
_COMMON = """
#include <stdlib.h>
#include <string.h>
typedef struct {
  void *logger, *environment;
  int status, where, questions;
  double y, last;
  signed char tiny;
  float single;
} M;
static int asked(size_t n, const char **c) { return n > 1 ? 0 : strcmp(c[0], "logStatusFatal") ? 2 : 4; }
static int answer(M *m, int where) {
  if (m->where == 10 + where) { say(m, 3, "trouble in function", where); return 3; }
  if (m->where != where || m->status == 0) return 0;
  say(m, m->status, "trouble in function", where);
  return m->status;
}
"""
_FMI2 = (
    """
#include <stddef.h>
typedef void (*logger_t)(void *, const char *, int, const char *, const char *, ...);
struct callbacks { logger_t logger; void *a, *b, *c; void *environment; };
#define say(m, status, text, n) ((logger_t)(m)->logger)((m)->environment, "bad", status, "logAll", "%s %d", text, n)
"""
    + _COMMON
    + """
void *fmi2Instantiate(const char *name, int type, const char *guid, const char *at, struct callbacks *c, int v, int l) {
  M *m = calloc(1, sizeof(M)); m->logger = c->logger; m->environment = c->environment;
  if (strcmp(guid, "{good}")) { say(m, 3, "wrong token, error", 7); free(m); return NULL; }
  return m;
}
void fmi2FreeInstance(M *m) { say(m, 1, "freed", 0); free(m); }
int fmi2SetupExperiment(M *m, int a, double b, double c, int d, double e) { return 0; }
int fmi2EnterInitializationMode(M *m) { return answer(m, 1); }
int fmi2SetDebugLogging(M *m, int on, size_t n, const char **c) { return asked(n, c); }
int fmi2ExitInitializationMode(M *m) { return 0; }
int fmi2Terminate(M *m) { return 0; }
int fmi2SetInteger(M *m, const unsigned *vr, size_t n, const int *v) {
  for (size_t i = 0; i < n; i++) *(vr[i] ? &m->where : &m->status) = v[i];
  return answer(m, 2);
}
int fmi2GetInteger(M *m, const unsigned *vr, size_t n, int *v) {
  for (size_t i = 0; i < n; i++) v[i] = vr[i] ? m->where : m->status;
  return 0;
}
int fmi2GetReal(M *m, const unsigned *vr, size_t n, double *v) { v[0] = m->y; return answer(m, 3); }
int fmi2DoStep(M *m, double t, double h, int no) {
  m->last = t + h / 4; m->y = t + h;
  return m->where == 8 ? 5 : answer(m, 0);
}
int fmi2GetStatus(M *m, int kind, int *v) {
  if (m->where != 8 || kind != 0) return 2;
  say(m, 1, "asked", ++m->questions);
  *v = m->questions < 3 ? 5 : m->status;
  return 0;
}
int fmi2CancelStep(M *m) { say(m, 1, "cancelled", 0); return 0; }
int fmi2GetFMUstate(M *m, void **s) { *s = m; return 0; }
int fmi2FreeFMUstate(M *m, void **s) { *s = NULL; say(m, 1, "state given back", 0); return answer(m, 7); }
int fmi2GetRealStatus(M *m, int kind, double *v) { *v = m->last; return kind == 2 ? 0 : 3; }
int fmi2GetBooleanStatus(M *m, int kind, int *v) { *v = 1; return kind == 3 ? 0 : 3; }
"""
)
_FMI3 = (
    """
#include <stddef.h>
#include <stdbool.h>
typedef void (*logger_t)(void *, int, const char *, const char *);
#define say(m, status, text, n) ((logger_t)(m)->logger)((m)->environment, status, "logAll", text)
"""
    + _COMMON
    + """
void *fmi3InstantiateCoSimulation(const char *name, const char *token, const char *at, bool v, bool l, bool e, bool r,
                                  const unsigned *vr, size_t n, void *environment, logger_t logger, void *update) {
  M *m = calloc(1, sizeof(M)); m->logger = logger; m->environment = environment;
  if (strcmp(token, "{good}")) { say(m, 3, "wrong token, error", 7); free(m); return NULL; }
  return m;
}
void fmi3FreeInstance(M *m) { say(m, 1, "freed", 0); free(m); }
int fmi3SetDebugLogging(M *m, bool on, size_t n, const char **c) { return asked(n, c); }
int fmi3EnterInitializationMode(M *m, bool a, double b, double c, bool d, double e) { return answer(m, 1); }
int fmi3ExitInitializationMode(M *m) { return 0; }
int fmi3Terminate(M *m) { return 0; }
int fmi3SetInt32(M *m, const unsigned *vr, size_t n, const int *v, size_t k) {
  for (size_t i = 0; i < n; i++) *(vr[i] ? &m->where : &m->status) = v[i];
  return answer(m, 2);
}
int fmi3GetInt32(M *m, const unsigned *vr, size_t n, int *v, size_t k) {
  for (size_t i = 0; i < n; i++) v[i] = vr[i] ? m->where : m->status;
  return 0;
}
int fmi3SetInt8(M *m, const unsigned *vr, size_t n, const signed char *v, size_t k) {
  say(m, 1, "tiny is set", 0); m->tiny = v[0];
  return 0;
}
int fmi3GetFMUState(M *m, void **s) { *s = m; return 0; }
int fmi3FreeFMUState(M *m, void **s) { *s = NULL; say(m, 1, "state given back", 0); return answer(m, 7); }
int fmi3GetInt8(M *m, const unsigned *vr, size_t n, signed char *v, size_t k) { v[0] = m->tiny; return 0; }
int fmi3SetFloat32(M *m, const unsigned *vr, size_t n, const float *v, size_t k) { m->single = v[0]; return 0; }
int fmi3GetFloat32(M *m, const unsigned *vr, size_t n, float *v, size_t k) { v[0] = m->single; return 0; }
int fmi3GetFloat64(M *m, const unsigned *vr, size_t n, double *v, size_t k) { v[0] = m->y; return answer(m, 3); }
int fmi3DoStep(M *m, double t, double h, bool no, bool *event, bool *terminate, bool *early, double *last) {
  m->y = t + h; *event = m->where == 6; *early = m->where == 4 || m->where == 6; *terminate = m->where > 4;
  *last = *early || m->status == 2 ? t + h / 4 : t + h;
  return m->where == 6 ? m->status : answer(m, 0);
}
"""
)
_SOURCES = {"fmi2": (_FMI2, FMU2Slave), "fmi3": (_FMI3, FMU3Slave)}


def platform(version: str) -> str:
    """Name of the folder of binaries for this machine."""
    return str(fmpy.platform_tuple if version == "fmi3" else fmpy.platform)


def library(version: str, folder: Path, *, complete: bool = True) -> Path:
    """Compile the misbehaving binary; functions that it does not need return Error, or are missing."""
    source, functions = _SOURCES[version]
    needed = [name for name in dir(functions) if name.startswith(version) and not re.search(rf"\b{name}\(", source)]
    answers = {name: "answer(m, 9)" if name[4:].startswith("SetFMU") else "3" for name in needed}
    stubs = "".join(f"int {name}(M *m) {{ return {answers[name]}; }}\n" for name in needed) if complete else ""
    (folder / "bad.c").write_text(source + stubs)
    subprocess.run(["cc", "-w", "-shared", "-fPIC", "-O1", "bad.c", "-o", "bad.so"], cwd=folder, check=True)
    return folder / "bad.so"
