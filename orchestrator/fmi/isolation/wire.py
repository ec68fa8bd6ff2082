"""Wire: what is told rarely, as JSON with one block of bytes behind it.

JSON, since it comes from an untrusted program: unpickling would run what that program says.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from orchestrator import errors
from orchestrator.errors import CotwinError, SimulationError
from orchestrator.instance import Values

_ERRORS: Mapping[str, type[CotwinError]] = {
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, CotwinError)
}


def encode(fields: Mapping[str, Any], blob: bytes = b"") -> bytes:
    """Fields and a block of bytes as one message; JSON has no zero byte, hence it ends at the first one."""
    return json.dumps(fields).encode() + b"\0" + blob


def decode(message: bytes) -> tuple[dict[str, Any], bytes]:
    """Fields and the block of bytes of a message; ValueError where it is none."""
    text, _, blob = message.partition(b"\0")
    fields = json.loads(text)
    if not isinstance(fields, dict):
        raise ValueError("a message consists of fields")
    return fields, blob


def plain(values: Values) -> dict[str, Any]:
    """An array as fields; floats keep every bit but those of a NaN."""
    kind = "O" if values.dtype.hasobject else values.dtype.str
    return {"dtype": kind, "values": [_plain_element(element) for element in np.ravel(values).tolist()]}


def array(fields: Mapping[str, Any]) -> Values:
    """The array that `plain` made fields of."""
    values = np.empty(len(fields["values"]), np.dtype(str(fields["dtype"])))
    for index, element in enumerate(fields["values"]):
        values[index] = base64.b64decode(element["bytes"]) if isinstance(element, dict) else element
    return values


def _plain_element(element: Any) -> Any:
    return {"bytes": base64.b64encode(element).decode()} if isinstance(element, bytes) else element


def describe_error(error: Exception) -> dict[str, Any]:
    """An error as fields."""
    known = type(error).__name__ if isinstance(error, CotwinError) else None
    text = str(error) if known else f"{type(error).__name__}: {error}"
    fields = {"error": known, "message": text, "time": getattr(error, "time", None)}
    return {**fields, "no_memory": True} if _for_want_of_memory(error) else fields


_NO_MEMORY: Final = (
    "cannot map zero-fill pages",
    "failed to map segment",
    "cannot allocate memory",
    "error -4 while decompressing",
)
"""What the dynamic linker, the system and zlib say where there is no memory left; in small letters."""


def _for_want_of_memory(error: BaseException | None) -> bool:
    while error is not None:
        said = str(error).lower()
        if isinstance(error, MemoryError) or any(text in said for text in _NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


def error_of(fields: Mapping[str, Any], component: str, otherwise: type[CotwinError]) -> CotwinError:
    """The error that the fields describe, of the class `otherwise` where cotwin did not raise it."""
    kind = _ERRORS.get(str(fields.get("error")), otherwise)
    message = str(fields.get("message"))
    if kind is otherwise and fields.get("error") is None:
        message = f"'{component}': {message}"
    if not issubclass(kind, SimulationError):
        return kind(message)
    time = fields.get("time")
    return kind(message, component=component, time=time if isinstance(time, float) else None)
