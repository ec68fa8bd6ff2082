"""What each element of SSP files becomes in a description."""

import pytest

from orchestrator.ssp.reader import read_ssp, variants
from orchestrator.system.structure import Mapping, UnitDefinition
from orchestrator.system.transformation import Linear, MapEntry, ValueMap
from orchestrator.system.values import Quantity
from tests.ssp.texts import (
    ENUMERATIONS,
    UNITS,
    bound,
    component,
    connection,
    connections,
    connector,
    connectors,
    elements,
    package,
    ssb,
    ssd,
    ssm,
    ssv,
    values,
)


def read(tmp_path, structure, files=None, **more):
    return read_ssp(package(tmp_path / "plant.ssp", structure, files), **more)


def ends(description):
    return [str(connection) for connection in description.connections]


OWN = (
    '<ssc:Annotations><ssc:Annotation type="cotwin.description"><description xmlns="urn:cotwin:ssp:1">{}'
    "</description></ssc:Annotation></ssc:Annotations>"
)
PAIR = elements(component("a", "y output", "u input"), component("b", "y output", "u input"))


def test_a_component_is_an_fmu_of_the_package_that_lies_in_a_folder(tmp_path):
    description = read(tmp_path, ssd(PAIR))
    assert list(description.components) == ["a", "b"]
    source = description.components["a"].source
    assert source.is_file()
    assert source.parts[-2:] == ("resources", "a.fmu")
    assert description.components["a"].kind is None
    assert description.components["a"].connectors["y"].kind == "output"


def test_a_folder_and_a_single_file_are_read_in_place(tmp_path):
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources/a.fmu").touch()
    (tmp_path / "SystemStructure.ssd").write_text(ssd(PAIR))
    for path in (tmp_path, tmp_path / "SystemStructure.ssd"):
        assert read_ssp(path).components["a"].source == tmp_path / "resources/a.fmu"


def test_an_archive_is_unpacked_once_for_all_who_read_it_or_where_somebody_wants_it(tmp_path):
    path = package(tmp_path / "plant.ssp", ssd(PAIR))
    first, second = read_ssp(path).components["a"].source, read_ssp(path).components["a"].source
    assert first == second
    wanted = read_ssp(path, unpack_to=tmp_path / "there").components["a"].source
    assert wanted.is_relative_to(tmp_path / "there")


@pytest.mark.parametrize(
    ("implementation", "kind"),
    [
        ("any", None),
        ("CoSimulation", "co_simulation"),
        ("ModelExchange", "model_exchange"),
        ("ScheduledExecution", "scheduled_execution"),
    ],
)
def test_the_implementation_chooses_among_what_an_fmu_offers(tmp_path, implementation, kind):
    text = ssd(elements(component("a", more=f'implementation="{implementation}"')))
    assert read(tmp_path, text).components["a"].kind == kind


def test_connections_follow_the_kinds_and_not_start_and_end(tmp_path):
    wires = connections(connection("a.y", "b.u"), connection("a.u", "b.y"))
    assert ends(read(tmp_path, ssd(PAIR + wires))) == ["a.y -> b.u", "b.y -> a.u"]


def test_systems_in_systems_have_paths_and_connectors_of_their_own(tmp_path):
    inner = (
        '<ssd:System name="cooling">'
        + connectors("in input", "out output")
        + elements(component("pump", "u input", "y output"))
        + connections(connection("in", "pump.u"), connection("out", "pump.y"))
        + "</ssd:System>"
    )
    outer = connectors("x input") + elements(inner, component("a", "y output", "u input"))
    wires = connections(connection("a.u", "cooling.out"), connection("cooling.in", "x"))
    description = read(tmp_path, ssd(outer + wires))
    assert list(description.components) == ["cooling/pump", "a"]
    assert list(description.subsystems) == ["", "cooling"]
    assert description.subsystems[""].markup.label == "root"
    assert description.subsystems["cooling"].connectors["in"].kind == "input"
    assert ends(description) == [
        "cooling.in -> cooling/pump.u",
        "cooling/pump.y -> cooling.out",
        "cooling.out -> a.u",
        ".x -> cooling.in",
    ]


