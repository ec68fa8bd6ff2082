"""What a description becomes in the files of an SSP."""

import re
import zipfile

import pytest
from lxml import etree

from orchestrator.errors import DescriptionError
from orchestrator.ssp.reader import read_ssp
from orchestrator.ssp.schema import violations
from orchestrator.ssp.writing.writer import write_ssp
from orchestrator.system.connections.flattening import Flattened
from orchestrator.system.connector import Causality, Connector, Storage, Variability
from orchestrator.system.description import SystemDescription
from orchestrator.system.quantities.units import Unit
from orchestrator.system.yaml.file import from_mapping
from tests.ssp.texts import ssv

KELVIN = Unit("K", (0, 0, 0, 0, 1, 0, 0, 0))
CELSIUS = Unit("degC", (0, 0, 0, 0, 1, 0, 0, 0), 1.0, 273.15)


def variable(name, causality, unit=None, storage=Storage.FLOAT64, **more):
    return Connector(name, Causality(causality), storage, 1, unit=unit, **more)


def interface(unit=None):
    tunable = {"variability": Variability.TUNABLE, "start": (1.0,)}
    return (variable("u", "input", unit), variable("y", "output", unit), variable("k", "parameter", unit, **tunable))


@pytest.fixture
def described(tmp_path):
    """A description of components that all have an input u, an output y and a parameter k."""
    (tmp_path / "a.fmu").write_bytes(b"an FMU in name only")

    def made(names, connections=(), **more):
        components = {name: {"source": "a.fmu"} for name in names} if not isinstance(names, dict) else names
        data = {"name": "plant", "components": components, "connections": list(connections)}
        times = {"experiment": {"stop": 1.0}, "step_size": 0.125}
        return from_mapping({**data, **times, **more}, tmp_path, "here")

    return made


def interfaces(description, **units):
    return {name: interface(units.get(name.rpartition("/")[2])) for name in description.components}


def written(description, path, **options):
    return write_ssp(description, path / "plant.ssp", interfaces=interfaces(description), **options)


def structure(path):
    return etree.fromstring(zipfile.ZipFile(path).read("SystemStructure.ssd"))


def links(description, known):
    return {(link.source, link.destination, link.conversion) for link in Flattened(description, known).links}


def test_connectors_that_are_connected_are_declared_with_type_and_unit_of_the_file(described, tmp_path):
    description = described("ab", ["a.y -> b.u"])
    path = write_ssp(description, tmp_path / "p.ssp", interfaces=interfaces(description, a=CELSIUS, b=KELVIN))
    found = read_ssp(path)
    assert {name: list(part.connectors) for name, part in found.components.items()} == {"a": ["y"], "b": ["u"]}
    assert (found.components["a"].connectors["y"].unit, found.units["degC"].offset) == ("degC", 273.15)
    assert found.units["K"].exponents == {"K": 1}


def test_units_of_one_name_and_two_meanings_get_two_names(described, tmp_path):
    description = described("ab", ["a.y -> b.u"])
    other = Unit("degC", (0, 0, 0, 0, 1, 0, 0, 0), 1.0, 273.0)
    found = read_ssp(write_ssp(description, tmp_path / "p.ssp", interfaces=interfaces(description, a=CELSIUS, b=other)))
    assert {name: unit.offset for name, unit in found.units.items()} == {"degC": 273.15, "degC_2": 273.0}


NESTED = ["heat/a", "heat/b", "cool/deep/c", "cool/deep/d", "e"]
CROSSING = ["heat/a.y -> cool/deep/c.u", "heat/a.y -> cool/deep/d.u", "heat/a.y -> heat/b.u", "cool/deep/c.y -> e.u"]


def test_connections_across_borders_go_through_connectors_of_the_systems(described, tmp_path):
    description = described(NESTED, CROSSING)
    found = read_ssp(written(description, tmp_path))
    shown = {path: list(part.connectors) for path, part in found.subsystems.items()}
    assert shown == {
        "": [],
        "heat": ["a_y"],
        "cool": ["heat_a_y", "deep_c_y"],
        "cool/deep": ["heat_a_y", "c_y"],
    }
    assert sorted(map(str, found.connections)) == [
        "cool.deep_c_y -> e.u",
        "cool.heat_a_y -> cool/deep.heat_a_y",
        "cool/deep.c_y -> cool.deep_c_y",
        "cool/deep.heat_a_y -> cool/deep/c.u",
        "cool/deep.heat_a_y -> cool/deep/d.u",
        "cool/deep/c.y -> cool/deep.c_y",
        "heat.a_y -> cool.heat_a_y",
        "heat/a.y -> heat.a_y",
        "heat/a.y -> heat/b.u",
    ]


