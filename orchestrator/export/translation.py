"""Translation: compiled functions over memory as C, from the same Python text, so that there is no second copy of them.

What they are made of is little: integers, doubles, memory by address, loops, and each other. In C every operation is
the same one of IEEE 754 in the same order, with `-ffp-contract=off`: the bits are the same.
"""

import ast
import inspect
import math
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from orchestrator import by_address

HEAD: Final = """\
/* Translated from Python. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#define UNUSED __attribute__((unused))
UNUSED static double min_double(double a, double b) { return b < a ? b : a; }
UNUSED static double max_double(double a, double b) { return b > a ? b : a; }
UNUSED static int64_t min_integer(int64_t a, int64_t b) { return b < a ? b : a; }
UNUSED static int64_t max_integer(int64_t a, int64_t b) { return b > a ? b : a; }
UNUSED static int64_t bits_of(double value)
{
    int64_t word;
    memcpy(&word, &value, sizeof word);
    return word;
}
"""
_DOUBLE, _INTEGER, _DOUBLES, _WORDS = "double", "int64_t", "double *", "int64_t *"
_ELEMENT: Final = {_DOUBLES: _DOUBLE, _WORDS: _INTEGER}
_ANNOTATED: Final = {"int": _INTEGER, "bool": _INTEGER, "float": _DOUBLE, "None": "void"}
_OPERATORS: Final[dict[type, str]] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%", ast.BitOr: "|", ast.BitAnd: "&",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.And: "&&", ast.Or: "||",
    ast.Not: "!", ast.USub: "-",
}  # fmt: skip

Typed = tuple[str, str]
"""An expression in C, and its type."""


def translated(functions: Iterable[Callable[..., Any]]) -> str:
    """C code of these functions and all that they call; `named` tells what they are called there."""
    wanted, texts, heads = list(functions), {}, {}
    while wanted:
        function = _plain(wanted.pop())
        if named(function) not in texts:
            one = _Function(function)
            texts[named(function)], heads[named(function)] = one.text(), one.head
            wanted += one.called
    return "\n".join([HEAD, *(f"{head};" for head in heads.values()), *texts.values()])


def named(function: Callable[..., Any]) -> str:
    """What a function is called in C."""
    plain = _plain(function)
    return f"{plain.__module__.rsplit('.', 1)[-1]}_{plain.__name__.lstrip('_')}"


def _plain(function: Any) -> Any:
    return getattr(function, "py_func", function)


class UntranslatableError(TypeError):
    """A function of this package says something that has no form in C here: a case for it is missing in this module."""


