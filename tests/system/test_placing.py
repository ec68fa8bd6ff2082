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
