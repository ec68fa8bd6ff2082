from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import DescriptionError
from orchestrator.system.connections.allowed import ALLOWED
from orchestrator.system.connections.flattening import Flattened, Reached
from orchestrator.system.connections.links import Link, Slot
from orchestrator.system.connections.substitution import Substitution
from orchestrator.system.description import Component
from orchestrator.system.quantities.units import IDENTITY, Conversion, Unit, conversion
from orchestrator.system.structure import Subsystem
from orchestrator.system.transformation import Linear, MapEntry, ValueMap
from tests.system.connections.plant import (
    INTERFACES,
    KELVIN,
    K,
    connectors,
    degC,
    degF,
    described,
    flattened,
    joined,
    links,
    refused,
    variable,
    with_bus,
)


def test_a_value_goes_through_the_connectors_of_two_levels():
    (link,) = links(
        "cooling/deep.v -> cooling/deep/valve.u",
        "plant.y -> cooling.u",
        "cooling.u -> cooling/deep.v",
        cooling={"u": "input"},
        deep={"v": "input"},
    )
    assert link == Link(
        Slot("plant", "y", 0), Slot("cooling/deep/valve", "u", 0), IDENTITY, None, ("cooling.u", "cooling/deep.v")
    )


def test_a_value_goes_out_of_a_nested_system_and_into_several():
    found = links(
        "cooling/pump.P -> cooling.out",
        "cooling.out -> cooling.back",
        "cooling.back -> cooling/pump.T",
        "cooling.back -> cooling/deep/valve.T",
        cooling={"out": "output", "back": "input"},
    )
    assert [(link.source, link.destination.component) for link in found] == [
        (Slot("cooling/pump", "P", 0), "cooling/pump"),
        (Slot("cooling/pump", "P", 0), "cooling/deep/valve"),
    ]
    assert found[0].conversion == IDENTITY
    assert found[1].conversion == conversion(K, degF)


def test_a_declared_unit_on_the_way_counts_and_there_and_back_is_exact():
    found = links(
        "plant.T -> cooling.a",
        "cooling.a -> cooling/pump.T",
        "cooling.a -> cooling/pump.u",
        cooling={"a": {"kind": "input", "type": "Real", "unit": "degX"}},
    )
    assert found[0].conversion == conversion(degC, K)
    # degX: K = 2 x + 10; the input without a unit gets the value in degX
    assert found[1].conversion == Conversion(0.5, (273.15 - 10.0) / 2.0)


def test_an_undeclared_connector_takes_the_unit_that_arrives():
    (link,) = links("plant.T -> cooling.a", "cooling.a -> cooling/pump.T", cooling={"a": "input"})
    assert link.conversion == Conversion(1.0, 273.15)


def test_a_difference_stays_one_on_its_way_through_a_nested_system():
    rise, fall = (variable(name, "output", unit=Unit("K", KELVIN, relative=True)) for name in ("rise", "fall"))
    sink = variable("dT", "input", unit=Unit("degF", KELVIN, 5 / 9, relative=True))
    description = described(
        "plant.rise -> cooling.d",
        "cooling.d -> cooling/pump.dT",
        cooling={"d": {"kind": "input", "unit": "degC"}},
    )
    (link,) = Flattened(description, {"plant": [rise, fall], "cooling/pump": [sink]}).links
    assert link.conversion == (pytest.approx(9 / 5), 0.0)


def test_a_transformation_acts_after_the_conversion_or_instead_of_it():
    double = Linear(factor=2.0, offset=1.0)
    (after,) = links(joined("plant.T -> cooling/pump.T", transformation=double))
    assert after.conversion == Conversion(2.0, 2.0 * 273.15 + 1.0)
    (instead,) = links(joined("plant.T -> cooling/pump.T", transformation=double, suppress_unit_conversion=True))
    assert instead.conversion == Conversion(2.0, 1.0)
    (neither,) = links(joined("plant.T -> cooling/pump.T", suppress_unit_conversion=True))
    assert neither.conversion == IDENTITY


