"""`cotwin validate`: what is wrong with a file is said before a byte of its code runs."""

import platform
import re
import subprocess
import zipfile

import pytest
from typer.testing import CliRunner

from cotwin.cli import app
from cotwin.validation import Severity, validated
from orchestrator.fmi import archive
from tests.kit.build import kit_fmu

BINARY = f"binaries/{archive.PLATFORMS[1]}/lag.so"
VALID, INVALID = 0, 2


def call(*arguments):
    return CliRunner().invoke(app, ["validate", *map(str, arguments)])


def changed(fmu, target, **changes):
    """A copy of the lag; `description` and `binary` are functions of the bytes, None leaves the binary out."""
    with zipfile.ZipFile(fmu) as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            change = changes.get(
                "description" if name == "modelDescription.xml" else "binary" if name == BINARY else ""
            )
            if name == BINARY and "binary" in changes and change is None:
                continue
            copy.writestr(name, change(source.read(name)) if change else source.read(name))
    return target


def compiled(folder, text, *flags):
    """A library from C, as bytes."""
    (folder / "own.c").write_text(text)
    subprocess.run(["gcc", "-shared", "-fPIC", folder / "own.c", "-o", folder / "own.so", *flags], check=True)
    return (folder / "own.so").read_bytes()


def only(findings):
    (finding,) = findings
    return finding


def test_a_sound_fmu_and_a_sound_system_are_valid_and_exit_with_0(toys):
    for path, warnings in ((toys.lag, ""), (toys.system, ": 1 warning")):
        done = call(path)
        assert done.exit_code == VALID, done.output
        assert done.stdout.strip().endswith(f"valid{warnings}")


def test_an_open_input_is_a_warning_that_fails_only_when_strict(toys):
    done, strict = call(toys.system), call(toys.system, "--strict")
    assert done.exit_code == VALID
    assert "nothing feeds 'u'" in done.stdout
    assert strict.exit_code == INVALID


def test_a_violation_of_the_schema_is_told_and_exits_with_2(toys, tmp_path):
    path = changed(
        toys.lag,
        tmp_path / "lag.fmu",
        description=lambda data: data.replace(b"<fmiModelDescription ", b'<fmiModelDescription colour="red" '),
    )
    done = call(path)
    assert done.exit_code == INVALID
    assert "colour" in done.stdout
    assert done.stdout.strip().endswith("not valid, though cotwin run does not refuse it: 1 violation")


def test_violations_of_which_one_keeps_it_from_running_are_just_not_valid(toys, tmp_path):
    path = changed(
        toys.lag,
        tmp_path / "lag.fmu",
        description=lambda data: data.replace(b"<fmiModelDescription ", b'<fmiModelDescription colour="red" '),
        binary=None,
    )
    done = call(path)
    assert done.exit_code == INVALID
    assert "though" not in done.stdout


def test_open_inputs_of_many_components_of_an_array_are_one_warning(toys, tmp_path):
    path = tmp_path / "system.yaml"
    parts = f"'lag[1..50]': {{source: {toys.lag}}}, other: {{source: {toys.lag}}}"
    path.write_text(f"name: x\ncomponents: {{{parts}}}\nexperiment: {{stop: 1.0}}\nstep_size: 0.1\n")
    found = [finding.text.partition(": the start")[0] for finding in validated(path)]
    assert found == ["'lag[1..50]': nothing feeds 'u'", "'other': nothing feeds 'u'"]


def test_a_start_value_beyond_its_range_is_a_violation_with_all_values(toys, tmp_path):
    path = changed(
        toys.lag, tmp_path / "lag.fmu", description=lambda data: data.replace(b'name="T"', b'name="T" max="1.5"')
    )
    finding = only(validated(path))
    assert finding.severity is Severity.VIOLATION
    assert finding.text == "'T': the start value 2 lies above its max 1.5"


def test_a_unit_without_definition_is_a_warning(toys, tmp_path):
    path = changed(
        toys.lag,
        tmp_path / "lag.fmu",
        description=lambda data: re.sub(rb"<BaseUnit[^>]*/>", b"", data),
    )
    findings = validated(path)
    assert {finding.severity for finding in findings} <= {Severity.WARNING}
    assert any("no definition" in finding.text for finding in findings)


