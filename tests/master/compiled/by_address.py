"""Doubles that a compiled loop calls by address, and runs of a system both ways that must agree to the bit."""

from collections.abc import Callable, Iterable, Sequence
from ctypes import CFUNCTYPE, POINTER, addressof, c_double, c_int, c_size_t, c_uint8, c_void_p, cast
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import pytest

from orchestrator.instance import Bundle, Status, StepResult
from orchestrator.master.compiled.controlled import ControlledLoop
from orchestrator.master.compiled.parallel.choice import Threads
from orchestrator.native import NativeAnswer, NativeCall
from orchestrator.simulation import Simulation
from orchestrator.system.connector import Storage
from tests.coupled import Memory, describe, setup
from tests.doubles import FunctionInstance

_STEP = CFUNCTYPE(c_int, c_void_p, c_double, c_double, c_int, c_void_p, c_void_p, c_void_p, POINTER(c_double))
_VALUES = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t, c_void_p, c_size_t)
_KEEP, _GO_BACK = CFUNCTYPE(c_int, c_void_p, POINTER(c_size_t)), CFUNCTYPE(c_int, c_void_p, c_size_t)
_SPECIAL, _FAILED = 2, 3
ALONE, TOGETHER = Threads(1), Threads(3, measured=False)


class DoubleByAddress:
    """`Native` of a double: C functions that call its methods; what they raise or answer is told afterwards."""

    repeats_exactly = True
    may_refuse = True
    takes_parts = True

    def __init__(self, double: FunctionInstance) -> None:
        self._double = double
        self.states = StatesByAddress(double) if double.capabilities.get_set_state else None
        self._kept: list[Any] = []
        self._error: BaseException | None = None
        self._result: StepResult | None = None
        self.handle = 0
        self.flag = True
        self.begun = 0
        self.arrivals: list[float] = []
        self.do_step = self._address(_STEP(self._step))

    def calls(self, bundle: Bundle) -> Sequence[NativeCall] | None:
        if bundle.storage in (Storage.STRING, Storage.BINARY):
            return None
        dtype = bundle.storage.dtype
        reads, writes = (self._address(_VALUES(self._moving(bundle, one))) for one in (False, True))
        references = np.zeros(len(bundle.connectors), np.uint32)
        return [NativeCall(reads, writes, references, dtype, bundle.size)]

    def begin(self) -> None:
        self.begun += 1

    def arrived(self, t: float) -> None:
        self.arrivals.append(t)

    def answered(self, answer: NativeAnswer, t: float, h: float) -> StepResult:
        self._raise()
        assert self._result is not None
        assert answer.status == _SPECIAL
        return self._result

    def failed(self, status: int, bundle: Bundle, *, setting: bool) -> None:
        self._raise()

    def _address(self, function: Any) -> int:
        self._kept.append(function)
        return cast(function, c_void_p).value or 0

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _step(self, _: Any, t: float, h: float, *__: Any) -> int:
        try:
            self._result = self._double.do_step(t, h)
        except BaseException as error:
            self._error = error
            return _FAILED
        return 0 if self._result == StepResult(Status.OK, t + h) else _SPECIAL

    def _moving(self, bundle: Bundle, writes: bool) -> Callable[..., int]:
        size = bundle.size * bundle.storage.dtype.itemsize

        def move(_: Any, __: Any, ___: int, values: int, ____: int) -> int:
            memory = np.ctypeslib.as_array(cast(values, POINTER(c_uint8)), (size,))
            try:
                if writes:
                    self._double.set(bundle, memory.view(bundle.storage.dtype).copy())
                else:
                    self._double.get(bundle, memory.view(bundle.storage.dtype))
            except BaseException as error:
                self._error = error
                return _FAILED
            return 0

        return move


class StatesByAddress:
    """`NativeStates` of a double: a kept state is a number in its slot."""

    def __init__(self, double: FunctionInstance) -> None:
        self._double = double
        self._kept: dict[int, object] = {}
        self._slots: list[Any] = []
        self._numbers = count(1)
        self._functions = _KEEP(self._keep), _GO_BACK(self._go_back), _KEEP(self._free)
        self.get, self.set, self.free = (cast(each, c_void_p).value or 0 for each in self._functions)
        self.failed_with: BaseException | None = None
        self._count = c_size_t()
        self.counted = addressof(self._count)

    def forget(self, count: int) -> None:
        assert count == self._count.value

    def slot(self) -> int:
        self._slots.append(c_size_t())
        return addressof(self._slots[-1])

    def adopt(self, slot: int, t: float) -> object:
        place = c_size_t.from_address(slot)
        kept, place.value = self._kept.pop(place.value), 0
        return kept

    def failed(self, status: int, *, setting: bool) -> None:
        assert status == _FAILED
        assert self.failed_with is not None
        raise self.failed_with

    def _keep(self, _: Any, slot: Any) -> int:
        try:
            slot[0] = slot[0] or next(self._numbers)
            self._kept[slot[0]] = self._double.save_state()
        except Exception as error:
            self.failed_with = error
            return _FAILED
        return 0

    def _go_back(self, _: Any, number: int) -> int:
        self._double.restore_state(self._kept[number])
        return 0

    def _free(self, _: Any, slot: Any) -> int:
        del self._kept[slot[0]]
        slot[0] = 0
        return 0


