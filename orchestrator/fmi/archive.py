"""Archive: a .fmu file, checked before anything of it is written, unpacked into a private folder, always removed.

All entries are checked, those that a run needs are unpacked: no sources, documentation and binaries for other machines.
"""

import lzma
import shutil
import stat
import struct
import tempfile
import threading
import weakref
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

import fmpy

from orchestrator.errors import FmuImportError, ModelDescriptionError
from orchestrator.fmi.xml_check import check_xml

MAX_ENTRIES: Final = 50_000
MAX_BYTES: Final = 8 * 2**30
MAX_RATIO: Final = 200
"""Unpacked size per packed byte; checked from RATIO_FREE_BYTES on, small archives may compress better."""
RATIO_FREE_BYTES: Final = 64 * 2**20
MAX_DESCRIPTION_BYTES: Final = 512 * 2**20

DESCRIPTION: Final = "modelDescription.xml"
PLATFORMS: Final = (fmpy.platform, fmpy.platform_tuple)
"""What the folders of binaries for this machine are called in FMI 2.0 and 3.0."""
_NEVER_READ: Final = ("sources", "documentation")

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


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The absolute folder that holds the unpacked FMU while the context lasts; FmuImportError says what is wrong.

    Contexts of the same unchanged file share one folder; it is removed with the last of them.
    """
    folder = acquire(path)
    try:
        yield folder
    finally:
        release(folder)


class _Folder:
    """One unpacked archive and the number of its users."""

    def __init__(self, key: tuple[object, ...], path: Path) -> None:
        self.key = key
        self.path = path
        self.users = 0
        # Runs at the latest when the interpreter ends, should somebody forget to release.
        self.remove = weakref.finalize(self, shutil.rmtree, path, ignore_errors=True)


_folders: dict[tuple[object, ...], _Folder] = {}
_lock = threading.Lock()


def acquire(path: Path) -> Path:
    """Unpack an FMU, or share the folder where it is already unpacked; every call needs its `release`."""
    with _lock:
        key = fingerprint(path)
        folder = _folders.get(key)
        if folder is None:
            folder = _folders[key] = _Folder(key, _unpack(path))
        folder.users += 1
        return folder.path


def release(folder: Path) -> None:
    """Give back a folder from `acquire`; the last user removes it."""
    with _lock:
        shared = next(shared for shared in _folders.values() if shared.path == folder)
        shared.users -= 1
        if shared.users == 0:
            del _folders[shared.key]
            shared.remove()


def read_description(path: Path) -> bytes:
    """The checked modelDescription.xml of an FMU, without unpacking anything else."""
    with _opened(path) as archive:
        return _description(path, archive)


def fingerprint(path: Path) -> tuple[object, ...]:
    """What tells this state of a file from others; FmuImportError where there is no such file."""
    try:
        status = path.stat()
    except OSError as error:
        raise FmuImportError(f"{path}: cannot be read ({error.strerror}); give the path of an .fmu file") from error
    if not stat.S_ISREG(status.st_mode):
        raise FmuImportError(f"{path}: is no file but a folder or a device; give the path of an .fmu file")
    return (path.resolve(), status.st_size, status.st_mtime_ns, status.st_ino)


def entries(path: Path) -> tuple[str, ...]:
    """Names of all entries of the archive."""
    with _opened(path) as archive:
        return tuple(archive.namelist())


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            problem = _problem(archive.infolist(), path.stat().st_size)
            if problem is not None:
                raise FmuImportError(f"{path}: {problem}; nothing was unpacked, ask its supplier for a sound export")
            yield archive
    except FileNotFoundError as error:
        raise FmuImportError(f"{path}: there is no such file; give the path of an .fmu file") from error
    except _UNREADABLE as error:
        raise FmuImportError(f"{path}: not a readable zip archive ({error}); export or copy the FMU again") from error


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
    if not name or "\0" in name or "\\" in name:
        return f"entry {name!r} has no portable name"
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


def _unpack(path: Path) -> Path:
    with _opened(path) as archive:
        _description(path, archive)
        folder = _new_folder(path)
        try:
            for info in filter(_needed, archive.infolist()):
                _write(archive, info, folder)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise _no_room(path, error) from error
            raise
    return folder


def _needed(info: zipfile.ZipInfo) -> bool:
    top, *below = PurePosixPath(info.filename).parts or ("",)
    if top == "binaries" and below:
        return below[0] in PLATFORMS
    return top not in _NEVER_READ


def _new_folder(path: Path) -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="cotwin-fmu-")).resolve()
    except OSError as error:
        raise _no_room(path, error) from error


def _no_room(path: Path, error: OSError) -> FmuImportError:
    return FmuImportError(
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


def _description(path: Path, archive: zipfile.ZipFile) -> bytes:
    try:
        info = archive.getinfo(DESCRIPTION)
    except KeyError:
        raise FmuImportError(f"{path}: no {DESCRIPTION} at its root; this zip archive is not an FMU") from None
    if info.file_size > MAX_DESCRIPTION_BYTES:
        raise ModelDescriptionError(f"{path}: {DESCRIPTION} has {info.file_size} bytes, limit {MAX_DESCRIPTION_BYTES}")
    data = archive.read(info)
    check_xml(path, data, DESCRIPTION)
    return data
