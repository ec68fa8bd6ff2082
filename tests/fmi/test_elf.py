"""What a library exports and needs, against binutils, and against damage."""

import random
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.errors import FmuImportError
from orchestrator.fmi.binary_check import binary_problems
from orchestrator.fmi.co_simulation import open_fmu
from orchestrator.fmi.elf import DamagedLibraryError, check_complete, read_library
from orchestrator.fmi.variables import read_model
from tests.fmi import toys


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A library with functions, a hidden one, data, and libm as its need."""
    folder = tmp_path_factory.mktemp("elf")
    source = folder / "some.c"
    source.write_text(
        "#include <math.h>\n"
        "int datum = 3;\n"
        "double root(double x) { return exp(sqrt(x)); }\n"
        '__attribute__((visibility("hidden"))) double hidden(double x) { return x; }\n'
        "static double own(double x) { return x; }\n"
        "double both(double x) { return own(x) + hidden(x); }\n"
    )
    path = folder / "some.so"
    flags = ["-shared", "-fPIC", "-Wl,-rpath,$ORIGIN/lib:/opt/x", "-o", str(path), str(source), "-Wl,--no-as-needed"]
    subprocess.run(["gcc", *flags, "-lm"], check=True)
    return path


def test_exported_functions_are_those_that_nm_lists(library):
    if shutil.which("nm") is None:
        pytest.skip("binutils is not installed")
    listed = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    names = {line.split()[-1].split("@")[0] for line in listed.splitlines()}
    exported = read_library(library.read_bytes()).exported
    assert exported == names
    assert {"root", "both", "datum"} <= exported
    assert "hidden" not in exported


def test_needs_and_run_path_are_those_that_were_linked(library):
    read = read_library(library.read_bytes())
    assert {"libm.so.6", "libc.so.6"} == set(read.needed)
    assert read.run_path == ("$ORIGIN/lib", "/opt/x")


def test_versions_are_those_that_readelf_lists(library):
    if shutil.which("readelf") is None:
        pytest.skip("binutils is not installed")
    listed = subprocess.run(["readelf", "-V", library], check=True, capture_output=True, text=True).stdout
    wanted = {word for line in listed.splitlines() if "Name: GLIBC" in line for word in line.split() if "GLIBC" in word}
    versions = read_library(library.read_bytes()).versions
    assert {version for those in versions.values() for version in those} == wanted


@pytest.mark.parametrize("data", [b"", b"MZ\0\0", b"\x7fELF\x01\x01" + bytes(64), b"\x7fELF\x02\x01" + bytes(58)])
def test_what_is_no_library_is_a_value_error(data):
    with pytest.raises(ValueError, match="it "):
        read_library(data)


def test_damage_is_a_value_error_and_nothing_else(library):
    data = Path(library).read_bytes()
    rng = random.Random(7)
    for _ in range(300):
        damaged = bytearray(data[: rng.choice([len(data), rng.randrange(len(data))])])
        for _ in range(rng.randrange(1, 20)):
            if damaged:
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        try:
            read_library(bytes(damaged))
        except ValueError as error:
            assert str(error).startswith(("it ", "its "))  # noqa: PT017 -- both outcomes are right


_LOAD = """
import ctypes, sys
from pathlib import Path
from orchestrator.fmi.elf import DamagedLibraryError, check_complete
data = Path(sys.argv[1]).read_bytes()
for length in map(int, sys.argv[2:]):
    path = Path(sys.argv[1]).with_name(f"cut{length}.so")
    path.write_bytes(data[:length])
    try:
        check_complete(path)
        handle = ctypes.CDLL(str(path))._handle
        said = "loaded"
        ctypes.CDLL(None).dlclose(ctypes.c_void_p(handle))
    except (DamagedLibraryError, OSError) as error:
        said = str(error)
    path.unlink()
    print(length, said, flush=True)
"""


def test_a_library_cut_off_anywhere_is_loaded_or_refused_in_words(library, tmp_path):
    """In a process of its own: without the check the loader ends it by SIGBUS at some of these lengths."""
    path = Path(shutil.copy(library, tmp_path / "whole.so"))
    size = path.stat().st_size
    rng = random.Random(3)
    pages = [page + off for page in range(0, size, 4096) for off in (-1, 0, 1, 2048) if 0 <= page + off <= size]
    lengths = sorted({*range(0, 1200, 37), *pages, *(rng.randrange(size) for _ in range(60)), size})
    command = [sys.executable, "-c", _LOAD, str(path), *map(str, lengths)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    said = [line.split(" ", 1) for line in ran.stdout.splitlines()]
    assert (ran.returncode, [int(length) for length, _ in said]) == (0, lengths), ran.stderr
    assert said[-1][1] == "loaded"
    mapped = max(length for length in map(int, lengths) if refused_by_us(path, length, tmp_path))
    assert all(text != "loaded" for length, text in said if int(length) <= mapped)
    assert all(text for _, text in said)


def refused_by_us(path: Path, length: int, folder: Path) -> bool:
    cut = folder / "cut.so"
    cut.write_bytes(path.read_bytes()[:length])
    try:
        check_complete(cut)
    except DamagedLibraryError:
        return True
    return False


_OPEN = """
import sys
from pathlib import Path
from orchestrator.errors import FmuImportError
from orchestrator.fmi.co_simulation import open_fmu
for path in sys.argv[1:]:
    try:
        open_fmu("cut", Path(path))
    except FmuImportError as error:
        print(error, flush=True)
