"""The C code of a surrogate against NumPy, alone, in the compiled loop, and where there is no compiler."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cotwin import open_simulation
from fmus.compiler import find_compiler
from fmus.errors import BuildError
from orchestrator.errors import StepError
from orchestrator.master.compiled.hot.states import go_back, keep
from orchestrator.master.compiled.layout.states import SLOT, state_row
from surrogates import library, zone_runtime
from surrogates.design import Split
from surrogates.instance import SurrogateInstance, open_surrogate
from surrogates.package import load_package, save_package
from surrogates.zone_network import LUMPS, RATES, SCALARS, SPECIES
from surrogates.zone_training import save_zones
from tests.surrogates.small_tank import N_ZONES, plan, subject, trained, trajectories
from tests.surrogates.test_instance import bundle, read

ROUNDING = 1e-12
"""By which a step in C may differ from one in NumPy, relative to the value: sums are added in another order."""


@pytest.fixture(scope="module", autouse=True)
def compiler() -> None:
    try:
        find_compiler()
    except BuildError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packages") / "small_tank.surrogate"
    save_zones(path, subject(), trained(10), trajectories(), plan(10))
    return path


@pytest.fixture(scope="module")
def balances(package: Path) -> Path:
    """A package whose network did not earn its place."""
    card, arrays = load_package(package)
    path = package.with_name("balances.surrogate")
    save_package(path, card, {name: array for name, array in arrays.items() if not name.startswith("network.")})
    return path


@pytest.fixture(params=["package", "balances"])
def kind(request: pytest.FixtureRequest) -> Path:
    """Both of them."""
    path: Path = request.getfixturevalue(request.param)
    return path


def in_numpy(path: Path) -> SurrogateInstance:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zone_runtime, "load_library", lambda files: None)
        return initialized(open_surrogate("reactor", path))


def initialized(instance: SurrogateInstance) -> SurrogateInstance:
    instance.enter_initialization(0.0, None, None)
    instance.exit_initialization()
    return instance


def hold(instance: SurrogateInstance, values: dict[str, np.ndarray]) -> None:
    instance.set(bundle(instance, *SCALARS, *RATES), np.concatenate([values[name] for name in (*SCALARS, *RATES)]))


OUTPUTS = (*SPECIES, *LUMPS, "kLa", "power", "hold_up", "X_mean", "DOT_mean", "offgas_O2", "offgas_CO2")


def agree(one: SurrogateInstance, other: SurrogateInstance) -> None:
    found, expected = read(one, *OUTPUTS), read(other, *OUTPUTS)
    np.testing.assert_allclose(found, expected, rtol=ROUNDING, atol=ROUNDING)
    assert one.violation == other.violation


def test_every_step_agrees_with_numpy_within_rounding(kind: Path):
    compiled, readable = initialized(open_surrogate("reactor", kind)), in_numpy(kind)
    assert compiled.native is not None
    assert readable.native is None
    for split in (Split.TEST, Split.STRESS):
        for run in trajectories()[split]:
            full = {name: run.values[name][0] for name in (*SPECIES, *LUMPS)}
            for each in (compiled, readable):
                hold(each, {name: run.values[name][0] for name in (*SCALARS, *RATES)})
                each.restart(0.0, full)
            for k in range(run.steps):
                readable.restore_state(compiled.save_state())
                for each in (compiled, readable):
                    hold(each, {name: run.values[name][k] for name in (*SCALARS, *RATES)})
                    each.do_step(float(k), 1.0)
                agree(compiled, readable)


def test_fields_that_would_be_negative_are_lifted_as_in_numpy(balances: Path):
    compiled, readable = initialized(open_surrogate("reactor", balances)), in_numpy(balances)
    run = trajectories()[Split.TEST][0]
    full = {name: run.values[name][0] for name in (*SPECIES, *LUMPS)}
    full["S"] = np.where(np.arange(N_ZONES) % 5 == 0, 50.0, -16.0)  # so uneven that a step of mixing leaves holes
    for each in (compiled, readable):
        hold(each, {name: run.values[name][0] for name in (*SCALARS, *RATES)})
        each.restart(0.0, full)
        each.do_step(0.0, 1.0)
    agree(compiled, readable)
    assert np.abs(read(compiled, "S")).min() < ROUNDING


def test_a_step_that_fails_changes_nothing(package: Path):
    instance = initialized(open_surrogate("reactor", package))
    run = trajectories()[Split.TEST][0]
    hold(instance, {name: run.values[name][0] for name in (*SCALARS, *RATES)})
    instance.do_step(0.0, 1.0)
    before = read(instance, *OUTPUTS)
    instance.set(bundle(instance, "CER"), np.array([np.nan]))
    with pytest.raises(StepError, match="a value is not finite"):
        instance.do_step(1.0, 1.0)
    assert read(instance, *OUTPUTS).tobytes() == before.tobytes()


def test_start_values_that_lead_to_nothing_finite_are_refused(package: Path):
    instance = open_surrogate("reactor", package)
    instance.set(bundle(instance, "V"), np.array([-1.0]))
    with pytest.raises(StepError, match="a value is not finite"):
        instance.enter_initialization(0.0, None, None)


def system(path: Path, **component: Any) -> dict[str, Any]:
    """A surrogate whose stirrer and feed move, until they leave the training data."""
    signals = {"speed": {"expression": "2.5 + 0.2*sin(t/5)"}, "feed": {"ramp": {"from": 50, "to": 120, "stop": 60}}}
    return {
        "name": "tank",
        "components": {"inputs": {"signals": signals}, "reactor": {"source": str(path), **component}},
        "connections": ["inputs.speed -> reactor.stirrer_speed", "inputs.feed -> reactor.feed"],
        "experiment": {"stop": 60.0},
        "step_size": 1.0,
        "record": ["reactor.*"],
    }


def results(description: dict[str, Any], **more: Any) -> tuple[Any, tuple[str, ...], Any]:
    with open_simulation(description, **more) as simulation:
        found = simulation.run()
        return found, simulation.by_address, simulation.instances["reactor"]


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_the_compiled_loop_steps_it_with_the_bits_of_interpreted_steps(package: Path, algorithm: str):
    description = {**system(package), "algorithm": algorithm}
    compiled, there, one = results(description)
    interpreted, none, other = results(description, interpreted=True)
    assert (there, none) == (("reactor",), ())
    assert compiled.names == interpreted.names
    for name in compiled.names:
        assert compiled[name].tobytes() == interpreted[name].tobytes(), name
    assert one.violation == other.violation
    assert one.violation is not None


def test_a_state_kept_by_address_is_gone_back_to_with_its_verdict(package: Path):
    instance = initialized(open_surrogate("reactor", package))
    assert instance.native is not None
    states = instance.native.states
    assert states is not None
    run = trajectories()[Split.TEST][0]
    rows = np.array([state_row(instance.native.handle, states) for _ in range(2)])
    whole = int(rows.ctypes.data), int(rows.ctypes.data) + rows.nbytes
    instance.restart(0.0, {name: run.values[name][3] for name in (*SPECIES, *LUMPS)})
    hold(instance, {name: run.values[name][3] for name in (*SCALARS, *RATES)})
    instance.do_step(0.0, 1.0)
    instance.set(bundle(instance, "feed"), np.array([500.0]))
    for _ in range(2):  # the memory of the states is used again
        assert keep(*whole) == 0
        seen = []
        for _ in range(2):
            assert instance.violation is None
            for t in (0.0, 1.0):
                instance.do_step(t, 1.0)
            assert instance.violation is not None
            seen.append(read(instance, *OUTPUTS).tobytes())
            assert go_back(*whole) == 0
        assert seen[0] == seen[1]
    known = instance.save_state()
    adopted = states.adopt(int(rows[0, SLOT // 8]), instance.time)
    assert instance.serialize_state(adopted) == instance.serialize_state(known)
    instance.close()


def test_a_step_size_that_it_does_not_know_is_the_same_error_by_address(package: Path):
    messages = []
    for more in ({}, {"interpreted": True}):
        with pytest.raises(StepError, match="but it knows only 1 s") as caught:
            results({**system(package), "step_size": 0.5}, **more)
        messages.append((str(caught.value), caught.value.time))
    assert messages[0] == messages[1]


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Nothing is known of compilers, and nothing was said."""
    known: tuple[Callable[[], None], ...] = (library._compiler.cache_clear, library._say.cache_clear)
    for clear in known:
        clear()
    yield
    for clear in known:
        clear()


