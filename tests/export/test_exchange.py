"""Components for Model Exchange with their solvers in a whole: the bits of cotwin's own run."""

import zipfile

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.errors import CapabilityError, DescriptionError
from orchestrator.export.container import export_fmu
from orchestrator.system.yaml.file import from_mapping
from tests.export.exported import PARTS, elements, run, run_in_fmpy, stepped
from tests.fmus.harness import FMICallException, running
from tests.kit.build import compiler, kit_fmu
from tests.plants import ROOT, fmu

needs_compiler = pytest.mark.skipif(compiler() is None, reason="building the kit needs a C compiler")
ALGORITHMS = ("jacobi", "gauss_seidel")
SOLVERS = (
    {},
    {"jacobian": "difference_quotients", "tolerance": 1e-7},
    {"method": "euler", "step": 0.01},
    {"method": "heun", "step": 0.03},
    {"method": "rk4", "step": 0.05},
)


def exchanged(sources, connections=(), *, solver=None, stop=4.0, h=0.125, **changes):
    """Components for Model Exchange, whose sources are told as they are or with further keys."""
    components = {}
    for name, told in sources.items():
        told = told if isinstance(told, dict) else {"source": str(told)}
        components[name] = {"kind": "model_exchange", **({"solver": solver} if solver else {}), **told}
    return from_mapping(
        {
            "name": "exchanged",
            "components": components,
            "connections": list(connections),
            "experiment": {"stop": stop, "tolerance": 1e-6},
            "step_size": h,
            "record": ["*"],
            **changes,
        },
        ROOT,
        "tests",
    )


def same(description, path, version="3.0"):
    """All outputs in FMPy are those of cotwin."""
    export_fmu(description, path, version=version)
    found, expected = elements(run_in_fmpy(path, description)), run(description)
    assert len(found["time"]) == len(expected.times)
    names = [name for name in expected.names if name in found]
    for name in names:
        assert np.array_equal(found[name], np.asarray(expected[name]).astype(found[name].dtype)), name
    assert names
    return expected


def growth(versions=(2, 3), **changes):
    sources = {"prey": fmu("prey", versions[0]), "predator": fmu("predator", versions[1])}
    return exchanged(sources, ["prey.x -> predator.x", "predator.y -> prey.y"], **changes)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("solver", SOLVERS, ids=str)
@pytest.mark.parametrize("version", PARTS)
def test_solvers_make_the_steps_that_they_make_in_cotwin(version, solver, algorithm, tmp_path):
    description = growth((2, 3) if version == "3.0" else (3, 2), solver=solver, algorithm=algorithm)
    expected = same(description, tmp_path / "growth.fmu", version)
    assert expected["prey.x"][-1] != expected["prey.x"][0]


MODELS = ("BouncingBall", "Dahlquist", "VanDerPol", "Stair", "Feedthrough")
CASES = [("FedBatch", SOLVERS[0]), *((model, solver) for model in MODELS for solver in SOLVERS[:1] + SOLVERS[3:])]


@needs_compiler
@pytest.mark.parametrize(("model", "solver"), CASES, ids=str)
@pytest.mark.parametrize("version", ["1.0", "2.0", "3.0"])
def test_events_happen_where_they_happen_in_cotwin(model, solver, version, tmp_path):
    part = kit_fmu(model, version, "model_exchange")
    same(exchanged({"part": part}, solver=solver, stop=3.0), tmp_path / "whole.fmu", "2.0" if solver else "3.0")


