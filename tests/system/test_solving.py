"""What a description says about solving: keys, bonds by the text of their connections, step sizes of components."""

from fractions import Fraction
from pathlib import Path

import pytest

from orchestrator.errors import DescriptionError
from orchestrator.system.connections.bonds import bond_links
from orchestrator.system.meaning import meaning_of
from orchestrator.system.placing import placed
from orchestrator.system.rates import rate
from orchestrator.system.yaml.file import from_mapping, read_system
from tests.doubles import an_input, an_output

SHAFT = {"kind": "power", "connections": ["a.F -> b.F", "b.v -> a.v"]}
A = (an_output("F"), an_input("v"))
B = (an_input("F"), an_output("v"))


def described(**more):
    data = {
        "name": "x",
        "components": {"a": {"source": "a.fmu"}, "b": {"source": "b.fmu"}},
        "connections": ["a.F -> b.F", "b.v -> a.v"],
        "experiment": {"stop": 1},
        "step_size": 0.1,
    }
    return from_mapping({**data, **more}, Path("/plants"), "test")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"loops": {"metod": "newton"}}, "loops.metod: unknown key 'metod'; did you mean 'method'?"),
        (
            {"step_control": {"first_step": 1}},
            "step_control.first_step: unknown key 'first_step'; did you mean 'first'?",
        ),
        ({"extrapolation": {"ordr": 1}}, "extrapolation.ordr: unknown key 'ordr'; did you mean 'order'?"),
        ({"extrapolation": {"order": 3}}, "extrapolation.order: 3: input should be 0, 1 or 2"),
        ({"initialization": {"steadystate": {}}}, "unknown key 'steadystate'; did you mean 'steady_state'?"),
        ({"initialization": {"steady_state": {"horizn": 1}}}, "unknown key 'horizn'; did you mean 'horizon'?"),
        ({"bonds": {"loops": {**SHAFT, "kid": 1}}}, "bonds.loops.kid: unknown key 'kid'; did you mean 'kind'?"),
        ({"bonds": {"s": {**SHAFT, "connections": ["a.F", "b.v -> a.v"]}}}, "'a.F': write each connection as"),
        ({"bonds": {"s": {**SHAFT, "connections": ["a.F -> b.F", "b.v -> c.v"]}}}, "between the same two components"),
        ({"loops": {"max_iterations": True}}, "loops.max_iterations: True: use a number, without quotes"),
        ({"components": {"loops": {"source": "a.fmu", "solver": {"metod": "rk4"}}}}, "did you mean 'method'?"),
    ],
)
def test_wrong_keys_and_values_are_told_with_a_remedy(more, expected):
    with pytest.raises(DescriptionError) as caught:
        described(**more)
    assert expected in str(caught.value)


def test_an_estimator_lies_relative_to_the_file(tmp_path):
    (tmp_path / "x.yaml").write_text(
        "name: x\ncomponents: {a: {source: a.fmu, estimator: cheap/a.surrogate}}\nexperiment: {stop: 1}\nstep_size: 1\n"
    )
    assert read_system(tmp_path / "x.yaml").components["a"].estimator == tmp_path.resolve() / "cheap/a.surrogate"


def test_an_estimator_is_no_default_of_all_components():
    with pytest.raises(DescriptionError, match=r"defaults\.estimator: belongs to one component"):
        described(defaults={"estimator": "a.fmu"})


def test_a_bond_knows_the_values_along_its_connections():
    description = described(bonds={"shaft": SHAFT})
    meaning = meaning_of(description, {"a": A, "b": B})
    found = bond_links(description.bonds, {"a": A, "b": B}, meaning.links)["shaft"]
    assert [link.source for link in found.first] == [("a", "F", 0)]
    assert [link.destination for link in found.second] == [("a", "v", 0)]


def test_a_bond_of_arrays_knows_its_elements_in_their_order():
    arrays = {
        "a": (an_output("F", size=3), an_input("v", size=3, start=[0.0] * 3)),
        "b": (an_input("F", size=3, start=[0.0] * 3), an_output("v", size=3)),
    }
    bond = {"kind": "power", "connections": ["a.F[2:3] -> b.F[2:3]", "b.v[2:3] -> a.v[2:3]"]}
    description = described(bonds={"shaft": bond})
    meaning = meaning_of(description, arrays)
    found = bond_links(description.bonds, arrays, meaning.links)["shaft"]
    assert [link.source.element for link in found.first] == [1, 2]


