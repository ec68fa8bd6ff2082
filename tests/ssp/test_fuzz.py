"""Descriptions changed at random are read or refused with a DescriptionError, never anything else."""

import random
from contextlib import suppress

import pytest
from lxml import etree

from orchestrator.errors import DescriptionError
from orchestrator.ssp.reader import read_ssp
from orchestrator.ssp.schema import violations
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

ODD = (
    "",
    " ",
    "-1",
    "0",
    "1e999",
    "NaN",
    "true",
    "a",
    "b",
    "../x",
    "#s",
    "resources/a.fmu",
    "resources/p.ssv",
    "x" * 300,
    "a.b/c->d",
    "\u2028",
    "99999999999999999999",
    "1 2 3",
    "http://[",
    "input",
    "output",
    "unspecified",
    "Clock",
    "application/x-ssp-definition",
    "application/x-ssp-package",
    "SystemStructure.ssd",
    "//",
    "%",
    "component",
)


ENTRY = '<ssm:MappingEntry source="k" target="g"><ssc:LinearTransformation factor="2"/></ssm:MappingEntry>'
ARRAY = (
    '<ssv:Parameter name="k"><ssv:Real value="1 2" unit="K"/><ssc:Dimension size="2"/></ssv:Parameter>'
    '<ssv:Parameter name="e"><ssv:String><ssv:Value value="x"/></ssv:String></ssv:Parameter>'
)
TABLE = (
    '<ssc:BooleanMappingTransformation><ssc:MapEntry source="true" target="false"/></ssc:BooleanMappingTransformation>'
)
SIGNALS = ssb('<ssb:DictionaryEntry name="T"><ssc:Real/></ssb:DictionaryEntry>')
OWN = '<ssc:Annotations><ssc:Annotation type="cotwin.description">{"step_size": 0.1}</ssc:Annotation></ssc:Annotations>'


def rich() -> tuple[str, dict[str, str]]:
    """A structure that uses most elements of the standard, and its files."""
    shape = '<ssc:Float64 unit="K"/><ssc:Dimension size="2"/><ssc:Dimension sizeConnector="n"/>'
    inline = values(ARRAY, UNITS.replace("ssd:", "ssv:")) + f"<ssd:ParameterMapping>{ssm(ENTRY)}</ssd:ParameterMapping>"
    one = component(
        "a",
        "y output",
        "u input",
        connector("v", "output", shape),
        connector("c", "input", '<ssc:Clock intervalVariability="constant"/>'),
        connector("n", "structuralParameter", '<ssc:UInt64/><ssd:Clock name="c"/>'),
        inner=bound(inline),
    )
    inside = elements(component("b", "u input")) + connections(connection("x", "b.u", TABLE))
    inner = f'<ssd:System name="s" id="s">{connectors("x input")}{inside}</ssd:System>'
    again = component("t", "x input", source="#s", more='type="application/x-ssp-definition"')
    reference = f'<ssd:SignalDictionaryReference name="r" dictionary="d">{connectors("T inout")}'
    reference += "</ssd:SignalDictionaryReference>"
    wires = connections(connection("a.y", "s.x", more='startIndices="1"'), connection("r.T", "a.y"))
    file = bound('<ssd:ParameterMapping source="m.ssm"/>', 'source="resources/p.ssv" prefix=""')
    dictionary = f'<ssd:SignalDictionary name="d">{SIGNALS}</ssd:SignalDictionary>'
    system = file + elements(one, inner, again, reference) + wires
    system += f"<ssd:SignalDictionaries>{dictionary}</ssd:SignalDictionaries>"
    experiment = '<ssd:DefaultExperiment startTime="0" stopTime="1"/>'
    text = ssd(system, ENUMERATIONS + UNITS + experiment + OWN, version="2.0")
    return text, {"resources/p.ssv": ssv(ARRAY), "m.ssm": ssm(ENTRY)}


def changed(text: str, chance: random.Random) -> str:
    """The text with one to three changes: attributes and elements replaced, removed, doubled or moved."""
    root = etree.fromstring(text.encode())
    for _ in range(chance.randint(1, 3)):
        parts = list(root.iter("{*}*"))
        part = chance.choice(parts)
        kind = chance.randrange(5)
        if kind == 0 and part.attrib:
            part.set(chance.choice(list(part.attrib)), chance.choice(ODD).replace("\0", ""))
        elif kind == 1 and part.attrib:
            del part.attrib[chance.choice(list(part.attrib))]
        elif kind == 2 and part.getparent() is not None:
            part.getparent().remove(part)
        elif kind == 3 and part.getparent() is not None:
            part.addnext(etree.fromstring(etree.tostring(part, with_tail=False)))
        elif kind == 4:
            part.append(
                etree.fromstring(etree.tostring(chance.choice(parts[1:]) if parts[1:] else part, with_tail=False))
            )
    return etree.tostring(root).decode()


def test_the_structure_that_is_changed_can_be_read(tmp_path):
    text, files = rich()
    description = read_ssp(package(tmp_path / "plant.ssp", text, files))
    assert list(description.components) == ["a", "s/b", "t/b"]


@pytest.mark.parametrize("seed", range(6))
def test_changed_structures_are_read_or_refused(tmp_path, seed):
    chance = random.Random(seed)
    text, files = rich()
    for number in range(40):
        path = package(tmp_path / f"{number}.ssp", changed(text, chance), files)
        for reads in (violations, read_ssp):
            with suppress(DescriptionError):
                reads(path)
