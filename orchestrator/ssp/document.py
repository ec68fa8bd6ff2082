"""Document: one XML file of SSP, checked before it is read, whose problems are collected with their lines."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from lxml import etree

from orchestrator.errors import DescriptionError
from orchestrator.ssp.vocabulary import ROOTS, VERSIONS
from orchestrator.xml_check import Wording, check_xml

Element = Any
"""An element of lxml, which has no types."""

MAX_BYTES: Final = 512 * 2**20
MAX_PROBLEMS: Final = 100
"""Problems that are told at most; a file with more is made wrong throughout."""

_XML: Final = Wording("SSP", "system", "connectors", DescriptionError)
_NUMBER: Final = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", re.ASCII)
_Choice = TypeVar("_Choice")


class Problems:
    """Everything that is wrong with the files of a system, told at once."""

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}

    def add(self, text: str) -> None:
        """Remember a problem; a text that was added before is the same problem."""
        self._texts[text] = None

    def refuse(self) -> None:
        """Raise DescriptionError where there are problems."""
        if not self._texts:
            return
        more = len(self._texts) - MAX_PROBLEMS
        told = list(self._texts)[:MAX_PROBLEMS]
        raise DescriptionError("\n".join(told + ([f"... and {more} more problems"] if more > 0 else [])))


class Document:
    """The root element of a file (or of a part of one), and readers of attributes that name their place."""

    def __init__(self, root: Element, origin: str, problems: Problems) -> None:
        self.root = root
        self.origin = origin
        self._problems = problems

    def part(self, root: Element) -> "Document":
        """A document within this one, such as a parameter set given inline."""
        return Document(root, self.origin, self._problems)

    def problem(self, element: Element, text: str) -> None:
        """Remember what is wrong with an element."""
        self._problems.add(f"{self.origin}:{element.sourceline}: {local(element)}{_named(element)}: {text}")

    def required(self, element: Element, name: str) -> str:
        """An attribute that must be there; empty, with a problem, where it is not."""
        value: str | None = element.get(name)
        if value is None:
            self.problem(element, f"no attribute '{name}'; add it")
        return value or ""

    def real(self, element: Element, name: str, default: float) -> float:
        """A finite number."""
        text = element.get(name)
        if text is None:
            return default
        value = number(text)
        if value is None:
            self.problem(element, f"{name}={text[:40]!r} is no finite number; write one")
            return default
        return value

    def whole(self, element: Element, name: str, default: int, within: range = range(-(2**63), 2**64)) -> int:
        """An integer within a range."""
        text = element.get(name)
        if text is None:
            return default
        value = integer(text)
        if value is None or value not in within:
            self.problem(element, f"{name}={text[:40]!r} is no integer from {within[0]} to {within[-1]}; write one")
            return default
        return value

    def truth(self, element: Element, name: str) -> bool:
        """A Boolean, false where it is missing."""
        text = element.get(name, "false").strip()
        value = boolean(text)
        if value is None:
            self.problem(element, f"{name}={text[:40]!r} is neither true nor false; write one of them")
        return bool(value)

    def choice(self, element: Element, name: str, choices: tuple[_Choice, ...], default: _Choice) -> _Choice:
        """One of the texts that the standard allows."""
        text = element.get(name, default)
        if text not in choices:
            self.problem(element, f"{name}={text[:40]!r} is unknown; use one of {', '.join(map(str, choices))}")
            return default
        return choices[choices.index(text)]


def parse(data: bytes, origin: str, root: str, problems: Problems) -> Document:
    """Read a file whose root element has this name; DescriptionError where it is not XML or not of SSP 1 or 2."""
    if len(data) > MAX_BYTES:
        raise DescriptionError(f"{origin}: {len(data)} bytes, more than the limit of {MAX_BYTES}; split the system")
    check_xml(origin, data, _XML)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        element = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise DescriptionError(f"{origin} is not valid XML ({error}); export the system again") from error
    check_root(element, origin, root)
    return Document(element, origin, problems)


def check_root(element: Element, origin: str, root: str) -> None:
    """Refuse what is not the wanted root element, or of a version that is not read."""
    namespace = ROOTS[root]
    if element.tag != f"{{{namespace}}}{root}":
        raise DescriptionError(
            f"{origin}: begins with {element.tag[:120]}, not with {{{namespace}}}{root}; give a file of SSP 1.0 or 2.0"
        )
    version = element.get("version", "")
    if not re.fullmatch(rf"[{''.join(VERSIONS)}]\.[0-9]+(-.*)?", version):
        raise DescriptionError(f"{origin}: SSP version {version[:40]!r} is not read; export the system as 1.0 or 2.0")


def read_bytes(path: Path) -> bytes:
    """The content of a file; DescriptionError where there is none or too much of it."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DescriptionError(f"{path}: cannot be read ({error.strerror}); correct its path") from error


def local(element: Element) -> str:
    """Name of an element without its namespace."""
    return str(element.tag.rpartition("}")[2])


def children(element: Element | None, name: str) -> Iterator[Element]:
    """Children of this name, in whichever of SSP's namespaces: files in the wild mix them."""
    if element is not None:
        yield from element.iterchildren(f"{{*}}{name}")


def grandchildren(element: Element, group: str, name: str) -> Iterator[Element]:
    """Elements in a group of them, such as Connector in Connectors."""
    for gathered in children(element, group):
        yield from children(gathered, name)


def number(text: str) -> float | None:
    """The finite number that a text of XML Schema stands for, None where it stands for none."""
    if not _NUMBER.fullmatch(text.strip()):
        return None
    value = float(text)
    return value if abs(value) < float("inf") else None


def integer(text: str) -> int | None:
    """The integer that a text of XML Schema stands for, None where it stands for none."""
    return int(text) if re.fullmatch(r"\s*[-+]?[0-9]{1,40}\s*", text, re.ASCII) else None


def boolean(text: str) -> bool | None:
    """The Boolean that a text of XML Schema stands for, None where it stands for none."""
    return {"true": True, "1": True, "false": False, "0": False}.get(text.strip())


def xml_text(element: Element) -> str:
    """An element as canonical XML (exclusive, with comments), which reads and writes to the same text again."""
    declared = {prefix for part in element.iter(etree.Element) for prefix in part.nsmap if prefix}
    prefixes = [prefix for prefix in sorted(declared) if _mentions(element, f"{prefix}:")]
    text: bytes = etree.tostring(
        element, method="c14n", exclusive=True, with_comments=True, with_tail=False, inclusive_ns_prefixes=prefixes
    )
    return text.decode()


def _mentions(element: Element, prefix: str) -> bool:
    # Names with a prefix in texts and attributes need its declaration, which exclusive canonical XML leaves out.
    return any(
        prefix in value for part in element.iter(etree.Element) for value in (part.text or "", *part.attrib.values())
    )


def _named(element: Element) -> str:
    name = element.get("name") or element.get("id")
    return f" '{name[:80]}'" if name else ""
