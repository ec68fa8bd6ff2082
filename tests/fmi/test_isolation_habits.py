"""What FMUs are used to: files beside their binary, resources, printing, a tool, one instance per process."""

import shutil
import zipfile
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest

from cotwin import open_simulation
from orchestrator.assembly import open_instance
from orchestrator.errors import FmuImportError
from orchestrator.system.description import Component
from tests.fmi import toys
from tests.fmi.event_fmus import build_fmu3
from tests.fmi.test_misbehaviour import start, take
from tests.kit.build import kit_fmu

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="building FMUs needs a C compiler")

# At loading it reads a file of the working directory, at its instantiation a resource; it prints in every step.
_SOURCE = r"""
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
typedef struct { double resource, y; } M;
static double beside = -1;
static double number(const char *path) {
  double value = -1;
  FILE *file = fopen(path, "r");
  if (file) { if (fscanf(file, "%lf", &value) != 1) value = -2; fclose(file); }
  return value;
}
__attribute__((constructor)) static void loaded(void) { beside = number("beside.txt"); }
void *fmi3InstantiateCoSimulation(const char *name, const char *token, const char *at, bool v, bool l, bool e, bool r,
                                  const unsigned *vr, size_t n, void *env, void *log, void *update) {
  char path[4096];
  snprintf(path, sizeof path, "%svalue.txt", at);
  M *m = calloc(1, sizeof(M)); m->resource = number(path); m->y = number("beside.txt"); return m;
}
void fmi3FreeInstance(M *m) { free(m); }
int fmi3EnterInitializationMode(M *m, bool a, double b, double c, bool d, double e) { return 0; }
int fmi3ExitInitializationMode(M *m) { return 0; }
int fmi3Terminate(M *m) { return 0; }
int fmi3GetFloat64(M *m, const unsigned *vr, size_t n, double *v, size_t k) { v[0] = m->y; return 0; }
int fmi3DoStep(M *m, double t, double h, bool no, bool *event, bool *terminate, bool *early, double *last) {
  printf("a step from %g\n", t); fflush(stdout);
  *event = *terminate = *early = false; *last = t + h; m->y = beside + m->resource;
  return 0;
}
"""
_VARIABLES = '<Float64 name="y" valueReference="1" causality="output"/>'


@pytest.fixture(scope="module")
def habits(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("habits")
    kind = '<CoSimulation modelIdentifier="habits" canHandleVariableCommunicationStepSize="true"/>'
    path = build_fmu3("habits", folder, _SOURCE, _VARIABLES, ("y",), kind)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"binaries/{toys.platform('fmi3')}/beside.txt", "0.25")
        archive.writestr("resources/value.txt", "2.5")
    return path


@pytest.fixture(params=[None, "process"], ids=["here", "isolated"])
def isolation(request) -> str | None:
    return request.param


def opened(path, isolation, name="one"):
    return open_instance(name, Component(source=path, isolation=isolation))


def test_files_beside_the_binary_are_found_at_loading_and_resources_always(habits, isolation):
    """While it is loaded the working directory is that of its binary, as with FMPy; afterwards that of the run."""
    before = Path.cwd()
    with closing(opened(habits, isolation)) as one:
        start(one)
        assert take(one, "y") == -1.0  # beside.txt is not in the working directory of the run
        one.do_step(0.0, 0.5)
        assert take(one, "y") == 0.25 + 2.5
        one.terminate()
    assert Path.cwd() == before


def test_a_file_of_the_working_directory_of_the_run_is_found(habits, isolation, tmp_path, monkeypatch):
    (tmp_path / "beside.txt").write_text("7")
    monkeypatch.chdir(tmp_path)
    with closing(opened(habits, isolation)) as one:
        start(one)
        assert take(one, "y") == 7.0


def test_what_it_prints_comes_out_here_and_not_from_a_process_of_its_own(habits, isolation, capfd):
    with closing(opened(habits, isolation)) as one:
        start(one)
        one.do_step(0.0, 0.5)
        one.do_step(0.5, 0.5)
    assert capfd.readouterr().out == ("" if isolation else "a step from 0\na step from 0.5\n")


@pytest.mark.parametrize("version", ["1.0", "2.0", "3.0"])
def test_a_resource_of_the_kit_is_read(version, isolation):
    part = {"source": str(kit_fmu("Resource", version, "co_simulation")), "isolation": isolation}
    with open_simulation(
        {"name": "one", "components": {"one": part}, "experiment": {"stop": 0.1}, "step_size": 0.1}
    ) as simulation:
        simulation.run()
        assert simulation["one.y"] == ord("a")


def test_an_fmu_that_needs_its_tool_says_so_by_name(isolation, version, tmp_path, caplog):
    binary = toys.library(version, tmp_path).read_bytes()
    place = f"binaries/{toys.platform(version)}/bad.so"
    for token in ("{good}", "{other}"):
        text = toys.description(version, token=token, flags='needsExecutionTool="true"')
        path = toys.archive(tmp_path / f"{token[1:-1]}.fmu", {"modelDescription.xml": text, place: binary})
        if token == "{good}":
            opened(path, isolation).close()
            assert any("the tool that made it must be installed" in record.message for record in caplog.records)
            continue
        with pytest.raises(FmuImportError, match="It needs its tool: install the tool that made it with its licence"):
            opened(path, isolation)


def test_one_that_lives_once_per_process_is_there_twice_where_each_has_its_own(isolation):
    path = kit_fmu("Dahlquist", "2.0", "co_simulation", once_per_process=True)
    with ExitStack() as stack:
        first = stack.enter_context(closing(opened(path, isolation, "first")))
        assert first.capabilities.once_per_process == (isolation is None)
        if isolation is None:
            with pytest.raises(FmuImportError, match="allows one instance per process and has one"):
                opened(path, isolation, "second")
            return
        second = stack.enter_context(closing(opened(path, isolation, "second")))
        third = stack.enter_context(closing(opened(path, None, "third")))
        for one in (first, second, third):
            start(one)
            one.do_step(0.0, 0.1)
        assert np.array_equal(*(take(one, "x") for one in (first, second)))
        assert take(second, "x") == take(third, "x")