def test_names_that_descriptions_cannot_have_become_others_and_stay_as_labels(tmp_path):
    names = ["a.b", "a_b", "a/b", "a->b", "x" * 120]
    description = read(tmp_path, ssd(elements(*(component(name.replace(">", "&gt;"), "y output") for name in names))))
    labels = {path: part.markup.label for path, part in description.components.items()}
    assert labels["a_b"] is None
    assert sorted(label for label in labels.values() if label) == sorted(set(names) - {"a_b"})
    assert len(labels) == len(names)


@pytest.mark.parametrize(
    ("given", "name", "label"), [("v1.2", "v1.2", None), ("a/b", "a_b", "a/b"), ("..", "system", "..")]
)
def test_a_whole_system_is_called_as_in_the_file_where_that_can_be(tmp_path, given, name, label):
    description = read(tmp_path, ssd(PAIR, name=given))
    assert (description.name, description.markup.label) == (name, label)


TYPES = [
    ("<ssc:Real/>", {"type": "Real"}),
    ('<ssc:Real unit="degC"/>', {"type": "Real", "unit": "degC"}),
    ('<ssc:Float64 unit="K"/>', {"type": "Float64", "unit": "K"}),
    *((f"<ssc:{name}/>", {"type": name}) for name in ("Float32", "Integer", "Boolean", "String")),
    *((f"<ssc:{sign}Int{bits}/>", {"type": f"{sign}Int{bits}"}) for sign in ("", "U") for bits in (8, 16, 32, 64)),
    ('<ssc:Enumeration name="Mode"/>', {"type": "Enumeration", "enumeration": "Mode"}),
    ('<ssc:Binary mime-type="image/png"/>', {"type": "Binary", "mime_type": "image/png"}),
    ('<ssc:Clock intervalVariability="triggered"/>', {"type": "Clock", "interval_variability": "triggered"}),
    ("", {"type": None}),
    (
        '<ssc:Float64/><ssc:Dimension size="2"/><ssc:Dimension sizeConnector="n"/><ssc:Dimension/>',
        {"type": "Float64", "dimensions": (2, "n", None)},
    ),
    ('<ssc:Int8/><ssd:Clock name="c"/><ssd:Clock name="n"/>', {"type": "Int8", "clocks": ("c", "n")}),
]


@pytest.mark.parametrize(("inner", "expected"), TYPES, ids=range(len(TYPES)))
def test_connectors_have_every_type_with_dimensions_and_clocks(tmp_path, inner, expected):
    more = [connector("n", "structuralParameter", "<ssc:UInt64/>"), connector("c", "input", "<ssc:Clock/>")]
    text = ssd(elements(component("a", connector("x", "input", inner), *more)), ENUMERATIONS + UNITS, version="2.0")
    found = read(tmp_path, text).components["a"].connectors["x"]
    assert {name: getattr(found, name) for name in expected} == expected


def test_indices_name_elements_of_arrays(tmp_path):
    wires = connections(connection("a.y", "b.u", more='startIndices="2 3" endIndices="1"'))
    assert ends(read(tmp_path, ssd(PAIR + wires, version="2.0"))) == ["a.y[2,3] -> b.u[1]"]


ENTRY = '<ssc:MapEntry source="{}" target="{}"/>'
TRANSFORMATIONS = [
    ('<ssc:LinearTransformation factor="2" offset="-1"/>', Linear(factor=2.0, offset=-1.0)),
    ("<ssc:LinearTransformation/>", Linear()),
    (
        f"<ssc:BooleanMappingTransformation>{ENTRY.format('true', '0')}</ssc:BooleanMappingTransformation>",
        ValueMap(kind="boolean", entries=(MapEntry(source=True, target=False),)),
    ),
    (
        f"<ssc:IntegerMappingTransformation>{ENTRY.format(1, -7)}{ENTRY.format(2, 8)}"
        "</ssc:IntegerMappingTransformation>",
        ValueMap(kind="integer", entries=(MapEntry(source=1, target=-7), MapEntry(source=2, target=8))),
    ),
    (
        f"<ssc:EnumerationMappingTransformation>{ENTRY.format('on', 'fast')}</ssc:EnumerationMappingTransformation>",
        ValueMap(kind="enumeration", entries=(MapEntry(source="on", target="fast"),)),
    ),
]


