"""Kept FMU states: their memory is used again, and all of it is given back."""

import ctypes
from ctypes import byref, c_void_p
from types import SimpleNamespace

import numpy as np
import pytest

from orchestrator.errors import StepError
from orchestrator.fmi.states import States
from orchestrator.instance import Capabilities
from orchestrator.master.compiled.hot import states as hot_states
from orchestrator.master.compiled.layout import states as layout_states
from orchestrator.native import native
from tests.kit.build import compiler, kit_fmu

OK, WARNING, ERROR, FATAL = 0, 1, 3, 4


class Allocator:
    """The state functions of an FMU that allocates; it may `move` a state whose memory it could use again.

    `live` are the states that it holds, `misused` tells of pointers that it was given and does not know.
    """

    def __init__(self, *, moves: bool = False, forgets: bool = False) -> None:
        self.moves, self.forgets = moves, forgets
        self.live: set[int] = set()
        self.allocated = 0
        self.misused: list[int | None] = []
        self.answers: list[int] = []
        self.calls: list[str] = []

    def get_state(self, where):
        self.calls.append("get")
        pointer = ctypes.cast(where, ctypes.POINTER(c_void_p)).contents
        if self.answers and (status := self.answers.pop()) != OK:
            return status
        if pointer.value is not None and pointer.value not in self.live:
            self.misused.append(pointer.value)
        if pointer.value is None or self.moves or self.forgets:
            if pointer.value is not None and self.moves:
                self.live.discard(pointer.value)
            self.allocated += 1
            pointer.value = 4096 * self.allocated
            self.live.add(pointer.value)
        return OK

    def set_state(self, pointer):
        self.calls.append("set")
        if pointer.value not in self.live:
            self.misused.append(pointer.value)
        return OK

    def free_state(self, where):
        self.calls.append("free")
        pointer = ctypes.cast(where, ctypes.POINTER(c_void_p)).contents
        if pointer.value not in self.live:
            self.misused.append(pointer.value)
        self.live.discard(pointer.value)
        pointer.value = None
        return self.answers.pop() if self.answers else OK


def states_of(functions: Allocator) -> States:
    def check(status: int, what: str) -> None:
        if status > WARNING:
            raise StepError(f"{what} {status}")

    model = SimpleNamespace(interface=lambda _: SimpleNamespace(capabilities=Capabilities(get_set_state=True)))
    return States("fmu", model, "CoSimulation", functions, check)  # type: ignore[arg-type]


def test_one_state_is_allocated_for_any_number_that_are_kept_after_each_other():
    fmu = Allocator()
    states = states_of(fmu)
    for number in range(100):
        kept = states.save(0, float(number))
        assert not states.none_kept
        assert states.restore(kept).time == number
        states.free(kept)
        assert states.none_kept
    assert fmu.allocated == 1
    assert states.free_all() == OK
    assert (fmu.live, fmu.misused, fmu.calls.count("free")) == (set(), [], 1)


def test_states_that_are_kept_at_once_never_share_memory():
    fmu = Allocator()
    states = states_of(fmu)
    for _ in range(3):
        kept = [states.save(0, 0.0) for _ in range(7)]
        assert len({each.pointer.value for each in kept}) == 7
        for each in kept:
            states.free(each)
    assert len(fmu.live) == 4
    states.free_all()
    assert (fmu.live, fmu.misused) == (set(), [])


def test_a_state_that_was_given_back_cannot_be_gone_back_to_though_its_memory_is_there():
    states = states_of(Allocator())
    first = states.save(0, 0.0)
    states.free(first)
    states.save(0, 1.0)
    with pytest.raises(Exception, match="the state was freed"):
        states.restore(first)


@pytest.mark.parametrize(("way", "left"), [("moves", 0), ("forgets", 1)])
def test_an_fmu_that_answers_with_another_pointer_is_given_no_state_again_and_none_is_freed_twice(way, left):
    fmu = Allocator(**{way: True})
    states = states_of(fmu)
    for _ in range(10):
        states.free(states.save(0, 0.0))
    assert fmu.allocated == 10
    states.free_all()
    assert fmu.misused == []
    assert len(fmu.live) == left


def test_a_state_that_could_not_be_kept_leaves_the_memory_for_the_next_one():
    fmu = Allocator()
    states = states_of(fmu)
    states.free(states.save(0, 0.0))
    fmu.answers = [ERROR]
    with pytest.raises(StepError, match="GetFMUState 3"):
        states.save(0, 0.0)
    assert states.none_kept
    states.save(0, 0.0)
    assert fmu.allocated == 1


