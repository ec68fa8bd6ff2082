"""Files with every element of the standard once say the same, element by element, after they were read and written."""

import zipfile

import pytest
from lxml import etree

from orchestrator.ssp.schema import violations
from tests.ssp.round_trip import again, departures_of, tree
from tests.ssp.texts import (
    ENUMERATIONS,
    NAMESPACES,
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
    ssm,
    ssv,
    values,
)

NOTE = (
    '<{0}:Annotations><ssc:Annotation type="org.example"><x xmlns="urn:x" a="1">text</x></ssc:Annotation>'
    "</{0}:Annotations>"
)
TYPES_OF_1 = ('Real unit="degC"', "Integer", "Boolean", "String", 'Enumeration name="Mode"', 'Binary mime-type="a/b"')
SIZED = tuple(f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))
TYPES_OF_2 = ('Float64 unit="K"', "Float32", *SIZED, 'Clock intervalVariability="triggered"')


def real(name, value, more="", inner=""):
    return f'<ssv:Parameter name="{name}"><ssv:Real value="{value}" {more}/>{inner}</ssv:Parameter>'


def table(kind, source, target):
    entry = f'<ssc:MapEntry source="{source}" target="{target}"/>'
    return f"<ssc:{kind}MappingTransformation>{entry}</ssc:{kind}MappingTransformation>"


def typed(kinds):
    return [connector(f"{each.split()[0]}_", "input", f"<ssc:{each}/>") for each in kinds]