@pytest.mark.parametrize(("text", "expected"), TRANSFORMATIONS, ids=range(len(TRANSFORMATIONS)))
def test_connections_have_every_transformation(tmp_path, text, expected):
    description = read(tmp_path, ssd(PAIR + connections(connection("a.y", "b.u", text))))
    assert description.connections[0].transformation == expected
    assert type(description.connections[0].transformation) is type(expected)
    assert not description.connections[0].suppress_unit_conversion


def test_the_conversion_of_units_can_be_suppressed(tmp_path):
    description = read(tmp_path, ssd(PAIR + connections(connection("a.y", "b.u", more='suppressUnitConversion="1"'))))
    assert description.connections[0].suppress_unit_conversion


def test_units_and_enumerations_are_defined_as_in_the_file(tmp_path):
    description = read(tmp_path, ssd(PAIR, ENUMERATIONS + UNITS))
    assert description.units == {
        "K": UnitDefinition(exponents={"K": 1}),
        "degC": UnitDefinition(exponents={"K": 1}, offset=273.15),
        "bar": UnitDefinition(exponents={"kg": 1, "m": -1, "s": -2}, factor=1e5),
    }
    assert description.enumerations == {"Mode": {"off": 0, "on": 3}}


PARAMETERS = [
    ('<ssv:Real value="1.5e-3"/>', 0.0015),
    ('<ssv:Real value="2"/>', 2.0),
    ('<ssv:Real value="2" unit="degC"/>', Quantity(value=2.0, unit="degC")),
    ('<ssv:Float32 value=".5" unit="K"/>', Quantity(value=0.5, unit="K")),
    ('<ssv:Integer value="-4"/>', -4),
    ('<ssv:UInt64 value="18446744073709551615"/>', 2**64 - 1),
    ('<ssv:Boolean value="true"/>', True),
    ('<ssv:Boolean value="0"/>', False),
    ('<ssv:String value="two words"/>', "two words"),
    ('<ssv:String><ssv:Value value="x"/></ssv:String>', "x"),
    ('<ssv:Enumeration value="on" name="Mode"/>', "on"),
    ('<ssv:Enumeration value="anything"/>', "anything"),
    ('<ssv:Binary value="0aFF" mime-type="image/png"/>', "0aff"),
    ('<ssv:Float64 value="1 2 3.5"/><ssc:Dimension size="3"/>', (1.0, 2.0, 3.5)),
    (
        '<ssv:Float64 value="1 2 3 4" unit="K"/><ssc:Dimension size="2"/><ssc:Dimension size="2"/>',
        Quantity(value=(1.0, 2.0, 3.0, 4.0), unit="K"),
    ),
    ('<ssv:Int8 value="1 -2"/><ssc:Dimension size="2"/>', (1, -2)),
    ('<ssv:Boolean value="true 0"/><ssc:Dimension size="2"/>', (True, False)),
    (
        '<ssv:String><ssv:Value value="a b"/><ssv:Value value=""/></ssv:String><ssc:Dimension size="2"/>',
        ("a b", ""),
    ),
    ('<ssv:String value="a b"/><ssc:Dimension size="1"/>', ("a b",)),
    ('<ssv:Binary><ssv:Value value="00"/><ssv:Value value="01"/></ssv:Binary><ssc:Dimension size="2"/>', ("00", "01")),
    (
        '<ssv:Enumeration name="Mode"><ssv:Value value="on"/><ssv:Value value="off"/></ssv:Enumeration>'
        '<ssc:Dimension size="2"/>',
        ("on", "off"),
    ),
]


