"""FMUs that hand back what they are given, for every type of FMI 1.0, 2.0 and 3.0.

Slot s + 8 of each type takes the value of slot s in a step. FMI 1.0 also has `through` = 2 `Real[0]` + `gain`, computed
when the slave is initialized and in each step, and counts its initializations.
"""

import re
import subprocess
from pathlib import Path

from fmpy.fmi1 import FMU1Slave
from fmpy.fmi2 import FMU2Slave
from fmpy.fmi3 import FMU3Slave

from tests.fmi import toys

TYPES = {
    "fmi1": ("Real", "Integer", "Boolean", "String"),
    "fmi2": ("Real", "Integer", "Boolean", "String"),
    "fmi3": ("Float64", "Float32", "Int8", "UInt16", "Int64", "UInt64", "Boolean", "String", "Binary"),
}
ZEROS = {"String": "", "Boolean": "false", "Binary": ""}

_C = {
    "Real": "double", "Integer": "int", "Float64": "double", "Float32": "float", "Int8": "int8_t",
    "UInt16": "uint16_t", "Int64": "int64_t", "UInt64": "uint64_t",
}  # fmt: skip

_HEAD = """
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
typedef struct { size_t size; unsigned char *data; } bytes;
"""
_PLAIN = """
STATUS {p}Set{T}(M *m, const unsigned *vr, size_t n, const {c} *v{k}) {{
  for (size_t i = 0; i < n; i++) m->{T}[vr[i] % 16] = v[i];
  return 0;
}}
STATUS {p}Get{T}(M *m, const unsigned *vr, size_t n, {c} *v{k}) {{
  for (size_t i = 0; i < n; i++) v[i] = m->{T}[vr[i] % 16];
  return 0;
}}
"""
_STRING = """
STATUS {p}SetString(M *m, const unsigned *vr, size_t n, const char **v{k}) {{
  for (size_t i = 0; i < n; i++) m->String[vr[i] % 16] = strdup(v[i]);
  return 0;
}}
STATUS {p}GetString(M *m, const unsigned *vr, size_t n, const char **v{k}) {{
  for (size_t i = 0; i < n; i++) v[i] = m->String[vr[i] % 16];
  return 0;
}}
"""
_BINARY = """
STATUS {p}SetBinary(M *m, const unsigned *vr, size_t n, const size_t *sizes, const unsigned char **v, size_t k) {{
  for (size_t i = 0; i < n; i++) {{
    unsigned char *copy = malloc(sizes[i] + 1);
    memcpy(copy, v[i], sizes[i]);
    m->Binary[vr[i] % 16] = (bytes){{sizes[i], copy}};
  }}
  return 0;
}}
STATUS {p}GetBinary(M *m, const unsigned *vr, size_t n, size_t *sizes, const unsigned char **v, size_t k) {{
  for (size_t i = 0; i < n; i++) {{ sizes[i] = m->Binary[vr[i] % 16].size; v[i] = m->Binary[vr[i] % 16].data; }}
  return 0;
}}
"""
_STEP = """
static void step(M *m) {{
  {copies}
}}
"""
_LIFE = {
    "fmi1": """
void *{p}InstantiateSlave(const char *name, const char *guid, const char *at, const char *mime, double timeout,
                          char visible, char interactive, struct {{ void *f[4]; }} callbacks, char log) {{
  return strcmp(guid, "{{good}}") ? NULL : calloc(1, sizeof(M));
}}
void {p}FreeSlaveInstance(M *m) {{ free(m); }}
STATUS {p}InitializeSlave(M *m, double start, char stop_defined, double stop) {{
  m->Integer[15]++;
  m->Real[15] = 2 * m->Real[0] + m->Real[7];
  m->Real[14] = stop_defined ? stop : -1;
  return m->Integer[7];
}}
STATUS {p}TerminateSlave(M *m) {{ return 0; }}
STATUS {p}ResetSlave(M *m) {{
  int count = m->Integer[15];
  memset(m, 0, sizeof(M));
  m->Integer[15] = count;
  return 0;
}}
STATUS {p}DoStep(M *m, double t, double h, char fresh) {{
  m->time = t + h / 4;
  step(m);
  m->Real[15] = 2 * m->Real[0] + m->Real[7];
  return m->Integer[7];
}}
STATUS {p}GetRealStatus(M *m, int kind, double *v) {{ *v = m->time; return 0; }}
const char *{p}GetVersion(void) {{ return "1.0"; }}
const char *{p}GetTypesPlatform(void) {{ return "standard32"; }}
""",
    "fmi2": """
void *fmi2Instantiate(const char *name, int type, const char *guid, const char *at, void *c, int v, int l) {{
  return calloc(1, sizeof(M));
}}
void fmi2FreeInstance(M *m) {{ free(m); }}
STATUS fmi2SetupExperiment(M *m, int a, double b, double c, int d, double e) {{ return 0; }}
STATUS fmi2EnterInitializationMode(M *m) {{ return 0; }}
STATUS fmi2ExitInitializationMode(M *m) {{ return 0; }}
STATUS fmi2Terminate(M *m) {{ return 0; }}
STATUS fmi2Reset(M *m) {{ return 0; }}
STATUS fmi2DoStep(M *m, double t, double h, int no) {{ step(m); return 0; }}
""",
    "fmi3": """
void *fmi3InstantiateCoSimulation(const char *name, const char *token, const char *at, bool v, bool l, bool e, bool r,
                                  const unsigned *vr, size_t n, void *environment, void *logger, void *update) {{
  return calloc(1, sizeof(M));
}}
void fmi3FreeInstance(M *m) {{ free(m); }}
STATUS fmi3EnterInitializationMode(M *m, bool a, double b, double c, bool d, double e) {{ return 0; }}
STATUS fmi3ExitInitializationMode(M *m) {{ return 0; }}
STATUS fmi3Terminate(M *m) {{ return 0; }}
STATUS fmi3Reset(M *m) {{ return 0; }}
STATUS fmi3DoStep(M *m, double t, double h, bool no, bool *event, bool *terminate, bool *early, double *last) {{
  *event = *terminate = *early = false;
  *last = t + h;
  step(m);
  return 0;
}}
""",
}
_CLASSES = {"fmi1": FMU1Slave, "fmi2": FMU2Slave, "fmi3": FMU3Slave}


