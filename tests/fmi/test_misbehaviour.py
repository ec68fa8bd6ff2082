"""What an FMU can do wrong while it is opened and run, with a binary that does it on request."""

import logging
import shutil
from contextlib import closing, suppress

import numpy as np
import pytest

from orchestrator.errors import CapabilityError, FmuImportError, InitializationError, StepError
from orchestrator.fmi.co_simulation import open_fmu
from orchestrator.fmi.messages import QUOTED, Messages
from orchestrator.instance import Bundle, Status, StepResult

OK, WARNING, DISCARD, ERROR, FATAL, PENDING = range(6)
IN_STEP, IN_INITIALIZATION, IN_SET, IN_GET = range(4)
IN_LYING_STEP, IN_FREE_STATE, IN_PENDING_STEP = 6, 7, 8

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the misbehaving FMU needs a C compiler")


@pytest.fixture
def bad(make):
    with closing(open_fmu("bad", make())) as instance:
        yield instance


def put(instance, **values):
    for name, value in values.items():
        (connector,) = (c for c in instance.connectors if c.name == name)
        instance.set(Bundle.of([connector]), np.array([value], dtype=connector.storage.dtype))


def take(instance, name):
    (connector,) = (c for c in instance.connectors if c.name == name)
    values = np.zeros(1, connector.storage.dtype)
    instance.get(Bundle.of([connector]), values)
    return values[0]


def start(instance):
    instance.enter_initialization(0.0, None, None)
    instance.exit_initialization()


def said(version, function):
    return f"trouble in function {function}" if version == "fmi2" else "trouble in function"


def test_a_discarded_step_tells_how_far_it_came_in_fmi_2_and_is_undone_in_fmi_3(bad, version):
    start(bad)
    put(bad, status=DISCARD)
    result = bad.do_step(1.0, 0.5)
    assert (result.status, result.time) == (Status.DISCARD, 1.125 if version == "fmi2" else 1.0)


def test_what_a_failed_step_of_fmi_3_answers_beside_its_status_is_not_believed(bad, version):
    if version == "fmi2":
        pytest.skip("a step of FMI 2.0 answers with its status only")
    start(bad)
    put(bad, status=DISCARD, where=IN_LYING_STEP)
    assert bad.do_step(1.0, 0.5) == StepResult(Status.DISCARD, 1.0)


def test_an_early_return_is_passed_on(bad, version):
    start(bad)
    if version == "fmi3":
        put(bad, where=4)
        assert bad.do_step(1.0, 0.5) == StepResult(Status.OK, 1.125, early_return=True)
        put(bad, where=5)
        assert bad.do_step(1.0, 0.5) == StepResult(Status.OK, 1.5, terminate_requested=True)
    put(bad, where=0)
    assert bad.do_step(1.0, 0.5) == StepResult(Status.OK, 1.5)


def test_the_wish_to_terminate_comes_with_a_discarded_step_in_fmi_2(bad, version):
    start(bad)
    put(bad, status=DISCARD)
    assert bad.do_step(1.0, 0.5).terminate_requested == (version == "fmi2")


def test_a_warning_is_logged_and_the_run_goes_on(bad, caplog):
    start(bad)
    put(bad, status=WARNING)
    assert bad.do_step(1.0, 0.5).status is Status.OK
    assert [r.name for r in caplog.records if "DoStep" in r.message] == ["cotwin.fmu.bad"]
    assert any("trouble" in record.message and record.levelno == logging.WARNING for record in caplog.records)


@pytest.mark.parametrize(("status", "name"), [(ERROR, "Error"), (FATAL, "Fatal")])
def test_a_failed_step_names_component_function_status_time_and_what_it_said(bad, version, status, name):
    start(bad)
    put(bad, status=status)
    with pytest.raises(StepError) as caught:
        bad.do_step(1.0, 0.5)
    assert (caught.value.component, caught.value.time) == ("bad", 1.0)
    message = str(caught.value)
    assert f"'bad': {version}DoStep with step size 0.5 s returned {name} at t = 1.0 s" in message
    assert f"it said: {said(version, IN_STEP)}" in message
    assert "messages" in message.splitlines()[-1]


def test_the_last_messages_are_quoted_in_their_order_and_shortened():
    messages = Messages("talker")
    for number in range(QUOTED + 2):
        messages.add(ERROR, f"{number}: {'because ' * 1000}")
    quoted = messages.quoted().splitlines()[1:]
    assert [line.split()[2] for line in quoted] == [f"{number}:" for number in range(2, QUOTED + 2)]
    assert all(line.endswith("...") and len(line) < 600 for line in quoted)


