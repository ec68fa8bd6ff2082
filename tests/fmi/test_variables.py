import pytest

from orchestrator.errors import FmuImportError, ModelDescriptionError
from orchestrator.fmi.variables import DefaultExperiment, read_model
from orchestrator.instance import StateWrite
from orchestrator.system.connector import Causality, Storage, Variability
from orchestrator.system.quantities.units import Unit, conversion
from tests.fmi import toys

UNITS = """
  <UnitDefinitions>
    <Unit name="degC"><BaseUnit K="1" factor="1.0" offset="273.15"/></Unit>
    <Unit name="kPa"><BaseUnit kg="1" m="-1" s="-2" factor="1000"/></Unit>
    <Unit name="OD"/>
  </UnitDefinitions>"""

FMI2 = """
<ScalarVariable name="x" valueReference="0" initial="exact"><Real start="1"/></ScalarVariable>
<ScalarVariable name="der(x)" valueReference="1"><Real derivative="1"/></ScalarVariable>
<ScalarVariable name="u" valueReference="2" causality="input"><Real start="0" unit="degC"/></ScalarVariable>
<ScalarVariable name="dT" valueReference="3" causality="input">
  <Real start="0" unit="degC" relativeQuantity="true"/></ScalarVariable>
<ScalarVariable name="held" valueReference="4" causality="output"><Real unit="kPa"/></ScalarVariable>
<ScalarVariable name="passed" valueReference="5" causality="output"><Real unit="OD"/></ScalarVariable>
<ScalarVariable name="unknown" valueReference="6" causality="output"><Real unit="nowhere"/></ScalarVariable>
<ScalarVariable name="absent" valueReference="7" causality="output"><Real/></ScalarVariable>
<ScalarVariable name="text" valueReference="0" causality="parameter" variability="fixed">
  <String start="a"/></ScalarVariable>
<ScalarVariable name="mode" valueReference="0" causality="parameter" variability="tunable">
  <Enumeration declaredType="Mode" start="2"/></ScalarVariable>
<ScalarVariable name="on" valueReference="0" causality="input" variability="discrete">
  <Boolean start="true"/></ScalarVariable>
"""
TYPES2 = """
  <TypeDefinitions><SimpleType name="Mode"><Enumeration>
    <Item name="idle" value="1"/><Item name="run" value="2"/></Enumeration></SimpleType></TypeDefinitions>
  <DefaultExperiment startTime="1" stopTime="3" stepSize="0.5"/>"""
STRUCTURE2 = """
<Outputs>
  <Unknown index="5" dependencies=""/>
  <Unknown index="6" dependencies="1 3 11"/>
  <Unknown index="7"/>
</Outputs>
<Derivatives><Unknown index="2"/></Derivatives>"""

FMI3 = """
<UInt64 name="n" valueReference="9" causality="structuralParameter" start="3"/>
<Float64 name="S" valueReference="0" causality="output" initial="exact" start="1 2 3">
  <Dimension valueReference="9"/></Float64>
<Float64 name="der(S)" valueReference="1" derivative="0"><Dimension valueReference="9"/></Float64>
<Float64 name="M" valueReference="2" causality="input" start="0"><Dimension start="2"/><Dimension start="2"/></Float64>
<Float64 name="y" valueReference="3" causality="output"><Alias name="z"/></Float64>
<Boolean name="b" valueReference="4" causality="input" start="true false"><Dimension start="2"/></Boolean>
<Enumeration name="mode" valueReference="5" causality="input" declaredType="Mode" start="1"/>
<Int8 name="tiny" valueReference="6" causality="parameter" start="-3" min="-5" max="5"/>
<Binary name="blob" valueReference="7" causality="input"/>
<Clock name="tick" valueReference="8" causality="input" intervalVariability="triggered"/>
"""
TYPES3 = """
  <TypeDefinitions><EnumerationType name="Mode"><Item name="idle" value="1"/><Item name="run" value="7"/>
  </EnumerationType></TypeDefinitions>"""
STRUCTURE3 = '<Output valueReference="0" dependencies=""/><Output valueReference="3" dependencies="2 0"/>' + (
    '<ContinuousStateDerivative valueReference="1"/>'
)


def model(tmp_path, version, **more):
    text = toys.description(version, **more)
    return read_model(toys.archive(tmp_path / "x.fmu", {"modelDescription.xml": text}))


