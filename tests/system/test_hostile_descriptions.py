"""Descriptions that are too much, by accident or on purpose, are refused at once with place and remedy."""

from pathlib import Path

import pytest

from orchestrator.errors import DescriptionError
from orchestrator.system.connections.resolution import resolve
from orchestrator.system.connector import Causality, Connector, Storage
from orchestrator.system.description import Component, Connection, Endpoint, Experiment, SystemDescription
from orchestrator.system.parameters.reading import Way, read_scalar
from orchestrator.system.quantities.reader import Reader
from orchestrator.system.ranges import expanded
from orchestrator.system.structure import Mapping
from orchestrator.system.transformation import Linear
from orchestrator.system.yaml.file import read_system

HEAD = "name: s\nexperiment: {stop: 1}\nstep_size: 1\n"
ONE = HEAD + "components: {a: {source: a.fmu}}\n"


def written(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder / "plant.yaml"


def refusal(folder, **files):
    with pytest.raises(DescriptionError) as caught:
        read_system(written(folder, **files))
    return str(caught.value)


@pytest.mark.parametrize("times", [1, 2])
def test_files_that_include_each_other_without_end_are_refused(tmp_path, times):
    chain = {f"f{n}": f"include: [{', '.join([f'f{n + 1}.yaml'] * times)}]\n" for n in range(80)}
    message = refusal(tmp_path, plant=ONE + "include: f0.yaml\n", **chain)
    assert "plant.yaml: includes more than 1000 files or 50 within each other" in message


def test_a_file_that_includes_one_twice_for_each_level_is_refused(tmp_path):
    chain = {f"f{n}": f"include: [f{n + 1}.yaml, f{n + 1}.yaml]\n" for n in range(25)} | {"f25": "record: []\n"}
    assert "include fewer" in refusal(tmp_path, plant=ONE + "include: f0.yaml\n", **chain)


def test_a_file_may_be_included_on_two_ways(tmp_path):
    files = {"left": "include: base.yaml\n", "right": "include: base.yaml\n", "base": "constants: {k: 1}\n"}
    path = written(tmp_path, plant=ONE + "include: [left.yaml, right.yaml]\n", **files)
    assert read_system(path).constants == {"k": 1}


def test_arrays_of_systems_of_arrays_end_at_a_limit_and_are_told_once(tmp_path):
    files = [HEAD + f"components: {{'x[1..100]': {{system: s{n}.yaml}}}}\n" for n in range(9)]
    chain = {f"s{n}": text for n, text in enumerate([*files[1:], ONE])}
    message = refusal(tmp_path, plant=files[0], **chain)
    assert message.endswith("with this one there are more than 100000 components; describe fewer")
    assert len(message.splitlines()) == 1


def test_arrays_of_components_end_at_a_limit_together(tmp_path):
    arrays = ", ".join(f"'{name}[1..60000]': {{source: a.fmu}}" for name in "ab")
    message = refusal(tmp_path, plant=HEAD + f"components: {{{arrays}}}\n")
    assert "components.b[1..60000]: with this one there are more than 100000 components" in message


def test_many_systems_within_each_other_are_refused(tmp_path):
    chain = {f"s{n}": HEAD + f"components: {{x: {{system: s{n + 1}.yaml}}}}\n" for n in range(60)}
    message = refusal(tmp_path, plant=HEAD + "components: {x: {system: s0.yaml}}\n", **chain)
    assert "more than 50 systems within each other; nest fewer" in message


def test_a_system_in_itself_is_one_problem(tmp_path):
    message = refusal(tmp_path, plant=HEAD + "components: {x: {system: plant.yaml}}\n")
    assert len(message.splitlines()) == 1
    assert "lies in itself" in message


def test_subsystems_that_are_no_keys_are_refused_beside_a_nested_system(tmp_path):
    message = refusal(tmp_path, plant=HEAD + "subsystems: [1]\ncomponents: {x: {system: inner.yaml}}\n", inner=ONE)
    assert "subsystems: [1]: write keys and values" in message


def test_constants_in_a_long_row_are_refused():
    row = {f"c{n}": f"c{n + 1}+c{n + 1}" for n in range(500)} | {"c500": 1.0}
    with pytest.raises(DescriptionError, match=r"constants\.c0: given by more than 60 constants in a row"):
        Reader(row, {})


@pytest.mark.parametrize("text", ["9" * 100_000, "-" + "9" * 400, "1e999"])
def test_a_number_beyond_all_numbers_is_refused(text):
    with pytest.raises(DescriptionError, match="is beyond the largest number") as caught:
        Reader({}, {}).read(text, None)
    assert len(str(caught.value)) < 200


def test_long_integers_stay_exact():
    assert Reader({}, {}).read(str(2**63 + 1), None).value == 2**63 + 1


@pytest.mark.parametrize("text", ["0^-1", "0 ** (-1/2)"])
def test_zero_has_no_negative_powers(text):
    with pytest.raises(DescriptionError, match="division by zero"):
        Reader({}, {}).read(text, None)


@pytest.mark.parametrize("text", ["a[1..1000000000]", "a[-1..1]", "a[1...3]", "a[1..n]"])
def test_what_looks_like_a_range_and_is_none_is_told_as_such(text):
    with pytest.raises(ValueError, match="is no range; write indices of up to 9 digits"):
        expanded(text)


def test_a_wrong_factor_is_one_problem(tmp_path):
    message = refusal(tmp_path, plant=ONE + "connections: [{connect: a.y -> a.u, factor: .nan}]\n")
    assert message.endswith("connections[0].transformation.factor: nan: input should be a finite number")
    assert len(message.splitlines()) == 1


def test_a_quantity_with_a_key_too_many_names_the_keys_of_quantities(tmp_path):
    parameters = "parameters: {k: {value: 1, unit: m, size: 2}}"
    message = refusal(tmp_path, plant=HEAD + f"components: {{a: {{source: a.fmu, {parameters}}}}}\n")
    assert message.endswith("unknown key 'size'; known: 'value', 'unit'")


def test_a_connector_of_the_system_that_is_not_declared_is_told_with_the_remedy():
    source, destination = Endpoint(component="", connector="u"), Endpoint(component="a", connector="u")
    plant = SystemDescription(
        name="s",
        components={"a": Component(source=Path("a.fmu"))},
        connections=(Connection(source=source, destination=destination),),
        experiment=Experiment(stop=1.0),
        step_size=1.0,
    )
    with pytest.raises(DescriptionError, match=r"the system has no connectors; declare this one, as subsystems"):
        resolve(plant, {"a": ()})


def test_a_key_too_many_deep_in_a_system_names_no_keys_of_others(tmp_path):
    message = refusal(tmp_path, plant=ONE + "subsystems: {'': {bindings: [{values: {}, foo: 1}]}}\n")
    assert message.endswith("unknown key 'foo'; leave it out")


def test_a_value_that_its_transformation_makes_infinite_is_refused():
    connector = Connector("k", Causality.PARAMETER, Storage.FLOAT64, 0)
    mapping = Mapping(source="x", target="a.k", transformation=Linear(factor=1e10))
    with pytest.raises(DescriptionError, match=r"1e\+308 is beyond the largest number after its conversions"):
        read_scalar(Reader({}, {}), connector, 1e308, Way({}, mapping))


@pytest.mark.parametrize("table", ["{1: 99999999999999999999}", "{-9223372036854775809: 1}"])
def test_maps_between_numbers_that_no_integer_is_are_refused(tmp_path, table):
    message = refusal(tmp_path, plant=ONE + f"connections: [{{connect: a.y -> a.u, map: {table}}}]\n")
    assert message.endswith("no integer type holds this number; correct it")
    assert len(message.splitlines()) == 1
