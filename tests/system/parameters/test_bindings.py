"""Sets of parameters bound to components and systems, as in SSP 2.0, sections "Parameter Bindings" and SSM."""

import pytest

from orchestrator.errors import DescriptionError, UnitError
from orchestrator.system.connections.resolution import resolve
from orchestrator.system.connector import Causality, Connector, Storage
from orchestrator.system.description import Component, Connection, Endpoint, Experiment, SystemDescription
from orchestrator.system.parameters.giving import configured, given_parameters, parameter_values
from orchestrator.system.quantities.unit_text import parse_unit
from orchestrator.system.quantities.units import Unit
from orchestrator.system.structure import (
    DeclaredConnector,
    Mapping,
    Markup,
    ParameterBinding,
    Subsystem,
    UnitDefinition,
)
from orchestrator.system.transformation import Linear, ValueMap
from orchestrator.system.values import Quantity


def variable(name, causality="parameter", storage="float64", **more):
    more.setdefault("start", (0.0,))
    return Connector(name, Causality(causality), Storage(storage), 0, **more)


PUMP = [
    variable("speed", unit=parse_unit("rad/s")),
    variable("V", unit=parse_unit("L")),
    variable("T", "input", unit=parse_unit("K")),
    variable("k", unit=None),
    variable("A", shape=(3,), start=(1.0, 2.0, 3.0), unit=parse_unit("m")),
    variable("mode", storage="int64", items=((1, "idle"), (2, "run")), start=(1,)),
    variable("n", storage="int64", start=(0,)),
    variable("on", storage="boolean", start=(False,)),
    variable("label", storage="string", start=("",)),
    variable("size", "structuralParameter", "int64", start=(3,)),
    variable("y", "output", start=None),
    variable("V.dead", unit=parse_unit("mL")),
]


def bound(**values):
    return ParameterBinding(values={name.replace("__", "."): value for name, value in values.items()})


def mapped(source, target, value, *, suppress=False, transformation=None, **more):
    entry = Mapping(source=source, target=target, suppress_unit_conversion=suppress, transformation=transformation)
    return ParameterBinding(values={source: value}, mapping=(entry,), **more)


def system(components=None, subsystems=None, connections=(), **more):
    return SystemDescription(
        name="test",
        components={
            name: Component(source="p.fmu", **(fields or {})) for name, fields in (components or {"pump": None}).items()
        },
        subsystems=subsystems or {},
        connections=connections,
        experiment=Experiment(stop=1),
        step_size=1,
        **more,
    )


def flow(source, destination, **more):
    ends = [
        Endpoint(component=end.rpartition(".")[0], connector=end.rpartition(".")[2]) for end in (source, destination)
    ]
    return Connection(source=ends[0], destination=ends[1], **more)


def given(description):
    interfaces = dict.fromkeys(description.components, PUMP)
    found = given_parameters(description, interfaces)
    return {
        f"{component}.{name}": values.tolist() if values.size > 1 else values.tolist()[0]
        for component, each in found.values.items()
        for name, values in each.items()
    }


def passed_over(description):
    return given_parameters(description, dict.fromkeys(description.components, PUMP)).passed_over


def refused(description):
    with pytest.raises(DescriptionError) as caught:
        parameter_values(description, dict.fromkeys(description.components, PUMP))
    return str(caught.value)


def test_parameters_take_quantities_expressions_and_constants():
    parameters = {"V": "2*V0", "T": "37 degC", "speed": Quantity(value=60, unit="rad/min"), "A": ["1 m", "2 cm", "3"]}
    description = system({"pump": {"parameters": parameters}}, constants={"V0": "1.5 L"})
    assert given(description) == {
        "pump.V": 3.0,
        "pump.T": 310.15,
        "pump.speed": pytest.approx(1.0),
        "pump.A": [1.0, 0.02, 3.0],
    }


def test_an_array_of_one_unit_is_a_quantity():
    description = system({"pump": {"parameters": {"A": Quantity(value=(1, 2, 3), unit="cm")}}})
    assert given(description) == {"pump.A": [0.01, 0.02, 0.03]}


def test_text_stays_text_and_items_go_by_name():
    parameters = {"label": "2 L", "mode": "run", "n": "2*3", "on": True}
    assert given(system({"pump": {"parameters": parameters}})) == {
        "pump.label": "2 L",
        "pump.mode": 2,
        "pump.n": 6,
        "pump.on": True,
    }


