"""The surrogate of the small tank through the seam, against the runs that it was not trained on."""

from pathlib import Path

import numpy as np
import pytest

from orchestrator.errors import CapabilityError, InitializationError, StepError, SurrogateError
from orchestrator.instance import Bundle, StateWrite, Status
from orchestrator.plain_data import pack
from orchestrator.system.connector import Causality, Connector, Storage
from surrogates.dataset import Trajectory
from surrogates.design import Split
from surrogates.instance import SurrogateInstance, open_surrogate
from surrogates.zone_network import LUMPS, RATES, SCALARS, SPECIES
from surrogates.zone_training import save_zones
from tests.surrogates.small_tank import N_ZONES, plan, subject, trained, trajectories


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packages") / "small_tank.surrogate"
    save_zones(path, subject(), trained(10), trajectories(), plan(10))
    return path


@pytest.fixture
def instance(package: Path) -> SurrogateInstance:
    surrogate = open_surrogate("reactor", package)
    surrogate.enter_initialization(0.0, None, None)
    surrogate.exit_initialization()
    return surrogate


def bundle(instance: SurrogateInstance, *names: str) -> Bundle:
    connectors = {connector.name: connector for connector in instance.connectors}
    return Bundle.of([connectors[name] for name in names])


def read(instance: SurrogateInstance, *names: str) -> np.ndarray:
    wanted = bundle(instance, *names)
    values = np.empty(wanted.size)
    instance.get(wanted, values)
    return values


def full_state(run: Trajectory, row: int) -> dict[str, np.ndarray]:
    return {name: run.values[name][row] for name in (*SPECIES, *LUMPS)}


def hold(instance: SurrogateInstance, run: Trajectory, row: int) -> None:
    names = (*SCALARS, *RATES)
    instance.set(bundle(instance, *names), np.concatenate([run.values[name][row] for name in names]))


def test_it_follows_a_run_that_it_was_not_trained_on(instance: SurrogateInstance):
    run = trajectories()[Split.TEST][0]
    instance.restart(0.0, full_state(run, 0))
    for k in range(run.steps):
        hold(instance, run, k)
        assert instance.do_step(float(k), 1.0).status is Status.OK
    for name in SPECIES:
        np.testing.assert_allclose(read(instance, name), run.values[name][-1], rtol=2e-4)
    np.testing.assert_allclose(
        read(instance, "kLa", "power", "V"), [run.values[n][-1, 0] for n in ("kLa", "power", "V")]
    )
    np.testing.assert_allclose(read(instance, "S_mean"), run.values["S"][-1].mean(), rtol=1e-4)
    np.testing.assert_array_equal(read(instance, "offgas_O2"), read(instance, "y_O2"))


def test_the_state_read_back_restarts_it_at_the_same_place(instance: SurrogateInstance):
    run = trajectories()[Split.TEST][1]
    instance.restart(0.0, full_state(run, 8))
    hold(instance, run, 8)
    instance.do_step(8.0, 1.0)
    written = {name: read(instance, name) for name in (*SPECIES, *LUMPS)}
    instance.restart(9.0, written)
    for name in (*SPECIES, *LUMPS):
        np.testing.assert_allclose(read(instance, name), written[name], rtol=1e-12, atol=1e-14)


def test_scalars_of_fmi_2_and_an_array_of_fmi_3_are_the_same_values(instance: SurrogateInstance):
    scalars = [Connector(f"S[{k}]", Causality.OUTPUT, Storage.FLOAT64, 900 + k) for k in range(1, N_ZONES + 1)]
    values = np.empty(N_ZONES)
    instance.get(Bundle.of(scalars), values)
    np.testing.assert_array_equal(values, read(instance, "S"))
    instance.restart(0.0, {f"S[{k}]": np.array([0.04]) for k in range(1, N_ZONES + 1)})
    np.testing.assert_allclose(read(instance, "S"), 0.04, rtol=1e-12)