def test_after_a_fatal_error_no_other_state_is_freed():
    fmu = Allocator()
    states = states_of(fmu)
    states.free(states.save(0, 0.0))
    states.save(0, 0.0)
    states.save(0, 0.0)
    fmu.answers = [FATAL]
    assert states.free_all() == FATAL
    assert fmu.calls.count("free") == 1


def test_slots_are_freed_with_the_other_states():
    fmu = Allocator()
    states = states_of(fmu)
    used, unused = (c_void_p.from_address(states.slot()) for _ in range(2))
    fmu.get_state(byref(used))
    assert states.none_kept
    assert states.free_all() == OK
    assert (fmu.live, fmu.misused, fmu.calls.count("free")) == (set(), [], 1)
    assert used.value is None
    assert unused.value is None


class ByAddress:
    """`NativeStates` of an allocator."""

    def __init__(self, fmu: Allocator) -> None:
        self.states = states_of(fmu)
        self._kept = [
            ctypes.CFUNCTYPE(ctypes.c_int, c_void_p, c_void_p)(function)
            for function in (
                lambda _, where: fmu.get_state(where),
                lambda _, pointer: fmu.set_state(c_void_p(pointer)),
                lambda _, where: fmu.free_state(where),
            )
        ]
        self.get, self.set, self.free = (ctypes.cast(each, c_void_p).value or 0 for each in self._kept)
        self.slot, self.failed = self.states.slot, self.states.failed


def table_of(*fmus: ByAddress) -> tuple[np.ndarray, int, int]:
    rows = np.array([layout_states.state_row(0, fmu) for fmu in fmus], np.int64)
    return rows, rows.ctypes.data, rows.ctypes.data + rows.nbytes


@pytest.mark.parametrize(("way", "allocated", "left"), [("reuses", 1, 0), ("moves", 10, 0), ("forgets", 10, 1)])
def test_compiled_functions_keep_states_as_python_does(way, allocated, left):
    fmu = Allocator(**({} if way == "reuses" else {way: True}))
    by_address = ByAddress(fmu)
    _rows, first, end = table_of(by_address)
    for _ in range(10):
        assert hot_states.keep(first, end) == OK
        assert hot_states.go_back(first, end) == OK
        assert hot_states.go_back(first, end) == OK
    assert fmu.allocated == allocated
    assert fmu.calls.count("set") == 20
    by_address.states.free_all()
    assert fmu.misused == []
    assert len(fmu.live) == left


def test_compiled_functions_tell_which_component_could_not_keep_its_state():
    fmus = [Allocator() for _ in range(3)]
    fmus[1].answers = [ERROR]
    by_address = [ByAddress(fmu) for fmu in fmus]
    rows, first, end = table_of(*by_address)
    assert hot_states.keep(first, end) == ERROR
    assert rows[:, layout_states.STATUS // 8].tolist() == [OK, ERROR, OK]
    assert [fmu.allocated for fmu in fmus] == [1, 0, 0]


@pytest.mark.skipif(compiler() is None, reason="building the kit needs a C compiler")
@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_an_fmu_goes_back_by_address_to_the_bit(version):
    from orchestrator.assembly import open_instance
    from orchestrator.instance import Bundle
    from orchestrator.system.description import Component

    component = Component(source=kit_fmu("Dahlquist", version, "co_simulation"), kind="co_simulation")
    instance = open_instance("kit", component)
    try:
        instance.enter_initialization(0.0, None, None)
        instance.exit_initialization()
        found = native(instance)
        assert found is not None
        assert found.states is not None
        rows = np.array([layout_states.state_row(found.handle, found.states)], np.int64)
        first = rows.ctypes.data
        bundle = Bundle.of([each for each in instance.connectors if each.name == "x"])
        values = np.zeros((3, 1))
        instance.do_step(0.0, 0.5)
        assert hot_states.keep(first, first + rows.nbytes) == OK
        instance.get(bundle, values[0])
        instance.do_step(0.5, 0.5)
        instance.get(bundle, values[1])
        assert hot_states.go_back(first, first + rows.nbytes) == OK
        instance.get(bundle, values[2])
        assert values[0] == values[2] != values[1]
    finally:
        instance.close()


@pytest.mark.skipif(compiler() is None, reason="building the kit needs a C compiler")
def test_an_fmu_of_fmi_1_keeps_no_state_by_address():
    from orchestrator.assembly import open_instance
    from orchestrator.system.description import Component

    instance = open_instance("kit", Component(source=kit_fmu("Dahlquist", "1.0", "co_simulation")))
    try:
        found = native(instance)
        assert found is not None
        assert found.states is None
    finally:
        instance.close()
