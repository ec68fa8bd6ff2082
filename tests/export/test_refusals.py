"""What a whole cannot do is refused by name, with what to do about it, before anything is written."""

import os

import pytest

from cotwin.cli import app
from orchestrator.errors import AlgebraicLoopError, CapabilityError, DescriptionError
from orchestrator.export.container import export_fmu
from orchestrator.system.yaml.file import from_mapping
from tests.export.exported import growth, run_in_fmpy
from tests.kit.build import compiler, kit_fmu
from tests.plants import ROOT, fmu

needs_compiler = pytest.mark.skipif(compiler() is None, reason="building the kit needs a C compiler")


def with_prey(**keys):
    changed = growth()
    changed["components"]["prey"] |= keys
    return changed


def with_another(**component):
    changed = growth()
    changed["components"]["other"] = component
    return changed


def refused(tmp_path, description, error=CapabilityError, **more):
    path = tmp_path / "whole.fmu"
    with pytest.raises(error) as caught:
        export_fmu(from_mapping(description, ROOT, "tests"), path, **more)
    assert not path.exists()
    return str(caught.value)


@pytest.mark.parametrize(
    ("description", "says"),
    [
        (growth(step_control={"method": "error"}), "Choose 'method: constant'"),
        (growth(initialization={"steady_state": {}}), "Leave 'steady_state' out"),
        (
            growth(bonds={"b": {"kind": "mass", "connections": ["prey.x -> predator.x", "predator.y -> prey.y"]}}),
            "no account of bonds",
        ),
        (with_prey(importer="pyfmi"), "component 'prey': a container calls its FMUs by itself"),
        (
            with_prey(swap={"surrogate": "prey.surrogate", "to_surrogate_at": 1.0}),
            "component 'prey': a container hands over to no surrogate. Leave 'swap' out, or give the surrogate as the",
        ),
    ],
)
def test_what_a_container_does_not_do_is_named_with_the_remedy(description, says, tmp_path):
    assert says in refused(tmp_path, description)


def test_everything_that_is_in_the_way_is_told_at_once(tmp_path):
    told = refused(tmp_path, {**with_prey(importer="pyfmi"), "step_control": {"method": "error"}})
    assert "step_control:" in told
    assert "component 'prey'" in told


@needs_compiler
def test_structural_parameters_and_text_on_the_way_are_refused(tmp_path):
    matrix = with_another(source=str(kit_fmu("StateSpace", "3.0", "co_simulation")), parameters={"n": 3})
    assert "changes no structural parameters" in refused(tmp_path, matrix)
    texts = str(kit_fmu("Feedthrough", "3.0", "co_simulation"))
    changed = growth()
    changed["components"] |= {name: {"source": texts} for name in "ab"}
    changed["connections"] += ["a.String_y -> b.String_u"]
    assert "'a.String_y -> b.String_u': a container moves no string" in refused(tmp_path, changed)


def test_an_algebraic_loop_is_refused_with_its_path(tmp_path):
    loop = {
        "name": "loop", "components": {name: {"source": str(fmu("gain", 3))} for name in "ab"},
        "connections": ["a.y -> b.u", "b.y -> a.u"], "experiment": {"stop": 1.0}, "step_size": 0.5,
    }  # fmt: skip
    told = refused(tmp_path, loop, AlgebraicLoopError)
    assert "b.u -> b.y -> a.u -> a.y -> b.u" in told
    assert "iterative" not in told  # that is refused as well
    loop["connections"][0] = {"connect": "a.y -> b.u", "delay": True}
    export_fmu(from_mapping(loop, ROOT, "tests"), tmp_path / "mended.fmu")


def test_variables_are_exposed_by_name_and_pattern_and_others_are_not(tmp_path):
    description = from_mapping(growth(), ROOT, "tests")
    path = tmp_path / "whole.fmu"
    assert export_fmu(description, path, expose=["*.x", "predator.c"]).variables == 3
    columns = run_in_fmpy(path, description).dtype.names
    assert columns == ("time", "prey.x", "predator.x")
    told = refused(tmp_path / "other", growth(), DescriptionError, expose=["prey.X"])
    assert told.startswith("--expose prey.X: no such variable; did you mean 'prey.x'")


@needs_compiler
def test_what_fmi_2_has_no_type_for_is_left_out_and_said_or_refused_where_it_is_named(tmp_path):
    description = growth()
    description["components"]["wide"] = {"source": str(kit_fmu("Feedthrough", "3.0", "co_simulation"))}
    done = export_fmu(from_mapping(description, ROOT, "tests"), tmp_path / "whole.fmu", version="2.0")
    assert "wide.Int64_u is not exposed: FMI 2.0 has no type for its values. Export for FMI 3.0" in done.left_out
    assert "wide.String_y is not exposed: a container exposes no string. Leave it out" in done.left_out
    told = refused(tmp_path / "other", description, DescriptionError, version="2.0", expose=["wide.Int64_y"])
    assert told == "--expose wide.Int64_y: FMI 2.0 has no type for its values. Export for FMI 3.0"


def test_a_machine_without_a_c_compiler_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    assert "no C compiler found (looked for $CC = 'no-such-compiler')" in refused(tmp_path, growth())


def test_other_versions_and_targets_that_cannot_be_written_are_refused(tmp_path):
    assert "a container is of FMI 2.0 or 3.0" in refused(tmp_path, growth(), DescriptionError, version="1.0")
    (tmp_path / "file").touch()
    with pytest.raises(CapabilityError, match="cannot be written"):
        export_fmu(from_mapping(growth(), ROOT, "tests"), tmp_path / "file" / "whole.fmu")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CapabilityError, match=r"pipe: cannot be written \(not a file\)"):
        export_fmu(from_mapping(growth(), ROOT, "tests"), tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()


def test_the_command_writes_the_fmu_and_says_so(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    monkeypatch.chdir(tmp_path)
    prey = str(fmu("prey", 3))
    done = CliRunner().invoke(app, ["export-fmu", prey, "--fmi", "2.0", "--set", "prey.a=0.5", "--stop", "2"])
    assert done.exit_code == 0, done.output
    assert "wrote prey.fmu: FMI 2.0, 1 component," in done.output
    wrong = CliRunner().invoke(app, ["export-fmu", prey, "--expose", "prey.nothing"])
    assert wrong.exit_code == 2
