"""`cotwin explain` before a run, on FMUs whose mathematics is known."""

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cotwin.cli import app
from cotwin.explained_data import explained_data
from cotwin.explained_tables import all_tables, finding_tables, stability_sentence
from cotwin.explaining import explain_system
from orchestrator.master.probing.growth import Growth, Stability
from orchestrator.master.probing.responses import Way
from orchestrator.system.yaml.file import from_mapping
from plant_models.textbook.exact import TwoMass, held_step
from tests.plants import ROOT, example
from tests.textbook import harmonic, lotka_volterra, two_mass


def rows(tables, title):
    return [tuple(row) for table in tables if table.title == title for row in table.rows]


def jacobi_matrix(masses, h):
    """Amplification of (x1, v1, x2, v2) over a macro step of Jacobi in displacement coupling."""
    blocks = []
    for k in (0, 1):
        A = [[0.0, 1.0], [-(masses.c[k] + masses.ck) / masses.m[k], -(masses.d[k] + masses.dk) / masses.m[k]]]
        blocks.append(held_step(A, [[0.0, 0.0], [masses.ck / masses.m[k], masses.dk / masses.m[k]]], h))
    one, two = blocks
    return np.block([[one.state, one.held], [two.held, two.state]])


@pytest.mark.parametrize("h", [0.1, 0.4])
def test_two_masses_grow_as_their_amplification_matrix_says(h):
    masses = TwoMass(ck=40.0, d=(1.0, 1.0))
    description = two_mass("displacement", h, stop=100.0, masses=masses, algorithm="jacobi")
    told = explain_system(description)
    radius = np.abs(np.linalg.eigvals(jacobi_matrix(masses, h))).max()
    stability = told.findings.stability
    assert stability.growths[0].factor == pytest.approx(radius, rel=1e-3)
    assert (stability.verdict == "unstable") == (radius > 1.0)


def test_an_unstable_step_gets_a_smaller_one_suggested_with_its_reason():
    masses = TwoMass(ck=40.0, d=(1.0, 1.0))
    told = explain_system(two_mass("displacement", 0.4, stop=100.0, masses=masses, algorithm="jacobi"))
    (step,) = [one for one in told.suggestions if one.key == "step_size"]
    assert step.changes
    assert float(step.value) < 0.4
    assert np.abs(np.linalg.eigvals(jacobi_matrix(masses, float(step.value)))).max() < 1.0


def test_the_energy_that_jacobi_adds_to_an_oscillator_is_told_as_drift():
    told = explain_system(harmonic(0.01, stop=1000.0, algorithm="jacobi"))
    stability = told.findings.stability
    assert stability.verdict == "drifting"
    assert stability.over_run == pytest.approx((1.0 + 1e-4) ** (1e5 / 2), rel=0.01)
    assert ("algorithm", "gauss_seidel") in [(one.key, one.value) for one in told.suggestions]


def test_the_step_that_is_suggested_for_lotka_volterra_meets_the_tolerance():
    told = explain_system(lotka_volterra(0.1, stop=20.0))
    (step,) = [one for one in told.suggestions if one.key == "step_size"]
    again = explain_system(lotka_volterra(float(step.value), stop=20.0))
    assert told.findings.error.error > 1e-4 > again.findings.error.error
    assert not [one for one in again.suggestions if one.key == "step_size" and one.changes]


def test_the_e_coli_plant_is_probed_in_a_few_hundred_steps():
    description = from_mapping(example("ecoli_fed_batch", 3), ROOT, "test")
    told = explain_system(description)
    (loop,) = told.findings.loops
    assert set(loop.components) == {"heat", "plc", "reactor", "metabolism"}
    assert loop.radius_gauss_seidel < loop.radius_jacobi < 0.1
    assert told.findings.stability.verdict == "stable"
    assert told.findings.problems == ()
    assert told.findings.do_steps < 3000


def test_without_a_probe_nothing_is_opened(monkeypatch):
    monkeypatch.setattr("cotwin.explaining.open_bench", lambda _: pytest.fail("opened"))
    told = explain_system(lotka_volterra(0.1, stop=20.0), probing=False)
    assert told.findings is None
    assert rows(finding_tables(told), "Not probed") == [("not asked for",)]
    assert rows(all_tables(told), "Steps at the same time") == [("1", "prey"), ("2", "predator")]


def test_a_component_that_cannot_go_back_is_named_and_the_rest_explained(monkeypatch):
    from orchestrator.master.probing import probe as probing

    monkeypatch.setattr(probing, "unable", lambda coupling, names=None: ("prey",))
    told = explain_system(lotka_volterra(0.1, stop=20.0))
    assert told.findings.error is None
    assert "'prey' cannot go back" in told.findings.problems[0]
    assert rows(all_tables(told), "Cycles of components")[0][0] == "prey -> predator -> prey"


