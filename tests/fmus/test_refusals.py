"""What an FMU refuses, and that it says why: modes, references, types, steps, failures."""

import re

import pytest

from tests.fmus.harness import FMICallException, running


def refused(instance, call, *said):
    """The call fails, and the message holds all that is named."""
    with pytest.raises(FMICallException):
        call()
    for words in said:
        assert words in instance.messages[-1], instance.messages[-1]


@pytest.mark.parametrize(
    ("call", "state"),
    [
        (lambda i: i.step(0.0, 1.0), "Instantiated"),
        (lambda i: i.fmu.exitInitializationMode(), "Instantiated"),
        (lambda i: i.fmu.terminate(), "Instantiated"),
        (lambda i: (i.enter_initialization(), i.step(0.0, 1.0)), "Initialization Mode"),
        (lambda i: (i.enter_initialization(), i.enter_initialization()), "Initialization Mode"),
        (lambda i: (i.initialize(), i.fmu.exitInitializationMode()), "Step Mode"),
        (lambda i: (i.initialize(), i.fmu.terminate(), i.step(0.0, 1.0)), "Terminated"),
        (lambda i: (i.initialize(), i.fmu.terminate(), i.set("u", 1.0)), "Terminated"),
    ],
)
def test_a_call_in_the_wrong_state_is_refused_with_its_name(fmu, call, state):
    with running(fmu("decay")) as instance:
        refused(instance, lambda: call(instance), f"not allowed in state '{state}'", f"fmi{instance.version}")


@pytest.mark.parametrize(
    "call",
    [
        lambda f: f.setTime(1.0),
        lambda f: f.enterContinuousTimeMode(),
        lambda f: f.completedIntegratorStep(),
    ],
)
def test_model_exchange_calls_are_refused_before_initialization(fmu, call):
    with running(fmu("oscillator"), "me") as instance:
        refused(instance, lambda: call(instance.fmu), "not allowed in state 'Instantiated'")


def test_co_simulation_has_no_event_mode(fmu):
    with running(fmu("mixed")) as instance:
        instance.initialize()
        if instance.version == 3:
            refused(instance, lambda: instance.fmu.enterStepMode(), "hasEventMode is false")
            refused(instance, lambda: instance.fmu.enterEventMode(), "not allowed in state 'Step Mode'")


@pytest.mark.parametrize(("name", "words"), [("x", "cannot be set in state 'Step Mode'"), ("twice", "cannot be set")])
def test_states_and_outputs_cannot_be_set_in_step_mode(fmu, name, words):
    with running(fmu("decay")) as instance:
        instance.initialize()
        refused(instance, lambda: instance.set(name, 1.0), f"'{name}'", words)
        instance.set("k", 2.0)
        instance.step(0.0, 1.0)


def test_an_unknown_value_reference_is_named(fmu):
    with running(fmu("decay")) as instance:
        getter = instance.fmu.getReal if instance.version == 2 else instance.fmu.getFloat64
        refused(instance, lambda: getter([4711]), "value reference 4711 is unknown", "'decay'")


def test_a_reference_into_the_middle_of_an_array_is_unknown_in_fmi3(built):
    with running(built["vector"].fmi3) as instance:
        middle = instance.references("S")[0] + 1
        refused(instance, lambda: instance.fmu.getFloat64([middle]), f"value reference {middle} is unknown")


def test_the_wrong_type_is_refused_with_the_name_of_the_variable(fmu):
    with running(fmu("sampled")) as instance:
        reference = instance.references("alarm")
        getter = instance.fmu.getReal if instance.version == 2 else instance.fmu.getFloat64
        refused(instance, lambda: getter(reference), "'alarm'", "is a Boolean")
        if instance.version == 3:
            refused(instance, lambda: instance.fmu.getString(reference), "'alarm'")
            refused(instance, lambda: instance.fmu.getUInt8(reference), "'alarm'")


def test_a_value_outside_an_enumeration_is_refused(fmu):
    with running(fmu("sampled")) as instance:
        refused(instance, lambda: instance.set("mode", 4), "4 is no value of enumeration 'mode'")
        instance.set("mode", 3)


def test_a_step_from_another_time_is_refused(fmu):
    with running(fmu("decay")) as instance:
        instance.initialize()
        instance.step(0.0, 0.1)
        refused(instance, lambda: instance.step(0.2, 0.1), "communication point 0.2", "the instance is at 0.1")
        instance.step(0.1 + 1e-16, 0.1)


@pytest.mark.parametrize("h", [0.0, -1.0, float("nan"), float("inf")])
def test_a_step_without_length_is_refused(fmu, h):
    with running(fmu("decay")) as instance:
        instance.initialize()
        refused(instance, lambda: instance.step(0.0, h), "step size")


def test_a_step_past_the_stop_time_is_refused_and_one_that_ends_an_ulp_late_is_not(fmu):
    with running(fmu("decay")) as instance:
        instance.initialize(stop=0.3)
        instance.step(0.0, 0.1)
        refused(instance, lambda: instance.step(0.1, 0.3), "the stop time is 0.3")
        instance.step(0.1, 0.1)
        instance.step(0.2, 0.1)


@pytest.mark.parametrize("tolerance", [0.0, -1e-6, 1.0])
def test_a_tolerance_that_is_none_is_refused(fmu, tolerance):
    with running(fmu("decay")) as instance:
        refused(instance, lambda: instance.enter_initialization(tolerance=tolerance), "tolerance")
    with running(fmu("decay")) as instance:
        refused(instance, lambda: instance.set("solver_tolerance", tolerance), "solver_tolerance")


def test_a_failed_step_names_time_and_state_and_the_kept_state_can_be_restored(fmu):
    with running(fmu("broken")) as instance:
        instance.initialize()
        instance.step(0.0, 0.5)
        state, level = instance.keep(), instance.get("x")[0]
        refused(instance, lambda: instance.step(0.5, 1.0), "model 'broken' at time", "'x'")
        time = float(re.search(r"at time ([0-9.e+-]+) s", instance.messages[-1])[1])
        assert time == pytest.approx(2 - 2 * 0.6931471805599453, abs=1e-3)  # 2 (sqrt(x0) - ln(1 + sqrt(x0)))
        refused(instance, lambda: instance.step(0.5, 0.1), "not allowed after an error")
        instance.restore(state)
        assert instance.get("x")[0] == level
        instance.step(0.5, 0.01)
        instance.free(state)


def test_a_state_that_is_not_a_number_is_named_with_its_index(fmu):
    with running(fmu("chain")) as instance:
        values = [1.0] * 400
        values[41] = float("nan")
        instance.initialize(c=values)
        refused(instance, lambda: instance.step(0.0, 1.0), "'c[42]'", "not a finite number")


def test_a_wrong_token_is_refused(fmu):
    path = fmu("decay")
    with running(path) as instance:
        instance.fmu.guid = "{something else}"
        component = instance.fmu.component
        with pytest.raises(Exception, match="nstantiate"):
            instance._instantiate()
        instance.fmu.component = component
        assert "does not belong to this binary" in instance.messages[-1]