@pytest.mark.parametrize(("text", "expected"), PARAMETERS, ids=range(len(PARAMETERS)))
def test_parameters_have_every_type_as_scalars_and_arrays(tmp_path, text, expected):
    more = (ENUMERATIONS + UNITS).replace("ssd:", "ssv:")
    inner = bound(values(f'<ssv:Parameter name="p">{text}</ssv:Parameter>', more, version="2.0"))
    value = read(tmp_path, ssd(elements(component("a", inner=inner)))).components["a"].bindings[0].values["p"]
    assert value == expected
    assert type(value) is type(expected)


REAL = '<ssv:Parameter name="{}"><ssv:Real value="{}" {}/></ssv:Parameter>'


def test_sets_and_mappings_come_inline_or_from_files(tmp_path):
    entry = (
        '<ssm:MappingEntry source="pump.k" target="gain" suppressUnitConversion="true">'
        '<ssc:LinearTransformation factor="3"/></ssm:MappingEntry>'
    )
    files = {"resources/p.ssv": ssv(REAL.format("k", 2, "")), "resources/m.ssm": ssm(entry)}
    mapping = '<ssd:ParameterMapping source="resources/m.ssm"/>'
    outer = bound(mapping, 'prefix="pump." source="resources/p.ssv"')
    inner = bound(
        values(REAL.format("k", 5, "")) + f"<ssd:ParameterMapping>{ssm(entry)}</ssd:ParameterMapping>", 'prefix="pump."'
    )
    description = read(tmp_path, ssd(outer + elements(component("a", inner=inner))), files)
    above, below = description.subsystems[""].bindings[0], description.components["a"].bindings[0]
    expected = Mapping(source="pump.k", target="gain", suppress_unit_conversion=True, transformation=Linear(factor=3.0))
    assert above.mapping == below.mapping == (expected,)
    assert (above.prefix, above.name, above.values, below.values) == ("pump.", "set", {"k": 2.0}, {"k": 5.0})
    assert (above.source.name, above.mapping_source.name) == ("p.ssv", "m.ssm")
    assert (below.source, below.mapping_source) == (None, None)


def test_bindings_keep_their_order(tmp_path):
    first, second = (values(REAL.format("k", number, "")) for number in (1, 2))
    both = bound(first).replace("</ssd:ParameterBindings>", "") + bound(second).replace("<ssd:ParameterBindings>", "")
    description = read(tmp_path, ssd(elements(component("a", inner=both))))
    assert [binding.values["k"] for binding in description.components["a"].bindings] == [1.0, 2.0]


def test_units_of_a_set_are_its_own(tmp_path):
    other = UNITS.replace("ssd:", "ssv:").replace('offset="273.15"', 'offset="0" factor="2"')
    files = {"resources/p.ssv": ssv(REAL.format("T", 20, 'unit="degC"'), other)}
    inner = bound("", 'source="resources/p.ssv"')
    description = read(tmp_path, ssd(elements(component("a", inner=inner)), UNITS), files)
    assert description.units["degC"].offset == 273.15
    assert description.components["a"].bindings[0].units["degC"].factor == 2.0


def test_a_set_that_is_given_inline_may_use_the_units_around_it(tmp_path):
    inner = bound(values(REAL.format("T", 20, 'unit="degC"')))
    description = read(tmp_path, ssd(elements(component("a", inner=inner)), UNITS))
    assert description.components["a"].bindings[0].units == {"degC": description.units["degC"]}


def test_a_set_can_lie_inside_of_the_fmu(tmp_path):
    fmu = package(tmp_path / "a.zip", "", {"resources/p.ssv": ssv(REAL.format("k", 7, ""))}).read_bytes()
    inner = bound("", 'source="resources/p.ssv" sourceBase="component"')
    binding = (
        read(tmp_path, ssd(elements(component("a", inner=inner))), {"resources/a.fmu": fmu}).components["a"].bindings[0]
    )
    assert binding.values == {"k": 7.0}
    assert binding.source.parts[-3:] == ("a.fmu", "resources", "p.ssv")