@needs_compiler
@pytest.mark.parametrize("version", ["1.0", "2.0", "3.0"])
def test_inputs_that_jump_are_told_in_event_mode_and_others_are_not(version, tmp_path):
    (tmp_path / "inputs.csv").write_text("time,u\n0,1.0\n0.5,1.0\n0.5,-2.0\n2.0,-2.0\n")
    sources = {
        "sum": kit_fmu("Integrator", version, "model_exchange"),
        "through": kit_fmu("Feedthrough", version, "model_exchange"),
        "batch": {"source": str(fmu("integrator", 2)), "kind": "co_simulation", "step_size": 0.025},
    }
    connections = ["feed.u -> sum.u", "sum.y -> through.Float64_u", "through.Float64_y -> batch.u"]
    described = exchanged(sources).model_dump(mode="json", exclude_defaults=True)
    described["components"]["feed"] = {"source": str(tmp_path / "inputs.csv")}
    described |= {"connections": connections, "name": "fed", "step_size": 0.125}
    description = from_mapping(described, ROOT, "tests")
    path = export_fmu(description, tmp_path / "whole.fmu").path
    found, expected = elements(run_in_fmpy(path, description)), run(description)
    _, last = np.unique(expected.times[::-1], return_index=True)
    for name in ("sum.y", "batch.x"):
        assert np.array_equal(found[name], np.asarray(expected[name])[::-1][last]), name


@pytest.mark.parametrize("solver", [SOLVERS[0], SOLVERS[4]], ids=str)
@pytest.mark.parametrize("version", PARTS)
def test_what_follows_a_kept_state_comes_again_in_every_instance(version, solver, tmp_path):
    description = growth(solver=solver)
    path = export_fmu(description, tmp_path / "growth.fmu", version=version).path
    with running(path) as fmu, running(path) as other:
        fmu.initialize(tolerance=1e-6)
        stepped(fmu, 0, 6)
        state = fmu.keep()
        on = stepped(fmu, 6, 10)
        fmu.restore(state)
        after = stepped(fmu, 6, 16)
        fmu.restore(state)
        assert stepped(fmu, 6, 16) == after
        data = fmu.serialize(state)
        fmu.free(state)
        taken = other.deserialize(data)
        other.restore(taken)
        assert stepped(other, 6, 16) == after
        other.free(taken)
    expected = run(description)
    assert on == list(zip(expected["prey.x"][7:11], expected["predator.y"][7:11], strict=True))
    with open_simulation(description) as simulation:  # there, too, solvers start anew where states are restored
        simulation.run(0.75)
        point = simulation.checkpoint()
        simulation.restore(point)
        again = simulation.run()
    assert after[-1][0] == again["prey.x"][16]


@pytest.mark.parametrize("version", PARTS)
def test_a_whole_with_solvers_inside_of_another_one_changes_no_bit(version, tmp_path):
    inner = export_fmu(exchanged({"prey": fmu("prey", 2)}), tmp_path / "inner.fmu", version=version).path
    predator = {"source": str(fmu("predator", 3)), "kind": "model_exchange"}
    data = {
        "name": "outer",
        "components": {"inner": {"source": str(inner)}, "predator": predator},
        "connections": ["inner.prey.x -> predator.x", "predator.y -> inner.prey.y"],
        "experiment": {"stop": 4.0, "tolerance": 1e-6},
        "step_size": 0.125,
        "algorithm": "jacobi",
        "record": ["*"],
    }
    expected = run(growth(algorithm="jacobi"))
    nested = same(from_mapping(data, ROOT, "tests"), tmp_path / "outer.fmu", version)
    assert np.array_equal(nested["inner.prey.x"], expected["prey.x"])


@pytest.mark.parametrize("version", PARTS)
def test_an_instance_begins_again_after_a_reset(version, tmp_path):
    path = export_fmu(growth(), tmp_path / "growth.fmu", version=version).path
    found = []
    with running(path) as fmu:
        for _ in range(2):
            fmu.initialize(tolerance=1e-6)
            fmu.step(0.0, 1.0)
            found.append(float(fmu.get("prey.x")[0]))
            fmu.fmu.terminate()
            fmu.fmu.reset()
    assert found[0] == found[1]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("solver", [SOLVERS[0], SOLVERS[4]], ids=str)
@pytest.mark.parametrize("extrapolation", [{"order": 1}, {"order": 2, "smoothing": True}], ids=str)
def test_inputs_change_while_the_solver_steps(extrapolation, solver, algorithm, tmp_path):
    described = growth(solver=solver, extrapolation=extrapolation, algorithm=algorithm)
    version = "2.0" if solver else "3.0"
    expected = same(described, tmp_path / "growth.fmu", version)
    assert expected["prey.x"][-1] != run(growth(solver=solver, algorithm=algorithm))["prey.x"][-1]