def source(version: str, identifier: str, lacks: tuple[str, ...] = ()) -> str:
    """The C code; `lacks` are functions without their prefix that it does not have."""
    prefix, sized = (f"{identifier}_fmi" if version == "fmi1" else version), ", size_t k" if version == "fmi3" else ""
    types = {"Boolean": {"fmi1": "char", "fmi2": "int", "fmi3": "bool"}[version], "String": "char *", **_C}
    fields = "".join(f" {types.get(t, 'bytes')} {t}[16];" for t in TYPES[version])
    text = f"{_HEAD}#define STATUS int\ntypedef struct {{ double time;{fields} }} M;\n"
    for kind in TYPES[version]:
        template = {"String": _STRING, "Binary": _BINARY}.get(kind, _PLAIN)
        text += template.format(p=prefix, T=kind, c=types.get(kind), k=sized)
    last = {"fmi1": ("Real", "Integer")}.get(version, ())
    copies = " ".join(
        f"memcpy(m->{t} + 8, m->{t}, {6 if t in last else 8} * sizeof m->{t}[0]);" for t in TYPES[version]
    )
    text += _STEP.format(copies=copies) + _LIFE[version].format(p=prefix)
    return text + "".join(
        f"int {name}(M *m) {{ return 3; }}\n"
        for name in _others(version, prefix, text)
        if _bare(name, prefix) not in lacks
    )


def _others(version: str, prefix: str, text: str) -> list[str]:
    names = [name for name in dir(_CLASSES[version]) if name.startswith(version)]
    exported = [prefix + name[len(version) :] for name in names]
    return [name for name in exported if not re.search(rf"\b{name}\(", text)]


def _bare(name: str, prefix: str) -> str:
    return name.removeprefix(prefix)


def library(version: str, folder: Path, identifier: str = "echo", lacks: tuple[str, ...] = ()) -> bytes:
    """The compiled binary."""
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "echo.c").write_text(source(version, identifier, lacks))
    command = ["cc", "-w", "-shared", "-fPIC", "-O1", "echo.c", "-o", "echo.so"]
    subprocess.run(command, cwd=folder, check=True)
    return (folder / "echo.so").read_bytes()


def description(version: str, **more: str) -> str:
    """A modelDescription.xml of FMI 2.0 or 3.0: `u_TYPE` (two of them), and `y_TYPE`, which follows a step later."""
    variables = "".join(
        _variable(version, kind, name, 16 * number + slot, causality)
        for number, kind in enumerate(TYPES[version])
        for name, slot, causality in (("u", 0, "input"), ("w", 1, "input"), ("y", 8, "output"), ("z", 9, "output"))
    )
    return toys.description(version, identifier="echo", variables=variables, **more)


def _variable(version: str, kind: str, name: str, reference: int, causality: str) -> str:
    start = ZEROS.get(kind, "0")
    varies = "" if kind.startswith(("Real", "Float")) else ' variability="discrete"'
    common = f'name="{name}_{kind}" valueReference="{reference}" causality="{causality}"{varies}'
    attribute = f'start="{start}"' if causality == "input" else ""
    if version == "fmi2":
        return f"<ScalarVariable {common}><{kind} {attribute}/></ScalarVariable>"
    if kind in ("String", "Binary"):
        inner = f'<Start value="{start}"/>' if causality == "input" else ""
        return f"<{kind} {common}>{inner}</{kind}>"
    return f"<{kind} {common} {attribute}/>"