DICTIONARY = '<ssb:DictionaryEntry name="T"><ssc:Real unit="degC"/></ssb:DictionaryEntry>'


def test_references_share_a_dictionary_of_an_enclosing_system(tmp_path):
    inline = f'<ssd:SignalDictionary name="bus">{ssb(DICTIONARY, UNITS.replace("ssd:", "ssb:"))}</ssd:SignalDictionary>'
    outer = '<ssd:SignalDictionary name="bus" source="resources/b.ssb"/>'
    reference = (
        '<ssd:SignalDictionaryReference name="r" dictionary="bus">'
        + connectors(connector("T", "inout", ""))
        + "</ssd:SignalDictionaryReference>"
    )
    nested = f'<ssd:System name="s">{elements(reference)}</ssd:System>'
    inner = f"{elements(reference)}<ssd:SignalDictionaries>{inline}</ssd:SignalDictionaries>"
    shadowing = f'<ssd:System name="t">{inner}</ssd:System>'
    wires = connections(connection("r.T", "a.y"), connection("b.u", "r.T"))
    text = elements(component("a", "y output"), component("b", "u input"), reference, nested, shadowing) + wires
    text += f"<ssd:SignalDictionaries>{outer}</ssd:SignalDictionaries>"
    description = read(tmp_path, ssd(text), {"resources/b.ssb": ssb(DICTIONARY, UNITS.replace("ssd:", "ssb:"))})
    found = {path: part.signal_dictionary for path, part in description.subsystems.items() if part.signal_dictionary}
    assert found == {"r": "bus", "s/r": "bus", "t/r": "t/bus"}
    assert description.subsystems["r"].connectors["T"].unit == "degC"
    assert description.subsystems[""].dictionaries["bus"].source.name == "b.ssb"
    assert description.subsystems["t"].dictionaries["bus"].entries["T"].type == "Real"
    assert ends(description) == ["a.y -> r.T", "r.T -> b.u"]


def test_a_component_can_be_another_package_whose_bindings_come_first(tmp_path):
    inside = connectors("u input") + bound(values(REAL.format("k", 1, ""))) + elements(component("pump", "u input"))
    inside += connections(connection("pump.u", "u"))
    sub = package(
        tmp_path / "sub.ssp", ssd(inside), {"B.ssd": ssd(inside.replace("pump", "fan"), name="B")}
    ).read_bytes()
    more = 'type="application/x-ssp-package"'
    cooling = component(
        "cooling", "u input", source="resources/sub.ssp", more=more, inner=bound(values(REAL.format("k", 2, "")))
    )
    other = component("other", "u input", source="resources/sub.ssp#B.ssd", more=more)
    wires = connections(connection("a.y", "cooling.u"))
    text = ssd(elements(component("a", "y output"), cooling, other) + wires)
    description = read(tmp_path, text, {"resources/sub.ssp": sub})
    assert list(description.components) == ["a", "cooling/pump", "other/fan"]
    assert [binding.values["k"] for binding in description.subsystems["cooling"].bindings] == [1.0, 2.0]
    assert ends(description) == ["cooling.u -> cooling/pump.u", "other.u -> other/fan.u", "a.y -> cooling.u"]
    assert description.components["cooling/pump"].source.is_file()


def test_a_component_can_be_another_file_or_a_system_of_the_same_one(tmp_path):
    sub = ssd(elements(component("pump", source="a.fmu")))
    text = elements(
        f'<ssd:System name="s" id="one">{elements(component("pump"))}</ssd:System>',
        component("again", source="#one", more='type="application/x-ssp-definition"'),
        component("file", source="resources/sub.ssd", more='type="application/x-ssp-definition"'),
    )
    description = read(tmp_path, ssd(text), {"resources/sub.ssd": sub})
    assert list(description.components) == ["s/pump", "again/pump", "file/pump"]
    assert len({part.source for part in description.components.values()}) == 1