def test_an_fmu_that_fails_without_a_word_is_not_said_to_have_spoken(bad):
    start(bad)
    with pytest.raises(StepError, match=r"returned Error at t = 0.0 s\nIt said nothing about it; check its inputs"):
        bad._fmu.check(ERROR, "DoStep")
    with pytest.raises(StepError, match=r"must not be called again; it said nothing about it; see its documentation"):
        bad._fmu.check(FATAL, "DoStep")


def test_an_asynchronous_step_that_nobody_can_ask_about_is_cancelled_and_refused(bad, version, caplog):
    if version == "fmi3":
        pytest.skip("FMI 3.0 has no pending status")
    start(bad)
    put(bad, status=PENDING)
    with pytest.raises(StepError, match=r"returned Pending(.|\n)*asynchronously and does not tell when they are done"):
        bad.do_step(1.0, 0.5)
    assert any("cancelled" in record.message for record in caplog.records)


@pytest.mark.parametrize("end", [OK, WARNING, DISCARD, ERROR, FATAL])
def test_an_asynchronous_step_is_waited_for_to_its_end(make, version, caplog, end):
    if version == "fmi3":
        pytest.skip("FMI 3.0 has no pending status")
    with closing(open_fmu("bad", make())) as bad:
        start(bad)
        put(bad, status=end, where=IN_PENDING_STEP)
        if end >= ERROR:
            with pytest.raises(StepError, match=rf"fmi2DoStep .* returned {'Fatal' if end == FATAL else 'Error'}"):
                bad.do_step(1.0, 0.5)
        else:
            reached = (Status.DISCARD, 1.125) if end == DISCARD else (Status.OK, 1.5)
            assert bad.do_step(1.0, 0.5)[:2] == reached
            assert take(bad, "y") == 1.5
    assert sum("asked" in record.message for record in caplog.records) == 3
    assert not any("cancelled" in record.message for record in caplog.records)


def test_a_failed_initialization_is_an_initialization_error(bad, version):
    put(bad, where=IN_INITIALIZATION + 10)
    with pytest.raises(InitializationError, match=f"'bad': {version}EnterInitializationMode returned Error"):
        bad.enter_initialization(2.0, None, None)


def test_a_failed_set_and_get_name_the_variable(bad, version):
    start(bad)
    put(bad, where=IN_SET)
    with pytest.raises(StepError, match=f"{version}Set for status returned Error"):
        put(bad, status=ERROR)
    with suppress(StepError):
        put(bad, where=IN_GET)
    with pytest.raises(StepError, match=f"{version}Get for y returned Error"):
        take(bad, "y")


def test_after_a_fatal_error_the_fmu_is_not_called_again(make, caplog):
    instance = open_fmu("fatal", make())
    start(instance)
    put(instance, status=FATAL)
    with pytest.raises(StepError):
        instance.do_step(0.0, 1.0)
    for call in (lambda: instance.do_step(0.0, 1.0), instance.save_state, lambda: take(instance, "y")):
        with pytest.raises(CapabilityError, match=r"'fatal' cannot .*: it is broken by a fatal error"):
            call()
    with pytest.raises(CapabilityError, match="nothing can be set after a fatal error"):
        put(instance, status=OK)
    instance.terminate()
    instance.close()
    assert not any("freed" in record.message for record in caplog.records)


def test_after_a_fatal_error_no_instance_of_the_fmu_is_called_again(make, caplog):
    """FMI 2.0.4 section 2.1.3, FMI 3.0.2 section 2.2.4: all instances are corrupted; another FMU is not."""
    path = make()
    first, second = open_fmu("first", path), open_fmu("second", path)
    with closing(open_fmu("other", make("other.fmu", flags='needsExecutionTool="false"'))) as other:
        for instance in (first, second, other):
            start(instance)
        put(first, status=FATAL)
        with pytest.raises(StepError):
            first.do_step(0.0, 1.0)
        with pytest.raises(CapabilityError, match="'second' cannot step: it is broken by a fatal error"):
            second.do_step(0.0, 1.0)
        second.terminate()
        second.close()
        first.close()
        assert not any("freed" in record.message for record in caplog.records)
        assert other.do_step(0.0, 1.0).status is Status.OK
    assert {record.name for record in caplog.records if "freed" in record.message} == {"cotwin.fmu.other"}