def by_address(instances: Iterable[Any], names: Iterable[str] | None = None) -> list[Any]:
    """Let a compiled loop call doubles, or those of these names, by address."""
    found = list(instances)
    for each in found:
        if names is None or each.name in names:
            each.native = DoubleByAddress(each)
    return found


class Patient(Memory):
    """Is content with some of the communication points."""

    patient = True


Outcome = dict[str, Any]


def outcome(simulation: Simulation[None], memory: Memory, go: Callable[[Simulation[None]], Any]) -> Outcome:
    """Everything that can be seen of a run."""
    error: Exception | None = None
    with simulation:
        try:
            go(simulation)
        except Exception as caught:
            error = caught
        statistics = simulation.coupling.statistics
        return {
            "error": None if error is None else (type(error), str(error), getattr(error, "time", None)),
            "cause": None if error is None else repr(error.__cause__),
            "rows": memory.rows,
            "events": memory.events,
            "time": simulation.time,
            "ended": simulation.ended,
            "signals": simulation.coupling.signals.copy(),
            "steps": {name: (each.steps, each.discards) for name, each in statistics.components.items()},
            "macro_steps": (statistics.macro_steps, statistics.smallest_step, statistics.largest_step),
            "rejected": dict(statistics.rejected),
            "loops": {name: dict(vars(each)) for name, each in statistics.loops.items()},
            "returns": _returns(simulation),
        }


def _returns(simulation: Simulation[None]) -> dict[str, int]:
    """How often components in loops went back to a kept state."""
    counted = simulation.coupling.statistics
    names = {name for loop in counted.loops for name in loop.split(" <-> ")}
    return {name: counted.of(name).restores for name in sorted(names)}


def _run(simulation: Simulation[None]) -> None:
    simulation.run()


def both_ways(
    make: Callable[[], Sequence[Any]],
    connections: Sequence[Any] = (),
    *,
    python: Iterable[str] = (),
    strides: bool | None = True,
    go: Callable[[Simulation[None]], Any] = _run,
    stop: float = 1.0,
    **more: Any,
) -> Outcome:
    """Run doubles interpreted, compiled step by step, in strides, and by three threads; all agree to the bit.

    Those of `python` have no address. Whether there are `strides` is not looked at where it is None. `more` are fields
    of the description.
    """
    more.setdefault("experiment", {"stop": stop})

    def opened(memory: Memory, *, interpreted: bool, threads: Threads) -> Simulation[None]:
        instances = list(make())
        by_address(instances, [each.name for each in instances if each.name not in python])
        description = describe([each.name for each in instances], connections, **more)
        whole = replace(setup(instances, description), interpreted=interpreted, threads=threads)
        simulation = Simulation(whole, [memory], lambda: None)
        assert strides is None or simulation.strides == (strides and not interpreted)
        return simulation

    ways = [(Memory(), True, ALONE), (Memory(), False, ALONE), (Patient(), False, ALONE), (Memory(), False, TOGETHER)]
    runs = [outcome(opened(memory, interpreted=one, threads=two), memory, go) for memory, one, two in ways]
    same(runs[0], runs[1])
    same({key: value for key, value in runs[0].items() if key != "rows"}, runs[2])
    same(runs[0], runs[3])
    return runs[0]


def same(expected: Outcome, found: Outcome) -> None:
    """Assert that two outcomes agree to the bit."""
    for key, value in expected.items():
        if key == "rows":
            assert [row.t for row in found[key]] == [row.t for row in value]
            for row, other in zip(value, found[key], strict=True):
                for array, another in zip(row[1:], other[1:], strict=True):
                    assert array.tobytes() == another.tobytes(), row.t
        elif key == "signals":
            for storage, array in value.items():
                assert found[key][storage].tolist() == array.tolist() or (
                    found[key][storage].tobytes() == array.tobytes()
                ), storage
        else:
            assert found[key] == value, key


def made_at_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many macro steps under error control compiled functions make at once, from call to call."""
    steps: list[int] = []
    run = ControlledLoop.run

    def counted(self: ControlledLoop, until: int | None, rows: Any) -> Any:
        strode = run(self, until, rows)
        steps.append(strode.steps)
        return strode

    monkeypatch.setattr(ControlledLoop, "run", counted)
    return steps