def test_units_of_nested_files_are_renamed_where_they_conflict(tmp_path):
    def with_unit(factor):
        units = f'<ssd:Units><ssc:Unit name="m"><ssc:BaseUnit m="1" factor="{factor}"/></ssc:Unit></ssd:Units>'
        return connectors(connector("u", "input", '<ssc:Real unit="m"/>')) + elements(component("p")), units

    files = {f"resources/{n}.ssd": ssd(*with_unit(n)).replace("resources/", "") for n in (1, 2)}
    parts = (
        component(f"c{n}", source=f"resources/{n}.ssd", more='type="application/x-ssp-definition"') for n in (1, 2)
    )
    description = read(tmp_path, ssd(elements(*parts), with_unit(1)[1]), files)
    units = [description.units[description.subsystems[f"c{n}"].connectors["u"].unit].factor for n in (1, 2)]
    assert units == [1.0, 2.0]


def test_a_component_without_implementation_is_an_empty_system(tmp_path):
    description = read(tmp_path, ssd(elements(component("a"), component("later", "u input", source=""))))
    assert list(description.components) == ["a"]
    assert description.subsystems["later"].connectors["u"].kind == "input"


def test_the_experiment_is_that_of_the_file_in_500_steps(tmp_path):
    description = read(tmp_path, ssd(PAIR, '<ssd:DefaultExperiment startTime="10" stopTime="60"/>'))
    assert (description.experiment.start, description.experiment.stop, description.step_size) == (10.0, 60.0, 0.1)
    silent = read(tmp_path, ssd(PAIR, name="other"))
    assert (silent.experiment.start, silent.experiment.stop, silent.step_size) == (0.0, 1.0, 0.002)


@pytest.mark.parametrize(
    ("kind", "text", "step"),
    [
        ("org.openmodelica", '<x:Annotations><x:FixedStepMaster stepSize="0.001000"/></x:Annotations>', 0.001),
        ("com.opensimulationplatform", '<x:Algorithm><x:FixedStepAlgorithm baseStepSize="1e-4"/></x:Algorithm>', 1e-4),
        ("org.example", '<x:FixedStepMaster stepSize="0.1"/>', 0.002),
        ("org.openmodelica", '<x:FixedStepMaster stepSize="-1"/>', 0.002),
    ],
)
def test_the_macro_step_of_other_tools_is_taken_over(tmp_path, kind, text, step):
    note = f'<ssd:Annotations><ssd:Annotation type="{kind}" xmlns:x="urn:x">{text}</ssd:Annotation></ssd:Annotations>'
    inside, behind = ssd(PAIR + note), ssd(PAIR, f"<ssd:DefaultExperiment>{note}</ssd:DefaultExperiment>")
    for number, structure in enumerate((inside, behind)):
        description = read_ssp(package(tmp_path / f"{number}.ssp", structure))
        assert description.step_size == step
        assert len(description.markup.annotations + description.subsystems[""].markup.annotations) == 1


def test_the_own_step_size_wins_over_that_of_other_tools(tmp_path):
    other = '<ssc:Annotation type="org.openmodelica"><x:FixedStepMaster xmlns:x="urn:x" stepSize="1"/></ssc:Annotation>'
    notes = OWN.format('{"step_size": 0.25}').replace("</ssc:Annotations>", other + "</ssc:Annotations>")
    assert read(tmp_path, ssd(PAIR, notes)).step_size == 0.25


def test_an_empty_unit_and_an_enumeration_without_a_name_are_left_open(tmp_path):
    kinds = [connector("x", "input", '<ssc:Real unit=""/>'), connector("y", "input", "<ssc:Enumeration/>")]
    found = read(tmp_path, ssd(elements(component("a", *kinds)))).components["a"].connectors
    assert (found["x"].unit, found["y"].type, found["y"].enumeration) == (None, "Enumeration", None)


