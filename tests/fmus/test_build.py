"""Building: what is kept, what an error says, and that the same input gives the same bytes."""

import shutil
import subprocess
import sys
import zipfile

import casadi as ca
import pytest

from fmus.build import build, build_all, main
from fmus.errors import BuildError
from plant_models.model import Model, Type
from tests.fmus import toys


def test_unchanged_equations_call_no_compiler(tmp_path, monkeypatch):
    first = build(toys.mixed(), tmp_path / "fmus")
    before = [path.stat().st_mtime_ns for path in first[:2]]

    def refuse(*_):
        raise AssertionError("the compiler was called")

    monkeypatch.setattr("fmus.compiler.Compiler.run", refuse)
    monkeypatch.setattr("fmus.build.model_code", refuse)
    again = build(toys.mixed(), tmp_path / "fmus")
    assert (first.rebuilt, again.rebuilt) == (True, False)
    assert [path.stat().st_mtime_ns for path in again[:2]] == before


def test_changed_equations_start_values_and_descriptions_are_built_anew(tmp_path):
    def model(factor=1.0, start=1.0, text="Level"):
        m = Model("changing", "Changes")
        x = m.state("x", start, "m", text, visible=True)
        m.derivative("x", -factor * x)
        return m

    assert build(model(), tmp_path / "fmus").rebuilt
    for change in ({"factor": 2.0}, {"start": 2.0}, {"text": "Height"}):
        assert build(model(**change), tmp_path / "fmus").rebuilt, change
    assert not build(model(), tmp_path / "fmus").rebuilt


def test_the_same_model_gives_the_same_bytes_in_another_process(tmp_path):
    here = build(toys.vector(), tmp_path / "a" / "fmus")
    script = (
        "import sys; from pathlib import Path; from fmus.build import build; from tests.fmus import toys;"
        "build(toys.vector(), Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "b" / "fmus")], check=True)
    for path in here[:2]:
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_both_files_share_the_token_and_the_archive_holds_description_and_binary(built):
    tokens = set()
    for path in built["mixed"][:2]:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            assert names[0] == "modelDescription.xml"
            assert [name.split("/")[0] for name in names[1:]] == ["binaries"]
            text = archive.read("modelDescription.xml").decode()
            tokens.add(text.split('guid="' if "guid=" in text else 'instantiationToken="')[1].split('"')[0])
    assert len(tokens) == 1


def test_a_machine_without_a_c_compiler_gets_the_remedy(tmp_path, monkeypatch):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match=r"no C compiler found.*install gcc"):
        build(toys.decay(), tmp_path / "fmus")


def test_a_compiler_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler -O0")
    with pytest.raises(BuildError, match="no-such-compiler"):
        build(toys.decay(), tmp_path / "fmus")


def test_a_failing_compiler_is_quoted_and_leaves_nothing_behind(tmp_path, monkeypatch):
    compiler = tmp_path / "broken-cc"
    compiler.write_text("#!/bin/sh\n[ $1 = --version ] && exit 0\necho 'out of luck' >&2\nexit 3\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))
    with pytest.raises(BuildError, match=r"(?s)exit status 3.*out of luck"):
        build(toys.decay(), tmp_path / "fmus")
    assert not list((tmp_path / "cache").iterdir())


def test_the_compiler_is_taken_from_cc(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", f"{shutil.which('cc') or shutil.which('gcc')} -DUNUSED")
    assert build(toys.decay(), tmp_path / "fmus").rebuilt


def with_output(kind, **more):
    model = Model("refused", "Refused", sample_time=1.0)
    x = model.state("x", 0.0, "1", "State")
    model.derivative("x", 1 - x)
    model.output("flag", x > 0.5, "1", "Switches between scans", type=kind, **more)
    return model


def without_equation():
    model = Model("refused", "Refused")
    model.state("x", 0.0, "1", "State")
    return model


def with_unit(unit):
    model = without_equation()
    model.parameter("p", 0.0, unit, "Parameter")
    model.derivative("x", ca.MX(0))
    return model


def named(name, **more):
    model = Model("refused", "Refused")
    model.parameter(name, 0.0, "1", "Parameter", **more)
    return model


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: with_output(Type.BOOLEAN), "discrete state with visible=True"),
        (lambda: with_output(Type.ENUMERATION), "needs items"),
        (without_equation, "no equation for"),
        (lambda: with_unit("furlong"), "'furlong' is unknown"),
        (lambda: named("solver_tolerance"), "taken by the FMU itself"),
        (lambda: named("a b"), "no legal name"),
        (lambda: named("p", nominal=0.0), "nominal value 0"),
    ],
)
def test_a_model_without_meaning_in_fmi_is_refused(tmp_path, make, words):
    with pytest.raises(BuildError, match=words):
        build(make(), tmp_path / "fmus")


def test_a_catalogue_is_built_with_progress(tmp_path):
    told = []
    for _ in range(2):
        build_all({"one": toys.decay, "two": toys.oscillator}, tmp_path / "fmus", told.append)
    assert told == ["one: built", "two: built", "one: unchanged", "two: unchanged"]
    assert sorted(p.name for p in (tmp_path / "fmus" / "fmi3").iterdir()) == ["one.fmu", "two.fmu"]


def test_the_command_builds_what_it_is_told_and_says_what_it_did(tmp_path, capsys):
    out = tmp_path / "fmus"
    assert main(["plc", "-o", str(out)]) == 0
    assert capsys.readouterr().out == "plc: built\n"
    assert (out / "fmi2" / "plc.fmu").is_file()


def test_the_command_names_what_it_knows(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["nonsense", "-o", str(tmp_path)])
    assert "unknown: nonsense; known: metabolism" in capsys.readouterr().err


def test_the_command_prints_a_build_error_and_returns_one(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CC", "no-such-compiler")
    assert main(["plc", "-o", str(tmp_path / "fmus")]) == 1
    assert "no C compiler found" in capsys.readouterr().err
