"""Archive: a .fmu file, unpacked into a private folder that is always removed.

All entries are checked, those that a run needs are unpacked: no sources, documentation and binaries for other machines.
"""

import shutil
import threading
import weakref
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

import fmpy

from orchestrator import archives
from orchestrator.errors import FmuImportError, ModelDescriptionError
from orchestrator.xml_check import Wording, check_xml

MAX_DESCRIPTION_BYTES: Final = 512 * 2**20

DESCRIPTION: Final = "modelDescription.xml"
PLATFORMS: Final = (fmpy.platform, fmpy.platform_tuple)
"""What the folders of binaries for this machine are called in FMI 2.0 and 3.0."""
_NEVER_READ: Final = ("sources", "documentation")

_FMU: Final = archives.Kind("FMU", ".fmu", FmuImportError)
_XML: Final = Wording("FMI", "FMU", "variables", ModelDescriptionError)


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
    with archives.opened(path, _FMU) as archive:
        return _description(path, archive)


def fingerprint(path: Path) -> tuple[object, ...]:
    """What tells this state of a file from others; FmuImportError where there is no such file."""
    return archives.fingerprint(path, _FMU)


def entries(path: Path) -> tuple[str, ...]:
    """Names of all entries of the archive."""
    with archives.opened(path, _FMU) as archive:
        return tuple(archive.namelist())


def _unpack(path: Path) -> Path:
    with archives.opened(path, _FMU) as archive:
        _description(path, archive)
        return archives.unpack(path, _FMU, archive, _needed, None)


def _needed(info: zipfile.ZipInfo) -> bool:
    top, *below = PurePosixPath(info.filename).parts or ("",)
    if top == "binaries" and below:
        return below[0] in PLATFORMS
    return top not in _NEVER_READ


def _description(path: Path, archive: zipfile.ZipFile) -> bytes:
    try:
        info = archive.getinfo(DESCRIPTION)
    except KeyError:
        raise FmuImportError(f"{path}: no {DESCRIPTION} at its root; this zip archive is not an FMU") from None
    if info.file_size > MAX_DESCRIPTION_BYTES:
        raise ModelDescriptionError(f"{path}: {DESCRIPTION} has {info.file_size} bytes, limit {MAX_DESCRIPTION_BYTES}")
    data = archive.read(info)
    check_xml(f"{path}: {DESCRIPTION}", data, _XML)
    return data