def test_variants_are_the_structures_at_the_root(tmp_path):
    other = ssd(elements(component("c")), name="B")
    path = package(tmp_path / "plant.ssp", ssd(PAIR), {"B.ssd": other, "resources/no.ssd": other})
    assert variants(path) == ("SystemStructure.ssd", "B.ssd")
    assert list(read_ssp(path, variant="B").components) == ["c"]
    assert list(read_ssp(path, variant="B.ssd").components) == ["c"]


def test_what_ssp_cannot_say_comes_back_from_the_own_annotation(tmp_path):
    top = OWN.format('{"step_size": 0.5, "algorithm": "jacobi", "record": ["a.*"], "tolerance": 1e-6}')
    part = OWN.format(
        '{"isolation": "process", "time_limit": 3, "solver": {"method": "rk4", "step": 0.1},'
        ' "swap": {"surrogate": "resources/a.surrogate", "to_surrogate_at": 1.0}}'
    )
    files = {"resources/a.surrogate/card.json": "{}"}
    description = read(tmp_path, ssd(elements(component("a", inner=part)), top), files)
    assert (description.step_size, description.algorithm, description.record) == (0.5, "jacobi", ("a.*",))
    assert description.experiment.tolerance == 1e-6
    found = description.components["a"]
    assert (found.isolation, found.time_limit, found.solver.step) == ("process", 3.0, 0.1)
    assert found.swap.surrogate.is_dir()
    assert description.markup.annotations == found.markup.annotations == ()


NOTE = (
    '<ssc:Annotations><ssc:Annotation type="org.example"><x xmlns="urn:x" xmlns:q="urn:q" a="q:name"><!-- kept -->'
    "</x></ssc:Annotation></ssc:Annotations>"
)


def test_what_is_for_people_and_other_tools_is_kept_as_text(tmp_path):
    geometry = '<ssd:ElementGeometry x1="0" y1="0" x2="1" y2="1"/>'
    placed = connector("y", "output", '<ssc:Real/><ssd:ConnectorGeometry x="0" y="1"/>')
    wires = connections(connection("a.y", "b.u", '<ssd:ConnectionGeometry pointsX="1" pointsY="2"/>' + NOTE))
    drawn = (
        '<ssd:SystemGeometry x1="0" y1="0" x2="9" y2="9"/><ssd:GraphicalElements>'
        '<ssd:Note x1="0" y1="0" x2="1" y2="1" text="hi"/></ssd:GraphicalElements>'
    )
    metadata = '<ssc:MetaData kind="general" type="text/xml"><ssc:Content/></ssc:MetaData>'
    text = elements(
        component("a", placed, inner=geometry + NOTE + metadata, more='id="i" description="d"'),
        component("b", "u input"),
    )
    description = read(tmp_path, ssd(text + wires + drawn, NOTE, version="2.0", attributes='author="me" license="MIT"'))
    about = description.components["a"].markup
    assert (about.id, about.description) == ("i", "d")
    assert about.geometry == (
        '<ssd:ElementGeometry xmlns:ssd="http://ssp-standard.org/SSP1/SystemStructureDescription" x1="0" x2="1" y1="0" '
        'y2="1"></ssd:ElementGeometry>',
    )
    assert "MetaData" in about.metadata[0]
    assert 'xmlns:q="urn:q"' in about.annotations[0]
    assert "<!-- kept -->" in about.annotations[0]
    assert "ConnectorGeometry" in description.components["a"].connectors["y"].markup.geometry[0]
    assert "pointsX" in description.connections[0].markup.geometry[0]
    assert [text.split()[0] for text in description.subsystems[""].markup.geometry] == [
        "<ssd:SystemGeometry",
        "<ssd:GraphicalElements",
    ]
    assert description.markup.annotations == about.annotations == description.connections[0].markup.annotations
    assert description.markup.authorship == {"author": "me", "license": "MIT"}
