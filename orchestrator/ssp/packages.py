"""Packages: .ssp archives and folders, the variants in them, and what a URI in one of their files stands for.

SSP 2.0, section 3. Nothing outside of a package is read: URIs with a scheme, a host or an absolute path, and those
that leave the package by `..` or by a link, are refused.
"""

import atexit
import os
import posixpath
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from orchestrator import archives, contents
from orchestrator.errors import DescriptionError
from orchestrator.showing import unpacked_into
from orchestrator.ssp.document import MAX_BYTES
from orchestrator.ssp.vocabulary import DEFAULT_SSD
from orchestrator.system.names import nearest

PACKAGE: Final = archives.Kind("SSP", ".ssp", DescriptionError)
_FMU: Final = archives.Kind("FMU", ".fmu", DescriptionError)

_unpacked: dict[tuple[Path | None, Path, str], Path] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Place:
    """A file in a package: URIs in it are relative to it. `shown` is the package as people know it."""

    root: Path
    shown: Path
    file: Path

    @property
    def origin(self) -> str:
        """The file as errors name it: `plant.ssp/resources/pump.ssv`."""
        return str(self.shown / self.file.relative_to(self.root))

    def at(self, file: Path) -> "Place":
        """Another file of the same package."""
        return Place(self.root, self.shown, file)

    def path(self, uri: str) -> Path:
        """The path that a URI without fragment stands for, in this package; ValueError says why it is refused."""
        parts = urlsplit(uri)
        if parts.scheme or parts.netloc or parts.query or parts.path.startswith("/") or "\\" in uri:
            raise ValueError(f"'{uri[:200]}' is not relative to this file; pack the file and name it by its place")
        name = unquote(parts.path)
        if not name or "\0" in name:
            raise ValueError(f"'{uri[:200]}' names no file; name one of this package")
        inner = posixpath.normpath(posixpath.join(self.file.parent.relative_to(self.root).as_posix(), name))
        target = self.root / inner
        if inner.split("/")[0] == ".." or not _resolved(target, uri).is_relative_to(self.root):
            raise ValueError(f"'{uri[:200]}' is outside of {self.shown}; pack the file and name it by its place")
        return target

    def existing(self, uri: str, *, folder: bool = False) -> Path:
        """The path of a file (or a folder) that must be there; ValueError where it is refused or missing."""
        path = self.path(uri)
        if not (path.is_file() or (folder and path.is_dir())):
            raise ValueError(f"there is no file '{uri[:200]}' in {self.shown}; add it, or correct the name")
        return path


def _resolved(path: Path, uri: str) -> Path:
    try:
        path.stat()
        return path.resolve()
    except FileNotFoundError:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # a name too long, no folder where one should be, links in a circle
        raise ValueError(f"'{uri[:200]}' cannot be the name of a file ({error.__class__.__name__})") from error


def unpacked(path: Path, parent: Path | None) -> Path:
    """The folder of an unpacked archive: in `parent`, the caller's to remove; else shared until the process ends."""
    place = path.resolve()  # people read of the package by its name, so that copies have folders of their own
    with _lock:
        folder = _unpacked.get((parent, place, contents.digest(path, PACKAGE)))
        return folder if folder is not None and folder.is_dir() else _unpack(path, place, parent)


def _unpack(path: Path, place: Path, parent: Path | None) -> Path:
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    with contents.copied(path, PACKAGE) as copy, archives.opened(path, PACKAGE, copy.file) as archive:
        folder = archives.unpack(path, PACKAGE, archive, lambda _: True, parent)
    _unpacked[parent, place, copy.digest] = folder
    if parent is None:
        atexit.register(_remove, folder, os.getpid())
        unpacked_into(folder, path)
    return folder


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # a process that was forked off leaves the folder to the one that made it
        archives.remove(folder)


def find(path: Path, variant: str | None, parent: Path | None) -> Place:
    """The SSD of a package or folder, or the file itself where it is one; DescriptionError where there is none."""
    path = path.absolute()
    if path.suffix.lower() == ".ssd" and not path.is_dir():
        _check_single(path, variant)
        return Place(path.parent.resolve(), path.parent, path.parent.resolve() / path.name)
    root = path.resolve() if path.is_dir() else unpacked(path, parent)
    names = _roots(root, path)
    return Place(root, path, root / (DEFAULT_SSD if variant is None else _chosen(variant, names, path)))


def variants(path: Path) -> tuple[str, ...]:
    """File names of the system structures in a package or folder, the default first (section 3)."""
    path = path.absolute()
    if path.suffix.lower() == ".ssd" and not path.is_dir():
        _check_single(path, None)
        return (path.name,)
    if path.is_dir():
        return _roots(path, path)
    with archives.opened(path, PACKAGE) as archive:
        return _ordered([name for name in archive.namelist() if "/" not in name], archive.namelist(), path)


def entry(fmu: Path, uri: str) -> bytes:
    """A file inside an FMU, by its URI relative to the root of the archive; ValueError where there is none."""
    name = posixpath.normpath(unquote(urlsplit(uri).path))
    with archives.opened(fmu, _FMU) as archive:
        try:
            info = archive.getinfo(name)
        except KeyError:
            raise ValueError(f"there is no file '{name[:200]}' in {fmu.name}; correct the name") from None
        if info.file_size > MAX_BYTES:
            raise ValueError(f"'{name[:200]}' has {info.file_size} bytes, more than the limit of {MAX_BYTES}")
        return archive.read(info)


def _check_single(path: Path, variant: str | None) -> None:
    if not path.is_file():
        raise DescriptionError(f"{path}: there is no such file; give an .ssp or .ssd file, or a folder")
    if variant not in (None, path.name, path.stem):
        raise DescriptionError(f"{path}: is one variant itself; name no variant, or give the package it is in")


def _roots(root: Path, shown: Path) -> tuple[str, ...]:
    names = [file.name for file in root.iterdir() if file.is_file()]
    return _ordered(names, [str(file.relative_to(root)) for file in root.glob(f"*/{DEFAULT_SSD}")], shown)


def _ordered(names: list[str], everywhere: list[str], shown: Path) -> tuple[str, ...]:
    found = sorted(name for name in names if name.lower().endswith(".ssd") and name != DEFAULT_SSD)
    if DEFAULT_SSD in names:
        return (DEFAULT_SSD, *found)
    deeper = next((name for name in everywhere if name.endswith(f"/{DEFAULT_SSD}")), None)
    if deeper is not None:
        remedy = f"it is at '{deeper}': pack the content of that folder, not the folder"
    else:
        remedy = f"name one of {', '.join(found)} so" if found else "this is no SSP"
    raise DescriptionError(f"{shown}: no {DEFAULT_SSD} at its root; {remedy}")


def _chosen(variant: str, names: tuple[str, ...], shown: Path) -> str:
    for name in names:
        if variant in (name, name[: -len(".ssd")]):
            return name
    raise DescriptionError(f"{shown}: no variant '{variant}'; {nearest(variant, names)}")
