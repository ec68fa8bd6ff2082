from dataclasses import replace

import pytest

from cotwin.preparation import Overrides, prepare
from cotwin.views import explained, explanation_tables
from orchestrator.errors import DescriptionError, FmuImportError
from orchestrator.graph.explanation import Delay, ParameterSummary
from tests.kit.build import kit_fmu


def rows(tables, title):
    return [tuple(row) for table in tables if table.title == title for row in table.rows]


def test_an_explanation_has_stages_and_delays(toys):
    tables = explanation_tables(explained(prepare(toys.system, Overrides())), "gauss_seidel")
    assert [row[:2] for row in rows(tables, "Components")] == [("first", "1"), ("second", "1")]
    assert rows(tables, "Connections") == [("first", "second", "1", "none")]
    jacobi = explanation_tables(explained(prepare(toys.system, Overrides())), "jacobi")
    assert rows(jacobi, "Connections") == [("first", "second", "1", "1 step")]


def test_a_single_fmu_runs_to_the_time_asked_for_in_five_hundred_steps(toys):
    description = prepare(toys.lag, Overrides(stop=10.0))
    assert description.experiment.stop == 10.0
    assert list(description.components) == ["lag"]


def test_values_are_replaced_and_the_rest_stays(toys):
    before = prepare(toys.system, Overrides())
    after = prepare(toys.system, Overrides(9.0, 0.25, ["first.T=3.5", "second.T=4"]))
    assert after.experiment.stop == 9.0
    assert after.step_size == 0.25
    assert after.components["first"].parameters == {"T": 3.5}
    assert after.components["second"].parameters == {"T": 4}
    assert after.connections == before.connections


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        (Overrides(parameters=["first.T"]), "write component.parameter=value"),
        (Overrides(parameters=["frist.T=1"]), "did you mean 'first'"),
        (Overrides(parameters=["first.T={a: 1}"]), "--set first.T={a: 1}: "),
        (Overrides(step_size=-1.0), "--step -1"),
    ],
)
def test_a_wrong_override_is_named(toys, overrides, named):
    with pytest.raises(DescriptionError, match=named):
        prepare(toys.system, overrides)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FmuImportError, match=r"nothing\.fmu"):
        prepare(tmp_path / "nothing.fmu", Overrides())
    with pytest.raises(DescriptionError, match=r"nothing\.yaml"):
        prepare(tmp_path / "nothing.yaml", Overrides())


def test_clocks_connect_in_an_explanation_as_they_do_in_a_run(tmp_path):
    path = tmp_path / "clocks.yaml"
    path.write_text(
        f"name: clocks\nstep_size: 1.0\nexperiment: {{stop: 1.0}}\n"
        f"components: {{a: {{source: {kit_fmu('Clocks', '3.0', 'co_simulation')}}}, "
        f"b: {{source: {kit_fmu('Triggered', '3.0', 'co_simulation')}}}}}\n"
        "connections: [a.third -> b.fire, a.count -> b.u]\n"
    )
    tables = explanation_tables(explained(prepare(path, Overrides())), "gauss_seidel")
    assert [row[:3] for row in rows(tables, "Connections")] == [("a", "b", "2")]


def test_parameters_that_connections_set_are_named_with_their_delay(toys):
    structure = explained(prepare(toys.system, Overrides()))
    assert rows(explanation_tables(structure, "jacobi"), "Parameters set by connections") == []
    ends = (("first", "x"), ("second", "T"))
    several = tuple(ParameterSummary(*ends, Delay(1, int(breaks)), breaks) for breaks in (False, True))
    tables = explanation_tables(replace(structure, parameters=several), "gauss_seidel")
    assert rows(tables, "Parameters set by connections") == [
        ("first.x", "second.T", "none"),
        ("first.x", "second.T", "1 step, breaks a loop"),
    ]
