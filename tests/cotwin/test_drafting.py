"""`cotwin new`: what is drafted from a folder of FMUs, against the plant whose connections are known."""

import shutil

import pytest
import yaml
from typer.testing import CliRunner

import cotwin
from cotwin.cli import app
from cotwin.drafting import drafted
from cotwin.validation import Severity, validated
from fmus.build import build
from orchestrator.errors import DescriptionError
from plant_models.model import Model
from plant_models.plants.catalogue import ECOLI_CONNECTIONS
from tests.kit.build import kit_fmu
from tests.plants import fmu

STEMS = {"metabolism": "metabolism", "reactor": "fluid_dynamics", "heat": "heat_transfer", "plc": "plc"}


def through(name, inputs, outputs, *, direct=True):
    """A toy with float inputs and outputs; every output is the sum of the inputs, directly or through a lag."""
    model = Model(name, "a toy")
    total = sum((model.input(one, 0.0, unit, text) for one, unit, text in inputs), 0.0)
    for one, unit, text in outputs:
        if direct:
            model.output(one, total, unit, text)
        else:
            model.state(one, 0.0, unit, text, visible=True)
            model.derivative(one, total)
    return model


def folder_of(folder, *models):
    for model in models:
        built = build(model, folder / "built").fmi3
        shutil.copy(built, folder / f"{model.name}.fmu")
    return folder


def connections(draft):
    return {str(proposal): proposal.confidence for proposal in draft.connections}


@pytest.mark.parametrize("version", [2, 3])
def test_the_22_connections_of_the_plant_are_found_and_no_other(tmp_path, version):
    for stem in STEMS.values():
        shutil.copy(fmu(stem, version), tmp_path / f"{stem}.fmu")
    draft = drafted(tmp_path, tmp_path / "system.yaml")
    ends = [[end.partition(".") for end in (link.source, link.destination)] for link in ECOLI_CONNECTIONS]
    true = {" -> ".join(f"{STEMS[component]}.{name}" for component, _, name in pair) for pair in ends}
    assert len(true) == 22
    assert set(connections(draft)) == true
    assert set(draft.open_inputs) == {"heat_transfer.T_coolant_in", "plc.start", "plc.stop"}


def test_the_draft_of_the_plant_is_written_valid_and_runs(tmp_path):
    for stem in STEMS.values():
        shutil.copy(fmu(stem, 3), tmp_path / f"{stem}.fmu")
    done = CliRunner().invoke(app, ["new", str(tmp_path)])
    assert done.exit_code == 0, done.output
    path = tmp_path / "system.yaml"
    assert {finding.severity for finding in validated(path)} == {Severity.WARNING}, "open inputs"
    description = cotwin.read_system(path)
    assert description.experiment == cotwin.Experiment(start=0.0, stop=3600.0, tolerance=1e-6)
    assert description.step_size == 0.1
    with cotwin.open_simulation(description) as simulation:
        simulation.run(until=1.0)


def test_a_file_that_exists_is_not_overwritten(tmp_path):
    folder_of(tmp_path, through("a", [("u", "1", "")], [("y", "1", "")]))
    (tmp_path / "system.yaml").write_text("mine")
    done = CliRunner().invoke(app, ["new", str(tmp_path)])
    assert done.exit_code == 2
    assert "give another file with -o" in done.stderr.replace("\n", " ")
    assert (tmp_path / "system.yaml").read_text() == "mine"


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    folder_of(tmp_path, through("a", [("u", "1", "")], [("y", "1", "")]))
    done = CliRunner().invoke(app, ["new", str(tmp_path), "-o", str(tmp_path / "no" / "s.yaml")])
    assert done.exit_code == 2
    assert "s.yaml: cannot be written (No such file or directory); give another file with -o" in done.stderr


def test_units_that_do_not_convert_are_no_candidates_and_others_are(tmp_path):
    one = through("one", [], [("flow", "L/h", ""), ("p", "bar", "")], direct=False)
    other = through("other", [("flow", "m3/s", ""), ("p", "m3/s", "")], [("z", "m3/s", "")])
    draft = drafted(folder_of(tmp_path, one, other), tmp_path / "s.yaml")
    assert connections(draft) == {"one.flow -> other.flow": 0.98}
    assert draft.open_inputs == ("other.p",)


