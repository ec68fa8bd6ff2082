"""XML check: a modelDescription.xml is refused for what FMI does not use and attacks do, before a tree is made."""

from pathlib import Path
from typing import Final
from xml.parsers import expat

from orchestrator.errors import ModelDescriptionError

MAX_DEPTH: Final = 100
"""Elements within each other; FMI needs about six, annotations of tools some more."""
MAX_ELEMENTS: Final = 4_000_000
"""Elements in all; a description with a million variables has about two millions."""


def check_xml(path: Path, data: bytes, what: str) -> None:
    """Raise ModelDescriptionError where the XML is damaged, declares a document type, is too deep or too large."""
    reader = _Reader(path, what)
    try:
        reader.parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:  # the latter two for encodings that there are not
        raise ModelDescriptionError(f"{path}: {what} is not valid XML ({error}); export the FMU again") from error


class _Reader:
    def __init__(self, path: Path, what: str) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self._place = f"{path}: {what}"
        self._depth = self._count = 0

    def _doctype(self, *_: object) -> None:
        raise ModelDescriptionError(
            f"{self._place} declares a document type, which FMI does not use and attacks do; export it without"
        )

    def _begin(self, *_: object) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > MAX_DEPTH:
            raise ModelDescriptionError(
                f"{self._place} has more than {MAX_DEPTH} elements within each other; export it without such a depth"
            )
        if self._count > MAX_ELEMENTS:
            raise ModelDescriptionError(
                f"{self._place} has more than {MAX_ELEMENTS} elements; export the FMU with fewer variables"
            )

    def _end(self, _: str) -> None:
        self._depth -= 1
