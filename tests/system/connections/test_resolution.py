from pathlib import Path

import numpy as np
import pytest

from orchestrator.errors import DescriptionError, UnitError
from orchestrator.system.connections.resolution import Link, Slot, resolve
from orchestrator.system.connector import Causality, Connector, Storage, Variability
from orchestrator.system.parameters.giving import parameter_values
from orchestrator.system.quantities.units import IDENTITY, Conversion, Unit
from orchestrator.system.yaml.file import from_mapping

KELVIN = (0, 0, 0, 0, 1, 0, 0, 0)
degC, K = Unit("degC", KELVIN, 1.0, 273.15), Unit("K", KELVIN)
kg = Unit("kg", (1, 0, 0, 0, 0, 0, 0, 0))


def variable(name, causality, storage="float64", **more):
    return Connector(name, Causality(causality), Storage(storage), 0, **more)


def scalars(name, causality, size, **more):
    return [variable(f"{name}[{index + 1}]", causality, **more) for index in range(size)]


INTERFACES = {
    "tank": [
        variable("T", "output", unit=degC),
        variable("S", "output", shape=(3,)),
        variable("n", "output", "int64"),
        variable("full", "output", "boolean"),
        variable("M", "output", shape=(2, 2)),
        variable("k", "parameter", start=(1.0,), minimum=0.0, maximum=3.0, initial="exact"),
        variable("x", "local"),
        variable("x0", "local", initial="exact", start=(1.0,)),
        variable("limit", "local", variability=Variability.CONSTANT, initial="exact", start=(1.0,)),
        variable("size", "structuralParameter", "int64", start=(3,)),
    ],
    "plc": [
        variable("T", "input", unit=K, start=(0.0,)),
        variable("m", "input", unit=kg, start=(0.0,)),
        variable("u", "input", start=(0.0,)),
        *scalars("S", "input", 3, start=(0.0,)),
        variable("on", "input", "boolean", start=(False,)),
        variable("A", "parameter", shape=(3,), start=(1.0, 2.0, 3.0), variability=Variability.FIXED),
        variable("k", "parameter", start=(1.0,), variability=Variability.TUNABLE),
        variable("mode", "parameter", "int64", items=((1, "idle"), (2, "run")), start=(1,)),
        variable("flag", "parameter", "boolean", start=(False,)),
    ],
}


def system(*connections, tank=None, plc=None):
    data = {
        "name": "test",
        "components": {
            "tank": {"source": "t", "parameters": tank or {}},
            "plc": {"source": "p", "parameters": plc or {}},
        },
        "connections": list(connections),
        "experiment": {"stop": 1},
        "step_size": 1,
    }
    return from_mapping(data, Path(), "test")


def problems(*connections):
    with pytest.raises(DescriptionError) as caught:
        resolve(system(*connections), INTERFACES)
    return str(caught.value)


def refused(**parameters):
    with pytest.raises(DescriptionError) as caught:
        parameter_values(system(**parameters), INTERFACES)
    return str(caught.value)


def test_a_connection_becomes_a_link_with_its_conversion():
    assert resolve(system("tank.T -> plc.T"), INTERFACES) == (
        Link(Slot("tank", "T", 0), Slot("plc", "T", 0), Conversion(1.0, 273.15)),
    )


def test_an_array_connects_element_by_element_to_the_scalars_of_fmi_2():
    links = resolve(system("tank.S -> plc.S"), INTERFACES)
    assert [(link.source, link.destination) for link in links] == [
        (Slot("tank", "S", index), Slot("plc", f"S[{index + 1}]", 0)) for index in range(3)
    ]


def test_single_elements_of_arrays_and_matrices_connect():
    (first, second) = resolve(system("tank.S[2] -> plc.u", "tank.M[2,1] -> plc.S[1]"), INTERFACES)
    assert first.source == Slot("tank", "S", 1)
    assert second == Link(Slot("tank", "M", 2), Slot("plc", "S[1]", 0), IDENTITY)


