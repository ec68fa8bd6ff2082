"""Signals: layout, lookup and gathering."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import VariableError
from orchestrator.signals import Direction, Signals, gather
from orchestrator.system.connections.resolution import Link, Slot
from orchestrator.system.connections.substitution import Substitution
from orchestrator.system.connector import Causality
from orchestrator.system.quantities.units import IDENTITY, Conversion
from tests.doubles import a_parameter, an_input, an_output, connector


def _signals() -> Signals:
    plant = [
        an_input("u", size=2),
        an_output("y"),
        an_output("phase", storage="int64"),
        connector("wall", Causality.LOCAL, size=3),
        an_input("v"),
        a_parameter("k", 1.0),
        an_output("S", size=4),
    ]
    return Signals({"plant": plant, "plc": [an_input("a"), an_input("on", storage="boolean")]}, {"plant": {"wall"}})


def test_values_of_a_component_direction_and_storage_lie_behind_each_other() -> None:
    signals = _signals()
    (block,) = signals.blocks("plant", Direction.INPUT)
    assert [one.name for one in block.bundle.connectors] == ["u", "v"]
    block.values[:] = [1.0, 2.0, 3.0]
    np.testing.assert_array_equal(signals.view(signals.place("plant", "u")), [1.0, 2.0])
    np.testing.assert_array_equal(signals.view(signals.place("plant", "v")), [3.0])
    floats, integers = signals.blocks("plant", Direction.OUTPUT)
    assert floats.bundle.size == 5
    assert integers.values.dtype == np.int64


def test_only_the_locals_that_were_asked_for_are_there() -> None:
    signals = _signals()
    assert [block.bundle.size for block in signals.blocks("plant", Direction.OBSERVED)] == [3]
    assert not signals.holds("plant", "k")
    assert signals.float64.size == 3 + 5 + 3 + 1


def test_a_wrong_name_is_answered_with_the_nearest() -> None:
    signals = _signals()
    with pytest.raises(VariableError, match=r"'plant' has no signal 'phse'; did you mean 'phase'"):
        signals.place("plant", "phse")
    with pytest.raises(VariableError, match=r"no component 'plan'"):
        signals.place("plan", "y")
    with pytest.raises(VariableError, match=r"has no element 4: it has 4"):
        signals.place("plant", "S", 4)


def _gathered(source: str, destination: Slot, value: float, conversion: Conversion) -> object:
    signals = _signals()
    signals.view(signals.place("plant", source))[0] = value
    gather(signals.plan([Link(Slot("plant", source, 0), destination, conversion)]))
    return signals.view(signals.place(destination.component, destination.connector, destination.element))[0]


@pytest.mark.parametrize("value", [0.1, -0.0, 1e-310, 1.7976931348623157e308, np.pi])
def test_unconverted_values_pass_bit_by_bit(value: float) -> None:
    passed = _gathered("y", Slot("plc", "a", 0), value, IDENTITY)
    assert np.float64(value).tobytes() == np.asarray(passed).tobytes()


def test_factor_and_offset_of_a_connection_are_applied() -> None:
    assert _gathered("y", Slot("plc", "a", 0), 37.0, Conversion(1.0, 273.15)) == 310.15
    assert _gathered("y", Slot("plc", "a", 0), 2.0, Conversion(1000.0, 0.0)) == 2000.0


def test_integers_become_floats() -> None:
    assert _gathered("phase", Slot("plant", "u", 1), 3, IDENTITY) == 3.0
    assert _gathered("phase", Slot("plant", "u", 1), 3, Conversion(0.5, 1.0)) == 2.5


ALL = {
    "source": [an_output(name, storage=name, size=4) for name in ("int64", "boolean", "uint64")],
    "sink": [an_input(name, storage=name, size=4, start=None) for name in ("int64", "boolean", "uint64", "float64")],
}


def _passed(source: str, destination: str, values: list[object], mapping: Substitution) -> list[object]:
    signals = Signals(ALL)
    view = signals.view(signals.place("source", source))
    view[:] = np.array(values, dtype=view.dtype)
    links = [Link(Slot("source", source, i), Slot("sink", destination, i), mapping=mapping) for i in range(4)]
    gather(signals.plan(links))
    received: list[object] = signals.view(signals.place("sink", destination)).tolist()
    return received


def test_values_take_the_place_of_others_and_the_rest_passes_unchanged() -> None:
    assert _passed("int64", "int64", [7, -1, 2, 2**62 + 1], Substitution.of({7: 70, -1: 0})) == [70, 0, 2, 2**62 + 1]
    swapped = Substitution.of({0: 1, 1: 0})
    assert _passed("boolean", "boolean", [True, False, True, True], swapped) == [False, True, False, False]
    assert _passed("boolean", "int64", [True, False, True, True], Substitution.of({1: 5})) == [5, 0, 5, 5]
    largest = 2**64 - 1
    assert _passed("uint64", "uint64", [largest, 0, 1, 2], Substitution.of({largest: 3})) == [3, 0, 1, 2]
    assert _passed("int64", "float64", [1, 2, 3, 4], Substitution.of({4: 10})) == [1.0, 2.0, 3.0, 10.0]


def test_values_that_the_destination_cannot_take_are_refused_with_both_ends() -> None:
    assert _passed("int64", "boolean", [0, 1, 1, 0], Substitution.only([0, 1])) == [False, True, True, False]
    with pytest.raises(VariableError, match=r"'source.int64' -> 'sink.boolean': the value 2 is none .* pass are 0, 1"):
        _passed("int64", "boolean", [0, 1, 2, 0], Substitution.only([0, 1]))
    with pytest.raises(VariableError, match=r"no value of int64 passes"):
        _passed("int64", "uint64", [0, 1, 2, 0], Substitution.only([2**63]))


def test_a_table_of_values_acts_before_the_conversion() -> None:
    signals = Signals(ALL)
    signals.view(signals.place("source", "int64"))[0] = 3
    link = Link(Slot("source", "int64", 0), Slot("sink", "float64", 0), Conversion(2.0, 1.0), Substitution.of({3: 10}))
    gather(signals.plan([link]))
    assert signals.view(signals.place("sink", "float64"))[0] == 21.0


@given(st.dictionaries(st.integers(-9, 9), st.integers(-9, 9)), st.lists(st.integers(-9, 9), min_size=4, max_size=4))
def test_the_vectorized_table_is_the_substitution(entries: dict[int, int], values: list[int]) -> None:
    mapping = Substitution.of(entries)
    assert _passed("int64", "int64", list(values), mapping) == [mapping(value) for value in values]


def test_kept_values_come_back() -> None:
    signals = _signals()
    signals.float64[:] = 1.0
    signals.keep()
    signals.float64[:] = 2.0
    signals.restore()
    assert (signals.float64 == 1.0).all()
