"""Surrogates inside an exported system: the bits of the run, states, and what is refused."""

from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import fmpy
import numpy as np
import pytest
from fmpy.validation import validate_fmu

from cotwin.validation import fails, validated
from fmus.compiler import find_compiler
from fmus.errors import BuildError
from orchestrator.assembly import open_simulation
from orchestrator.errors import SurrogateError
from orchestrator.export.container import export_fmu
from orchestrator.fmi.variables import read_model
from orchestrator.system.yaml.file import from_mapping
from surrogates.design import Split
from surrogates.fmu import export_surrogate
from surrogates.instance import open_surrogate
from surrogates.package import Variable, load_package, save_package
from surrogates.zone_network import RATES, SCALARS
from surrogates.zone_training import save_zones
from tests.export.exported import PARTS, comes_again, run, run_in_fmpy
from tests.export.test_same_bits import same
from tests.fmus.harness import FMICallException, running
from tests.plants import ROOT, fmu
from tests.surrogates.small_tank import plan, subject, trained, trajectories


@pytest.fixture(scope="module", autouse=True)
def compiled_here(tmp_path_factory):
    """What these tests compile lies in a folder of its own."""
    try:
        find_compiler()
    except BuildError as error:
        pytest.skip(str(error))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    path = tmp_path_factory.mktemp("packages") / "small_tank.surrogate"
    save_zones(path, subject(), trained(10), trajectories(), plan(10))
    return path


@pytest.fixture(scope="module")
def alone(package):
    return export_surrogate(package, package.with_name("small_tank.fmu"))


def tank(package: Path, **changes):
    """A surrogate whose feed grows, fed back through a gain, which leaves its validity domain at last."""
    held = {name: trajectories()[Split.TEST][0].values[name][0] for name in (*SCALARS, *RATES)}
    signals = {"feed": {"ramp": {"from": 50.0, "to": 75.0, "stop": 40.0}}}
    fed = ("feed", "CER")
    given = {name: each.tolist() if each.size > 1 else float(each[0]) for name, each in held.items() if name not in fed}
    return {
        "name": "tank",
        "components": {
            "inputs": {"signals": signals},
            "reactor": {"source": str(package), "parameters": given},
            "gain": {"source": str(fmu("gain", 2))},
        },
        "connections": [
            "inputs.feed -> reactor.feed",
            "reactor.offgas_CO2 -> gain.u",
            {"connect": "gain.y -> reactor.CER", "offset": 60.0, "delay": True},
        ],
        "experiment": {"stop": 20.0},
        "step_size": 1.0,
        "record": ["*"],
        **changes,
    }


def described(*arguments, **changes):
    return from_mapping(tank(*arguments, **changes), ROOT, "tests")


@pytest.mark.parametrize("version", PARTS)
@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_a_system_with_a_surrogate_runs_in_fmpy_with_the_bits_of_cotwin(package, version, algorithm, tmp_path):
    description = described(package, algorithm=algorithm)
    path = export_fmu(description, tmp_path / "whole.fmu", version=version).path
    assert validate_fmu(str(path)) == []
    assert not fails(validated(path), strict=False)
    shared = same(run_in_fmpy(path, description), run(description))
    assert {"reactor.X[3]", "reactor.offgas_CO2", "gain.y"} <= set(shared)


def test_the_whole_runs_in_cotwin_with_the_same_bits(package, tmp_path):
    description = described(package)
    path = export_fmu(description, tmp_path / "whole.fmu").path
    whole = {**tank(package), "components": {"whole": {"source": str(path)}}, "connections": []}
    found, expected = run(from_mapping(whole, ROOT, "tests")), run(description)
    names = [name for name in expected.names if f"whole.{name}" in found.names]
    assert len(names) > 40
    for name in names:
        assert np.asarray(found[f"whole.{name}"]).tobytes() == np.asarray(expected[name]).tobytes(), name


@pytest.mark.parametrize("version", PARTS)
def test_states_with_a_surrogate_are_kept_and_serialized(package, version, tmp_path):
    path = export_fmu(described(package), tmp_path / "whole.fmu", version=version).path
    comes_again(path, 3, 6, 1.0, ("gain.y", "reactor.X"))


