"""The public door: lazy names, a fast start."""

import json
import subprocess
import sys
import time

import pytest

import cotwin
from tests.kit.build import compiler, kit_fmu

HEAVY = ("numpy", "pydantic", "torch", "pyarrow", "casadi", "networkx", "fmpy", "matplotlib", "typer", "rich")
HELP_SECONDS = 0.3
MARGIN = 10.0


def test_importing_cotwin_imports_none_of_the_heavy_libraries():
    code = "import cotwin, json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)
    assert set(HEAVY).isdisjoint(loaded)


def test_help_answers_within_a_tenfold_of_its_promise():
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "cotwin.cli", "--help"], check=True, capture_output=True, text=True)
    assert time.perf_counter() - started < MARGIN * HELP_SECONDS
    assert all(command in done.stdout for command in ("run", "inspect", "explain", "plot"))


def test_help_imports_no_numerical_library():
    code = (
        "import json, sys\nsys.argv = ['cotwin', '--help']\nfrom cotwin.cli import main\n"
        "try:\n    main()\nfinally:\n    print(json.dumps(list(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stderr)}
    assert {"numpy", "pydantic", "torch", "pyarrow", "matplotlib"}.isdisjoint(loaded)


def test_the_hot_loop_is_compiled_when_it_is_first_needed_and_not_before():
    code = "import json, sys, orchestrator.assembly; print(json.dumps(list(sys.modules)))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)
    assert [name for name in loaded if name.startswith("orchestrator.master.compiled") and ".hot" in name] == []


@pytest.mark.parametrize("name", cotwin.__all__)
def test_every_public_name_can_be_had_and_is_kept(name):
    assert getattr(cotwin, name) is getattr(cotwin, name)
    assert name in vars(cotwin)


@pytest.mark.skipif(compiler() is None, reason="building FMUs needs a C compiler")
def test_a_system_goes_through_yaml_and_ssp_by_public_names_alone(tmp_path):
    fmu = kit_fmu("Dahlquist", "3.0", "co_simulation")
    system = cotwin.single_fmu(fmu, stop=1.0, step_size=0.25)
    written = cotwin.read_system(cotwin.write_system(system, tmp_path / "one.yaml"))
    assert written == system
    package = cotwin.export_ssp(written, tmp_path / "one.ssp")
    read = cotwin.read_ssp(package, unpack_to=tmp_path / "there")
    assert (read.experiment, read.step_size) == (system.experiment, system.step_size)
    assert cotwin.read_system(cotwin.write_system(read, tmp_path / "again.yaml")) == read


def test_an_unknown_name_is_an_attribute_error_that_names_it():
    with pytest.raises(AttributeError, match="'open_simulatoin'"):
        _ = cotwin.open_simulatoin


def test_dir_lists_the_public_names():
    assert dir(cotwin) == sorted(cotwin.__all__)
