"""Spans: what is to be said of many components of an array is said once."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

Said = TypeVar("Said")

_ELEMENT: Final = re.compile(r"(?P<before>.*)\[(?P<index>\d{1,15})\](?P<after>[^\[\]]*)")
_LISTED: Final = 3


def together(told: Iterable[tuple[str, Said]]) -> Iterator[tuple[str, Said]]:
    """What is said of each component, by its name; of components of one array that it is said of, once: `z[1..3]`."""
    groups: dict[tuple[str, Said], list[str]] = {}
    for name, said in told:
        element = _ELEMENT.fullmatch(name)
        family = f"{element['before']}[]{element['after']}" if element else name
        groups.setdefault((family, said), []).append(name)
    for (_, said), names in groups.items():
        for span in spans(names):
            yield span, said


def spans(names: Sequence[str]) -> Iterator[str]:
    """Elements of one array, runs of neighbours as ranges; where those are many, the first and how many follow."""
    found = list(_runs(names))
    yield from found[:_LISTED]
    if len(found) > _LISTED:
        yield f"{found[_LISTED]} and {len(found) - _LISTED - 1} more" if len(found) > _LISTED + 1 else found[_LISTED]


def _runs(names: Sequence[str]) -> Iterator[str]:
    elements = [_ELEMENT.fullmatch(name) for name in dict.fromkeys(names)]
    known = sorted(((int(each["index"]), each) for each in elements if each is not None), key=lambda pair: pair[0])
    if len(known) < len(elements):
        yield from dict.fromkeys(names)
        return
    first = 0
    for place in range(1, len(known) + 1):
        if place == len(known) or known[place][0] != known[place - 1][0] + 1:
            begin, end = known[first], known[place - 1]
            last = "" if begin[0] == end[0] else f"..{end[0]}"
            yield f"{begin[1]['before']}[{begin[0]}{last}]{begin[1]['after']}"
            first = place