def test_the_fmu_of_a_package_has_its_connectors(package, alone):
    assert validate_fmu(str(alone)) == []
    expected = {each.name: each for each in open_surrogate("reactor", package).connectors}
    found = {each.name: each for each in read_model(alone).connectors}
    assert found.keys() - expected.keys() == {"time"}
    for name, each in expected.items():
        mine = found[name]
        assert (mine.causality, mine.shape, mine.variability) == (each.causality, each.shape, each.variability)
        assert mine.unit is not None
        assert mine.unit.name == each.unit.name


def test_a_parameter_with_another_value_than_that_of_the_training_is_refused_by_name(alone):
    with running(alone) as one:
        one.set("S_feed", 499.0)
        with pytest.raises(FMICallException):
            one.initialize()


def test_a_step_of_another_length_and_a_value_that_is_not_finite_are_errors(alone):
    with running(alone) as one:
        one.initialize()
        with pytest.raises(FMICallException):
            one.step(0.0, 0.5)
        one.step(0.0, 1.0)
        kept = one.keep()
        one.set("CER", np.nan)
        with pytest.raises(FMICallException):
            one.step(1.0, 1.0)
        one.restore(kept)
        one.step(1.0, 1.0)
        one.free(kept)


def test_bytes_that_are_no_state_of_the_surrogate_are_refused(alone):
    with running(alone) as one:
        one.initialize()
        state = one.keep()
        data = one.serialize(state)
        one.free(state)
        for wrong in (data[:-1], b"\0" * len(data), b"?" + data[1:], b""):
            with pytest.raises(FMICallException):
                one.deserialize(wrong)
        one.step(0.0, 1.0)


def test_the_whole_warns_where_a_surrogate_leaves_its_validity_domain(package, tmp_path):
    far = tank(package)
    far["components"]["inputs"]["signals"]["feed"]["ramp"]["to"] = 500.0
    far["connections"] = far["connections"][:2]
    far["components"]["reactor"]["parameters"]["CER"] = float(trajectories()[Split.TEST][0].values["CER"][0, 0])
    description = from_mapping(far, ROOT, "tests")
    path = export_fmu(description, tmp_path / "whole.fmu").path
    said = []
    run_in_fmpy(path, description, logger=lambda *answer: said.append(str(answer[-1])))
    assert [text for text in said if "reactor: outside the validity domain" in text and "feed = " in text], said


def test_names_from_a_card_are_text_and_nothing_else(package, tmp_path):
    card, arrays = load_package(package)
    odd = 'a"b\\" */ %s $(x) <&> é'
    extra = Variable(odd, "output", 0, 999, odd, (), 1.0, False, None, odd)
    box = {f"{odd}{name}": bounds for name, bounds in card.box.items()}
    path = tmp_path / "odd.surrogate"
    save_package(path, replace(card, name=odd, variables=(*card.variables, extra), box=box), arrays)
    alone = export_surrogate(path, tmp_path / "odd.fmu")
    assert odd in [each.name for each in read_model(alone).connectors]
    said = []
    with running(alone) as one:
        one.initialize()
        one.step(0.0, 1.0)
    fmpy.simulate_fmu(str(alone), stop_time=2.0, output_interval=1.0, logger=lambda *answer: said.append(answer[-1]))
    assert any(odd in each.decode() for each in said)


def test_a_surrogate_that_is_broken_or_not_there_is_named(package, tmp_path):
    (tmp_path / "broken.surrogate").mkdir()
    for source in ("broken", "nowhere"):
        with pytest.raises(Exception, match="component 'reactor'"):
            export_fmu(described(tmp_path / f"{source}.surrogate"), tmp_path / "whole.fmu")
    with pytest.raises(SurrogateError, match="Give another file"):
        export_surrogate(package, tmp_path / "nowhere" / "x.fmu")


def test_surrogates_of_the_same_package_share_their_files(package, tmp_path):
    twice = tank(package)
    twice["components"]["second"] = twice["components"]["reactor"]
    description = from_mapping(twice, ROOT, "tests")
    path = export_fmu(description, tmp_path / "whole.fmu").path
    with ZipFile(path) as archive:
        assert len([name for name in archive.namelist() if name.endswith("modelDescription.xml")]) == 3
    with open_simulation(description) as simulation:
        assert same(run_in_fmpy(path, description), simulation.run())
