"""Statuses of an FMU in a process of its own: compiled runs go on, end and are told of as interpreted ones."""

from typing import Any

import pytest

from tests.fmi import toys
from tests.master.compiled.test_controlled_runs import CONTROL, FLAGS, IN_RETURN
from tests.master.compiled.test_statuses import (
    DISCARD,
    ERROR,
    FATAL,
    IN_EARLY_STEP,
    IN_GET,
    IN_SET,
    IN_STEP,
    WARNING,
    bad_system,
    binaries,
    needs_compiler,
    ways,
)

__all__ = ["binaries"]


@pytest.fixture
def fmus(binaries, tmp_path):
    """The misbehaving FMU, which says that it can go back."""

    def make(version: str, number: int) -> str:
        entries = {
            "modelDescription.xml": toys.description(version, flags=FLAGS[version]),
            f"binaries/{toys.platform(version)}/bad.so": binaries[version].read_bytes(),
        }
        return str(toys.archive(tmp_path / f"{version}-{number}.fmu", entries))

    return make


@needs_compiler
@pytest.mark.parametrize("control", [{}, CONTROL], ids=["constant steps", "error control"])
@pytest.mark.parametrize(
    ("where", "status"),
    [
        *((IN_STEP, status) for status in (WARNING, DISCARD, ERROR, FATAL)),
        *((where, status) for where in (IN_SET, IN_GET, IN_RETURN) for status in (WARNING, ERROR)),
        (IN_EARLY_STEP, DISCARD),
    ],
)
def test_a_status_is_taken_alike(status, where, control, fmus, caplog):
    def go(run: Any) -> None:
        run.run(until=0.5)
        run.write("c1.where", where)
        run.run(until=1.0)
        run.write("c1.status", status)
        run.run(until=1.5)
        run.write("c1.status", 0)
        run.run()

    system = {**bad_system(fmus, "fmi3"), **control}
    system["components"]["c1"]["isolation"] = "process"
    compiled, interpreted = ways(system, go, caplog)
    for seen in (compiled, interpreted):  # how often it is said depends on how often a step is tried
        seen["logged"] = {line for line in seen["logged"] if "state given back" not in line}
    assert compiled == interpreted
