"""Random damage to descriptions and archives: cotwin reads and runs, or says what is wrong; nothing else happens."""

import re
import struct
import tempfile
import warnings
import zipfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cotwin
from orchestrator.fmi.variables import read_model
from tests.kit.build import compiler, kit_fmu, write_archive

pytestmark = pytest.mark.skipif(compiler() is None, reason="building the kit needs a C compiler")

# The same examples in every run: a failure here is a failure everywhere. A campaign draws new ones.
FUZZ = settings(
    max_examples=120,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SUBJECTS = (
    ("BouncingBall", "2.0", "co_simulation"),
    ("Feedthrough", "2.0", "co_simulation"),
    ("Feedthrough", "1.0", "co_simulation"),
    ("Feedthrough", "3.0", "co_simulation"),
    ("StateSpace", "3.0", "co_simulation"),
    ("Clocks", "3.0", "co_simulation"),
    ("Partitions", "3.0", "scheduled_execution"),
)
VALUES = st.sampled_from(
    (
        "",
        " ",
        "-1",
        "0",
        "1e400",
        "NaN",
        "-INF",
        "1" * 40,
        "4294967296",
        "2.5",
        "true",
        "x",
        "..",
        "/etc/passwd",
        "&#0;",
    )
) | st.text(st.characters(codec="utf-8", exclude_characters='<&"'), max_size=8)
NAMES = (
    "../out",
    "/tmp/cotwin-out",
    "resources/../../out",
    "a\\b",
    "C:x",
    "binaries",
    "modelDescription.xml",
    "é",
    "a" * 300,
)


def entries_of(subject: tuple[str, str, str]) -> dict[str, bytes]:
    with zipfile.ZipFile(kit_fmu(*subject)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@st.composite
def damaged_descriptions(draw: st.DrawFn) -> tuple[tuple[str, str, str], str]:
    """An FMU, and its description with 1 to 3 changes."""
    subject = draw(st.sampled_from(SUBJECTS))
    text = entries_of(subject)["modelDescription.xml"].decode()
    for _ in range(draw(st.integers(1, 3))):
        text = draw(st.sampled_from((_attribute, _element, _entity)))(text, draw)
    return subject, text


def written(damaged: tuple[tuple[str, str, str], str], path: Path) -> Path:
    subject, text = damaged
    return write_archive(entries_of(subject) | {"modelDescription.xml": text.encode("utf-8", "surrogatepass")}, path)


def _attribute(text: str, draw: st.DrawFn) -> str:
    """Delete, double or change an attribute."""
    found = list(re.finditer(r' ([A-Za-z]+)="([^"]*)"', text))
    if not found:
        return text
    one = draw(st.sampled_from(found))
    new = draw(st.sampled_from(("", one.group() * 2, None)))
    return text[: one.start()] + (f' {one[1]}="{draw(VALUES)}"' if new is None else new) + text[one.end() :]


def _element(text: str, draw: st.DrawFn) -> str:
    """Delete, double, rename or cut at an element."""
    found = list(re.finditer(r"<(\w+)[^<>]*/>", text))
    if not found:
        return text
    one = draw(st.sampled_from(found))
    renamed = one.group().replace(
        f"<{one[1]}", "<" + draw(st.sampled_from(("Float64", "Real", "Clock", "String", "X")))
    )
    new = draw(st.sampled_from(("", one.group() * 2, renamed, None)))
    return text[: one.start()] if new is None else text[: one.start()] + new + text[one.end() :]


def _entity(text: str, draw: st.DrawFn) -> str:
    """Declare entities, or use one that is not there."""
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    outside = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    new = draw(st.sampled_from((bomb, outside, "<!-- - -->", "&a;", "<?xml?>", "\0", "]]>")))
    at = draw(st.sampled_from((text.find("<fmi"), text.find("<ModelVariables"), len(text))))
    return text[: max(at, 0)] + new + text[max(at, 0) :]


@st.composite
def damaged_archives(draw: st.DrawFn) -> bytes:
    """The bytes of an FMU, cut, with changed bytes, or with another name of an entry."""
    subject = draw(st.sampled_from(SUBJECTS))
    kind = draw(st.sampled_from(("cut", "bytes", "rename", "add", "twice")))
    if kind in ("rename", "add", "twice"):
        return _with_names(entries_of(subject), draw(st.sampled_from(NAMES)), kind)
    data = bytearray(kit_fmu(*subject).read_bytes())
    if kind == "cut":
        return bytes(data[: draw(st.integers(0, len(data) - 1))])
    # The directory at the end and the local headers say what the archive is; flips there tell more than in packed data.
    ends = st.integers(max(0, len(data) - 400), len(data) - 1) | st.integers(0, 80) | st.integers(0, len(data) - 1)
    for _ in range(draw(st.integers(1, 4))):
        data[draw(ends)] = draw(st.integers(0, 255))
    return bytes(data)


def _with_names(entries: dict[str, bytes], name: str, kind: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a name appears twice is wanted here
        path = Path(folder, "x.fmu")
        with zipfile.ZipFile(path, "w") as archive:
            for old, content in entries.items():
                archive.writestr(zipfile.ZipInfo(name if kind == "rename" and old.endswith(".so") else old), content)
            if kind != "rename":
                archive.writestr(zipfile.ZipInfo("resources/y" if kind == "twice" else name), b"new")
            if kind == "twice":
                archive.writestr(zipfile.ZipInfo("resources/y/z"), b"new")
        return path.read_bytes()


def attempt(fmu: Path) -> bool:
    """Read, open and run: it works, or CotwinError says why not. Any other exception goes through."""
    with suppress(cotwin.CotwinError):
        model = read_model(fmu, validate=True)
        assert len(model.connectors) < 10_000
        system: dict[str, Any] = {"name": "fuzz", "components": {"kit": {"source": str(fmu)}}}
        with cotwin.open_simulation(system | {"experiment": {"stop": 0.2}, "step_size": 0.1}) as simulation:
            simulation.run()
        return True
    return False


def surroundings(folder: Path) -> set[str]:
    """What lies beside a folder, and what an archive could have put above it; other test runs come and go there."""
    near = [path for where in (folder, folder.parent) for path in where.iterdir()]
    above = [path for name in ("out", "C:x") for path in folder.parent.parent.glob(f"*{name}*")]
    return {str(path) for path in (*near, *above, *Path("/tmp").glob("cotwin-out*"))}


@FUZZ
@given(damaged_descriptions())
def test_a_damaged_description_is_read_or_refused(tmp_path, temporary, damaged):
    fmu = written(damaged, tmp_path / "fuzz.fmu")
    before = surroundings(tmp_path)
    attempt(fmu)
    assert surroundings(tmp_path) == before
    assert list(temporary.iterdir()) == []


@FUZZ
@given(damaged_archives())
def test_a_damaged_archive_is_read_or_refused(tmp_path, temporary, data):
    fmu = tmp_path / "fuzz.fmu"
    fmu.write_bytes(data)
    before = surroundings(tmp_path)
    attempt(fmu)
    assert surroundings(tmp_path) == before
    assert list(temporary.iterdir()) == []


CAMPAIGN = settings(FUZZ, max_examples=5000, derandomize=False, print_blob=True)


@pytest.mark.campaign
def test_many_new_damaged_descriptions_are_read_or_refused(tmp_path, temporary, keep_figures):
    began, tally = perf_counter(), Counter[str]()

    @CAMPAIGN
    @given(damaged_descriptions())
    def check(damaged: tuple[tuple[str, str, str], str]) -> None:
        tally["run" if attempt(written(damaged, tmp_path / "fuzz.fmu")) else "refused"] += 1
        assert list(temporary.iterdir()) == []

    check()
    keep_figures("fuzz_descriptions", dict(tally) | {"seconds": round(perf_counter() - began, 1)})


@pytest.mark.campaign
def test_many_new_damaged_archives_are_read_or_refused(tmp_path, temporary, keep_figures):
    began, tally = perf_counter(), Counter[str]()

    @CAMPAIGN
    @given(damaged_archives())
    def check(data: bytes) -> None:
        (tmp_path / "fuzz.fmu").write_bytes(data)
        tally["run" if attempt(tmp_path / "fuzz.fmu") else "refused"] += 1
        assert list(temporary.iterdir()) == []

    check()
    keep_figures("fuzz_archives", dict(tally) | {"seconds": round(perf_counter() - began, 1)})


def test_a_size_that_the_directory_of_an_archive_lies_about_is_refused(tmp_path):
    data = bytearray(kit_fmu("Dahlquist", "2.0", "co_simulation").read_bytes())
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, 2**31)
    fmu = tmp_path / "lie.fmu"
    fmu.write_bytes(bytes(data))
    with pytest.raises(cotwin.FmuImportError, match=r"entry|zip archive|unpacks"):
        cotwin.open_simulation(
            {"name": "x", "components": {"kit": {"source": str(fmu)}}, "experiment": {"stop": 1.0}, "step_size": 1.0}
        )


def described(old: str, new: str, tmp_path: Path) -> Path:
    subject = ("Dahlquist", "2.0", "co_simulation")
    text = entries_of(subject)["modelDescription.xml"].decode()
    assert old in text
    return written((subject, text.replace(old, new, 1)), tmp_path / "fuzz.fmu")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('encoding="UTF-8"', 'encoding="NaN"', "unknown encoding"),
        ('encoding="UTF-8"', 'encoding="big5"', "encoding"),
        ('valueReference="1"', f'valueReference="{2**32}"', f"the value reference '{2**32}' of 'x' is no number"),
        ('valueReference="1"', 'valueReference="-1"', "the value reference '-1' of 'x' is no number"),
        ('index="2"', 'index="0"', "refers to '0', which is not an index from 1 to 4"),
    ],
)
def test_what_the_fuzz_has_found_is_refused_by_name(old, new, says, tmp_path):
    with pytest.raises(cotwin.ModelDescriptionError) as caught:
        read_model(described(old, new, tmp_path))
    assert says in str(caught.value)
