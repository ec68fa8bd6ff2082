"""Parallel atomics: what threads need to agree with each other, as compiled functions over addresses."""

import platform
from typing import Any, Final

from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from orchestrator.by_address import call, nanoseconds

_RELAX: Final[dict[str, tuple[str, tuple[int, ...]]]] = {
    "x86_64": ("llvm.x86.sse2.pause", ()),
    "aarch64": ("llvm.aarch64.hint", (1,)),
}
_INT32: Final = ir.IntType(32)
_MONOTONIC: Final = 1
_WAIT: Final = 0x80
_WAKE: Final = 0x81
_ALL: Final = 0x7FFFFFFF
_COMPILED: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


def _exchange(_: Any, _address: Any, _expected: Any, _value: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        address, expected, value = arguments
        pointer = builder.inttoptr(address, _INT32.as_pointer())
        old, new = builder.trunc(expected, _INT32), builder.trunc(value, _INT32)
        return builder.extract_value(builder.cmpxchg(pointer, old, new, "seq_cst", "seq_cst"), 1)

    return types.boolean(types.int64, types.int64, types.int64), code


def _relax(_: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        if platform.machine() in _RELAX:
            name, given = _RELAX[platform.machine()]
            kind = ir.FunctionType(ir.VoidType(), [_INT32] * len(given))
            insert: Any = cgutils.get_or_insert_function
            function = insert(builder.module, kind, name)
            builder.call(function, [_INT32(number) for number in given])

    return types.void(), code


def _fence(_: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        builder.fence("acquire")

    return types.void(), code


exchange: Any = intrinsic(_exchange)
"""Put a value into the counter at an address where it has the value expected; whether it had."""
fence: Any = intrinsic(_fence)
"""What is read before is read before what is read after."""
relax: Any = intrinsic(_relax)
"""Tell the processor that nothing is done but waiting."""


def _now(clock: int) -> int:
    """Monotonic time (ns)."""
    return int(nanoseconds(clock, _MONOTONIC))


def _sleep(syscall: int, number: int, counter: int, seen: int, limit: int) -> None:
    """Sleep until somebody wakes those that sleep on a counter, while it is as it was seen.

    `limit` is the address of two words, the longest time in s and ns, 0 where there is none.
    """
    call(syscall, number, counter, _WAIT, seen, limit)


def _wake(syscall: int, number: int, counter: int) -> None:
    """Wake all that sleep on a counter."""
    call(syscall, number, counter, _WAKE, _ALL, 0)


now: Any = njit("int64(int64)", **_COMPILED)(_now)
sleep: Any = njit("void(int64, int64, int64, int64, int64)", **_COMPILED)(_sleep)
wake: Any = njit("void(int64, int64, int64)", **_COMPILED)(_wake)
