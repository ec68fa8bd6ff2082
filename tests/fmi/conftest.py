import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from fmus.build import BuiltFmus, build
from orchestrator.fmi.model_exchange import open_exchange
from orchestrator.fmi.variables import read_model
from orchestrator.system.description import Solver
from tests.fmi import toys
from tests.fmi.exchange_runs import METHODS, put
from tests.fmi.exchange_toys import exchange_fmu
from tests.fmi.toys import kinds


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> BuiltFmus:
    """The toy with every storage class, as FMI 2.0 and 3.0."""
    if shutil.which("gcc") is None and shutil.which("cc") is None:
        pytest.skip("building FMUs needs a C compiler")
    return build(kinds(), tmp_path_factory.mktemp("kinds") / "fmus")


@pytest.fixture(scope="session", autouse=True)
def bytecode() -> Iterator[None]:
    """The processes that these tests start keep what they compile for the next ones, whatever this one does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield


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


@pytest.fixture(scope="session")
def toy(tmp_path_factory):
    """Builds a toy once."""
    folder = tmp_path_factory.mktemp("exchange")
    return cache(lambda name, version: exchange_fmu(name, version, folder / version / name))


@pytest.fixture(params=METHODS)
def solver(request) -> Solver:
    return METHODS[request.param]


@pytest.fixture
def opened(toy, version):
    """Opens a toy; what was opened is closed at the end."""
    instances = []

    def make(name, solver=None, *, tolerance=None, parameters=None):
        instance = open_exchange(name, read_model(toy(name, version)), solver or Solver())
        instances.append(instance)
        for parameter, value in (parameters or {}).items():
            put(instance, parameter, value)
        instance.enter_initialization(0.0, None, tolerance)
        instance.exit_initialization()
        return instance

    yield make
    for instance in instances:
        instance.close()


@pytest.fixture(scope="session")
def binaries(tmp_path_factory):
    """The binaries of the misbehaving FMU."""
    return {version: toys.library(version, tmp_path_factory.mktemp(version)) for version in ("fmi2", "fmi3")}


@pytest.fixture
def make(binaries, version, tmp_path):
    """Packs the misbehaving FMU with another description, or another binary."""

    def making(name="bad.fmu", platform=None, binary=None, **description):
        entries = {
            "modelDescription.xml": toys.description(version, **description),
            f"binaries/{platform or toys.platform(version)}/bad.so": binary or binaries[version].read_bytes(),
        }
        return toys.archive(tmp_path / name, entries)

    return making
