"""Archive: a .fmu file, unpacked into a private folder that is always removed.

All entries are checked, those that a run needs are unpacked: no sources, documentation and binaries for other machines.
"""

import threading
import weakref
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Final

import fmpy

from orchestrator import archives, contents
from orchestrator.errors import FmuImportError, ModelDescriptionError
from orchestrator.xml_check import Wording, check_xml

MAX_DESCRIPTION_BYTES: Final = 512 * 2**20

DESCRIPTION: Final = "modelDescription.xml"
PLATFORMS: Final = (fmpy.platform, fmpy.platform_tuple)
"""What the folders of binaries for this machine are called in FMI 2.0 and 3.0."""
_NEVER_READ: Final = ("sources", "documentation")

_FMU: Final = archives.Kind("FMU", ".fmu", FmuImportError)
_XML: Final = Wording("FMI", "FMU", "variables", ModelDescriptionError)


@dataclass(frozen=True)
class Content:
    """What an FMU says and has: equal where the bytes are, at whatever path it was found; errors name that."""

    digest: str
    path: Path = field(compare=False)
    description: bytes = field(compare=False)
    entries: tuple[str, ...] = field(compare=False)


class _Folder:
    """One unpacked archive and the number of its users."""

    def __init__(self, digest: str, path: Path) -> None:
        self.digest = digest
        self.path = path
        self.users = 0
        # Runs at the latest when the interpreter ends, should somebody forget to release.
        self.remove = weakref.finalize(self, archives.remove, path)


_MOST_CONTENTS: Final = 256

_contents: Final[dict[str, Content]] = {}
_folders: Final[dict[str, _Folder]] = {}
"""By the digest of the archive."""
_lock = threading.Lock()


def content(path: Path) -> Content:
    """The checked description of an FMU and the names of its entries; files with the same bytes are read once."""
    known = _contents.get(contents.digest(path, _FMU))
    if known is None:
        with contents.copied(path, _FMU) as copy, archives.opened(path, _FMU, copy.file) as archive:
            known = Content(copy.digest, path, _description(path, archive), tuple(archive.namelist()))
        with _lock:
            if len(_contents) >= _MOST_CONTENTS:
                del _contents[next(iter(_contents))]
            _contents[known.digest] = known
    return known if known.path == path else replace(known, path=path)


@contextmanager
def unpacked(path: Path, digest: str | None = None) -> Iterator[Path]:
    """The absolute folder that holds the unpacked FMU while the context lasts; FmuImportError says what is wrong.

    Contexts of the same bytes share one folder; it is removed with the last of them.
    """
    folder = acquire(path, digest)
    try:
        yield folder
    finally:
        release(folder)


def acquire(path: Path, digest: str | None = None) -> Path:
    """Unpack an FMU, or share the folder where the same bytes are already unpacked; every call needs its `release`.

    `digest` says which content is wanted; FmuImportError where the file has another one by now.
    """
    with _lock:
        folder = _folders.get(digest or contents.digest(path, _FMU)) or _unpack(path, digest)
        folder.users += 1
        return folder.path


def release(folder: Path) -> None:
    """Give back a folder from `acquire`; the last user removes it."""
    with _lock:
        shared = next(shared for shared in _folders.values() if shared.path == folder)
        shared.users -= 1
        if shared.users == 0:
            del _folders[shared.digest]
            shared.remove()


def _unpack(path: Path, digest: str | None) -> _Folder:
    with contents.copied(path, _FMU) as copy:
        _require(path, copy.digest, digest)
        if copy.digest not in _folders:  # else it was replaced just now, by what is unpacked already
            with archives.opened(path, _FMU, copy.file) as archive:
                _description(path, archive)
                folder = archives.unpack(path, _FMU, archive, _needed, None)
            _folders[copy.digest] = _Folder(copy.digest, folder)
        return _folders[copy.digest]


def require(path: Path, digest: str) -> None:
    """FmuImportError where an FMU has another content by now."""
    _require(path, content(path).digest, digest)


def _require(path: Path, digest: str, wanted: str | None) -> None:
    if wanted not in (None, digest):
        raise FmuImportError(f"{path}: was replaced since its {DESCRIPTION} was read; open it again")


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
