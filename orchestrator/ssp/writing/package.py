"""Package: the files of a system, each content once, written as a whole or not at all."""

import filecmp
import hashlib
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from orchestrator.errors import DescriptionError
from orchestrator.ssp.document import Element
from orchestrator.ssp.vocabulary import DEFAULT_SSD
from orchestrator.ssp.writing.tree import to_bytes

RESOURCES: Final = "resources"
Content = Path | Element
_PLAIN: Final = r"([A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-]+\.[A-Za-z0-9._-]+"
"""URIs that are names of files everywhere."""
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_PACKED: Final = (".fmu", ".ssp", ".zip", ".png", ".jpg", ".parquet")


class Package:
    """Collects the files of an SSP; equal files get one entry, files of one name get names of their own."""

    def __init__(self) -> None:
        self._files: dict[str, Content] = {}
        self._by_content: dict[tuple[str, str], str] = {}
        self._by_path: dict[Path, str] = {}

    def add(self, path: Path) -> str:
        """Take a file or folder over; its URI. DescriptionError where there is none."""
        if path not in self._by_path:
            try:
                digest = _digest(path)
            except OSError as error:
                raise DescriptionError(
                    f"{path}: cannot be read ({error.strerror}); build it, or correct its path"
                ) from error
            self._by_path[path] = self._entry(path.name, path, digest)
        return self._by_path[path]

    def keep(self, uri: str, path: Path) -> str:
        """Take a file over under the URI that it had, where that is free; its URI."""
        if (
            not re.fullmatch(r"([A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-]+\.[A-Za-z0-9._-]+", uri)
            or uri == DEFAULT_SSD
        ):
            return self.add(path)
        if self._free(uri) == uri:
            self._files[uri] = path
            return uri
        kept = self._files.get(uri)
        return uri if isinstance(kept, Path) and filecmp.cmp(kept, path, shallow=False) else self.add(path)

    def add_tree(self, name: str, content: Element) -> str:
        """Take a file over that is made here and may change until it is written; its URI."""
        return self._entry(name, content, hashlib.sha256(to_bytes(content)).hexdigest())

    def write(self, path: Path, structure: Element) -> None:
        """Write an archive `.ssp`, or a folder where the path has no suffix. What was there stays until all is done."""
        path = path.absolute()
        if path.suffix.lower() not in (".ssp", ""):
            raise DescriptionError(f"{path}: give an .ssp file, or a folder without a suffix, to write to")
        if path.suffix == "" and path.exists() and not _replaceable(path):
            raise DescriptionError(f"{path}: is there and is no SSP folder; give another path")
        if path.suffix and path.is_dir():
            raise DescriptionError(f"{path}: is a folder; give another path")
        try:
            with _beside(path) as new:
                files = {DEFAULT_SSD: to_bytes(structure), **dict(self._ready())}
                _archive(new, files) if path.suffix else _folder(new, files)
        except OSError as error:
            raise DescriptionError(f"{path}: cannot be written ({error}); give another path") from error

    def _ready(self) -> Iterator[tuple[str, bytes | Path]]:
        for uri, content in sorted(self._files.items()):
            yield uri, content if isinstance(content, Path) else to_bytes(content)

    def _entry(self, name: str, content: Content, digest: str) -> str:
        fitted = _fitted(name)
        if (fitted, digest) not in self._by_content:
            uri = self._free(f"{RESOURCES}/{fitted}")
            self._files[uri] = content
            self._by_content[fitted, digest] = uri
        return self._by_content[fitted, digest]

    def _free(self, uri: str) -> str:
        taken = {name.lower() for name in self._files}
        stem, dot, suffix = uri.rpartition(".")
        candidate, number = uri, 1
        while candidate.lower() in taken:
            number += 1
            candidate = f"{stem}_{number}{dot}{suffix}"
        return candidate


def _fitted(name: str) -> str:
    """A name that is the same as a URI and on every file system."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)[-100:].lstrip("._-") or "file"


def _digest(path: Path) -> str:
    if not path.is_dir():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    parts = [f"{name}:{_digest(file)}" for name, file in _inside(path)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _inside(folder: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            yield file.relative_to(folder).as_posix(), file


def _replaceable(path: Path) -> bool:
    return path.is_dir() and ((path / DEFAULT_SSD).is_file() or not any(path.iterdir()))


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A folder beside a path for what shall stand there; it takes the place where all went well."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        new = Path(folder) / path.name
        yield new
        before = Path(folder) / "before"
        if path.is_dir():
            path.rename(before)
        try:
            new.replace(path)
        except OSError:
            if before.exists():
                before.rename(path)
            raise


def _archive(path: Path, files: dict[str, bytes | Path]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            if isinstance(content, Path) and content.is_dir():
                for inner, file in _inside(content):
                    _pack(archive, f"{name}/{inner}", file)
            else:
                _pack(archive, name, content)


def _pack(archive: zipfile.ZipFile, name: str, content: bytes | Path) -> None:
    # A fixed date and fixed rights: the same system gives the same bytes.
    info = zipfile.ZipInfo(name, _DATE)
    info.create_system, info.external_attr = 3, 0o100644 << 16
    info.compress_type = zipfile.ZIP_STORED if name.endswith(_PACKED) else zipfile.ZIP_DEFLATED
    if isinstance(content, bytes):
        archive.writestr(info, content)
        return
    info.file_size = content.stat().st_size
    with content.open("rb") as source, archive.open(info, "w") as target:
        shutil.copyfileobj(source, target, 2**20)


def _folder(path: Path, files: dict[str, bytes | Path]) -> None:
    for name, content in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            target.write_bytes(content)
        elif content.is_dir():
            shutil.copytree(content, target)
        else:
            shutil.copyfile(content, target)
