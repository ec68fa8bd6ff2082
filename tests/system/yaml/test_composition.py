"""Files that include others, defaults, arrays of components, and systems in systems."""

from pathlib import Path

import pytest

from orchestrator.errors import DescriptionError
from orchestrator.system.description import SystemDescription
from orchestrator.system.structure import ParameterBinding
from orchestrator.system.transformation import Linear, MapEntry, ValueMap
from orchestrator.system.yaml.file import read_system

EXPERIMENT = "experiment: {stop: 10.0}\nstep_size: 1.0\n"


@pytest.fixture
def files(tmp_path):
    def reading(**texts: str) -> SystemDescription:
        for name, text in texts.items():
            path = tmp_path / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return read_system(tmp_path / "main.yaml")

    return reading


def refusal(files, **texts: str) -> str:
    with pytest.raises(DescriptionError) as caught:
        files(**texts)
    return str(caught.value)


def test_a_file_is_laid_over_those_that_it_includes(files, tmp_path):
    system = files(
        main="include: [plant__x.yaml]\nname: main\ncomponents: {a: {parameters: {k: 3}}}\nrecord: [b.y]\n"
        "connections: [b.y -> a.v]\nstep_size: 0.5\n".replace("plant__x", "plant/x"),
        plant__x="name: plant\ncomponents: {a: {source: a.fmu, parameters: {k: 1, l: 2}}, b: {source: ../b.fmu}}\n"
        "connections: [a.y -> b.u]\nrecord: [a.y]\n" + EXPERIMENT,
    )

    assert (system.name, system.step_size, system.experiment.stop) == ("main", 0.5, 10.0)
    assert system.components["a"].source == tmp_path.resolve() / "plant/a.fmu"
    assert system.components["b"].source == tmp_path.resolve() / "b.fmu"
    assert system.components["a"].parameters == {"k": 3, "l": 2}
    assert [str(one) for one in system.connections] == ["a.y -> b.u", "b.y -> a.v"]
    assert system.record == ("a.y", "b.y")


def test_what_is_wrong_in_an_included_file_is_placed_there(files, tmp_path):
    message = refusal(
        files,
        main=f"include: [one.yaml, two.yaml]\nname: x\n{EXPERIMENT}connections:\n  - broken\n",
        one="components:\n  a: {source: a.fmu, iolation: process}\n",
        two="connections:\n  - a.y -> a.u\n  - also broken\n",
    )

    assert (
        f"{tmp_path.resolve()}/one.yaml:2: components.a.iolation: unknown key 'iolation'; did you mean 'isolation'"
        in message
    )
    assert f"{tmp_path.resolve()}/two.yaml:3: connections[1]: 'also broken'" in message
    assert f"{tmp_path}/main.yaml:6: connections[2]: 'broken'" in message


@pytest.mark.parametrize(
    ("main", "expected"),
    [
        ("include: [main.yaml]\n", "includes itself"),
        ("include: [other.yaml]\n", "main.yaml:1: include: there is no file "),
        ("include: {a: b}\n", "write a list of files"),
        ("include: [empty.yaml]\n", "holds no keys of a description"),
    ],
)
def test_an_include_that_cannot_be_is_refused(files, main, expected):
    assert expected in refusal(files, main=main, empty="just text\n")


def test_defaults_are_those_of_every_fmu_that_gives_nothing_itself(files):
    system = files(
        main="name: x\ndefaults: {isolation: process, time_limit: 5, parameters: {k: 1, l: 1}}\n"
        "components:\n  a: {source: a.fmu, parameters: {k: 2}}\n  b: {source: b.fmu, time_limit: 7}\n"
        "  t: {source: t.csv}\n" + EXPERIMENT
    )

    a, b, table = (system.components[name] for name in "abt")
    assert (a.isolation, a.time_limit, a.parameters) == ("process", 5.0, {"k": 2, "l": 1})
    assert (b.isolation, b.time_limit, b.parameters) == ("process", 7.0, {"k": 1, "l": 1})
    assert (table.isolation, table.parameters) == (None, {})


