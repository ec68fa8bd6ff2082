"""Text as C has it."""

import re
from typing import Final

_PLAIN: Final = re.compile(r"[A-Za-z0-9_ .:,;/\[\]()+*=<>-]")


def quoted(text: str | None) -> str:
    """A C string; whatever is no plain character stands there by the numbers of its bytes."""
    if text is None:
        return "0"
    pieces = [one if _PLAIN.fullmatch(one) else "".join(f"\\{byte:03o}" for byte in one.encode()) for one in text]
    return f'"{"".join(pieces)}"'
