"""ELF: what a shared library for Linux exports and needs, read from its file; nothing of it is loaded or run.

The layout is that of the System V ABI, "Object Files" and "Dynamic Linking", and of the symbol versions of the Linux
Standard Base, core 5.0, chapter 10.7.
"""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

_MACHINES: Final = {3: "x86", 40: "aarch32", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
_DYNAMIC, _DYNAMIC_SYMBOLS, _NEEDED_VERSIONS = 6, 11, 0x6FFFFFFE
_NEEDED, _RPATH, _RUNPATH, _END = 1, 15, 29, 0
_LOADED, _DYNAMIC_SEGMENT = 1, 2
_HEADER: Final = 64
_SUPPORTED: Final = b"\x7fELF\x02\x01"
_MANY: Final = 1000
"""Libraries, and versions of one, that are read: more are damage that would take endless time."""


class SharedLibrary(NamedTuple):
    """What a shared library says: the names of the libraries that it needs, and the symbol versions wanted of them."""

    machine: str
    exported: frozenset[str]
    needed: tuple[str, ...]
    run_path: tuple[str, ...]
    versions: Mapping[str, tuple[str, ...]]


class DamagedLibraryError(ValueError):
    """A library whose file does not hold what its header promises: loading it would end the process by a signal."""


class _Segment(NamedTuple):
    kind: int
    offset: int
    address: int
    size: int
    memory: int


class _Section(NamedTuple):
    kind: int
    offset: int
    size: int
    link: int
    entries: int


def read_library(data: bytes) -> SharedLibrary:
    """Read a 64-bit library in little-endian order; ValueError where `data` is none, or damaged."""
    if data[:4] != b"\x7fELF":
        raise ValueError("it is no ELF file")
    if data[4:6] != b"\x02\x01":
        raise ValueError("it is no 64-bit little-endian ELF file")
    try:
        return _read(data)
    except (struct.error, IndexError, OverflowError) as error:
        raise ValueError(f"it is damaged ({error})") from error


def check_complete(path: Path) -> None:
    """Raise DamagedLibraryError where a part of a library that would be mapped lies beyond the end of its file.

    Of the file only the headers are read. What is no 64-bit library in little-endian order passes: the loader refuses
    it in words.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER)
        if header[:6] != _SUPPORTED or len(header) < _HEADER:
            return
        start, size, count = _segment_table(header)
        file.seek(start)
        table = file.read(size * count)
        length = file.seek(0, 2)
    _check_segments(table, size, count, length)


def _segment_table(header: bytes) -> tuple[int, int, int]:
    """Offset, size of an entry and number of entries of the program headers."""
    (start,) = struct.unpack_from("<Q", header, 32)
    size, count = struct.unpack_from("<HH", header, 54)
    return start, size, count


def _check_segments(table: bytes, size: int, count: int, length: int) -> None:
    if len(table) < size * count:
        raise DamagedLibraryError(f"its file ends after {length} bytes, within the headers of its segments")
    segments = [_segment(table, size * index) for index in range(count)]
    loaded = [segment for segment in segments if segment.kind == _LOADED]
    wanted = max((segment.offset + segment.size for segment in loaded), default=0)
    if wanted > length:
        raise DamagedLibraryError(f"its file has {length} of at least {wanted} bytes")
    for segment in segments:
        inside = any(one.address <= segment.address < one.address + one.memory for one in loaded)
        if segment.kind == _DYNAMIC_SEGMENT and not inside:
            raise DamagedLibraryError("its dynamic section lies in none of its segments")


def _segment(table: bytes, at: int) -> _Segment:
    kind, _, offset, address, _, size, memory = struct.unpack_from("<IIQQQQQ", table, at)
    return _Segment(kind, offset, address, size, memory)


def _read(data: bytes) -> SharedLibrary:
    (machine,) = struct.unpack_from("<H", data, 18)
    start, size, count = _segment_table(data)
    _check_segments(data[start : start + size * count], size, count, len(data))
    sections = list(_sections(data))
    dynamic = next((section for section in sections if section.kind == _DYNAMIC), None)
    if dynamic is None:
        raise ValueError("it is no shared library")
    strings, tags = _strings(data, sections, dynamic), list(_tags(data, dynamic))
    names = {wanted: [_text(strings, at) for tag, at in tags if tag == wanted] for wanted in _NAMES}
    symbols = (name for one in sections if one.kind == _DYNAMIC_SYMBOLS for name in _exported(data, sections, one))
    return SharedLibrary(
        machine=_MACHINES.get(machine, f"machine {machine}"),
        exported=frozenset(symbols),
        needed=tuple(names[_NEEDED]),
        run_path=tuple(part for path in names[_RUNPATH] or names[_RPATH] for part in path.split(":") if part),
        versions={
            library: versions
            for one in sections
            if one.kind == _NEEDED_VERSIONS
            for library, versions in _versions(data, sections, one)
        },
    )


_NAMES: Final = (_NEEDED, _RPATH, _RUNPATH)


def _sections(data: bytes) -> Iterator[_Section]:
    (start,) = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    if not start or not count:
        raise ValueError("it has no section headers")
    for index in range(count):
        kind, _, _, offset, length, link, entries = struct.unpack_from("<IQQQQII", data, start + index * size + 4)
        yield _Section(kind, offset, length, link, entries)


def _strings(data: bytes, sections: list[_Section], section: _Section) -> bytes:
    table = sections[section.link]
    return data[table.offset : table.offset + table.size]


def _text(strings: bytes, offset: int) -> str:
    end = strings.find(b"\0", offset)
    return strings[offset : end if end >= 0 else None].decode("utf-8", errors="replace")


def _tags(data: bytes, section: _Section) -> Iterator[tuple[int, int]]:
    for tag, value in struct.iter_unpack("<qQ", data[section.offset : section.offset + section.size]):
        if tag == _END:
            return
        yield tag, value


def _exported(data: bytes, sections: list[_Section], section: _Section) -> Iterator[str]:
    strings = _strings(data, sections, section)
    for name, info, other, index, _, _ in struct.iter_unpack(
        "<IBBHQQ", data[section.offset : section.offset + section.size]
    ):
        # Defined here (section index), global or weak (binding), of default visibility.
        if index and info >> 4 in (1, 2) and other & 3 == 0:
            yield _text(strings, name)


def _versions(data: bytes, sections: list[_Section], section: _Section) -> Iterator[tuple[str, tuple[str, ...]]]:
    strings, at = _strings(data, sections, section), section.offset
    for _ in range(min(section.entries, _MANY)):
        _, count, file, first, following = struct.unpack_from("<HHIII", data, at)
        versions, place = [], at + first
        for _ in range(min(count, _MANY)):
            name, step = struct.unpack_from("<8xII", data, place)
            versions.append(_text(strings, name))
            place += step
        yield _text(strings, file), tuple(versions)
        at += following
