"""One package that uses every element of SSP 2.0 at least once."""

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
    ssb,
    ssd,
    ssm,
    ssv,
    values,
)

INTEGERS = [f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)]
NOTE = (
    '<ssc:Annotations><ssc:Annotation type="org.example"><x xmlns="urn:x">kept</x></ssc:Annotation></ssc:Annotations>'
)
OWN = '<ssc:Annotations><ssc:Annotation type="cotwin.description">{"step_size": 0.1}</ssc:Annotation></ssc:Annotations>'
METADATA = (
    '<ssc:MetaData kind="general" type="text/xml"><ssc:Content><x xmlns="urn:x"/></ssc:Content></ssc:MetaData>'
    '<ssc:Signature role="authenticity" type="text/plain"><ssc:Content>signed</ssc:Content></ssc:Signature>'
)
DRAWN = (
    '<ssd:SystemGeometry x1="0" y1="0" x2="9" y2="9"/>'
    '<ssd:GraphicalElements><ssd:Note x1="0" y1="0" x2="1" y2="1" text="two\nlines"/></ssd:GraphicalElements>'
)
ELEMENT = '<ssd:ElementGeometry x1="0" y1="0" x2="1" y2="1" rotation="90" iconSource="resources/i.png"/>'
EXPERIMENT = f'<ssd:DefaultExperiment startTime="0" stopTime="1">{NOTE}</ssd:DefaultExperiment>'


def _table(kind: str, source: object, target: object) -> str:
    entry = f'<ssc:MapEntry source="{source}" target="{target}"/>'
    return f"<ssc:{kind}MappingTransformation>{entry}</ssc:{kind}MappingTransformation>"


TRANSFORMATIONS = {
    "Float64": '<ssc:LinearTransformation factor="2" offset="-1"/>',
    "Boolean": _table("Boolean", "true", "false"),
    "Int32": _table("Integer", 1, 2),
    "Enumeration": _table("Enumeration", "on", "off"),
}


def _typed(kind: str) -> list[str]:
    """A connector of every type, its name that of the type."""
    inner = {name: f"<ssc:{name}/>" for name in ("Real", "Float32", "Integer", *INTEGERS, "Boolean", "String")}
    inner |= {
        "Float64": '<ssc:Float64 unit="degC"/><ssd:ConnectorGeometry x="0" y="1" systemInnerX="0.5" systemInnerY="1"/>',
        "Enumeration": '<ssc:Enumeration name="Mode"/>',
        "Binary": '<ssc:Binary mime-type="image/png"/>',
        "open": NOTE,
    }
    return [connector(name, kind, text) for name, text in inner.items()]


def _arrays() -> list[str]:
    shape = '<ssc:Float64 unit="K"/><ssc:Dimension size="2"/><ssc:Dimension sizeConnector="n"/>'
    return [
        connector("v", "output", shape),
        connector("w", "input", "<ssc:Float64/><ssc:Dimension/>"),
        connector("n", "structuralParameter", '<ssc:UInt64/><ssd:Clock name="c"/>'),
        connector("c", "input", '<ssc:Clock intervalVariability="triggered"/>'),
    ]


def _parameter(name: str, inner: str) -> str:
    return f'<ssv:Parameter name="{name}" id="{name}" description="d">{inner}{NOTE}</ssv:Parameter>'


def parameters() -> str:
    """A parameter of every type, scalars and arrays."""
    two = '<ssc:Dimension size="2"/>'
    each = {
        **{name: f'<ssv:{name} value="1.5" unit="degC"/>' for name in ("Real", "Float64", "Float32")},
        **{name: f'<ssv:{name} value="7"/>' for name in ("Integer", *INTEGERS)},
        "Boolean": '<ssv:Boolean value="true"/>',
        "String": '<ssv:String value="two words"/>',
        "Enumeration": '<ssv:Enumeration name="Mode" value="on"/>',
        "Binary": '<ssv:Binary mime-type="image/png" value="00ff"/>',
        "reals": f'<ssv:Float64 value="1 2 3 4" unit="K"/>{two}{two}',
        "texts": f'<ssv:String><ssv:Value value="a b"/><ssv:Value value=""/></ssv:String>{two}',
        "bytes": f'<ssv:Binary><ssv:Value value="00"/><ssv:Value value="ff"/></ssv:Binary>{two}',
    }
    return "".join(_parameter(name, inner) for name, inner in each.items())


