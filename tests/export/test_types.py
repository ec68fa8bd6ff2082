"""Values of every type go through a whole as they go through the loop of cotwin."""

import numpy as np
import pytest

from orchestrator.export.container import export_fmu
from orchestrator.system.yaml.file import from_mapping
from tests.export.exported import run
from tests.fmus.harness import FMICallException, running
from tests.kit.answers import EXTREMES
from tests.kit.build import compiler, kit_fmu
from tests.kit.models import OLD_TYPES
from tests.plants import ROOT

pytestmark = pytest.mark.skipif(compiler() is None, reason="building the kit needs a C compiler")
TEXT = ("String", "Binary")


def chain(versions, connections, kind="co_simulation", **parameters):
    names = [f"c{index}" for index in range(len(versions))]
    components = {
        name: {"source": str(kit_fmu("Feedthrough", version, kind)), "kind": kind}
        for name, version in zip(names, versions, strict=True)
    }
    components["c0"]["parameters"] = {f"{name}_u": value for name, value in parameters.items()}
    return from_mapping(
        {
            "name": "chain", "components": components, "connections": connections, "experiment": {"stop": 0.5},
            "step_size": 0.125, "record": ["*"],
        },
        ROOT,
        "tests",
    )  # fmt: skip


def outputs(description, path, version, names):
    """The outputs named, after two steps, as FMPy and as cotwin have them."""
    export_fmu(description, path, version=version)
    expected = run(description)
    with running(path) as fmu:
        fmu.initialize()
        fmu.step(0.0, 0.125)
        fmu.step(0.125, 0.125)
        for name in names:
            assert np.array_equal(fmu.get(name), np.asarray([expected[name][2]])), name
    return expected


@pytest.mark.parametrize("versions", [("3.0", "2.0", "3.0"), ("2.0", "3.0", "2.0")])
@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_types_of_both_versions_pass_from_one_to_the_other(version, versions, tmp_path):
    types = [name for name in OLD_TYPES if name not in TEXT]
    connections = [f"c{k}.{name}_y -> c{k + 1}.{name}_u" for k in (0, 1) for name in types]
    description = chain(versions, connections, **{name: EXTREMES[name] for name in types})
    found = outputs(description, tmp_path / "chain.fmu", version, [f"c2.{name}_y" for name in types])
    assert all(found[f"c2.{name}_y"][-1] == EXTREMES[name] for name in types)


def test_all_numbers_of_fmi_3_pass(tmp_path):
    types = [name for name in EXTREMES if name not in TEXT]
    connections = [f"c0.{name}_y -> c1.{name}_u" for name in types]
    description = chain(["3.0", "3.0"], connections, **{name: EXTREMES[name] for name in types})
    found = outputs(description, tmp_path / "chain.fmu", "3.0", [f"c1.{name}_y" for name in types])
    assert all(found[f"c1.{name}_y"][-1] == EXTREMES[name] for name in types)


def test_types_are_converted_where_connections_do_so(tmp_path):
    connections = [
        "c0.Int32_y -> c1.Float64_u",
        "c0.Boolean_y -> c1.Float32_u",
        "c0.Int8_y -> c1.Int64_u",
        "c0.UInt8_y -> c1.UInt64_u",
        {"connect": "c0.Float64_y -> c1.Float64_u", "factor": 3.0, "offset": 0.1},
        {"connect": "c0.Int16_y -> c1.Int16_u", "map": {5: -7, 6: 8}},
        {"connect": "c0.UInt16_y -> c1.Boolean_u"},
    ]
    given = {"Int32": -3, "Boolean": True, "Int8": -8, "UInt8": 200, "Int16": 5, "UInt16": 1, "Float64": 0.7}
    description = chain(["3.0", "3.0"], [connections[0], *connections[1:4], *connections[5:]], **given)
    names = ["Float64", "Float32", "Int64", "UInt64", "Int16", "Boolean"]
    found = outputs(description, tmp_path / "chain.fmu", "3.0", [f"c1.{name}_y" for name in names])
    assert [found[f"c1.{name}_y"][-1] for name in names] == [-3.0, 1.0, -8, 200, -7, True]
    scaled = chain(["3.0", "2.0"], [connections[4]], **given)
    found = outputs(scaled, tmp_path / "scaled.fmu", "2.0", ["c1.Float64_y"])
    assert found["c1.Float64_y"][-1] == 3.0 * 0.7 + 0.1


@pytest.mark.parametrize(
    ("connection", "wrong", "says"),
    [
        ("c0.Int64_y -> c1.Float64_u", {"Int64": 2**53 + 1}, "only up to 2**53"),
        ("c0.Int32_y -> c1.Int8_u", {"Int32": 128}, "does not fit"),
        ("c0.Int32_y -> c1.Boolean_u", {"Int32": 2}, "no value that the destination can take"),
    ],
)
def test_a_value_that_its_destination_does_not_hold_is_an_error_with_its_path(connection, wrong, says, tmp_path):
    path = export_fmu(chain(["3.0", "3.0"], [connection]), tmp_path / "chain.fmu").path
    with running(path) as fmu:
        fmu.initialize()
        for name, value in wrong.items():
            fmu.set(f"c0.{name}_u", value)
        with pytest.raises(FMICallException):
            fmu.step(0.0, 0.25)
        assert connection in fmu.messages[-1]
        assert says in fmu.messages[-1]
