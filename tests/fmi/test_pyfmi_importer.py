"""PyFMI behind the seam: its calls and their order by a stand-in of the package, its numbers where it is installed."""

import importlib.util
import io
import sys
from types import ModuleType

import numpy as np
import pytest

from fmus.build import build
from orchestrator.errors import CapabilityError, DescriptionError, FmuImportError, InitializationError, StepError
from orchestrator.fmi.opening import open_component
from orchestrator.instance import Bundle, StateWrite, Status
from orchestrator.system.connector import Storage
from orchestrator.system.description import Component
from tests.fmi.toys import kinds


@pytest.fixture(scope="module")
def fmus(tmp_path_factory):
    return build(kinds(), tmp_path_factory.mktemp("pyfmi"))


class StandIn:
    """What PyFMI's FMUModelCS2 offers of what is used: notes every call, keeps values by reference."""

    def __init__(self, log):
        self.calls, self.log, self.values = [], log, {}
        self.status, self.failing = 0, None

    def __getattr__(self, name):
        def call(*given, **named):
            self.calls.append((name, *given, *sorted(named.items())))
            if name == self.failing:
                self.log.write("a message of the FMU")
                raise RuntimeError("refused")
            return self.answer(name, given)

        return call

    def answer(self, name, given):
        if name == "do_step":
            return self.status
        if name.startswith("set_") and len(given) == 2:
            self.values.update({(name[4:], reference): value for reference, value in zip(*given, strict=True)})
        if name in ("get_real", "get_integer", "get_boolean"):
            return np.array([self.values.get((name[4:], reference), 0) for reference in given[0]])
        return {"get_real_status": 0.25, "get_boolean_status": False, "get_fmu_state": "a state"}.get(name)


@pytest.fixture
def stand_in(monkeypatch):
    """Puts a module `pyfmi` in place; the list holds the instances that it made."""
    made = []

    def load_fmu(path, log_file_name, kind):
        assert kind == "CS"
        assert isinstance(log_file_name, io.StringIO), "no log file in the working folder"
        made.append(StandIn(log_file_name))
        return made[-1]

    module = ModuleType("pyfmi")
    module.load_fmu = load_fmu
    monkeypatch.setitem(sys.modules, "pyfmi", module)
    return made


@pytest.fixture
def opened(fmus, stand_in):
    instance = open_component("it", Component(source=fmus.fmi2, importer="pyfmi"))
    yield instance, stand_in[0]
    instance.close()


def bundle(instance, *names):
    by_name = {connector.name: connector for connector in instance.connectors}
    return Bundle.of([by_name[name] for name in names])


def initialized(instance):
    instance.enter_initialization(1.0, 5.0, None)
    instance.exit_initialization()


def names(fake):
    return [call[0] for call in fake.calls]


def test_the_calls_come_in_the_order_of_the_standard(opened):
    instance, fake = opened
    instance.set(bundle(instance, "n"), np.array([4]))
    instance.set(bundle(instance, "k"), np.array([0.25]))
    initialized(instance)
    instance.do_step(1.0, 0.5)
    instance.terminate()
    instance.terminate()
    start = ["set_real", "setup_experiment", "enter_initialization_mode", "set_integer"]  # an input comes last
    order = [*start, "exit_initialization_mode", "do_step"]
    assert names(fake) == [*order, "terminate"]
    experiment = dict(fake.calls[1][1:])
    assert experiment["start_time"] == 1.0
    assert experiment["stop_time"] == 5.0
    assert experiment["stop_time_defined"] is True
    assert experiment["tolerance_defined"] is False
    assert fake.calls[5] == ("do_step", 1.0, 0.5, True)


def test_values_go_by_reference_and_come_back_in_the_order_of_the_bundle(opened):
    instance, fake = opened
    initialized(instance)
    both = bundle(instance, "n", "mode")
    instance.set(both, np.array([7, 2], dtype=np.int64))
    read = np.zeros(2, dtype=np.int64)
    instance.get(both, read)
    assert read.tolist() == [7, 2]
    switch = bundle(instance, "on")
    assert switch.storage is Storage.BOOLEAN
    instance.set(switch, np.array([False]))
    assert fake.calls[-1] == ("set_boolean", [int(switch.references[0])], [False])


