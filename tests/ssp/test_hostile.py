"""Packages that are wrong, by accident or on purpose: each is refused once, with file, place and remedy."""

import os
import zipfile

import pytest

from orchestrator import archives
from orchestrator.errors import DescriptionError
from orchestrator.ssp import systems
from orchestrator.ssp.reader import read_ssp, variants
from tests.ssp.texts import (
    ENUMERATIONS,
    UNITS,
    bound,
    component,
    connection,
    connections,
    connector,
    connectors,
    elements,
    package,
    ssb,
    ssd,
    ssm,
    ssv,
    values,
)

PAIR = elements(component("a", "y output", "u input"), component("b", "y output", "u input"))
SUB = 'type="application/x-ssp-definition"'
SSP = 'type="application/x-ssp-package"'
REAL = '<ssv:Parameter name="{}"><ssv:Real value="{}"/></ssv:Parameter>'
MAP = '<ssc:IntegerMappingTransformation><ssc:MapEntry source="{}" target="1"/></ssc:IntegerMappingTransformation>'


def refusal(path, **more):
    with pytest.raises(DescriptionError) as caught:
        read_ssp(path, **more)
    assert str(path) in str(caught.value)
    return str(caught.value)


def wrong(tmp_path, structure, files=None):
    message = refusal(package(tmp_path / "plant.ssp", structure, files))
    assert len(message.splitlines()) == 1, message
    return message


OUTSIDE = [
    "../a.fmu",
    "resources/../../a.fmu",
    "%2e%2e/a.fmu",
    "/etc/passwd",
    "file:///etc/passwd",
    "http://example.org/a.fmu",
    "//example.org/a.fmu",
    "C:/a.fmu",
    "resources\\a.fmu",
    "resources/a.fmu?x",
    "resources/%00.fmu",
]


@pytest.mark.parametrize("source", OUTSIDE)
@pytest.mark.parametrize("kind", ["", SUB, SSP])
def test_components_outside_of_the_package_are_refused(tmp_path, source, kind):
    message = wrong(tmp_path, ssd(elements(component("x", source=source, more=kind), component("a"))))
    assert "SystemStructure.ssd:3: Component 'x': source: " in message
    assert any(text in message for text in ("is outside of", "is not relative", "names no file"))


@pytest.mark.parametrize("source", ["../p.ssv", "file:/etc/passwd", "https://example.org/p.ssv"])
def test_sets_mappings_and_dictionaries_outside_of_the_package_are_refused(tmp_path, source):
    for text in (
        elements(component("a", inner=bound("", f'source="{source}"'))),
        elements(component("a", inner=bound(values("") + f'<ssd:ParameterMapping source="{source}"/>'))),
        PAIR + f'<ssd:SignalDictionaries><ssd:SignalDictionary name="b" source="{source}"/></ssd:SignalDictionaries>',
    ):
        assert any(word in wrong(tmp_path, ssd(text)) for word in ("is outside of", "is not relative"))


def test_a_surrogate_outside_of_the_package_is_refused(tmp_path):
    own = (
        '<ssc:Annotations><ssc:Annotation type="cotwin.description">{"swap": {"surrogate": "../x.surrogate",'
        ' "to_surrogate_at": 1}}</ssc:Annotation></ssc:Annotations>'
    )
    assert "swap.surrogate: '../x.surrogate' is outside" in wrong(tmp_path, ssd(elements(component("a", inner=own))))


def test_an_estimator_outside_of_the_package_is_refused(tmp_path):
    own = '<ssc:Annotation type="cotwin.description">{"estimator": "../x.fmu"}</ssc:Annotation>'
    own = f"<ssc:Annotations>{own}</ssc:Annotations>"
    assert "estimator: '../x.fmu' is outside" in wrong(tmp_path, ssd(elements(component("a", inner=own))))


def test_the_delay_of_a_connection_is_true_or_false(tmp_path):
    own = '<ssc:Annotations><ssc:Annotation type="cotwin.description">{"delay": 1}</ssc:Annotation></ssc:Annotations>'
    text = elements(component("a", "u input", "y output")) + connections(connection("a.y", "a.u", own))
    assert "delay: 1: write true or false" in wrong(tmp_path, ssd(text))