def test_the_values_that_flow_are_the_same_through_borders(described, tmp_path):
    known = dict.fromkeys(NESTED, ()) | {name: interface(CELSIUS if name == "heat/a" else KELVIN) for name in NESTED}
    description = described(NESTED, CROSSING)
    found = read_ssp(write_ssp(description, tmp_path / "p.ssp", interfaces=known))
    assert links(found, known) == links(description, known)
    assert next(iter(links(found, known)))[2].offset in (0.0, 273.15)


def test_values_for_others_are_numbers_and_come_back_as_they_were_given(described, tmp_path):
    parameters = {"k": "2 * T0"}
    description = described({"a": {"source": "a.fmu", "parameters": parameters}}, constants={"T0": 4})
    path = written(description, tmp_path)
    assert structure(path).find(".//{*}Parameter/{*}Real").get("value") == "8.0"
    assert read_ssp(path).components["a"].parameters == parameters
    assert read_ssp(path).components["a"].bindings == ()
    assert read_ssp(path).constants == {"T0": 4}


def test_what_others_change_in_the_numbers_wins_over_the_annotation(described, tmp_path):
    description = described({"a": {"source": "a.fmu", "parameters": {"k": "2 * 4"}}})
    path = write_ssp(description, tmp_path / "plant", interfaces=interfaces(description))
    file = path / "SystemStructure.ssd"
    file.write_text(file.read_text().replace('value="8.0"', 'value="9.5"'))
    assert read_ssp(path).components["a"].parameters == {"k": 9.5}


def test_one_file_is_there_once_and_files_of_one_name_get_names_of_their_own(described, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "copy").mkdir()
    (tmp_path / "other/a.fmu").write_bytes(b"something else")
    (tmp_path / "copy/a.fmu").write_bytes(b"an FMU in name only")
    sources = {"a": "a.fmu", "b": "a.fmu", "c": "copy/a.fmu", "d": "other/a.fmu"}
    description = described({name: {"source": source} for name, source in sources.items()})
    path = written(description, tmp_path)
    assert zipfile.ZipFile(path).namelist() == ["SystemStructure.ssd", "resources/a.fmu", "resources/a_2.fmu"]
    found = {name: part.source.read_bytes() for name, part in read_ssp(path).components.items()}
    assert found == {name: (tmp_path / source).read_bytes() for name, source in sources.items()}


def test_the_same_description_gives_the_same_bytes(described, tmp_path):
    description = described(NESTED, CROSSING, record=["e.*"])
    first = written(description, tmp_path).read_bytes()
    assert written(description, tmp_path).read_bytes() == first


def test_a_folder_is_written_where_the_path_has_no_suffix_and_replaced_as_a_whole(described, tmp_path):
    target = tmp_path / "plant"
    for names in ("ab", "c"):
        description = described(names)
        write_ssp(description, target, interfaces=interfaces(description))
        assert list(read_ssp(target).components) == list(names)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.fmu", "plant"]


@pytest.mark.parametrize("name", ["plant.zip", "taken", "missing/plant.ssp"])
def test_a_path_that_cannot_be_written_to_is_refused_and_nothing_is_lost(described, tmp_path, name):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/diary.txt").write_text("mine")
    with pytest.raises(DescriptionError, match="give an"):
        write_ssp(described("a"), tmp_path / name)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.fmu", "taken"]
    assert (tmp_path / "taken/diary.txt").read_text() == "mine"


def test_what_fails_leaves_the_file_that_was_there(described, tmp_path):
    path = written(described("a"), tmp_path)
    before = path.read_bytes()
    description = described({"a": {"source": "gone.fmu"}})
    with pytest.raises(DescriptionError, match=r"gone\.fmu: cannot be read"):
        write_ssp(description, path)
    assert path.read_bytes() == before


REFUSED = {
    "as_parameter": (
        lambda made: made("ab").model_copy(update={"connections": as_parameter(made)}),
        "SSP has no connections that set a parameter",
    ),
    "unknown connector": (lambda made: made("ab", ["a.z -> b.u"]), "'a' has no output 'z'; known"),
    "unknown component": (lambda made: made("ab", ["a.y -> c.u"]), "there is no component 'c'"),
    "no time": (lambda made: made("a", experiment={"start": 1.0, "stop": 1.0}), "not after its start"),
    "a name": (lambda made: made({"a": {"source": "a.fmu", "markup": {"label": "x.y"}}}), "come back as 'x_y'"),
    "characters": (
        lambda made: made({"a": {"source": "a.fmu", "markup": {"description": "\x01"}}}),
        "characters that no XML file can",
    ),
    "no XML": (lambda made: made({"a": {"source": "a.fmu", "markup": {"annotations": ["<a"]}}}), "is no XML element"),
}


def as_parameter(made):
    connection = made("ab", ["a.y -> b.k"]).connections[0]
    return (connection.model_copy(update={"as_parameter": True}),)


