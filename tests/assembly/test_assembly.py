"""Assembly: from a description to a simulation, with doubles in place of files' contents."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator import assembly
from orchestrator.assembly import open_instance, open_simulation
from orchestrator.errors import (
    AlgebraicLoopError,
    CapabilityError,
    CotwinError,
    DescriptionError,
    FmuImportError,
    UnitError,
)
from orchestrator.instance import Capabilities, StateWrite
from orchestrator.realtime.metering import Meter
from orchestrator.recording.results import Results
from orchestrator.system.description import Component, Experiment, SystemDescription
from orchestrator.system.yaml.file import read_system
from tests.coupled import Memory
from tests.doubles import FunctionInstance, a_parameter, an_input, an_output
from tests.textbook import lotka_volterra

SYSTEM = """
name: pair
components:
  source: {source: source.double}
  gain: {source: gain.double, parameters: {k: 3.0}}
connections:
  - source.y -> gain.u
experiment: {start: 0.0, stop: 1.0}
step_size: 0.25
"""


def _source(name: str) -> FunctionInstance:
    return FunctionInstance(lambda t, u: [1.0 + t], name=name, inputs=())


def _gain(name: str) -> FunctionInstance:
    gain = FunctionInstance(
        lambda t, u: gain.values["k"] * u, name=name, inputs=[an_input()], others=[a_parameter("k", 1.0)]
    )
    return gain


def _broken(name: str) -> FunctionInstance:
    raise FmuImportError(f"component '{name}' is broken")


KINDS: dict[str, Callable[[str], FunctionInstance]] = {"source": _source, "gain": _gain, "broken": _broken}


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[FunctionInstance]]:
    """Instances opened so far; files `KIND.double` stand for doubles."""
    instances: list[FunctionInstance] = []

    def opener(name: str, component: Component) -> FunctionInstance:
        path = component.source
        instances.append(KINDS[path.stem](name))
        return instances[-1]

    monkeypatch.setitem(assembly._OPENERS, ".double", opener)
    yield instances
    assert all(instance.closed for instance in instances)


@pytest.fixture
def system(tmp_path: Path) -> Path:
    for kind in KINDS:
        (tmp_path / f"{kind}.double").write_text(kind)
    path = tmp_path / "system.yaml"
    path.write_text(SYSTEM)
    return path


@pytest.mark.parametrize("form", ["path", "string", "description", "mapping"])
def test_every_form_of_a_description_opens_the_same_system(
    form: str, system: Path, opened: list[FunctionInstance]
) -> None:
    described = read_system(system)
    forms: dict[str, Any] = {
        "path": system,
        "string": str(system),
        "description": described,
        "mapping": {
            "name": "pair",
            "components": {
                "source": {"source": str(system.parent / "source.double")},
                "gain": {"source": str(system.parent / "gain.double"), "parameters": {"k": 3.0}},
            },
            "connections": ["source.y -> gain.u"],
            "experiment": {"stop": 1.0},
            "step_size": 0.25,
        },
    }
    with open_simulation(forms[form]) as simulation:
        results = simulation.run()
    np.testing.assert_allclose(results["gain.y"], 3.0 * (1.0 + results.times), rtol=1e-15)
    assert results.metadata["components"]["gain"]["kind"] == "double"
    assert len(opened) == 2


@pytest.mark.parametrize(("output", "file"), [("out", "out/pair.parquet"), ("out/run.parquet", "out/run.parquet")])
@pytest.mark.usefixtures("opened")
def test_results_go_to_a_file_or_into_a_folder(output: str, file: str, system: Path, tmp_path: Path) -> None:
    with open_simulation(system, output=tmp_path / output) as simulation:
        results = simulation.run()
    loaded = Results.load(tmp_path / file)
    np.testing.assert_array_equal(loaded["gain.y"], results["gain.y"])
    assert loaded.metadata["components"]["gain"]["file_sha256"] != ""


def test_what_was_opened_is_closed_when_a_later_component_fails(system: Path, opened: list[FunctionInstance]) -> None:
    system.write_text(SYSTEM.replace("gain.double, parameters: {k: 3.0}", "broken.double"))
    with pytest.raises(FmuImportError, match="component 'gain' is broken"):
        open_simulation(system)
    assert [instance.calls for instance in opened] == [["close"]]


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        ("source.y -> gain.u", "source.z -> gain.u", DescriptionError, "has no output 'z'"),
        ("{k: 3.0}", "{K: 3.0}", DescriptionError, r"components\.gain\.parameters\.K: unknown variable"),
        ("step_size: 0.25", "step_size: 0.25\nrecord: [gain.x]", DescriptionError, r"'gain\.x' matches no variable"),
        ("stop: 1.0", "stop: 0.0", DescriptionError, "stop 0 s is not after start 0 s"),
        ("source: source.double", "source: gain.double", DescriptionError, "already|loop|gain"),
    ],
)
def test_a_wrong_description_closes_everything_again(
    old: str, new: str, error: type[Exception], message: str, system: Path, opened: list[FunctionInstance]
) -> None:
    text = SYSTEM.replace(old, new)
    if "loop" in message:
        text = text.replace("  - source.y -> gain.u", "  - source.y -> gain.u\n  - gain.y -> source.u")
        error = AlgebraicLoopError
    system.write_text(text)
    with pytest.raises(error, match=message):
        open_simulation(system)
    assert len(opened) == 2


def test_units_without_a_conversion_are_refused(
    system: Path, opened: list[FunctionInstance], monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestrator.system.quantities.units import Unit

    kelvin, metre = Unit("K", (0, 0, 0, 0, 1, 0, 0, 0)), Unit("m", (0, 1, 0, 0, 0, 0, 0, 0))
    monkeypatch.setitem(
        KINDS,
        "source",
        lambda name: FunctionInstance(lambda t, u: [t], name=name, inputs=(), outputs=[an_output(unit=kelvin)]),
    )
    monkeypatch.setitem(
        KINDS,
        "gain",
        lambda name: FunctionInstance(
            lambda t, u: u, name=name, inputs=[an_input(unit=metre)], others=[a_parameter("k", 1.0)]
        ),
    )
    with pytest.raises(UnitError, match="'K'"):
        open_simulation(system)
    assert len(opened) == 2


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "model.exe",
            r"component 'a': .*model\.exe is of no known kind\. Give a file that ends in \.fmu or \.surrogate",
        ),
        ("model.fmu", r"component 'a': .*model\.fmu does not exist or cannot be reached \(No such file"),
        (
            "/dev/null/model.fmu",
            r"component 'a': .*model\.fmu does not exist or cannot be reached \(Not a directory",
        ),
    ],
)
def test_a_file_that_cannot_be_opened_is_refused_with_the_remedy(source: str, message: str) -> None:
    with pytest.raises(DescriptionError, match=message):
        open_instance("a", Component(source=Path("/nowhere") / source))


@pytest.mark.usefixtures("opened")
def test_files_that_are_not_there_are_told_with_all_else_that_is_wrong(system: Path) -> None:
    parts = {"gone": "gone.fmu", "z[1..3]": "zone.fmu", "odd": "odd.exe"}
    text = system.read_text()
    lines = "".join(f"  {name}: {{source: {file}}}\n" for name, file in parts.items())
    text = text.replace("components:\n", f"components:\n{lines}")
    text = text.replace(
        "connections:\n", "connections:\n  - gone.y -> gain.u\n  - gain.nothing -> odd.u\n  - gain.y -> gain.x\n"
    )
    system.write_text(text)
    with pytest.raises(DescriptionError) as caught:
        open_simulation(system)
    told = str(caught.value).split("\n")
    assert [line.partition(":")[0] for line in told] == [
        "component 'gone'", "component 'z[1]'", "component 'odd'", "gain.y -> gain.x",
    ]  # fmt: skip


def test_tables_that_cannot_be_read_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time, u\n0, 1, 2\n")
    parts = {name: Component(source=tmp_path / f"{name}.csv") for name in "ab"}
    description = SystemDescription(name="tables", components=parts, experiment=Experiment(stop=1.0), step_size=0.5)
    with pytest.raises(DescriptionError, match=r"(?s)a\.csv:2.*\n.*b\.csv: cannot be read"):
        open_simulation(description)


def test_an_fmu_in_place_of_a_description_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(DescriptionError, match="an FMU is not a description"):
        open_simulation(tmp_path / "model.fmu")


@pytest.mark.usefixtures("opened")
def test_metered_instances_tell_what_they_cost_and_give_the_same_values(system: Path) -> None:
    with open_simulation(system) as simulation:
        plain = simulation.run()
    with open_simulation(system, meter=True) as simulation:
        metered = simulation.run()
        meters = simulation.instances.values()
    assert all(isinstance(meter, Meter) for meter in meters)
    assert [meter.reading.steps for meter in meters if isinstance(meter, Meter)] == [4, 4]
    np.testing.assert_array_equal(plain["gain.y"], metered["gain.y"])


@pytest.mark.usefixtures("opened")
def test_observers_are_told_beside_the_recorder(system: Path) -> None:
    memory = Memory()
    with open_simulation(system, observers=[memory]) as simulation:
        results = simulation.run()
    np.testing.assert_array_equal(memory.times, results.times)


def _lag(name: str) -> FunctionInstance:
    can_restart = Capabilities(state_write=StateWrite.RESTART, get_set_state=True)
    return FunctionInstance(
        lambda t, u, x: x,
        name=name,
        step=lambda t, h, u, x: x * np.exp(-h) + u * -np.expm1(-h),
        state=[0.0],
        capabilities=can_restart,
    )


def test_the_events_of_a_swap_are_in_the_record(
    system: Path, opened: list[FunctionInstance], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "gain", _lag)
    swap = "swap: {surrogate: gain.double, to_surrogate_at: 0.5, back_at: 1.5, shadow: 1, force: true}"
    text = SYSTEM.replace("parameters: {k: 3.0}", swap).replace("stop: 1.0", "stop: 2.0")
    system.write_text(text)
    with open_simulation(system) as simulation:
        results = simulation.run()
    kinds = [event.kind for event in results.events]
    assert any(kind.startswith("swap.") for kind in kinds)
    assert {event.component for event in results.events} == {"gain"}
    assert len(opened) == 3


def test_a_swap_that_cannot_work_closes_fmu_and_surrogate(
    system: Path, opened: list[FunctionInstance], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "broken", lambda name: FunctionInstance(lambda t, u: u, name=name, inputs=()))
    swap = "swap: {surrogate: broken.double, to_surrogate_at: 0.5}"
    system.write_text(SYSTEM.replace("parameters: {k: 3.0}", swap))
    with pytest.raises(CapabilityError, match="lacks"):
        open_simulation(system)
    assert len(opened) == 3


@pytest.mark.parametrize("on", [True, False])
def test_looking_for_garbage_is_as_it_was_after_opening(on):
    """Also where opening fails."""
    was = gc.isenabled()
    try:
        (gc.enable if on else gc.disable)()
        with open_simulation(lotka_volterra(0.1, stop=1.0)):
            assert gc.isenabled() is on
        with pytest.raises(CotwinError):
            open_simulation(lotka_volterra(0.1, stop=1.0, record=["nobody.x"]))
        assert gc.isenabled() is on
    finally:
        (gc.enable if was else gc.disable)()
