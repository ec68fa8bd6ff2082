"""Which variables the states of an FMI 1.0 model are, asked of binaries made of functions."""

import ctypes

import pytest

from orchestrator.fmi.fmi1_states import selects_others, states_named
from orchestrator.fmi.variables import read_model
from orchestrator.instance import StateWrite
from tests.kit.build import compiler, kit_fmu

pytestmark = pytest.mark.skipif(compiler() is None, reason="the FMUs need a C compiler")

UNDEFINED = 2**32 - 1
"""fmiUndefinedValueReference: a state that is no variable."""


def binary(status, *references):
    def answer(_, address, count):
        (ctypes.c_uint32 * count).from_address(address)[:] = references[:count]
        return status

    return {"fmiGetStateValueReferences": answer}


class Lacking:
    """A binary without the function, as ctypes puts it."""

    def __getitem__(self, name):
        raise AttributeError(name)


@pytest.fixture(scope="module")
def model():
    return read_model(kit_fmu("BouncingBall", "1.0", "model_exchange"))


def references(model, *names):
    by_name = {connector.name: connector.reference for connector in model.connectors}
    return [by_name[name] for name in names]


def test_states_are_named_in_the_order_of_their_vector(model):
    named, fatal = states_named(model, binary(0, *references(model, "v", "h")), None)
    assert (named.states, named.unnamed_states, fatal) == (("v", "h"), 0, None)
    assert {each.name for each in named.connectors if each.is_state} == {"v", "h"}
    assert named.interface("ModelExchange").capabilities.state_write is StateWrite.CONTINUOUS_STATES


@pytest.mark.parametrize("status", [0, 1, 3, -7])
def test_a_binary_that_does_not_name_all_of_them_names_none(model, status):
    (h,) = references(model, "h")
    wrong = [h, UNDEFINED] if status in (0, 1) else references(model, "h", "v")
    for answer in (binary(status, *wrong), Lacking(), binary(0, h, h)):
        assert states_named(model, answer, None) == (model, None)


def test_a_fatal_answer_is_told(model):
    assert states_named(model, binary(4, 0, 0), None) == (model, "GetStateValueReferences")


def test_states_that_were_replaced_since_are_noticed(model):
    named, _ = states_named(model, binary(0, *references(model, "h", "v")), None)
    assert not selects_others(named, binary(0, *references(model, "h", "v")), None)
    assert selects_others(named, binary(0, *references(model, "v", "h")), None)
