"""What departs from the standard is told beside what is understood."""

import zipfile
from importlib.util import find_spec

import pytest

from orchestrator.ssp import schema
from orchestrator.ssp.reader import read_ssp
from orchestrator.ssp.schema import violations
from tests.ssp.everything import everything
from tests.ssp.texts import (
    ENUMERATIONS,
    UNITS,
    bound,
    component,
    connection,
    connections,
    elements,
    package,
    ssb,
    ssd,
    ssm,
    ssv,
    values,
)

REAL = '<ssv:Parameter name="k"><ssv:Real value="1"/></ssv:Parameter>'
ENTRY = '<ssm:MappingEntry source="k" target="g"/>'


def test_a_package_of_the_standard_has_no_violations(tmp_path):
    dictionary = ssb(
        '<ssb:DictionaryEntry name="T"><ssc:Real unit="K"/></ssb:DictionaryEntry>', UNITS.replace("ssd:", "ssb:")
    )
    mapping = f"<ssd:ParameterMapping>{ssm(ENTRY)}</ssd:ParameterMapping>"
    one = '<ssd:Component name="a" source="resources/a.fmu"><ssd:Connectors><ssd:Connector name="y" kind="output">'
    one += f"<ssc:Real/></ssd:Connector></ssd:Connectors>{bound(values(REAL) + mapping)}</ssd:Component>"
    text = elements(one, component("b", "u input")) + connections(connection("a.y", "b.u"))
    inline = f'<ssd:SignalDictionary name="d">{dictionary}</ssd:SignalDictionary>'
    text += f"<ssd:SignalDictionaries>{inline}</ssd:SignalDictionaries>"
    files = {"resources/p.ssv": ssv(REAL), "resources/m.ssm": ssm(ENTRY), "resources/b.ssb": dictionary}
    path = package(tmp_path / "plant.ssp", ssd(text, ENUMERATIONS + UNITS), files)
    assert violations(path) == ()


def test_violations_are_named_with_file_and_line_and_the_import_goes_on(tmp_path):
    inline = bound(values('<ssv:Parameter name="k"><ssv:Float64 value="1"/></ssv:Parameter>'))
    text = ssd(elements(component("a", inner=inline, more='colour="red"')))
    path = package(tmp_path / "plant.ssp", text, {"resources/p.ssv": ssv("<ssv:Other/>")})
    found = violations(path)
    assert len(found) == 3
    assert f"{path}/SystemStructure.ssd:3: " in found[0]
    assert "'colour' is not allowed" in found[0]
    assert "Float64': This element is not expected" in found[1]
    assert f"{path}/resources/p.ssv:1: " in found[2]
    assert read_ssp(path).components["a"].bindings[0].values == {"k": 1.0}


def test_files_of_ssp_2_are_checked_where_its_schemas_are_installed(tmp_path):
    if find_spec("pyssp_standard") is None:
        pytest.skip("pyssp-standard is not installed")
    inline = bound(values('<ssv:Parameter name="k"><ssv:Float64 value="1"/></ssv:Parameter>', version="2.0"))
    sound = ssd(elements(component("a", inner=inline)), version="2.0")
    path = package(tmp_path / "plant.ssp", sound)
    assert violations(path) == ()
    (found,) = violations(package(tmp_path / "wrong.ssp", sound.replace("Float64 value", "Float65 value")))
    assert "wrong.ssp/SystemStructure.ssd:3: " in found
    assert "Float65': This element is not expected" in found


def test_files_of_ssp_2_are_named_with_the_remedy_where_no_schema_of_it_is_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(schema, "find_spec", lambda name: None if name == "pyssp_standard" else find_spec(name))
    inline = bound(values('<ssv:Parameter name="k"><ssv:Float64 value="1"/></ssv:Parameter>', version="2.0"))
    path = package(tmp_path / "plant.ssp", ssd(elements(component("a", inner=inline)), version="2.0"))
    (told,) = violations(path)
    assert told.startswith(f"{path}: not checked against a schema: SystemStructure.ssd of SSP 2.0; install ")
    assert told.endswith("pip install --no-deps pyssp-standard")
    many = package(tmp_path / "plant.ssp", *everything())
    assert "SystemStructure.ssd, b.ssb, m.ssm and 2 more files of SSP 2.0" in violations(many)[0]


def test_values_in_findings_are_shortened(tmp_path):
    wrong = bound(values(f'<ssv:Parameter name="k"><ssv:Integer value="{"9x" * 50_000}"/></ssv:Parameter>'))
    unit = bound(values(f'<ssv:Parameter name="k"><ssv:Real value="1" unit="{"m" * 10**5}"/></ssv:Parameter>'))
    text = ssd(elements(component("a", inner=wrong), component("b", inner=unit)))
    found = violations(package(tmp_path / "plant.ssp", text))
    assert found
    assert all(len(finding) < 1000 for finding in found)
    assert any(f"'{'9x' * 100}..." in finding for finding in found)


def test_units_that_their_file_does_not_define_are_named(tmp_path):
    inline = bound(values('<ssv:Parameter name="k"><ssv:Real value="1" unit="bar"/></ssv:Parameter>'))
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources/a.fmu").touch()
    path = tmp_path / "SystemStructure.ssd"
    path.write_text(ssd(elements(component("a", inner=inline)), UNITS))
    assert violations(path) == (f"{path}:3: the unit 'bar' is not among the Units of its file",)
    assert violations(tmp_path) == violations(path)


def test_methods_of_compression_that_others_refuse_are_named(tmp_path):
    path = package(tmp_path / "plant.ssp", ssd(elements(component("a"))))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_LZMA) as archive:
        archive.writestr("extra/x", "x")
    assert violations(path) == (f"{path}: entry 'extra/x': SSP allows only the methods stored and deflated",)


def test_a_file_that_nothing_needs_may_be_broken(tmp_path):
    path = package(tmp_path / "plant.ssp", ssd(elements(component("a"))), {"extra/x.ssv": "time;value"})
    assert "extra/x.ssv is not valid XML" in violations(path)[0]
    assert list(read_ssp(path).components) == ["a"]
