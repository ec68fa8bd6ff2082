"""Apart: compiled functions that are called where they are used, and never taken in.

What is rare, or takes long anyway, would need registers there that the few instructions around it could use.
"""

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]
from numba.extending import intrinsic

import orchestrator.compiled_sources  # noqa: F401 -- before anything is compiled


def _called(context: Any, builder: Any, function: Any, signature: Any, arguments: Any) -> Any:
    answer = context.get_function(function, signature)(builder, arguments)
    name = function.dispatcher.overloads[signature.args].fndesc.mangled_name
    for block in builder.function.blocks:
        for each in block.instructions:
            if isinstance(each, ir.CallInstr) and getattr(each.callee, "name", "") == name:
                each.attributes.add("noinline")
    return answer


def _apart_of_one(typing: Any, function: Any, a: Any) -> Any:
    signature = function.get_call_type(typing, (a,), {})

    def code(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _called(context, builder, function, signature, arguments[1:])

    return signature.return_type(function, a), code


def _apart_of_two(typing: Any, function: Any, a: Any, b: Any) -> Any:
    signature = function.get_call_type(typing, (a, b), {})

    def code(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _called(context, builder, function, signature, arguments[1:])

    return signature.return_type(function, a, b), code


apart: Any = intrinsic(_apart_of_one)
"""What a compiled function of one argument gives: apart(function, argument)."""
apart_of_two: Any = intrinsic(_apart_of_two)
