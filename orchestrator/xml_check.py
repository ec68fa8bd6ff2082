"""XML check: a file is refused for what FMI and SSP do not use and attacks do, before a tree is made of it."""

from typing import Final, NamedTuple
from xml.parsers import expat

from orchestrator.errors import CotwinError

MAX_DEPTH: Final = 100
"""Elements within each other; FMI needs about six, nested systems two each, annotations of tools some more."""
MAX_ELEMENTS: Final = 4_000_000
"""Elements in all; a description with a million variables has about two millions."""


class Wording(NamedTuple):
    """How errors speak of a file: the standard that it follows, what to export again, and of what it has too many."""

    standard: str
    thing: str
    parts: str
    error: type[CotwinError]


def check_xml(place: str, data: bytes, wording: Wording) -> None:
    """Raise the error of the wording where the XML is damaged, declares a document type, is too deep or too large."""
    reader = _Reader(place, wording)
    try:
        reader.parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:  # the latter two for encodings that there are not
        raise wording.error(f"{place} is not valid XML ({error}); export the {wording.thing} again") from error


class _Reader:
    def __init__(self, place: str, wording: Wording) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self._place = place
        self._wording = wording
        self._depth = self._count = 0

    def _doctype(self, *_: object) -> None:
        raise self._wording.error(
            f"{self._place} declares a document type, which {self._wording.standard} does not use and attacks do; "
            "export it without"
        )

    def _begin(self, *_: object) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > MAX_DEPTH:
            raise self._wording.error(
                f"{self._place} has more than {MAX_DEPTH} elements within each other; export it without such a depth"
            )
        if self._count > MAX_ELEMENTS:
            raise self._wording.error(
                f"{self._place} has more than {MAX_ELEMENTS} elements; export the {self._wording.thing} with fewer "
                f"{self._wording.parts}"
            )

    def _end(self, _: str) -> None:
        self._depth -= 1
