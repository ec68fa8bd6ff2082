import os
import resource
import stat
import struct
import threading
import zipfile
from contextlib import suppress

import pytest

from orchestrator import archives, xml_check
from orchestrator.errors import FmuImportError, ModelDescriptionError
from orchestrator.fmi import archive
from orchestrator.fmi.archive import unpacked
from orchestrator.fmi.variables import read_model
from tests.fmi import toys

SOUND = {"modelDescription.xml": toys.description("fmi2"), "resources/a/b.txt": "b"}


def refusal(path, error=FmuImportError):
    with pytest.raises(error) as caught, unpacked(path):
        pass
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_folder_is_absolute_private_and_removed_afterwards(tmp_path, monkeypatch):
    toys.archive(tmp_path / "x.fmu", SOUND)
    monkeypatch.chdir(tmp_path)
    with unpacked(tmp_path.relative_to(tmp_path) / "x.fmu") as folder:
        assert folder.is_absolute()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert (folder / "resources/a/b.txt").read_text() == "b"
    assert not folder.exists()


def test_users_of_one_file_share_a_folder_until_the_last_one_leaves(tmp_path):
    path = toys.archive(tmp_path / "x.fmu", SOUND)
    with unpacked(path) as first:
        with unpacked(path) as second:
            assert first == second
        assert first.exists()
    assert not first.exists()


def test_a_changed_file_is_unpacked_anew(tmp_path):
    path = toys.archive(tmp_path / "x.fmu", SOUND)
    with unpacked(path) as old:
        path.unlink()
        toys.archive(path, {**SOUND, "resources/new": "new"})
        with unpacked(path) as new:
            assert new != old
            assert (new / "resources/new").exists()


def test_many_threads_share_without_a_folder_left(tmp_path):
    path = toys.archive(tmp_path / "x.fmu", SOUND)
    seen = set()

    def use():
        for _ in range(20):
            with unpacked(path) as folder:
                assert (folder / "modelDescription.xml").exists()
                seen.add(folder)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen
    assert not any(folder.exists() for folder in seen)


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/evil", "C:/evil", "a\\..\\..\\evil", "resources/../modelDescription.xml"]
)
def test_entries_that_point_outside_are_refused_before_anything_is_written(tmp_path, name):
    path = toys.archive(tmp_path / "x.fmu", {**SOUND, name: "evil"})
    message = refusal(path)
    assert "nothing was unpacked" in message
    assert not (tmp_path.parent / "evil").exists()


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(tmp_path, kind):
    path = toys.archive(tmp_path / "x.fmu", SOUND)
    info = zipfile.ZipInfo("resources/link")
    info.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(info, "/etc/passwd")
    assert "'resources/link' is a link or a device" in refusal(path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resources/a/b.txt", "appears twice"),
        ("./resources/a/b.txt", "appears twice"),
        ("resources/a", "file and a folder"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_entries_that_overwrite_each_other_are_refused(tmp_path, name, expected):
    path = toys.archive(tmp_path / "x.fmu", SOUND)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(name, "again")
    assert expected in refusal(path)


def test_too_many_entries_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_ENTRIES", 10)
    path = toys.archive(tmp_path / "x.fmu", {**SOUND, **{f"r/{index}": "" for index in range(9)}})
    assert "11 entries, more than the limit of 10" in refusal(path)


def test_too_many_bytes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_BYTES", 1000)
    path = toys.archive(tmp_path / "x.fmu", {**SOUND, "r": os.urandom(2000)})
    assert "bytes unpacked, more than the limit of 1000" in refusal(path)


def test_a_zip_bomb_is_refused(tmp_path):
    path = toys.archive(tmp_path / "x.fmu", {**SOUND, "resources/zeros": bytes(archives.RATIO_FREE_BYTES + 1)})
    assert "times its size, more than the limit of 200" in refusal(path)


def test_a_size_that_lies_writes_no_more_than_it_declares(tmp_path):
    path = toys.archive(tmp_path / "x.fmu", {**SOUND, "resources/lie": bytes(10_000)})
    data = bytearray(path.read_bytes())
    while (place := data.find(struct.pack("<I", 10_000))) >= 0:
        data[place : place + 4] = struct.pack("<I", 10)
    path.write_bytes(data)
    assert "not a readable zip archive" in refusal(path)


def test_files_that_are_no_fmu_are_named(tmp_path):
    (tmp_path / "text.fmu").write_text("text")
    assert "not a readable zip archive" in refusal(tmp_path / "text.fmu")
    assert "no modelDescription.xml" in refusal(toys.archive(tmp_path / "x.fmu", {"a": "a"}))
    (tmp_path / "folder.fmu").mkdir()
    assert "is no file but a folder or a device" in refusal(tmp_path / "folder.fmu")
    os.mkfifo(tmp_path / "pipe.fmu")
    assert "is no file but a folder or a device" in refusal(tmp_path / "pipe.fmu")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damage_anywhere_is_refused_or_does_not_matter(tmp_path, method):
    path = tmp_path / "x.fmu"
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in SOUND.items():
            file.writestr(name, content)
    sound = path.read_bytes()
    for place in range(len(sound)):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 0xFF]) + sound[place + 1 :])
        with suppress(FmuImportError), unpacked(path):
            pass