def test_several_candidates_are_listed_in_comments_and_none_is_taken(tmp_path):
    sources = [through(name, [], [("T", "K", "temperature")], direct=False) for name in ("cold", "hot")]
    draft = drafted(
        folder_of(tmp_path, *sources, through("sink", [("T", "K", "t")], [("z", "K", "")])), tmp_path / "s.yaml"
    )
    assert draft.connections == ()
    for name in ("cold", "hot"):
        assert f"#     - {name}.T" in draft.text
    assert yaml.safe_load(draft.text)["connections"] == []


def test_weak_resemblance_is_a_comment_only(tmp_path):
    source = through("source", [], [("air_temperature", "K", "")], direct=False)
    sink = through("sink", [("water_temperature", "K", "")], [("z", "K", "")])
    draft = drafted(folder_of(tmp_path, source, sink), tmp_path / "s.yaml")
    assert draft.connections == ()
    assert "sink.water_temperature" in draft.text


def test_a_connection_that_would_close_an_algebraic_loop_is_left_out_and_said(tmp_path):
    models = (
        through("a", [("p", "1", "")], [("q", "1", "")]),
        through("b", [("q", "1", "")], [("p", "1", "")]),
    )
    path = tmp_path / "s.yaml"
    draft = drafted(folder_of(tmp_path, *models), path)
    assert len(draft.connections) == 1
    assert "would close an algebraic loop" in draft.text
    path.write_text(draft.text)
    assert {finding.severity for finding in validated(path)} == {Severity.WARNING}


def test_awkward_file_names_become_names_that_are_read_back(tmp_path):
    folder_of(tmp_path, through("a", [], [("y", "1", "")], direct=False))
    (tmp_path / "a.fmu").rename(tmp_path / "tank #1: v1.2 (new).fmu")
    path = tmp_path / "s.yaml"
    path.write_text(drafted(tmp_path, path).text)
    assert validated(path) == []
    assert list(cotwin.read_system(path).components) == ["tank #1: v1_2 (new)"]


def test_fmus_that_cannot_be_read_are_named_and_the_others_drafted(tmp_path):
    folder_of(tmp_path, through("a", [], [("y", "1", "")], direct=False))
    (tmp_path / "broken.fmu").write_bytes(b"no archive")
    draft = drafted(tmp_path, tmp_path / "s.yaml")
    assert "broken.fmu" in draft.unreadable[0]
    assert "# cannot be read:" in draft.text
    (tmp_path / "a.fmu").unlink()
    with pytest.raises(DescriptionError, match="no FMU in it that can be read"):
        drafted(tmp_path, tmp_path / "s.yaml")


def test_what_cannot_be_read_is_told_when_a_draft_is_written(tmp_path):
    folder_of(tmp_path, through("a", [], [("y", "1", "")], direct=False))
    (tmp_path / "broken.fmu").write_bytes(b"no archive")
    done = CliRunner().invoke(app, ["new", str(tmp_path)])
    assert done.exit_code == 0
    assert f"left out: {tmp_path / 'broken.fmu'}: not a readable zip archive" in done.stderr.replace("\n", " ")


@pytest.mark.parametrize("name", ["nothing", "a.fmu"])
def test_a_folder_that_is_none_is_named(tmp_path, name):
    (tmp_path / "a.fmu").write_bytes(b"")
    done = CliRunner().invoke(app, ["new", str(tmp_path / name)])
    assert done.exit_code == 2
    assert f"{tmp_path / name}: is no folder; give one with .fmu files in it" in done.stderr.replace("\n", "")


def test_a_folder_of_every_version_with_awkward_names_gives_a_valid_draft_that_runs(tmp_path):
    awkward = ("feed through", "yes", "a.b->c [x]#:", "1e3", "null")
    chosen = (
        ("Feedthrough", "3.0", "co_simulation"),
        ("Integrator", "1.0", "co_simulation"),
        ("VanDerPol", "2.0", "model_exchange"),
        ("StateSpace", "3.0", "co_simulation"),
        ("Clocks", "3.0", "co_simulation"),
    )
    for name, made in zip(awkward, chosen, strict=True):
        shutil.copy(kit_fmu(*made), tmp_path / f"{name}.fmu")
    path = tmp_path / "s.yaml"
    path.write_text(drafted(tmp_path, path).text)
    assert {finding.severity for finding in validated(path)} == {Severity.WARNING}
    description = cotwin.read_system(path)
    assert set(description.components) == {"feed through", "yes", "a_b_c [x]#:", "1e3", "null"}
    with cotwin.open_simulation(description) as simulation:
        assert simulation.run(until=0.1).times[-1] >= 0.1
