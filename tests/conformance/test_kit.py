"""The conformance kit through cotwin: every model, version and kind runs and gives its exact answers, or is refused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import fmpy
import numpy as np
import pytest
from fmpy.validation import validate_fmu

import cotwin
from tests.kit.answers import ANSWERS, EXTREMES, ball, impacts
from tests.kit.build import combinations, compiler, kit_fmu
from tests.kit.models import MODELS, OLD_TYPES
from tests.kit.page import PAGE, page
from tests.kit.support import those

pytestmark = pytest.mark.skipif(compiler() is None, reason="building the kit needs a C compiler")

CLOCKED: Final = {"Clocks", "Triggered", "Partitions"}
"""Models whose answers need clocks connected and are tested with these."""

TOLERANCE: Final = {"co_simulation": 1e-10, "model_exchange": 1e-6}
"""Absolute and relative, of an answer: Co-Simulation has a solver of its own, Model Exchange is asked for 1e-10."""
_FMPY_KINDS: Final = {"co_simulation": "CoSimulation", "model_exchange": "ModelExchange"}


def system(fmu: Path, kind: str, stop: float, h: float, **parameters: Any) -> dict[str, Any]:
    return {
        "name": "kit",
        "components": {"kit": {"source": str(fmu), "kind": kind, "parameters": parameters}},
        "experiment": {"stop": stop, "tolerance": 1e-10},
        "step_size": h,
        "record": ["kit.*"],
    }


def run(fmu: Path, kind: str, stop: float, h: float, **parameters: Any) -> cotwin.Results:
    with cotwin.open_simulation(system(fmu, kind, stop, h, **parameters)) as simulation:
        return simulation.run()


def assert_answers(results: cotwin.Results, t: float, expected: Mapping[str, Any], kind: str) -> None:
    found = results.at(t)
    for name, value in expected.items():
        assert found[f"kit.{name}"] == pytest.approx(value, rel=TOLERANCE[kind], abs=TOLERANCE[kind]), (name, t)


@pytest.mark.parametrize(("model", "version", "kind"), those(*ANSWERS))
def test_a_model_gives_its_exact_answers_at_every_communication_point(model, version, kind):
    stop = MODELS[model].stop
    results = run(kit_fmu(model, version, kind), kind, stop, stop / 32)
    for t in np.linspace(0.0, stop, 33)[:: 32 if model == "VanDerPol" else 1]:
        if all(abs(t - impact) > 1e-6 for impact in impacts()) or model != "BouncingBall":
            assert_answers(results, t, ANSWERS[model](float(t)), kind)


@pytest.mark.parametrize(("model", "version", "kind"), those("BouncingBall", "Stair"))
def test_events_fall_between_communication_points_as_on_them(model, version, kind):
    coarse = run(kit_fmu(model, version, kind), kind, 3.0, 1.5).at(3.0)
    fine = run(kit_fmu(model, version, kind), kind, 3.0, 0.0625).at(3.0)
    expected = ANSWERS[model](3.0)
    for found in (coarse, fine):
        for name, value in expected.items():
            assert found[f"kit.{name}"] == pytest.approx(value, rel=TOLERANCE[kind], abs=TOLERANCE[kind])


@pytest.mark.parametrize(("model", "version", "kind"), those("BouncingBall"))
def test_the_impact_happens_at_its_exact_time(model, version, kind):
    before, after = impacts()[0] - 1e-5, impacts()[0] + 1e-5
    fmu = kit_fmu(model, version, kind)
    assert run(fmu, kind, before, before).at(before)["kit.bounces"] == 0
    found = run(fmu, kind, after, after).at(after)
    assert found["kit.bounces"] == 1
    assert found["kit.v"] == pytest.approx(ball(after).v, rel=TOLERANCE[kind])


@pytest.mark.parametrize(("model", "version", "kind"), those("Dahlquist"))
def test_parameters_and_start_values_are_in_force_from_the_start(model, version, kind):
    results = run(kit_fmu(model, version, kind), kind, 1.0, 0.25, k=2.0, x=3.0)
    assert_answers(results, 0.0, {"x": 3.0}, kind)
    assert_answers(results, 1.0, {"x": 3.0 * np.exp(-2.0)}, kind)


@pytest.mark.parametrize(("model", "version", "kind"), those("Feedthrough"))
def test_every_type_passes_unchanged_at_the_initialization_and_after_each_step(model, version, kind):
    types = EXTREMES if version == "3.0" else {name: EXTREMES[name] for name in OLD_TYPES}
    given = {f"{name}_u": value.hex() if isinstance(value, bytes) else value for name, value in types.items()}
    with cotwin.open_simulation(system(kit_fmu(model, version, kind), kind, 1.0, 0.5, **given)) as simulation:
        simulation.initialize()
        for name, value in types.items():
            assert simulation.read(f"kit.{name}_y") == value
        changed = {
            name: MODELS[model].variables[2 * i].start for i, name in enumerate(_declared(model)) if name in types
        }
        for name, value in changed.items():
            simulation.write(f"kit.{name}_u", value)
        simulation.step()
        for name, value in changed.items():
            assert simulation.read(f"kit.{name}_y") == value


def _declared(model: str) -> list[str]:
    return [variable.type for variable in MODELS[model].variables[::2]]


@pytest.mark.parametrize(("model", "version", "kind"), those("StateSpace"))
def test_structural_parameters_give_the_arrays_other_extents(model, version, kind):
    matrices = {"A": [-1.0], "B": [3.0], "C": [2.0], "D": [5.0]}
    fmu = kit_fmu(model, version, kind)
    results = run(fmu, kind, 1.0, 0.25, n=1, m=1, r=1, **matrices, x=[1.0], u=[0.5])
    assert "kit.y[2]" not in results
    # x' = -x + 1.5
    assert_answers(results, 1.0, {"y[1]": 2 * (1.5 - 0.5 * np.exp(-1.0)) + 2.5}, kind)


@pytest.mark.parametrize(("model", "version", "kind"), those("Integrator"))
def test_an_input_held_over_each_step_is_integrated_exactly(model, version, kind):
    with cotwin.open_simulation(system(kit_fmu(model, version, kind), kind, 1.0, 0.25)) as simulation:
        for u in (1.0, -2.0, 4.0, 0.5):
            simulation.write("kit.u", u)
            simulation.step()
        assert simulation.read("kit.y") == pytest.approx(0.25 * 3.5, rel=TOLERANCE[kind])


@pytest.mark.parametrize(("model", "version", "kind"), those("Stair"))
def test_the_wish_to_terminate_ends_the_run_where_the_version_can_express_it(model, version, kind):
    fmu = kit_fmu(model, version, kind)
    with cotwin.open_simulation(system(fmu, kind, 5.0, 0.5, last=3)) as simulation:
        results = simulation.run()
    expressed = (version, kind) != ("1.0", "co_simulation")
    assert results.times[-1] == pytest.approx(3.0 if expressed else 5.0)


def clocked(*names: str, kind: str | None = None, **more: Any) -> dict[str, Any]:
    kinds = {name: kind or MODELS[name].kinds[0] for name in names}
    components = {name: {"source": str(kit_fmu(name, "3.0", kind)), "kind": kind} for name, kind in kinds.items()}
    return {"name": "clocks", "components": components, "experiment": {"stop": 1.0}, **more}


@pytest.mark.parametrize("kind", ["co_simulation", "model_exchange"])
@pytest.mark.parametrize("h", [0.1, 0.25, 1.0])
def test_a_periodic_clock_ticks_from_its_shift_on_whatever_the_macro_step(h, kind):
    with cotwin.open_simulation(clocked("Clocks", kind=kind, step_size=h)) as simulation:
        assert simulation.run().at(1.0)["Clocks.count"] == 11


@pytest.mark.parametrize("kind", ["co_simulation", "model_exchange"])
@pytest.mark.parametrize("h", [0.1, 0.25, 1.0])
def test_a_triggered_clock_fires_another_fmu_with_the_values_of_that_instant(h, kind):
    connections = ["Clocks.third -> Triggered.fire", "Clocks.count -> Triggered.u"]
    system = clocked("Clocks", "Triggered", kind=kind, step_size=h, connections=connections)
    with cotwin.open_simulation(system) as simulation:
        final = simulation.run().at(1.0)
    # The ticks 3, 6 and 9 of those at 0, 0.1, ..., 1.0 s.
    assert (final["Triggered.fired"], final["Triggered.sample"]) == (3, 9.0)
    assert final["Triggered.fired_at"] == pytest.approx(0.8)


def test_partitions_are_activated_in_the_order_of_their_priority():
    with cotwin.open_simulation(clocked("Partitions", step_size=0.1)) as simulation:
        final = simulation.run().at(1.0)
    assert [final[f"Partitions.{name}_count"] for name in ("fast", "middle", "slow")] == [100, 50, 20]
    # 0.96 s: fast, middle; 0.97 s: fast; 0.98 s: fast, middle; 0.99 s: fast.
    assert final["Partitions.order"] == 121121


@pytest.mark.parametrize(("model", "version", "kind"), those(*(MODELS.keys() - CLOCKED)))
def test_two_runs_of_one_fmu_are_the_same_to_the_bit(model, version, kind):
    fmu = kit_fmu(model, version, kind)
    one, other = (run(fmu, kind, 0.5, 0.1) for _ in range(2))
    assert all(np.array_equal(one[name], other[name]) for name in one.names)


@pytest.mark.parametrize(("model", "version", "kind"), combinations())
def test_an_independent_importer_finds_the_kit_valid(model, version, kind):
    assert validate_fmu(str(kit_fmu(model, version, kind))) == []


@pytest.mark.parametrize(
    ("model", "version", "kind"),
    [c for c in combinations() if c[0] in ANSWERS and not (c[0] == "FedBatch" and c[1] == "1.0")],
)
def test_an_independent_importer_gets_the_same_answers(model, version, kind):
    # FMPy records the wrong variables of an FMI 1.0 FMU without outputs; its solver keeps about the asked tolerance.
    stop = MODELS[model].stop
    fmu = str(kit_fmu(model, version, kind))
    names = sorted(name.partition("[")[0] if model == "StateSpace" else name for name in ANSWERS[model](stop))
    kinds = {"fmi_type": _FMPY_KINDS[kind], "relative_tolerance": 1e-9}
    final = fmpy.simulate_fmu(fmu, stop_time=stop, output_interval=stop / 10, output=sorted(set(names)), **kinds)[-1]
    for name, value in ANSWERS[model](stop).items():
        found = final["y"][int(name[2]) - 1] if model == "StateSpace" else final[name]
        assert found == pytest.approx(value, rel=1e-5, abs=1e-5)


def test_the_page_of_the_documentation_is_the_one_of_these_tables():
    assert PAGE.read_text() == page(), "write it again: python -m tests.kit.page"