@pytest.mark.parametrize("key", ["source", "swap"])
def test_what_belongs_to_one_component_is_no_default(files, key):
    message = refusal(
        files, main=f"name: x\ndefaults: {{{key}: a.fmu}}\ncomponents: {{a: {{source: a.fmu}}}}\n{EXPERIMENT}"
    )

    assert f"main.yaml:2: defaults.{key}: belongs to one component each" in message


def test_an_array_of_components_has_its_index_in_texts(files):
    system = files(
        main="name: x\ncomponents:\n  zone[1..3]: {source: zone.fmu, parameters: {z: '{i} * 0.1 m', name: 'z{i}'}}\n"
        "connections:\n  - zone[1..2].out -> zone[2..3].in\n" + EXPERIMENT
    )

    assert list(system.components) == ["zone[1]", "zone[2]", "zone[3]"]
    assert system.components["zone[3]"].parameters == {"z": "3 * 0.1 m", "name": "z3"}
    assert [str(one) for one in system.connections] == ["zone[1].out -> zone[2].in", "zone[2].out -> zone[3].in"]


def test_arrays_of_two_indices_run_row_by_row(files):
    system = files(main="name: x\ncomponents:\n  c[1..2,1..2]: {source: 'c{i}{j}.fmu'}\n" + EXPERIMENT)

    assert [(name, one.source.name) for name, one in system.components.items()] == [
        ("c[1,1]", "c11.fmu"),
        ("c[1,2]", "c12.fmu"),
        ("c[2,1]", "c21.fmu"),
        ("c[2,2]", "c22.fmu"),
    ]


def test_one_end_without_a_range_is_connected_to_all(files):
    system = files(
        main="name: x\ncomponents: {plc: {source: p.fmu}, 'z[1..2]': {source: z.fmu}}\n"
        "connections: ['plc.N -> z[1..2].N', 'z[1..2].T -> plc.T[1..2]']\n" + EXPERIMENT
    )

    assert [str(one) for one in system.connections] == [
        "plc.N -> z[1].N",
        "plc.N -> z[2].N",
        "z[1].T -> plc.T[1]",
        "z[2].T -> plc.T[2]",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a[1..3].y -> b[1..2].u", "stands for 3 names, 'b[1..2].u' for 2"),
        ("a[3..1].y -> b.u", "runs backwards; write 1..3"),
        ("a[1..999999].y -> b.u", "999999 names; 100000 are the most"),
        ("{connect: a.y -> b.u, factr: 2}", "unknown key 'factr'; did you mean 'factor'"),
        ("{connect: a.y -> b.u, factor: 2, map: {0: 1}}", "a map or a factor and offset"),
        ("{connect: a.y -> b.u, map: {0: x}}", "all of one kind"),
        ("{factor: 2}", "needs 'connect: a.y -> b.u'"),
        ("{connect: a.y -> b.u, factor: fast}", "use a number"),
    ],
)
def test_a_connection_that_cannot_be_is_refused_with_its_line(files, text, expected):
    message = refusal(
        files, main=f"name: x\ncomponents: {{a: {{source: a.fmu}}}}\nconnections:\n  - {text}\n{EXPERIMENT}"
    )

    assert "main.yaml:4: connections[0]" in message
    assert expected in message


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("factor: 2", Linear(factor=2.0)),
        ("offset: -1.5", Linear(offset=-1.5)),
        (
            "map: {0: 1, 1: 0}",
            ValueMap(kind="integer", entries=(MapEntry(source=0, target=1), MapEntry(source=1, target=0))),
        ),
        ("map: {true: false}", ValueMap(kind="boolean", entries=(MapEntry(source=True, target=False),))),
        ("map: {open: closed}", ValueMap(kind="enumeration", entries=(MapEntry(source="open", target="closed"),))),
    ],
)
def test_a_connection_with_keys_transforms(files, keys, expected):
    system = files(
        main=f"name: x\ncomponents: {{a: {{source: a.fmu}}}}\n{EXPERIMENT}"
        f"connections: ['a.z -> a.w', {{connect: a.y -> a.u, {keys}}}]\n"
    )

    assert [one.transformation for one in system.connections] == [None, expected]
    if isinstance(expected, ValueMap):
        assert [type(entry.source) for entry in expected.entries] == [
            type(entry.source) for entry in system.connections[1].transformation.entries
        ]