def test_after_a_fatal_error_in_one_of_several_types_the_others_are_not_called(make, version, caplog):
    if version == "fmi2":
        pytest.skip("FMI 2.0 has one type for each class of values")
    instance = open_fmu("fatal", make())
    start(instance)
    put(instance, where=IN_SET)
    by_name = {connector.name: connector for connector in instance.connectors}
    bundle = Bundle.of([by_name[name] for name in ("status", "tiny")])
    with pytest.raises(StepError, match="returned Fatal"):
        instance.set(bundle, np.array([FATAL, 7], np.int64))
    assert not any("tiny" in record.message for record in caplog.records)
    instance.close()


def test_a_fatal_error_while_states_are_freed_ends_all_calls(make, version, caplog):
    letter = "s" if version == "fmi2" else "S"
    instance = open_fmu("fatal", make(flags=f'canGetAndSetFMU{letter}tate="true"'))
    start(instance)
    instance.save_state()
    instance.save_state()
    put(instance, status=FATAL, where=IN_FREE_STATE)
    instance.close()
    assert sum("state given back" in record.message for record in caplog.records) == 1
    assert not any("freed" in record.message for record in caplog.records)


def test_after_an_error_the_fmu_is_freed_once(make, caplog):
    instance = open_fmu("failing", make())
    start(instance)
    put(instance, status=ERROR)
    with pytest.raises(StepError):
        instance.do_step(0.0, 1.0)
    instance.close()
    instance.close()
    assert sum("freed" in record.message for record in caplog.records) == 1


def test_messages_of_two_instances_are_told_apart(make, caplog):
    with closing(open_fmu("one", make())) as one, closing(open_fmu("two", make())) as two:
        start(one)
        start(two)
        put(one, status=WARNING)
        put(two, status=WARNING)
        one.do_step(0.0, 1.0)
        names = [record.name for record in caplog.records if "trouble" in record.message]
        two.do_step(0.0, 1.0)
    assert names == ["cotwin.fmu.one"]
    assert "cotwin.fmu.two" in {record.name for record in caplog.records}


def test_model_exchange_alone_is_refused_with_the_remedy(make):
    with pytest.raises(FmuImportError, match="declares ModelExchange only; export it for Co-Simulation"):
        open_fmu("bad", make(kind="ModelExchange"))


def test_an_fmu_that_lives_once_per_process_is_opened_once(make):
    path = make(flags='canBeInstantiatedOnlyOncePerProcess="true"')
    with closing(open_fmu("one", path)), pytest.raises(FmuImportError, match="allows one instance per process"):
        open_fmu("two", path)
    open_fmu("again", path).close()


def test_missing_capabilities_are_refused_with_the_remedy(bad):
    start(bad)
    for call, expected in (
        (bad.save_state, "'bad' cannot keep its state: bad.fmu does not declare get/set FMU state. Export"),
        (lambda: bad.deserialize_state(b""), "'bad' cannot turn its state into bytes"),
        (lambda: bad.restart(0.0, {}), "'bad' cannot be restarted from values: it lists no continuous states"),
    ):
        with pytest.raises(CapabilityError) as caught:
            call()
        assert expected in str(caught.value)


def test_narrow_types_of_fmi_3_convert_or_are_refused(make, version):
    if version == "fmi2":
        pytest.skip("FMI 2.0 has no narrow types")
    with closing(open_fmu("bad", make())) as bad:
        start(bad)
        put(bad, tiny=-128, single=0.5)
        assert take(bad, "tiny") == -128
        assert take(bad, "single") == 0.5
        with pytest.raises(CapabilityError, match="tiny = 128 does not fit its FMI type Int8"):
            put(bad, tiny=128)


def test_a_variable_of_another_component_is_refused_with_the_nearest_name(bad):
    (status,) = (c for c in bad.connectors if c.name == "status")
    other = type(status)("stats", status.causality, status.storage, 9)
    with pytest.raises(CapabilityError, match="'bad' has no variable 'stats'; did you mean 'status'"):
        bad.set(Bundle.of([other]), np.zeros(1, np.int64))


def test_nothing_stays_behind_when_opening_fails(make, temporary):
    for path in (make("a.fmu", token="{other}"), make("b.fmu", platform="win64"), make("c.fmu", binary=b"no")):
        with pytest.raises(FmuImportError):
            open_fmu("bad", path)
        assert list(temporary.iterdir()) == []