def test_a_discarded_step_tells_how_far_it_got(opened):
    instance, fake = opened
    initialized(instance)
    fake.status = 2
    result = instance.do_step(0.0, 0.5)
    assert result.status is Status.DISCARD
    assert result.time == 0.25


@pytest.mark.parametrize(("status", "word"), [(3, "Error"), (4, "Fatal"), (5, "Pending")])
def test_other_statuses_are_errors_with_component_and_time(opened, status, word):
    instance, fake = opened
    initialized(instance)
    fake.status = status
    with pytest.raises(StepError, match=word) as failed:
        instance.do_step(2.0, 0.5)
    assert failed.value.component == "it"
    assert failed.value.time == 2.0


def test_exceptions_of_pyfmi_name_the_call_and_quote_the_log(opened):
    instance, fake = opened
    fake.failing = "enter_initialization_mode"
    with pytest.raises(InitializationError, match="enter_initialization_mode failed: refused") as failed:
        instance.enter_initialization(0.0, None, 1e-6)
    assert "it said: a message of the FMU" in str(failed.value)


def test_states_are_kept_restored_and_released(opened):
    instance, fake = opened
    initialized(instance)
    state = instance.save_state()
    instance.restore_state(state)
    instance.free_state(state)
    assert fake.calls[-3:] == [("get_fmu_state",), ("set_fmu_state", "a state"), ("free_fmu_state", "a state")]
    instance.close()
    instance.free_state(state)


def test_what_is_not_offered_is_declared_and_refused(opened):
    instance, _ = opened
    assert not instance.capabilities.serialize_state
    assert instance.capabilities.state_write is StateWrite.NONE
    assert instance.identity["importer"] == "pyfmi"
    initialized(instance)
    for call in (lambda: instance.serialize_state(None), lambda: instance.deserialize_state(b"")):
        with pytest.raises(CapabilityError, match="Leave `importer` out"):
            call()
    with pytest.raises(CapabilityError, match="cannot be restarted"):
        instance.restart(0.0, {})
    with pytest.raises(CapabilityError, match="'k' cannot be set between steps"):
        instance.set(bundle(instance, "k"), np.array([1.0]))


def test_calls_out_of_order_are_refused(opened):
    instance, _ = opened
    with pytest.raises(CapabilityError, match="cannot step: it is in phase instantiated"):
        instance.do_step(0.0, 1.0)
    instance.close()
    with pytest.raises(CapabilityError, match="in phase closed"):
        instance.exit_initialization()


def test_without_pyfmi_the_error_names_the_remedy(fmus, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyfmi", None)
    with pytest.raises(FmuImportError, match="conda install -c conda-forge pyfmi"):
        open_component("it", Component(source=fmus.fmi2, importer="pyfmi"))


def test_other_versions_and_kinds_are_refused_by_name(fmus, stand_in):
    for source, kind in ((fmus.fmi3, None), (fmus.fmi2, "model_exchange")):
        with pytest.raises(FmuImportError, match=r"runs FMI 2\.0 Co-Simulation here"):
            open_component("it", Component(source=source, importer="pyfmi", kind=kind))
    assert stand_in == []


def test_options_of_the_other_importer_are_refused_by_name(fmus, stand_in):
    with pytest.raises(DescriptionError, match="importer: pyfmi has no isolation, check_ranges"):
        open_component("it", Component(source=fmus.fmi2, importer="pyfmi", isolation="process", check_ranges=True))
    assert stand_in == []


@pytest.mark.skipif(
    importlib.util.find_spec("pyfmi") is None,
    reason="PyFMI is not installed; its present versions are on conda-forge only",
)
def test_both_importers_give_the_same_bits(fmus):
    runs = []
    for importer in ("fmpy", "pyfmi"):
        instance = open_component("it", Component(source=fmus.fmi2, importer=importer))
        try:
            instance.enter_initialization(0.0, 2.0, 1e-6)
            instance.exit_initialization()
            outputs = bundle(instance, "x[1]", "x[2]", "x[3]", "mean")
            rows = []
            for index in range(20):
                assert instance.do_step(0.1 * index, 0.1).status is Status.OK
                values = np.zeros(outputs.size)
                instance.get(outputs, values)
                rows.append(values.tobytes())
            runs.append(rows)
        finally:
            instance.close()
    assert runs[0] == runs[1]