def forward_only(source, folder):
    """A copy of an FMU that declares no get/set FMU state; everything else is as it was."""
    copy = folder / Path(source).name
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(copy, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename == "modelDescription.xml":
                data = re.sub(rb'can(GetAndSet|Serialize)FMU[sS]tate="true"', b"", data)
            new.writestr(entry, data)
    return copy


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("names", [("prey",), ("prey", "predator")])
def test_fmus_that_cannot_go_back_are_probed_by_their_directional_derivatives(version, names, tmp_path):
    description = lotka_volterra(0.1, stop=20.0, version=version)
    sources = {name: forward_only(description.components[name].source, tmp_path) for name in names}
    components = {
        name: one.model_copy(update={"source": sources.get(name, one.source)})
        for name, one in description.components.items()
    }
    told = explain_system(description.model_copy(update={"components": components}))
    (loop,) = told.findings.loops
    (tried_loop,) = explain_system(description).findings.loops
    # the populations are not linear: the linearized step is right up to a part of the size of the step
    assert loop.radius_gauss_seidel == pytest.approx(tried_loop.radius_gauss_seidel, rel=0.1)
    assert {name for name, way in loop.ways.items() if way is Way.LINEARIZED} == set(names)
    assert told.findings.unable == names
    assert "from directional derivatives" in rows(all_tables(told), "Findings")[0][1]
    ways = dict(rows(all_tables(told), "How components of loops were probed"))
    assert ways[", ".join(names)] == "directional derivatives, over the step"
    (algorithm,) = [one for one in told.suggestions if one.key == "algorithm"]
    assert "by rule, nothing was measured" in algorithm.reason


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_the_stability_of_fmus_that_cannot_go_back_is_that_of_those_that_can(version, algorithm, tmp_path):
    keys = {"stop": 100.0, "masses": TwoMass(ck=40.0, d=(1.0, 1.0)), "algorithm": algorithm, "version": version}
    description = two_mass("displacement", 0.4, **keys)
    tried = explain_system(description).findings.stability
    source = forward_only(description.components["one"].source, tmp_path)
    components = {name: one.model_copy(update={"source": source}) for name, one in description.components.items()}
    told = explain_system(description.model_copy(update={"components": components})).findings.stability
    assert told.verdict == tried.verdict
    assert told.growths[0].factor == pytest.approx(tried.growths[0].factor, rel=1e-3)
    assert told.growths[0].steps == 0


def test_the_data_before_a_run_have_these_keys_and_are_json():
    data = json.loads(json.dumps(explained_data(explain_system(lotka_volterra(0.1, stop=20.0))), allow_nan=False))
    assert data["schema"] == "cotwin-explain-1"
    assert set(data) == {
        *("schema", "system", "algorithm", "step_size", "components", "stages", "levels", "connections"),
        *("feedthrough", "loops", "more_loops", "algebraic_loops", "parameters", "probe", "not_probed", "suggestions"),
    }
    assert set(data["probe"]) == {
        *("do_steps", "problems", "without_rollback", "loops", "stability", "local_error", "comparison"),
    }
    assert [one["algorithm"] for one in data["probe"]["comparison"]["trials"][::2]] == [
        *("jacobi", "gauss_seidel", "iterative")
    ]
    assert set(data["probe"]["loops"][0]) == {
        *("components", "variables", "torn", "spectral_radius_all", "spectral_radius_torn", "exact"),
        *("fixed_point_converges", "fixed_point_iterations", "ways"),
    }
    assert data["loops"][0]["path"][0] == data["loops"][0]["path"][-1]


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("stable", "does not grow"),
        ("unstable", "not so at 0.05 s"),
        ("growing", "the model itself grows"),
        ("drifting", "until the end of the run"),
    ],
)
def test_every_verdict_is_a_sentence(verdict, words):
    found = Stability(verdict, (Growth(0.1, 40, 1.2, 1e-9),), 0.5, 3.0, 0.05)
    assert words in stability_sentence(found)


def test_the_command_prints_findings_and_how_many_steps_they_cost():
    example_file = Path("examples/lotka_volterra.yaml")
    if not (ROOT / "build" / "fmus" / "fmi3" / "prey.fmu").exists():
        pytest.skip("the FMUs of the example are not built")
    shown = CliRunner().invoke(app, ["explain", str(ROOT / example_file)])
    assert shown.exit_code == 0
    assert "Suggestions" in shown.stdout
    assert "steps of components from the start" in shown.stdout
    plain = CliRunner().invoke(app, ["explain", str(ROOT / example_file), "--no-probe", "--json"])
    assert json.loads(plain.stdout)["probe"] is None
