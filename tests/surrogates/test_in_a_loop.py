"""A surrogate in a loop that is solved: it goes back and steps again, as C code and in NumPy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cotwin import open_simulation
from orchestrator.errors import CapabilityError
from surrogates import zone_runtime
from surrogates.zone_training import save_zones
from tests.plants import fmu
from tests.surrogates.small_tank import plan, subject, trained, trajectories

GAIN, BASE = -0.02, 3.5
"""The stirrer (1/s) goes slower with more dissolved oxygen (%): BASE + GAIN DOT."""
STOP = 30.0


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packages") / "small_tank.surrogate"
    save_zones(path, subject(), trained(10), trajectories(), plan(10))
    return path


def looped(package: Path, **more: Any) -> dict[str, Any]:
    """The tank and the control of its stirrer, each of which needs what the other gives at the end of a step."""
    control = {"source": str(fmu("gain", 3)), "parameters": {"a": GAIN, "b": BASE}}
    return {
        "name": "aerated",
        "components": {"reactor": {"source": str(package)}, "control": control},
        "connections": ["reactor.DOT_mean -> control.u", "control.y -> reactor.stirrer_speed"],
        "experiment": {"stop": STOP},
        "step_size": 1.0,
        "algorithm": "iterative",
        "record": ["reactor.*", "control.*"],
        **more,
    }


def run(description: dict[str, Any], look: Callable[[Any], Any] = lambda _: None, **more: Any) -> Any:
    with open_simulation(description, **more) as simulation:
        results = simulation.run()
        (counted,) = simulation.coupling.statistics.loops.values()
        assert counted.solved == STOP
        return {name: results[name] for name in results.names}, vars(counted), look(simulation)


@pytest.mark.parametrize("method", ["newton", "anderson", "aitken"])
def test_a_surrogate_is_solved_for_with_the_bits_of_interpreted_steps(package: Path, method: str) -> None:
    description = looped(package, loops={"method": method})
    compiled, counted, by_address = run(description, lambda simulation: simulation.by_address)
    interpreted, others, none = run(description, lambda simulation: simulation.by_address, interpreted=True)
    assert none == ()
    if by_address:  # there is a C compiler
        assert set(by_address) == {"reactor", "control"}
    assert counted == others
    assert {name: each.tobytes() for name, each in compiled.items()} == {
        name: each.tobytes() for name, each in interpreted.items()
    }


def test_both_sides_agree_at_the_end_of_every_step(package: Path) -> None:
    values, counted, _ = run(looped(package))
    speed, oxygen = values["control.y"][1:], values["reactor.DOT_mean"][1:]
    np.testing.assert_allclose(speed, BASE + GAIN * oxygen, rtol=1e-6)
    np.testing.assert_allclose(values["reactor.stirrer_speed"][1:], speed, rtol=1e-6)
    assert np.ptp(oxygen) > 1.0
    assert counted["evaluations"] > counted["solved"]


def test_in_numpy_it_finds_the_same_solution(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, _, _ = run(looped(package))
    monkeypatch.setattr(zone_runtime, "load_library", lambda files: None)
    found, _, none = run(looped(package), lambda simulation: "reactor" in simulation.by_address)
    assert not none
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-6, atol=1e-9, err_msg=name)


def test_under_error_control_it_is_refused_by_name_with_the_remedy(package: Path) -> None:
    description = looped(package, step_control={"method": "error", "tolerance": 1e-3})
    with pytest.raises(CapabilityError, match=r"'reactor' takes steps of one size only. Choose method: constant"):
        open_simulation(description)
