"""A machine whose clock moves by sleeping and by what steps are said to cost, for the pacer and for the paced loop."""

from collections.abc import Collection
from ctypes import CFUNCTYPE, POINTER, c_int, c_longlong, c_void_p, cast
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.master.compiled.parallel.choice import ONE_OR_MORE, Threads
from orchestrator.realtime import clock as wall
from orchestrator.realtime import paced_loop
from orchestrator.realtime.pacer import Pacer
from orchestrator.simulation import Simulation
from tests.coupled import Memory, describe, setup
from tests.doubles import FunctionInstance
from tests.master.compiled.by_address import by_address

_SECOND = 1_000_000_000
_TIMESPEC = POINTER(c_longlong)


class Machine:
    """A clock in whole ns. Sleeps end `oversleep` late; those of the paced loop are kept in `wakes` (ns).

    Where a `look` at it takes time (ns), it moves by that.
    """

    def __init__(self, oversleep: int = 0) -> None:
        self.now, self.oversleep = 1000 * _SECOND, oversleep
        self.wakes: list[int] = []
        self.look = 0
        get = CFUNCTYPE(c_int, c_int, _TIMESPEC)(self._get)
        sleep = CFUNCTYPE(c_int, c_int, c_int, _TIMESPEC, c_void_p)(self._sleep)
        self._functions = get, sleep

    def __call__(self) -> float:
        return self.now / 1e9

    def sleep(self, duration: float) -> None:
        self.now += round(duration * 1e9) + self.oversleep

    def spend(self, duration: float) -> None:
        self.now += round(duration * 1e9)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Be the machine that pacers run on."""
        monkeypatch.setattr(wall, "seconds", self)
        monkeypatch.setattr(wall, "sleep", self.sleep)
        original = paced_loop.new_request

        def new_request() -> Any:
            request = original()
            request[:2] = [cast(function, c_void_p).value for function in self._functions]
            return request

        monkeypatch.setattr(paced_loop, "new_request", new_request)

    def _get(self, clock: int, told: Any) -> int:
        assert clock == 1
        self.now += self.look
        told[0], told[1] = divmod(self.now, _SECOND)
        return 0

    def _sleep(self, clock: int, absolute: int, asked: Any, _: Any) -> int:
        assert (clock, absolute) == (1, 1)
        wake = asked[0] * _SECOND + asked[1]
        self.wakes.append(wake)
        self.now = max(self.now, wake) + self.oversleep
        return 0


class Ramp(FunctionInstance):
    """y = t, by steps that cost 0.25 s, or what `costs` says of the step that begins at a time (s)."""

    def __init__(
        self, machine: Machine, costs: dict[float, float] | None = None, cost: float = 0.25, *, name: str = "double"
    ) -> None:
        def step(t: float, h: float, u: object, x: object) -> list[float]:
            machine.spend((costs or {}).get(t, cost))
            return [t + h]

        super().__init__(lambda t, u, x: x, name=name, step=step, state=[0.0])


def simulation(
    *doubles: Any,
    memory: Memory,
    interpreted: bool,
    python: Collection[str] = (),
    stop: float = 8.0,
    step_size: float = 1.0,
    threads: Threads = ONE_OR_MORE,
) -> Simulation[None]:
    """A run of doubles that a compiled loop can call, but for those of `python`."""
    names = [double.name for double in doubles]
    description = describe(names, step_size=step_size, experiment={"stop": stop})
    called = by_address(doubles, [name for name in names if name not in python])
    whole = replace(setup(called, description), interpreted=interpreted, threads=threads)
    return Simulation(whole, [memory], lambda: None)


def pacer(*arguments: Any, **more: Any) -> Pacer:
    """A pacer on the machine that is installed."""
    return Pacer(*arguments, clock=wall.seconds, sleep=wall.sleep, **{"margin": 0.0, "privileged": False, **more})
