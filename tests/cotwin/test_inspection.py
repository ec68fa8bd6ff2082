"""What `cotwin inspect` says: the same things in tables, in narrow terminals and as JSON."""

import json
import zipfile
from dataclasses import replace

import pytest
from rich.console import Console
from typer.testing import CliRunner

from cotwin import terminal
from cotwin.cli import app
from cotwin.inspection import SCHEMA, as_data, inspected
from cotwin.validation import Severity, validated
from orchestrator.fmi.variables import read_model
from tests.kit.build import combinations, kit_fmu


def rows(tables, title):
    return [tuple(row) for table in tables if table.title == title for row in table.rows]


@pytest.fixture(scope="module")
def violating(toys, tmp_path_factory):
    """The lag with an attribute that the standard does not know."""
    path = tmp_path_factory.mktemp("violating") / "lag.fmu"
    with zipfile.ZipFile(toys.lag) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "modelDescription.xml":
                data = data.replace(b"<fmiModelDescription ", b'<fmiModelDescription colour="red" ')
            target.writestr(name, data)
    return path


def test_inspection_tells_identity_capabilities_and_variables(toys):
    tables = inspected(read_model(toys.lag, validate=True))
    identity = dict(tables[0].rows)
    assert identity["FMI version"] == "3.0"
    assert identity["states written by"] == "restart"
    variables = {row[0]: row for row in rows(tables, "Variables")}
    assert variables["T"][1:6] == ("parameter", "fixed", "Float64", "s", "2")
    assert rows(tables, "Warnings: violations of the standard") == []


def test_an_fmu_without_a_stop_time_says_how_to_give_one(toys):
    model = read_model(toys.lag)
    without = replace(model, default_experiment=model.default_experiment._replace(stop=None))
    assert dict(inspected(without)[0].rows)["default stop"] == "none: give `cotwin run` one with --stop"
    given = replace(model, default_experiment=model.default_experiment._replace(stop=2.5))
    assert dict(inspected(given)[0].rows)["default stop"] == "2.5"


def test_capabilities_stand_side_by_side_for_every_kind(toys):
    (table,) = (one for one in inspected(read_model(toys.lag)) if one.title == "Declared capabilities")
    assert table.header == ("", "CoSimulation", "ModelExchange")
    declared = {row[0]: row[1:] for row in table.rows}
    assert declared["canGetAndSetFMUState"] == ("yes", "yes")
    assert declared["canHandleVariableCommunicationStepSize"] == ("yes", "-")
    assert declared["maxOutputDerivativeOrder"] == ("0", "-"), "a number that is no flag stays a number"


def test_inspection_tells_which_outputs_have_feedthrough(toys):
    assert rows(inspected(read_model(toys.lag)), "Direct feedthrough") == [("x", "none")]
    assert rows(inspected(read_model(toys.failing)), "Direct feedthrough") == [("y", "u")]


def test_violations_are_warnings_with_the_words_of_the_schema(violating):
    (warning,) = [row[0] for row in rows(inspected(read_model(violating, validate=True)), _WARNINGS)]
    assert "colour" in warning


_WARNINGS = "Warnings: violations of the standard"


def test_json_is_all_that_is_printed_and_reads_back_as_the_data(toys):
    done = CliRunner().invoke(app, ["inspect", str(toys.lag), "--json"])
    assert done.exit_code == 0
    data = json.loads(done.stdout)
    assert data == as_data(read_model(toys.lag, validate=True))
    assert data["schema"] == SCHEMA
    by_name = {variable["name"]: variable for variable in data["variables"]}
    assert by_name["T"]["start"] == [2.0]
    assert by_name["T"]["unit"] == "s"
    assert by_name["x"]["depends_on"] == []
    assert "depends_on" not in by_name["u"], "only outputs depend"
    assert data["kinds"]["ModelExchange"]["modelIdentifier"] == "lag"


def test_json_says_everything_that_the_tables_say(toys, violating):
    for path in (toys.lag, toys.failing, violating):
        model = read_model(path, validate=True)
        said = json.dumps(as_data(model))
        for row in rows(inspected(model), "Variables"):
            assert all(json.dumps(cell)[1:-1] in said for cell in (row[0], row[3], row[4], row[-1]))
        for (warning,) in rows(inspected(model), _WARNINGS):
            assert json.dumps(warning)[1:-1] in said


def test_json_keys_of_the_first_schema_are_all_there(toys):
    data = as_data(read_model(toys.failing))
    assert set(data) == {
        *("schema", "file", "model_name", "description", "fmi_version", "token", "model_version", "generation_tool"),
        *("kinds", "capabilities", "platforms", "log_categories", "default_experiment", "variables", "not_imported"),
        *("warnings", "clocks"),
    }
    common = {"name", "causality", "variability", "initial", "type", "shape", "unit", "start", "min", "max", "nominal"}
    common |= {"state", "items", "description", "display_unit"}
    assert all(common <= set(variable) <= common | {"depends_on"} for variable in data["variables"])


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_name_is_broken_in_a_narrow_terminal(toys, width, monkeypatch, capsys):
    monkeypatch.setattr(terminal, "output", Console(highlight=False, width=width))
    terminal.show(inspected(read_model(toys.lag)))
    shown = capsys.readouterr().out
    assert all(len(line) <= width for line in shown.splitlines())
    for word in ("canHandleVariableCommunicationStepSize", "parameter", "continuous", "Float64"):
        assert word in shown


def test_clocks_have_a_table_of_their_own():
    clocks = read_model(kit_fmu("Clocks", "3.0", "co_simulation"))
    assert {row[0]: row[1:3] for row in rows(inspected(clocks), "Clocks")}["tick"] == ("input", "constant")
    assert {clock["name"] for clock in as_data(clocks)["clocks"]} == {"tick", "third"}
    assert rows(inspected(clocks), "Not imported") == []


@pytest.mark.parametrize("combination", combinations(), ids="-".join)
def test_every_version_kind_and_type_of_the_kit_is_inspected_and_valid(combination):
    path = kit_fmu(*combination)
    model = read_model(path, validate=True)
    assert inspected(model)
    json.dumps(as_data(model), allow_nan=False)
    obstacles = [finding.text for finding in validated(path) if finding.severity is not Severity.WARNING]
    assert obstacles == []
