"""Values of every type flow in the compiled loop as they do in the interpreted algorithms, or are refused alike."""

import atexit
import re
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cotwin
from orchestrator.assembly import open_simulation
from tests.doubles import FunctionInstance, an_input, an_output
from tests.kit.answers import EXTREMES
from tests.kit.build import compiler, kit_fmu, write_archive
from tests.kit.models import OLD_TYPES
from tests.master.compiled.by_address import ALONE, TOGETHER, both_ways

needs_compiler = pytest.mark.skipif(compiler() is None, reason="building the kit needs a C compiler")
ALGORITHMS = ("jacobi", "gauss_seidel")
VERSIONS = ("1.0", "2.0", "3.0")


WITHOUT_TEXT = {
    r'(<(String|Binary|ScalarVariable) name="(String|Binary)_u" valueReference="\d+" )'
    r'(causality="input" variability="discrete")': r'\1causality="parameter" variability="fixed"',
    r'(name="String_u" valueReference="\d+" )variability="discrete" causality="input"': r'\1variability="parameter" '
    r'causality="internal"',
    r'(name="(String|Binary)_y" valueReference="\d+" )causality="output"': r'\1causality="local"',
    r'(name="String_y" valueReference="\d+" variability="discrete" )causality="output"': r'\1causality="internal"',
    r"<DirectDependency>\s*<Name>String_u</Name>\s*</DirectDependency>": "",
    r'<Unknown index="9" dependencies="8"/>': "",
    r'<(Output|InitialUnknown) valueReference="(24|28)" dependencies="\d+"/>': "",
}
"""Text and bytes that pass through no more: the inputs become parameters, the outputs locals."""


