"""SSP packages written by hand, run with FMUs of the kit: exact numbers at the end of the run."""

import pytest

from orchestrator.assembly import open_simulation
from tests.kit.build import compiler, kit_fmu
from tests.ssp.texts import (
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

pytestmark = pytest.mark.skipif(compiler() is None, reason="building FMUs needs a C compiler")

EXPERIMENT = '<ssd:DefaultExperiment stopTime="1"/>'
STEP = (
    '<ssc:Annotations><ssc:Annotation type="cotwin.description">{"step_size": 0.125}</ssc:Annotation></ssc:Annotations>'
)
U, Y = "Float64_u", "Float64_y"


def fmus():
    return {
        f"resources/{name}.fmu": kit_fmu(model, "3.0", "co_simulation").read_bytes()
        for name, model in {"a": "Feedthrough", "integrator": "Integrator", "space": "StateSpace"}.items()
    }


def run(tmp_path, system, after="", files=None):
    text = ssd(system, after + EXPERIMENT + STEP, version="2.0")
    path = package(tmp_path / "plant.ssp", text, {**fmus(), **(files or {})})
    with open_simulation(path) as simulation:
        results = simulation.run()
    return {name: results[name][-1] for name in results.names}


def real(name, value, more="", kind="Real"):
    return f'<ssv:Parameter name="{name}"><ssv:{kind} value="{value}" {more}/></ssv:Parameter>'


def given(*parameters, more="", after=""):
    return bound(values("".join(parameters), after, version="2.0"), more)


def feedthrough(name, inner="", unit=""):
    """A component whose output is its input, both declared in a unit."""
    inside = f'<ssc:Float64 unit="{unit}"/>' if unit else "<ssc:Float64/>"
    return component(name, connector(U, "input", inside), connector(Y, "output", inside), inner=inner)


def test_connections_that_are_written_backwards_carry_the_same_values(tmp_path):
    parts = elements(
        feedthrough("one", given(real(U, 3))),
        component("sum", "u input", "y output", source="resources/integrator.fmu"),
        feedthrough("two"),
    )
    wires = connections(connection("sum.u", f"one.{Y}"), connection(f"two.{U}", "sum.y"))
    ends = run(tmp_path, parts + wires)
    assert ends["sum.y"] == pytest.approx(3.0, rel=1e-12)
    assert ends[f"two.{Y}"] == ends["sum.y"]


def test_units_and_linear_transformations_act_in_their_order_through_nested_systems(tmp_path):
    inner = (
        '<ssd:System name="inner">'
        + connectors(
            connector("T", "input", '<ssc:Real unit="K"/>'), connector("out", "output", '<ssc:Real unit="K"/>')
        )
        + elements(feedthrough("f", unit="K"))
        + connections(
            connection(f"f.{U}", "T", '<ssc:LinearTransformation factor="2" offset="1"/>'), connection("out", f"f.{Y}")
        )
        + "</ssd:System>"
    )
    parts = elements(feedthrough("warm", given(real(U, 20)), "degC"), inner, feedthrough("end", unit="degC"))
    plain = connections(connection(f"warm.{Y}", "inner.T"), connection("inner.out", f"end.{U}"))
    # 20 degC are 293.15 K; 2 * 293.15 + 1 = 587.3 K; these are 314.15 degC.
    ends = run(tmp_path, parts + plain, UNITS)
    assert ends[f"inner/f.{Y}"] == pytest.approx(587.3, rel=1e-14)
    assert ends[f"end.{Y}"] == pytest.approx(314.15, rel=1e-13)
    instead = connections(
        connection(f"warm.{Y}", "inner.T", '<ssc:LinearTransformation factor="10"/>', 'suppressUnitConversion="true"'),
        connection("inner.out", f"end.{U}", more='suppressUnitConversion="true"'),
    )
    assert run(tmp_path, parts + instead, UNITS)[f"end.{Y}"] == pytest.approx(401.0, rel=1e-14)


def table(kind, *pairs):
    entries = "".join(f'<ssc:MapEntry source="{source}" target="{target}"/>' for source, target in pairs)
    return f"<ssc:{kind}MappingTransformation>{entries}</ssc:{kind}MappingTransformation>"


def test_tables_of_values_replace_what_they_hold_and_pass_the_rest(tmp_path):
    typed = [
        connector(f"{name}_{end}", "input" if end == "u" else "output", f"<ssc:{name}/>")
        for name in ("Boolean", "Int32", "Int8")
        for end in "uy"
    ]
    start = given(
        real("Int32_u", 7, kind="Int32"), real("Int8_u", 7, kind="Int8"), real("Boolean_u", "true", kind="Boolean")
    )
    parts = elements(component("a", *typed, inner=start), component("b", *typed))
    wires = connections(
        connection("a.Int32_y", "b.Int32_u", table("Integer", (7, -2), (8, 0))),
        connection("a.Int8_y", "b.Int8_u", table("Integer", (6, 0))),
        connection("a.Boolean_y", "b.Boolean_u", table("Boolean", ("true", "false"))),
    )
    ends = run(tmp_path, parts + wires)
    assert (ends["b.Int32_y"], ends["b.Int8_y"], bool(ends["b.Boolean_y"])) == (-2, 7, False)


def test_single_elements_of_arrays_are_connected_by_their_indices(tmp_path):
    arrays = [connector("u", "input", '<ssc:Float64/><ssc:Dimension size="2"/>'), connector("y", "output", "")]
    two = '<ssc:Dimension size="2"/>'
    zero = f'<ssv:Parameter name="A"><ssv:Float64 value="0 0 0 0"/>{two}{two}</ssv:Parameter>'
    start = '<ssv:Parameter name="x"><ssv:Float64 value="5 9"/><ssc:Dimension size="2"/></ssv:Parameter>'
    parts = elements(
        component("space", *arrays, source="resources/space.fmu", inner=given(zero, start)),
        feedthrough("f"),
    )
    wires = connections(connection("space.y", f"f.{U}", more='startIndices="2"'))
    assert run(tmp_path, parts + wires)[f"f.{Y}"] == 9.0


def test_later_bindings_win_and_outer_systems_over_inner_ones(tmp_path):
    both = given(real(U, 1)).replace("</ssd:ParameterBindings>", "") + given(real(U, 2)).replace(
        "<ssd:ParameterBindings>", ""
    )
    parts = elements(*(feedthrough(name, both) for name in "abc"))
    inner = f'<ssd:System name="s.1">{given(real(f"b.{U}", 4))}{parts}</ssd:System>'
    outer = given(real(f"s.1.c.{U}", 5), real("unknown", 1))
    ends = run(tmp_path, outer + elements(inner))
    assert [ends[f"s_1/{name}.{Y}"] for name in "abc"] == [2.0, 4.0, 5.0]


def test_mappings_rename_and_transform_what_they_name_and_leave_out_the_rest(tmp_path):
    entry = (
        f'<ssm:MappingEntry source="x.T" target="f.{U}"><ssc:LinearTransformation factor="2"/></ssm:MappingEntry>'
        f'<ssm:MappingEntry source="x.n" target="f.Int32_u">{table("Integer", (1, 10))}</ssm:MappingEntry>'
        f'<ssm:MappingEntry source="x.n" target="f.Int8_u"/>'
    )
    files = {
        "resources/p.ssv": ssv(
            real("T", 20, 'unit="degC"') + real("n", 1, kind="Integer") + real(f"f.{U}", 77),
            UNITS.replace("ssd:", "ssv:"),
        ),
        "resources/m.ssm": ssm(entry),
    }
    binding = bound('<ssd:ParameterMapping source="resources/m.ssm"/>', 'prefix="x." source="resources/p.ssv"')
    ends = run(tmp_path, binding + elements(feedthrough("f", unit="K")), UNITS, files)
    assert ends[f"f.{Y}"] == pytest.approx(586.3, rel=1e-14)
    assert (ends["f.Int32_y"], ends["f.Int8_y"]) == (10, 1)


def test_texts_bytes_and_items_are_given_by_parameter_sets(tmp_path):
    binary = '<ssv:Parameter name="Binary_u"><ssv:Binary value="00ff"/></ssv:Parameter>'
    item = '<ssv:Parameter name="Enumeration_u"><ssv:Enumeration value="second"/></ssv:Parameter>'
    huge = real("UInt64_u", 2**64 - 1, kind="UInt64")
    parts = elements(feedthrough("f", given(binary, item, huge, real("String_u", "a b", kind="String"))))
    ends = run(tmp_path, parts)
    assert (ends["f.Binary_y"], ends["f.String_y"], ends["f.Enumeration_y"]) == (b"\x00\xff", "a b", 2)
    assert ends["f.UInt64_y"] == 2**64 - 1


def test_a_package_in_a_package_is_given_parameters_from_outside(tmp_path):
    inside = given(real(f"f.{U}", 1)) + connectors("out output") + elements(feedthrough("f"))
    inside += connections(connection("out", f"f.{Y}"))
    (tmp_path / "sub").mkdir()
    sub = package(tmp_path / "sub/sub.ssp", ssd(inside, version="2.0"), fmus()).read_bytes()
    more = 'type="application/x-ssp-package"'
    one = component("one", "out output", source="resources/sub.ssp", more=more)
    two = component("two", "out output", source="resources/sub.ssp", more=more, inner=given(real(f"f.{U}", 2)))
    wires = connections(connection("one.out", f"a.{U}"), connection("two.out", f"b.{U}"))
    parts = elements(one, two, feedthrough("a"), feedthrough("b"))
    ends = run(tmp_path, parts + wires, files={"resources/sub.ssp": sub})
    assert (ends[f"a.{Y}"], ends[f"b.{Y}"]) == (1.0, 2.0)


def test_signals_of_a_dictionary_reach_every_reference_in_its_units(tmp_path):
    signals = ssb(
        '<ssb:DictionaryEntry name="T"><ssc:Real unit="K"/></ssb:DictionaryEntry>', UNITS.replace("ssd:", "ssb:")
    )
    reference = (
        '<ssd:SignalDictionaryReference name="bus" dictionary="plant">'
        + connectors(connector("T", "inout", ""))
        + "</ssd:SignalDictionaryReference>"
    )
    nested = (
        '<ssd:System name="s">'
        + elements(reference, feedthrough("f", unit="K"))
        + connections(connection(f"f.{U}", "bus.T"))
        + "</ssd:System>"
    )
    parts = elements(feedthrough("warm", given(real(U, 20)), "degC"), reference, nested)
    wires = connections(connection("bus.T", f"warm.{Y}"))
    inline = f'<ssd:SignalDictionary name="plant">{signals}</ssd:SignalDictionary>'
    dictionaries = f"<ssd:SignalDictionaries>{inline}</ssd:SignalDictionaries>"
    assert run(tmp_path, parts + wires + dictionaries, UNITS)[f"s/f.{Y}"] == pytest.approx(293.15, rel=1e-14)


def test_enumerations_are_mapped_by_the_names_of_their_items(tmp_path):
    typed = [
        connector(f"Enumeration_{end}", kind, '<ssc:Enumeration name="Mode"/>')
        for end, kind in (("u", "input"), ("y", "output"))
    ]
    item = '<ssv:Parameter name="Enumeration_u"><ssv:Enumeration value="third"/></ssv:Parameter>'
    parts = elements(component("a", *typed, inner=given(item)), component("b", *typed))
    wires = connections(connection("a.Enumeration_y", "b.Enumeration_u", table("Enumeration", ("third", "second"))))
    items = "".join(
        f'<ssc:Item name="{name}" value="{value}"/>' for value, name in enumerate(("first", "second", "third"), 1)
    )
    mode = f'<ssd:Enumerations><ssc:Enumeration name="Mode">{items}</ssc:Enumeration></ssd:Enumerations>'
    assert run(tmp_path, parts + wires, mode)["b.Enumeration_y"] == 2


def array(name, *numbers, rows=None):
    sizes = (len(numbers),) if rows is None else (rows, len(numbers) // rows)
    extents = "".join(f'<ssc:Dimension size="{size}"/>' for size in sizes)
    listed = " ".join(map(str, numbers))
    return f'<ssv:Parameter name="{name}"><ssv:Float64 value="{listed}"/>{extents}</ssv:Parameter>'


def test_structural_parameters_change_the_sizes_of_arrays(tmp_path):
    sizes = "".join(real(name, 1, kind="UInt64") for name in ("n", "m", "r"))
    matrices = "".join(array(name, value, rows=1) for name, value in (("A", 0), ("B", 2), ("C", 1), ("D", 0)))
    arrays = [
        connector("m", "structuralParameter", "<ssc:UInt64/>"),
        connector("u", "input", '<ssc:Float64/><ssc:Dimension sizeConnector="m"/>'),
    ]
    inner = given(sizes, matrices, array("x", 3), array("u", 4))
    ends = run(tmp_path, elements(component("space", *arrays, source="resources/space.fmu", inner=inner)))
    # x' = 2 u from x(0) = 3 with u = 4
    assert ends["space.y[1]"] == pytest.approx(11.0, rel=1e-12)


def test_clocked_components_run_as_their_fmus_say(tmp_path):
    typed = [
        connector("tick", "input", '<ssc:Clock intervalVariability="constant"/>'),
        connector("u", "input", '<ssc:Float64/><ssd:Clock name="tick"/>'),
        connector("sample", "output", '<ssc:Float64/><ssd:Clock name="tick"/>'),
        connector("count", "output", '<ssc:Int32/><ssd:Clock name="tick"/>'),
    ]
    parts = elements(feedthrough("one", given(real(U, 5))), component("clocked", *typed, source="resources/clocks.fmu"))
    wires = connections(connection("clocked.u", f"one.{Y}"))
    files = {"resources/clocks.fmu": kit_fmu("Clocks", "3.0", "co_simulation").read_bytes()}
    ends = run(tmp_path, parts + wires, files=files)
    assert ends["clocked.sample"] == 5.0
    assert ends["clocked.count"] == 11  # at 0.0, 0.1 ... 1.0 s
