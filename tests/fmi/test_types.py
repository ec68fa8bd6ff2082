"""Every type of FMI 2.0 and 3.0 through the importer, with FMUs that hand back what they are given."""

import json
import shutil
from contextlib import closing

import numpy as np
import pytest

from cotwin import open_simulation, read_system
from orchestrator.errors import CapabilityError
from orchestrator.fmi.co_simulation import open_fmu
from orchestrator.fmi.variables import read_model
from orchestrator.instance import Bundle
from orchestrator.recording.results import Results
from tests.fmi import echo, toys

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the echoing FMU needs a C compiler")

VALUES = {
    "Real": (0.1, -1e300),
    "Integer": (2**31 - 1, -(2**31)),
    "Float64": (0.1, 5e-324),
    "Float32": (float(np.float32(0.1)), 2.0**-149),
    "Int8": (-128, 127),
    "UInt16": (65535, 0),
    "Int64": (2**53 + 1, -(2**63)),
    "UInt64": (2**64 - 1, 2**53 + 1),
    "Boolean": (True, False),
    "String": ("Öl, 5 µm; '\"\n" * 50, ""),
    "Binary": (b"\0a\0\xff\0", b""),
}


@pytest.fixture(scope="session")
def echoes(tmp_path_factory):
    made = {}
    for version in ("fmi2", "fmi3"):
        folder = tmp_path_factory.mktemp(version)
        entries = {
            "modelDescription.xml": echo.description(version),
            f"binaries/{toys.platform(version)}/echo.so": echo.library(version, folder),
        }
        made[version] = toys.archive(folder / "echo.fmu", entries)
    return made


@pytest.fixture
def instance(echoes, version):
    with closing(open_fmu("echo", echoes[version])) as opened:
        opened.enter_initialization(0.0, None, None)
        opened.exit_initialization()
        yield opened


def bundle(instance, *names):
    by_name = {connector.name: connector for connector in instance.connectors}
    return Bundle.of([by_name[name] for name in names])


def put(instance, kind, values):
    chosen = bundle(instance, f"u_{kind}", f"w_{kind}")
    array = chosen.storage.zeros(chosen.size)
    array[:] = values
    instance.set(chosen, array)


def take(instance, kind):
    chosen = bundle(instance, f"y_{kind}", f"z_{kind}")
    array = np.empty(chosen.size, chosen.storage.dtype)
    instance.get(chosen, array)
    return array.tolist()


def test_every_type_goes_in_and_comes_out_unchanged(instance, version):
    kinds = echo.TYPES[version]
    assert set(instance.model.types.values()) == set(kinds)
    assert instance.model.not_imported == {}
    for repetition in range(2):
        for kind in kinds:
            put(instance, kind, VALUES[kind][:: 1 - 2 * repetition])
        instance.do_step(0.5 * repetition, 0.5)
        for kind in kinds:
            assert take(instance, kind) == list(VALUES[kind][:: 1 - 2 * repetition]), kind


def test_what_an_fmu_was_given_is_given_again_by_a_restart_of_a_transfer(instance):
    chosen = bundle(instance, "u_String", "w_String")
    transfer = instance._fmu.transfer(chosen)
    transfer.write(np.array(["first", "second"], dtype=object))
    put(instance, "String", ["", ""])
    transfer.rewrite()
    instance.do_step(0.0, 1.0)
    assert take(instance, "String") == ["first", "second"]


def test_text_that_is_no_utf_8_shows_its_bytes_and_a_null_pointer_is_no_text(instance):
    chosen = bundle(instance, "u_String", "w_String")
    instance.set(chosen, np.array(["\udcfc", ""], dtype=object))  # the byte 0xfc: ü in Latin-1
    assert take(instance, "String") == ["", ""]
    instance.do_step(0.0, 1.0)
    assert take(instance, "String") == ["\\xfc", ""]


def test_a_text_with_a_nul_character_is_refused_by_name(instance):
    with pytest.raises(CapabilityError, match=r"w_String = .a.x00. holds a NUL character, which no FMI string can"):
        put(instance, "String", ["", "a\0"])


def test_a_float_that_has_no_place_in_single_precision_is_refused(instance, version):
    if version == "fmi2":
        pytest.skip("FMI 2.0 has no Float32")
    put(instance, "Float32", [0.1, np.inf])
    instance.do_step(0.0, 1.0)
    assert take(instance, "Float32") == [float(np.float32(0.1)), np.inf]
    with pytest.raises(CapabilityError, match=r"w_Float32 = 1e\+300 does not fit its FMI type Float32"):
        put(instance, "Float32", [0.0, 1e300])


def test_start_values_of_texts_and_bytes_are_read(tmp_path):
    variables = """
    <String name="one" valueReference="0" causality="parameter"><Start value="a b &#228;"/></String>
    <String name="three" valueReference="1" causality="parameter"><Dimension start="3"/>
      <Start value="x"/><Start value=""/><Start value=" z "/></String>
    <String name="none" valueReference="2" causality="output" initial="calculated"><Dimension start="3"/></String>
    <Binary name="bytes" valueReference="3" causality="parameter"><Start value="00 ff"/></Binary>
    <UInt64 name="large" valueReference="4" causality="parameter" start="18446744073709551615"
      max="18446744073709551615"/>
    <Int64 name="exact" valueReference="5" causality="parameter" start="9007199254740993" min="-9007199254740993"/>
    """
    text = toys.description("fmi3", variables=variables)
    found = {c.name: c for c in read_model(toys.archive(tmp_path / "x.fmu", {"modelDescription.xml": text})).connectors}
    assert found["one"].start == ("a b ä",)
    assert (found["three"].shape, found["three"].start) == ((3,), ("x", "", " z "))
    assert found["none"].start is None
    assert found["bytes"].start == (b"\0\xff",)
    assert (found["large"].start, found["large"].maximum) == ((2**64 - 1,), 2**64 - 1)
    assert (found["exact"].start, found["exact"].minimum) == ((2**53 + 1,), -(2**53) - 1)


def test_a_coupled_run_carries_every_type_from_a_description_into_the_record(echoes, version, tmp_path):
    kinds = echo.TYPES[version]
    given = {kind: value.hex() if isinstance(value := VALUES[kind][0], bytes) else value for kind in kinds}
    lines = [f"connections: [{', '.join(f'a.y_{kind} -> b.u_{kind}' for kind in kinds)}]"]
    lines += ["name: echo", "experiment: {stop: 3}", "step_size: 1", "record: ['*.y_*', '*.u_*']", "components:"]
    lines += [f"  a: {{source: {echoes[version]}, parameters: {{{_parameters(given)}}}}}"]
    lines += [f"  b: {{source: {echoes[version]}}}"]
    (tmp_path / "echo.yaml").write_text("\n".join(lines), encoding="utf-8")
    with open_simulation(read_system(tmp_path / "echo.yaml"), output=tmp_path / "echo.parquet") as simulation:
        simulation.run()
    results = Results.load(tmp_path / "echo.parquet")
    for kind in kinds:
        assert results[f"a.y_{kind}"].tolist()[1:] == [VALUES[kind][0]] * 3
        assert results[f"b.y_{kind}"].tolist()[-1] == VALUES[kind][0]


def _parameters(given):
    return ", ".join(f"u_{kind}: {json.dumps(value, ensure_ascii=False)}" for kind, value in given.items())
