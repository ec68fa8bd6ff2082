"""Text, bytes and integers beyond 2**53: from a description through the signals into a record, unchanged."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cotwin.panels import panels
from orchestrator.errors import DescriptionError, ResultError, VariableError
from orchestrator.master.access import Access
from orchestrator.recording.recorder import Recorder
from orchestrator.recording.results import Results
from orchestrator.recording.selection import select
from orchestrator.signals import Signals, gather
from orchestrator.system.connections.resolution import Link, Slot, resolve
from orchestrator.system.connector import Storage
from orchestrator.system.parameters.giving import parameter_values
from orchestrator.system.quantities.units import IDENTITY
from orchestrator.system.yaml.file import from_mapping
from tests.doubles import a_parameter, an_input, an_output

LARGEST = 2**64 - 1
VALUES = {
    "float64": 0.1,
    "int64": 2**53 + 1,
    "boolean": True,
    "uint64": LARGEST,
    "string": "Öl, 5 µm; ''\n",
    "binary": b"\0a\0\xff\0",
}
INTERFACES = {
    "a": [an_output(storage, storage=storage, size=2) for storage in Storage]
    + [an_output("byte", storage="int64", unsigned=True)],
    "b": [an_input(storage, storage=storage, size=2, start=None) for storage in Storage]
    + [a_parameter(f"p_{storage}", 0, storage=storage) for storage in Storage],
}


def system(*connections, **parameters):
    data = {
        "name": "test",
        "components": {"a": {"source": "a"}, "b": {"source": "b", "parameters": parameters}},
        "connections": list(connections),
        "experiment": {"stop": 1},
        "step_size": 1,
    }
    return from_mapping(data, Path(), "test")


def given(name, value):
    return parameter_values(system(**{name: value}), INTERFACES)["b"][name]


def refused(name, value):
    with pytest.raises(DescriptionError) as caught:
        given(name, value)
    return str(caught.value)


@pytest.mark.parametrize("storage", VALUES)
def test_every_type_flows_unchanged_from_output_to_input(storage):
    signals = Signals(INTERFACES)
    links = resolve(system(f"a.{storage} -> b.{storage}"), INTERFACES)
    signals.view(signals.place("a", storage))[:] = [signals.view(signals.place("a", storage))[0], VALUES[storage]]
    gather(signals.plan(links))
    received = signals.view(signals.place("b", storage)).tolist()
    assert received == [Storage(storage).zeros(1)[0], VALUES[storage]]
    assert type(received[1]) is type(VALUES[storage])


@pytest.mark.parametrize("to_file", [False, True])
def test_every_type_is_recorded_unchanged(to_file, tmp_path):
    signals = Signals(INTERFACES)
    recorder = Recorder(select(["a.*"], INTERFACES), {}, tmp_path / "run.parquet" if to_file else None)
    recorder.initialized(0.0, signals)
    for storage, value in VALUES.items():
        signals.view(signals.place("a", storage))[:] = np.array([value, value], dtype=Storage(storage).dtype)
    recorder.communication_point(1.0, signals)
    results = recorder.results()
    recorder.terminated(None)
    if to_file:
        results = Results.load(tmp_path / "run.parquet")
    for storage, value in VALUES.items():
        assert results[f"a.{storage}[2]"].tolist() == [Storage(storage).zeros(1)[0], value]
        assert results.at(1.0)[f"a.{storage}[1]"] == value
    assert results.array("a.string").shape == (2, 2)
    drawn = [curve.label for panel in panels(results) for curve in panel.curves]
    assert set(drawn) == {f"a.{s}[{i}]" for s in ("float64", "int64", "boolean", "uint64") for i in (1, 2)} | {"a.byte"}
    assert {one.name for one in results.compare(results).deviations} == set(drawn)
    with pytest.raises(ResultError, match=r"'a\.string\[1\]' holds no numbers to draw"):
        panels(results, ["a.string[1]"])


def test_large_integers_are_compared_exactly():
    def record(value):
        signals = Signals({"a": [an_output("n", storage="int64")]})
        signals.int64[:] = value
        recorder = Recorder(select(None, {"a": [an_output("n", storage="int64")]}), {})
        recorder.initialized(0.0, signals)
        return recorder.results()

    assert record(2**53 + 1).compare(record(2**53)).of("a.n").max_abs == 1.0
    assert record(-(2**63)).compare(record(2**63 - 1)).of("a.n").max_abs == 2.0**64


@pytest.mark.parametrize(
    ("pair", "problem"),
    [
        ("a.int64 -> b.uint64", "int64 does not connect to uint64, which does not hold all of its values"),
        ("a.uint64 -> b.int64", "uint64 does not connect to int64"),
        ("a.uint64 -> b.float64", "uint64 does not connect to float64"),
        ("a.string -> b.binary", "string does not connect to binary; connect equal types"),
        ("a.string -> b.float64", "string does not connect to float64"),
        ("a.int64 -> b.string", "int64 does not connect to string"),
    ],
)
def test_types_connect_only_where_nothing_can_be_lost(pair, problem):
    with pytest.raises(DescriptionError, match=problem):
        resolve(system(pair), INTERFACES)


def test_an_unsigned_integer_widens_to_uint64():
    signals = Signals(INTERFACES)
    signals.view(signals.place("a", "byte"))[:] = 255
    gather(signals.plan(resolve(system("a.byte -> b.uint64[2]"), INTERFACES)))
    assert signals.view(signals.place("b", "uint64")).tolist() == [0, 255]


@pytest.mark.parametrize(("value", "passes"), [(2**53, True), (-(2**53), True), (2**53 + 1, False), (-(2**63), False)])
def test_an_integer_that_no_float_holds_is_not_rounded_in_silence(value, passes):
    signals = Signals(INTERFACES)
    signals.view(signals.place("a", "int64"))[:] = [0, value]
    plan = signals.plan([Link(Slot("a", "int64", 1), Slot("b", "float64", 0), IDENTITY)])
    if passes:
        gather(plan)
        assert signals.view(signals.place("b", "float64"))[0] == value
    else:
        with pytest.raises(VariableError, match="integers only up to 2\\*\\*53 exactly"):
            gather(plan)


def test_start_values_of_every_type():
    assert given("string", ["a", ""]).tolist() == ["a", ""]
    assert given("p_string", "1.5").tolist() == ["1.5"]
    assert given("p_uint64", LARGEST).tolist() == [LARGEST]
    assert given("p_int64", -(2**63)).tolist() == [-(2**63)]
    assert given("p_binary", "00 fF00").tolist() == [b"\0\xff\0"]
    assert given("p_binary", "").tolist() == [b""]
    assert given("p_binary", "base64:AP8=").tolist() == [b"\0\xff"]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("p_float64", "1,5", "'1,5' is not a number: ',' is left over"),
        ("p_float64", True, "True is not a number, as float64 needs"),
        ("p_string", 1.5, "1.5 is not a text; quote it, as string needs"),
        ("p_string", "a\0b", "holds a NUL character, which no FMI string can"),
        ("p_uint64", LARGEST + 1, "does not fit into 64 bits"),
        ("p_uint64", -1, "-1 does not fit into 64 bits without a sign"),
        ("p_int64", 2**63, "does not fit into 64 bits"),
        ("p_binary", "0g", "'0g' is not bytes as a quoted text of hexadecimal digits"),
        ("p_binary", "base64:A", "'base64:A' is not bytes"),
        ("p_binary", 12, "12 is not bytes"),
    ],
)
def test_a_start_value_of_another_type_is_refused(name, value, problem):
    assert problem in refused(name, value)


@pytest.mark.parametrize("storage", VALUES)
def test_values_are_written_and_read_by_name_unchanged(storage):
    signals = Signals(INTERFACES)
    instances = {name: SimpleNamespace(connectors=connectors) for name, connectors in INTERFACES.items()}
    access = Access(instances, signals, (), {})
    nothing = Storage(storage).zeros(1)[0]
    access.write(f"b.{storage}", [nothing, VALUES[storage]])
    assert access.read(f"b.{storage}[2]") == VALUES[storage]
    assert access.read(f"b.{storage}").tolist() == [nothing, VALUES[storage]]


def test_a_range_of_one_element_is_an_array_and_an_index_a_scalar():
    signals = Signals(INTERFACES)
    access = Access({name: SimpleNamespace(connectors=each) for name, each in INTERFACES.items()}, signals, (), {})
    access.write("b.float64[1:]", [0.0, 0.1])
    assert access.read("b.float64[2]") == 0.1
    assert access.read("b.float64[2:2]").tolist() == [0.1]
    assert access.read("b.float64[:]").tolist() == [0.0, 0.1]
    with pytest.raises(VariableError, match=r"'b' has no variable 'float64\[2:3\]'; 'float64' has the indices 1:2"):
        access.read("b.float64[2:3]")
