from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import DescriptionError
from orchestrator.system.description import Component, Connection, Endpoint, Experiment, Swap, SystemDescription
from orchestrator.system.solving import (
    Bond,
    Extrapolation,
    Initialization,
    LoopSolver,
    SteadyState,
    StepControl,
)
from orchestrator.system.structure import DeclaredConnector, Markup, ParameterBinding, Subsystem, UnitDefinition
from orchestrator.system.transformation import Linear, MapEntry, ValueMap
from orchestrator.system.values import Quantity
from orchestrator.system.yaml.file import read_system
from orchestrator.system.yaml.writer import write_system

ODD = [
    "on",
    "1e-6",
    "0x1F",
    "~",
    "",
    " x ",
    "- a",
    "{i}",
    "a: b",
    "#",
    "'",
    '"',
    "null",
    "1..3",
    "é\n",
    "<<",
    "true",
    "2 L",
]
finite = st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number + 0.0)  # no negative zero
texts = st.sampled_from(ODD) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
names = st.sampled_from(["a", "on", "zone[3]", "a/b", "été", "1", "null", "x y", "0x10"])
values = st.booleans() | st.integers(-(2**63), 2**64 - 1) | finite | texts
arrays = st.one_of(
    *(st.lists(kind, min_size=1, max_size=3).map(tuple) for kind in (st.booleans(), st.integers(-5, 5), finite, texts))
)
given_values = values | arrays | st.builds(Quantity, value=finite, unit=st.just("L/h"))
connectors = st.sampled_from(["y", "S[1]", "S[1:3]", "a.b.c", "y -> z", "x[1..2]", "{i}", "on", " y"])
endpoints = st.builds(Endpoint, component=names, connector=connectors)
maps = st.one_of(
    *(
        st.dictionaries(kind, kind, min_size=1, max_size=3).map(
            lambda table, name=name: ValueMap(
                kind=name, entries=tuple(MapEntry(source=key, target=value) for key, value in table.items())
            )
        )
        for name, kind in (
            ("boolean", st.booleans()),
            ("integer", st.integers(-9, 9)),
            ("enumeration", st.sampled_from(ODD)),
        )
    )
)
connections = st.builds(
    Connection,
    source=endpoints,
    destination=endpoints,
    transformation=st.none() | st.builds(Linear, factor=finite, offset=finite) | maps,
    suppress_unit_conversion=st.booleans(),
    as_parameter=st.booleans(),
    delay=st.booleans(),
    markup=st.builds(Markup, description=st.none() | texts),
)
positive = st.floats(1e-9, 1e9)
extrapolations = st.builds(Extrapolation, order=st.sampled_from([0, 1, 2]), smoothing=st.booleans())
solvings = {
    "algorithm": st.sampled_from(["jacobi", "gauss_seidel", "iterative"]),
    "loops": st.builds(
        LoopSolver, method=st.sampled_from(["fixed_point", "newton"]), tolerance=positive, reuse=st.integers(0, 9)
    ),
    "step_control": st.builds(
        StepControl,
        method=st.sampled_from(["constant", "error", "bonds"]),
        smallest=st.none() | positive,
        first=st.none() | positive,
        global_error=st.booleans(),
    ),
    "extrapolation": extrapolations,
    "initialization": st.builds(
        Initialization,
        max_iterations=st.integers(1, 99),
        steady_state=st.none()
        | st.builds(SteadyState, method=st.sampled_from(["auto", "long_run"]), horizon=st.none() | positive),
    ),
    "bonds": st.dictionaries(
        texts,
        st.builds(
            Bond,
            kind=st.sampled_from(["power", "carbon"]),
            connections=st.sampled_from([("a.y -> b.u", "b.y -> a.u"), ("a/b.S[1].x -> c.u", "a/b.y -> c.w")]),
            factor=finite,
            unit=st.none() | texts,
            nominal=positive,
            correct=st.booleans(),
        ),
        max_size=2,
    ),
}
"""Fields of a description that say how it is solved."""
components = st.builds(
    Component,
    source=st.sampled_from([Path("/plants/one/a.fmu"), Path("/plants/b.fmu"), Path("/other/c.fmu")]),
    parameters=st.dictionaries(names, given_values, max_size=3),
    swap=st.none() | st.builds(Swap, surrogate=st.just(Path("/plants/one/s")), to_surrogate_at=finite),
    isolation=st.sampled_from([None, "process"]),
    time_limit=st.floats(1e-3, 1e3),
    step_size=st.none() | positive,
    extrapolation=st.none() | extrapolations,
    estimator=st.sampled_from([None, Path("/plants/one/e.fmu")]),
    bindings=st.lists(
        st.builds(ParameterBinding, values=st.dictionaries(names, given_values, max_size=2)), max_size=2
    ).map(tuple),
)
systems = st.builds(
    SystemDescription,
    name=st.sampled_from(["plant", "on", "1e3", "für alle"]),
    components=st.dictionaries(names, components, min_size=1, max_size=3),
    connections=st.lists(connections, max_size=4).map(tuple),
    experiment=st.builds(Experiment, start=finite, stop=finite),
    step_size=st.floats(1e-6, 1e6),
    **solvings,
    record=st.none() | st.lists(texts, max_size=2).map(tuple),
    subsystems=st.dictionaries(
        st.sampled_from(["", "a", "a/b"]),
        st.builds(
            Subsystem,
            connectors=st.dictionaries(
                names,
                st.builds(DeclaredConnector, kind=st.sampled_from(["input", "inout"]), unit=st.none() | texts),
                max_size=2,
            ),
        ),
        max_size=2,
    ),
    units=st.dictionaries(
        names, st.builds(UnitDefinition, exponents=st.just({"m": 1, "s": -2}), factor=finite.filter(bool)), max_size=2
    ),
    constants=st.dictionaries(names, given_values, max_size=2),
    enumerations=st.dictionaries(names, st.dictionaries(names, st.integers(-3, 3), max_size=2), max_size=1),
)