@pytest.mark.usefixtures("forgotten")
def test_without_a_compiler_it_is_stepped_in_numpy_which_is_said_once(package: Path, monkeypatch, caplog):
    monkeypatch.setenv("CC", "no-such-compiler")
    with caplog.at_level(logging.WARNING, "cotwin.surrogate"):
        first, second = (initialized(open_surrogate("reactor", package)) for _ in range(2))
    assert (first.native, second.native) == (None, None)
    (said,) = caplog.records
    assert "stepped in NumPy, which takes longer: no C compiler found" in said.getMessage()
    first.do_step(0.0, 1.0)


@pytest.mark.usefixtures("forgotten")
def test_where_nothing_can_be_kept_it_is_stepped_in_numpy(package: Path, tmp_path: Path, monkeypatch, caplog):
    (tmp_path / "cotwin").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with caplog.at_level(logging.WARNING, "cotwin.surrogate"):
        assert open_surrogate("reactor", package).native is None
    assert "or name another folder by XDG_CACHE_HOME" in caplog.text


def test_what_was_compiled_is_kept_for_the_next_time(package: Path, compiled_here: Path):
    open_surrogate("reactor", package)
    kept = {path: path.stat().st_mtime_ns for path in compiled_here.rglob("*.so")}
    open_surrogate("reactor", package)
    assert {path: path.stat().st_mtime_ns for path in compiled_here.rglob("*.so")} == kept
    assert list(package.glob("*.so")) == []


def test_other_weights_are_other_code(package: Path, compiled_here: Path):
    card, arrays = load_package(package)
    open_surrogate("reactor", package)
    before = set(compiled_here.rglob("*.so"))
    path = package.with_name("other.surrogate")
    save_package(path, replace(card, name="other"), {**arrays, "network.bias.0": arrays["network.bias.0"] + 1e-3})
    other = initialized(open_surrogate("reactor", path))
    assert len(set(compiled_here.rglob("*.so")) - before) == 1
    agree(other, in_numpy(path))
