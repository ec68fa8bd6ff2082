import copy
import re
from pathlib import Path

import numpy as np
import pytest

from orchestrator.errors import DescriptionError
from orchestrator.system.description import Connection, Endpoint, SystemDescription
from orchestrator.system.yaml.file import from_mapping, read_system, single_fmu

PLANT = """\
name: plant
components:
  reactor:
    source: fmus/reactor.fmu
    parameters: {V: 2, on: [1.0, 0.0], limit: 1e-6, open: true}
    swap: {surrogate: ../s, to_surrogate_at: 10}
  plc: {source: /abs/plc.fmu}
connections:
  - reactor.DO -> plc.DO
  - plc.valve.x[3] -> reactor.N
experiment: {start: 0, stop: 1e2, tolerance: 1e-4}
step_size: 0.1
algorithm: jacobi
record: ["reactor.*"]
"""


@pytest.fixture
def read(tmp_path):
    def reading(text):
        (tmp_path / "plant.yaml").write_text(text, encoding="utf-8")
        return read_system(tmp_path / "plant.yaml")

    return reading


def refusal(read, text):
    with pytest.raises(DescriptionError) as caught:
        read(text)
    return str(caught.value)


def test_a_complete_file_becomes_a_description(read, tmp_path):
    system = read(PLANT)
    reactor = system.components["reactor"]
    assert system.name == "plant"
    assert (system.experiment.start, system.experiment.stop, system.experiment.tolerance) == (0.0, 100.0, 1e-4)
    assert (system.step_size, system.algorithm, system.record) == (0.1, "jacobi", ("reactor.*",))
    assert reactor.parameters == {"V": 2, "on": (1.0, 0.0), "limit": 1e-6, "open": True}
    assert system.connections[1] == Connection(
        source=Endpoint(component="plc", connector="valve.x[3]"),
        destination=Endpoint(component="reactor", connector="N"),
    )


def test_paths_are_relative_to_the_file(read, tmp_path):
    system = read(PLANT)
    assert system.components["reactor"].source == tmp_path.resolve() / "fmus/reactor.fmu"
    assert system.components["reactor"].swap.surrogate == tmp_path.resolve().parent / "s"
    assert str(system.components["plc"].source) == "/abs/plc.fmu"


def test_names_such_as_on_and_no_stay_names_and_clock_times_stay_text(read):
    system = read(PLANT.replace("V: 2", "no: 2, off: 3"))
    assert {"no", "off", "on"} <= set(system.components["reactor"].parameters)
    assert read(PLANT.replace("V: 2", "V: 1:30")).components["reactor"].parameters["V"] == "1:30"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("name: plant", "nam: plant", ":1: nam: unknown key 'nam'; did you mean 'name'?"),
        ("name: plant\n", "", ": name: missing; add the key 'name'"),
        ("source: fmus", "sorce: fmus", ":4: components.reactor.sorce: unknown key 'sorce'; did you mean 'source'?"),
        ("to_surrogate_at", "to_surogate_at", ":6: components.reactor.swap.to_surogate_at: unknown key"),
        ("V: 2", "V: [1, two]", ":5: components.reactor.parameters.V: [1, 'two']: use a finite number, true or false"),
        ("V: 2", "V: .nan", ":5: components.reactor.parameters.V: nan: use a finite number"),
        ("V: 2", "V: [1, true]", ":5: components.reactor.parameters.V: [1, True]: use a finite number"),
        ("V: 2", "V: [[1]]", ":5: components.reactor.parameters.V: [[1]]: use a finite number"),
        ("V: 2", "V: []", ":5: components.reactor.parameters.V: []: use a finite number"),
        ("plc: {", "p.lc: {", ":7: components.p.lc: 'p.lc': component name 'p.lc': use a name without '.'"),
        (
            "plc: {source: /abs/plc.fmu}",
            "plc: x.fmu",
            ":7: components.plc: 'x.fmu' is not a component; give it a 'source'",
        ),
        (
            "DO -> plc",
            "DO > plc",
            ":9: connections[0]: 'reactor.DO > plc.DO' is not a connection; write 'component.output",
        ),
        ("reactor.DO ->", "reactor ->", ":9: connections[0]: 'reactor -> plc.DO' is not a connection"),
        ("stop: 1e2", "stop: late", ":11: experiment.stop: 'late': use a number, without quotes"),
        ("step_size: 0.1", "step_size: true", ":12: step_size: True: use a number, without quotes"),
        ("stop: 1e2", "stop: " + "9" * 5000, ":11: experiment.stop: inf: input should be a finite number"),
        ("V: 2", "V: [1, 0x" + "f" * 300 + "]", "components.reactor.parameters.V: [1, '0xff"),
        ("name: plant", "name: ../plant", ":1: name: '../plant': use a name of 1 to 100 characters without slashes"),
        ("plc: {", "/etc/plc: {", ":7: components./etc/plc: '/etc/plc': use a name of 1 to 100 characters"),
        ("/abs/plc.fmu", '"a\\0.fmu"', ":7: components.plc: names a file that cannot be (embedded null byte)"),
        ('["reactor.*"]', "reactor.*", ":14: record: 'reactor.*': write a list"),
        ("tolerance: 1e-4", "tolerance: 0", ":11: experiment.tolerance: 0: input should be greater than 0"),
        ("step_size: 0.1", "step_size: -1", ":12: step_size: -1: input should be greater than 0"),
        (
            "algorithm: jacobi",
            "algorithm: jacoby",
            ":13: algorithm: 'jacoby': input should be 'gauss_seidel', 'jacobi' or 'iterative'",
        ),
    ],
)
def test_an_error_names_file_line_path_value_and_remedy(read, tmp_path, before, after, expected):
    assert before in PLANT
    message = refusal(read, PLANT.replace(before, after))
    assert message.startswith(str(tmp_path / "plant.yaml"))
    assert expected in message