def test_a_kept_state_repeats_the_run_to_the_bit(instance: SurrogateInstance):
    run = trajectories()[Split.TEST][0]
    instance.restart(0.0, full_state(run, 3))
    hold(instance, run, 3)
    kept = instance.save_state()
    results = []
    for _ in range(2):
        for k in range(4):
            instance.do_step(float(k), 1.0)
        results.append(read(instance, *SPECIES, *LUMPS))
        instance.restore_state(kept)
    np.testing.assert_array_equal(results[0], results[1])
    instance.free_state(kept)


def test_another_step_than_the_macro_step_is_refused_with_the_remedy(instance: SurrogateInstance):
    with pytest.raises(StepError, match=r"'reactor' at t = 3 s: step 0.5 s, but it knows only 1 s. Set step_size to 1"):
        instance.do_step(3.0, 0.5)


def test_a_parameter_that_it_was_not_trained_with_is_refused(package: Path):
    surrogate = open_surrogate("reactor", package)
    surrogate.set(bundle(surrogate, "S_feed"), np.array([300.0]))
    with pytest.raises(InitializationError, match="S_feed = 300, but it was trained with 500"):
        surrogate.enter_initialization(0.0, None, None)


def test_leaving_the_training_data_is_noticed_in_the_same_step(instance: SurrogateInstance):
    run = trajectories()[Split.TRAIN][0]
    instance.restart(0.0, full_state(run, 3))
    hold(instance, run, 3)
    instance.do_step(0.0, 1.0)
    assert instance.violation is None
    instance.set(bundle(instance, "feed"), np.array([500.0]))
    instance.do_step(1.0, 1.0)
    assert instance.violation is not None
    assert instance.violation.startswith("feed = 500 is above")


def test_values_that_are_no_numbers_fail_the_step(instance: SurrogateInstance):
    instance.set(bundle(instance, "CER"), np.array([np.nan]))
    with pytest.raises(StepError, match="a value is not finite"):
        instance.do_step(0.0, 1.0)


def test_unknown_variables_are_named(instance: SurrogateInstance):
    with pytest.raises(SurrogateError, match="does not provide pH"):
        instance.get(Bundle.of([Connector("pH", Causality.OUTPUT, Storage.FLOAT64, 5)]), np.empty(1))
    with pytest.raises(SurrogateError, match="has no state 'pH'"):
        instance.restart(0.0, {"pH": np.array([7.0])})


def test_it_declares_what_it_can_do(instance: SurrogateInstance):
    assert instance.capabilities.state_write is StateWrite.RESTART
    assert not instance.capabilities.variable_step
    assert instance.capabilities.serialize_state
    assert instance.identity["fmu.guid"] == "none"


def test_another_process_goes_on_from_bytes_to_the_bit(instance: SurrogateInstance, package: Path):
    run = trajectories()[Split.TEST][0]
    instance.restart(0.0, full_state(run, 0))
    for k in range(5):
        hold(instance, run, k)
        instance.do_step(float(k), 1.0)
    other = open_surrogate("reactor", package)
    other.restore_state(other.deserialize_state(instance.serialize_state(instance.save_state())))
    assert other.verdict == instance.verdict
    for each in (instance, other):
        for k in range(5, 10):
            hold(each, run, k)
            each.do_step(float(k), 1.0)
    for name in (*SPECIES, *LUMPS, "kLa"):
        assert read(other, name).tobytes() == read(instance, name).tobytes()


def test_bytes_of_something_else_are_refused(instance: SurrogateInstance):
    good = instance.serialize_state(instance.save_state())
    for data in (b"", good[:-8], pack([[], np.zeros(3), [True, "", 0.0, 0.0], 0.0]), pack([[np.zeros(2)], 1, 2, 3])):
        with pytest.raises(CapabilityError, match="the bytes are no state of it"):
            instance.deserialize_state(data)