@pytest.fixture
def two(tmp_path):
    return model(tmp_path, "fmi2", variables=FMI2, structure=STRUCTURE2, extra=UNITS + TYPES2)


@pytest.fixture
def three(tmp_path):
    return model(tmp_path, "fmi3", variables=FMI3, structure=STRUCTURE3, extra=TYPES3)


def by_name(info):
    return {connector.name: connector for connector in info.connectors}


def test_feedthrough_of_fmi_2_tells_none_from_no_and_leaves_out_states(two):
    assert two.feedthrough == {"held": (), "passed": ("u", "on"), "unknown": None, "absent": None}


def test_feedthrough_of_fmi_3_goes_by_value_references(three):
    assert three.feedthrough == {"S": (), "y": ("M",)}


def test_units_carry_factor_offset_and_dimension(two):
    connectors = by_name(two)
    assert connectors["u"].unit == Unit("degC", (0, 0, 0, 0, 1, 0, 0, 0), 1.0, 273.15)
    assert connectors["held"].unit == Unit("kPa", (1, -1, -2, 0, 0, 0, 0, 0), 1000.0)
    assert connectors["passed"].unit == Unit("OD")
    assert connectors["unknown"].unit == Unit("nowhere")
    assert connectors["absent"].unit is None


@pytest.mark.parametrize(("attribute", "declared"), [("", None), ('nominal="1"', 1.0), ('nominal="1e-9"', 1e-9)])
def test_a_nominal_that_is_declared_is_told_from_the_1_that_is_presumed(tmp_path, attribute, declared):
    variables = FMI2.replace('<Real start="1"/>', f'<Real start="1" {attribute}/>')
    connector = by_name(model(tmp_path, "fmi2", variables=variables, structure=STRUCTURE2, extra=UNITS + TYPES2))["x"]
    assert connector.declared_nominal == declared
    assert connector.nominal == (declared or 1.0)


def test_the_offset_of_a_difference_is_ignored(two):
    kelvin = Unit("K", (0, 0, 0, 0, 1, 0, 0, 0))
    assert conversion(by_name(two)["dT"].unit, kelvin) == (1.0, 0.0)
    assert conversion(by_name(two)["u"].unit, kelvin) == (1.0, 273.15)


def test_variables_of_fmi_2(two):
    connectors = by_name(two)
    assert [name for name, connector in connectors.items() if connector.is_state] == ["x"]
    assert connectors["x"].causality is Causality.LOCAL
    assert connectors["mode"].items == ((1, "idle"), (2, "run"))
    assert (connectors["mode"].storage, connectors["mode"].start) == (Storage.INT64, (2,))
    assert (connectors["on"].storage, connectors["on"].start) == (Storage.BOOLEAN, (True,))
    assert connectors["mode"].variability is Variability.TUNABLE
    assert (connectors["text"].storage, connectors["text"].start) == (Storage.STRING, ("a",))
    assert two.not_imported == {}
    assert two.default_experiment == DefaultExperiment(1.0, 3.0, None, 0.5)
    assert two.capabilities.state_write is StateWrite.RESTART


def test_arrays_of_fmi_3_have_constant_dimensions_or_those_of_structural_parameters(three):
    connectors = by_name(three)
    assert (connectors["S"].shape, connectors["S"].start, connectors["S"].is_state) == ((3,), (1.0, 2.0, 3.0), True)
    assert connectors["M"].elements == ("M[1,1]", "M[1,2]", "M[2,1]", "M[2,2]")
    assert connectors["b"].start == (True, False)


def test_other_variables_of_fmi_3(three):
    connectors = by_name(three)
    assert connectors["mode"].items == ((1, "idle"), (7, "run"))
    assert (connectors["tiny"].minimum, connectors["tiny"].maximum, connectors["tiny"].start) == (-5.0, 5.0, (-3,))
    assert connectors["z"].causality is Causality.LOCAL
    assert connectors["z"].reference == connectors["y"].reference
    assert (connectors["n"].storage, connectors["n"].start) == (Storage.UINT64, (3,))
    assert connectors["blob"].storage is Storage.BINARY
    assert three.not_imported == {"tick": "Clock"}


