"""Binaries of FMUs: which is taken, what they may lack, and what is said where they cannot be used."""

import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from fmpy import fmi2, fmi3

from orchestrator.errors import CapabilityError, FmuImportError
from orchestrator.fmi import binary
from orchestrator.fmi.archive import unpacked
from orchestrator.fmi.co_simulation import open_fmu
from orchestrator.fmi.variables import read_model
from orchestrator.instance import Status
from tests.fmi import toys
from tests.fmi.test_misbehaviour import start, take
from tests.plants import fmu

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the misbehaving FMU needs a C compiler")


def test_a_refused_instantiation_names_fmu_token_and_what_it_said(make, version):
    path = make(token="{other}")
    with pytest.raises(FmuImportError) as caught:
        open_fmu("bad", path)
    message = str(caught.value)
    assert f"{path}: the FMU refused to be instantiated as 'bad' with token {{other}}" in message
    assert "it said: wrong token, error" in message
    assert "Check that its binary belongs" in message


def test_an_fmu_that_needs_its_tool_says_so_by_name(make, caplog):
    path = make(flags='needsExecutionTool="true"')
    assert read_model(path).interface("CoSimulation").needs_tool
    with closing(open_fmu("bad", path)) as instance:  # the tool is there
        start(instance)
    assert any("the tool that made it must be installed" in record.message for record in caplog.records)
    with pytest.raises(FmuImportError, match="It needs its tool: install the tool that made it with its licence here"):
        open_fmu("bad", make("b.fmu", flags='needsExecutionTool="true"', token="{other}"))


def test_a_missing_binary_names_the_platforms_that_there_are(make, version):
    path = make(platform="win64")
    with pytest.raises(FmuImportError) as caught:
        open_fmu("bad", path)
    assert f"{path}: there is no binaries/{toys.platform(version)}/bad.so" in str(caught.value)
    assert f"it has binaries for win64. Export or build it for {toys.platform(version)}" in str(caught.value)


def test_the_only_binary_is_taken_whatever_its_name(make, version, caplog):
    with closing(open_fmu("bad", make(identifier="other"))) as instance:
        start(instance)
        assert instance.do_step(0.0, 1.0).status is Status.OK
    assert any("its only binary, bad.so, is taken" in record.message for record in caplog.records)


def test_of_several_binaries_the_model_identifier_must_name_one(binaries, version, tmp_path):
    folder = f"binaries/{toys.platform(version)}"
    entries = {f"{folder}/{name}.so": b"" for name in ("a", "b")}
    entries["modelDescription.xml"] = toys.description(version, identifier="other")
    with pytest.raises(FmuImportError) as caught:
        open_fmu("bad", toys.archive(tmp_path / "two.fmu", entries))
    assert f"there is no {folder}/other.so in it but a.so, b.so; its modelIdentifier must name" in str(caught.value)


def test_a_binary_that_cannot_be_loaded_quotes_the_loader_and_leaves_the_working_directory(make):
    before = Path.cwd()
    with pytest.raises(
        FmuImportError, match=r"cannot be loaded: (.|\n)*(invalid ELF|file too short)(.|\n)*It is no library for"
    ):
        open_fmu("bad", make(binary=b"no binary"))
    assert Path.cwd() == before


def compiled(source, folder):
    folder.mkdir()
    (folder / "x.c").write_text(source)
    subprocess.run(["cc", "-w", "-shared", "-fPIC", "x.c", "-o", "x.so"], cwd=folder, check=True)
    return (folder / "x.so").read_bytes()


def test_a_missing_function_without_which_nothing_runs_is_named(make, version, tmp_path):
    binary = compiled(f"int {version}GetReal(void) {{ return 0; }}", tmp_path / "incomplete")
    with pytest.raises(FmuImportError, match=rf"cannot be loaded: .*undefined symbol: {version}.* ask its supplier"):
        open_fmu("bad", make(binary=binary))


