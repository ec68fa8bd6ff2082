"""Archives: zip files from anywhere, checked before anything of them is written, unpacked into a private folder.

What FMUs (.fmu) and SSP packages (.ssp) have in common; a `Kind` says how errors name the file at hand.
"""

import lzma
import os
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from orchestrator.errors import CotwinError
from orchestrator.interruption import held_off

MAX_ENTRIES: Final = 50_000
MAX_BYTES: Final = 8 * 2**30
MAX_RATIO: Final = 200
"""Unpacked size per packed byte; checked from RATIO_FREE_BYTES on, small archives may compress better."""
RATIO_FREE_BYTES: Final = 64 * 2**20

# File systems allow 255 bytes for a name and 4096 for a path, of which the folder to unpack into takes some.
_MAX_NAME: Final = 255
_MAX_PATH: Final = 2048

_CHUNK = 2**20

# What the standard library raises on damaged archives; it wraps little of it.
_UNREADABLE: Final = (
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class Kind:
    """A kind of archive: what people call it, how its files end, and the error that says what is wrong with one."""

    name: str
    suffix: str
    error: type[CotwinError]

    @property
    def path_wanted(self) -> str:
        """What to do about a path that leads nowhere."""
        return f"give the path of an {self.suffix} file"


@contextmanager
def opened(path: Path, kind: Kind, file: IO[bytes] | None = None) -> Iterator[zipfile.ZipFile]:
    """The archive, all of its entries checked; the kind's error says what is wrong with it.

    `file` is a copy of what is at the path, to be read in its place.
    """
    try:
        with zipfile.ZipFile(path if file is None else file) as archive:
            problem = _problem(archive.infolist(), _size(archive.fp))
            if problem is not None:
                raise kind.error(f"{path}: {problem}; nothing was unpacked, ask its supplier for a sound export")
            yield archive
    except FileNotFoundError as error:
        raise kind.error(f"{path}: there is no such file; {kind.path_wanted}") from error
    except _UNREADABLE as error:
        raise kind.error(
            f"{path}: not a readable zip archive ({error}); export or copy the {kind.name} again"
        ) from error


def unpack(
    path: Path, kind: Kind, archive: zipfile.ZipFile, needed: Callable[[zipfile.ZipInfo], bool], parent: Path | None
) -> Path:
    """Write the needed entries into a new private folder (in `parent`), which is the caller's to remove."""
    folder = _new_folder(path, kind, parent)
    try:
        for info in filter(needed, archive.infolist()):
            _write(archive, info, folder)
    except BaseException as error:
        remove(folder)
        if isinstance(error, OSError):
            raise no_room(path, kind, error) from error
        raise
    return folder


def remove(folder: Path) -> None:
    """Remove an unpacked archive, all of it, also where somebody presses Ctrl-C meanwhile."""
    with held_off():
        shutil.rmtree(folder, ignore_errors=True)


def _size(file: IO[bytes] | None) -> int:
    """Bytes of an open file."""
    assert file is not None
    return file.seek(0, os.SEEK_END)


def _problem(infos: Sequence[zipfile.ZipInfo], packed: int) -> str | None:
    if len(infos) > MAX_ENTRIES:
        return f"{len(infos)} entries, more than the limit of {MAX_ENTRIES}"
    size = sum(info.file_size for info in infos)
    if size > MAX_BYTES:
        return f"{size} bytes unpacked, more than the limit of {MAX_BYTES}"
    if size > RATIO_FREE_BYTES and size > MAX_RATIO * packed:
        return f"it unpacks to {size / packed:.0f} times its size, more than the limit of {MAX_RATIO}"
    problem = next((problem for info in infos if (problem := _entry_problem(info))), None)
    return problem or _clash(infos)


def _entry_problem(info: zipfile.ZipInfo) -> str | None:
    name = info.orig_filename
    kind = stat.S_IFMT(info.external_attr >> 16)
    if not name or "\\" in name or any(ord(letter) < ord(" ") for letter in name):
        return f"entry {name!r} has no portable name"
    lengths = [len(part.encode("utf-8", "surrogateescape")) for part in name.split("/")]
    if max(lengths) > _MAX_NAME or sum(lengths) + len(lengths) > _MAX_PATH:
        return f"entry '{name[:40]}...' has a name of {len(name)} characters, too long for a file"
    if name.startswith("/") or name[1:2] == ":" or ".." in name.split("/"):
        return f"entry {name!r} points outside of the archive"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return f"entry {name!r} is a link or a device, not a file"
    if info.flag_bits & 0x1:
        return f"entry {name!r} is encrypted"
    return None


def _clash(infos: Sequence[zipfile.ZipInfo]) -> str | None:
    files: set[PurePosixPath] = set()
    parents: set[PurePosixPath] = set()
    for info in infos:
        name = PurePosixPath(info.filename)
        if info.is_dir():
            parents.add(name)
        elif name in files:
            return f"entry {info.filename!r} appears twice"
        else:
            files.add(name)
        parents.update(name.parents)
    both = sorted(files & parents)
    return f"entry '{both[0]}' is a file and a folder" if both else None


def _new_folder(path: Path, kind: Kind, parent: Path | None) -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix=f"cotwin-{kind.suffix.removeprefix('.')}-", dir=parent)).resolve()
    except OSError as error:
        raise no_room(path, kind, error) from error


def no_room(path: Path, kind: Kind, error: OSError) -> CotwinError:
    """The error of an archive that cannot be written for a while."""
    return kind.error(
        f"{path}: cannot be unpacked for temporary use ({error}); free space on the disk, or set TMPDIR to a "
        "folder that has some"
    )


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path) -> None:
    target = folder / info.filename
    if info.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(info) as packed, target.open("xb") as file:
        shutil.copyfileobj(packed, file, _CHUNK)
    mode = (info.external_attr >> 16) & 0o111
    if mode:
        target.chmod(target.stat().st_mode | 0o100)
