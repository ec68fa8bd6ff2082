"""Substitution: values of Booleans, integers and enumerations that others take the place of."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Substitution(NamedTuple):
    """Entries (value, what takes its place) in ascending order; Booleans count as 0 and 1.

    Other values pass unchanged, or are refused where the substitution is `total`.
    """

    entries: tuple[tuple[int, int], ...]
    total: bool = False

    @classmethod
    def of(cls, entries: Mapping[int, int], *, total: bool = False) -> "Substitution":
        """Make one; entries that change nothing are left out where they are not needed."""
        kept = {int(value): int(target) for value, target in entries.items() if total or value != target}
        return cls(tuple(sorted(kept.items())), total)

    @classmethod
    def only(cls, values: Iterable[int]) -> "Substitution":
        """These values pass, no others."""
        return cls.of({value: value for value in values}, total=True)

    @property
    def changes_nothing(self) -> bool:
        """Whether every value passes unchanged."""
        return not self.entries and not self.total

    def __call__(self, value: int) -> int | None:
        """What takes the place of a value; None where it is refused."""
        return dict(self.entries).get(value, None if self.total else value)

    def then(self, after: "Substitution") -> "Substitution":
        """First this, then the other."""
        first, second = dict(self.entries), dict(after.entries)
        composed = {}
        for value in first if self.total else {**first, **second}:
            passed = first.get(value, value)
            if passed in second or not after.total:
                composed[value] = second.get(passed, passed)
        return Substitution.of(composed, total=self.total or after.total)


UNCHANGED = Substitution(())