def test_what_no_run_needs_is_checked_but_not_unpacked(tmp_path):
    here = [f"binaries/{platform}/x.so" for platform in archive.PLATFORMS]
    needed = [*here, "resources/sources/a", "extra/b", "modelDescription.xml"]
    not_needed = ["sources/a.c", "documentation/index.html", "binaries/win64/x.dll"]
    path = toys.archive(tmp_path / "x.fmu", {**SOUND, **dict.fromkeys([*needed[:-1], *not_needed], "content")})
    with unpacked(path) as folder:
        assert all((folder / name).is_file() for name in needed)
        assert not any((folder / name).parent.exists() for name in not_needed)
    toys.archive(path, {**SOUND, "sources/../../a.c": "content"})
    assert "points outside of the archive" in refusal(path)


def test_a_full_disk_is_no_fault_of_the_archive(tmp_path):
    path = toys.archive(tmp_path / "x.fmu", {**SOUND, "resources/large": bytes(100_000)})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        message = refusal(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "cannot be unpacked for temporary use" in message
    assert "set TMPDIR" in message


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resources/" + "a" * 256, "has a name of 266 characters, too long for a file"),
        ("a/" * 1500 + "b", "has a name of 3001 characters, too long for a file"),
        ("resources/a\nb", "has no portable name"),
        ("resources/a\x1bb", "has no portable name"),
    ],
)
def test_names_that_no_file_should_have_are_refused_before_anything_is_written(tmp_path, name, expected):
    message = refusal(toys.archive(tmp_path / "x.fmu", {**SOUND, name: "content"}))
    assert expected in message
    assert "nothing was unpacked" in message


def test_a_name_of_255_bytes_is_a_name(tmp_path):
    with unpacked(toys.archive(tmp_path / "x.fmu", {**SOUND, "resources/" + "é" * 127: "content"})) as folder:
        assert (folder / "resources" / ("é" * 127)).read_text() == "content"


def test_a_missing_file_is_named_with_the_remedy(tmp_path):
    assert "give the path of an .fmu file" in refusal(tmp_path / "none.fmu")
    with pytest.raises(FmuImportError, match=r"none\.fmu: cannot be read \(No such file or directory\); give the path"):
        read_model(tmp_path / "none.fmu")


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE x SYSTEM "file:///etc/passwd">'


@pytest.mark.parametrize("doctype", [BOMB, EXTERNAL])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_and_entities_are_refused_in_every_encoding(tmp_path, doctype, encoding):
    text = toys.description("fmi2").replace("UTF-8", encoding).replace("?>\n", f"?>{doctype}\n", 1)
    path = toys.archive(tmp_path / "x.fmu", {"modelDescription.xml": text.encode(encoding)})
    assert "declares a document type" in refusal(path, ModelDescriptionError)
    with pytest.raises(ModelDescriptionError, match="declares a document type"):
        read_model(path)


@pytest.mark.parametrize(
    "text", ["", "<a", "no xml", "<fmiModelDescription fmiVersion='2.0'><a></fmiModelDescription>"]
)
def test_broken_xml_is_refused(tmp_path, text):
    path = toys.archive(tmp_path / "x.fmu", {"modelDescription.xml": text})
    with pytest.raises(ModelDescriptionError, match="not valid XML"):
        read_model(path)


@pytest.mark.parametrize("identifier", ["../evil", "/abs/evil", "a\\b", "..", "", "a&#10;b", "a" * 4000])
def test_a_model_identifier_that_is_a_path_is_refused(tmp_path, identifier):
    text = toys.description("fmi2", identifier=identifier)
    path = toys.archive(tmp_path / "x.fmu", {"modelDescription.xml": text})
    with pytest.raises(ModelDescriptionError, match="is not the plain name of a binary"):
        read_model(path)


def test_xml_that_is_too_deep_or_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    deep = toys.description("fmi2", extra=f"<VendorAnnotations>{'<a>' * 100_000}{'</a>' * 100_000}</VendorAnnotations>")
    path = toys.archive(tmp_path / "deep.fmu", {"modelDescription.xml": deep})
    assert "has more than 100 elements within each other" in refusal(path)
    monkeypatch.setattr(xml_check, "MAX_ELEMENTS", 1000)
    wide = toys.description("fmi2", extra=f"<VendorAnnotations>{'<a/>' * 1000}</VendorAnnotations>")
    path = toys.archive(tmp_path / "wide.fmu", {"modelDescription.xml": wide})
    assert "has more than 1000 elements; export the FMU with fewer variables" in refusal(path)