def test_later_bindings_win_over_earlier_ones_and_both_over_parameters():
    component = {"parameters": {"k": 1, "V": 1, "n": 1}, "bindings": (bound(k=2, V=2), bound(k=3))}
    assert given(system({"pump": component})) == {"pump.k": 3, "pump.V": 2, "pump.n": 1}


def test_outer_systems_win_over_inner_ones_and_these_over_components():
    description = system(
        {"plant/cooling/pump": {"bindings": (bound(k=1, V=1, n=1, speed=1),)}},
        {
            "plant/cooling": Subsystem(bindings=(bound(pump__k=2, pump__V=2, pump__n=2),)),
            "": Subsystem(bindings=(bound(plant__cooling__pump__k=4), bound(plant__cooling__pump__k=5))),
            "plant": Subsystem(bindings=(bound(cooling__pump__k=3, cooling__pump__V=3),)),
        },
    )
    path = "plant/cooling/pump"
    assert given(description) == {f"{path}.k": 5, f"{path}.V": 3, f"{path}.n": 2, f"{path}.speed": 1}


def test_an_element_of_an_outer_binding_leaves_its_neighbours():
    description = system(
        {"pump": {"parameters": {"A": [4, 5, 6]}}},
        {"": Subsystem(bindings=(ParameterBinding(values={"pump.A[2]": 7}),))},
    )
    assert given(description) == {"pump.A": [4.0, 7.0, 6.0]}


def test_a_name_is_split_in_every_way_and_given_to_all_that_it_means():
    description = system(
        {"B/C": None, "B.C".replace(".", "_"): {"markup": Markup(label="B.C")}, "pump": None},
        {"": Subsystem(bindings=(bound(B__C__k=3, pump__V__dead=2),))},
    )
    assert given(description) == {"B/C.k": 3, "B_C.k": 3, "pump.V.dead": 2}


def test_a_prefix_stands_before_every_name_also_for_the_mapping():
    plain = ParameterBinding(prefix="pump.", values={"k": 2})
    assert given(system(subsystems={"": Subsystem(bindings=(plain,))})) == {"pump.k": 2}
    entry = (Mapping(source="pump.k", target="pump.V"),)
    through = ParameterBinding(prefix="pump.", values={"k": 2, "n": 3}, mapping=entry)
    assert given(system(subsystems={"": Subsystem(bindings=(through,))})) == {"pump.V": 2}


def test_names_that_mean_nothing_are_passed_over_and_told():
    description = system({"pump": {"bindings": (bound(k=1, other=2),)}}, {"": Subsystem(bindings=(bound(x__k=1),))})
    assert given(description) == {"pump.k": 1}
    assert passed_over(description) == (
        "components.pump.bindings[0].values.other: nothing has this name; it is given to nothing",
        "subsystems.''.bindings[0].values.x.k: nothing has this name; it is given to nothing",
    )


def test_a_mapping_gives_only_what_it_maps_and_one_parameter_to_several():
    entries = (Mapping(source="a", target="k"), Mapping(source="a", target="V"))
    description = system({"pump": {"bindings": (ParameterBinding(values={"a": 2, "k": 9}, mapping=entries),)}})
    assert given(description) == {"pump.k": 2, "pump.V": 2}
    assert passed_over(description) == ()


def test_a_mapping_of_what_is_not_in_its_set_is_refused_with_the_nearest_name():
    entries = (Mapping(source="speed", target="k"), Mapping(source="sped", target="n"))
    description = system({"pump": {"bindings": (ParameterBinding(values={"speed": 2}, mapping=entries),)}})
    told = (
        r"components\.pump\.bindings\[0\]\.mapping\[1\] \(n\): 'sped' is no parameter of the set; did you mean 'speed'"
    )
    with pytest.raises(DescriptionError, match=told):
        given(description)


@pytest.mark.parametrize(
    ("value", "suppress", "transformation", "expected"),
    [
        (Quantity(value=2, unit="m3"), False, None, 2000.0),
        (Quantity(value=2, unit="m3"), False, Linear(factor=3, offset=1), 6001.0),
        (Quantity(value=2, unit="m3"), True, None, 2.0),
        (Quantity(value=2, unit="m3"), True, Linear(factor=3, offset=1), 7.0),
        (2, False, Linear(factor=3, offset=1), 7.0),
        ("2 m3", False, Linear(factor=3), 6000.0),
    ],
)
def test_a_mapping_converts_and_then_transforms(value, suppress, transformation, expected):
    binding = mapped("a", "V", value, suppress=suppress, transformation=transformation)
    assert given(system({"pump": {"bindings": (binding,)}})) == {"pump.V": expected}