@needs_compiler
@pytest.mark.parametrize("version", PARTS)
def test_inputs_that_change_over_a_step_stand_beside_others_and_go_back_with_states(version, tmp_path):
    sources = {
        "swing": kit_fmu("VanDerPol", version, "model_exchange"),
        "through": kit_fmu("Feedthrough", version, "model_exchange"),
        "sum": {"source": str(kit_fmu("Integrator", version, "model_exchange")), "step_size": 0.25},
    }
    connections = ["swing.x0 -> through.Float64_u", "through.Float64_y -> sum.u"]
    described = exchanged(sources, connections, extrapolation={"order": 2, "smoothing": True})
    same(described, tmp_path / "whole.fmu", version)
    with running(tmp_path / "whole.fmu") as fmu:
        fmu.initialize(tolerance=1e-6)
        fmu.step(0.0, 0.75)
        state, found = fmu.keep(), []
        for _ in range(2):
            fmu.restore(state)
            fmu.step(0.75, 1.25)
            found.append(fmu.get("sum.y").tolist())
        fmu.free(state)
    assert found[0] == found[1]


@needs_compiler
def test_a_tunable_parameter_that_changes_is_an_event(tmp_path):
    sizes = {"n": 2, "m": 2, "r": 2}  # those that it has already
    part = {"source": str(kit_fmu("StateSpace", "3.0", "model_exchange")), "parameters": sizes}
    description = exchanged({"part": part}, record=["part.y", "part.A"])
    path, changed = export_fmu(description, tmp_path / "whole.fmu").path, [0.5, 1.0, -2.0, 0.25]
    with open_simulation(description) as simulation, running(path) as fmu:
        fmu.initialize(tolerance=1e-6)
        for index in range(8):
            if index in (3, 5):  # the second time nothing changes
                simulation["part.A"] = changed
                fmu.set("part.A", changed)
            simulation.step()
            fmu.step(index * 0.125, 0.125)
            assert fmu.get("part.y").ravel().tolist() == simulation["part.y"].tolist()


def test_the_libraries_of_the_solver_come_along_with_their_licence_only_where_they_are_needed(tmp_path):
    with zipfile.ZipFile(export_fmu(growth(), tmp_path / "cvode.fmu").path) as archive:
        names = archive.namelist()
        assert "resources/solver/sundials_cvode.so" in names
        assert b"BSD 3-Clause License" in archive.read("resources/solver/LICENSE.txt")
    explicit = growth(solver={"method": "heun", "step": 0.125})
    with zipfile.ZipFile(export_fmu(explicit, tmp_path / "heun.fmu").path) as archive:
        assert not any("solver" in name for name in archive.namelist())


@needs_compiler
def test_what_a_container_does_not_do_with_model_exchange_is_refused(tmp_path):
    with pytest.raises(DescriptionError, match=r"needs solver.step"):
        export_fmu(growth(solver={"method": "rk4"}), tmp_path / "whole.fmu")
    with pytest.raises(CapabilityError, match="clocks"):
        export_fmu(exchanged({"part": kit_fmu("Clocks", "3.0", "model_exchange")}), tmp_path / "whole.fmu")


@needs_compiler
@pytest.mark.parametrize("version", PARTS)
@pytest.mark.parametrize("solver", [SOLVERS[0], SOLVERS[4]], ids=str)
def test_a_solver_that_cannot_go_on_names_its_component(solver, version, tmp_path):
    part = kit_fmu("Integrator", version, "model_exchange")
    path = export_fmu(exchanged({"part": part}, solver=solver), tmp_path / "whole.fmu", version=version).path
    with running(path) as fmu:
        fmu.initialize()
        fmu.step(0.0, 0.125)
        fmu.set("part.u", float("inf"))
        with pytest.raises(FMICallException):
            fmu.step(0.125, 0.125)
        assert "component 'part': its solver cannot go on at t = 0.125 s" in fmu.messages[-1]