def test_a_missing_binary_is_an_obstacle_that_names_the_platforms(toys, tmp_path):
    path = changed(toys.lag, tmp_path / "lag.fmu", binary=None)
    assert only(validated(path)).severity is Severity.OBSTACLE
    done = call(path)
    assert done.exit_code == INVALID
    assert "cannot run here" in done.stdout
    assert archive.PLATFORMS[1] in done.stdout


def test_missing_functions_are_named_and_no_code_runs(toys, tmp_path):
    trace = tmp_path / "it ran"
    data = compiled(
        tmp_path,
        "#include <stdio.h>\n"
        f'__attribute__((constructor)) static void run(void) {{ fclose(fopen("{trace}", "w")); }}\n'
        "int fmi3DoStep(void) { return 0; }\n",
    )
    finding = only(validated(changed(toys.lag, tmp_path / "lag.fmu", binary=lambda _: data)))
    assert finding.severity is Severity.VIOLATION
    assert "fmi3InstantiateCoSimulation" in finding.text
    assert "fmi3SerializeFMUState" in finding.text, "it declares that it serializes states"
    assert "fmi3DoStep," not in finding.text
    assert not trace.exists()


def test_a_missing_shared_object_is_named_with_the_remedy(toys, tmp_path):
    (tmp_path / "other.c").write_text("int other(void) { return 1; }\n")
    other = tmp_path / "libnot_anywhere.so"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", tmp_path / "other.c", "-o", other, f"-Wl,-soname,{other.name}"], check=True
    )
    data = compiled(tmp_path, "int other(void);\nint it(void) { return other(); }\n", other)
    findings = validated(changed(toys.lag, tmp_path / "lag.fmu", binary=lambda _: data))
    (finding,) = (one for one in findings if one.severity is Severity.OBSTACLE)
    assert "needs" in finding.text
    assert "libnot_anywhere.so" in finding.text
    assert "Install the package" in finding.text
    with zipfile.ZipFile(tmp_path / "lag.fmu", "a") as archived:
        archived.write(other, f"{BINARY.rpartition('/')[0]}/{other.name}")
    beside = validated(tmp_path / "lag.fmu")
    assert all(one.severity is not Severity.OBSTACLE for one in beside), "the importer finds it beside the binary"


def test_a_glibc_that_is_too_new_is_named_beside_that_of_this_machine(toys, tmp_path):
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("this machine has no glibc")
    newer = lambda data: data.replace(b"GLIBC_2.14\0", b"GLIBC_9.99\0").replace(b"GLIBC_2.29\0", b"GLIBC_9.99\0")  # noqa: E731
    path = changed(toys.lag, tmp_path / "lag.fmu", binary=newer)
    finding = only(validated(path))
    assert finding.severity is Severity.OBSTACLE
    assert "glibc 9.99" in finding.text
    assert platform.libc_ver()[1] in finding.text
    assert "Build the FMU on a system" in finding.text


def test_a_binary_for_another_machine_is_told(toys, tmp_path):
    other = (183).to_bytes(2, "little") if platform.machine() != "aarch64" else (62).to_bytes(2, "little")
    path = changed(toys.lag, tmp_path / "lag.fmu", binary=lambda data: data[:18] + other + data[20:])
    finding = only(validated(path))
    assert finding.severity is Severity.OBSTACLE
    assert f"this machine is {platform.machine()}" in finding.text


def test_a_library_that_is_none_is_a_violation(toys, tmp_path):
    path = changed(toys.lag, tmp_path / "lag.fmu", binary=lambda _: b"MZ is the beginning of something else")
    assert "it is no ELF file" in only(validated(path)).text


def test_an_algebraic_loop_is_a_violation_with_its_path(toys):
    done = call(toys.loop)
    assert done.exit_code == INVALID
    assert "algebraic loop" in done.stdout
    assert "b.y -> a.u" in done.stdout


