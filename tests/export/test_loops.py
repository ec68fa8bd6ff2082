"""Loops that a whole solves in every macro step: the bits of the run, states, failures, and the mathematics in C."""

import ctypes

import numpy as np
import pytest

from fmus.compiler import COMPILE_FLAGS, find_compiler
from orchestrator.assembly import open_simulation
from orchestrator.errors import CapabilityError
from orchestrator.export.container import export_fmu
from orchestrator.export.loops import mathematics
from orchestrator.export.translation import named
from orchestrator.fmi.variables import read_model
from orchestrator.master.loops import layout as at
from orchestrator.master.loops.hot_iteration import begin, following
from orchestrator.master.loops.hot_methods import aitken, anderson, fixed_point
from orchestrator.master.loops.hot_newton import newton
from orchestrator.master.loops.hot_slopes import invert, learn, ready
from orchestrator.system.connector import Causality
from orchestrator.system.yaml.file import from_mapping
from tests.export.exported import PARTS, comes_again, growth, run, run_in_fmpy, same_as_run, stepped
from tests.export.test_events import early
from tests.export.test_same_bits import same
from tests.fmus.harness import FMICallException, running
from tests.master.test_loop_compiled import evaluate, made
from tests.plants import ROOT, fmu

METHODS = ("fixed_point", "aitken", "anderson", "newton")
CHOOSES = (fixed_point, aitken, anderson, newton)


def circle(method="newton", **changes):
    """Prey and predators, whose numbers agree at the end of every macro step."""
    return from_mapping(growth(algorithm="iterative", loops={"method": method}, **changes), ROOT, "tests")


@pytest.mark.parametrize("version", PARTS)
@pytest.mark.parametrize("method", METHODS)
def test_a_loop_is_solved_in_fmpy_with_the_bits_of_cotwin(method, version, tmp_path):
    description = circle(method, record=["*"])
    path = export_fmu(description, tmp_path / "whole.fmu", version=version).path
    assert {"prey.x", "predator.y"} <= set(same(run_in_fmpy(path, description), run(description)))
    assert {"prey.x"} <= set(same(run_in_fmpy(path, description, strides=4), run(description), slice(None, None, 4)))


STEMS = ("integrator", "integrator", "mass_under_force", "gain", "affine", "difference", "mass_on_spring")


def wired(seed, method):
    """A random system with loops, none of which direct feedthrough closes."""
    rng = np.random.default_rng([seed, 7])
    models = {f"c{k}": read_model(fmu(str(rng.choice(STEMS)), int(rng.integers(2, 4)))) for k in range(6)}
    outputs = [
        (f"{name}.{element}", model.feedthrough.get(each.name) == ())
        for name, model in models.items()
        for each in model.connectors
        if each.causality is Causality.OUTPUT
        for element in each.elements
    ]
    connections = [
        {
            "connect": f"{rng.choice(_sources(outputs, models[name]))} -> {name}.{element}",
            "suppress_unit_conversion": True,
            "factor": float(rng.uniform(-0.5, 0.5)),
            "offset": float(rng.uniform(0.0, 0.5)),
        }
        for name, model in models.items()
        for each in model.connectors
        if each.causality is Causality.INPUT
        for element in each.elements
    ]
    return {
        "name": f"wired {seed}",
        "components": {name: {"source": str(model.path)} for name, model in models.items()},
        "connections": connections,
        "experiment": {"stop": 2.5, "tolerance": 1e-6},
        "step_size": 0.125,
        "algorithm": "iterative",
        "loops": {"method": method, "tolerance": 1e-10},
        "record": ["*"],
    }


def _sources(outputs, model):
    """All outputs, for a component that passes something on those alone that depend on nothing at once."""
    passes = any(inputs != () for inputs in model.feedthrough.values())
    return [name for name, steady in outputs if steady or not passes]


@pytest.mark.parametrize("seed", range(18))
def test_random_systems_with_loops_run_in_fmpy_with_the_bits_of_cotwin(seed, tmp_path):
    path = tmp_path / "whole.fmu"
    description = from_mapping(wired(seed, METHODS[1 + seed % 3]), ROOT, "tests")
    with open_simulation(description) as simulation:
        expected = simulation.run()
        assert any(each.evaluations > each.solved for each in simulation.coupling.statistics.loops.values())
    export_fmu(description, path, version=("2.0", "3.0")[seed % 2])
    assert len(same(run_in_fmpy(path, description), expected)) >= len(description.components)


