"""Formulas: texts over named values, compiled once and computed as often as wanted: `t > 60 and plc.state == 2`.

    or      = and {"or" and}
    and     = not {"and" not}
    not     = "not" not | sum [("<" | "<=" | ">" | ">=" | "==" | "!=") sum]
    sum     = product {("+" | "-") product}
    product = signed {("*" | "/") signed}
    signed  = ["+" | "-"] signed | operand [("^" | "**") signed]
    operand = number | 'text' | "true" | "false" | "pi" | name | function "(" or {"," or} ")" | "(" or ")"

A name is `t`, `tank.V` or `tank.S[2]`; one that holds other characters stands between backquotes, as `cooling/pump.n`
must. Values are plain numbers in the unit that their variable has; nothing here is executed as Python.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from orchestrator.errors import DescriptionError, VariableError
from orchestrator.system.names import nearest

MAX_CHARACTERS: Final = 1000
MAX_DEPTH: Final = 40

_WORD: Final = r"[^\W\d]\w*"
_TOKEN: Final = re.compile(
    rf"\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{{1,3}})?)"
    rf"|(?P<name>{_WORD}(?:\.{_WORD}(?:\[[\d,\s]+\])?)*|`[^`]+`)|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<sign>\*\*|<=|>=|==|!=|[-+*/^(),<>]))\s*"
)
_ARITHMETIC: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": math.pow,
    "**": math.pow,
}
_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    **{name: getattr(math, name) for name in ("sqrt", "exp", "log", "log10", "sin", "cos", "tan", "tanh")},
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "min": min,
    "max": max,
}
_WORDS: Final = ("and", "or", "not", "true", "false", "pi", "if", *_FUNCTIONS)


class Kind(StrEnum):
    """What a formula or a name in it stands for."""

    NUMBER = "a number"
    TRUTH = "true or false"
    TEXT = "a text"


class Formula(NamedTuple):
    """A compiled text: `compute` takes the values of `names` in their order. `kind` is None where it is open."""

    text: str
    names: tuple[str, ...]
    kind: Kind | None
    compute: Callable[[Sequence[Any]], Any]

    def __call__(self, values: Sequence[Any]) -> Any:
        """The value; VariableError where there is none, as for a division by zero."""
        try:
            return self.compute(values)
        except (ArithmeticError, ValueError) as error:
            given = ", ".join(f"{name} = {value}" for name, value in zip(self.names, values, strict=True))
            raise VariableError(f"'{self.text}' has no value ({error}) at {given}. Change it there") from error


def compiled(text: str, known: Mapping[str, Kind] | None = None) -> Formula:
    """Compile a text; `known` are the names that it may hold (None: `t` and all variables).

    DescriptionError says what is wrong.
    """
    if len(text) > MAX_CHARACTERS:
        raise DescriptionError(f"longer than {MAX_CHARACTERS} characters; make it shorter")
    return _Compiler(text, known).formula()


class _Node(NamedTuple):
    kind: Kind | None
    value: Callable[[Sequence[Any]], Any]


class _Compiler:
    """Recursive descent over the tokens of one text; makes a function of each part."""

    def __init__(self, text: str, known: Mapping[str, Kind] | None) -> None:
        self._text, self._known = text, known
        self._tokens = _tokens(text)
        self._place = self._depth = 0
        self._names: dict[str, int] = {}

    def formula(self) -> Formula:
        node = self._or()
        if self._place < len(self._tokens):
            raise DescriptionError(f"'{self._tokens[self._place][0].strip()}' is left over in '{self._text}'")
        return Formula(self._text, tuple(self._names), node.kind, node.value)

    def _or(self) -> _Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise DescriptionError(f"more than {MAX_DEPTH} brackets within each other; make it simpler")
        node = self._and()
        while self._word("or"):
            node = _Node(Kind.TRUTH, _either(*_both(node, self._and(), Kind.TRUTH, "or")))
        self._depth -= 1
        return node

    def _and(self) -> _Node:
        node = self._not()
        while self._word("and"):
            node = _Node(Kind.TRUTH, _all(*_both(node, self._not(), Kind.TRUTH, "and")))
        return node

    def _not(self) -> _Node:
        if self._word("not"):
            inner = _only(self._nested(self._not), Kind.TRUTH, "not")
            return _Node(Kind.TRUTH, lambda v: not inner(v))
        node = self._sum()
        sign = self._sign(*_COMPARISONS)
        return node if sign is None else self._compared(node, sign, self._sum())

    def _compared(self, one: _Node, sign: str, other: _Node) -> _Node:
        if self._peek("sign") in _COMPARISONS:
            raise DescriptionError(f"two comparisons in a row in '{self._text}'; join them with 'and'")
        if one.kind is not None and other.kind is not None and one.kind is not other.kind:
            raise DescriptionError(f"'{sign}' compares {one.kind} with {other.kind} in '{self._text}'; compare alike")
        if sign in ("==", "!="):
            return _Node(Kind.TRUTH, _joined(_COMPARISONS[sign], one.value, other.value))
        return _Node(Kind.TRUTH, _joined(_COMPARISONS[sign], *_both(one, other, Kind.NUMBER, sign)))

    def _sum(self) -> _Node:
        node = self._product()
        while sign := self._sign("+", "-"):
            node = _computed(sign, node, self._product())
        return node

    def _product(self) -> _Node:
        node = self._signed()
        while sign := self._sign("*", "/"):
            node = _computed(sign, node, self._signed())
        return node

    def _signed(self) -> _Node:
        sign = self._sign("+", "-")
        if sign is None:
            return self._power()
        inner = _only(self._nested(self._signed), Kind.NUMBER, sign)
        return _Node(Kind.NUMBER, (lambda v: -inner(v)) if sign == "-" else inner)

    def _power(self) -> _Node:
        node = self._operand()
        sign = self._sign("^", "**")
        return node if sign is None else _computed(sign, node, self._nested(self._signed))

    def _nested(self, part: Callable[[], _Node]) -> _Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise DescriptionError(f"more than {MAX_DEPTH} signs within each other; make it simpler")
        node = part()
        self._depth -= 1
        return node

    def _operand(self) -> _Node:
        if self._sign("("):
            return self._inside()[0]
        if (text := self._take("number")) is not None:
            return _constant(Kind.NUMBER, float(text) if set(text) & set(".eE") else int(text))
        if (text := self._take("text")) is not None:
            return _constant(Kind.TEXT, text[1:-1])
        if (name := self._take("name")) is None:
            before = self._tokens[self._place][0].strip() if self._place < len(self._tokens) else "the end"
            raise DescriptionError(f"a number or name is missing before {before} in '{self._text}'")
        if name in ("true", "false"):
            return _constant(Kind.TRUTH, name == "true")
        if name == "pi":
            return _constant(Kind.NUMBER, math.pi)
        return self._called(name) if self._sign("(") else self._named(name.strip("`"))

    def _named(self, name: str) -> _Node:
        if name in _WORDS or (self._known is not None and name not in self._known):
            raise DescriptionError(f"unknown name '{name}'; {nearest(name, self._known or ())}")
        if self._known is None and "." not in name and name != "t":
            raise DescriptionError(f"'{name}' is no variable; write component.variable")
        place = self._names.setdefault(name, len(self._names))
        return _Node(None if self._known is None else self._known[name], lambda v: v[place])

    def _called(self, name: str) -> _Node:
        arguments = self._inside()
        if name == "if":
            return _chosen(arguments)
        if name not in _FUNCTIONS:
            raise DescriptionError(f"unknown function '{name}'; {nearest(name, ('if', *_FUNCTIONS))}")
        if (len(arguments) < 2) if name in ("min", "max") else len(arguments) != 1:
            count = "two or more values" if name in ("min", "max") else "one value"
            raise DescriptionError(f"'{name}' takes {count}, not {len(arguments)}")
        function, parts = _FUNCTIONS[name], [_only(one, Kind.NUMBER, name) for one in arguments]
        return _Node(Kind.NUMBER, lambda v: function(*(part(v) for part in parts)))

    def _inside(self) -> list[_Node]:
        nodes = [self._or()]
        while self._sign(","):
            nodes.append(self._or())
        if not self._sign(")"):
            raise DescriptionError(f"a ')' is missing in '{self._text}'")
        return nodes

    def _word(self, word: str) -> bool:
        found = self._peek("name") == word
        self._place += found
        return found

    def _sign(self, *signs: str) -> str | None:
        return self._take("sign") if self._peek("sign") in signs else None

    def _take(self, kind: str) -> str | None:
        found = self._peek(kind)
        self._place += found is not None
        return found

    def _peek(self, kind: str) -> str | None:
        return self._tokens[self._place][kind] if self._place < len(self._tokens) else None


def _tokens(text: str) -> Sequence[re.Match[str]]:
    tokens, end = [], 0
    while end < len(text):
        match = _TOKEN.match(text, end)
        if match is None:
            raise DescriptionError(f"'{text[end:].strip()[:20]}' is no number, name or sign in '{text}'")
        tokens.append(match)
        end = match.end()
    return tokens


def _constant(kind: Kind, value: Any) -> _Node:
    return _Node(kind, lambda v: value)  # noqa: ARG005


def _only(node: _Node, kind: Kind, sign: str) -> Callable[[Sequence[Any]], Any]:
    if node.kind not in (kind, None):
        raise DescriptionError(f"'{sign}' takes {kind}, not {node.kind}")
    return node.value


def _both(one: _Node, other: _Node, kind: Kind, sign: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return _only(one, kind, sign), _only(other, kind, sign)


def _joined(function: Callable[[Any, Any], Any], one: Callable[..., Any], other: Callable[..., Any]) -> Any:
    return lambda v: function(one(v), other(v))


def _either(one: Callable[..., Any], other: Callable[..., Any]) -> Callable[[Sequence[Any]], bool]:
    return lambda v: bool(one(v) or other(v))


def _all(one: Callable[..., Any], other: Callable[..., Any]) -> Callable[[Sequence[Any]], bool]:
    return lambda v: bool(one(v) and other(v))


def _computed(sign: str, one: _Node, other: _Node) -> _Node:
    return _Node(Kind.NUMBER, _joined(_ARITHMETIC[sign], *_both(one, other, Kind.NUMBER, sign)))


def _chosen(arguments: Sequence[_Node]) -> _Node:
    if len(arguments) != 3 or arguments[1].kind is not arguments[2].kind:
        raise DescriptionError("'if' takes a condition and two values of one kind: if(t < 60, 1, 2)")
    condition, one, other = _only(arguments[0], Kind.TRUTH, "if"), arguments[1].value, arguments[2].value
    return _Node(arguments[1].kind, lambda v: one(v) if condition(v) else other(v))
