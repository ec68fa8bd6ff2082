"""The C functions of Event Mode and of clocks (FMI 3.0)."""

from collections.abc import Sequence
from ctypes import byref, c_bool, c_double, c_int, c_size_t, c_uint64, c_void_p
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from orchestrator.fmi.clocks import Clock, exact
from orchestrator.fmi.function_table import bound
from orchestrator.instance import DiscreteUpdate


class RawUpdate(NamedTuple):
    """What fmi3UpdateDiscreteStates reported: the status, its flags, and the next time event (s) where there is one."""

    status: int
    update: DiscreteUpdate
    next_time: float | None


class RawInterval(NamedTuple):
    """What fmi3GetInterval reported: the status, FMI's qualifier, and the interval (s)."""

    status: int
    qualifier: int
    interval: Fraction


class RawShift(NamedTuple):
    """What fmi3GetShift reported: the status, and the shift (s)."""

    status: int
    shift: Fraction


class IntervalFunctions:
    """Intervals and shifts of clocks of one instance; int results are an FMI status.

    A function that the binary lacks returns Error: which ones a clock needs depends on its kind.
    """

    def __init__(self, library: Any, handle: int) -> None:
        one = (c_void_p, c_size_t, c_void_p)
        two, three = (*one, c_void_p), (*one, c_void_p, c_void_p)
        signatures = {"GetInterval": (two, three), "GetShift": (one, two), "SetInterval": (one, two)}
        signatures["SetShift"] = (one, two)
        self._calls = {
            (name, fraction): bound(
                library, f"fmi3{name}{'Fraction' if fraction else 'Decimal'}", handle, *types, needed=False
            )
            for name, both in signatures.items()
            for fraction, types in zip((False, True), both, strict=True)
        }

    def interval(self, clock: Clock) -> RawInterval:
        """The interval that the FMU gives to a clock now."""
        qualifier = c_int()
        status, interval = self._ask("GetInterval", clock, byref(qualifier))
        return RawInterval(status, qualifier.value, interval)

    def shift(self, clock: Clock) -> RawShift:
        """The shift that the FMU gives to a clock."""
        return RawShift(*self._ask("GetShift", clock))

    def set(self, what: str, clock: Clock, seconds: Fraction) -> int:
        """Tell the FMU the `Interval` or `Shift` (`what`) of a clock."""
        call = self._calls[f"Set{what}", clock.fraction]
        where = _references([clock])
        numbers = map(c_uint64, _as_counter(clock, seconds)) if clock.fraction else (c_double(float(seconds)),)
        status: int = call(where.ctypes.data, 1, *map(byref, numbers))
        return status

    def _ask(self, name: str, clock: Clock, *more: Any) -> tuple[int, Fraction]:
        call, where = self._calls[name, clock.fraction], _references([clock])
        if clock.fraction:
            counter, resolution = c_uint64(), c_uint64(1)
            status = call(where.ctypes.data, 1, byref(counter), byref(resolution), *more)
            return status, Fraction(counter.value, resolution.value or 1)
        seconds = c_double()
        status = call(where.ctypes.data, 1, byref(seconds), *more)
        return status, exact(seconds.value if np.isfinite(seconds.value) else -1.0)


class ClockFunctions:
    """Activation of the clocks of one instance; int results are an FMI status."""

    def __init__(self, library: Any, handle: int) -> None:
        arrays = (c_void_p, c_size_t, c_void_p)
        self._get = bound(library, "fmi3GetClock", handle, *arrays)
        self._set = bound(library, "fmi3SetClock", handle, *arrays)

    def activate(self, clocks: Sequence[Clock]) -> int:
        """Activate clocks."""
        references, values = _references(clocks), np.ones(len(clocks), np.bool_)
        status: int = self._set(references.ctypes.data, references.size, values.ctypes.data)
        return status

    def active(self, clocks: Sequence[Clock]) -> tuple[int, tuple[str, ...]]:
        """The status, and which of these clocks are active."""
        references, values = _references(clocks), np.zeros(len(clocks), np.bool_)
        status: int = self._get(references.ctypes.data, references.size, values.ctypes.data)
        return status, tuple(clock.name for clock, value in zip(clocks, values, strict=True) if value)


class EventFunctions:
    """Event Mode of one instance for Co-Simulation; int results are an FMI status."""

    def __init__(self, library: Any, handle: int) -> None:
        self.enter = bound(library, "fmi3EnterEventMode", handle)
        self.leave = bound(library, "fmi3EnterStepMode", handle)
        self._update = bound(library, "fmi3UpdateDiscreteStates", handle, *(c_void_p,) * 6)
        self._flags = [c_bool() for _ in range(5)]
        self._time = c_double()

    def update(self) -> RawUpdate:
        """Compute the discrete states anew."""
        status: int = self._update(*map(byref, self._flags), byref(self._time))
        more, terminate, nominals, values, defined = (flag.value for flag in self._flags)
        return RawUpdate(
            status, DiscreteUpdate(more, terminate, nominals, values), self._time.value if defined else None
        )


def _as_counter(clock: Clock, seconds: Fraction) -> tuple[int, int]:
    """Counter and resolution: the declared resolution where the number is a multiple of it."""
    if clock.resolution:
        counter = seconds * clock.resolution
        if counter.denominator == 1:
            return counter.numerator, clock.resolution
    return seconds.numerator, seconds.denominator


def _references(clocks: Sequence[Clock]) -> Any:
    return np.array([clock.reference for clock in clocks], dtype=np.uint32)