@pytest.mark.parametrize("seed", range(3))
def test_what_stands_beside_a_loop_steps_in_its_own_way(seed, tmp_path):
    """Inputs that jump within steps, a component that steps less often on extrapolated inputs, and a solver."""
    data = wired(seed, "newton")
    source, fed = data["connections"][0]["connect"].split(" -> ")[0], data["connections"][1]["connect"].split(" -> ")[1]
    pulse = {"low": -0.5, "high": 0.5, "start": 0.31, "period": 0.7, "width": 0.3}
    data["components"] |= {
        "slow": {"source": str(fmu("integrator", 3)), "step_size": 0.25, "extrapolation": {"order": seed}},
        "solved": {"source": str(fmu("integrator", 2)), "kind": "model_exchange"},
        "feed": {"signals": {"s": {"pulse": pulse}}},
    }
    data["connections"][1] = {"connect": f"feed.s -> {fed}", "suppress_unit_conversion": True}
    data["connections"] += [
        {"connect": f"{source} -> {name}.u", "suppress_unit_conversion": True} for name in ("slow", "solved")
    ]
    same_as_run(from_mapping(data, ROOT, "tests"), tmp_path / "whole.fmu", ("2.0", "3.0")[seed % 2])


def controllers(versions, *floats):
    """Two controllers that stop each other; some more may flow between them."""
    falling = {"DO": {"ramp": {"from": 60.0, "to": 0.0, "stop": 20.0}}}
    sources = {name: {"source": str(fmu("plc", version))} for name, version in zip("ab", versions, strict=True)}
    return {
        "name": "controllers",
        "components": {"inputs": {"signals": falling}, **sources},
        "connections": [
            *({"connect": f"inputs.DO -> {name}.DOT_probe", "suppress_unit_conversion": True} for name in sources),
            "a.DO_alarm -> b.stop",
            "b.DO_alarm -> a.stop",
            *({"connect": each, "suppress_unit_conversion": True, "factor": 0.01} for each in floats),
        ],
        "experiment": {"stop": 120.0},
        "step_size": 1.0,
        "algorithm": "iterative",
        "record": ["a.*", "b.*"],
    }


PARTS_OF = {2: "3.0", 3: "2.0"}
SPEEDS = ("a.stirrer_speed -> b.T", "b.stirrer_speed -> a.T")


@pytest.mark.parametrize("versions", [(2, 2), (3, 3), (2, 3)], ids=str)
@pytest.mark.parametrize("floats", [(), SPEEDS], ids=["alone", "with floats"])
def test_truth_values_in_a_loop_come_to_rest_as_in_a_run(floats, versions, tmp_path):
    description = from_mapping(controllers(versions, *floats), ROOT, "tests")
    with open_simulation(description) as simulation:
        expected = simulation.run()
        (loop,) = simulation.coupling.statistics.loops.values()
        assert loop.evaluations > loop.solved
    assert len(set(np.asarray(expected["a.DO_alarm"]).tolist())) == 2
    compared = same_as_run(description, tmp_path / "whole.fmu", PARTS_OF[versions[0]])
    assert {"a.stirrer_speed", "b.DO_alarm", "a.phase"} <= set(compared.names)


def test_the_whole_runs_in_cotwin_with_the_same_bits_and_in_a_loop_of_its_own(tmp_path):
    expected = run(circle())
    path = export_fmu(circle(), tmp_path / "whole.fmu").path
    whole = {**growth(), "components": {"whole": {"source": str(path)}}, "connections": []}
    found = run(from_mapping(whole, ROOT, "tests"))
    assert found["whole.prey.x"].tobytes() == expected["prey.x"].tobytes()


@pytest.mark.parametrize("version", PARTS)
@pytest.mark.parametrize("method", ["anderson", "newton"])
def test_what_a_loop_learnt_is_part_of_a_state(method, version, tmp_path):
    path = export_fmu(circle(method), tmp_path / "whole.fmu", version=version).path
    before, after = comes_again(path, 10, 20)
    expected = run(circle(method))
    assert before + after == list(zip(expected["prey.x"][1:21], expected["predator.y"][1:21], strict=True))


def test_after_a_reset_nothing_is_known_of_the_loop(tmp_path):
    path = export_fmu(circle(), tmp_path / "whole.fmu").path
    with running(path) as one:
        for _ in range(2):
            one.initialize(tolerance=1e-6)
            found = stepped(one, 0, 12)
            one.fmu.terminate()
            one.fmu.reset()
    assert found == list(zip(run(circle())["prey.x"][1:13], run(circle())["predator.y"][1:13], strict=True))


