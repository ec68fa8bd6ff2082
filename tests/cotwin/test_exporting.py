"""Systems written in another format: they run to the same numbers, and their files go with them."""

import zipfile

import pytest
from typer.testing import CliRunner

from cotwin.cli import app
from cotwin.exporting import convert, export_ssp
from orchestrator.assembly import open_simulation
from orchestrator.errors import DescriptionError
from orchestrator.ssp.reader import read_ssp
from orchestrator.ssp.writing.writer import write_ssp
from orchestrator.system.difference import differences
from orchestrator.system.yaml.file import read_system
from tests.kit.build import compiler, kit_fmu
from tests.ssp.test_trees import files, of_2, structure
from tests.ssp.texts import package as make_package

pytestmark = pytest.mark.skipif(compiler() is None, reason="building FMUs needs a C compiler")

SYSTEM = """
name: plant
constants: {{k0: 2}}
components:
  decay: {{source: {decay}, parameters: {{k: k0 / 4}}, check_ranges: true}}
  deep/inner/sum: {{source: {integrator}}}
  other/last: {{source: {integrator}}}
connections: [decay.x -> deep/inner/sum.u, deep/inner/sum.y -> other/last.u]
experiment: {{start: 0, stop: 1, tolerance: 1e-6}}
step_size: 0.125
algorithm: jacobi
record: ["*.y"]
"""


@pytest.fixture
def system(tmp_path):
    files = {
        "decay": kit_fmu("Dahlquist", "3.0", "co_simulation"),
        "integrator": kit_fmu("Integrator", "2.0", "co_simulation"),
    }
    (tmp_path / "system.yaml").write_text(SYSTEM.format(**files))
    return tmp_path / "system.yaml"


def ends(path):
    with open_simulation(path) as simulation:
        results = simulation.run()
    return {name: list(results[name]) for name in results.names}


def cotwin(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_the_exported_package_runs_to_the_same_numbers(system, tmp_path):
    path = export_ssp(read_system(system), tmp_path / "plant.ssp")
    assert ends(path) == ends(system)
    found = read_ssp(path)
    assert (found.step_size, found.algorithm, found.record) == (0.125, "jacobi", ("*.y",))
    assert found.experiment.tolerance == 1e-6
    assert found.components["decay"].check_ranges
    assert found.components["decay"].parameters == {"k": "k0 / 4"}


def test_there_and_back_changes_nothing(system, tmp_path):
    package = convert(system, tmp_path / "plant.ssp")
    back = convert(package, tmp_path / "back.yaml")
    assert differences(read_ssp(package), read_system(back)) == ()
    assert convert(back, tmp_path / "again.ssp").read_bytes() == package.read_bytes()
    assert ends(back) == ends(system)


def test_files_of_a_package_go_into_a_folder_beside_the_yaml_and_replace_none(system, tmp_path):
    package = convert(system, tmp_path / "plant.ssp")
    names = {name.rpartition("/")[2] for name in zipfile.ZipFile(package).namelist()} - {"SystemStructure.ssd"}
    folder = tmp_path / "back_files"
    folder.mkdir()
    (folder / sorted(names)[0]).write_text("mine")
    for _ in range(2):
        convert(package, tmp_path / "back.yaml")
        assert len(list(folder.iterdir())) == len(names) + 1
    assert (folder / sorted(names)[0]).read_text() == "mine"
    assert ends(tmp_path / "back.yaml") == ends(system)


def test_the_commands_write_what_they_say(system, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "wrote plant.ssp" in cotwin("export-ssp", system).stdout
    assert cotwin("export-ssp", system, "-o", "folder", "--version", "2.0").exit_code == 0
    assert 'version="2.0"' in (tmp_path / "folder/SystemStructure.ssd").read_text()
    assert "wrote back.yaml" in cotwin("convert", "folder", "back.yaml").stdout
    assert cotwin("diff", "plant.ssp", "back.yaml").exit_code == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("convert", "system.yaml", "out.xml"), "give .yaml, .yml or .ssp"),
        (("convert", "system.yaml", "out.yaml", "--version", "2.0"), "only SSP has versions"),
        (("export-ssp", "system.yaml", "--version", "3.0"), "use 1.0 or 2.0"),
        (("export-ssp", "system.yaml", "-o", "system.yaml"), "give an .ssp file"),
    ],
)
def test_what_cannot_be_written_is_refused(system, tmp_path, monkeypatch, words, expected):
    monkeypatch.chdir(tmp_path)
    done = cotwin(*words)
    assert done.exit_code == 2
    assert expected in " ".join(done.output.split())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["system.yaml"]


