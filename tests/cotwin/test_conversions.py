from types import SimpleNamespace

from cotwin.conversions import conversion_table
from orchestrator.system.connector import Causality, Connector, Storage
from orchestrator.system.description import Component, Connection, Endpoint, Experiment, SystemDescription
from orchestrator.system.quantities.unit_text import parse_unit
from orchestrator.system.structure import Mapping, ParameterBinding
from orchestrator.system.transformation import Linear, ValueMap


def variable(name, causality, storage="float64", unit=None, **more):
    return Connector(name, Causality(causality), Storage(storage), 0, unit=unit and parse_unit(unit), **more)


TANK = [
    variable("T", "output", unit="degC"),
    variable("S", "output", unit="g/L", shape=(2,)),
    variable("p", "output", unit="bar"),
    variable("n", "output", "int64"),
    variable("on", "output", "boolean"),
]
PLC = [
    variable("T", "input", unit="K"),
    variable("S", "input", unit="mg/L", shape=(2,)),
    variable("p", "input", unit="bar"),
    variable("n", "input"),
    variable("off", "input", "boolean"),
    variable("V", "parameter", unit="L", start=(0.0,)),
    variable("k", "parameter", start=(0.0,)),
    variable("c", "parameter", start=(0.0,)),
]
MODELS = {"tank": SimpleNamespace(connectors=TANK), "plc": SimpleNamespace(connectors=PLC)}


def flow(source, destination, **more):
    ends = Endpoint(component="tank", connector=source), Endpoint(component="plc", connector=destination)
    return Connection(source=ends[0], destination=ends[1], **more)


def rows(connections=(), parameters=None, bindings=()):
    description = SystemDescription(
        name="test",
        components={
            "tank": Component(source="t.fmu"),
            "plc": Component(source="p.fmu", parameters=parameters or {}, bindings=bindings),
        },
        connections=connections,
        experiment=Experiment(stop=1),
        step_size=1,
        constants={"V0": "2 L"},
    )
    return conversion_table(description, MODELS).rows


def test_a_connection_that_converts_units_is_listed_with_its_numbers_and_others_are_not():
    assert rows((flow("T", "T"), flow("p", "p"))) == [("tank.T", "plc.T", "degC", "K", "1", "273.15", "", "")]


def test_the_elements_of_an_array_share_a_row():
    assert rows((flow("S", "S"),)) == [("tank.S", "plc.S", "g/L", "mg/L", "1000", "0", "", "")]


def test_transformations_types_and_replaced_values_are_listed():
    swapped = ValueMap(kind="boolean", entries=({"source": True, "target": False}, {"source": False, "target": True}))
    connections = (
        flow("p", "p", transformation=Linear(factor=2.0, offset=1.0)),
        flow("n", "n"),
        flow("on", "off", transformation=swapped),
    )
    assert rows(connections) == [
        ("tank.p", "plc.p", "bar", "bar", "2", "1", "", ""),
        ("tank.n", "plc.n", "", "", "1", "0", "int64 to float64", ""),
        ("tank.on", "plc.off", "", "", "1", "0", "0 becomes 1, 1 becomes 0", ""),
    ]


def test_parameters_are_listed_with_what_was_given_and_what_came_of_it():
    mapping = (Mapping(source="a", target="c", transformation=Linear(factor=2.0, offset=-1.0)),)
    listed = rows(parameters={"V": "2*V0", "k": 3.0}, bindings=(ParameterBinding(values={"a": 5.0}, mapping=mapping),))
    assert listed == [
        ("2*V0", "plc.V", "m3", "L", "1000", "0", "", "4"),
        ("5.0", "plc.c", "", "", "1", "0", "2 x -1", "9"),
    ]
