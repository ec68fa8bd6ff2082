"""Literals: numbers and truth values as XML Schema writes them, read without what only Python understands.

Python also reads `1_000`, digits of other scripts and, as infinity, a number that is too large.
"""

from math import isinf
from typing import Final

from orchestrator.system.connector import Scalar, Storage

_INFINITY: Final = ("inf", "infinity")
_MAX_DIGITS: Final = 100
_BOOLEAN: Final = {"true": True, "1": True, "false": False, "0": False}
_RANGES: Final = {
    Storage.INT64: (range(-(2**63), 2**63), "64 bits"),
    Storage.UINT64: (range(2**64), "64 bits without a sign"),
}
_SHOWN: Final = 40


def floating(text: str) -> float:
    """The float that a text stands for; ValueError where it stands for none, or for one beyond the largest."""
    try:
        value = float(_plain(text))
    except ValueError:
        raise ValueError(f"{shown(text)} is no number") from None
    if isinf(value) and text.strip().lstrip("+-").lower() not in _INFINITY:
        raise ValueError(f"{shown(text)} is beyond the largest float")
    return value


def whole(text: str, storage: Storage = Storage.INT64) -> int:
    """The integer that a text stands for; ValueError where it stands for none that `storage` can hold."""
    try:
        value = int(_plain(text[:_MAX_DIGITS]))
    except ValueError:
        raise ValueError(f"{shown(text)} is no integer") from None
    values, bits = _RANGES[storage]
    if len(text) > _MAX_DIGITS or value not in values:
        raise ValueError(f"{shown(text)} does not fit into {bits}")
    return value


def truth(text: str) -> bool:
    """The truth value that a text stands for, in capitals too; ValueError where it stands for none."""
    value = _BOOLEAN.get(text.strip().lower())
    if value is None:
        raise ValueError(f"{shown(text)} is neither true nor false")
    return value


def literal(text: str, storage: Storage) -> Scalar:
    """The value of a numeric storage class that a text stands for; ValueError where it stands for none."""
    if storage is Storage.BOOLEAN:
        return truth(text)
    return floating(text) if storage is Storage.FLOAT64 else whole(text, storage)


def shown(text: str) -> str:
    """A text in quotes for a message, cut where it is long."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


def _plain(text: str) -> str:
    if "_" in text or not text.isascii():
        raise ValueError
    return text
