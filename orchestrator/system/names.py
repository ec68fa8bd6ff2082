"""Names: what somebody who mistyped a name probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, candidates: Iterable[str]) -> str:
    """A hint to append to an error: the closest of the candidates, or all of them where they are few."""
    known = list(dict.fromkeys(candidates))
    folded = {candidate.lower(): candidate for candidate in reversed(known)}
    close = get_close_matches(name.lower(), folded, n=3, cutoff=0.6)
    if close:
        return f"did you mean {_listed(folded[match] for match in close)}?"
    if not known:
        return "there are none"
    shown = _listed(known[:10])
    return f"known: {shown}" + (f" and {len(known) - 10} more" if len(known) > 10 else "")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