def test_a_missing_function_of_a_type_that_is_used_is_named(make, version, tmp_path):
    folder = tmp_path / "incomplete"
    folder.mkdir()
    binary = toys.library(version, folder, complete=False).read_bytes()
    text = {"fmi2": '<ScalarVariable name="s" valueReference="9"><String/></ScalarVariable>', "fmi3": ""}[version]
    path = make(binary=binary, variables=toys.VARIABLES[version] + text)
    kind, name = {"fmi2": ("String", "s"), "fmi3": ("UInt64", "huge")}[version]
    with pytest.raises(FmuImportError, match=f"no function to get variables of type {kind}, which '{name}' is"):
        open_fmu("bad", path)


def test_capabilities_without_functions_in_the_binary_are_withdrawn_with_a_warning(make, version, tmp_path, caplog):
    folder = tmp_path / "incomplete"
    folder.mkdir()
    binary = toys.library(version, folder, complete=False).read_bytes()
    letter = "s" if version == "fmi2" else "S"
    variables = toys.VARIABLES[version].split("<Int8")[0]
    flags = f'canGetAndSetFMU{letter}tate="true" canSerializeFMU{letter}tate="true"'
    path = make(binary=binary, variables=variables, flags=flags)
    assert read_model(path).capabilities.get_set_state
    with closing(open_fmu("bad", path)) as instance:
        assert not instance.capabilities.get_set_state
        assert not instance.capabilities.serialize_state
        start(instance)
        with pytest.raises(CapabilityError, match="'bad' cannot keep its state"):
            instance.save_state()
        assert instance.do_step(0.0, 1.0).status is Status.OK
    (said_so,) = (record.message for record in caplog.records if "lacks" in record.message)
    assert f"{version}SetFMU{letter}tate" in said_so
    assert "goes on without get_set_state, serialize_state" in said_so


def test_libraries_beside_the_binary_are_found(version, tmp_path):
    folder, beside = tmp_path / "with", f"libbeside_{version}.so"
    folder.mkdir()
    source = toys._SOURCES[version][0].replace("m->y = t + h", "m->y = beside(t + h)")
    (folder / "beside.c").write_text("double beside(double x) { return 10 * x; }")
    (folder / "bad.c").write_text("double beside(double x);" + source)
    for command in (
        ["cc", "-shared", "-fPIC", f"-Wl,-soname,{beside}", "beside.c", "-o", beside],
        ["cc", "-w", "-shared", "-fPIC", "bad.c", "-o", "bad.so", "-L.", f"-lbeside_{version}"],
    ):
        subprocess.run(command, cwd=folder, check=True)
    place = f"binaries/{toys.platform(version)}"
    variables = toys.VARIABLES[version].split("<Int8")[0]
    entries = {"modelDescription.xml": toys.description(version, variables=variables)}
    entries[f"{place}/bad.so"] = (folder / "bad.so").read_bytes()
    with pytest.raises(FmuImportError, match=rf"(?s){beside}: cannot open.*Install the package that holds {beside}"):
        open_fmu("bad", toys.archive(tmp_path / "one.fmu", entries))
    entries[f"{place}/{beside}"] = (folder / beside).read_bytes()
    with closing(open_fmu("bad", toys.archive(tmp_path / "two.fmu", entries))) as instance:
        start(instance)
        instance.do_step(1.0, 0.5)
        assert take(instance, "y") == 15.0


@pytest.mark.parametrize(("version", "functions"), [(2, fmi2.FMU2Slave), (2, fmi2.FMU2Model), (3, fmi3.FMU3Slave)])
def test_functions_that_are_remembered_are_bound_as_fmpy_binds_them(version, functions, monkeypatch):
    monkeypatch.setattr(binary, "_signatures", {})
    with unpacked(fmu("integrator", version)) as folder:
        (library,) = sorted((folder / "binaries").rglob("*.so"))
        first, again = (binary.loaded(functions, library, instanceName="x", guid="x") for _ in range(2))
        assert first._functions.keys() == again._functions.keys()
        for name, function in first._functions.items():
            other = again._functions[name]
            assert (function.argtypes, function.restype, function.argnames) == (
                other.argtypes,
                other.restype,
                other.argnames,
            ), name
        for each in (first, again):
            each.freeLibrary()
