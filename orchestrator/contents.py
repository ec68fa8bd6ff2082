"""Contents: files told apart by their bytes, whatever they are called and whenever they were written.

What is made of a file (an unpacked folder, a parsed description) is kept under the digest of the bytes that it was made
of: those of a private copy, for the file itself may change while it is read.
"""

import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from orchestrator.archives import Kind, no_room

_IN_MEMORY: Final = 64 * 2**20
"""Bytes of a copy that are kept in memory; a larger one goes to a file without a name."""
_CHUNK: Final = 2**20
_MOST: Final = 4096

_SETTLED: Final = 2_000_000_000
"""A digest is remembered where the last change of the file is at least so long ago (ns): what changes it from then on
changes its time, too, also where a file system counts in steps of 2 s."""
_TELLS_CHANGES: Final = os.name == "posix"
"""Whether the ctime of a file is that of its last change, which nobody can set back."""

_known: Final[dict[tuple[int, int], tuple[tuple[int, ...], str]]] = {}
"""By device and inode: the size and times of a file, and the digest of what was in it."""


class Copy(NamedTuple):
    """A copy of a file that nobody else can change, and its digest."""

    digest: str
    file: IO[bytes]


def digest(path: Path, kind: Kind) -> str:
    """SHA-256 of what is in a file; the kind's error where there is no such file.

    A file that has not changed is read once. What tells that is its inode, size, mtime and ctime: a file that is
    written over with the same size and gets its mtime back has another ctime.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise _unreadable(path, kind, error) from error
    times, known = _known.get((status.st_dev, status.st_ino), ((), ""))
    if times == _times(status):
        return known
    with _opened(path, kind) as file:
        return _hashed(path, kind, file, lambda _: None)


@contextmanager
def copied(path: Path, kind: Kind) -> Iterator[Copy]:
    """A copy of a file while the context lasts; nothing of it stays behind."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as copy:

        def keep(chunk: bytes) -> None:
            try:
                copy.write(chunk)
            except OSError as error:
                raise no_room(path, kind, error) from error

        with _opened(path, kind) as file:
            found = _hashed(path, kind, file, keep)
        yield Copy(found, copy)


@contextmanager
def _opened(path: Path, kind: Kind) -> Iterator[IO[bytes]]:
    """The file; a pipe is refused, not waited for."""
    try:
        opened = open(path, "rb", buffering=0, opener=_without_waiting)  # noqa: SIM115
    except OSError as error:
        raise (_no_file(path, kind) if path.is_dir() else _unreadable(path, kind, error)) from error
    with opened as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise _no_file(path, kind)
        yield file


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _hashed(path: Path, kind: Kind, file: IO[bytes], keep: Callable[[bytes], Any]) -> str:
    """Read all of a file; its digest."""
    status, now, found = os.fstat(file.fileno()), time.time_ns(), hashlib.sha256()
    try:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
            keep(chunk)
    except OSError as error:
        raise _unreadable(path, kind, error) from error
    told = found.hexdigest()
    settled = _TELLS_CHANGES and now - status.st_ctime_ns >= _SETTLED
    if settled and _times(os.fstat(file.fileno())) == _times(status):
        if len(_known) >= _MOST:
            _known.clear()
        _known[status.st_dev, status.st_ino] = _times(status), told
    return told


def _times(status: os.stat_result) -> tuple[int, ...]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _unreadable(path: Path, kind: Kind, error: OSError) -> Exception:
    return kind.error(f"{path}: cannot be read ({error.strerror}); {kind.path_wanted}")


def _no_file(path: Path, kind: Kind) -> Exception:
    return kind.error(f"{path}: is no file but a folder or a device; {kind.path_wanted}")