def test_a_link_out_of_a_folder_is_refused(tmp_path):
    outside = tmp_path / "secret.fmu"
    outside.touch()
    folder = tmp_path / "plant"
    (folder / "resources").mkdir(parents=True)
    (folder / "resources/a.fmu").symlink_to(outside)
    (folder / "SystemStructure.ssd").write_text(ssd(elements(component("a"))))
    assert "is outside of" in refusal(folder)


def test_a_missing_fmu_is_named(tmp_path):
    message = wrong(tmp_path, ssd(elements(component("a"), component("x", source="resources/x.fmu"))))
    assert "Component 'x': source: there is no file 'resources/x.fmu' in" in message


ONE = '<ssd:System name="s" id="s">{}</ssd:System>'
CYCLES = [
    elements(component("a"), component("x", source="SystemStructure.ssd", more=SUB)),
    elements(component("a"), component("x", source="resources/1.ssd", more=SUB)),
    elements(component("a"), ONE.format(elements(component("x", source="#s", more=SUB)))),
    elements(
        component("a"),
        '<ssd:System name="s" id="s">' + elements(component("x", source="#t", more=SUB)) + "</ssd:System>",
        '<ssd:System name="t" id="t">' + elements(component("a")) + "</ssd:System>",
    ).replace('id="t">' + elements(component("a")), 'id="t">' + elements(component("y", source="#s", more=SUB))),
]


@pytest.mark.parametrize("structure", CYCLES, ids=range(len(CYCLES)))
def test_systems_that_contain_themselves_are_refused(tmp_path, structure):
    one, two = (ssd(elements(component("x", source=f"{n}.ssd", more=SUB))) for n in (2, 1))
    path = package(tmp_path / "plant.ssp", ssd(structure), {"resources/1.ssd": one, "resources/2.ssd": two})
    message = refusal(path)
    assert "contains this component itself; nest no system in itself" in message


def test_packages_within_each_other_end_at_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(systems, "MAX_DEPTH", 3)
    path = package(tmp_path / "plant.ssp", ssd(elements(component("a"))))
    for _ in range(6):
        around = ssd(elements(component("n", source="resources/s.ssp", more=SSP)))
        path = package(tmp_path / "plant.ssp", around, {"resources/s.ssp": path.read_bytes()})
    assert "3 systems within each other" in refusal(path)


def test_files_that_multiply_each_other_end_at_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(systems, "MAX_ELEMENTS", 1000)
    files = {
        f"resources/{level}.ssd": ssd(
            elements(*(component(f"c{n}", source=f"{level + 1}.ssd", more=SUB) for n in range(10)))
        )
        for level in range(9)
    }
    files["resources/9.ssd"] = ssd(elements(component("a", source="a.fmu")))
    path = package(tmp_path / "plant.ssp", ssd(elements(component("x", source="resources/0.ssd", more=SUB))), files)
    assert "more than 1000 elements" in refusal(path)


def test_systems_within_each_other_a_thousand_times_are_refused(tmp_path):
    deep = component("a")
    for _ in range(1000):
        deep = f'<ssd:System name="s">{elements(deep)}</ssd:System>'
    assert "has more than 100 elements within each other" in wrong(tmp_path, ssd(elements(deep)))


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("doctype", [LAUGHS, EXTERNAL, '<!DOCTYPE x SYSTEM "http://example.org/x.dtd">'])
def test_entities_and_document_types_are_refused_in_every_file(tmp_path, doctype):
    def with_type(text):
        return text.replace("?>\n", "?>\n" + doctype, 1) if "?>" in text else doctype + text

    files = {"p.ssv": with_type(ssv("")), "m.ssm": with_type(ssm("")), "b.ssb": with_type(ssb(""))}
    dictionary = '<ssd:SignalDictionaries><ssd:SignalDictionary name="b" source="b.ssb"/></ssd:SignalDictionaries>'
    mapping = bound(values("") + '<ssd:ParameterMapping source="m.ssm"/>')
    for text in (
        with_type(ssd(PAIR)),
        ssd(elements(component("a", inner=bound("", 'source="p.ssv"')))),
        ssd(elements(component("a", inner=mapping))),
        ssd(PAIR + dictionary),
    ):
        assert "declares a document type, which SSP does not use and attacks do" in wrong(tmp_path, text, files)


