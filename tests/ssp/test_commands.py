"""SSP packages on the command line, and wherever a system is named."""

import pytest
from typer.testing import CliRunner

import cotwin
from cotwin.cli import app
from cotwin.validation import validated
from orchestrator.assembly import read_description
from orchestrator.errors import DescriptionError
from tests.kit.build import compiler, kit_fmu
from tests.ssp.texts import bound, component, connection, connections, elements, package, ssd, values

pytestmark = pytest.mark.skipif(compiler() is None, reason="building FMUs needs a C compiler")

DECAY, SUM = "resources/decay.fmu", "resources/sum.fmu"


def structure(rate, name="plant"):
    given = bound(values(f'<ssv:Parameter name="k"><ssv:Real value="{rate}"/></ssv:Parameter>'))
    parts = elements(
        component("decay", "x output", source=DECAY, inner=given), component("sum", "u input", "y output", source=SUM)
    )
    return ssd(parts + connections(connection("sum.u", "decay.x")), name=name)


@pytest.fixture
def plant(tmp_path):
    files = {
        DECAY: kit_fmu("Dahlquist", "2.0", "co_simulation").read_bytes(),
        SUM: kit_fmu("Integrator", "2.0", "co_simulation").read_bytes(),
    }
    return package(tmp_path / "plant.ssp", structure(1), {**files, "Fast.ssd": structure(9, "fast")})


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_package_runs_on_the_command_line(plant, tmp_path):
    done = call("run", plant, "-o", tmp_path / "out", "--step", 0.25)
    assert done.exit_code == 0, done.output
    results = cotwin.Results.load(tmp_path / "out/results.parquet")
    assert len(results.times) == 5


def test_a_variant_is_named_by_its_file(plant, tmp_path):
    for variant in ("Fast", "Fast.ssd"):
        done = call("run", plant, "--variant", variant, "-o", tmp_path / variant, "--stop", 0.5)
        assert done.exit_code == 0, done.output
        assert cotwin.Results.load(tmp_path / variant / "results.parquet")["decay.x"][-1] < 0.05
    wrong = call("run", plant, "--variant", "Slow")
    assert wrong.exit_code == 2
    assert "no variant 'Slow'" in wrong.output


def test_a_setting_wins_over_what_the_package_says(plant, tmp_path):
    done = call("run", plant, "--set", "decay.k=0", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert cotwin.Results.load(tmp_path / "out/results.parquet")["decay.x"][-1] == 1.0


@pytest.mark.parametrize("command", ["explain", "validate"])
def test_a_package_is_explained_and_validated(plant, command):
    done = call(command, plant)
    assert done.exit_code == 0, done.output
    assert "decay" in done.output or "valid" in done.output


def test_departures_from_the_standard_are_warnings(plant, tmp_path):
    files = {
        name: kit_fmu(model, "2.0", "co_simulation").read_bytes()
        for name, model in ((DECAY, "Dahlquist"), (SUM, "Integrator"))
    }
    path = package(tmp_path / "odd.ssp", structure(1).replace('name="root"', 'name="root" colour="red"'), files)
    found = [finding for finding in validated(path) if "colour" in finding.text]
    assert [finding.severity.value for finding in found] == ["warning"]


def test_only_packages_have_variants(tmp_path):
    with pytest.raises(DescriptionError, match="only SSP packages have variants"):
        read_description(tmp_path / "plant.yaml", variant="x")


def test_a_folder_without_a_structure_is_refused_by_name(tmp_path):
    done = call("validate", tmp_path)
    assert done.exit_code == 2
    assert "no SystemStructure.ssd" in done.output.replace("\n", "")