@pytest.mark.parametrize(
    ("target", "value", "kind", "entries", "expected"),
    [
        ("on", True, "boolean", [(True, False)], False),
        ("on", False, "boolean", [(True, False)], False),
        ("n", 4, "integer", [(4, 7)], 7),
        ("n", 5, "integer", [(4, 7)], 5),
        ("mode", "go", "enumeration", [("go", "run")], 2),
        ("mode", "idle", "enumeration", [("go", "run")], 1),
    ],
)
def test_a_mapping_replaces_values(target, value, kind, entries, expected):
    table = ValueMap(kind=kind, entries=tuple({"source": one, "target": other} for one, other in entries))
    binding = mapped("a", target, value, transformation=table)
    assert given(system({"pump": {"bindings": (binding,)}})) == {f"pump.{target}": expected}


def test_units_of_the_set_are_its_own():
    barrel = {"bbl": UnitDefinition(exponents={"m": 3}, factor=0.158987294928)}
    binding = ParameterBinding(values={"V": Quantity(value=2, unit="bbl")}, units=barrel)
    assert given(system({"pump": {"bindings": (binding,)}})) == {"pump.V": pytest.approx(317.974589856, rel=1e-15)}


def test_a_variable_without_a_unit_has_the_one_that_its_connector_declares():
    connectors = {
        "k": DeclaredConnector(kind="parameter", unit="degC"),
        "V": DeclaredConnector(kind="parameter", unit="m3"),
    }
    binding = bound(k=Quantity(value=310.15, unit="K"), V=Quantity(value=0.5, unit="m3"))
    assert given(system({"pump": {"connectors": connectors, "bindings": (binding,)}})) == {
        "pump.k": 37.0,
        "pump.V": 500.0,
    }


def test_a_description_defines_units_that_a_file_only_names():
    parts = {"reader": None, "meter": {"parameters": {"u": "1500 mOD"}}}
    units = {"OD": UnitDefinition(), "mOD": UnitDefinition(factor=1e-3)}
    meter = [
        variable("u", unit=Unit("OD"), start=(0.0,)),
        variable("y", "output", unit=Unit("mOD"), start=None),
        variable("v", "input", unit=Unit("OD")),
    ]
    described = system(parts, connections=(flow("meter.y", "reader.v"),), units=units)
    interfaces = dict.fromkeys(parts, meter)
    assert parameter_values(described, interfaces)["meter"]["u"].tolist() == [1.5]
    assert resolve(described, interfaces)[0].conversion == (0.001, 0.0)
    with pytest.raises(UnitError, match="'mOD' has no definition"):
        resolve(described.model_copy(update={"units": {}}), interfaces)