class _Function:
    """One function; `called` are those that it calls."""

    def __init__(self, function: Any) -> None:
        self._globals = vars(sys.modules[function.__module__])
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
        assert isinstance(tree, ast.FunctionDef)
        self._tree = tree
        self._types = {each.arg: _annotated(each.annotation) for each in tree.args.args}
        taken = ", ".join(f"{kind} {name}" for name, kind in self._types.items())
        linkage = "static " if tree.name.startswith("_") else ""
        self.head = f"{linkage}{_annotated(tree.returns)} {named(function)}({taken})"
        self.called: list[Any] = []
        self._temporaries = 0

    def text(self) -> str:
        taken = set(self._types)
        lines = [line for statement in self._tree.body for line in self._statement(statement)]
        local = [f"    {kind} {name} = 0;" for name, kind in self._types.items() if name not in taken]
        return "\n".join([f"{self.head}", "{", *local, *(f"    {line}" for line in lines), "}"])

    def _statement(self, node: ast.stmt) -> Iterator[str]:
        match node:
            case ast.If(test, body, otherwise):
                yield f"if ({self._expression(test)[0]}) {{"
                yield from self._block(body)
                yield from self._otherwise(otherwise)
            case ast.While(test, body, []):
                yield f"while ({self._expression(test)[0]}) {{"
                yield from self._block(body)
                yield "}"
            case ast.For(ast.Name(name), ast.Call(ast.Name("range"), bounds), body, []):
                yield from self._loop(name, bounds, body)
            case ast.Assign(targets, value):
                yield from self._assignments(targets, value)
            case ast.Expr(ast.Constant(str())):
                return
            case _:
                yield self._simple(node)

    def _simple(self, node: ast.stmt) -> str:
        match node:
            case ast.Expr(value):
                return f"{self._expression(value)[0]};"
            case ast.Return(None):
                return "return;"
            case ast.Return(value) if value is not None:
                return f"return {self._expression(value)[0]};"
            case ast.Break():
                return "break;"
            case ast.AnnAssign(target, _, value) if value is not None:
                return self._assigned(target, self._expression(value))
            case ast.AugAssign(target, operator, value):
                return f"{self._expression(target)[0]} {_OPERATORS[type(operator)]}= {self._expression(value)[0]};"
        raise UntranslatableError(ast.unparse(node))

    def _block(self, body: Sequence[ast.stmt]) -> Iterator[str]:
        return (f"    {line}" for statement in body for line in self._statement(statement))

    def _otherwise(self, body: Sequence[ast.stmt]) -> Iterator[str]:
        if body:
            yield "} else {"
            yield from self._block(body)
        yield "}"

    def _loop(self, name: str, bounds: Sequence[ast.expr], body: Sequence[ast.stmt]) -> Iterator[str]:
        first, end = [self._expression(each)[0] for each in ([ast.Constant(0)] * (2 - len(bounds)) + list(bounds))]
        counter = self._temporary()
        yield f"for (int64_t {counter} = {first}, {counter}_end = {end}; {counter} < {counter}_end; {counter}++) {{"
        if name != "_":
            self._types.setdefault(name, _INTEGER)
            yield f"    {name} = {counter};"
        yield from self._block(body)
        yield "}"

    def _assignments(self, targets: Sequence[ast.expr], value: ast.expr) -> Iterator[str]:
        (target,) = targets
        if not isinstance(target, ast.Tuple):
            yield self._assigned(target, self._expression(value))
            return
        assert isinstance(value, ast.Tuple)
        found = []
        for each in value.elts:  # all of them before the first is assigned
            text, kind = self._expression(each)
            found.append((self._temporary(), kind))
            yield f"{kind} {found[-1][0]} = {text};"
        for one, known in zip(target.elts, found, strict=True):
            yield self._assigned(one, known)

    def _temporary(self) -> str:
        self._temporaries += 1
        return f"temporary_{self._temporaries}"

    def _assigned(self, target: ast.expr, value: Typed) -> str:
        if isinstance(target, ast.Name):
            if self._types.setdefault(target.id, value[1]) == _INTEGER != value[1]:
                raise UntranslatableError(f"{self._tree.name}: {target.id} is an integer, and then {value[1]}")
            return f"{target.id} = {value[0]};"
        return f"{self._expression(target)[0]} = {value[0]};"

    def _expression(self, node: ast.expr) -> Typed:
        if isinstance(node, ast.Constant):
            return _literal(node.value)
        if isinstance(node, ast.Name) and node.id in self._types:
            return node.id, self._types[node.id]
        if isinstance(node, ast.Name | ast.Attribute):
            return _literal(eval(ast.unparse(node), self._globals))  # a constant of our own source
        return self._operation(node)

    def _operation(self, node: ast.expr) -> Typed:
        match node:
            case ast.BinOp(left, operator, right):
                return self._operated(left, operator, right)
            case ast.UnaryOp(operator, operand):
                text, kind = self._expression(operand)
                return f"({_OPERATORS[type(operator)]}{text})", kind
            case ast.BoolOp(operator, values):
                joined = f" {_OPERATORS[type(operator)]} ".join(self._expression(each)[0] for each in values)
                return f"({joined})", _INTEGER
            case ast.Compare(left, operators, others):
                return self._compared([left, *others], operators), _INTEGER
            case ast.IfExp(test, body, otherwise):
                one, other = self._expression(body), self._expression(otherwise)
                return f"({self._expression(test)[0]} ? {one[0]} : {other[0]})", _wider(one[1], other[1])
            case ast.Subscript(value, index):
                text, kind = self._expression(value)
                return f"{text}[{self._expression(index)[0]}]", _ELEMENT[kind]
            case ast.Call():
                return self._call(node)
        raise UntranslatableError(ast.unparse(node))

    def _operated(self, left: ast.expr, operator: ast.operator, right: ast.expr) -> Typed:
        (one, kind), (other, other_kind) = self._expression(left), self._expression(right)
        if isinstance(operator, ast.Div) and _DOUBLE not in (kind, other_kind):
            raise UntranslatableError(f"{self._tree.name}: integers are divided")
        return f"({one} {_OPERATORS[type(operator)]} {other})", _wider(kind, other_kind)

    def _compared(self, operands: Sequence[ast.expr], operators: Sequence[ast.cmpop]) -> str:
        texts = [self._expression(each)[0] for each in operands]
        pairs = zip(texts, operators, texts[1:], strict=False)
        return "(" + " && ".join(f"({one} {_OPERATORS[type(each)]} {other})" for one, each, other in pairs) + ")"

    def _call(self, node: ast.Call) -> Typed:
        assert isinstance(node.func, ast.Name)
        function = self._globals.get(node.func.id, node.func.id)
        if node.func.id in ("min", "max", "abs", "int", "bool", "float"):
            return _built_in(node.func.id, [self._expression(each) for each in node.args])
        texts = [self._expression(each)[0] for each in node.args]
        if function in (math.sqrt, math.isfinite):
            return f"{function.__name__}({texts[0]})", _DOUBLE if function is math.sqrt else _INTEGER
        for known, form, kind in _INTRINSICS:
            if function is known:
                return form.format(*texts), kind
        plain = _plain(function)
        self.called.append(plain)
        given = inspect.signature(plain).parameters
        texts += [self._expression(each.value)[0] for each in node.keywords]
        assert list(given)[len(node.args) :] == [each.arg for each in node.keywords]
        return f"{named(plain)}({', '.join(texts)})", _annotated(ast.Name(_of(plain.__annotations__["return"])))