def test_capabilities_are_those_that_the_fmu_declares(tmp_path):
    flags = 'canHandleVariableCommunicationStepSize="true" canBeInstantiatedOnlyOncePerProcess="1" '
    two = model(tmp_path, "fmi2", flags=flags + 'canGetAndSetFMUstate="true" providesDirectionalDerivative="true"')
    three = model(tmp_path, "fmi3", flags=flags + 'canGetAndSetFMUState="true" providesDirectionalDerivatives="true"')
    for info in (two, three):
        assert info.capabilities.variable_step
        assert info.capabilities.once_per_process
        assert info.capabilities.get_set_state
        assert info.capabilities.directional_derivatives
        assert not info.capabilities.serialize_state
        assert info.capabilities.state_write is StateWrite.NONE
    assert not model(tmp_path, "fmi2").capabilities.variable_step


def test_the_identity_names_what_ran(two):
    assert two.identity["kind"] == "fmu"
    assert two.identity["guid"] == "{good}"
    assert two.identity["fmi_version"] == "2.0"
    assert two.identity["file"].endswith("x.fmu")


def test_platforms_are_the_folders_of_binaries(tmp_path):
    entries = {
        "modelDescription.xml": toys.description("fmi2"),
        "binaries/win64/x.dll": "",
        "binaries/linux64/x.so": "",
    }
    assert read_model(toys.archive(tmp_path / "x.fmu", entries)).platforms == ("linux64", "win64")


def test_violations_of_the_standard_are_warnings_on_request(tmp_path):
    text = toys.description("fmi2", variables=FMI2, structure=STRUCTURE2, extra=UNITS + TYPES2)
    path = toys.archive(tmp_path / "x.fmu", {"modelDescription.xml": text})
    assert read_model(path).warnings == ()
    assert any("absent" in warning for warning in read_model(path, validate=True).warnings)


@pytest.mark.parametrize("number", ["0.9", "4.0", ""])
def test_other_versions_are_refused_with_the_remedy(tmp_path, number):
    text = toys.description("fmi2").replace('fmiVersion="2.0"', f'fmiVersion="{number}"')
    path = toys.archive(tmp_path / "x.fmu", {"modelDescription.xml": text})
    with pytest.raises(
        FmuImportError, match=rf"x\.fmu: FMI version '{number}' is not supported; export it as FMI 2\.0"
    ):
        read_model(path)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('name="held"', 'name="x"', "'x' appears twice"),
        ('index="5"', 'index="99"', "contradicts the standard or itself"),
        ('declaredType="Mode"', 'declaredType="None"', "contradicts the standard or itself"),
        ('<Real start="1"/>', '<Real start="1 2"/>', "the variable 'x': it has 2 start values for 1 elements"),
        ('<Real start="1"/>', '<Real start="one"/>', "the variable 'x': its start value 'one' is no number"),
        ('<Real start="1"/>', '<Real start="0x10"/>', "the variable 'x': its start value '0x10' is no number"),
        ('<Real start="1"/>', '<Real start="1_000"/>', "the variable 'x': its start value '1_000' is no number"),
        ('<Real start="1"/>', '<Real start="-1e400"/>', "its start value '-1e400' is beyond the largest float"),
        ('<Real start="1"/>', '<Real nominal="INF"/>', "the variable 'x': its nominal inf is not finite"),
        ('<Real start="1"/>', '<Real min="low"/>', "the variable 'x': its min 'low' is no number"),
        ('<Boolean start="true"/>', '<Boolean start="yes"/>', "'on': its start value 'yes' is neither true nor false"),
        (
            'declaredType="Mode" start="2"',
            'declaredType="Mode" start="2.0"',
            "'mode': its start value '2.0' is no integer",
        ),
        ('start="2"/>', f'start="{2**63}"/>', f"'mode': its start value '{2**63}' does not fit into 64 bits"),
        ('initial="exact"', 'initial="exat"', "the variable 'x': its initial 'exat' is none of exact, approx and"),
        ('name="x" ', "", "the variable with the value reference 0 has no name"),
        ('<Unknown index="2"/>', "<Unknown/>", "ModelStructure/Derivatives, index, is missing"),
        (
            '<Unit name="OD"/>',
            '<Unit name="kPa"><BaseUnit kg="1"/></Unit>',
            "the unit 'kPa' is defined twice, differently",
        ),
        ('causality="input"', 'causality="inward"', "contradicts the standard or itself"),
        (
            'name="dT" valueReference="3"',
            'name="dT" valueReference="2"',
            "'u' and 'dT' can both be set, but have the same value reference 2",
        ),
        ('stopTime="3"', 'stopTime="INF"', "DefaultExperiment has a number that is not finite: 1, INF"),
    ],
)
def test_contradictions_are_refused_by_name(tmp_path, before, after, expected):
    text = toys.description("fmi2", variables=FMI2, structure=STRUCTURE2, extra=UNITS + TYPES2)
    assert before in text
    path = toys.archive(tmp_path / "x.fmu", {"modelDescription.xml": text.replace(before, after)})
    with pytest.raises(ModelDescriptionError, match=r"x\.fmu") as caught:
        read_model(path)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("start", "value"),
    [
        ("INF", float("inf")),
        ("-INF", float("-inf")),
        (" 1.5 ", 1.5),
        ("+.5E1", 5.0),
        ("1e-400", 0.0),
        ("", None),
        (" ", None),
    ],
)
def test_start_values_are_what_xml_schema_writes(tmp_path, start, value):
    text = FMI2.replace('<Real start="1"/>', f'<Real start="{start}"/>')
    found = by_name(model(tmp_path, "fmi2", variables=text, structure=STRUCTURE2, extra=UNITS + TYPES2))
    assert found["x"].start == (None if value is None else (value,))