@pytest.mark.parametrize(
    ("binding", "problem"),
    [
        (mapped("a", "kk", 1), "components.pump.bindings[0].mapping[0] (kk): unknown variable; did you mean 'k'?"),
        (mapped("a", "A[4]", 1), "mapping[0] (A[4]): unknown variable; 'A' has the indices 1:3"),
        (mapped("a", "k[1]", 1), "mapping[0] (k[1]): unknown variable; 'k' is a scalar; leave the indices out"),
        (bound(y=1), "values.y: it is calculated by the component (causality output)"),
        (bound(V="2 kg"), "values.V: '2 kg' is not a number in 'L': 'kg' (kg) does not convert to 'L' (m3)"),
        (bound(V=Quantity(value=2, unit="kg")), "values.V: 2 'kg': 'kg' (kg) does not convert to 'L' (m3)"),
        (bound(on=Quantity(value=2, unit="kg")), "only numbers have units"),
        (bound(mode="stop"), "'stop' is no item of the enumeration"),
        (bound(n="2.5"), "2.5 is not an integer"),
        (bound(A=[1, 2]), "2 values for 3 elements"),
        (bound(size=4), "a structural parameter is given before all others"),
        (ParameterBinding(values={"A": 1, "A[2]": 2}), "'A[2]' also gets a value from 'A'; keep one of them"),
        (mapped("a", "n", 1, transformation=Linear(factor=2)), "a linear transformation is for floats"),
        (
            mapped("a", "n", 1, transformation=ValueMap(kind="boolean", entries=({"source": True, "target": False},))),
            "1 has not the kind 'boolean' of the transformation",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(binding, problem):
    message = refused(system({"pump": {"bindings": (binding,)}}))
    assert message.startswith("components.pump.bindings[0].")
    assert problem in message


def test_two_sources_of_one_target_are_refused():
    entries = (Mapping(source="a", target="k"), Mapping(source="b", target="k"))
    binding = ParameterBinding(values={"a": 1, "b": 2}, mapping=entries)
    message = "components.pump.bindings[0].mapping[1] (k): it also gets a value from 'a'; map one of them to it"
    assert refused(system({"pump": {"bindings": (binding,)}})) == message


def test_all_problems_come_in_one_report_with_their_places():
    description = system(
        {"pump": {"parameters": {"kk": 1}, "bindings": (bound(y=1),)}},
        {"": Subsystem(bindings=(bound(pump__V="1 s"),))},
    )
    places = [line.split(": ")[0] for line in refused(description).splitlines()]
    assert sorted(places) == [
        "components.pump.bindings[0].values.y",
        "components.pump.parameters.kk",
        "subsystems.''.bindings[0].values.pump.V",
    ]


def test_a_set_passes_over_connected_inputs():
    components = {"pump": {"bindings": (bound(T=300.0, k=1),)}, "source": None}
    description = system(components, connections=(flow("source.y", "pump.T"),))
    assert given(description) == {"pump.k": 1}
    assert passed_over(description) == (
        "components.pump.bindings[0].values.T: 'T' is connected to 'source.y', which gives its value",
    )


REAL = {"kind": "input", "type": "Real"}


def test_a_value_for_the_connector_of_a_system_reaches_what_is_behind_it():
    connectors = {"T": DeclaredConnector(**REAL, unit="degC"), "p": DeclaredConnector(kind="parameter", type="Real")}
    description = system(
        {"cooling/pump": None, "cooling/twin": None},
        {
            "": Subsystem(connectors={"T0": DeclaredConnector(**REAL, unit="K")}, bindings=(bound(T0="310.15 K"),)),
            "cooling": Subsystem(connectors=connectors, bindings=(bound(T=20.0, p=5),)),
        },
        (
            flow(".T0", "cooling.T"),
            flow("cooling.T", "cooling/pump.T"),
            flow("cooling.T", "cooling/twin.T", transformation=Linear(factor=1, offset=2)),
            flow("cooling.p", "cooling/twin.k", transformation=Linear(factor=10)),
        ),
    )
    assert given(description) == {
        "cooling/pump.T": pytest.approx(310.15),
        "cooling/twin.T": pytest.approx(312.15),
        "cooling/twin.k": 50.0,
    }


def test_structural_parameters_are_known_before_a_component_is_opened():
    description = system(
        {"a/pump": {"parameters": {"size": 2}}, "other": {"parameters": {"size": "2*n"}}},
        {"": Subsystem(bindings=(bound(a__pump__size="2 + 3"),))},
        constants={"n": 4},
    )
    assert {name: part.parameters for name, part in configured(description).items()} == {
        "a/pump": {"size": 5},
        "other": {"size": 8},
    }


def test_the_structural_parameter_that_a_component_has_is_no_problem():
    assert given(system({"pump": {"parameters": {"size": "1 + 2"}}})) == {}


def test_what_was_done_to_a_value_is_told():
    component = {
        "parameters": {"T": "37 degC", "V": 2.0},
        "bindings": (mapped("a", "k", 3, transformation=Linear(factor=2)),),
    }
    applied = given_parameters(system({"pump": component}), {"pump": PUMP}).applied
    assert [
        (one.place, one.variable, one.given, one.unit, one.target_unit, one.factor, one.offset) for one in applied
    ] == [
        ("components.pump.parameters.T", "pump.T", "37 degC", "degC", "K", 1.0, 273.15),
        ("components.pump.bindings[0].mapping[0] (k)", "pump.k", "3", "", "", 1.0, 0.0),
    ]
    assert [one.value for one in applied] == [310.15, 6.0]
    assert applied[1].transformation == "2 x +0"


def test_nothing_is_told_of_a_value_that_another_one_wins_over():
    component = {"parameters": {"T": "37 degC", "V": "2 m3"}, "bindings": (bound(T=300.0),)}
    applied = given_parameters(system({"pump": component}), {"pump": PUMP}).applied
    assert [one.variable for one in applied] == ["pump.V"]
