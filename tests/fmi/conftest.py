import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fmus.build import BuiltFmus, build
from tests.fmi.toys import kinds


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> BuiltFmus:
    """The toy with every storage class, as FMI 2.0 and 3.0."""
    if shutil.which("gcc") is None and shutil.which("cc") is None:
        pytest.skip("building FMUs needs a C compiler")
    return build(kinds(), tmp_path_factory.mktemp("kinds") / "fmus")


@pytest.fixture(params=["fmi2", "fmi3"])
def version(request) -> str:
    return request.param


@pytest.fixture
def fmu(built, version) -> Path:
    """The toy in the version under test."""
    return getattr(built, version)


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory, monkeypatch) -> Iterator[Path]:
    """A folder of its own for the temporary files of a test, in which no unpacked FMU may stay behind."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.glob("cotwin-*")) == []
