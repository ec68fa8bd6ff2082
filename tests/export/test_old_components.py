"""Components of FMI 1.0 in a whole: the bits of cotwin's own run, and no states."""

import zipfile

import numpy as np
import pytest

from orchestrator.errors import CapabilityError
from orchestrator.export.container import export_fmu
from orchestrator.fmi.variables import read_model
from orchestrator.system.yaml.file import from_mapping
from tests.export.exported import PARTS, elements, run, run_in_fmpy
from tests.export.test_types import OLD_TYPES, TEXT, chain, outputs
from tests.fmus.harness import FMICallException, running
from tests.kit.answers import EXTREMES
from tests.kit.build import changed, compiler, kit_fmu
from tests.plants import ROOT

pytestmark = pytest.mark.skipif(compiler() is None, reason="building the kit needs a C compiler")


def mixed(old="Dahlquist", **changes):
    """A decay of FMI 1.0 and an integrator of each version behind it, the last one closing a loop."""
    sources = {"decay": kit_fmu(old, "1.0", "co_simulation")}
    sources |= {
        f"sum{version[0]}": kit_fmu("Integrator", version, "co_simulation") for version in ("1.0", "2.0", "3.0")
    }
    return {
        "name": "mixed",
        "components": {name: {"source": str(source)} for name, source in sources.items()},
        "connections": ["decay.x -> sum1.u", "sum1.y -> sum2.u", "sum2.y -> sum3.u"],
        "experiment": {"start": 1.0, "stop": 4.0, "tolerance": 1e-6},
        "step_size": 0.125,
        "record": ["*"],
        **changes,
    }


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("version", PARTS)
def test_components_of_fmi_1_run_with_the_bits_of_cotwin(version, algorithm, tmp_path):
    described = mixed(algorithm=algorithm)
    described["components"]["sum1"] |= {"parameters": {"x": 0.5}, "step_size": 0.0625}
    description = from_mapping(described, ROOT, "tests")
    path = export_fmu(description, tmp_path / "mixed.fmu", version=version).path
    found, expected = elements(run_in_fmpy(path, description, start_time=1.0)), run(description)
    assert {"decay.x", "sum1.y", "sum3.y"} <= set(found)
    for name in expected.names:
        if name in found:
            assert np.array_equal(found[name], np.asarray(expected[name]).astype(found[name].dtype)), name
    capabilities = read_model(path).interface("CoSimulation").capabilities
    assert not capabilities.get_set_state
    assert not capabilities.serialize_state
    assert "it keeps no state, since 'decay' and 'sum1' cannot" in text_of(path)


def text_of(path):
    return zipfile.ZipFile(path).read("modelDescription.xml").decode()


@pytest.mark.parametrize("kind", ["co_simulation", "model_exchange"])
@pytest.mark.parametrize("versions", [("1.0", "2.0", "3.0"), ("3.0", "1.0", "1.0")])
def test_outputs_follow_inputs_through_all_components_before_the_first_step(versions, kind, tmp_path):
    types = [name for name in OLD_TYPES if name not in TEXT]
    connections = [f"c{k}.{name}_y -> c{k + 1}.{name}_u" for k in (0, 1) for name in types]
    description = chain(versions, connections, kind, **{name: EXTREMES[name] for name in types})
    found = outputs(description, tmp_path / "chain.fmu", "3.0", [f"c2.{name}_y" for name in types])
    assert all(found[f"c2.{name}_y"][-1] == EXTREMES[name] for name in types)
    with running(tmp_path / "chain.fmu") as fmu:
        fmu.enter_initialization()
        fmu.set("c0.Float64_u", 2.5)
        assert fmu.get("c2.Float64_y") == 2.5
        fmu.set("c0.Float64_u", 3.5)
        fmu.fmu.exitInitializationMode()
        assert fmu.get("c2.Float64_y") == 3.5


@pytest.mark.parametrize("kind", ["co_simulation", "model_exchange"])
@pytest.mark.parametrize("version", PARTS)
def test_an_instance_with_components_of_fmi_1_begins_again_after_a_reset(version, kind, tmp_path):
    described = mixed()
    for name, stem in (("decay", "Dahlquist"), ("sum1", "Integrator")):
        described["components"][name] = {"source": str(kit_fmu(stem, "1.0", kind)), "kind": kind}
    path = export_fmu(from_mapping(described, ROOT, "tests"), tmp_path / "mixed.fmu", version=version).path

    def values(fmu):
        fmu.initialize(start=1.0)
        for index in range(4):
            fmu.step(1.0 + index * 0.125, 0.125)
        return float(fmu.get("sum3.y")[0])

    with running(path) as fmu:
        expected = values(fmu)
        fmu.fmu.terminate()
        fmu.fmu.reset()
        assert values(fmu) == expected != 0.0


def test_a_component_of_fmi_1_that_fails_is_named(tmp_path):
    described = mixed()
    described["components"]["decay"]["source"] = str(kit_fmu("Dahlquist", "1.0", "co_simulation", discard_at=1.3))
    path = export_fmu(from_mapping(described, ROOT, "tests"), tmp_path / "mixed.fmu").path
    with running(path) as fmu:
        fmu.initialize(start=1.0)
        fmu.step(1.0, 0.125)
        with pytest.raises(FMICallException):
            fmu.step(1.125, 0.25)
        assert "component 'decay' refused (discard) in its step from t = 1.25 s" in fmu.messages[-1]


def test_aliases_with_the_opposite_sign_are_refused(tmp_path):
    source = kit_fmu("Integrator", "1.0", "co_simulation")
    negated = changed(source, tmp_path / "negated.fmu", {'name="y"': 'name="y" alias="negatedAlias"'})
    described = mixed()
    described["components"]["sum1"]["source"] = str(negated)
    with pytest.raises(CapabilityError, match=r"'sum1.y': a container knows no aliases with the opposite sign"):
        export_fmu(from_mapping(described, ROOT, "tests"), tmp_path / "mixed.fmu")