@pytest.mark.parametrize(
    ("start", "value"), [("true", True), ("1", True), ("TRUE", True), ("0", False), ("False", False)]
)
def test_truth_values_are_those_of_xml_schema_and_their_capitals(tmp_path, start, value):
    text = FMI2.replace('<Boolean start="true"/>', f'<Boolean start="{start}"/>')
    found = by_name(model(tmp_path, "fmi2", variables=text, structure=STRUCTURE2, extra=UNITS + TYPES2))
    assert found["on"].start == (value,)


@pytest.mark.parametrize(
    ("causality", "variability", "taken_for"),
    [
        ("parameter", "", "fixed"),
        ("parameter", "continuous", "fixed"),
        ("calculatedParameter", "discrete", "fixed"),
        ("input", "fixed", "continuous"),
        ("output", "tunable", "continuous"),
    ],
)
def test_a_variability_that_does_not_go_with_the_causality_is_repaired_with_a_warning(
    tmp_path, causality, variability, taken_for
):
    attribute = f' variability="{variability}"' if variability else ""
    one = f'<ScalarVariable name="one" valueReference="20" causality="{causality}"{attribute}><Real/></ScalarVariable>'
    found = model(tmp_path, "fmi2", variables=FMI2 + one, structure=STRUCTURE2, extra=UNITS + TYPES2)
    assert by_name(found)["one"].variability == taken_for
    assert found.warnings == (
        f"The variable 'one' is {causality} and {variability or 'continuous'}; it is taken for {taken_for}.",
    )


def test_integers_of_fmi_3_that_are_no_parameters_are_discrete_and_others_need_no_repair(tmp_path):
    one = '<Int32 name="one" valueReference="20" causality="output" variability="fixed"/>'
    found = model(tmp_path, "fmi3", variables=FMI3 + one, structure=STRUCTURE3, extra=TYPES3)
    assert by_name(found)["one"].variability is Variability.DISCRETE
    assert len(found.warnings) == 1


def test_a_declared_type_gives_items_to_enumerations_only(tmp_path):
    text = FMI3.replace('name="y" ', 'name="y" declaredType="Mode" ')
    found = by_name(model(tmp_path, "fmi3", variables=text, structure=STRUCTURE3, extra=TYPES3))
    assert found["y"].items == ()


@pytest.mark.parametrize("reference", [" 4 ", "+4", "04"])
def test_a_value_reference_may_have_spaces_a_sign_and_zeros(tmp_path, reference):
    text = FMI3.replace('name="b" valueReference="4"', f'name="b" valueReference="{reference}"')
    structure = STRUCTURE3.replace('dependencies="2 0"', 'dependencies="2 4"')
    found = model(tmp_path, "fmi3", variables=text, structure=structure, extra=TYPES3)
    assert by_name(found)["b"].reference == 4
    assert found.feedthrough["y"] == ("M", "b")