def structure(version, extra_connectors="", extra_connections="", extra_parameters="", metadata=""):
    placed = connector("y", "output", '<ssc:Real/><ssd:ConnectorGeometry x="0.0" y="1.0"/>' + NOTE.format("ssd"))
    first = [placed, connector("c", "calculatedParameter"), *typed(TYPES_OF_1)]
    icon = 'iconFlip="true" iconSource="icons/a.svg"'
    geometry = f'<ssd:ElementGeometry x1="0.0" y1="0.0" x2="1.0" y2="1.0" rotation="90.0" {icon}/>'
    parameters = values(
        real("k", 2.5, 'unit="degC"')
        + '<ssv:Parameter name="n"><ssv:Integer value="3"/></ssv:Parameter>'
        + '<ssv:Parameter name="b"><ssv:Boolean value="true"/></ssv:Parameter>'
        + '<ssv:Parameter name="s"><ssv:String value="two words"/></ssv:Parameter>'
        + '<ssv:Parameter name="e"><ssv:Enumeration value="on"/></ssv:Parameter>'
        + '<ssv:Parameter name="r"><ssv:Binary value="00ff" mime-type="a/b"/></ssv:Parameter>'
        + extra_parameters,
        UNITS.replace("ssd:", "ssv:"),
        version,
    )
    mapping = f"<ssd:ParameterMapping>{mapped(version)}</ssd:ParameterMapping>"
    inner = (
        '<ssd:System name="inner" id="i" description="a part">'
        + connectors("T input", "out output", "p parameter")
        + elements(component("b", "u input", "w input", "y output", "p parameter", source="resources/b.fmu"))
        + connections(connection("T", "b.u"), connection("b.y", "out"), connection("p", "b.p"))
        + "</ssd:System>"
    )
    reference = (
        '<ssd:SignalDictionaryReference name="bus" dictionary="plant">'
        + connectors(connector("T", "inout", '<ssc:Real unit="K"/>'))
        + "</ssd:SignalDictionaryReference>"
    )
    more = 'id="a1" description="the first" implementation="CoSimulation"'
    declared = [*first, extra_connectors] if extra_connectors else first
    inside = geometry + bound(parameters + mapping, 'prefix="x."') + metadata + NOTE.format("ssd")
    more_elements = component("a", *declared, inner=inside, more=more)
    linear = '<ssc:LinearTransformation factor="2.0" offset="1.0"/>'
    drawn = '<ssd:ConnectionGeometry pointsX="1.0 2.0" pointsY="3.0 4.0"/>'
    wires = [
        connection("inner.T", "a.y", linear, 'suppressUnitConversion="true"'),
        connection("inner.out", "a.Real_", drawn + NOTE.format("ssd")),
        connection("x", "a.Integer_", table("Integer", 1, 2)),
        connection("on", "a.Boolean_", table("Boolean", "true", "false")),
        connection("mode", "a.Enumeration_", table("Enumeration", "on", "off")),
        connection("q.y", "bus.T"),
        extra_connections,
    ]
    system = (
        connectors(
            connector("x", "input", "<ssc:Integer/>"),
            connector("on", "input", "<ssc:Boolean/>"),
            connector("mode", "input", '<ssc:Enumeration name="Mode"/>'),
        )
        + bound('<ssd:ParameterMapping source="resources/m.ssm"/>', 'prefix="x." source="resources/p.ssv"')
        + elements(more_elements, inner, reference, component("q", "y output"))
        + connections(*wires)
        + '<ssd:SignalDictionaries><ssd:SignalDictionary name="plant" source="resources/d.ssb"/>'
        + "</ssd:SignalDictionaries>"
        + '<ssd:SystemGeometry x1="0.0" y1="0.0" x2="9.0" y2="9.0"/><ssd:GraphicalElements>'
        + '<ssd:Note x1="0.0" y1="0.0" x2="1.0" y2="1.0" text="look"/></ssd:GraphicalElements>'
        + NOTE.format("ssd")
    )
    experiment = '<ssd:DefaultExperiment startTime="1.0" stopTime="3.0"/>'
    authorship = 'author="me" fileversion="3" copyright="c" license="MIT" generationTool="hand" '
    authorship += 'generationDateAndTime="2024-01-01T00:00:00Z" id="r" description="all"'
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<ssd:SystemStructureDescription {NAMESPACES} version="{version}" name="plant" {authorship}>
<ssd:System name="root">{system}</ssd:System>{ENUMERATIONS}{UNITS}{experiment}{metadata}{NOTE.format("ssd")}
</ssd:SystemStructureDescription>"""


def mapped(version):
    return ssm(
        '<ssm:MappingEntry source="x.k" target="k" suppressUnitConversion="true">'
        '<ssc:LinearTransformation factor="2.0"/></ssm:MappingEntry><ssm:MappingEntry source="x.n" target="n"/>',
        version,
    )


def files(version):
    entry = '<ssb:DictionaryEntry name="T" description="warm"><ssc:Real unit="K"/></ssb:DictionaryEntry>'
    kelvin = '<ssb:Units><ssc:Unit name="K"><ssc:BaseUnit K="1"/></ssc:Unit></ssb:Units>'
    values_of = real("k", 1.5, 'unit="bar"') + real("n", 1.0)
    return {
        "icons/a.svg": b"<svg/>",
        "resources/b.fmu": b"another FMU in name only",
        "resources/p.ssv": ssv(values_of, UNITS.replace("ssd:", "ssv:"), version),
        "resources/m.ssm": mapped(version),
        "resources/d.ssb": ssb(entry, kelvin, version),
    }


META = '<ssc:MetaData kind="general" type="text/plain"><ssc:Content>kept</ssc:Content></ssc:MetaData>'
SIGNATURE = '<ssc:Signature role="authenticity" type="text/plain"><ssc:Content>s</ssc:Content></ssc:Signature>'


def of_2():
    two = '<ssc:Dimension size="2"/>'
    newer = "".join(
        [
            *typed(TYPES_OF_2),
            connector("A", "input", f'<ssc:Float64/>{two}<ssc:Dimension sizeConnector="size"/><ssc:Dimension/>'),
            connector("size", "structuralParameter", "<ssc:UInt64/>"),
            connector("tick", "input", '<ssc:Real/><ssd:Clock name="Clock_"/>'),
            *(connector(kind, kind) for kind in ("local", "constant", "unspecified")),
        ]
    )
    parameters = (
        f'<ssv:Parameter name="M"><ssv:Float64 value="1.0 2.0 3.0 4.0"/>{two}{two}</ssv:Parameter>'
        '<ssv:Parameter name="u8"><ssv:UInt8 value="255"/></ssv:Parameter>'
        '<ssv:Parameter name="S"><ssv:String><ssv:Value value="a b"/><ssv:Value value=""/></ssv:String>'
        f"{two}</ssv:Parameter>"
    )
    element = connection("inner.out", "a.A", more='endIndices="1 2 3"')
    return structure("2.0", newer, element, parameters, META + SIGNATURE)


@pytest.mark.parametrize(("version", "text"), [("1.0", structure("1.0")), ("2.0", of_2())], ids=["1.0", "2.0"])
def test_a_package_with_every_element_says_the_same_after_reading_and_writing(tmp_path, version, text):
    path = package(tmp_path / "plant.ssp", text, files(version))
    assert version != "1.0" or violations(path) == ()
    written = again(path, tmp_path)
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(written) as after:
        assert sorted(before.namelist()) == sorted(after.namelist())
        for name in before.namelist():
            if name.endswith((".fmu", ".svg")):
                assert before.read(name) == after.read(name)
            else:
                assert tree(etree.fromstring(after.read(name))) == tree(etree.fromstring(before.read(name))), name
    assert departures_of(written, version) == []
