"""Parallel kernel: parts of the loop of one thread, as those of several call them: by address, not taken in.

Taken in they would be nearly all that is compiled here once on a machine, and loaded in each process: in the midst of
a run, which waits for it.
"""

from typing import Any, Final

from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_INT: Final = ir.IntType(64)
_INT32: Final = ir.IntType(32)
_DOUBLE: Final = ir.DoubleType()


def _call(builder: Any, function: Any, kinds: list[Any], arguments: Any) -> Any:
    """Call compiled code, int f(answer*, error**, arguments...) as numba has it; the answer.

    No error comes out of functions that raise nothing.
    """
    answer: Any = cgutils.alloca_once(builder, _INT)  # type: ignore[no-untyped-call]
    error: Any = cgutils.alloca_once(builder, _INT)  # type: ignore[no-untyped-call]
    kind = ir.FunctionType(_INT32, [_INT.as_pointer(), _INT.as_pointer(), *kinds])
    builder.call(builder.inttoptr(function, kind.as_pointer()), [answer, error, *arguments])
    return builder.load(answer, typ=_INT)


def _call_step(_: Any, _function: Any, _program: Any, _component: Any, _t: Any, _h: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _call(builder, arguments[0], [_INT, _INT, _DOUBLE, _DOUBLE], arguments[1:])

    return types.int64(types.int64, types.int64, types.int64, types.float64, types.float64), code


def _call_point(_: Any, _function: Any, _program: Any, _index: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _call(builder, arguments[0], [_INT, _INT], arguments[1:])

    return types.int64(types.int64, types.int64, types.int64), code


call_step: Any = intrinsic(_call_step)
"""`hot.loop.step` by its address, (address, program, component, t, h), or what takes and gives the like."""
call_point: Any = intrinsic(_call_point)
"""`hot.loop.begin` or `hot.loop.arrive` by its address: (address, program, index)."""


def addresses() -> tuple[int, int, int]:
    """Of `step`, `begin` and `arrive` of the loop of one thread."""
    from orchestrator.master.compiled.hot import loop as hot_loop  # compiled, or loaded, when it is first needed

    return address_of(hot_loop.step), address_of(hot_loop.begin), address_of(hot_loop.arrive)


def address_of(function: Any) -> int:
    """Where the code of a compiled function lies, for calls by address."""
    (made,) = function.overloads.values()
    return int(made.library.get_pointer_to_function(made.fndesc.mangled_name))