def test_ranges_of_arrays_and_matrices_connect_element_by_element():
    links = resolve(system("tank.S[2:] -> plc.S[1:2]", "tank.M[2,1:1] -> plc.S[3]"), INTERFACES)
    assert [(link.source, link.destination) for link in links] == [
        (Slot("tank", "S", 1), Slot("plc", "S[1]", 0)),
        (Slot("tank", "S", 2), Slot("plc", "S[2]", 0)),
        (Slot("tank", "M", 2), Slot("plc", "S[3]", 0)),
    ]


def test_a_common_name_counts_in_numbers_not_in_letters():
    interfaces = {"a": [variable("y", "output", shape=(11,))], "b": scalars("u", "input", 11)[::-1]}
    description = from_mapping(
        {
            "name": "n",
            "components": {"a": {"source": "a"}, "b": {"source": "b"}},
            "connections": ["a.y -> b.u"],
            "experiment": {"stop": 1},
            "step_size": 1,
        },
        Path(),
        "n",
    )
    destinations = [link.destination.connector for link in resolve(description, interfaces)]
    assert destinations == [f"u[{index}]" for index in range(1, 12)]


def test_scalars_with_a_gap_are_no_array():
    interfaces = {**INTERFACES, "plc": scalars("S", "input", 4)[::2]}
    with pytest.raises(DescriptionError, match="'plc' has no input 'S'"):
        resolve(system("tank.S -> plc.S"), interfaces)


def test_an_integer_connects_to_a_float():
    assert len(resolve(system("tank.n -> plc.u"), INTERFACES)) == 1


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        ("tnk.T -> plc.T", "there is no component 'tnk'; did you mean 'tank'?"),
        ("tank.fulll -> plc.on", "'tank' has no output 'fulll'; did you mean 'full'?"),
        ("tank.T -> plc.q", "'plc' has no input 'q'; known: 'T', 'm', 'u', 'S[1]'"),
        ("tank.S[4] -> plc.u", "'tank' has no output 'S[4]'; 'S' has the indices 1:3"),
        ("tank.M[1] -> plc.u", "'tank' has no output 'M[1]'; 'M' has the indices 1:2,1:2"),
        ("tank.S[2:4] -> plc.S", "'tank' has no output 'S[2:4]'; 'S' has the indices 1:3"),
        ("tank.S[2:] -> plc.S", "'tank.S[2:]' has size 2, 'plc.S' 3; connect equal sizes"),
        ("plc.u -> tank.T", "the source 'plc.u' is an input, not an output"),
        ("plc.u -> tank.T", "the destination 'tank.T' is an output, not an input; connections read 'source ->"),
        ("tank.x -> plc.u", "'tank.x' is a local, not an output; local variables can be recorded but not connected"),
        ("tank.k -> plc.u", "'tank.k' is a parameter, not an output; give its value to the destination"),
        ("tank.T -> plc.A[1]", "FMI connects no parameters: set it under 'components.plc.parameters'"),
        ("tank.S -> plc.u", "'tank.S' has size 3, 'plc.u' 1; connect equal sizes"),
        (
            "tank.T -> plc.k",
            "'plc.k' is a parameter, not an input; FMI connects no parameters: set it under 'components.",
        ),
        ("tank.T -> plc.k", "'components.plc.parameters', or let 'as_parameter: true' of the connection set it at"),
        ("tank.T -> plc.on", "float64 does not connect to boolean"),
    ],
)
def test_a_wrong_connection_is_refused_with_its_names_and_the_remedy(connection, expected):
    message = problems(connection)
    assert message.startswith(f"{connection}: ")
    assert expected in message


def test_two_sources_for_one_element_are_refused_with_both():
    message = problems("tank.T -> plc.S[2]", "tank.S -> plc.S")
    assert message == ("tank.S -> plc.S: 'plc.S[2]' already has a source: 'tank.T -> plc.S[2]'; keep one of them")