@pytest.mark.parametrize("name", REFUSED)
def test_what_ssp_cannot_say_is_refused_by_name(described, tmp_path, name):
    make, expected = REFUSED[name]
    with pytest.raises(DescriptionError, match=expected):
        written(make(described), tmp_path)
    assert not (tmp_path / "plant.ssp").exists()


NEWER = {
    "structuralParameter": {"connectors": {"n": {"kind": "structuralParameter", "type": "Integer"}}},
    "an array": {"connectors": {"n": {"kind": "input", "type": "Real", "dimensions": [3]}}},
    "of the type UInt8": {"connectors": {"n": {"kind": "input", "type": "UInt8"}}},
    "of the type Clock": {"connectors": {"n": {"kind": "input", "type": "Clock", "interval_variability": "triggered"}}},
    "of the kind scheduled_execution": {"kind": "scheduled_execution"},
    "of the type Int64": {"bindings": [{"name": "set", "values": {"k": 2**40}}]},
}


@pytest.mark.parametrize("name", NEWER)
def test_the_oldest_version_that_can_say_everything_is_written(described, tmp_path, name):
    description = described({"a": {"source": "a.fmu", **NEWER[name]}})
    with pytest.raises(DescriptionError, match=f"{name}.*: SSP 1.0 cannot say this; write version 2.0"):
        write_ssp(description, tmp_path / "plant.ssp", version="1.0")
    path = write_ssp(description, tmp_path / "plant.ssp")
    assert structure(path).get("version") == "2.0"
    assert structure(write_ssp(described("a"), path)).get("version") == "1.0"
    assert structure(write_ssp(described("a"), path, version="2.0")).get("version") == "2.0"


def test_versions_that_are_not_written_are_named(described, tmp_path):
    with pytest.raises(DescriptionError, match=r"'3\.0' is not written; use 1\.0 or 2\.0"):
        write_ssp(described("a"), tmp_path / "plant.ssp", version="3.0")


def test_what_is_written_as_ssp_1_0_satisfies_its_schemas(described, tmp_path):
    parts = {name: {"source": "a.fmu", "parameters": {"k": 2}} for name in NESTED}
    description = described(parts, CROSSING, units={"bar": {"exponents": {"kg": 1, "m": -1, "s": -2}, "factor": 1e5}})
    assert isinstance(description, SystemDescription)
    path = written(description, tmp_path, version="1.0")
    assert violations(path) == ()


def test_arrays_feed_scalars_of_their_name_element_by_element(described, tmp_path):
    description = described("ab", ["a.S -> b.S", "a.S[2:3] -> b.T[1:2]"])
    scalars = [variable(f"S[{index}]", "input") for index in (1, 2, 3)]
    known = {
        "a": (variable("S", "output", shape=(3,)),),
        "b": (*scalars, variable("T", "input", shape=(2,))),
    }
    found = read_ssp(write_ssp(description, tmp_path / "plant.ssp", interfaces=known))
    expected = ["a.S[1] -> b.S[1]", "a.S[2] -> b.S[2]", "a.S[3] -> b.S[3]", "a.S[2] -> b.T[1]", "a.S[3] -> b.T[2]"]
    assert [str(connection) for connection in found.connections] == expected
    assert links(found, known) == links(description, known)


def test_an_element_of_an_array_crosses_borders_with_the_whole_array(described, tmp_path):
    description = described(["s/a", "t/b"], ["s/a.S[2] -> t/b.u", "s/a.S -> t/b.S"])
    known = {"s/a": (variable("S", "output", shape=(3,)),)}
    known["t/b"] = (variable("u", "input"), variable("S", "input", shape=(3,)))
    found = read_ssp(write_ssp(description, tmp_path / "plant.ssp", interfaces=known))
    assert "t.s_a_S[2] -> t/b.u" in map(str, found.connections)
    assert links(found, known) == links(description, known)


def test_a_surrogate_goes_with_the_package_and_comes_back(described, tmp_path):
    surrogate = tmp_path / "a.surrogate"
    (surrogate / "weights").mkdir(parents=True)
    (surrogate / "card.json").write_text("{}")
    (surrogate / "weights/first.bin").write_bytes(b"\x00")
    swap = {"surrogate": "a.surrogate", "to_surrogate_at": 0.5, "shadow": 3}
    description = described({"a": {"source": "a.fmu", "swap": swap}, "b": {"source": "a.surrogate"}})
    for path in (tmp_path / "plant", tmp_path / "plant.ssp"):
        found = read_ssp(write_ssp(description, path)).components
        assert (found["a"].swap.shadow, found["a"].swap.to_surrogate_at) == (3, 0.5)
        assert found["a"].swap.surrogate == found["b"].source
        names = sorted(file.relative_to(found["b"].source).as_posix() for file in found["b"].source.rglob("*"))
        assert names == ["card.json", "weights", "weights/first.bin"]


