"""By address: memory and C functions as compiled functions reach them, so that numba can keep what it compiled.

Nothing of a system is in the code of such a function: addresses come as int64 at run time. One compilation serves every
system, and the cache serves the next process.
"""

from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]
from numba import cfunc, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

import orchestrator.compiled_sources  # noqa: F401 -- before anything is compiled

_INT: Final = ir.IntType(64)
_INT32: Final = ir.IntType(32)
_DOUBLE: Final = ir.DoubleType()
_FLOAT: Final = ir.FloatType()

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """A function over numbers and addresses as machine code, made at its first call and kept for the next process.

    A private one is a part of those that call it: nothing of it is kept by itself, and Python cannot call it.
    """
    part = function.__name__.startswith("_")
    more: Any = {"cache": not part, "no_cpython_wrapper": part, "no_cfunc_wrapper": part}
    made: Callable[P, R] = njit(nogil=True, error_model="numpy", **more)(function)
    return made


STEP_TAKEN: Final = "int32(int64, float64, float64, int32, int64, int64, int64, int64)"
"""What makes a step, as `call_step` calls it."""
VALUES_TAKEN: Final = "int32(int64, int64, int64, int64, int64)"
"""What sets or gets values, as `call_values` calls it; or keeps a state, or goes back to it."""
DERIVATIVES_TAKEN: Final = "int32(int64, int64, int64, int64, int64, int64)"
"""What gives or reads derivatives; see `NativeSlopes`."""

_c_functions: Final[list[Any]] = []


def c_function(taken: str, function: Callable[..., int]) -> int:
    """Where a C function of such a signature lies that does what a function over numbers and addresses says.

    It is kept for the next process, too.
    """
    made: Any = cfunc(taken, cache=True, error_model="numpy")(function)
    _c_functions.append(made)
    return int(made.address)


def address_of(function: Callable[..., int], taken: int) -> int:
    """Where the code of a compiled function lies that takes so many int64 and gives one, for `call`."""
    made: Any = function
    made.compile((types.int64,) * taken)
    code = made.overloads[(types.int64,) * taken]
    found: int = code.library.get_pointer_to_function(code.fndesc.llvm_cfunc_wrapper_name)
    return found


def _pointer(builder: Any, address: Any, kind: Any) -> Any:
    return builder.inttoptr(address, kind.as_pointer())


def _loads(kind: Any, widened: Callable[[Any, Any], Any], gives: Any) -> Any:
    """A function that reads what lies at an address, as a wider value."""

    def load_there(_: Any, _address: Any) -> Any:
        def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return widened(builder, builder.load(_pointer(builder, arguments[0], kind), typ=kind))

        return gives(types.int64), code

    return intrinsic(load_there)


def _stores(kind: Any, narrowed: Callable[[Any, Any], Any], takes: Any) -> Any:
    """A function that writes a value to an address, in a narrower form."""

    def store_there(_: Any, _address: Any, _value: Any) -> Any:
        def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            builder.store(narrowed(builder, arguments[1]), _pointer(builder, arguments[0], kind))

        return types.void(types.int64, takes), code

    return intrinsic(store_there)


def _integer(bits: int, *, signed: bool = True) -> tuple[Any, Any]:
    kind = ir.IntType(bits)
    return (
        _loads(kind, lambda builder, value: (builder.sext if signed else builder.zext)(value, _INT), types.int64),
        _stores(kind, lambda builder, value: builder.trunc(value, kind), types.int64),
    )


