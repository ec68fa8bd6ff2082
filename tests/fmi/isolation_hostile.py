"""What an FMU can do to the process that runs it, and what isolation makes of it: one C source, one table."""

import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from fmpy.fmi3 import FMU3Slave

from orchestrator.errors import CotwinError, FmuImportError, InitializationError, SimulationError, StepError
from tests.fmi import toys

VARIABLES = """
    <Float64 name="u" valueReference="0" causality="input" start="0"/>
    <Float64 name="y" valueReference="1" causality="output"/>"""

# What happens, and where, is told by a number in a file beside the binary, which is one for all.
_SOURCE = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
typedef void (*logger_t)(void *, int, const char *, const char *);
typedef struct { void *environment; logger_t logger; double u, y; int steps; } M;
static volatile int zero = 0;
static int recurse(int n) { volatile char page[4096]; page[n & 4095] = n; return recurse(n + 1) + page[0]; }
static int bomb(void) {
  for (;;) { char *p = malloc(1 << 24); if (!p) abort(); memset(p, 1, 1 << 24); }
}
static int flood(void) {
  static char line[1001];
  memset(line, 'x', 1000); line[999] = '\n';
  for (int i = 0; i < 100000; i++) fwrite(line, 1, 1000, stdout);
  fputs("the last line\n", stdout);
  fflush(stdout);
  return 0;
}
static int closing(void) { for (int i = 0; i < 1024; i++) close(i); return 0; }
static int grow(void) { setrlimit(RLIMIT_DATA, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}); return 0; }
static int forks(void) { if (fork() == 0) { for (;;) pause(); } return 0; }
static int escape(void) {
  if (fork() == 0) { setsid(); if (fork() == 0) execlp("sleep", "sleep", "1000", NULL); _exit(0); }
  usleep(100000);
  return 0;
}
static int fork_bomb(void) { for (int i = 0; i < 9; i++) fork(); for (;;) pause(); }
static int escaping_bomb(void) { for (int i = 0; i < 9; i++) if (fork() == 0) setsid(); for (;;) pause(); }
static void *idle(void *none) { for (;;) pause(); return none; }
static int thread_bomb(void) {
  pthread_attr_t small; pthread_t id;
  pthread_attr_init(&small); pthread_attr_setstacksize(&small, 1 << 16);
  for (int i = 0; i < 3000; i++) pthread_create(&id, &small, idle, NULL);
  return (int)(long)idle(NULL);
}
static int family_bomb(void) {
  for (int i = 0; i < 4; i++) if (fork() == 0) { memset(malloc(100 << 20), 1, 100 << 20); for (;;) pause(); }
  for (;;) pause();
}
static int jump(void) { jmp_buf here; memset(&here, 0, sizeof here); longjmp(here, 1); return 0; }
static int hang(void) { for (;;) zero = 0; }
static int fault(void) { *(volatile int *)8 = 1; return 0; }
static int deaf(void) { sigset_t all; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, NULL); return hang(); }
static int beyond(double *values) { memset(values, 0x5a, 1 << 27); return 0; }
static int overwrite(int byte) {
  char line[512]; unsigned long from, to;
  FILE *maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps))
    if (strstr(line, "cotwin-mailbox") && sscanf(line, "%lx-%lx", &from, &to) == 2)
      memset((void *)from, byte, to - from);
  return fclose(maps);
}
static int speak(M *m, const char *text) { m->logger(m->environment, 1, "logAll", text); return 0; }
enum { LOAD, UNLOAD, INSTANTIATE, INITIALIZATION, SET, STEP, GET, TERMINATE, FREE };
@FUNCTIONS@
static const struct { int where; int (*act)(M *, double *); } CASES[] = {@CASES@};
static int chosen = -1;
static int in(int where, M *m, double *values) {
  return CASES[chosen].where == where ? CASES[chosen].act(m, values) : 0;
}
__attribute__((constructor)) static void loaded(void) {
  FILE *file = fopen("case.txt", "r");
  if (fscanf(file, "%d", &chosen) != 1) abort();
  fclose(file);
  in(LOAD, NULL, NULL);
}
__attribute__((destructor)) static void unloaded(void) { in(UNLOAD, NULL, NULL); }
void *fmi3InstantiateCoSimulation(const char *name, const char *token, const char *at, bool v, bool l, bool e, bool r,
                                  const unsigned *vr, size_t n, void *environment, logger_t logger, void *update) {
  M *m = calloc(1, sizeof(M)); m->environment = environment; m->logger = logger;
  return in(INSTANTIATE, m, NULL) ? NULL : m;
}
void fmi3FreeInstance(M *m) { if (in(FREE, m, NULL)) return; free(m); }
int fmi3EnterInitializationMode(M *m, bool a, double b, double c, bool d, double e) {
  return in(INITIALIZATION, m, NULL);
}
int fmi3ExitInitializationMode(M *m) { return 0; }
int fmi3Terminate(M *m) { return in(TERMINATE, m, NULL); }
int fmi3SetFloat64(M *m, const unsigned *vr, size_t n, const double *v, size_t k) {
  m->u = v[0];
  return m->steps < 3 ? 0 : in(SET, m, NULL);
}
int fmi3GetFloat64(M *m, const unsigned *vr, size_t n, double *values, size_t k) {
  for (size_t i = 0; i < n; i++) values[i] = vr[i] ? m->y : m->u;
  return m->steps <= 3 ? 0 : in(GET, m, values);
}
int fmi3DoStep(M *m, double t, double h, bool no, bool *event, bool *terminate, bool *early, double *last) {
  *event = *early = *terminate = false; *last = t; m->y = t + h;
  int status = m->steps++ < 3 ? 0 : in(STEP, m, NULL);
  if (status == 0) *last = t + h;
  return status;
}
"""


@dataclass(frozen=True)
class Misbehaviour:
    """One FMU: what it does, where and how (a C expression), and the error that is demanded, None for a whole run.

    It behaves until t = 3 s where it misbehaves in a step, in setting or in getting. `at` is the time of the error.
    """

    what: str
    where: str
    how: str
    error: type[CotwinError] | None
    says: str
    at: float | None = None
    memory: float | None = None


def _steps(what: str, how: str, says: str, **more: object) -> Misbehaviour:
    return Misbehaviour(what, "STEP", how, StepError, says, 3.0, **more)  # type: ignore[arg-type]


_LIMIT = r"gave no answer within 0\.6 s \(time_limit\) and was killed"

TABLE = (
    Misbehaviour("crashes when it is loaded", "LOAD", "fault()", FmuImportError, "SIGSEGV .* in loading"),
    Misbehaviour("hangs when it is loaded", "LOAD", "hang()", FmuImportError, _LIMIT),
    Misbehaviour("calls exit(3) when it is loaded", "LOAD", "(exit(3), 0)", FmuImportError, r"exit\(3\) in loading"),
    Misbehaviour("crashes when instantiated", "INSTANTIATE", "fault()", FmuImportError, "SIGSEGV .* instantiating"),
    Misbehaviour("crashes in its initialization", "INITIALIZATION", "fault()", InitializationError, "SIGSEGV", 0.0),
    Misbehaviour("hangs in its initialization", "INITIALIZATION", "hang()", InitializationError, _LIMIT, 0.0),
    _steps("crashes in a step", "fault()", "SIGSEGV .* in DoStep with step size 1.0 s at t = 3 s"),
    _steps("aborts", "(abort(), 0)", "SIGABRT"),
    _steps("divides integers by zero", "7 / zero", "SIGFPE"),
    _steps("runs out of its stack", "recurse(0)", "SIGSEGV"),
    _steps("executes what is no instruction", "(__builtin_trap(), 0)", "SIGILL"),
    _steps("kills itself", "raise(SIGKILL)", "SIGKILL"),
    _steps("jumps to where it never was", "jump()", "SIG(SEGV|ILL|BUS)"),
    _steps("calls exit(0)", "(exit(0), 0)", r"ended by exit\(0\)"),
    _steps("calls _exit(7)", "(_exit(7), 0)", r"ended by exit\(7\)"),
    _steps("computes for ever", "hang()", _LIMIT),
    _steps("sleeps for ever", "(pause(), 0)", _LIMIT),
    _steps("computes for ever, deaf to all signals", "deaf()", _LIMIT),
    _steps("stops itself", "raise(SIGSTOP)", _LIMIT),
    _steps("takes all memory", "bomb()", "SIGABRT .*(.|\n)*memory_limit of 200 MiB", memory=200.0),
    _steps("takes all memory, having lifted its limit", "(grow(), bomb())", "SIG|time_limit", memory=200.0),
    _steps(
        "starts processes without end", "fork_bomb()", "SIGKILL(.|\n)*it said: it has started more than 256 processes"
    ),
    _steps("starts processes without end that leave it", "escaping_bomb()", "SIGKILL(.|\n)*more than 256 processes"),
    _steps(
        "starts threads without end", "thread_bomb()", "SIGKILL(.|\n)*it said: it has started more than 2000 threads"
    ),
    _steps("takes all memory in processes", "family_bomb()", "SIGKILL(.|\n)*take more memory together", memory=200.0),
    _steps("leaves a process that leaves it and crashes", "(escape(), fault())", "SIGSEGV"),
    _steps("closes all descriptors and crashes", "(closing(), fault())", "SIGSEGV"),
    _steps("speaks and crashes", '(speak(m, "about to fall"), fault())', "SIGSEGV(.|\n)*it said: about to fall"),
    _steps("prints 100 MB and crashes", "(flood(), fault())", "SIGSEGV(.|\n)*it printed: the last line"),
    _steps("returns Fatal", "4", "returned Fatal"),
    _steps("returns a status that is none", "77", "returned the unknown status 77"),
    _steps("discards every step", "2", r"refused its step(.|\n)*\(discard\)"),
    Misbehaviour("answers NaN", "STEP", "(m->y = NAN, 0)", StepError, r"'hostile.y' is nan at t = 4 s", 4.0),
    Misbehaviour("crashes when it is set", "SET", "fault()", StepError, "SIGSEGV", 3.0),
    Misbehaviour("crashes when it is read", "GET", "fault()", StepError, "SIGSEGV", 3.0),
    Misbehaviour("writes beyond its arrays", "GET", "beyond(values)", StepError, "SIG(SEGV|BUS|ABRT)", 3.0),
    Misbehaviour("crashes in its end", "TERMINATE", "fault()", SimulationError, "SIGSEGV .* in Terminate"),
    Misbehaviour("crashes when it is freed", "FREE", "fault()", SimulationError, "SIGSEGV .* in FreeInstance"),
    Misbehaviour("hangs when it is freed", "FREE", "hang()", SimulationError, _LIMIT),
    Misbehaviour("crashes when it is unloaded", "UNLOAD", "fault()", SimulationError, "SIGSEGV .* in FreeInstance"),
    Misbehaviour("writes over all memory that it shares with the run", "STEP", "overwrite(0xff)", None, ""),
    Misbehaviour("empties all memory that it shares with the run", "STEP", "overwrite(0)", None, ""),
    Misbehaviour("closes all descriptors", "STEP", "closing()", None, ""),
    Misbehaviour("prints 100 MB", "INITIALIZATION", "flood()", None, ""),
    Misbehaviour("signals its process group", "STEP", "(kill(0, SIGTERM), kill(0, SIGINT), 0)", None, ""),
    Misbehaviour("leaves its folder, and its umask open", "STEP", '(umask(0), chdir("/"))', None, ""),
    Misbehaviour("leaves a process behind", "INITIALIZATION", "forks()", None, ""),
    Misbehaviour("leaves a process in a session of its own behind", "INITIALIZATION", "escape()", None, ""),
)


HANGS_WITH_A_PROCESS: Final = Misbehaviour("starts a process and hangs", "STEP", "(escape(), hang())", None, "")

_ALL: Final = (*TABLE, HANGS_WITH_A_PROCESS)


def build(misbehaviour: Misbehaviour, folder: Path) -> Path:
    """The FMU (FMI 3.0) that does it."""
    place = f"binaries/{toys.platform('fmi3')}"
    entries = {
        "modelDescription.xml": toys.description("fmi3", identifier="hostile", variables=VARIABLES),
        f"{place}/hostile.so": _library(),
        f"{place}/case.txt": str(_ALL.index(misbehaviour)),
    }
    return toys.archive(folder / "hostile.fmu", entries)


@cache
def _library() -> bytes:
    """The binary that can do all of it."""
    functions = "".join(
        f"static int case_{index}(M *m, double *values) {{ return {each.how}; }}\n" for index, each in enumerate(_ALL)
    )
    cases = ", ".join(f"{{{each.where}, case_{index}}}" for index, each in enumerate(_ALL))
    needed = [name for name in dir(FMU3Slave) if name.startswith("fmi3") and f"{name}(" not in _SOURCE]
    stubs = "".join(f"int {name}(M *m) {{ return 3; }}\n" for name in needed)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "hostile.c")
        source.write_text(_SOURCE.replace("@FUNCTIONS@", functions).replace("@CASES@", cases) + stubs)
        command = ["cc", "-w", "-shared", "-fPIC", "-O0", "hostile.c", "-o", "hostile.so", "-lm", "-pthread"]
        subprocess.run(command, cwd=folder, check=True)
        return Path(folder, "hostile.so").read_bytes()


def table() -> str:
    """The table of the documentation."""
    rows = ["| the FMU | the run | names |", "|---|---|---|"]
    for each in TABLE:
        outcome = "goes on, with the right results" if each.error is None else f"`{each.error.__name__}`"
        names = "" if each.error is None else _named(each)
        rows.append(f"| {each.what} | {outcome} | {names} |")
    return "\n".join(rows) + "\n"


def _named(each: Misbehaviour) -> str:
    if "time_limit" in each.says:
        return "component, call, time limit"
    if "SIG" in each.says:
        return "component, call, time, signal"
    if "exit" in each.says:
        return "component, call, time, exit code"
    return "component, variable, time, value" if "nan" in each.says else "component, call, time, status"
