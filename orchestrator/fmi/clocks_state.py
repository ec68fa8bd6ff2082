"""What an importer knows of the clocks and events of an FMU beside the FMU's own state, and both as bytes."""

import json
import struct
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final, NamedTuple

from orchestrator.errors import CapabilityError
from orchestrator.fmi.clocks import Clock, Ticks
from orchestrator.fmi.clocks_ticking import State

_MAGIC: Final = b"cotwin-clocks-1:"
_LENGTH: Final = struct.Struct("<I")


class Bookkeeping(NamedTuple):
    """Time (s), announced event (s), where the instance is, its active clocks, and the ticks to come."""

    t: float
    time_event: float | None
    initialized: bool
    in_event_mode: bool
    active: frozenset[str]
    ticks: State


class Kept(NamedTuple):
    """A kept state: that of the FMU, as its importer keeps it, and what is known beside it."""

    inner: Any
    book: Bookkeeping


def own(component: str, state: object) -> Kept:
    """A state that an instance of this kind has kept; CapabilityError for any other."""
    if not isinstance(state, Kept):
        raise CapabilityError(f"'{component}': the state belongs to another instance; save a new one")
    return state


def pack(book: Bookkeeping, state: bytes) -> bytes:
    """The bookkeeping before the bytes of the FMU's state."""
    plain = book._asdict() | {"active": sorted(book.active), "ticks": [_plain(ticks) for ticks in book.ticks]}
    head = json.dumps(plain).encode()
    return _MAGIC + _LENGTH.pack(len(head)) + head + state


def unpack(component: str, data: bytes, clocks: Mapping[str, Clock]) -> tuple[Bookkeeping, bytes]:
    """The bookkeeping and the bytes of the FMU's state; CapabilityError where they are of another FMU."""
    start = len(_MAGIC) + _LENGTH.size
    if not data.startswith(_MAGIC) or len(data) < start:
        raise CapabilityError(f"'{component}': these {len(data)} bytes are no state of an FMU with clocks or events")
    (length,) = _LENGTH.unpack_from(data, len(_MAGIC))
    try:
        plain = json.loads(data[start : start + length])
        ticks = tuple(_ticks(clocks, each) for each in plain["ticks"])
        book = Bookkeeping(**plain | {"active": frozenset(plain["active"]), "ticks": ticks})
    except (KeyError, ValueError, TypeError) as error:
        raise CapabilityError(
            f"'{component}': the bytes are not of a state of this FMU ({error}); save it again"
        ) from error
    timed = {clock.name for clock in clocks.values() if clock.timed}
    if {each.clock.name for each in ticks} != timed:
        raise CapabilityError(
            f"'{component}': the bytes are of an FMU with other clocks; use the one it was saved with"
        )
    return book, data[start + length :]


def _plain(ticks: Ticks) -> dict[str, Any]:
    return {
        "clock": ticks.clock.name,
        "base": str(ticks.base),
        "interval": None if ticks.interval is None else str(ticks.interval),
        "shift": str(ticks.shift),
        "index": ticks.index,
        "next": None if ticks.next is None else str(ticks.next),
    }


def _ticks(clocks: Mapping[str, Clock], plain: Mapping[str, Any]) -> Ticks:
    interval, following = (None if plain[key] is None else Fraction(plain[key]) for key in ("interval", "next"))
    base, shift = Fraction(plain["base"]), Fraction(plain["shift"])
    return Ticks(clocks[plain["clock"]], base, interval, shift, int(plain["index"]), following)