def mapping() -> str:
    """A mapping with every transformation."""
    entry = '<ssm:MappingEntry source="p.{0}" target="one.{0}" suppressUnitConversion="true">{1}</ssm:MappingEntry>'
    return "".join(entry.format(name, text) for name, text in TRANSFORMATIONS.items())


def everything() -> tuple[str, dict[str, str]]:
    """The SystemStructure.ssd and the other files of the package."""
    definitions = ENUMERATIONS + UNITS
    own_units = definitions.replace("ssd:", "ssv:")
    inline = values(parameters(), own_units, version="2.0")
    one = component(
        "one", *_typed("input"), *_arrays(), inner=ELEMENT + bound(inline + NOTE) + NOTE + METADATA,
        more='id="i" description="d" implementation="CoSimulation"',
    )  # fmt: skip
    two = component("two.x", *_typed("output"), connector("p", "parameter"), connector("l", "local"))
    inner = (
        '<ssd:System name="s" id="s">'
        + connectors("x input", "q parameter", "y output")
        + elements(component("b", "u input", "p parameter", "y output"))
        + connections(connection("x", "b.u"), connection("b.p", "q"), connection("y", "b.y"))
        + DRAWN
        + "</ssd:System>"
    )
    again = component("t", "x input", source="#s", more='type="application/x-ssp-definition"')
    other = component("f", "x input", source="resources/sub.ssd", more='type="application/x-ssp-definition"')
    later = component("later", "x input", source="", more='type="application/x-fmu-sharedlibrary"')
    signal = '<ssb:DictionaryEntry name="T"><ssc:Real unit="degC"/></ssb:DictionaryEntry>'
    signals = ssb(signal, definitions.replace("ssd:", "ssb:"), version="2.0")
    references = [
        f'<ssd:SignalDictionaryReference name="r{name}" dictionary="{name}">{connectors("T inout")}'
        "</ssd:SignalDictionaryReference>"
        for name in "de"
    ]
    wires = [connection(f"two.x.{name}", f"one.{name}", text) for name, text in TRANSFORMATIONS.items()]
    wires += [
        connection("two.x.Real", "s.x", '<ssd:ConnectionGeometry pointsX="1 2" pointsY="3 4"/>' + NOTE),
        connection("one.w", "one.v", more='startIndices="1" endIndices="2 1" suppressUnitConversion="true"'),
        connection("rd.T", "two.x.Float32"),
        connection("t.x", "rd.T"),
    ]
    dictionaries = (
        f'<ssd:SignalDictionary name="d">{signals}</ssd:SignalDictionary>'
        '<ssd:SignalDictionary name="e" source="resources/b.ssb"/>'
    )
    system = (
        bound('<ssd:ParameterMapping source="m.ssm"/>', 'source="resources/p.ssv" prefix="p."')
        + elements(one, two, inner, again, other, later, *references)
        + connections(*wires)
        + f"<ssd:SignalDictionaries>{dictionaries}</ssd:SignalDictionaries>{DRAWN}{NOTE}"
    )
    after = definitions + EXPERIMENT + OWN.replace("</ssc:Annotations>", NOTE[len("<ssc:Annotations>") :])
    text = ssd(system, after, version="2.0", attributes='author="me" license="MIT" description="all of it"')
    sub = ssd(connectors("x input") + elements(component("g", "u input", source="a.fmu")), version="2.0", name="sub")
    files = {
        "resources/p.ssv": ssv(parameters(), own_units, version="2.0"),
        "m.ssm": ssm(mapping(), version="2.0"),
        "resources/b.ssb": signals,
        "resources/sub.ssd": sub,
    }
    return text, files