@given(systems)
def test_what_is_written_reads_as_the_same(tmp_path_factory, system):
    path = tmp_path_factory.mktemp("written") / "system.yaml"

    again = read_system(write_system(system, path))

    assert again == system
    assert repr(again) == repr(system), "truth values stay no numbers"


def test_files_near_the_description_are_named_relative_to_it(tmp_path):
    system = SystemDescription(
        name="x",
        components={
            "a": Component(source=tmp_path.resolve() / "fmus/a.fmu"),
            "b": Component(source=Path("/far/b.fmu")),
        },
        experiment=Experiment(stop=1.0),
        step_size=1.0,
    )

    text = write_system(system, tmp_path.resolve() / "x.yaml").read_text()

    assert "source: fmus/a.fmu" in text
    assert "source: /far/b.fmu" in text


def test_a_file_reads_well(tmp_path):
    system = SystemDescription(
        name="plant",
        components={"a": Component(source=tmp_path / "a.fmu", parameters={"V": 2.0, "on": True})},
        connections=(
            Connection(
                source=Endpoint(component="a", connector="y"), destination=Endpoint(component="a", connector="u")
            ),
            Connection(
                source=Endpoint(component="a", connector="z"),
                destination=Endpoint(component="a", connector="v"),
                transformation=Linear(factor=0.01),
            ),
        ),
        experiment=Experiment(stop=10.0),
        step_size=0.5,
    )

    assert write_system(system, tmp_path / "x.yaml").read_text() == (
        "name: plant\n"
        "components:\n"
        "  a:\n"
        "    source: a.fmu\n"
        "    parameters: {V: 2.0, on: true}\n"
        "connections:\n"
        "- a.y -> a.u\n"
        "- {connect: a.z -> a.v, factor: 0.01}\n"
        "experiment: {stop: 10.0}\n"
        "step_size: 0.5\n"
    )


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path):
    system = SystemDescription(
        name="x", components={"a": Component(source=Path("/a.fmu"))}, experiment=Experiment(stop=1.0), step_size=1.0
    )
    (tmp_path / "taken").mkdir()

    with pytest.raises(DescriptionError, match="cannot be written"):
        write_system(system, tmp_path / "taken")
    with pytest.raises(DescriptionError, match="cannot be written"):
        write_system(system, tmp_path / "missing/x.yaml")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_the_whole_system_is_a_key_like_any_other(tmp_path):
    system = SystemDescription(
        name="x",
        components={"a": Component(source=tmp_path / "a.fmu")},
        experiment=Experiment(stop=1.0),
        step_size=1.0,
        subsystems={"": Subsystem(connectors={"u": DeclaredConnector(kind="input")})},
    )

    text = write_system(system, tmp_path / "x.yaml").read_text()

    assert "subsystems:\n  '':\n    connectors:\n      u: {kind: input}\n" in text
    assert read_system(tmp_path / "x.yaml") == system