def test_all_errors_of_a_file_come_in_one_report(read):
    text = PLANT.replace("V: 2", "V: [1, two]").replace("step_size: 0.1", "step: 0.1").replace("DO -> plc", "DO plc")
    message = refusal(read, text)
    for path in ("components.reactor.parameters.V", "connections[0]", "step_size: missing", "unknown key 'step'"):
        assert path in message
    assert len(message.splitlines()) == 4


def test_a_syntax_error_has_line_and_column(read):
    assert re.search(r"plant.yaml:3:\d+: not valid YAML", refusal(read, "name: plant\ncomponents: {a: [1\nstep: }"))
    assert "names with brackets, such as 'S[1]', between quotes" in refusal(read, "name: plant\nx: {S[1]: 2}")


def test_a_key_written_twice_is_refused_with_both_lines(read):
    message = refusal(read, PLANT + "step_size: 2.0\n")
    assert ":15: step_size: the key appears twice, first on line 12" in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected keys such as"),
        ("- 1", "expected keys such as"),
        ("? [1, 2]\n: 3", "a key must be a plain name"),
        ("a: !!python/object/apply:os.system [ls]", "apply:os.system does not fit"),
        ("a: &a [*a]", "too large"),
        ("a: \x01", "not valid YAML"),
        ("[" * 100_000, "1: nested deeper than 20 levels"),
        ("a: !!int x", "the tag !!int does not fit"),
        ("!!timestamp x: 1", "the tag !!timestamp does not fit"),
    ],
)
def test_strange_files_are_refused(read, text, expected):
    assert expected in refusal(read, text)


def test_aliases_that_multiply_endlessly_are_refused_before_they_are_built(read):
    rows = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    assert "too large: more than 250000 values" in refusal(read, "\n".join(rows))


def test_anchors_and_merge_keys_work(read):
    text = PLANT.replace("plc: {source", "plc: {<<: {parameters: &p {K: 1}}, source")
    assert read(text).components["plc"].parameters == {"K": 1}


def test_a_missing_file_and_a_binary_file_are_named(tmp_path):
    with pytest.raises(DescriptionError, match=r"none\.yaml: cannot be read"):
        read_system(tmp_path / "none.yaml")
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DescriptionError, match=r"x\.yaml: cannot be read"):
        read_system(tmp_path / "x.yaml")


