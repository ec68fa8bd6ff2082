"""What cannot be done says so: steps that do not fit, components that fail, calls in the wrong mode."""

import re
import subprocess
from math import exp
from zipfile import ZipFile

import fmpy
import pytest

from orchestrator.export.container import export_fmu
from orchestrator.fmi.variables import read_model
from orchestrator.system.yaml.file import from_mapping
from tests.export.exported import PARTS, exported_growth, growth
from tests.fmus.harness import FMICallException, running
from tests.kit import build
from tests.kit.build import compiler, kit_fmu, write_archive
from tests.plants import ROOT

needs_compiler = pytest.mark.skipif(compiler() is None, reason="building the kit needs a C compiler")
DISCARD, ERROR = 2, 3


def failed(fmu, t, h):
    with pytest.raises(FMICallException) as caught:
        fmu.step(t, h)
    return caught.value.status


def alone(fmu, version, tmp_path, **changes):
    description = {"name": "one", "components": {"part": {"source": str(fmu)}}, "experiment": {"stop": 5.0}}
    whole = from_mapping({**description, "step_size": 0.5, **changes}, ROOT, "tests")
    return export_fmu(whole, tmp_path / "one.fmu", version=version).path


@pytest.mark.parametrize("version", PARTS)
def test_steps_that_do_not_meet_the_grid_are_refused_and_change_nothing(version):
    with running(exported_growth(version)) as fmu:
        fmu.initialize(stop=1.0)
        fmu.step(0.0, 0.25)
        before = fmu.get("prey.x")
        for t, h, says in (
            (0.25, 0.1, "takes? a multiple|take a multiple"),
            (0.25, 0.01, "multiple"),
            (0.25, -0.125, "multiple"),
            (0.0, 0.125, "it is at t = 0.25 s"),
            (0.25, 1.0, "after the stop time 1 s"),
            (0.25, float("nan"), "multiple"),
        ):
            assert failed(fmu, t, h) == ERROR
            assert re.search(says, fmu.messages[-1]), fmu.messages[-1]
        assert fmu.get("prey.x") == before
        fmu.step(0.25, 0.75)


@pytest.mark.parametrize("version", PARTS)
def test_a_last_step_is_clipped_at_the_stop_time_as_that_of_a_run_is(version):
    with running(exported_growth(version)) as fmu:
        fmu.initialize(stop=0.3)
        fmu.step(0.0, 0.25)
        fmu.step(0.25, 0.3 - 0.25)
        assert failed(fmu, 0.3, 0.125) == ERROR


def test_fmpy_ends_with_an_error_where_its_steps_do_not_fit():
    with pytest.raises(FMICallException, match="fmi2DoStep failed with status 3"):
        fmpy.simulate_fmu(str(exported_growth("2.0")), stop_time=1.0, output_interval=0.1, step_size=0.1)


@pytest.mark.parametrize("version", PARTS)
def test_calls_in_the_wrong_mode_and_unknown_references_are_refused(version):
    with running(exported_growth(version)) as fmu:
        assert failed(fmu, 0.0, 0.125) == ERROR
        assert "not allowed in state 'Instantiated'" in fmu.messages[-1]
        fmu.initialize()
        for call in (lambda: fmu.set("prey.a", 1.0), lambda: fmu.set("prey.x", 1.0), lambda: fmu.initialize()):
            with pytest.raises(FMICallException):
                call()
        get = fmu.fmu.getReal if version == "2.0" else fmu.fmu.getFloat64
        with pytest.raises(FMICallException):
            get([4711])
        assert "value reference 4711 is unknown" in fmu.messages[-1]
        fmu.step(0.0, 0.125)


@needs_compiler
@pytest.mark.parametrize("version", PARTS)
def test_a_component_that_refuses_its_step_is_named_and_a_kept_state_helps(version, tmp_path):
    part = kit_fmu("Dahlquist", version, "co_simulation", discard_at=1.25)
    with running(alone(part, version, tmp_path)) as fmu:
        fmu.initialize()
        fmu.step(0.0, 1.0)
        state, before = fmu.keep(), fmu.get("part.x")
        assert failed(fmu, 1.0, 0.5) == ERROR
        assert "component 'part' refused (discard) in its step from t = 1 s" in fmu.messages[-1]
        assert fmu.get("part.x") == before
        assert failed(fmu, 1.0, 0.5) == ERROR
        assert "not allowed after an error" in fmu.messages[-1]
        fmu.restore(state)
        fmu.free(state)
        assert fmu.get("part.x") == before


@needs_compiler
@pytest.mark.parametrize("version", PARTS)
def test_a_component_may_end_the_run(version, tmp_path):
    part = kit_fmu("Stair", version, "co_simulation")
    description = {"components": {"part": {"source": str(part), "parameters": {"last": 2}}}}
    with running(alone(part, version, tmp_path, **description)) as fmu:
        fmu.initialize()
        fmu.step(0.0, 1.5)
        if version == "2.0":
            assert failed(fmu, 1.5, 1.0) == DISCARD
        else:
            answer = fmu.fmu.doStep(currentCommunicationPoint=1.5, communicationStepSize=1.0)
            assert answer == (False, True, True, 2.0)
        assert fmu.get("part.counter") == 2


