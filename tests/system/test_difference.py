from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.system.description import SystemDescription
from orchestrator.system.difference import Difference, differences
from orchestrator.system.yaml.file import from_mapping


def _plant(**changes: Any) -> SystemDescription:
    plain = {
        "name": "plant",
        "components": {"tank": {"source": "tank.fmu", "parameters": {"V": 2.0}}, "pid": {"source": "pid.fmu"}},
        "connections": ["tank.y -> pid.y", "pid.u -> tank.u"],
        "experiment": {"stop": 10.0},
        "step_size": 1.0,
    }
    return from_mapping({**plain, **changes}, Path("/plant"), "test")


def test_a_description_does_not_differ_from_itself() -> None:
    assert differences(_plant(), _plant()) == ()


def test_the_order_of_connections_is_no_difference() -> None:
    assert differences(_plant(), _plant(connections=["pid.u -> tank.u", "tank.y -> pid.y"])) == ()


def test_a_default_that_is_written_out_is_no_difference() -> None:
    assert differences(_plant(), _plant(algorithm="gauss_seidel", experiment={"start": 0.0, "stop": 10})) == ()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"step_size": 0.5}, Difference(("step_size",), "1.0", "0.5")),
        ({"experiment": {"stop": 20.0}}, Difference(("experiment", "stop"), "10.0", "20.0")),
        ({"record": ["tank.*"]}, Difference(("record",), None, "[tank.*]")),
        ({"connections": ["tank.y -> pid.y"]}, Difference(("connections", "pid.u -> tank.u"), "pid.u -> tank.u", None)),
    ],
)
def test_what_was_changed_is_named_with_both_values(changes: dict[str, Any], expected: Difference) -> None:
    assert differences(_plant(), _plant(**changes)) == (expected,)


def test_components_and_their_parameters_are_compared_by_name() -> None:
    other = {"tank": {"source": "tank.fmu", "parameters": {"V": 3, "k": True}}, "new": {"source": "new.fmu"}}

    found = differences(_plant(), _plant(components=other, connections=[]))

    assert [one for one in found if one.place[0] == "components"] == [
        Difference(("components", "tank", "parameters", "V"), "2.0", "3"),
        Difference(("components", "tank", "parameters", "k"), None, "True"),
        Difference(("components", "pid"), "source: /plant/pid.fmu", None),
        Difference(("components", "new"), None, "source: /plant/new.fmu"),
    ]


def test_files_are_compared_by_their_content(tmp_path: Path) -> None:
    for folder, text in (("a", "same"), ("b", "same"), ("c", "other")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.fmu").write_text(text)
    a, b, c = (_plant(components={"x": {"source": f"{tmp_path}/{folder}/x.fmu"}}, connections=[]) for folder in "abc")

    assert differences(a, b) == ()
    assert [one.place for one in differences(a, c)] == [("components", "x", "source")]


def test_files_of_parameter_sets_are_compared_as_what_was_read_from_them() -> None:
    def bound(source: str, value: float) -> SystemDescription:
        binding = {"source": source, "values": {"tank.V": value}}
        return _plant(subsystems={"": {"bindings": [binding]}})

    assert differences(bound("/here/set.ssv", 1.0), bound("/there/set.ssv", 1.0)) == ()
    (renamed,) = differences(bound("/here/set.ssv", 1.0), bound("/here/other.ssv", 1.0))
    assert renamed == Difference(("subsystems", "", "bindings", "1", "source"), "set.ssv", "other.ssv")
    assert not renamed.changes_numbers
    (changed,) = differences(bound("/here/set.ssv", 1.0), bound("/there/set.ssv", 2.0))
    assert changed.place == ("subsystems", "", "bindings", "1", "values", "tank.V")
    assert changed.changes_numbers


def test_truth_is_no_number() -> None:
    one, other = ({"tank": {"source": "t.fmu", "parameters": {"on": value}}} for value in (True, 1))

    found = differences(_plant(components=one, connections=[]), _plant(components=other, connections=[]))

    assert found == (Difference(("components", "tank", "parameters", "on"), "True", "1"),)


def test_names_of_systems_change_no_numbers() -> None:
    (found,) = differences(_plant(), _plant(name="other"))

    assert not found.changes_numbers


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_differences_are_the_same_seen_from_the_other_side(one: float, other: float) -> None:
    there = differences(_plant(step_size=one), _plant(step_size=other))
    back = differences(_plant(step_size=other), _plant(step_size=one))

    assert [(each.place, each.one, each.other) for each in there] == [(b.place, b.other, b.one) for b in back]
    assert bool(there) == (one != other)
