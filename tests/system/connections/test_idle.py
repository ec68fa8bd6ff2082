"""Connections by which nothing reaches a component."""

from pathlib import Path

from orchestrator.system.connections.idle import idle
from orchestrator.system.yaml.file import from_mapping

ENTRIES = {"T": {"kind": "unspecified", "type": "Real"}}


def described(*connections, **subsystems):
    plant = {
        "name": "p",
        "components": {"a": {"source": "a.fmu"}, "in/b": {"source": "b.fmu"}},
        "experiment": {"stop": 1},
        "step_size": 1,
        "connections": list(connections),
        "subsystems": {"": {"dictionaries": {"D": {"entries": ENTRIES}, "E": {"entries": ENTRIES}}}, **subsystems},
    }
    return from_mapping(plant, Path.cwd(), "description")


def told(description):
    return [tuple(map(str, group)) for group in idle(description)]


REFERENCES = {"d": {"signal_dictionary": "/D"}, "d2": {"signal_dictionary": "/D"}, "e": {"signal_dictionary": "/E"}}


def test_dictionaries_that_refer_to_each_other_alone_are_idle():
    alone = described("d.T -> e.T", "e.T -> d2.T", **REFERENCES)
    assert told(alone) == [("d.T -> e.T", "e.T -> d2.T")]


def test_a_component_that_any_reference_reaches_makes_all_of_them_busy():
    assert told(described("d.T -> e.T", "d2.T -> a.u", **REFERENCES)) == []
    assert told(described("d.T[1] -> e.T[2]", "in/b.y -> d2.T[1]", **REFERENCES)) == []


def test_connectors_of_nested_systems_pass_on_and_the_border_of_the_system_counts():
    boundary = {"in": {"connectors": {"u": {"kind": "input"}, "y": {"kind": "output"}}}}
    assert told(described("a.y -> in.u", "in.u -> in/b.u", **boundary)) == []
    assert told(described("in.y -> in.u", **boundary)) == [("in.y -> in.u",)]
    assert told(described("in.y -> .y", **boundary)) == []