NO_SSP = [
    (b"", "is not valid XML"),
    (b"<a", "is not valid XML"),
    (b"\xff\xfe\x00", "is not valid XML"),
    (b"<fmiModelDescription/>", "begins with fmiModelDescription"),
    (ssd(PAIR, version="3.0").encode(), "SSP version '3.0' is not read"),
    (ssd(PAIR, version="Draft").encode(), "SSP version 'Draft' is not read"),
    (ssd(PAIR).replace("/SSP1/", "/SSP9/").encode(), "begins with {http://ssp-standard.org/SSP9/"),
    (ssd("").encode(), "has no component that could run"),
    (ssd("").replace("ssd:System ", "ssd:Other ").replace("/ssd:System>", "/ssd:Other>").encode(), "has no System"),
]


@pytest.mark.parametrize(("structure", "expected"), NO_SSP, ids=range(len(NO_SSP)))
def test_what_is_no_structure_of_a_known_version_is_refused(tmp_path, structure, expected):
    assert expected in wrong(tmp_path, structure)


def test_a_file_without_the_default_structure_is_refused(tmp_path):
    path = tmp_path / "plant.ssp"
    for names, expected in (
        (["B.ssd"], "no SystemStructure.ssd at its root; name one of B.ssd so"),
        (["plant/SystemStructure.ssd"], "pack the content of that folder, not the folder"),
        (["readme.txt"], "this is no SSP"),
    ):
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, "x")
        assert expected in refusal(path)
        with pytest.raises(DescriptionError, match="no SystemStructure"):
            variants(path)
    assert "no SystemStructure.ssd" in refusal(tmp_path)


def test_what_cannot_be_opened_is_refused(tmp_path):
    assert "cannot be read" in refusal(tmp_path / "no.ssp")
    assert "there is no such file" in refusal(tmp_path / "no.ssd")
    (tmp_path / "bad.ssp").write_bytes(os.urandom(100))
    assert "not a readable zip archive" in refusal(tmp_path / "bad.ssp")
    path = package(tmp_path / "plant.ssp", ssd(PAIR))
    assert "no variant 'C'; known: 'SystemStructure.ssd'" in refusal(path, variant="C")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("name", "expected"),
    [("../x", "points outside"), ("/x", "points outside"), ("a\\b", "no portable name"), ("resources/a.fmu", "twice")],
)
def test_the_rules_of_archives_hold_for_packages(tmp_path, name, expected):
    path = package(tmp_path / "plant.ssp", ssd(PAIR))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, "x")
    assert expected in refusal(path)


def test_a_package_that_unpacks_to_a_multiple_of_its_size_is_refused(tmp_path):
    path = package(tmp_path / "plant.ssp", ssd(PAIR), {"zeros": bytes(archives.RATIO_FREE_BYTES + 1)})
    assert "times its size" in refusal(path)


def first(entry, enumeration=""):
    return elements(component("a", inner=bound(values(entry, enumeration))))


def mapped(entry):
    mapping = f"<ssd:ParameterMapping>{ssm(entry)}</ssd:ParameterMapping>"
    return elements(component("a", inner=bound(values(REAL.format("gain", 1)) + mapping)))


def entry(source, target, inner=""):
    return f'<ssm:MappingEntry source="{source}" target="{target}">{inner}</ssm:MappingEntry>'


def parameter(inner):
    return first(f'<ssv:Parameter name="p">{inner}</ssv:Parameter>')


