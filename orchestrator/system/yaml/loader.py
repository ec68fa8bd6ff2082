"""The YAML loader of descriptions: safe, strict about keys, and aware of line numbers.

Plain scalars follow the YAML 1.2 core schema, so that `on` is a name and `1e-6` is a number.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from orchestrator.errors import DescriptionError

Location = tuple[str | int, ...]
"""Where a value stands in a file: keys and indices from the root."""

Lines = Mapping[Location, int]

MAX_NODES = 250_000
MAX_DEPTH = 20


class Loaded(NamedTuple):
    """What a file says, and on which line each part of it begins."""

    data: Any
    lines: Lines


def dotted(location: Location) -> str:
    """A location as people write it: `components.plc.parameters.K`, `connections[3]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.removeprefix(".") or "the file"


def load(text: str, origin: str) -> Loaded:
    """Load one YAML document with the safe loader; DescriptionError names `origin`, line and column."""
    lines: dict[Location, int] = {}
    loader = None
    try:
        _refuse_deep(text, origin)
        loader = _Loader(text)
        node = loader.get_single_node()
        problems = list(_structure(node, lines)) if node is not None else []
        if problems:
            raise DescriptionError("\n".join(f"{origin}:{problem}" for problem in problems))
        return Loaded(loader.construct_document(node) if node is not None else None, lines)
    except yaml.YAMLError as error:
        raise DescriptionError(_syntax(error, origin)) from error
    finally:
        if loader is not None:
            loader.dispose()


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The safe loader with the plain scalars of the YAML 1.2 core schema."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


def _refuse_deep(text: str, origin: str) -> None:
    # Making nodes recurses in C and would end the process before it is known how deep the file is; events do not.
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            mark: Any = event.start_mark
            raise DescriptionError(f"{origin}:{mark.line + 1}: nested deeper than {MAX_DEPTH} levels")


_SCALARS = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    # Longer integers are beyond every number that a computer can use: they read as a float, which is infinite.
    ("int", r"[-+]?[0-9]{1,300}|0x[0-9a-fA-F]{1,200}", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+\.?[0-9]*)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
)
_TAG = "tag:yaml.org,2002:"
for _tag, _pattern, _first in _SCALARS:
    _Loader.add_implicit_resolver(_TAG + _tag, re.compile(f"^(?:{_pattern})$"), list(_first))


def scalar_resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """Which plain scalars are no text, by their first character, as PyYAML keeps it."""
    return {first: list(resolvers) for first, resolvers in _Loader.yaml_implicit_resolvers.items()}


def _integer(loader: Any, node: Any) -> int:
    text = loader.construct_scalar(node)
    return int(text, 16 if text.startswith("0x") else 10)


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


def _syntax(error: yaml.YAMLError, origin: str) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"{origin}:{mark.line + 1}:{mark.column + 1}" if mark else origin
    problem = str(getattr(error, "problem", None) or error)
    within = problem.startswith("did not find expected ',' or")
    hint = "; within { } or [ ] put names with brackets, such as 'S[1]', between quotes" if within else ""
    return f"{where}: not valid YAML: {problem}{hint}"


def _structure(root: Any, lines: dict[Location, int]) -> Iterator[str]:
    # Walks the nodes before any value is made of them: aliases may describe exponentially or endlessly many.
    stack: list[tuple[Any, Location]] = [(root, ())]
    visited = 0
    while stack:
        node, location = stack.pop()
        visited += 1
        line = node.start_mark.line + 1
        if visited > MAX_NODES or len(location) > MAX_DEPTH:
            yield f"{line}: {dotted(location[:3])}: too large: more than {MAX_NODES} values or {MAX_DEPTH} levels"
            return
        lines[location] = line
        yield from _odd_tag(node, location)
        if isinstance(node, yaml.SequenceNode):
            stack.extend((child, (*location, index)) for index, child in enumerate(node.value))
        elif isinstance(node, yaml.MappingNode):
            yield from _duplicates(node, location)
            stack.extend((child, (*location, str(key.value))) for key, child in node.value)
            stack.extend((key, location) for key, _ in node.value if isinstance(key, yaml.ScalarNode))


def _odd_tag(node: Any, location: Location) -> Iterator[str]:
    # A tag may be written out, but only one that the value has without it as well, or that of text.
    plain = {yaml.SequenceNode: f"{_TAG}seq", yaml.MappingNode: f"{_TAG}map"}.get(type(node), f"{_TAG}str")
    fits = (re.fullmatch(pattern, str(node.value)) for tag, pattern, _ in _SCALARS if node.tag == _TAG + tag)
    if node.tag != plain and not (isinstance(node, yaml.ScalarNode) and any(fits)):
        name = node.tag.replace(_TAG, "!!")
        yield f"{node.start_mark.line + 1}: {dotted(location)}: the tag {name} does not fit; write the value without it"


def _duplicates(node: Any, location: Location) -> Iterator[str]:
    first: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            yield f"{line}: {dotted(location)}: a key must be a plain name"
        elif key.value in first and key.value != "<<":
            place = dotted((*location, key.value))
            yield f"{line}: {place}: the key appears twice, first on line {first[key.value]}; keep one of them"
        else:
            first[str(key.value)] = line
