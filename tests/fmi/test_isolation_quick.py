"""Steps that repeat the one before call the functions of the FMU alone, and end as steps made in Python do."""

import os
import shutil
from contextlib import closing

import numpy as np
import pytest

from orchestrator.assembly import open_instance
from orchestrator.errors import CotwinError
from orchestrator.fmi.isolation import mailbox as box
from orchestrator.fmi.isolation.mailbox import Layout, Mailbox
from orchestrator.fmi.isolation.quick import Quick
from orchestrator.fmi.opening import open_here
from orchestrator.instance import Bundle
from orchestrator.system.description import Component
from tests.fmi.test_misbehaviour import DISCARD, ERROR, FATAL, IN_GET, IN_SET, IN_STEP, WARNING, put, start, take

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the misbehaving FMU needs a C compiler")

GOOD = 0


def ends(path, status, where, caplog, **options):
    """What comes of a step of this kind after three good ones, and of the one after it, with what is logged."""
    caplog.clear()
    seen = []
    with closing(open_instance("toy", Component(source=path, **options))) as instance:
        start(instance)
        for step, wanted in enumerate([GOOD, GOOD, GOOD, status, GOOD]):
            try:
                put(instance, where=where, status=wanted)
                seen.append(instance.do_step(float(step), 1.0))
                seen.append(take(instance, "y"))
            except CotwinError as error:
                seen.append((type(error), str(error), getattr(error, "time", None)))
                break
    logged = [(each.levelno, each.getMessage()) for each in caplog.records if each.name == "cotwin.fmu.toy"]
    return seen, logged


@pytest.mark.parametrize("where", [IN_STEP, IN_SET, IN_GET])
@pytest.mark.parametrize("status", [WARNING, DISCARD, ERROR, FATAL])
def test_a_status_has_the_outcome_and_the_words_that_it_has_in_this_process(make, status, where, caplog):
    path = make()
    far, near = (ends(path, status, where, caplog, **options) for options in ({"isolation": "process"}, {}))
    if where == IN_STEP or status == WARNING:
        assert far == near
    else:  # an input is set, and an output read, by the step
        assert far[0][:6] == near[0][:6]
        assert far[0][-1] == near[0][-1]
        assert set(far[1]) == set(near[1])


@pytest.fixture
def child(fmu):
    """The side of the process, in this one: an instance, its mailbox, and its quick steps."""
    instance = open_here("toy", Component(source=fmu))
    layout = Layout(instance.connectors)
    memory = os.memfd_create("test")
    os.ftruncate(memory, layout.size)
    mailbox = Mailbox(memory, layout.size)
    os.close(memory)
    with closing(instance):
        yield instance, mailbox, layout


def test_once_learnt_a_step_needs_no_method_of_the_instance(child, monkeypatch):
    instance, mailbox, layout = child
    quick = Quick(instance, mailbox, layout)
    names = {connector.name: connector for connector in instance.connectors}
    given, taken = (Bundle.of([names[name]]) for name in ("u" if "u" in names else "u[1]", "mean"))
    for bundle in (given, taken):
        quick.add(bundle)
    start(instance)
    arrays = mailbox.arrays(layout, trusted=True)
    place = arrays[given.storage][layout.selection(given)]
    seen = arrays[taken.storage][layout.selection(taken)]
    assert not quick.knows([0], [1])
    quick.learn([0], [1])
    assert quick.knows([0], [1])
    assert not quick.knows([0], [])
    with monkeypatch.context() as patch:
        for method in ("set", "get", "do_step"):
            patch.setattr(type(instance), method, None)
        place[:], mailbox.numbers[box.TIME], mailbox.numbers[box.STEP] = 3, 0.0, 0.05
        assert quick.step() == box.DONE
    assert (mailbox.numbers[box.REACHED], mailbox.words[box.FLAGS]) == (0.05, 0)
    quick.settle()
    values = np.zeros_like(seen)
    instance.get(taken, values)
    assert seen.tolist() == values.tolist()
