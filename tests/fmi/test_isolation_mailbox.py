"""What passes between a run and the process of a component: messages, and the ring of what it says."""

import json
import os

import numpy as np

from orchestrator.errors import CapabilityError, StepError
from orchestrator.fmi.isolation import mailbox as box
from orchestrator.fmi.isolation import wire
from orchestrator.fmi.isolation.mailbox import LOG_SIZE, Layout, Mailbox


def test_arrays_and_errors_pass_the_wire_unchanged():
    for values in (
        np.array([0.1, -np.inf, 5e-324]),
        np.array([2**63 - 1]),
        np.array([2**64 - 1], np.uint64),
        np.array([True, False]),
        np.array(["ä\0b", b"\x00\xff", ""], object),
    ):
        fields, blob = wire.decode(wire.encode(wire.plain(values), b"\0bytes"))
        got = wire.array(fields)
        assert (got.dtype, got.tolist(), blob) == (values.dtype, values.tolist(), b"\0bytes")
    error = StepError("trouble", component="a", time=2.5)
    again = wire.error_of(json.loads(json.dumps(wire.describe_error(error))), "a", CapabilityError)
    assert (type(again), str(again), again.component, again.time) == (StepError, "trouble", "a", 2.5)
    assert type(wire.error_of({"error": "SystemExit"}, "a", StepError)) is StepError


def test_the_ring_of_messages_keeps_the_last_ones():
    memory = os.memfd_create("test")
    os.ftruncate(memory, Layout(()).size)
    mailbox = Mailbox(memory, Layout(()).size)
    os.close(memory)
    lines = [f"{index:05d}".encode() * 7 + b"\n" for index in range(4000)]
    for line in lines[:10]:
        mailbox.append_log(line)
    assert mailbox.log_since(0) == b"".join(lines[:10])
    for line in lines[10:]:
        mailbox.append_log(line)
    assert mailbox.log_since(0) == b"".join(lines)[-LOG_SIZE:]
    mailbox.words[box.LOGGED] = -(2**40)
    assert mailbox.log_since(0) == b""