WRONG = [
    # names
    (elements(component("a"), component("a")), "Component 'a': the system 'root' has two elements of this name"),
    (elements(component("a", "u input", "u input")), "Connector 'u': appears twice on 'a'; keep one"),
    (elements(component("a"), component("")), "has an empty name"),
    (elements(component("a"), "<ssd:Component/>"), "no attribute 'name'"),
    (elements(component("a", inner=connectors("u sideways"))), "kind='sideways' is unknown; use one of input, output"),
    (first(REAL.format("p", 1) + REAL.format("p", 2)), "Parameter 'p': appears twice in the parameter set"),
    # kinds of components
    (elements(component("a"), component("m", more='type="text/x-modelica"')), "is of the type 'text/x-modelica'"),
    (elements(component("a", more='implementation="Magic"')), "implementation='Magic' is unknown; use one of any,"),
    (elements(component("a", source="resources/t.txt"), component("b")), "there is no file"),
    # connections
    (PAIR + connections(connection("a.y", "c.u")), "endElement: there is no element 'c' here; known: 'a', 'b'"),
    (PAIR + connections(connection("a.y", "b.U")), "endConnector: 'b' has no connector 'U'; did you mean 'u'?"),
    (PAIR + connections(connection("a.y", "u")), "endConnector: the system has no connector 'u'"),
    (PAIR + connections(connection("a.y", "b.y")), "an output of an element to an output of an element, which SSP"),
    (
        PAIR + connections(connection("a.y", "b.u"), connection("b.u", "b.y")),
        "'b.u' to 'b.y' feeds what line 3 feeds as well",
    ),
    (
        PAIR + connections(connection("a.y", "b.u", more='startIndices="0"')),
        "startIndices='0' is no list of indices, which count from 1",
    ),
    (
        PAIR + connections(connection("a.y", "b.u", more='suppressUnitConversion="yes"')),
        "suppressUnitConversion='yes' is neither true nor false",
    ),
    (PAIR + connections(connection("a.y", "b.u", MAP.format("x"))), "source and target must be of the kind integer"),
    (
        PAIR + connections(connection("a.y", "b.u", '<ssc:LinearTransformation factor="inf"/>')),
        "factor='inf' is no finite number",
    ),
    # parameters
    (parameter('<ssv:Real value="1,5"/>'), "Parameter 'p': '1,5' is no finite number"),
    (parameter('<ssv:Real value="NaN"/>'), "'NaN' is no finite number"),
    (parameter('<ssv:Real value="1 2"/>'), "'1 2' is no finite number"),
    (parameter("<ssv:Real/>"), "has no value"),
    (parameter('<ssv:Int8 value="128"/>'), "'128' is no integer from -128 to 127, as Int8 needs"),
    (parameter('<ssv:UInt8 value="-1"/>'), "'-1' is no integer from 0 to 255"),
    (parameter('<ssv:Boolean value="yes"/>'), "'yes' is neither true nor false"),
    (parameter('<ssv:Binary value="base64:AA=="/>'), "is not made of pairs of hexadecimal digits"),
    (parameter('<ssv:Real value="1 2"/><ssc:Dimension size="3"/>'), "has 2 values for 3 elements"),
    (parameter('<ssv:Real value="1"/><ssc:Dimension/>'), "a Dimension of a parameter needs a size"),
    (parameter('<ssv:Real value="1"/><ssv:Integer value="1"/>'), "has 2 types"),
    (parameter('<ssv:String value="a"><ssv:Value value="b"/></ssv:String>'), "has both the attribute 'value' and"),
    (parameter('<ssv:Enumeration name="Mode" value="on"/>'), "the enumeration 'Mode' is not defined in this file"),
    (
        first(
            '<ssv:Parameter name="p"><ssv:Enumeration name="Mode" value="onn"/></ssv:Parameter>',
            ENUMERATIONS.replace("ssd:", "ssv:"),
        ),
        "'onn' is no item of the enumeration 'Mode'; did you mean 'on'?",
    ),
    # bindings
    (elements(component("a", inner=bound(""))), "holds 0 elements ParameterSet and names no 'source'"),
    (elements(component("a", inner=bound(values(""), 'source="p.ssv"'))), "is given both inline and by 'source'"),
    (elements(component("a", inner=bound(values(""), 'type="text/csv"'))), "is of the type 'text/csv', which is not"),
    (elements(component("a", inner=bound("", 'source="p.ssv"'))), "there is no file 'p.ssv'"),
    (elements(component("a", inner=bound("", 'source="p.ssv" sourceBase="moon"'))), "sourceBase='moon' is unknown"),
    (bound("", 'source="p.ssv" sourceBase="component"') + PAIR, "needs a component with a file"),
    (mapped(entry("gian", "k")), "the source 'gian' is no parameter of the set; did you mean 'gain'?"),
    (mapped(entry("gain", "")), "'gain' is mapped to nothing"),
    (mapped(entry("gain", "k") + entry("gain", "k")), "the target 'k' is mapped twice"),
    # dictionaries
    (
        PAIR.replace("</ssd:Elements>", '<ssd:SignalDictionaryReference name="r" dictionary="bus"/></ssd:Elements>'),
        "there is no signal dictionary 'bus' here or further out",
    ),
    # types
    (
        elements(component("a", connector("x", "input", '<ssc:Enumeration name="Mood"/>'))),
        "the enumeration 'Mood' is not defined in this file",
    ),
    (
        elements(component("a", connector("x", "input", '<ssc:Real/><ssc:Dimension size="1" sizeConnector="n"/>'))),
        "has both size and sizeConnector",
    ),
    (
        elements(component("a", connector("x", "input", '<ssc:Real/><ssc:Dimension sizeConnector="n"/>'))),
        "sizeConnector 'n' is no connector here",
    ),
    (
        elements(component("a", connector("x", "input", '<ssc:Real/><ssd:Clock name="c"/>'))),
        "Clock 'c' is no connector here",
    ),
]


