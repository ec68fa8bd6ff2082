"""An FMU that fails after it was instantiated: it is freed once, and after a fatal error left alone."""

import shutil
from contextlib import closing

import numpy as np
import pytest

from orchestrator.errors import CapabilityError, FmuImportError, InitializationError
from orchestrator.fmi.opening import open_component
from orchestrator.instance import Bundle
from orchestrator.system.description import Component
from tests.fmi import toys

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the misbehaving FMU needs a C compiler")

_LOG = '<LogCategories><Category name="{}"/></LogCategories>'
_STRUCTURE = '<UInt64 name="n" valueReference="9" causality="structuralParameter" variability="fixed" start="1"/>'
_TEXT = '<String name="text" valueReference="9" causality="output"/>'
_EVENTS = 'canHandleVariableCommunicationStepSize="true" hasEventMode="true"'


@pytest.fixture(scope="module")
def binaries(tmp_path_factory):
    return {version: toys.library(version, tmp_path_factory.mktemp(version)) for version in ("fmi2", "fmi3")}


@pytest.fixture
def make(binaries, tmp_path):
    def making(version, *, without=None, **description):
        binary = binaries[version].read_bytes()
        if without is not None:
            binary = binary.replace(without.encode() + b"\0", without[:-1].encode() + b"_\0")
        entries = {
            "modelDescription.xml": toys.description(version, **description),
            f"binaries/{toys.platform(version)}/bad.so": binary,
        }
        return toys.archive(tmp_path / "bad.fmu", entries)

    return making


def freed(caplog):
    return sum("freed" in record.message for record in caplog.records)


@pytest.mark.parametrize("version", ["fmi2", "fmi3"])
def test_messages_that_cannot_be_switched_on_are_told_and_the_run_goes_on(make, version, caplog):
    path = make(version, extra=_LOG.format("logStatusError"))
    with closing(open_component("bad", Component(source=path))) as instance:
        instance.enter_initialization(0.0, None, None)
    assert any("SetDebugLogging returned the status 2" in record.message for record in caplog.records)
    assert freed(caplog) == 1


@pytest.mark.parametrize("version", ["fmi2", "fmi3"])
def test_after_a_fatal_error_of_switching_messages_on_no_instance_of_the_fmu_is_called(make, version, caplog):
    path = make(version, extra=_LOG.format("logStatusError"))
    sibling = open_component("sibling", Component(source=path))
    toys.altered(path, path, "logStatusError", "logStatusFatal")
    with pytest.raises(InitializationError, match=rf"'bad': {version}SetDebugLogging returned Fatal"):
        open_component("bad", Component(source=path))
    (y,) = (connector for connector in sibling.connectors if connector.name == "y")
    with pytest.raises(CapabilityError, match=r"'sibling' cannot .*: it is broken by a fatal error"):
        sibling.get(Bundle.of([y]), np.zeros(1))
    sibling.close()
    assert freed(caplog) == 0


def test_an_fmu_that_refuses_its_structure_is_freed(make, caplog):
    path = make("fmi3", variables=toys.VARIABLES["fmi3"] + _STRUCTURE)
    with pytest.raises(FmuImportError, match="fmi3EnterConfigurationMode refused the structural parameters n = 2"):
        open_component("bad", Component(source=path, parameters={"n": 2}))
    assert freed(caplog) == 1


@pytest.mark.parametrize(
    ("version", "without", "more", "flags"),
    [
        ("fmi2", "fmi2Terminate", "", ""),
        ("fmi3", "fmi3GetString", _TEXT, ""),
        ("fmi2", "fmi2DoStep", "", ""),
        ("fmi3", "fmi3DoStep", "", ""),
        ("fmi3", "fmi3EnterEventMode", "", _EVENTS),
        ("fmi3", "fmi3GetClock", "", _EVENTS),
    ],
)
def test_an_fmu_that_lacks_a_function_is_freed(make, caplog, version, without, more, flags):
    path = make(version, without=without, variables=toys.VARIABLES[version] + more, flags=flags)
    with pytest.raises(FmuImportError, match="ask its supplier for a complete export"):
        open_component("bad", Component(source=path))
    assert freed(caplog) == 1