def _load_counter(_: Any, _address: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        value = builder.load_atomic(_pointer(builder, arguments[0], _INT32), "seq_cst", 4, typ=_INT32)
        return builder.zext(value, _INT)

    return types.int64(types.int64), code


def _store_counter(_: Any, _address: Any, _value: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = _pointer(builder, arguments[0], _INT32)
        builder.store_atomic(builder.trunc(arguments[1], _INT32), pointer, "seq_cst", 4)

    return types.void(types.int64, types.int64), code


def _load_singly(_: Any, _address: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_pointer(builder, arguments[0], _INT), "unordered", 8, typ=_INT)

    return types.int64(types.int64), code


def _words(_: Any, _address: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _pointer(builder, arguments[0], _INT)

    words_there: Any = types.CPointer
    return words_there(types.int64)(types.int64), code


def _doubles(_: Any, _address: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _pointer(builder, arguments[0], _DOUBLE)

    doubles_there: Any = types.CPointer
    return doubles_there(types.float64)(types.int64), code


def _bits(_: Any, _value: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], _INT)

    return types.int64(types.float64), code


def _call(_: Any, _function: Any, _a: Any, _b: Any, _c: Any, _d: Any, _e: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_INT, [_INT] * 5)
        return builder.call(_pointer(builder, arguments[0], kind), arguments[1:])

    return types.int64(*[types.int64] * 6), code


def _call_values(_: Any, _function: Any, _handle: Any, _references: Any, _n: Any, _values: Any, _size: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_INT32, [_INT] * 5)
        return builder.call(_pointer(builder, arguments[0], kind), arguments[1:])

    return types.int32(*[types.int64] * 6), code


def _call_step(_: Any, _function: Any, _handle: Any, _t: Any, _h: Any, _flag: Any, _answers: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        function, handle, t, h, flag, answers = arguments
        kind = ir.FunctionType(_INT32, [_INT, _DOUBLE, _DOUBLE, _INT32, _INT, _INT, _INT, _INT])
        flags = [builder.add(answers, _INT(offset)) for offset in range(3)]
        reached = builder.add(answers, _INT(8))
        return builder.call(
            _pointer(builder, function, kind), [handle, t, h, builder.trunc(flag, _INT32), *flags, reached]
        )

    taken = (types.int64, types.int64, types.float64, types.float64, types.int64, types.int64)
    return types.int32(*taken), code


def _call_plain_step(_: Any, _function: Any, _handle: Any, _t: Any, _h: Any, _flag: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        function, handle, t, h, flag = arguments
        kind = ir.FunctionType(_INT32, [_INT, _DOUBLE, _DOUBLE, _INT32])
        return builder.call(_pointer(builder, function, kind), [handle, t, h, builder.trunc(flag, _INT32)])

    return types.int32(types.int64, types.int64, types.float64, types.float64, types.int64), code


def _nanoseconds(_: Any, _function: Any, _clock: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        function, clock = arguments
        kind = ir.ArrayType(_INT, 2)
        told: Any = cgutils.alloca_once(builder, kind)  # type: ignore[no-untyped-call]
        taken = ir.FunctionType(_INT32, [_INT32, kind.as_pointer()])
        builder.call(_pointer(builder, function, taken), [builder.trunc(clock, _INT32), told])
        seconds, rest = (builder.extract_value(builder.load(told, typ=kind), place) for place in range(2))
        return builder.add(builder.mul(seconds, _INT(1_000_000_000)), rest)

    return types.int64(types.int64, types.int64), code


def _call_at(_: Any, _function: Any, _object: Any, _t: Any, _a: Any, _b: Any, _c: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_INT32, [_INT, _DOUBLE, _INT, _INT, _INT])
        return builder.call(_pointer(builder, arguments[0], kind), arguments[1:])

    return types.int32(types.int64, types.int64, types.float64, types.int64, types.int64, types.int64), code


def _call_nine(_: Any, _f: Any, _a: Any, _b: Any, _c: Any, _d: Any, _e: Any, _g: Any, _h: Any, _i: Any, _j: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_INT32, [_INT] * 9)
        return builder.call(_pointer(builder, arguments[0], kind), arguments[1:])

    return types.int32(*[types.int64] * 10), code


load: Any = _loads(_INT, lambda _, value: value, types.int64)
"""The int64 at an address."""
store: Any = _stores(_INT, lambda _, value: value, types.int64)
load_double: Any = _loads(_DOUBLE, lambda _, value: value, types.float64)
store_double: Any = _stores(_DOUBLE, lambda _, value: value, types.float64)
load_float: Any = _loads(_FLOAT, lambda builder, value: builder.fpext(value, _DOUBLE), types.float64)
store_float: Any = _stores(_FLOAT, lambda builder, value: builder.fptrunc(value, _FLOAT), types.float64)
load_int32, store_int32 = _integer(32)
load_int16, store_int16 = _integer(16)
load_int8, store_int8 = _integer(8)
load_uint32, _ = _integer(32, signed=False)
load_uint16, _ = _integer(16, signed=False)
load_byte, store_byte = _integer(8, signed=False)
load_singly: Any = intrinsic(_load_singly)
"""The int64 at an address, one by one: for loops over few of them, which are slower where they are vectorized."""
load_counter: Any = intrinsic(_load_counter)
"""The uint32 at an address, read atomically."""
store_counter: Any = intrinsic(_store_counter)
words: Any = intrinsic(_words)
"""The int64 from an address on, by index; loops over them are vectorized."""
doubles: Any = intrinsic(_doubles)
"""The doubles from an address on, by index."""
bits: Any = intrinsic(_bits)
"""The bits of a double."""
nanoseconds: Any = intrinsic(_nanoseconds)
"""What a clock of POSIX says: the address of clock_gettime, and which clock."""
call: Any = intrinsic(_call)
"""int64 f(five int64)."""

call_values: Any = intrinsic(_call_values)
"""The get or set function of an FMU: int f(handle, references, n, values, number of values).

FMI 1.0 and 2.0 take no number of values: an argument more does no harm in the calling conventions of x86-64 and
ARM64, where who calls puts it into a register, or onto the stack and away again.
"""

call_step: Any = intrinsic(_call_step)
"""doStep: int f(handle, t, h, flag, event needed, terminate, early return, time reached), of which FMI 1.0 and 2.0
take the first four. `answers` is the address of three bytes for the flags, and 8 bytes further a double.
"""

call_plain_step: Any = intrinsic(_call_plain_step)
"""doStep of FMI 1.0 and 2.0, which answer nothing beside the status: int f(handle, t, h, flag)."""

call_at: Any = intrinsic(_call_at)
"""int f(object, double, three int64), of which it may take fewer."""

call_nine: Any = intrinsic(_call_nine)
"""int f(nine int64), of which it may take fewer."""
