"""What is made of an FMU goes by the bytes of its archive: copies share it, what is written over a file has its own."""

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from orchestrator import contents
from orchestrator.errors import CotwinError, FmuImportError
from orchestrator.fmi import archive, variables
from orchestrator.fmi.archive import content, unpacked
from orchestrator.fmi.co_simulation import open_fmu
from orchestrator.fmi.variables import read_model
from tests.fmi import toys

ENTRIES = {"modelDescription.xml": toys.description("fmi2"), "resources/a.txt": "first"}
OTHERS = {**ENTRIES, "resources/a.txt": "other"}


def stored(path, entries):
    """An archive whose size depends on that of its entries alone."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        for name, text in entries.items():
            file.writestr(zipfile.ZipInfo(name), text)
    return path


def written_over(path, data):
    """The same file with other bytes, of which its size and mtime tell nothing."""
    before = path.stat()
    with path.open("r+b") as file:
        assert len(data) == before.st_size
        file.write(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)


def wait_for_a_tick(path):
    """Until the clock of the file system has moved on from the last change of a file."""
    probe = path.with_suffix(".probe")
    while not probe.exists() or probe.stat().st_ctime_ns <= path.stat().st_ctime_ns:
        probe.write_text("")


@pytest.fixture
def settled(monkeypatch):
    """Files whose last change is long ago, as those of most runs."""
    monkeypatch.setattr(contents, "_SETTLED", -(10**18))


@pytest.fixture
def two(tmp_path):
    return stored(tmp_path / "a.fmu", ENTRIES), stored(tmp_path / "b.fmu", OTHERS)


def text(folder):
    return (folder / "resources/a.txt").read_text()


def test_copies_share_a_folder_whatever_they_are_called_and_whenever_they_were_made(tmp_path, two):
    first = two[0]
    copy, link = tmp_path / "copy.fmu", tmp_path / "link.fmu"
    shutil.copyfile(first, copy)
    os.utime(copy, (0, 0))
    link.symlink_to(first)
    with unpacked(first) as one, unpacked(copy) as another, unpacked(link) as third, unpacked(two[1]) as other:
        assert one == another == third != other
        assert (text(one), text(other)) == ("first", "other")
    assert not one.exists()


def test_a_folder_stays_until_the_last_copy_is_given_back(tmp_path, two):
    copy = shutil.copyfile(two[0], tmp_path / "copy.fmu")
    with unpacked(copy):
        with unpacked(two[0]) as folder:
            two[0].unlink()
        assert folder.exists()
    assert not folder.exists()


def test_copies_are_parsed_once_and_know_their_own_files(tmp_path, two, monkeypatch):
    parsed, parse = [], variables._parsed
    monkeypatch.setattr(variables, "_parsed", lambda *given: parsed.append(given) or parse(*given))
    nameless = toys.description("fmi2").replace('modelName="bad"', 'modelName=""')
    first = stored(tmp_path / "one.fmu", {"modelDescription.xml": nameless, "resources/only here": "x"})
    second = shutil.copyfile(first, tmp_path / "two.fmu")
    models = read_model(first), read_model(second), read_model(first)
    assert [model.path for model in models] == [first, second, first]
    assert [model.name for model in models] == ["one", "two", "one"]
    assert len(parsed) == 1
    assert models[0].connectors is models[1].connectors


@pytest.fixture
def bad_fmus(tmp_path):
    """A toy of each version."""
    return {version: _toy(tmp_path, version) for version in ("fmi2", "fmi3")}


def _toy(folder, version):
    (folder / version).mkdir()
    binary = toys.library(version, folder / version).read_bytes()
    entries = {
        "modelDescription.xml": toys.description(version),
        f"binaries/{toys.platform(version)}/bad.so": binary,
    }
    return toys.archive(folder / f"{version}.fmu", entries)


@pytest.mark.parametrize("fmi", ["fmi2", "fmi3"])
def test_copies_share_one_library_and_each_closes_its_own_instance(tmp_path, bad_fmus, fmi):
    copy = shutil.copyfile(bad_fmus[fmi], tmp_path / "copy.fmu")
    one, another = open_fmu("one", bad_fmus[fmi]), open_fmu("another", copy)
    try:
        libraries = [each._fmu.library.dll._name for each in (one, another)]
        assert libraries[0] == libraries[1]
        assert [each.identity["file"] for each in (one, another)] == [str(bad_fmus[fmi]), str(copy)]
    finally:
        one.close()
        assert Path(libraries[1]).exists()
        another.close()
    assert not Path(libraries[1]).exists()


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_file_written_over_in_place_with_its_size_and_mtime_kept_is_another(tmp_path, two, order):
    entries = [("first", two[0].read_bytes()), ("other", two[1].read_bytes())]
    (before, bytes_before), (after, bytes_after) = (entries[index] for index in order)
    path = tmp_path / "x.fmu"
    path.write_bytes(bytes_before)
    with unpacked(path) as old:
        assert text(old) == before
        wait_for_a_tick(path)
        written_over(path, bytes_after)
        with unpacked(path) as new:
            assert text(new) == after
        assert text(old) == before


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_change_within_one_tick_of_the_clock_is_seen_too(two, order):
    data = [path.read_bytes() for path in two]
    path = two[0]
    for index in (*order, *order):
        written_over(path, data[index])
        assert contents.digest(path, archive._FMU) == contents.hashlib.sha256(data[index]).hexdigest()


def test_a_file_that_has_settled_is_read_once(two, settled, monkeypatch):
    reads, opened = [], contents._opened
    monkeypatch.setattr(contents, "_opened", lambda *given: reads.append(given) or opened(*given))
    assert len({contents.digest(two[0], archive._FMU) for _ in range(1000)}) == 1
    assert len(reads) == 1
    os.utime(two[0])
    contents.digest(two[0], archive._FMU)
    assert len(reads) == 2


def test_what_was_changed_just_now_or_in_the_future_is_read_again(two, monkeypatch):
    for ahead in (0, -3600):
        contents._known.clear()
        now = two[0].stat().st_ctime_ns + ahead * 10**9
        monkeypatch.setattr(contents.time, "time_ns", lambda now=now: now)
        contents.digest(two[0], archive._FMU)
        assert not contents._known


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("again", [False, True])
def test_what_changes_between_hash_and_unpacking_is_kept_under_what_it_is(tmp_path, two, order, again, monkeypatch):
    data = [path.read_bytes() for path in two]
    path = tmp_path / "x.fmu"
    path.write_bytes(data[order[0]])
    opened = archive.archives.opened

    def swapped(path_asked, kind, file=None):
        path.write_bytes(data[order[1]])
        found = opened(path_asked, kind, file)
        if again:
            path.write_bytes(data[order[0]])
        return found

    monkeypatch.setattr(archive.archives, "opened", swapped)
    with unpacked(path) as folder:
        monkeypatch.undo()
        assert text(folder) == ("first", "other")[order[0]]
        with unpacked(two[0]) as first, unpacked(two[1]) as other:
            assert (text(first), text(other)) == ("first", "other")
            assert folder == (first, other)[order[0]]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_changes_before_it_is_copied_is_kept_under_what_it_is(two, order, monkeypatch):
    data = [path.read_bytes() for path in two]
    path, digest = two[order[0]], contents.digest

    def hashed(path_asked, kind):
        found = digest(path_asked, kind)
        path.write_bytes(data[order[1]])
        return found

    monkeypatch.setattr(contents, "digest", hashed)
    with unpacked(path) as folder:
        assert text(folder) == ("first", "other")[order[1]]
        monkeypatch.undo()
        assert contents.digest(path, archive._FMU) in archive._folders
        path.write_bytes(data[order[0]])
        with unpacked(path) as asked:
            assert text(asked) == ("first", "other")[order[0]]


def test_a_file_replaced_after_its_description_was_read_is_not_loaded(tmp_path, bad_fmus):
    path = shutil.copyfile(bad_fmus["fmi2"], tmp_path / "x.fmu")
    model = read_model(path)
    shutil.copyfile(bad_fmus["fmi3"], path)
    with pytest.raises(FmuImportError, match=r"x\.fmu: was replaced since its modelDescription\.xml was read; open it"):
        open_fmu("x", path, model)
    assert not archive._folders


def test_what_is_unpacked_is_shared_also_where_the_file_is_gone(tmp_path, two):
    model_content = content(two[0]).digest
    with unpacked(two[0]) as folder:
        two[0].unlink()
        with unpacked(two[0], model_content) as again:
            assert again == folder


def test_a_copy_that_has_no_room_is_no_fault_of_the_archive(two, monkeypatch):
    class Full:
        def __init__(self, _):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def write(self, _):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(contents.tempfile, "SpooledTemporaryFile", Full)
    contents._known.clear()
    with pytest.raises(FmuImportError, match=r"cannot be unpacked for temporary use .*No space left"):
        archive.acquire(two[0])


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.fmu")
    with pytest.raises(CotwinError, match="is no file but a folder or a device"):
        contents.digest(tmp_path / "pipe.fmu", archive._FMU)


def test_the_memory_of_digests_and_of_descriptions_has_an_end(tmp_path, settled, monkeypatch):
    monkeypatch.setattr(contents, "_MOST", 3)
    monkeypatch.setattr(archive, "_MOST_CONTENTS", 2)
    archive._contents.clear()
    for index in range(5):
        content(stored(tmp_path / f"{index}.fmu", {**ENTRIES, "x": str(index)}))
    assert len(contents._known) <= 3
    assert len(archive._contents) == 2