_NINE: Final = ", ".join(["int64_t"] * 9)
_INTRINSICS: Final = (
    (by_address.load, "(*(int64_t *)({}))", _INTEGER),
    (by_address.load_singly, "(*(int64_t *)({}))", _INTEGER),
    (by_address.load_double, "(*(double *)({}))", _DOUBLE),
    (by_address.load_byte, "((int64_t)*(unsigned char *)({}))", _INTEGER),
    (by_address.store, "(*(int64_t *)({}) = {})", "void"),
    (by_address.store_double, "(*(double *)({}) = {})", "void"),
    (by_address.store_byte, "(*(unsigned char *)({}) = (unsigned char){})", "void"),
    (by_address.doubles, "((double *)({}))", _DOUBLES),
    (by_address.words, "((int64_t *)({}))", _WORDS),
    (by_address.bits, "bits_of({})", _INTEGER),
    (by_address.call, "((int64_t(*)(int64_t)){})({})", _INTEGER),
    (by_address.call_nine, f"((int32_t(*)({_NINE})){{}})({', '.join(['{}'] * 9)})", _INTEGER),
)


def _of(annotation: Any) -> str:
    return str(annotation) if annotation is None or isinstance(annotation, str) else annotation.__name__


def _annotated(annotation: ast.expr | None) -> str:
    assert annotation is not None
    return _ANNOTATED[ast.unparse(annotation)]


def _wider(one: str, other: str) -> str:
    return one if one == other else _DOUBLE


def _literal(value: object) -> Typed:
    if isinstance(value, int):
        return str(int(value)), _INTEGER
    if not isinstance(value, float):
        raise UntranslatableError(repr(value))
    return "INFINITY" if math.isinf(value) else value.hex(), _DOUBLE


def _built_in(name: str, arguments: Sequence[Typed]) -> Typed:
    kinds = [kind for _, kind in arguments]
    texts = ", ".join(text for text, _ in arguments)
    if name in ("min", "max"):
        kind = _wider(kinds[0], kinds[1])
        return f"{name}_{'double' if kind == _DOUBLE else 'integer'}({texts})", kind
    if name == "abs":
        assert kinds == [_DOUBLE]
        return f"fabs({texts})", _DOUBLE
    return {"bool": (f"({texts} != 0)", _INTEGER), "int": (f"((int64_t){texts})", _INTEGER)}.get(
        name, (f"((double){texts})", _DOUBLE)
    )
