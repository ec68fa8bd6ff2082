"""From a description to SSP and back: nothing is lost, in either version, and what is written follows the standard."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cotwin.exporting import export_ssp
from orchestrator.assembly import open_simulation
from orchestrator.ssp.reader import read_ssp
from orchestrator.ssp.schema import violations
from orchestrator.ssp.writing.writer import write_ssp
from orchestrator.system.connections.flattening import Flattened
from orchestrator.system.connector import Causality, Connector, Storage, Variability
from orchestrator.system.description import Component, Connection, Endpoint, Experiment, SystemDescription
from orchestrator.system.parameters.giving import parameter_values
from orchestrator.system.quantities.units import Unit
from orchestrator.system.structure import ParameterBinding, Subsystem
from orchestrator.system.transformation import Linear
from orchestrator.system.values import Quantity
from orchestrator.system.yaml.file import read_system
from tests.plants import fmu
from tests.ssp.random_descriptions import Drawn
from tests.ssp.round_trip import changes, departures_of

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    (folder / "a.fmu").write_bytes(b"one FMU in name only")
    (folder / "b.fmu").write_bytes(b"another one")
    return folder


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@settings(max_examples=40, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_random_descriptions_survive_writing_and_reading(folder, version, data):
    description = Drawn(data.draw, folder, version).description()
    path = write_ssp(description, folder / f"plant{version[0]}", version=version)
    assert changes(description, read_ssp(path)) == []
    assert departures_of(path, version) == []


PATHS = ("a", "s/b", "s/c", "s/t/d", "u/v/e")
PASCAL, BAR = Unit("Pa", (1, -1, -2, 0, 0, 0, 0, 0)), Unit("bar", (1, -1, -2, 0, 0, 0, 0, 0), 1e5)
UNITS = {"Pa": PASCAL, "bar": BAR, "psi": Unit("psi", PASCAL.exponents, 6894.757293168361)}
GIVEN = st.sampled_from([1.5, 2, "3 * k0", Quantity(value=4.0, unit="bar"), "2 bar", "k0"])


def variable(name, causality, unit):
    tunable = {"variability": Variability.TUNABLE, "start": (1.0,)} if causality is Causality.PARAMETER else {}
    return Connector(name, causality, Storage.FLOAT64, 1, unit=unit, **tunable)


@settings(max_examples=40, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_connections_across_borders_and_values_mean_the_same_afterwards(folder, data):
    kinds = {"u": Causality.INPUT, "w": Causality.INPUT, "y": Causality.OUTPUT, "p": Causality.PARAMETER}
    chosen = st.sampled_from(sorted(UNITS))
    known = {
        path: tuple(variable(name, kind, UNITS[data.draw(chosen)]) for name, kind in kinds.items()) for path in PATHS
    }
    sources = {(path, name): data.draw(st.sampled_from([None, *PATHS])) for path in PATHS for name in ("u", "w")}
    linear = st.builds(Linear, factor=st.floats(-2, 2), offset=st.floats(-2, 2))
    description = SystemDescription(
        name="plant",
        components={
            path: Component(
                source=folder / "a.fmu", parameters=data.draw(st.dictionaries(st.just("p"), GIVEN, max_size=1))
            )
            for path in PATHS
        },
        connections=tuple(
            Connection(
                source=Endpoint(component=source, connector="y"),
                destination=Endpoint(component=path, connector=name),
                transformation=data.draw(st.none() | linear),
                suppress_unit_conversion=data.draw(st.booleans()),
            )
            for (path, name), source in sources.items()
            if source is not None
        ),
        experiment=Experiment(stop=1.0),
        step_size=0.1,
        subsystems={"s": Subsystem(bindings=(bound(data),)), "": Subsystem(bindings=(bound(data),))},
        constants={"k0": 2.0},
    )
    path = write_ssp(description, folder / "flat", interfaces=known, version="1.0")
    found = read_ssp(path)
    assert links(found, known) == links(description, known)
    assert parameter_values(found, known) == parameter_values(description, known)
    assert violations(path) == ()
    again = read_ssp(write_ssp(found, folder / "flat_again", interfaces=known))
    assert changes(found, again) == []


def bound(data):
    names = st.sampled_from(["b.p", "c.p", "s.t.d.p", "t.d.p", "a.p", "nothing.p"])
    return ParameterBinding(name="set", values=data.draw(st.dictionaries(names, GIVEN, max_size=2)))


def links(description, known):
    return {(link.source, link.destination, link.conversion) for link in Flattened(description, known).links}


@pytest.mark.parametrize(
    "name", sorted(file.name for file in EXAMPLES.glob("*.yaml") if file.name != "bsm1_closed_loop.yaml")
)
def test_examples_run_to_the_same_numbers_and_come_back_the_same(tmp_path, name):
    description = built(read_system(EXAMPLES / name))
    path = export_ssp(description, tmp_path / "example")
    found = read_ssp(path)
    assert changes(found, read_ssp(export_ssp(found, tmp_path / "again"))) == []
    short = description.experiment.start + 5 * description.step_size
    assert last(found, short) == last(description, short)


def built(description):
    """The same, with the FMUs of the plant built."""
    for part in description.components.values():
        fmu(part.file.stem, int(part.file.parent.name.removeprefix("fmi")))
    return description


def last(description, stop):
    changed = description.experiment.model_copy(update={"stop": stop})
    with open_simulation(description.model_copy(update={"experiment": changed})) as simulation:
        results = simulation.run()
    return {name: results[name][-1] for name in results.names}
