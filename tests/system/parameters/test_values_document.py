"""The examples and tables of docs/values.md mean what the document says."""

import re
from pathlib import Path

import pytest

from orchestrator.errors import UnitError
from orchestrator.system.connector import Causality, Connector, Storage
from orchestrator.system.parameters.giving import parameter_values
from orchestrator.system.quantities.unit_text import parse_unit
from orchestrator.system.quantities.units import Unit, conversion
from orchestrator.system.yaml.file import from_mapping
from orchestrator.system.yaml.loader import load

DOCUMENT = (Path(__file__).parents[3] / "docs" / "values.md").read_text(encoding="utf-8")
FIRST, SECOND = (load(text, "values.md").data for text in re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL))
REST = {"name": "test", "experiment": {"stop": 1}, "step_size": 1}


def variable(name, unit=None, **more):
    return Connector(
        name,
        Causality.PARAMETER,
        Storage.FLOAT64,
        0,
        unit=None if unit is None else parse_unit(unit),
        start=(0.0,),
        **more,
    )


def values(data, interfaces):
    found = parameter_values(from_mapping({**REST, **data}, Path(), "values.md"), interfaces)
    return {component: {name: each.tolist() for name, each in named.items()} for component, named in found.items()}


def test_quantities_and_expressions():
    reactor = [
        variable("V", "m3"),
        variable("F", "L/h"),
        variable("T", "K"),
        variable("S0", "kg/m3", shape=(2,)),
        variable("X0", "g/L"),
    ]
    assert values(FIRST, {"reactor": reactor})["reactor"] == {
        "V": [0.004],
        "F": [0.2],
        "T": [310.15],
        "S0": [10.0, 5.0],
        "X0": [0.5],
    }


def test_parameter_sets():
    pump = [variable("speed", "1/min"), variable("efficiency"), variable("stage")]
    data = {"components": {"cooling/pump": {"source": "p.fmu"}}, **SECOND}
    assert values(data, {"cooling/pump": pump})["cooling/pump"] == {
        "speed": [3000.0],
        "efficiency": [70.0],
        "stage": [3.0],
    }


def test_units_in_text():
    rows = re.findall(r"^\| (`[^|]+) \| (?!Meaning)", DOCUMENT.partition("## Quantities")[0], re.MULTILINE)
    texts = [text for row in rows for text in re.findall(r"`([^`]+)`", row)]
    assert len(texts) > 15
    assert all(isinstance(parse_unit(text), Unit) for text in texts)
    with pytest.raises(UnitError):
        conversion(parse_unit("rpm"), parse_unit("1/min"))
