"""What a library exports and needs, against binutils, and against damage."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.fmi.elf import read_library


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
            assert str(error).startswith("it ")  # noqa: PT017 -- both outcomes are right
