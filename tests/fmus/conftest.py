import pytest

from fmus.build import BuiltFmus, build
from tests.fmus import toys


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, BuiltFmus]:
    """Every toy model as FMUs."""
    out = tmp_path_factory.mktemp("build") / "fmus"
    return {name: build(make(), out, stem=name) for name, make in toys.ALL.items()}


@pytest.fixture(params=["fmi2", "fmi3"])
def version(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def fmu(built, version):
    """Path of the FMU of a toy in the version under test."""
    return lambda name: getattr(built[name], version)