def test_everything_that_is_wrong_with_a_system_is_told_at_once(toys, tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text(
        f"name: wrong\ncomponents: {{first: {{source: {toys.lag}, parameters: {{tau: 1.0}}}}}}\n"
        "connections: [first.y -> first.u]\nexperiment: {stop: 1.0}\nstep_size: 0.1\nrecord: [second.*]\n"
    )
    text = " ".join(finding.text for finding in validated(path) if finding.severity is Severity.VIOLATION)
    assert "wrong.yaml:2: components.first.parameters.tau: unknown variable" in text
    assert "has no output 'y'" in text
    assert "'second.*' matches no variable" in text


def test_a_file_that_is_not_there_keeps_nothing_else_from_being_told(toys, tmp_path):
    path = tmp_path / "gone.yaml"
    path.write_text(
        f"name: gone\ncomponents:\n  first: {{source: {toys.lag}}}\n  gone: {{source: gone.fmu}}\n"
        "connections:\n  - gone.y -> first.u\n  - first.z -> first.u\nexperiment: {stop: 1.0}\nstep_size: 0.1\n"
    )
    missing, wrong = (finding.text for finding in validated(path) if finding.severity is Severity.VIOLATION)
    assert "gone.yaml:4: component 'gone': " in missing
    assert "gone.yaml:7: first.z -> first.u: 'first' has no output 'z'" in wrong


def test_a_component_that_cannot_run_here_is_an_obstacle_of_the_system(toys, tmp_path):
    fmu = changed(toys.lag, tmp_path / "lag.fmu", binary=None)
    path = tmp_path / "system.yaml"
    path.write_text(
        f"name: x\ncomponents: {{a: {{source: {fmu}, parameters: {{u: 1.0}}}}}}\n"
        "experiment: {stop: 1.0}\nstep_size: 0.1\n"
    )
    finding = only(validated(path))
    assert finding.severity is Severity.OBSTACLE
    assert finding.text.startswith("'a': ")


def test_a_clock_that_nothing_feeds_is_told_unless_it_ticks_by_time(tmp_path):
    path = tmp_path / "clocks.yaml"
    parts = ", ".join(
        f"{model}: {{source: {kit_fmu(model, '3.0', 'co_simulation')}}}" for model in ("Clocks", "Triggered")
    )
    path.write_text(f"name: x\ncomponents: {{{parts}}}\nexperiment: {{stop: 1.0}}\nstep_size: 0.1\n")
    kept = "nothing feeds 'u': the start value is kept. Connect it, or give a value under 'parameters'"
    assert [finding.text for finding in validated(path)] == [
        f"'Clocks': {kept}",
        f"'Triggered': {kept}",
        "'Triggered': no clock feeds 'fire': it never ticks. Connect it",
    ]


def test_files_that_cannot_be_read_are_one_violation_each(tmp_path):
    for name in ("nothing.fmu", "nothing.yaml"):
        done = call(tmp_path / name)
        assert done.exit_code == INVALID
        assert "Traceback" not in done.output
        assert name in done.stdout


def test_a_file_of_many_components_is_checked_once(toys, tmp_path, monkeypatch):
    checked = []
    monkeypatch.setattr("cotwin.validation.binary_problems", lambda model, _: checked.append(model.path) or [])
    text = f"name: many\ncomponents: {{'x[1..50]': {{source: {toys.lag}}}}}\nexperiment: {{stop: 1}}\nstep_size: 1\n"
    (tmp_path / "many.yaml").write_text(text)
    assert len(validated(tmp_path / "many.yaml")) == 1, "one open input for all"
    assert len(checked) == 1


def test_a_path_that_no_file_can_have_is_a_violation(tmp_path):
    text = f"name: s\ncomponents: {{x: {{source: {'a' * 5000}.fmu}}}}\nexperiment: {{stop: 1}}\nstep_size: 1\n"
    (tmp_path / "long.yaml").write_text(text)
    finding = only(validated(tmp_path / "long.yaml"))
    assert "cannot be reached" in finding.text
    assert len(finding.text) < 400 + len(str(tmp_path))


def test_connectors_of_the_whole_system_may_be_recorded(toys, tmp_path):
    path = tmp_path / "whole.yaml"
    path.write_text(
        f"name: whole\ncomponents: {{first: {{source: {toys.lag}}}}}\nconnections: [first.x -> .out]\n"
        "subsystems: {'': {connectors: {out: {kind: output}}}}\n"
        "experiment: {stop: 1.0}\nstep_size: 0.1\nrecord: [.out]\n"
    )
    assert [finding for finding in validated(path) if finding.severity is Severity.VIOLATION] == []


def test_the_file_is_read_once_more_for_the_places_of_all_findings(tmp_path, toys, monkeypatch):
    from orchestrator.system import placing

    read = []
    document = placing.read_document
    monkeypatch.setattr(placing, "read_document", lambda path: read.append(path) or document(path))
    text = f"name: s\ncomponents: {{'x[1..20]': {{source: {toys.lag}}}}}\nconnections: [a.y -> b.u, a.z -> b.v]\n"
    (tmp_path / "s.yaml").write_text(text + "experiment: {stop: 1}\nstep_size: 1\n")
    findings = validated(tmp_path / "s.yaml")
    assert len(read) == 1
    assert any(finding.text.startswith(f"{tmp_path / 's.yaml'}:3: a.z -> b.v: ") for finding in findings)


def test_dictionaries_that_refer_to_each_other_alone_are_a_warning_with_its_line(toys, tmp_path):
    path = tmp_path / "system.yaml"
    entry = "{entries: {T: {kind: unspecified, type: Real}}}"
    path.write_text(
        f"name: x\ncomponents: {{a: {{source: {toys.lag}, parameters: {{u: 1.0}}}}}}\n"
        f"subsystems:\n  '': {{dictionaries: {{D: {entry}, E: {entry}}}}}\n"
        "  d: {signal_dictionary: /D}\n"
        "  e: {signal_dictionary: /E, connectors: {T: {kind: input, type: Real}}}\n"
        "connections:\n  - d.T -> e.T\nexperiment: {stop: 1.0}\nstep_size: 0.1\n"
    )
    finding = only(validated(path))
    assert finding.severity is Severity.WARNING
    assert finding.text.startswith(f"{path}:8: d.T -> e.T: leads from no component to none. ")


def test_what_is_said_about_solving_to_no_avail_is_told_with_its_line(tmp_path):
    fmu = kit_fmu("Integrator", "2.0", "co_simulation")
    (tmp_path / "x.yaml").write_text(
        f"name: x\ncomponents:\n  a: {{source: {fmu}}}\n  b: {{source: {fmu}, step_size: 0.3, estimator: none.fmu}}\n"
        "connections: [a.y -> b.u, b.y -> a.u]\nexperiment: {stop: 1}\nstep_size: 0.1\nloops: {method: anderson}\n"
        "bonds: {s: {kind: mass, connections: [a.y -> b.u, b.y -> a.w]}}\n"
    )
    findings = validated(tmp_path / "x.yaml")
    found = {kind: [one.text for one in findings if one.severity is kind] for kind in Severity}
    line = f"{tmp_path}/x.yaml"
    estimator, bond = sorted(found[Severity.VIOLATION])
    assert estimator.startswith(f"{line}:4: components.b.estimator: component 'b': {tmp_path}/none.fmu does not exist")
    assert bond.startswith(f"{line}:9: bonds.s.connections[1]: b.y -> a.w: 'a' has no 'w'")
    (never,) = (text for text in found[Severity.WARNING] if "estimator" in text)
    assert never.startswith(f"{line}:4: components.b.estimator: the algorithm gauss_seidel iterates nothing")
    (loops,) = (text for text in found[Severity.WARNING] if "loops" in text)
    assert loops.endswith("Choose 'algorithm: iterative', or leave it out")


def test_a_step_size_that_does_not_fit_that_of_the_system_is_a_violation(tmp_path):
    fmu = kit_fmu("Integrator", "2.0", "co_simulation")
    (tmp_path / "x.yaml").write_text(
        f"name: x\ncomponents: {{a: {{source: {fmu}, step_size: 0.25}}}}\nexperiment: {{stop: 1}}\nstep_size: 0.1\n"
    )
    text = only([each for each in validated(tmp_path / "x.yaml") if each.severity is Severity.VIOLATION]).text
    assert text.startswith(f"{tmp_path}/x.yaml:2: components.a.step_size: 0.25 s is neither a multiple")
    assert "the step size of the system, 0.1 s; choose 0.2 s or 0.3 s" in text
