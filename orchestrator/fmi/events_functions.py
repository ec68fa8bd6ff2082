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


class EventFunctions:
    """The functions of one instance, bound to it; int results are an FMI status."""

    def __init__(self, library: Any, handle: int) -> None:
        arrays = (c_void_p, c_size_t, c_void_p)
        self.enter = bound(library, "fmi3EnterEventMode", handle)
        self.leave = bound(library, "fmi3EnterStepMode", handle)
        self._update = bound(library, "fmi3UpdateDiscreteStates", handle, *(c_void_p,) * 6)
        self._get = bound(library, "fmi3GetClock", handle, *arrays)
        self._set = bound(library, "fmi3SetClock", handle, *arrays)
        self._decimal = bound(library, "fmi3GetIntervalDecimal", handle, *arrays, c_void_p)
        self._fraction = bound(library, "fmi3GetIntervalFraction", handle, *arrays, c_void_p, c_void_p)
        self._flags = [c_bool() for _ in range(5)]
        self._time = c_double()

    def update(self) -> RawUpdate:
        """Compute the discrete states anew."""
        status: int = self._update(*map(byref, self._flags), byref(self._time))
        more, terminate, nominals, values, defined = (flag.value for flag in self._flags)
        return RawUpdate(
            status, DiscreteUpdate(more, terminate, nominals, values), self._time.value if defined else None
        )

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

    def interval(self, clock: Clock) -> RawInterval:
        """The interval that the FMU gives to a clock now."""
        references, qualifier = _references([clock]), c_int()
        where = references.ctypes.data, 1
        if clock.fraction:
            counter, resolution = c_uint64(), c_uint64(1)
            status = self._fraction(*where, byref(counter), byref(resolution), byref(qualifier))
            return RawInterval(status, qualifier.value, Fraction(counter.value, resolution.value or 1))
        seconds = c_double()
        status = self._decimal(*where, byref(seconds), byref(qualifier))
        return RawInterval(status, qualifier.value, exact(seconds.value))


def _references(clocks: Sequence[Clock]) -> Any:
    return np.array([clock.reference for clock in clocks], dtype=np.uint32)