def test_a_conversion_that_was_suppressed_is_not_made_up_for_later():
    (link,) = links(
        joined("plant.T -> cooling.a", suppress_unit_conversion=True, transformation=Linear(offset=273.15)),
        "cooling.a -> cooling/pump.T",
        cooling={"a": "input"},
    )
    assert link.conversion == Conversion(1.0, 273.15)


HOP = st.tuples(
    st.sampled_from([None, "K", "degC", "degF", "degX"]),
    st.none() | st.tuples(st.floats(-3.0, 3.0), st.floats(-50.0, 50.0)),
    st.booleans(),
)
SCALES = {"K": (1.0, 0.0), "degC": (1.0, 273.15), "degF": (5 / 9, 273.15 - 32 * 5 / 9), "degX": (2.0, 10.0)}


def one_by_one(value, unit, hops):
    """What a value in a unit becomes, hop by hop, as SSP says it."""
    for wanted, linear, suppressed in hops:
        if not suppressed and unit is not None and wanted is not None:
            (factor, offset), (other_factor, other_offset) = SCALES[unit], SCALES[wanted]
            value = (factor * value + offset - other_offset) / other_factor
        if linear is not None:
            value = linear[0] * value + linear[1]
        if wanted is not None or suppressed:
            unit = wanted
    return value


def nested(depth):
    """Path of a system below `depth` others."""
    return "/".join(["s"] * (depth + 1))


@settings(deadline=None)
@given(st.lists(HOP, max_size=6), HOP, st.floats(-100.0, 100.0))
def test_conversions_and_transformations_of_all_hops_compose(hops, last, value):
    hops = [*hops, ("K", *last[1:])]
    depth = len(hops) - 1
    ends = [f"{nested(level)}.c" for level in range(depth)] + [f"{nested(depth)}/end.T"]
    connections = [
        joined(
            f"{source} -> {destination}",
            transformation=None if linear is None else Linear(factor=linear[0], offset=linear[1]),
            suppress_unit_conversion=suppressed,
        )
        for source, destination, (_, linear, suppressed) in zip(["plant.T", *ends], ends, hops, strict=False)
    ]
    systems = {
        nested(level): Subsystem(connectors=connectors(c={"kind": "input", "unit": unit}))
        for level, (unit, _, _) in enumerate(hops[:-1])
    }
    interfaces = {"plant": INTERFACES["plant"], f"{nested(depth)}/end": [variable("T", "input", unit=K)]}
    (link,) = Flattened(described(*connections, systems=systems), interfaces).links
    expected = one_by_one(value, "degC", hops)
    assert link.conversion.factor * value + link.conversion.offset == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_tables_of_values_of_all_hops_compose():
    swap = ValueMap(kind="integer", entries=(MapEntry(source=1, target=2), MapEntry(source=2, target=1)))
    up = ValueMap(kind="integer", entries=(MapEntry(source=2, target=20),))
    (link,) = links(
        joined("plant.n -> cooling.a", transformation=swap),
        joined("cooling.a -> cooling/pump.n", transformation=up),
        cooling={"a": {"kind": "input", "type": "Integer"}},
    )
    assert link.mapping == Substitution.of({1: 20, 2: 1})


def test_the_type_of_a_connector_on_the_way_restricts_what_passes():
    (link,) = links(
        "plant.n -> cooling.a",
        "cooling.a -> cooling/pump.n",
        cooling={"a": {"kind": "input", "type": "Enumeration", "enumeration": "Mode"}},
    )
    assert link.mapping == Substitution.only([0, 1])
    assert "float64 does not connect to int64: floats are not rounded in silence" in refused(
        "plant.n -> cooling.a", "cooling.a -> cooling/pump.n", cooling={"a": {"kind": "input", "type": "Real"}}
    )