def test_parameters_set_by_connections_are_refused_by_name(system, tmp_path):
    connection = read_system(system).connections[0]
    description = read_system(system).model_copy(
        update={"connections": (connection.model_copy(update={"as_parameter": True}),)}
    )
    with pytest.raises(DescriptionError, match=r"decay\.x -> deep/inner/sum\.u: SSP has no connections that set"):
        export_ssp(description, tmp_path / "plant.ssp")


INPUTS = """
name: fed
components:
  feed: {{source: feed.csv}}
  made: {{signals: {{u: {{ramp: {{from: 0, to: 2, start: 0, stop: 2}}}}}}}}
  deep/a: {{source: {integrator}}}
  b: {{source: {integrator}}}
connections: [feed.u -> deep/a.u, made.u -> b.u]
experiment: {{stop: 2}}
step_size: 0.5
"""


def test_tables_and_signals_go_with_the_package_and_give_the_same_inputs(tmp_path):
    (tmp_path / "feed.csv").write_text("time,u\n0,0\n2,2\n")
    system = tmp_path / "system.yaml"
    system.write_text(INPUTS.format(integrator=kit_fmu("Integrator", "2.0", "co_simulation")))
    package = export_ssp(read_system(system), tmp_path / "fed.ssp")
    assert ends(package) == ends(system)
    with zipfile.ZipFile(package) as archive:
        structure = archive.read("SystemStructure.ssd").decode()
    assert 'type="text/csv" source="resources/feed.csv"' in structure
    assert 'type="application/x-cotwin-signals"' in structure
    assert 'version="2.0"' in structure
    with pytest.raises(DescriptionError, match=r"'made', which has signals and no file: SSP 1\.0 cannot say"):
        export_ssp(read_system(system), tmp_path / "fed.ssp", "1.0")


@pytest.mark.parametrize(("version", "text"), [("1.0", structure("1.0")), ("2.0", of_2())], ids=["1.0", "2.0"])
def test_everything_that_ssp_says_goes_through_yaml(tmp_path, monkeypatch, version, text):
    package = make_package(tmp_path / "plant.ssp", text, files(version))
    back = convert(package, tmp_path / "back.yaml")
    monkeypatch.chdir("/")
    assert write_ssp(read_system(back), tmp_path / "again.ssp").is_file()
    direct = write_ssp(read_ssp(package), tmp_path / "direct.ssp")
    assert (tmp_path / "again.ssp").read_bytes() == direct.read_bytes()
    for binding in read_system(back).subsystems[""].bindings:
        assert binding.source == (tmp_path / "back_files/p.ssv").resolve()


def test_an_estimator_goes_with_the_package_and_out_of_it(system, tmp_path):
    cheap = kit_fmu("Dahlquist", "2.0", "co_simulation")
    text = system.read_text().replace("check_ranges: true", f"estimator: {cheap}").replace("jacobi", "iterative")
    system.write_text(text)
    package = convert(system, tmp_path / "plant.ssp")
    back = read_system(convert(package, tmp_path / "back.yaml"))
    estimator = back.components["decay"].estimator
    assert estimator.parent == tmp_path.resolve() / "back_files"
    assert estimator.read_bytes() == cheap.read_bytes()
