"""Connections that cannot be, through nested systems: one message each, all of them at once."""

from pathlib import Path

import pytest

from orchestrator.errors import UnitError
from orchestrator.system.description import Component
from orchestrator.system.structure import Subsystem
from tests.system.connections.plant import (
    connectors,
    links,
    refused,
)


def test_a_circle_of_connectors_is_refused_with_its_names():
    message = refused(
        "cooling.a -> cooling/deep.b",
        "cooling/deep.b -> cooling/deep.c",
        "cooling/deep.c -> cooling.d",
        "cooling.d -> cooling.a",
        "cooling.d -> .out",
        root={"out": "output"},
        cooling={"a": "input", "d": "output"},
        deep={"b": "input", "c": "output"},
    )
    assert message.count("this circle has no source") == 1
    for name in ("cooling.a", "cooling/deep.b", "cooling/deep.c", "cooling.d"):
        assert name in message


def test_two_sources_of_a_connector_of_a_system_are_refused():
    message = refused("plant.y -> cooling.a", "plant.T -> cooling.a", cooling={"a": "input"})
    assert message == "plant.T -> cooling.a: 'cooling.a' already has a source: 'plant.y -> cooling.a'; keep one of them"


def test_an_output_of_a_system_that_nothing_feeds_is_refused_and_an_input_is_not():
    message = refused("cooling.out -> cooling/pump.u", cooling={"out": "output"})
    assert "the source 'cooling.out' is an output of the system around it" in message
    message = refused("cooling/deep.out -> cooling/pump.u", deep={"out": "output"})
    assert message == (
        "cooling/deep.out -> cooling/pump.u: nothing in the system 'cooling/deep' is connected to its output "
        "'cooling/deep.out'; connect an output of what is in it"
    )
    assert links("cooling.a -> cooling/pump.u", cooling={"a": "input"}) == ()


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        ("plant.y -> coling.a", "there is no component 'coling'; did you mean 'cooling'"),
        ("plant.y -> cooling.aa", "the system 'cooling' has no connector 'aa'; did you mean 'a'?"),
        ("plant.y -> .aa", "the whole system has no connector 'aa'; did you mean 'a'?"),
        ("cooling/pumpe.P -> cooling.b", "there is no component 'cooling/pumpe'; did you mean 'cooling/pump'"),
        ("plant.y -> cooling.b", "the destination 'cooling.b' is an output, not an input; connections read 'source ->"),
        ("cooling/pump.P -> cooling.a", "the destination 'cooling.a' is an input of the system around it, which gives"),
        ("cooling.p -> plant.y", "the source 'cooling.p' is a parameter, not an output; give its value"),
        ("cooling.a -> cooling/pump.tuned", "'cooling/pump.tuned' is a parameter, not an input; FMI connects no"),
        (
            ".p -> .c",
            "the destination '.c' is a constant, which takes no value of '.p' (parameter); connect calculated",
        ),
        ("plant.y -> cooling.p", "FMI connects no parameters: set it under 'parameters of a system around it'"),
        ("plant.x -> cooling.a", "local variables can be recorded but not connected"),
        ("cooling.a -> cooling/pump.size", "'cooling/pump.size' is a structuralParameter"),
        ("plant.T -> cooling.wrong", "type 'Reel' is none of SSP; did you mean 'Real'?"),
        ("plant.n -> cooling.mode", "enumeration 'Mood' is not defined; did you mean 'Mode'?"),
    ],
)
def test_what_may_not_be_connected_is_refused_with_the_remedy(connection, expected):
    declared = {
        "a": "input",
        "b": "output",
        "p": "parameter",
        "wrong": {"kind": "input", "type": "Reel"},
        "mode": {"kind": "input", "type": "Enumeration", "enumeration": "Mood"},
    }
    assert expected in refused(connection, root={"a": "output", "p": "parameter", "c": "constant"}, cooling=declared)


def test_units_on_the_way_that_do_not_convert_are_named():
    message = refused("plant.T -> cooling.a", cooling={"a": {"kind": "input", "unit": "bar"}}, kind=UnitError)
    assert message.startswith("plant.T -> cooling.a: 'degC' (K) does not convert to 'bar'")


def test_a_component_declared_in_another_unit_than_its_file_is_refused():
    declared = Component(source=Path("f"), connectors=connectors(T={"kind": "output", "unit": "K"}))
    message = refused("plant.T -> cooling/pump.T", components={"plant": declared}, kind=UnitError)
    assert message == (
        "connector 'plant.T': it is declared in 'K', but its file has it in 'degC'; declare it in the unit of the file"
    )


def test_a_name_of_both_a_component_and_a_system_is_refused():
    message = refused(systems={"plant": Subsystem()})
    assert message == "'plant' names both a component and a nested system; rename one of them"


def test_all_problems_come_in_one_report():
    message = refused(
        "plant.y -> cooling.nowhere",
        "plant.y -> cooling.b",
        "plant.S -> cooling/pump.u",
        "plant.T -> cooling.bar",
        cooling={"b": "output", "bar": {"kind": "input", "unit": "bar"}},
    )
    assert len(message.splitlines()) == 4
