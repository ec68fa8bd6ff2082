"""The file of a checkpoint: complete or not there, and known by its hash.

    'cotwin checkpoint\\n' (18 bytes) | format (4) | length of the content (8) | content | SHA-256 of all before (32)

Numbers are little endian; the content is `plain_data`. The hash finds what was cut off or altered by accident; it is no
signature.
"""

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from struct import Struct
from typing import Any, Final

from orchestrator.errors import CheckpointError
from orchestrator.plain_data import pack, unpack

FILE: Final = "checkpoint.cotwin"
"""The name of a checkpoint in the folder of its run."""

FORMAT: Final = 1
_MAGIC: Final = b"cotwin checkpoint\n"
_HEADER: Final = Struct("<18sIQ")
_HASH: Final = 32


def write_file(path: Path, content: Any) -> None:
    """Write plain data; a kill at any moment leaves the file of before or this one.

    CheckpointError where the file cannot be written.
    """
    body = pack(content)
    head = _HEADER.pack(_MAGIC, FORMAT, len(body))
    digest = sha256(head)
    digest.update(body)
    new = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with new.open("wb") as file:
            file.writelines((head, body, digest.digest()))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise CheckpointError(
            f"{path}: the checkpoint cannot be written ({error.strerror}). Free space on the disk, or give another "
            "folder"
        ) from error


def read_file(path: Path) -> Any:
    """The plain data in a file; CheckpointError says what is wrong with it."""
    data = _bytes(path)
    if not data.startswith(_MAGIC):
        raise CheckpointError(f"{path}: is no checkpoint of cotwin. Give the {FILE} of a run, or its folder")
    if len(data) < _HEADER.size:
        raise _damaged(path, f"it ends after {len(data)} bytes, within its header")
    _, version, length = _HEADER.unpack_from(data)
    if version != FORMAT:
        raise CheckpointError(
            f"{path}: has format {version}, this cotwin reads format {FORMAT}. Go on with the version that wrote it"
        )
    if len(data) != _HEADER.size + length + _HASH:
        raise _damaged(path, f"it has {len(data)} bytes in the place of {_HEADER.size + length + _HASH}")
    if sha256(data[:-_HASH]).digest() != data[-_HASH:]:
        raise _damaged(path, "its content does not have the hash at its end")
    try:
        return unpack(data[_HEADER.size : -_HASH])
    except ValueError as error:
        raise _damaged(path, str(error)) from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"{path}: no checkpoint can be read there ({error.strerror}). Checkpoints are made by a run with "
            "--checkpoint-every, or by Simulation.checkpoint"
        ) from error


def _damaged(path: Path, how: str) -> CheckpointError:
    return CheckpointError(f"{path}: is damaged: {how}. Go on from another checkpoint, or run again")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
