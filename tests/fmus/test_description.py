"""modelDescription.xml: valid, complete, and true about what depends on what."""

import zipfile
from xml.etree import ElementTree as ET

import pytest
from fmpy import read_model_description
from fmpy.validation import validate_fmu

from tests.fmus import toys
from tests.fmus.harness import running


@pytest.mark.parametrize("name", list(toys.ALL))
def test_fmpy_finds_no_problem(fmu, name):
    assert validate_fmu(str(fmu(name))) == []


@pytest.fixture
def description(fmu):
    return lambda name: read_model_description(str(fmu(name)))


def dependencies(unknowns):
    return {u.variable.name: {v.name for v in u.dependencies} for u in unknowns}


def test_outputs_depend_on_what_their_equations_hold(description):
    assert dependencies(description("decay").outputs) == {
        "x": {"x"},
        "twice": {"x"},
        "through": {"x", "u"},
        "gap": {"x", "u"},
    }


def test_outputs_of_a_sampled_model_have_no_feedthrough(description):
    found = dependencies(description("sampled").outputs)
    assert set(found) == {"count", "u", "alarm", "phase", "held", "odd"}
    assert all(depends == set() for depends in found.values())


def test_the_text_says_so_instead_of_leaving_it_open(fmu):
    """An absent attribute would mean: depends on everything."""
    with running(fmu("sampled")) as instance:
        assert all(unknown.dependencies is not None for unknown in instance.description.outputs)


def test_elements_of_a_vector_depend_on_their_own_inputs_in_fmi2(built):
    found = dependencies(read_model_description(str(built["vector"].fmi2)).outputs)
    assert found["y[2]"] == {"u[2]", "S[2]"}
    assert found["mean"] == {"S[1]", "S[2]", "S[3]"}


def test_vectors_are_arrays_in_fmi3(built):
    description = read_model_description(str(built["vector"].fmi3))
    by_name = {v.name: v for v in description.modelVariables}
    assert {name: v.shape for name, v in by_name.items() if v.shape} == dict.fromkeys(
        ["W", "u", "S", "y", "der(S)"], (3,)
    )
    assert by_name["der(S)"].derivative is by_name["S"]
    assert dependencies(description.outputs)["y"] == {"u", "S"}


def test_derivatives_depend_on_states_and_inputs_and_at_the_start_on_parameters_too(description):
    decay = description("decay")
    assert dependencies(decay.derivatives) == {"der(x)": {"x", "u"}}
    initial = dependencies(decay.initialUnknowns)
    assert initial == {
        "twice": {"x"},
        "through": {"x", "u"},
        "gap": {"x", "u", "k"},
        "der(x)": {"x", "u", "k"},
    }


def test_all_states_can_be_written_before_the_start(description):
    for name in ("mixed", "sampled", "vector"):
        states = [v for v in description(name).modelVariables if v.causality in ("output", "local") and v.start]
        assert states
        assert all(v.initial == "exact" for v in states)


@pytest.mark.parametrize("interface", ["CoSimulation", "ModelExchange"])
def test_capabilities_are_declared(fmu, version, interface):
    """Read from the text, because FMPy looks for FMI 2.0's names of some capabilities in FMI 3.0 too."""
    with zipfile.ZipFile(fmu("decay")) as archive:
        declared = ET.fromstring(archive.read("modelDescription.xml")).find(interface).attrib
    expected = {
        "fmi2": ("canGetAndSetFMUstate", "canSerializeFMUstate", "providesDirectionalDerivative"),
        "fmi3": ("canGetAndSetFMUState", "canSerializeFMUState", "providesDirectionalDerivatives"),
    }
    assert all(declared[name] == "true" for name in expected[version])
    assert declared["needsExecutionTool"] == declared["canBeInstantiatedOnlyOncePerProcess"] == "false"
    if interface == "CoSimulation":
        assert declared["canHandleVariableCommunicationStepSize"] == "true"


def test_enumerations_name_their_values(description):
    variables = {v.name: v for v in description("sampled").modelVariables}
    phase = variables["phase"]
    assert [(item.name, int(item.value)) for item in phase.declaredType.items] == [
        ("idle", 1),
        ("batch", 2),
        ("feed", 3),
    ]
    assert variables["mode"].declaredType.name == phase.declaredType.name
    assert variables["alarm"].type == "Boolean"
    assert variables["count"].type in ("Integer", "Int32")


def test_units_come_with_their_definition(description):
    units = {unit.name: unit.baseUnit for unit in description("mixed").unitDefinitions}
    assert (units["degC"].K, units["degC"].factor, units["degC"].offset) == (1, 1.0, 273.15)
    assert (units["K/s"].K, units["K/s"].s, units["K/s"].offset) == (1, -1, 0.0)


def test_outputs_that_change_at_scans_only_are_discrete(description):
    variables = {v.name: v for v in description("sampled").modelVariables}
    assert variables["held"].variability == "discrete"
    assert {v.name: v for v in description("mixed").modelVariables}["error"].variability == "continuous"