def test_a_system_takes_the_place_of_a_component(files, tmp_path):
    system = files(
        main="name: plant\nconstants: {V0: 2 L}\ncomponents:\n  tank: {source: tank.fmu}\n"
        "  cooling: {system: parts/cooling.yaml, parameters: {pump.k: 3}}\n"
        "connections: [tank.T -> cooling.T_in, cooling.Q -> tank.Q]\n" + EXPERIMENT,
        parts__cooling="name: cooling\nconstants: {V0: 2 L, r: 1.5}\n"
        "components: {pump: {source: pump.fmu}, jacket: {source: j.fmu}}\n"
        "subsystems: {'': {connectors: {T_in: {kind: input}, Q: {kind: output}}}}\n"
        "connections: [.T_in -> jacket.T, jacket.Q -> .Q, pump.F -> jacket.F]\n" + EXPERIMENT,
    )

    assert list(system.components) == ["tank", "cooling/pump", "cooling/jacket"]
    assert system.components["cooling/pump"].source == tmp_path.resolve() / "parts/pump.fmu"
    assert [str(one) for one in system.connections] == [
        "tank.T -> cooling.T_in",
        "cooling.Q -> tank.Q",
        "cooling.T_in -> cooling/jacket.T",
        "cooling/jacket.Q -> cooling.Q",
        "cooling/pump.F -> cooling/jacket.F",
    ]
    assert set(system.subsystems["cooling"].connectors) == {"T_in", "Q"}
    assert system.subsystems["cooling"].bindings == (ParameterBinding(values={"pump.k": 3}),)
    assert system.constants == {"V0": "2 L", "r": 1.5}


def test_systems_lie_in_systems_to_any_depth(files):
    inner = "name: i\ncomponents: {c: {source: c.fmu}}\n" + EXPERIMENT
    middle = "name: m\ncomponents: {inner: {system: inner.yaml}}\n" + EXPERIMENT

    system = files(
        main="name: x\ncomponents: {middle: {system: middle.yaml}}\n" + EXPERIMENT, middle=middle, inner=inner
    )

    assert list(system.components) == ["middle/inner/c"]


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ("{system: main.yaml}", "this system lies in itself"),
        ("{system: other.ssp}", "cotwin convert"),
        ("{system: missing.yaml}", "cannot be read"),
        ("{system: part.yaml, isolation: process}", "unknown key 'isolation' of a system"),
        ("{system: part.yaml}", "defines constants.V0 otherwise"),
    ],
)
def test_a_system_that_cannot_be_is_refused(files, component, expected):
    message = refusal(
        files,
        main=f"name: x\nconstants: {{V0: 1}}\ncomponents:\n  a: {{source: a.fmu}}\n  part: {component}\n{EXPERIMENT}",
        part="name: p\nconstants: {V0: 2}\ncomponents: {a: {source: a.fmu}}\n" + EXPERIMENT,
    )

    assert "main.yaml:5: components.part: " in message
    assert expected in message
    assert len(message) < 500


def test_paths_of_files_do_not_depend_on_the_working_directory(files, tmp_path, monkeypatch):
    monkeypatch.chdir(Path("/"))

    assert (
        files(main="name: x\ncomponents: {a: {source: a.fmu}}\n" + EXPERIMENT).components["a"].source.parent
        == tmp_path.resolve()
    )
