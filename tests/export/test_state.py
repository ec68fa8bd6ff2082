"""Kept states of a whole: every component goes back, and what follows is the same to the bit."""

import zipfile

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.export.container import export_fmu
from orchestrator.system.yaml.file import from_mapping
from tests.export.exported import PARTS, POPULATIONS, exported_growth, growth, run, stepped
from tests.fmus.harness import FMICallException, running
from tests.kit.build import kit_fmu
from tests.plants import ROOT


@pytest.mark.parametrize("version", PARTS)
def test_what_follows_a_kept_state_comes_again(version):
    with running(exported_growth(version)) as fmu:
        fmu.initialize(tolerance=1e-6)
        before = stepped(fmu, 0, 4)
        state = fmu.keep()
        after = stepped(fmu, 4, 8)
        fmu.restore(state)
        assert tuple(float(fmu.get(name)[0]) for name in POPULATIONS) == before[-1]
        assert stepped(fmu, 4, 8) == after
        fmu.restore(state)
        assert stepped(fmu, 4, 8) == after
        fmu.free(state)
    expected = run(from_mapping(growth(), ROOT, "tests"))
    assert np.array_equal(np.array(before + after), np.stack([expected[name][1:9] for name in POPULATIONS], axis=1))


@pytest.mark.parametrize("version", PARTS)
def test_a_serialized_state_goes_on_in_another_instance(version):
    path = exported_growth(version)
    with running(path) as fmu:
        fmu.initialize(tolerance=1e-6)
        stepped(fmu, 0, 3)
        state = fmu.keep()
        data = fmu.serialize(state)
        fmu.free(state)
        expected = stepped(fmu, 3, 6)
    with running(path) as other:
        taken = other.deserialize(data)
        other.restore(taken)
        assert stepped(other, 3, 6) == expected
        other.free(taken)


@pytest.mark.parametrize("version", PARTS)
def test_bytes_that_are_no_state_of_this_system_are_refused(version):
    with running(exported_growth(version)) as fmu:
        fmu.initialize()
        state = fmu.keep()
        data = fmu.serialize(state)
        fmu.free(state)
        for wrong in (data[:-1], data[:60], b"\0" * len(data), data[:20] + b"?" + data[21:]):
            with pytest.raises(FMICallException):
                fmu.deserialize(wrong)
        assert stepped(fmu, 0, 1)


@pytest.mark.parametrize("version", PARTS)
def test_an_instance_begins_again_after_a_reset(version):
    with running(exported_growth(version)) as fmu:
        fmu.initialize(tolerance=1e-6)
        expected = stepped(fmu, 0, 3)
        fmu.fmu.terminate()
        fmu.fmu.reset()
        fmu.initialize(tolerance=1e-6)
        assert stepped(fmu, 0, 3) == expected


@pytest.mark.parametrize("version", PARTS)
def test_two_instances_in_one_process_know_nothing_of_each_other(version):
    path = exported_growth(version)
    with running(path) as one, running(path) as other:
        one.initialize(tolerance=1e-6)
        other.enter_initialization(tolerance=1e-6)
        other.set("prey.x", 1.5)
        other.fmu.exitInitializationMode()
        together = [(stepped(one, index, index + 1), stepped(other, index, index + 1)) for index in range(5)]
    with running(path) as alone:
        alone.initialize(tolerance=1e-6)
        assert [first[0] for first, _ in together] == stepped(alone, 0, 5)
    assert together[-1][0] != together[-1][1]


def test_states_are_declared_only_where_all_components_keep_theirs(tmp_path):
    without = kit_fmu("Dahlquist", "3.0", "co_simulation", get_set_state=False)
    bytes_missing = kit_fmu("Dahlquist", "2.0", "co_simulation", serialize=False)
    for extra, keeps, serializes in ((without, "false", "false"), (bytes_missing, "true", "false")):
        changed = growth()
        changed["components"]["third"] = {"source": str(extra)}
        path = export_fmu(from_mapping(changed, ROOT, "tests"), tmp_path / "whole.fmu").path
        text = zipfile.ZipFile(path).read("modelDescription.xml").decode()
        assert f'canGetAndSetFMUState="{keeps}"' in text
        assert f'canSerializeFMUState="{serializes}"' in text
        with running(path) as fmu:
            fmu.initialize()
            if keeps == "true":
                fmu.free(fmu.keep())
            else:
                with pytest.raises(FMICallException):
                    fmu.keep()
                assert "a component of the system cannot do it" in fmu.messages[-1]


@pytest.mark.parametrize("version", PARTS)
def test_a_checkpoint_of_a_run_with_a_whole_in_it_goes_on_to_the_bit(version):
    description = {
        "name": "nested", "components": {"growth": {"source": str(exported_growth(version))}},
        "experiment": {"stop": 4.0, "tolerance": 1e-6}, "step_size": 0.25,
    }  # fmt: skip
    with open_simulation(description) as simulation:
        simulation.run(2.0)
        checkpoint = simulation.checkpoint()
        expected = simulation.run()
    with open_simulation(description, resume=checkpoint) as again:
        found = again.run()
    assert found["growth.prey.x"][-1] == expected["growth.prey.x"][-1]