@needs_compiler
@pytest.mark.parametrize("version", PARTS)
def test_a_value_that_is_not_finite_is_an_error_with_its_name(version, tmp_path):
    part = kit_fmu("Feedthrough", version, "co_simulation")
    with running(alone(part, version, tmp_path)) as fmu:
        fmu.initialize()
        fmu.set("part.Float64_u", float("nan"))
        assert failed(fmu, 0.0, 0.5) == ERROR
        assert "'part.Float64_y' is" in fmu.messages[-1]


@needs_compiler
@pytest.mark.parametrize("version", PARTS)
def test_a_component_finds_its_resources_in_those_of_the_whole(version, tmp_path):
    folder = tmp_path / "a folder with ä and %"
    path = alone(kit_fmu("Resource", PARTS_OF[version], "co_simulation"), version, folder)
    with running(path) as fmu:
        assert fmu.initialize().get("part.y") == ord("a")


PARTS_OF = {"2.0": "3.0", "3.0": "2.0"}


@needs_compiler
def test_libraries_that_lie_beside_that_of_a_component_are_loaded_before_it(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "FLAGS", (*build.FLAGS, "-Wl,-soname,libcore.so"))
    with ZipFile(kit_fmu("Dahlquist", "2.0", "co_simulation")) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    name = next(entry for entry in entries if entry.endswith(".so"))
    (tmp_path / "libcore.so").write_bytes(entries[name])
    command = [str(compiler()), "-shared", "-Wl,--no-as-needed", "libcore.so", "-o", "thin.so"]
    subprocess.run(command, cwd=tmp_path, check=True)
    entries[name] = (tmp_path / "thin.so").read_bytes()
    entries[name.replace("Dahlquist", "libcore")] = (tmp_path / "libcore.so").read_bytes()
    part = write_archive(entries, tmp_path / "thin.fmu")
    with running(alone(part, "3.0", tmp_path)) as fmu:
        fmu.initialize()
        fmu.step(0.0, 0.5)
        assert fmu.get("part.x") == pytest.approx(exp(-0.5), rel=1e-3)
        fmu.free(fmu.keep())


@needs_compiler
def test_states_are_not_declared_where_a_binary_lacks_the_functions(tmp_path):
    for lacks, keeps, serializes in (("states", False, False), ("serialization", True, False)):
        part = kit_fmu("Dahlquist", "3.0", "co_simulation", lacks=(lacks,))
        path = alone(part, "2.0", tmp_path)
        capabilities = read_model(path).interface("CoSimulation").capabilities
        assert (capabilities.get_set_state, capabilities.serialize_state) == (keeps, serializes)


@needs_compiler
def test_an_fmu_that_allows_one_instance_per_process_is_there_once_for_each_component(tmp_path):
    single = str(kit_fmu("Dahlquist", "2.0", "co_simulation", once_per_process=True))
    parts = {name: {"source": single, "parameters": {"k": k}} for name, k in (("slow", 1.0), ("fast", 2.0))}
    description = {"name": "two", "components": parts, "experiment": {"stop": 1.0}, "step_size": 0.5}
    path = export_fmu(from_mapping(description, ROOT, "tests"), tmp_path / "two.fmu").path
    assert read_model(path).interface("CoSimulation").capabilities.once_per_process
    with running(path) as fmu:
        fmu.initialize()
        fmu.step(0.0, 0.5)
        assert fmu.get("slow.x") > fmu.get("fast.x")


@pytest.mark.parametrize("version", PARTS)
def test_a_component_that_is_not_there_is_named_when_the_whole_is_instantiated(version, tmp_path):
    broken = tmp_path / "broken.fmu"
    with ZipFile(exported_growth(version)) as whole, ZipFile(broken, "w") as target:
        for name in whole.namelist():
            if "prey" not in name:
                target.writestr(name, whole.read(name))
    with pytest.raises(Exception, match="instantiate"), running(broken):
        pass


def test_logging_carries_what_components_say(tmp_path):
    changed = growth()
    changed["components"]["prey"]["parameters"] = {"solver_tolerance": 0.5}
    path = export_fmu(from_mapping(changed, ROOT, "tests"), tmp_path / "whole.fmu").path
    with running(path) as fmu:
        fmu.set("prey.solver_tolerance", 2.0)
        with pytest.raises(FMICallException):
            fmu.enter_initialization()
        assert fmu.messages[0].startswith("prey: ")
        assert "solver_tolerance" in fmu.messages[0]
        assert "component 'prey': fmi2SetReal returned Error" in fmu.messages[-1]