@pytest.mark.parametrize(("system", "expected"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_in_a_system_is_told_with_its_place(tmp_path, system, expected):
    message = refusal(package(tmp_path / "plant.ssp", ssd(system)))
    assert expected in message
    assert "plant.ssp/SystemStructure.ssd:" in message


UNIT = '<ssd:Units><ssc:Unit name="x">{}</ssc:Unit></ssd:Units>'
BEHIND = [
    (UNIT.format('<ssc:BaseUnit kg="half"/>'), "kg='half' is no integer"),
    (UNIT.format('<ssc:BaseUnit factor="0"/>'), "Unit 'x': has the factor 0, by which nothing converts"),
    (UNIT.format('<ssc:BaseUnit factor="NaN"/>'), "factor='NaN' is no finite number"),
    (UNIT.format(""), "has 0 elements BaseUnit"),
    (UNITS.replace('name="K"', 'name="bar"'), "Unit 'bar': defined twice among the Units"),
    (ENUMERATIONS.replace('"on"', '"off"'), "Item 'off': appears twice in the enumeration 'Mode'"),
    ('<ssd:Enumerations><ssc:Enumeration name="E"/></ssd:Enumerations>', "has no items"),
    ('<ssd:DefaultExperiment startTime="2" stopTime="1"/>', "stopTime=1 is not after startTime=2"),
    ('<ssd:DefaultExperiment stopTime="soon"/>', "stopTime='soon' is no finite number"),
]
OWN = '<ssc:Annotations><ssc:Annotation type="cotwin.description">{}</ssc:Annotation></ssc:Annotations>'
BEHIND += [
    (OWN.format("nonsense"), "the annotation of cotwin is no JSON"),
    (OWN.format("[1]"), "the annotation of cotwin is no JSON object"),
    (OWN.format('{"step_size": NaN}'), "NaN is no finite number"),
    (OWN.format('{"stepsize": 1}'), "the annotation of cotwin has no 'stepsize'; did you mean 'step_size'?"),
    (OWN.format('{"step_size": -1}'), "step_size: "),
    (OWN.format('{"record": ' + "[" * 100_000 + "]" * 100_000 + "}"), "the annotation of cotwin is no JSON"),
]


@pytest.mark.parametrize(("after", "expected"), BEHIND, ids=range(len(BEHIND)))
def test_what_is_wrong_behind_the_system_is_told_once(tmp_path, after, expected):
    assert expected in wrong(tmp_path, ssd(PAIR, after))


def test_a_value_map_that_is_ambiguous_is_refused(tmp_path):
    twice = MAP.format(1).replace("</ssc:I", '<ssc:MapEntry source="1" target="2"/></ssc:I')
    assert "1 is mapped twice" in wrong(tmp_path, ssd(PAIR + connections(connection("a.y", "b.u", twice))))


def test_everything_that_is_wrong_is_told_at_once(tmp_path):
    wires = connections(connection("a.y", "c.u"), connection("a.z", "b.u"))
    text = ssd(elements(component("a", "y output"), component("b", "u input", source="x.fmu")) + wires)
    lines = refusal(package(tmp_path / "plant.ssp", text)).splitlines()
    assert len(lines) == 3
    many = ssd(PAIR + connections(*(connection(f"a.y{n}", "b.u") for n in range(500))))
    assert refusal(package(tmp_path / "plant.ssp", many)).splitlines()[-1] == "... and 400 more problems"


def test_a_hundred_thousand_connectors_are_read(tmp_path):
    count = 50_000
    one = component("a", *(f"a{n} output" for n in range(count)))
    other = component("b", *(f"b{n} input" for n in range(count)))
    wires = connections(*(connection(f"b.b{n}", f"a.a{n}") for n in range(count)))
    description = read_ssp(package(tmp_path / "plant.ssp", ssd(elements(one, other) + wires)))
    assert str(description.connections[-1]) == f"a.a{count - 1} -> b.b{count - 1}"