@pytest.mark.parametrize(
    ("dimension", "expected"),
    [
        ("<Dimension/>", "a size of 'b': '' is no integer"),
        ('<Dimension start="2.0"/>', "a size of 'b': '2.0' is no integer"),
        ('<Dimension start="1e3"/>', "a size of 'b': '1e3' is no integer"),
        ('<Dimension valueReference="3"/>', "a size of 'b' (the start value of reference 3): '' is no integer"),
        ('<Dimension valueReference="77"/>', "refers to '77', which is not the value reference of a variable"),
    ],
)
def test_a_dimension_without_a_size_is_refused_by_name(tmp_path, dimension, expected):
    variables = FMI3.replace('start="true false"><Dimension start="2"/>', f'start="true">{dimension}')
    with pytest.raises(ModelDescriptionError) as caught:
        model(tmp_path, "fmi3", variables=variables, structure=STRUCTURE3, extra=TYPES3)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        ("-1", "numberOfEventIndicators -1 is none from 0 to 10000000"),
        ("1000000000", "numberOfEventIndicators 1000000000 is none from 0 to 10000000"),
        ("many", "numberOfEventIndicators 'many' is no integer"),
    ],
)
def test_an_impossible_number_of_event_indicators_is_refused_before_a_run(tmp_path, count, expected):
    text = toys.description("fmi2").replace('fmiVersion="2.0"', f'fmiVersion="2.0" numberOfEventIndicators="{count}"')
    with pytest.raises(ModelDescriptionError, match=expected):
        read_model(toys.archive(tmp_path / "x.fmu", {"modelDescription.xml": text}))


def test_an_input_may_share_its_value_reference_with_what_is_only_read(tmp_path):
    shared = FMI2.replace('name="held" valueReference="4"', 'name="held" valueReference="2"')
    found = by_name(model(tmp_path, "fmi2", variables=shared, structure=STRUCTURE2, extra=UNITS + TYPES2))
    assert found["held"].reference == found["u"].reference == 2


@pytest.mark.parametrize(
    ("extent", "expected"),
    [
        (
            99_999_999_999,
            "have 100000000015 elements, more than 10000000; the largest, 'b', has the shape (99999999999,)",
        ),
        (-3, "'b' has the shape (-3,); no extent can be negative"),
    ],
)
def test_impossible_sizes_are_refused_before_anything_is_made_of_them(tmp_path, extent, expected):
    variables = FMI3.replace('start="true false"><Dimension start="2"/>', f'start="true"><Dimension start="{extent}"/>')
    with pytest.raises(ModelDescriptionError, match=r"x\.fmu") as caught:
        model(tmp_path, "fmi3", variables=variables, structure=STRUCTURE3, extra=TYPES3)
    assert expected in str(caught.value)


def test_a_real_build_says_the_same_in_both_versions(built):
    two, three = read_model(built.fmi2, validate=True), read_model(built.fmi3, validate=True)
    assert two.warnings == three.warnings == ()
    assert two.capabilities == three.capabilities
    assert two.default_experiment == three.default_experiment
    assert sum(c.size for c in two.connectors) == sum(c.size for c in three.connectors)
    assert [e for c in two.connectors if c.is_state for e in c.elements] == [
        e for c in three.connectors if c.is_state for e in c.elements
    ]


def test_each_kind_of_an_fmu_has_its_own_capabilities(fmu):
    info = read_model(fmu)
    assert info.kinds == ("CoSimulation", "ModelExchange")
    assert info.interface("ModelExchange").capabilities.state_write is StateWrite.CONTINUOUS_STATES
    assert info.interface("CoSimulation").capabilities is info.capabilities
    assert set(info.states) == {connector.name for connector in info.connectors if connector.is_state}
    with pytest.raises(FmuImportError, match="offers CoSimulation and ModelExchange, not ScheduledExecution"):
        info.interface("ScheduledExecution")


@pytest.mark.parametrize("factor", ["0", "NaN", "INF"])
def test_a_unit_that_is_no_multiple_of_the_si_is_refused_by_name(tmp_path, factor):
    units = f'<UnitDefinitions><Unit name="odd"><BaseUnit m="1" factor="{factor}"/></Unit></UnitDefinitions>'
    with pytest.raises(ModelDescriptionError, match="the unit 'odd' has the factor"):
        model(tmp_path, "fmi2", variables=FMI2.split('<ScalarVariable name="mode')[0], extra=units)