@pytest.mark.parametrize("method", ["anderson", "newton"])
def test_the_same_system_gives_the_same_file(method, tmp_path):
    """So that a state of one export is one of the other."""
    description = from_mapping(wired(3, method), ROOT, "tests")
    one, _, other = (export_fmu(description, tmp_path / f"{name}.fmu").path.read_bytes() for name in "abc")
    assert one == other


def test_a_loop_that_is_not_solved_ends_the_step_and_says_so(tmp_path):
    """A run takes parts of the macro step, then."""
    changes = {"loops": {"method": "fixed_point", "max_iterations": 2, "tolerance": 1e-14}, "algorithm": "iterative"}
    description = from_mapping(growth(**changes), ROOT, "tests")
    path = export_fmu(description, tmp_path / "whole.fmu").path
    said = []
    with pytest.raises(FMICallException):
        run_in_fmpy(path, description, logger=lambda *answer: said.append(str(answer[-1])))
    (text,) = [text for text in said if "is not solved" in text]
    assert "the iterations are used up" in text
    assert "of the size of '" in text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"kind": "model_exchange"}, "solves no loops of components for Model Exchange"),
        ({"step_size": 0.25}, "has no step_size of a component in a solved loop"),
        ({"extrapolation": {"order": 1}}, "extrapolates no inputs in a solved loop"),
    ],
)
def test_what_a_container_does_not_do_in_loops_is_refused_by_name(changes, says, tmp_path):
    system = growth(algorithm="iterative")
    system["components"]["prey"] |= changes
    with pytest.raises(CapabilityError, match=says):
        export_fmu(from_mapping(system, ROOT, "tests"), tmp_path / "whole.fmu")


def test_events_beside_a_solved_loop_are_refused(tmp_path):
    system = growth(algorithm="iterative")
    system["components"]["stair"] = early("Stair", tmp_path)
    with pytest.raises(CapabilityError, match="solves no loops beside events"):
        export_fmu(from_mapping(system, ROOT, "tests"), tmp_path / "whole.fmu")


@pytest.fixture(scope="module")
def in_c(tmp_path_factory):
    """The mathematics, compiled from their translation."""
    folder = tmp_path_factory.mktemp("mathematics")
    compiler = find_compiler()
    (folder / "loops.c").write_text(mathematics().code)
    warnings = ["-Wall", "-Wextra", "-Werror", "-fvisibility=default"]
    compiler.run([*COMPILE_FLAGS, *warnings, "-shared", "loops.c", "-lm", "-o", "loops.so"], folder / "loops.c")
    library = ctypes.CDLL(str(folder / "loops.so"))
    getattr(library, named(begin)).argtypes = [ctypes.c_int64, ctypes.c_double, ctypes.c_double]
    for function in (begin, following):
        getattr(library, named(function)).restype = ctypes.c_int64
    getattr(library, named(following)).argtypes = [ctypes.c_int64]
    return library


def led_by(library, solver):
    """The same solver, whose words lead to functions of a library."""
    (memory, *_) = solver.iteration.workspaces
    known = {at.LEARNS_FROM: learn, at.READIES: ready, at.INVERTS: invert, at.CHOOSES: CHOOSES[memory[at.METHOD]]}
    for place, function in known.items():
        if memory[place]:
            memory[place] = ctypes.cast(getattr(library, named(function)), ctypes.c_void_p).value
    return solver


@pytest.mark.parametrize("n", [1, 3, 8])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("spoilt", [None, np.nan, np.inf])
def test_the_mathematics_in_c_try_the_same_values_to_the_bit(method, n, spoilt, in_c):
    trials = []
    for library in (None, in_c):
        solver, told = made(method, n, reuse=2) if method == "anderson" else made(method, n)
        if library is None:
            starts, follows = begin, following
        else:
            led_by(library, solver)
            starts, follows = getattr(library, named(begin)), getattr(library, named(following))
        gives = np.ctypeslib.as_array((ctypes.c_double * n).from_address(solver.gives))
        seen, memory = [], solver.iteration.workspaces[0]
        for k in range(12):
            status = starts(memory.address, 0.1 * k, 0.1)
            while status == at.AGAIN:
                evaluate(0.1 * k, *told)
                if spoilt is not None and k == 7:
                    gives[n - 1] = spoilt
                status = follows(memory.address)
                seen += [status, gives.tobytes(), memory.number(at.WORST)]
        trials.append(repr(seen))
    assert trials[0] == trials[1]
