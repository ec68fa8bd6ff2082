"""FMI 1.0 for Co-Simulation: descriptions, types, steps, and outputs at the start without an Initialization Mode."""

import logging
import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from cotwin import open_simulation, read_system
from orchestrator.errors import CapabilityError, FmuImportError, InitializationError, ModelDescriptionError, StepError
from orchestrator.fmi.co_simulation import open_fmu
from orchestrator.fmi.variables import read_model
from orchestrator.instance import Bundle, Status
from orchestrator.system.connector import Causality, Storage, Variability
from tests.fmi import echo, toys
from tests.kit.build import compiler, kit_fmu

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the FMUs need a C compiler")

VARIABLES = """
<ScalarVariable name="u" valueReference="0" causality="input"><Real start="0" unit="K"/></ScalarVariable>
<ScalarVariable name="gain" valueReference="7" variability="parameter"><Real start="0.5"/></ScalarVariable>
<ScalarVariable name="through" valueReference="15" causality="output"><Real/>
  <DirectDependency><Name>u</Name></DirectDependency></ScalarVariable>
<ScalarVariable name="later" valueReference="8" causality="output"><Real/><DirectDependency/></ScalarVariable>
<ScalarVariable name="minus" valueReference="8" alias="negatedAlias" causality="output"><Real/></ScalarVariable>
<ScalarVariable name="stop" valueReference="14" causality="internal"><Real/></ScalarVariable>
<ScalarVariable name="guess" valueReference="3" causality="none"><Real start="1" fixed="false"/></ScalarVariable>
<ScalarVariable name="n" valueReference="0" causality="input" variability="discrete">
  <Integer start="0"/></ScalarVariable>
<ScalarVariable name="answer" valueReference="7" causality="input" variability="discrete">
  <Integer start="0"/></ScalarVariable>
<ScalarVariable name="n_later" valueReference="8" causality="output" variability="discrete"><Integer/></ScalarVariable>
<ScalarVariable name="count" valueReference="15" variability="discrete"><Integer/></ScalarVariable>
<ScalarVariable name="on" valueReference="0" causality="input" variability="discrete">
  <Boolean start="false"/></ScalarVariable>
<ScalarVariable name="on_later" valueReference="8" causality="output" variability="discrete"><Boolean/></ScalarVariable>
<ScalarVariable name="s" valueReference="0" causality="input" variability="discrete"><String start=""/></ScalarVariable>
<ScalarVariable name="s_later" valueReference="8" causality="output" variability="discrete"><String/></ScalarVariable>
"""
SLAVE = "<Implementation><CoSimulation_StandAlone><Capabilities {}/></CoSimulation_StandAlone></Implementation>"


VARIABLE = SLAVE.format('canHandleVariableCommunicationStepSize="true"')


def description(variables=VARIABLES, implementation=VARIABLE):
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<fmiModelDescription fmiVersion="1.0" modelName="echo" modelIdentifier="echo" guid="{{good}}"
  numberOfContinuousStates="0" numberOfEventIndicators="0">
  <UnitDefinitions><BaseUnit unit="K"/></UnitDefinitions>
  <DefaultExperiment startTime="0" stopTime="2"/>
  <ModelVariables>{variables}</ModelVariables>{implementation}
</fmiModelDescription>"""


@pytest.fixture(scope="session")
def binary(tmp_path_factory):
    return echo.library("fmi1", tmp_path_factory.mktemp("fmi1"))


@pytest.fixture
def make(binary, tmp_path):
    def making(binary=binary, **more):
        entries = {"modelDescription.xml": description(**more), f"binaries/{toys.platform('fmi2')}/echo.so": binary}
        return toys.archive(tmp_path / "echo.fmu", entries)

    return making


def put(instance, name, value):
    (connector,) = (c for c in instance.connectors if c.name == name)
    instance.set(Bundle.of([connector]), np.array([value], dtype=connector.storage.dtype))


def take(instance, name):
    (connector,) = (c for c in instance.connectors if c.name == name)
    values = np.empty(1, connector.storage.dtype)
    instance.get(Bundle.of([connector]), values)
    return values[0]


def started(instance, **values):
    for name, value in values.items():
        put(instance, name, value)
    instance.enter_initialization(0.0, 9.0, None)
    instance.exit_initialization()
    return instance


def test_a_description_of_fmi_1_says_the_same_in_the_words_of_fmi_2(make):
    model = read_model(make())
    found = {connector.name: connector for connector in model.connectors}
    assert (model.fmi_version, model.kinds, model.not_imported) == ("1.0", ("CoSimulation",), {})
    assert (found["gain"].causality, found["gain"].variability) == (Causality.PARAMETER, Variability.FIXED)
    assert (found["stop"].causality, found["guess"].causality) == (Causality.LOCAL, Causality.LOCAL)
    assert (found["guess"].initial, found["stop"].initial) == ("approx", "calculated")
    assert found["u"].unit.name == "K"
    assert found["s"].storage is Storage.STRING
    assert model.feedthrough["through"] == ("u",)
    assert model.feedthrough["later"] == ()
    assert model.feedthrough["n_later"] is None
    assert model.negated == {"minus"}
    assert model.capabilities.variable_step
    assert not model.capabilities.get_set_state
    assert not read_model(make(implementation=SLAVE.format(""))).capabilities.variable_step


def test_every_type_goes_in_and_comes_out(make):
    with closing(open_fmu("one", make())) as instance:
        started(instance, u=0.1, n=-(2**31), on=True, s="Öl")
        assert instance.do_step(0.0, 0.5).time == 0.5
        assert [take(instance, f"{name}later") for name in ("", "n_", "on_", "s_")] == [0.1, -(2**31), True, "Öl"]
        assert take(instance, "stop") == 9.0
        instance.terminate()


def test_a_negated_alias_has_the_opposite_sign_when_it_is_read(make):
    with closing(open_fmu("one", make())) as instance:
        started(instance, u=3.0).do_step(0.0, 1.0)
        assert (take(instance, "later"), take(instance, "minus")) == (3.0, -3.0)
        by_name = {c.name: c for c in instance.connectors}
        both, values = Bundle.of([by_name["minus"], by_name["later"]]), np.zeros(2)
        instance.get(both, values)
        assert values.tolist() == [-3.0, 3.0]


def test_outputs_at_the_start_follow_inputs_that_become_known_later(make):
    with closing(open_fmu("one", make())) as instance:
        put(instance, "gain", 10.0)
        instance.enter_initialization(0.0, None, None)
        assert (take(instance, "through"), take(instance, "count")) == (10.0, 1)
        put(instance, "u", 2.0)
        assert (take(instance, "through"), take(instance, "count")) == (14.0, 2)
        put(instance, "u", 2.0)
        instance.exit_initialization()
        assert (take(instance, "through"), take(instance, "count")) == (14.0, 2)  # nothing new, no other initialization
        assert take(instance, "stop") == -1.0


def test_the_coupled_initialization_is_exact_along_a_chain(make, tmp_path):
    text = f"""