def test_arrays_go_through_whole_and_in_parts():
    found = links(
        "plant.S[2:3] -> cooling.pair",
        "cooling.pair -> cooling/pump.S[1:2]",
        "cooling.pair[2] -> cooling/pump.S[4]",
        "plant.S -> cooling.all",
        "cooling.all -> cooling/deep.m",
        "cooling/deep.m[:,2] -> cooling/deep/valve.S[1,:]",
        cooling={"pair": {"kind": "input", "dimensions": (2,)}, "all": {"kind": "input", "dimensions": (None,)}},
        deep={"m": {"kind": "input", "dimensions": (2, 2)}},
    )
    assert [(link.source.element, link.destination.element, link.through) for link in found] == [
        (1, 0, ("cooling.pair[1]",)),
        (2, 1, ("cooling.pair[2]",)),
        (2, 3, ("cooling.pair[2]",)),
        (1, 0, ("cooling.all[2]", "cooling/deep.m[1,2]")),
        (3, 1, ("cooling.all[4]", "cooling/deep.m[2,2]")),
    ]


def test_an_open_size_is_settled_from_far_or_refused():
    open_size = {"kind": "input", "dimensions": (None,)}
    through = ("cooling.a -> cooling/deep.b", "cooling/deep.b -> cooling/deep/valve.S[1,:]")
    assert len(links(*through, "plant.S[1:2] -> cooling.a", cooling={"a": open_size}, deep={"b": open_size})) == 2
    message = refused(through[0], cooling={"a": open_size}, deep={"b": open_size})
    assert "the size of 'a' of the system 'cooling' is open; declare its dimensions" in message
    assert "'cooling.a' has size 2, 'cooling/pump.S' 4" in refused(
        "cooling.a -> cooling/pump.S", cooling={"a": {"kind": "input", "dimensions": (2,)}}
    )
    assert "no connector 'a[3]'; 'a' has the indices 1:2" in refused(
        "cooling.a[3] -> cooling/pump.u", cooling={"a": {"kind": "input", "dimensions": (2,)}}
    )


def test_a_size_that_nobody_can_hold_and_one_of_nothing_are_refused():
    huge = {"kind": "input", "dimensions": (10**6, 10**6)}
    for connection in ("cooling.a -> cooling/pump.u", "cooling.a[1:999999,1] -> cooling/pump.u"):
        assert "'a' of the system 'cooling' has 1000000000000 elements" in refused(connection, cooling={"a": huge})
    nothing = {"kind": "input", "dimensions": (0,)}
    message = refused("cooling.a -> cooling.b", cooling={"a": nothing, "b": "output"})
    assert "'cooling.a' has size 0, 'cooling.b' 1" in message


def test_an_input_of_the_whole_system_reaches_components_with_conversions():
    whole = flattened(
        ".T -> cooling.T",
        "cooling.T -> cooling/pump.T",
        joined("cooling.T -> cooling/deep/valve.T", transformation=Linear(factor=2.0)),
        ".k -> cooling.k",
        "cooling.k -> cooling/pump.fixed",
        root={"T": {"kind": "input", "unit": "degC"}, "k": "parameter"},
        cooling={"T": "input", "k": "parameter"},
    )
    assert whole.links == ()
    into_valve = conversion(degC, degF)
    assert whole.reached("", "T") == (
        Reached(0, Slot("cooling/pump", "T", 0), Conversion(1.0, 273.15), None, degC),
        Reached(
            0,
            Slot("cooling/deep/valve", "T", 0),
            Conversion(2.0 * into_valve.factor, 2.0 * into_valve.offset),
            None,
            degC,
        ),
    )
    assert [one.destination for one in whole.reached("", "k")] == [Slot("cooling/pump", "fixed", 0)]
    assert whole.origin(Slot("cooling/pump", "T", 0)) == Slot("", "T", 0)
    assert whole.reached("cooling", "k")[0].unit is None