def test_a_mapping_gives_the_same_description_and_is_left_as_it_was(tmp_path):
    data = {
        "name": "m",
        "components": {"a": {"source": "a.fmu", "parameters": {"S": np.array([1.0, 0.0]), "n": np.int64(3)}}},
        "connections": ["a.y -> a.u"],
        "experiment": {"stop": 1},
        "step_size": 1,
    }
    before = copy.deepcopy(data)
    system = from_mapping(data, tmp_path, "here")
    assert system.components["a"].source == tmp_path.resolve() / "a.fmu"
    assert system.components["a"].parameters == {"S": (1.0, 0.0), "n": 3}
    assert data["connections"] == before["connections"]
    assert data["components"]["a"]["source"] == "a.fmu"
    with pytest.raises(DescriptionError, match=r"^here: step_size: missing"):
        from_mapping({key: value for key, value in data.items() if key != "step_size"}, tmp_path, "here")


def test_ones_and_zeros_stay_numbers():
    for given in ([1.0, 0.0], [1, 0], (1.0, 0.0)):
        data = {
            "name": "m",
            "components": {"a": {"source": "a", "parameters": {"S": given}}},
            "experiment": {"stop": 1},
            "step_size": 1,
        }
        value = from_mapping(data, Path(), "x").components["a"].parameters["S"]
        assert not any(isinstance(element, bool) for element in value)


def test_a_single_fmu_is_a_system_of_one_component(tmp_path):
    system = single_fmu(tmp_path / "my.tank.fmu", stop=3.0, step_size=0.5, tolerance=1e-5)
    assert list(system.components) == ["my_tank"]
    assert system.components["my_tank"].source == tmp_path.resolve() / "my.tank.fmu"
    assert (system.experiment.start, system.experiment.stop, system.step_size) == (0.0, 3.0, 0.5)


def test_a_single_fmu_whose_default_experiment_never_ends_is_refused(tmp_path):
    with pytest.raises(DescriptionError, match=r"tank\.fmu: stop: inf: input should be a finite number"):
        single_fmu(tmp_path / "tank.fmu", stop=float("inf"), step_size=0.5)


def test_lists_of_values_come_back_from_json_without_a_warning(tmp_path):
    data = {
        "name": "m",
        "components": {"a": {"source": "a.fmu", "parameters": {"S": [1], "on": [True, False], "V": 2.5}}},
        "experiment": {"stop": 1},
        "step_size": 1,
    }
    system = from_mapping(data, tmp_path, "here")
    written = system.model_dump(mode="json")
    assert written["components"]["a"]["parameters"] == {"S": [1], "on": [True, False], "V": 2.5}
    assert SystemDescription.model_validate(written) == system


def test_a_wrong_component_is_one_problem(read):
    start = "name: x\nexperiment: {stop: 1}\nstep_size: 1\ncomponents:\n  a: "
    assert len(refusal(read, start + "3").splitlines()) == 1
    assert len(refusal(read, start + '{source: "a\\0.fmu"}').splitlines()) == 1


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200b", "\ufeff", "\x85", "\u2028", "\ud800"])
def test_names_with_signs_that_nobody_sees_are_refused(tmp_path, sign):
    data = {"components": {f"re{sign}actor": {"source": "a.fmu"}}, "experiment": {"stop": 1}, "step_size": 1}
    with pytest.raises(DescriptionError, match="control and invisible characters"):
        from_mapping({"name": "p", **data}, tmp_path, "description")
    with pytest.raises(DescriptionError, match=r"name: .*control and invisible characters"):
        from_mapping({**data, "name": f"p{sign}", "components": {"a": {"source": "a.fmu"}}}, tmp_path, "description")


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ({"exponents": {"lb": 1}}, r"units\.x\.exponents: .*'lb' is no base unit; use kg, m, s"),
        ({"factor": 0}, r"units\.x\.factor: 0\.?0?: a unit has a factor other than 0"),
    ],
)
def test_a_unit_that_is_none_is_refused_though_nothing_uses_it(tmp_path, definition, said):
    plant = {"name": "p", "components": {"a": {"source": "a.fmu"}}, "experiment": {"stop": 1}, "step_size": 1}
    with pytest.raises(DescriptionError, match=said):
        from_mapping({**plant, "units": {"x": definition}}, tmp_path, "description")
    binding = {"values": {"k": 1}, "units": {"x": definition}}
    with pytest.raises(DescriptionError, match=said.replace("units", "bindings.*units")):
        from_mapping({**plant, "subsystems": {"": {"bindings": [binding]}}}, tmp_path, "description")