def test_the_same_connection_twice_is_refused():
    assert "already has a source" in problems("tank.T -> plc.T", "tank.T -> plc.T")


def test_all_wrong_connections_come_in_one_report():
    message = problems("tank.a -> plc.u", "tank.T -> plc.b", "tank.T -> plc.m")
    assert len(message.splitlines()) == 3


def test_units_without_conversion_alone_are_a_unit_error():
    with pytest.raises(UnitError, match=r"tank\.T -> plc\.m: 'degC' \(K\) does not convert to 'kg' \(kg\)"):
        resolve(system("tank.T -> plc.m"), INTERFACES)


def test_values_come_as_arrays_in_the_storage_type():
    values = parameter_values(system(tank={"k": 2}, plc={"A": 4, "mode": 2, "flag": True, "u": 5}), INTERFACES)
    assert values["tank"]["k"].tolist() == [2.0]
    assert values["plc"]["A"].tolist() == [4.0, 4.0, 4.0]
    assert {name: array.dtype for name, array in values["plc"].items()} == {
        "A": np.float64,
        "mode": np.int64,
        "flag": np.bool_,
        "u": np.float64,
    }


def test_elements_that_are_not_named_keep_their_start_values():
    values = parameter_values(system(plc={"A[2]": 7, "S": [1, 2, 3]}), INTERFACES)["plc"]
    assert values["A"].tolist() == [1.0, 7.0, 3.0]
    assert [values[f"S[{index}]"].tolist() for index in (1, 2, 3)] == [[1.0], [2.0], [3.0]]


def test_start_values_of_states_may_be_given():
    assert parameter_values(system(tank={"x0": 3.0}), INTERFACES)["tank"]["x0"].tolist() == [3.0]


@pytest.mark.parametrize(
    ("component", "name", "value", "expected"),
    [
        ("plc", "modde", 1, "unknown variable; did you mean 'mode'?"),
        ("tank", "T", 1, "it is calculated by the component (causality output)"),
        ("tank", "x", 1, "it is calculated by the component (causality local)"),
        ("tank", "limit", 1, "it is constant"),
        ("tank", "size", 2, "a structural parameter is given before all others"),
        ("tank", "k", 4, "4 is outside [0.0, 3.0]"),
        ("tank", "k", True, "True is not a number, as float64 needs"),
        ("plc", "mode", 1.5, "1.5 is not an integer, as int64 needs"),
        ("plc", "mode", 2**63, "9223372036854775808 does not fit into 64 bits"),
        ("plc", "mode", 3, "3 is no value of the enumeration; use one of 1 (idle), 2 (run)"),
        ("plc", "flag", 1, "1 is not true or false, as boolean needs"),
        ("plc", "A", [1, 2], "2 values for 3 elements"),
    ],
)
def test_a_wrong_value_is_refused_with_its_path_and_the_remedy(component, name, value, expected):
    message = refused(**{component: {name: value}})
    assert message.startswith(f"components.{component}.parameters.{name}: {expected}")


def test_a_connected_input_takes_no_value():
    with pytest.raises(DescriptionError, match=r"parameters\.T: this input is connected to 'tank\.T'"):
        parameter_values(system("tank.T -> plc.T", plc={"T": 3.0}), INTERFACES)


def test_a_connected_element_takes_no_value_but_its_neighbours_do():
    values = parameter_values(system("tank.T -> plc.S[1]", plc={"S[2]": 3.0}), INTERFACES)
    assert values["plc"]["S[2]"].tolist() == [3.0]
    with pytest.raises(DescriptionError, match=r"parameters\.S: this input is connected"):
        parameter_values(system("tank.T -> plc.S[1]", plc={"S": 3.0}), INTERFACES)


def test_one_element_given_twice_is_refused():
    assert "'A[2]' also gets a value from 'A'; keep one of them" in refused(plc={"A": 1, "A[2]": 2})


def test_all_wrong_values_come_in_one_report():
    assert len(refused(tank={"k": 4, "T": 1}, plc={"mode": 9}).splitlines()) == 3