@pytest.mark.parametrize(
    ("connections", "expected"),
    [
        (["a.F -> b.F", "b.v -> a.w"], "bonds.shaft.connections[1]: b.v -> a.w: 'a' has no 'w'"),
        (["a.F -> c.F", "c.v -> a.v"], "bonds.shaft.connections[0]: a.F -> c.F: there is no component 'c'"),
        (["b.F -> a.F", "b.v -> a.v"], "bonds.shaft.connections[0]: b.F -> a.F: is no connection of the description"),
        (["a.F -> b.F", "b.F -> a.v"], "'b.v' feeds it"),
    ],
)
def test_a_bond_of_what_is_no_connection_is_refused(connections, expected):
    description = described(bonds={"shaft": {"kind": "power", "connections": connections}})
    with pytest.raises(DescriptionError) as caught:
        meaning_of(description, {"a": A, "b": B})
    assert expected in str(caught.value)


NESTED = """\
name: drive
components:
  a: {source: a.fmu}
  b: {source: b.fmu, step_size: 0.3}
connections:
  - a.F -> b.F
  - {connect: b.v -> a.v, delay: true}
bonds:
  shaft:
    kind: power
    connections: [a.F -> b.F, b.v -> a.x]
experiment: {stop: 1}
step_size: 0.1
"""
AROUND = """\
name: plant
components:
  drive: {system: drive.yaml}
experiment: {stop: 1}
step_size: 0.2
"""


def test_bonds_and_delays_of_a_nested_system_come_with_it_under_its_path(tmp_path):
    (tmp_path / "drive.yaml").write_text(NESTED)
    (tmp_path / "plant.yaml").write_text(AROUND)
    description = read_system(tmp_path / "plant.yaml")
    assert description.bonds["drive/shaft"].connections == ("drive/a.F -> drive/b.F", "drive/b.v -> drive/a.x")
    assert [connection.delay for connection in description.connections] == [False, True]


def test_what_is_wrong_with_bonds_and_step_sizes_is_placed_in_the_file_of_the_nested_system(tmp_path):
    (tmp_path / "drive.yaml").write_text(NESTED)
    (tmp_path / "plant.yaml").write_text(AROUND)
    with pytest.raises(DescriptionError) as caught:
        meaning_of(read_system(tmp_path / "plant.yaml"), {"drive/a": A, "drive/b": B})
    first, second = placed(str(caught.value), tmp_path / "plant.yaml").split("\n")
    assert first.startswith(f"{tmp_path}/drive.yaml:4: components.drive/b.step_size: 0.3 s is neither a multiple nor")
    assert second.startswith(f"{tmp_path}/drive.yaml:11: bonds.drive/shaft.connections[1]: drive/b.v -> drive/a.x: ")


def test_two_bonds_of_one_name_are_refused(tmp_path):
    (tmp_path / "drive.yaml").write_text(NESTED)
    text = (
        AROUND + "bonds: {drive/shaft: {kind: mass, connections: [drive/a.F -> drive/b.F, drive/b.v -> drive/a.v]}}\n"
    )
    (tmp_path / "plant.yaml").write_text(text)
    with pytest.raises(DescriptionError, match="has the bond 'drive/shaft' as well; rename one of them"):
        read_system(tmp_path / "plant.yaml")


@pytest.mark.parametrize(
    ("own", "of_system", "expected"),
    [
        (0.3, 0.1, Fraction(3)),
        (0.1, 0.1, Fraction(1)),
        (0.1, 0.3, Fraction(1, 3)),
        (1e-6, 1.0, Fraction(1, 10**6)),
        (86400.0, 1e-3, Fraction(86_400_000)),
    ],
)
def test_the_rate_of_decimal_numbers_is_exact(own, of_system, expected):
    assert rate(own, of_system) == expected


def test_a_step_size_that_does_not_fit_is_refused_with_those_that_do():
    with pytest.raises(ValueError, match=r"choose 0\.2 s or 0\.3 s"):
        rate(0.25, 0.1)
    with pytest.raises(ValueError, match=r"choose 0\.05 s or 0\.03333333333333333 s"):
        rate(0.04, 0.1)