"""


@pytest.mark.parametrize("version", ["fmi2", "fmi3"])
def test_an_fmu_with_a_binary_that_is_cut_off_is_refused_by_name_with_the_remedy(version, tmp_path):
    whole = toys.library(version, tmp_path).read_bytes()
    place = f"binaries/{toys.platform(version)}"
    wanted = mapped_end(whole)
    paths = []
    for name, own, beside in (("own", whole[: wanted - 1], whole), ("beside", whole, whole[: wanted // 2])):
        entries = {"modelDescription.xml": toys.description(version)}
        entries |= {f"{place}/bad.so": own, f"{place}/beside.so": beside}
        paths.append(toys.archive(tmp_path / f"{name}.fmu", entries))
    command = [sys.executable, "-c", _OPEN, *map(str, paths)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    first, second = ran.stdout.splitlines()
    assert ran.returncode == 0
    assert f"own.fmu: its binary for {toys.platform(version)} cannot be loaded: bad.so is cut off or damaged" in first
    assert f"its file has {wanted - 1} of at least {wanted} bytes" in first
    assert "Copy or download the FMU again" in first
    assert "cannot be loaded: beside.so is cut off or damaged" in second


def segments(data: bytes) -> list[tuple[int, ...]]:
    (start,) = struct.unpack_from("<Q", data, 32)
    (count,) = struct.unpack_from("<H", data, 56)
    return [(start + 56 * index, *struct.unpack_from("<IIQQQQQ", data, start + 56 * index)) for index in range(count)]


def mapped_end(data: bytes) -> int:
    return max(offset + size for _, kind, _, offset, _, _, size, _ in segments(data) if kind == 1)


def test_a_dynamic_section_outside_of_all_segments_is_refused(library, tmp_path):
    data = bytearray(Path(library).read_bytes())
    (at,) = (at for at, kind, *_ in segments(data) if kind == 2)
    struct.pack_into("<Q", data, at + 16, 2**40)
    path = tmp_path / "moved.so"
    path.write_bytes(data)
    with pytest.raises(DamagedLibraryError, match="its dynamic section lies in none of its segments"):
        check_complete(path)


def test_what_is_no_library_is_left_to_the_loader(tmp_path):
    path = tmp_path / "notes.txt"
    for data in (b"", b"no library", b"\x7fELF\x01\x01" + bytes(60), b"\x7fELF\x02\x01"):
        path.write_bytes(data)
        check_complete(path)


def elf_hash(name: str) -> int:
    """The hash of a symbol version: System V ABI, figure 5-13."""
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ (high >> 24)) & ~high & 0xFFFFFFFF
    return value


def needing(data: bytes, version: str) -> bytes:
    """The library with one version of glibc that it needs replaced by another, by name and hash."""
    old = next(
        name
        for names in read_library(data).versions.values()
        for name in names
        if name.startswith("GLIBC_") and len(name) >= len(version)
    )
    name, found = f"{old}\0".encode(), struct.pack("<I", elf_hash(old))
    assert data.count(found) == 1
    data = data.replace(name, version.encode().ljust(len(old), b"\0") + b"\0")
    return data.replace(found, struct.pack("<I", elf_hash(version)))


@pytest.mark.parametrize("version", ["fmi2", "fmi3"])
def test_a_binary_that_needs_a_newer_glibc_is_refused_with_the_version_and_the_remedy(version, tmp_path):
    binary = needing(toys.library(version, tmp_path).read_bytes(), "GLIBC_9.99")
    entries = {
        "modelDescription.xml": toys.description(version),
        f"binaries/{toys.platform(version)}/bad.so": binary,
    }
    path = toys.archive(tmp_path / "new.fmu", entries)
    with pytest.raises(FmuImportError, match=r"version `GLIBC_9\.99' not found") as caught:
        open_fmu("new", path)
    assert "It needs GLIBC_9.99 or newer: build it on a system as old as this one, or use a newer" in str(caught.value)
    problems = [problem.text for problem in binary_problems(read_model(path), {"CoSimulation": "bad"})]
    assert any("needs glibc 9.99, this machine has" in text for text in problems)