def test_an_estimator_goes_with_the_package_and_comes_back(described, tmp_path):
    (tmp_path / "cheap.fmu").write_bytes(b"cheap")
    description = described({"a": {"source": "a.fmu", "estimator": "cheap.fmu"}})
    for path in (tmp_path / "plant", tmp_path / "plant.ssp"):
        found = read_ssp(write_ssp(description, path)).components["a"].estimator
        assert found.name == "cheap.fmu"
        assert found.read_bytes() == b"cheap"
    missing = description.components["a"].model_copy(update={"estimator": tmp_path / "none.fmu"})
    with pytest.raises(DescriptionError, match=r"none\.fmu: cannot be read"):
        write_ssp(description.model_copy(update={"components": {"a": missing}}), tmp_path / "plant.ssp")


def test_the_delay_of_a_connection_across_borders_is_that_of_its_last_part(described, tmp_path):
    description = described(["s/a", "t/b"], ["s/a.y -> t/b.u", {"connect": "s/a.y -> t/b.w", "delay": True}])
    known = {"s/a": (variable("y", "output"),), "t/b": (variable("u", "input"), variable("w", "input"))}
    path = write_ssp(description, tmp_path / "plant", interfaces=known)
    assert violations(path) == ()
    found = {link.destination.connector: link.delay for link in Flattened(read_ssp(path), known).links}
    assert found == {"u": False, "w": True}


def test_ids_stay_unique_where_one_system_is_used_twice(described, tmp_path):
    twice = {name: {"source": "a.fmu", "markup": {"id": "pump"}} for name in "ab"}
    path = written(described(twice), tmp_path)
    assert [each.get("id") for each in structure(path).iter("{*}Component")] == ["pump", None]
    assert violations(path) == ()


def test_a_set_within_the_fmu_stays_there_until_it_is_changed(described, tmp_path):
    with zipfile.ZipFile(tmp_path / "own.fmu", "w") as archive:
        archive.writestr("resources/p.ssv", ssv('<ssv:Parameter name="k"><ssv:Real value="7"/></ssv:Parameter>'))
    for value, expected in ((7.0, "component"), (8.0, None)):
        binding = {"name": "set", "values": {"k": value}, "source": tmp_path / "own.fmu/resources/p.ssv"}
        path = written(described({"a": {"source": "own.fmu", "bindings": [binding]}}), tmp_path)
        assert structure(path).find(".//{*}ParameterBinding").get("sourceBase") == expected
        assert read_ssp(path).components["a"].bindings[0].values == {"k": value}


def test_a_dictionary_that_a_nearer_one_hides_is_refused(described, tmp_path):
    bus = {"dictionaries": {"bus": {"entries": {}}}}
    description = described(["s/a"], subsystems={"": bus, "s": bus, "s/r": {"signal_dictionary": "bus"}})
    with pytest.raises(DescriptionError, match="'s/r' cannot refer to the signal dictionary 'bus': another one is"):
        written(description, tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"given": 1}', '{"given": {"k": [[1]]}}', '{"other": 1}'])
def test_a_damaged_annotation_of_a_binding_is_refused_by_name(described, tmp_path, text):
    description = described({"a": {"source": "a.fmu", "parameters": {"k": "2 * 4"}}})
    path = write_ssp(description, tmp_path / "plant", interfaces=interfaces(description))
    file = path / "SystemStructure.ssd"
    file.write_text(re.sub(r"(<description[^>]*>)\{.*\"given\".*\}(</description>)", rf"\1{text}\2", file.read_text()))
    with pytest.raises(DescriptionError, match="ParameterBinding: the annotation of cotwin"):
        read_ssp(path)


def test_icons_of_one_name_and_two_contents_are_both_kept(described, tmp_path):
    geometry = (
        '<ssd:ElementGeometry xmlns:ssd="http://ssp-standard.org/SSP1/SystemStructureDescription" '
        'iconSource="icon.svg" x1="0" x2="1" y1="0" y2="1"></ssd:ElementGeometry>'
    )
    parts = {}
    for name in "abc":
        (tmp_path / name).mkdir()
        (tmp_path / name / "icon.svg").write_text("<svg/>" if name == "c" else f"<svg id='{name}'/>")
        files = {"icon.svg": str(tmp_path / name / "icon.svg")}
        parts[name] = {"source": "a.fmu", "markup": {"geometry": [geometry], "files": files}}
    path = written(described(parts), tmp_path)
    for name, part in read_ssp(path).components.items():
        (icon,) = part.markup.files.values()
        assert icon.read_text() == (tmp_path / name / "icon.svg").read_text()
    assert violations(path) == ()