name: chain
components:
  a: {{source: {make()}, parameters: {{u: 1.0, gain: 0.5}}}}
  b: {{source: {make()}, parameters: {{gain: 0.25}}}}
connections: [a.through -> b.u]
experiment: {{stop: 2}}
step_size: 1
record: ["*.through", "*.count"]
"""
    (tmp_path / "chain.yaml").write_text(text)
    with open_simulation(read_system(tmp_path / "chain.yaml")) as simulation:
        results = simulation.run()
    assert results["a.through"].tolist() == [2.5] * 3
    assert results["b.through"].tolist() == [5.25] * 3
    assert results["a.count"][0] == 1
    assert results["b.count"][0] == 2  # its other outputs were read before its input was known


def test_a_slave_that_cannot_be_reset_says_so_where_that_is_needed(tmp_path, make):
    binary = echo.library("fmi1", tmp_path / "b").replace(b"echo_fmiResetSlave", b"echo_fmiResetSlavX")
    with closing(open_fmu("one", make(binary=binary))) as instance:
        instance.enter_initialization(0.0, None, None)
        take(instance, "through")
        put(instance, "u", 2.0)
        with pytest.raises(InitializationError, match="'one': fmiResetSlave returned Error"):
            take(instance, "through")


@pytest.mark.parametrize(("status", "said"), [(3, "Error"), (4, "Fatal"), (5, "Pending")])
def test_a_failed_step_names_the_function_and_the_status(make, status, said):
    with closing(open_fmu("one", make())) as instance:
        put(started(instance), "answer", status)
        with pytest.raises(StepError, match=f"'one': fmiDoStep with step size 0.5 s returned {said} at t = 1.0 s"):
            instance.do_step(1.0, 0.5)


def test_a_discarded_step_tells_how_far_it_came(make):
    with closing(open_fmu("one", make())) as instance:
        put(started(instance), "answer", 2)
        result = instance.do_step(1.0, 0.5)
        assert (result.status, result.time) == (Status.DISCARD, 1.125)


def test_a_failed_initialization_names_the_function(make):
    with closing(open_fmu("one", make())) as instance, pytest.raises(InitializationError, match="fmiInitializeSlave"):
        started(instance, answer=3)


def test_states_cannot_be_kept_or_restarted_from(make):
    with closing(open_fmu("one", make())) as instance:
        started(instance)
        for call in (instance.save_state, lambda: instance.restart(0.0, {})):
            with pytest.raises(CapabilityError):
                call()


def test_model_exchange_alone_is_refused(make):
    with pytest.raises(FmuImportError, match="declares ModelExchange only"):
        open_fmu("one", make(implementation=""))


def test_a_negated_alias_of_text_is_refused(make):
    variables = '<ScalarVariable name="s" valueReference="0" alias="negatedAlias"><String/></ScalarVariable>'
    with pytest.raises(ModelDescriptionError, match="'s' is a negated alias, but no number"):
        read_model(make(variables=variables))


@pytest.mark.skipif(compiler() is None, reason="the kit needs a C compiler")
def test_a_slave_of_the_kit_decays_as_it_must(caplog):
    caplog.set_level(logging.DEBUG, logger="cotwin.fmu.dahlquist")
    path: Path = kit_fmu("Dahlquist", "1.0", "co_simulation")
    with closing(open_fmu("dahlquist", path)) as instance:
        instance.enter_initialization(0.0, 1.0, None)
        instance.exit_initialization()
        before = take(instance, "x")
        for k in range(10):
            instance.do_step(0.1 * k, 0.1)
        assert take(instance, "x") == pytest.approx(before * np.exp(-1.0), rel=1e-3)