def test_a_value_without_a_declared_unit_is_one_in_the_unit_of_what_it_reaches():
    whole = flattened(".T -> cooling/pump.T", root={"T": "input"})
    assert whole.reached("", "T") == (Reached(0, Slot("cooling/pump", "T", 0), IDENTITY, None, K),)


def test_an_output_of_the_whole_system_is_another_name_of_a_value():
    whole = flattened(
        "cooling/pump.P -> cooling.P",
        "cooling.P -> .hot",
        root={"hot": {"kind": "output", "unit": "degC"}},
        cooling={"P": "output"},
    )
    assert whole.links == ()
    hot = whole.aliases()[-1]
    assert (hot.link.destination, hot.link.source) == (Slot("", "hot", 0), Slot("cooling/pump", "P", 0))
    assert (hot.link.conversion, hot.unit.name) == (Conversion(1.0, -273.15), "degC")


def test_an_input_of_a_system_may_be_its_output():
    (link,) = links(
        "plant.y -> cooling/deep.a",
        "cooling/deep.a -> cooling/deep.b",
        "cooling/deep.b -> cooling/pump.u",
        deep={"a": "input", "b": "output"},
    )
    assert link.through == ("cooling/deep.a", "cooling/deep.b")
    (link,) = links(
        "cooling/deep/valve.y -> cooling/deep.b",
        "cooling/deep.b -> cooling/deep.a",
        "cooling/deep.a -> cooling/deep/valve.u",
        deep={"a": "input", "b": "output"},
    )
    assert link.source == Slot("cooling/deep/valve", "y", 0)


def test_all_references_to_a_signal_dictionary_share_its_signals():
    found = Flattened(
        with_bus("plant.T -> bus.T", "cooling/bus.T -> cooling/pump.T", "cooling/deep/bus.T -> cooling/deep/valve.T"),
        INTERFACES,
    ).links
    assert [(link.source, link.destination) for link in found] == [
        (Slot("plant", "T", 0), Slot("cooling/pump", "T", 0)),
        (Slot("plant", "T", 0), Slot("cooling/deep/valve", "T", 0)),
    ]
    assert found[0].conversion == conversion(degC, K)
    assert found[1].conversion == conversion(degC, degF)


def test_a_signal_of_a_dictionary_has_one_source():
    with pytest.raises(DescriptionError, match=r"'bus.T' is a signal of the same dictionary and already has a source"):
        Flattened(with_bus("plant.T -> bus.T", "cooling/pump.P -> cooling/bus.T"), INTERFACES)


def test_a_unit_that_only_the_description_declares_counts():
    declared = Component(source=Path("f"), connectors=connectors(y={"kind": "output", "unit": "degX"}))
    (link,) = links("plant.y -> cooling/pump.T", components={"plant": declared})
    assert link.conversion == Conversion(2.0, 10.0)


def test_a_local_is_connected_where_it_is_declared_as_ssp_does():
    declared = Component(source=Path("f"), connectors=connectors(x="local"))
    (link,) = links("plant.x -> cooling/pump.u", components={"plant": declared})
    assert link.source == Slot("plant", "x", 0)


def test_the_table_of_allowed_connections_is_that_of_the_standard():
    assert len(ALLOWED) == 42
    assert ("system", "parameter", "element", "input") in ALLOWED
    assert ("element", "output", "element", "parameter") not in ALLOWED
    assert ("system", "input", "element", "parameter") not in ALLOWED


def test_a_thousand_levels_are_followed():
    systems = {nested(level): Subsystem(connectors=connectors(c="input")) for level in range(1000)}
    ends = ["plant.y", *(f"{path}.c" for path in systems), f"{nested(999)}/end.u"]
    hops = [f"{source} -> {destination}" for source, destination in pairwise(ends)]
    interfaces = {"plant": INTERFACES["plant"], f"{nested(999)}/end": [variable("u", "input")]}
    (link,) = Flattened(described(*reversed(hops), systems=systems), interfaces).links
    assert link.source == Slot("plant", "y", 0)
    assert len(link.through) == 1000