@cache
def numbers(version: str) -> Path:
    """The FMU in which every type passes through, but text and bytes."""
    fmu = kit_fmu("Feedthrough", version, "co_simulation")
    with zipfile.ZipFile(fmu) as archive:
        entries: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    text = archive_text = entries["modelDescription.xml"].decode()  # type: ignore[union-attr]
    for pattern, new in WITHOUT_TEXT.items():
        text = re.sub(pattern, new, text)
    assert text != archive_text
    folder = Path(tempfile.mkdtemp(prefix="numbers-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return write_archive({**entries, "modelDescription.xml": text}, folder / f"numbers-{version[0]}.fmu")


def kit(version: str, *, text: bool = False, **more: Any) -> dict[str, Any]:
    return {"source": str(kit_fmu("Feedthrough", version, "co_simulation") if text else numbers(version)), **more}


def alike(description: dict[str, Any], *, strides: bool = True, record: Sequence[str] = ("*",)) -> Any:
    """Results of a run by one thread, by three, and interpreted, and the text of an error where it ends with one."""
    results: list[Any] = []
    for interpreted, threads in ((False, ALONE), (False, TOGETHER), (True, None)):
        recording = {**description, "record": list(record)}
        with open_simulation(recording, interpreted=interpreted, threads=threads) as simulation:
            assert simulation.strides == (strides and not interpreted)
            try:
                results.append(simulation.run())
            except cotwin.CotwinError as error:
                results.append((simulation.results(), str(error)))
    *compiled, expected = results
    for found in compiled:
        same(found, expected)
    return results[0]


def same(found: Any, expected: Any) -> None:
    """Assert that results, and errors, agree to the bit."""
    if isinstance(expected, tuple):
        assert found[1] == expected[1]
        found, expected = found[0], expected[0]
    assert np.array_equal(found.times, expected.times)
    for name in expected.names:
        assert found[name].tolist() == expected[name].tolist(), name


def chain(versions: Sequence[str], types: Sequence[str], **keys: Any) -> dict[str, Any]:
    """The types pass through FMUs one behind the other; the first is given the extreme values."""
    names = [f"c{index}" for index in range(len(versions))]
    text = "String" in types
    components = {name: kit(version, text=text) for name, version in zip(names, versions, strict=True)}
    given = {name: EXTREMES[name] for name in types}
    components["c0"]["parameters"] = {
        f"{name}_u": value.hex() if isinstance(value, bytes) else value for name, value in given.items()
    }
    connections = [f"{one}.{name}_y -> {other}.{name}_u" for one, other in pairwise(names) for name in types]
    experiment = {"stop": 1.0}
    return {
        "name": "chain", "components": components, "connections": connections, "experiment": experiment,
        "step_size": 0.1, **keys,
    }  # fmt: skip


@needs_compiler
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("last", VERSIONS)
@pytest.mark.parametrize("first", VERSIONS)
def test_types_of_all_versions_pass_from_one_version_to_another(first, last, algorithm):
    types = [name for name in OLD_TYPES if name != "String"]
    found = alike(chain([first, last, first], types, algorithm=algorithm), record=[f"*.{name}_*" for name in types])
    for name in types:
        assert found[f"c2.{name}_y"][-1] == EXTREMES[name]


@needs_compiler
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_all_types_of_fmi_3_pass_and_text_and_bytes_by_python(algorithm):
    description = chain(["3.0"] * 3, list(EXTREMES), algorithm=algorithm)
    description["components"]["other"] = kit("3.0")  # nothing of it is text
    found = alike(description, record=[f"*.{name}_*" for name in EXTREMES if name not in ("String", "Binary")])
    assert alike(description, record=["c2.String_y"])["c2.String_y"][-1] == EXTREMES["String"]
    for name, value in EXTREMES.items():
        if name in ("String", "Binary"):
            continue
        assert found[f"c2.{name}_y"][-1] == value


@needs_compiler
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_text_makes_only_its_components_step_by_python(algorithm):
    description = chain(["3.0", "3.0"], ["String"], algorithm=algorithm)
    description["components"] |= {"n0": kit("2.0", parameters={"Float64_u": 0.25}), "n1": kit("3.0")}
    description["connections"] += ["n0.Float64_y -> n1.Float64_u"]
    for record in (["n0.Float64_*", "n1.Float64_*", "c1.String_y"], ["n0.Float64_*", "n1.Float64_*"]):
        found = alike(description, record=record)
        assert found["n1.Float64_y"][-1] == 0.25


@needs_compiler
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    "connection",
    [
        "a.Int32_y -> b.Float64_u",
        "a.Int64_y -> b.Float64_u",
        "a.Boolean_y -> b.Float64_u",
        "a.Boolean_y -> b.Int16_u",
        "a.Boolean_y -> b.UInt64_u",
        "a.UInt32_y -> b.UInt64_u",
        "a.UInt8_y -> b.Int64_u",
        "a.Enumeration_y -> b.Enumeration_u",
        "a.Enumeration_y -> b.Int8_u",
        "a.Int32_y -> b.Boolean_u",
        "a.Int32_y -> b.Enumeration_u",
        "a.Float32_y -> b.Float64_u",
        "a.Float64_y -> b.Float32_u",
        "a.Int64_y -> b.Int8_u",
        {"connect": "a.Int32_y -> b.Int32_u", "map": {1: 7, 2: -3}},
        {"connect": "a.Int32_y -> b.Float64_u", "map": {1: 7}},
        {"connect": "a.Boolean_y -> b.Boolean_u", "map": {True: False, False: True}},
        {"connect": "a.Float64_y -> b.Float64_u", "factor": 3.0, "offset": 0.1},
    ],
    ids=str,
)
def test_values_are_put_into_another_type_on_their_way_alike(connection, algorithm):
    text = connection if isinstance(connection, str) else connection["connect"]
    source = text.split(" -> ")[0].removeprefix("a.").replace("_y", "_u")
    given = {"Int32_u": 1, "Boolean_u": True, "Enumeration_u": 2, "Float64_u": 1.1, "Float32_u": 0.1}
    description = {
        "name": "pair",
        "components": {"a": kit("3.0", parameters={source: given.get(source, 3)}), "b": kit("3.0")},
        "connections": [connection],
        "experiment": {"stop": 1.0},
        "step_size": 0.1,
        "algorithm": algorithm,
    }
    alike(description, record=["a.Int*", "b.*oat*", "b.*Int*", "b.Bool*", "b.Enum*"])


def counter(storage: str, values: Sequence[int]) -> list[FunctionInstance]:
    """An integer that takes these values one after the other, and what takes a float from it, and another float."""
    source = FunctionInstance(
        lambda t, u: values[min(round(t / 0.1), len(values) - 1)],
        name="a", inputs=[], outputs=[an_output("y", storage=storage)],
    )  # fmt: skip
    return [source, FunctionInstance(lambda t, u: 2.0 * u, name="b"), FunctionInstance(lambda t, u: u, name="c")]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("python", [(), ("a",), ("b",)])
@pytest.mark.parametrize("largest", [2**53, 2**53 + 1, -(2**53), -(2**53) - 1])
def test_an_integer_that_no_float_holds_ends_the_run_alike(largest, python, algorithm):
    found = both_ways(
        lambda: counter("int64", [1, 2, 3, largest]), ["a.y -> b.u", "b.y -> c.u"], python=python, algorithm=algorithm
    )
    assert (found["error"] is None) == (abs(largest) <= 2**53)
    assert found["error"] is None or "2**53 exactly" in found["error"][1]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_value_that_the_destination_cannot_take_ends_the_run_alike(algorithm):
    def make() -> list[FunctionInstance]:
        source, *_ = counter("int64", [0, 1, 0, 5])
        switch = FunctionInstance(lambda t, u: u, name="b", inputs=[an_input("u", storage="boolean", start=False)])
        return [source, switch]

    found = both_ways(make, ["a.y -> b.u"], algorithm=algorithm)
    assert "the value 5 is none that the destination can take" in found["error"][1]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_arrays_and_single_elements_flow_alike(algorithm):
    def make() -> list[FunctionInstance]:
        return [
            FunctionInstance(
                lambda t, u, x: x, name=name, step=lambda t, h, u, x: x + h * (u[::-1] - x * np.arange(6)),
                state=list(range(6)), inputs=[an_input("u", size=6)], outputs=[an_output("y", size=6)],
            )
            for name in "ab"
        ]  # fmt: skip

    elements = [{"connect": f"b.y[{k}] -> a.u[{7 - k}]", "factor": 1.0 / k, "offset": k - 3.0} for k in range(1, 6)]
    both_ways(make, ["a.y -> b.u", *elements], algorithm=algorithm)
