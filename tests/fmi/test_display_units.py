"""Display units, with numbers from the conversions that everybody knows."""

import pytest

from orchestrator.fmi.variables import read_model
from orchestrator.system.description import Component, Experiment, SystemDescription
from orchestrator.system.parameters.giving import parameter_values
from orchestrator.system.quantities.units import conversion
from tests.fmi import toys

UNITS = """
  <UnitDefinitions>
    <Unit name="K"><BaseUnit K="1"/><DisplayUnit name="degC" offset="-273.15"/>
      <DisplayUnit name="my F" factor="1.8" offset="-459.67"/></Unit>
    <Unit name="rad/s"><BaseUnit rad="1" s="-1"/><DisplayUnit name="turns" factor="9.5492965855137"/></Unit>
    <Unit name="L"><BaseUnit m="3" factor="1e-3"/><DisplayUnit name="drop" factor="20000"/>
      <DisplayUnit name="none" factor="0"/>{inverse}</Unit>
    <Unit name="OD"><DisplayUnit name="mOD" factor="1000"/></Unit>
  </UnitDefinitions>"""
TYPES = {
    "fmi2": '<SimpleType name="Volume"><Real unit="L" displayUnit="drop"/></SimpleType>',
    "fmi3": '<Float64Type name="Volume" unit="L" displayUnit="drop"/>',
}
GIVEN = [
    ("T", 'unit="K" displayUnit="degC"'),
    ("F", 'unit="K" displayUnit="my F"'),
    ("dT", 'unit="K" displayUnit="degC" relativeQuantity="true"'),
    ("n", 'unit="rad/s" displayUnit="turns"'),
    ("V", 'declaredType="Volume"'),
    ("other", 'unit="K" displayUnit="bar"'),
    ("zero", 'unit="L" displayUnit="none"'),
    ("OD", 'unit="OD" displayUnit="mOD"'),
]
COMMON = 'causality="parameter" variability="fixed"'


def variables(version):
    for reference, (name, attributes) in enumerate(GIVEN):
        if version == "fmi2":
            yield (
                f'<ScalarVariable name="{name}" valueReference="{reference}" {COMMON}>'
                f'<Real start="0" {attributes}/></ScalarVariable>'
            )
        else:
            yield f'<Float64 name="{name}" valueReference="{reference}" {COMMON} start="0" {attributes}/>'


@pytest.fixture(params=["fmi2", "fmi3"])
def model(request, tmp_path):
    inverse = '<DisplayUnit name="per" inverse="true"/>' if request.param == "fmi3" else ""
    text = toys.description(
        request.param,
        variables="".join(variables(request.param)),
        structure="",
        extra=UNITS.format(inverse=inverse) + f"<TypeDefinitions>{TYPES[request.param]}</TypeDefinitions>",
    )
    return read_model(toys.archive(tmp_path / "x.fmu", {"modelDescription.xml": text}))


def test_a_display_unit_is_known_by_its_place_in_the_si(model):
    connectors = {connector.name: connector for connector in model.connectors}

    def shown(name, value):
        connector = connectors[name]
        factor, offset = conversion(connector.unit, connector.display_unit)
        return factor * value + offset

    assert shown("T", 310.15) == pytest.approx(37.0, abs=1e-12)
    assert shown("F", 310.15) == pytest.approx(98.6, abs=1e-10)
    assert shown("dT", 5.0) == 5.0
    assert shown("n", 100.0) == pytest.approx(954.92965855137)
    assert shown("V", 2.0) == pytest.approx(40000.0)
    assert [connectors[name].display_unit for name in ("other", "zero", "OD")] == [None, None, None]


def test_values_may_be_given_in_the_display_unit(model):
    given = {"F": "98.6 my F", "n": {"value": 600, "unit": "turns"}, "V": "10 drop", "dT": "5 degC"}
    description = SystemDescription(
        name="test",
        components={"x": Component(source=model.path, parameters=given)},
        experiment=Experiment(stop=1),
        step_size=1,
    )
    values = parameter_values(description, {"x": model.connectors})["x"]
    assert values["F"][0] == pytest.approx(310.15, rel=1e-12)
    assert values["n"][0] == pytest.approx(62.83185307179586)
    assert values["V"][0] == pytest.approx(0.0005)
    assert values["dT"][0] == 5.0
