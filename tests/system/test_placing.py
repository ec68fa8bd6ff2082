import pytest

from orchestrator.system.placing import placed

PLANT = """\
name: plant
include: [more.yaml]
components:
  tank: {source: tank.fmu, parameters: {V: 1, k: 2}}
  z[1..3]: {source: z.fmu, parameters: {a: 1}}
connections:
  - tank.T -> pid.T
  - z[1..2].y -> z[2..3].u
  - {connect: tank.p -> pid.p, factor: 2}
experiment: {stop: 1}
step_size: 1
"""
MORE = "components:\n  pid: {source: p.fmu}\nconnections:\n  - pid.u -> tank.u\n"


@pytest.fixture
def plant(tmp_path):
    (tmp_path / "more.yaml").write_text(MORE)
    (tmp_path / "plant.yaml").write_text(PLANT)
    return tmp_path / "plant.yaml"


@pytest.mark.parametrize(
    ("error", "file", "line"),
    [
        ("tank.T -> pid.T: 'degC' does not convert", "plant.yaml", 7),
        ("z[2].y -> z[3].u: there is no 'u'", "plant.yaml", 8),
        ("tank.p -> pid.p: sizes differ", "plant.yaml", 9),
        ("pid.u -> tank.u: no output 'u'", "more.yaml", 4),
        ("components.tank.parameters.V: unknown variable", "plant.yaml", 4),
        ("components.z[2].parameters.a: unknown variable", "plant.yaml", 5),
        ("components.pid: needs something", "more.yaml", 2),
    ],
)
def test_an_error_is_placed_where_its_subject_stands(plant, error, file, line):
    assert placed(error, plant) == f"{plant.parent / file}:{line}: {error}"


def test_an_error_without_a_subject_gets_the_file(plant):
    assert placed("a loop", plant) == f"{plant}: a loop"
    assert placed(f"{plant}:3: known already", plant) == f"{plant}:3: known already"


def test_every_line_of_an_error_has_its_own_place(plant):
    first, second = placed("tank.T -> pid.T: no\ncomponents.tank.source: no", plant).split("\n")

    assert (first.split(": ")[0], second.split(": ")[0]) == (f"{plant}:7", f"{plant}:4")


def test_a_name_that_only_begins_like_another_one_is_not_it(plant):
    assert placed("tank.T -> pid.Tx: no", plant) == f"{plant}: tank.T -> pid.Tx: no"


def test_what_is_no_yaml_gets_its_name(tmp_path):
    assert placed("tank.T -> pid.T: no", tmp_path / "x.ssp") == f"{tmp_path}/x.ssp: tank.T -> pid.T: no"
    (tmp_path / "broken.yaml").write_text("a: [")
    assert placed("no", tmp_path / "broken.yaml") == f"{tmp_path}/broken.yaml: no"


def test_parts_of_systems_in_systems_stand_in_their_files(tmp_path):
    (tmp_path / "line.yaml").write_text(
        "name: line\ncomponents:\n  a: {source: a.fmu}\n  inner: {system: inner.yaml}\nconnections:\n  - .u -> a.u\n"
        "  - a.y -> inner.u\nexperiment: {stop: 1}\nstep_size: 1\n"
        "subsystems:\n  '': {bindings: [{values: {a.k: 1}}]}\n"
    )
    (tmp_path / "inner.yaml").write_text("name: inner\ncomponents: {b: {source: b.fmu}}\nconnections: [b.y -> b.u]\n")
    (tmp_path / "whole.yaml").write_text("name: whole\ncomponents:\n  l[1..2]: {system: line.yaml}\n")
    errors = {
        "l[2].u -> l[2]/a.u: sizes differ": "line.yaml:6",
        "l[1]/a.y -> l[1]/inner.u: sizes differ": "line.yaml:7",
        "l[1]/inner/b.y -> l[1]/inner/b.u: sizes differ": "inner.yaml:3",
        "components.l[2]/a.parameters.k: unknown": "line.yaml:3",
        "component 'l[1]/inner/b': there is no file": "inner.yaml:2",
        "subsystems.l[2].bindings[0].values.a.k: no number": "line.yaml:11",
        "subsystems.l[2].bindings[1].values.a.k: no number": "whole.yaml:3",
        "subsystems.l[1]/inner.bindings[0].values.b.k: no number": "line.yaml:4",
    }
    for error, place in errors.items():
        assert placed(error, tmp_path / "whole.yaml") == f"{tmp_path}/{place}: {error}"


def test_a_system_that_lies_in_itself_is_placed_in_its_file(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("name: own\ncomponents:\n  a: {system: own.yaml}\n  b: {system: own.yaml}\n")
    assert placed("components.a: lies in itself", path) == f"{path}:3: components.a: lies in itself"


def test_patterns_of_what_is_recorded_stand_where_they_are_listed(plant):
    plant.write_text(PLANT + "record:\n  - tank.*\n  - tank.zz\n")
    error = "record: 'tank.zz' matches no variable"
    assert placed(error, plant) == f"{plant}:14: {error}"


@pytest.mark.parametrize("error", ["sweep.yaml:3: unknown key", "feed.csv:2: no number", "none.csv: cannot be read"])
def test_what_names_another_file_is_not_said_of_the_description(plant, error):
    assert placed(error, plant) == error
