"""Version: SSP 1.0 where it can say everything, else 2.0; what neither can say is refused."""

from typing import Final

from orchestrator.errors import DescriptionError

VERSIONS: Final = ("1.0", "2.0")
TYPES_OF_1: Final = ("Real", "Integer", "Boolean", "String", "Enumeration", "Binary")
KINDS_OF_1: Final = ("input", "output", "parameter", "calculatedParameter", "inout")


class Sayable:
    """Collects what only SSP 2.0 can say (`newer`), and what SSP cannot say at all (`problem`)."""

    def __init__(self) -> None:
        self._newer: dict[str, None] = {}
        self._problems: dict[str, None] = {}

    def newer(self, what: str) -> None:
        """Remember what SSP 1.0 cannot say."""
        self._newer[what] = None

    def problem(self, what: str) -> None:
        """Remember what SSP cannot say."""
        self._problems[what] = None

    def version(self, wanted: str | None) -> str:
        """The version to write, the oldest that can say everything where none is wanted.

        DescriptionError lists everything that the version cannot say.
        """
        if wanted is not None and wanted not in VERSIONS:
            raise DescriptionError(f"SSP version {wanted!r:.40} is not written; use {' or '.join(VERSIONS)}")
        problems = list(self._problems)
        if wanted == VERSIONS[0]:
            problems += [f"{what}: SSP 1.0 cannot say this; write version 2.0" for what in self._newer]
        if problems:
            raise DescriptionError("\n".join(problems))
        return wanted or VERSIONS[1 if self._newer else 0]
