"""Server: answers the requests of the run in the process of a component."""

import ctypes
import math
import os
import platform
import resource
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn

from orchestrator.fmi import archive
from orchestrator.fmi.fmu import Phase
from orchestrator.fmi.isolation import mailbox as box
from orchestrator.fmi.isolation import wire
from orchestrator.fmi.isolation.descendants import any_started
from orchestrator.fmi.isolation.events import describe_events
from orchestrator.fmi.isolation.mailbox import Layout, Mailbox
from orchestrator.fmi.isolation.quick import Quick
from orchestrator.fmi.isolation.slopes import describe_slopes
from orchestrator.fmi.isolation.slots import SlopeSlot, Slot, ValueSlot
from orchestrator.fmi.opening import open_here
from orchestrator.instance import Bundle, EventMode, Instance, Status, event_mode, input_slopes
from orchestrator.system.description import Component

_SPIN: Final = 500
"""How often the counter is looked at before sleeping: some 30 us."""
_WAIT, _WAKE = 0, 1


class Server:
    """Answers requests: `do_step`, `set` and `get` from the values in the mailbox, the others as messages."""

    def __init__(self, mailbox: Mailbox, name: str) -> None:
        self._mailbox = mailbox
        self._name = name
        self._instance: Instance | None = None
        self._events: EventMode | None = None
        self._connectors: dict[str, Any] = {}
        self._layout = Layout(())
        self._slots: list[Slot] = []
        self._bundles: list[Bundle] = []
        self._finished: Callable[[], None] | None = None
        self._quick: Quick | None = None
        self._states: dict[int, object] = {}
        self._request, self._reply = bytearray(), memoryview(b"")
        self._ended = False
        self._barrier = threading.Lock()
        self._syscall = ctypes.CDLL(None).syscall
        self._syscall.argtypes = [ctypes.c_long, ctypes.c_void_p, *[ctypes.c_long] * 4]
        self._answers: Mapping[int, Callable[[], int]] = {
            box.ASK_STEP: self._step,
            box.ASK_SET: lambda: box.DONE,
            box.ASK_GET: lambda: box.DONE,
            box.ASK_MESSAGE: self._message,
            box.ASK_PART: self._part,
            box.ASK_MORE: self._more,
            box.ASK_KEEP: self._keep,
            box.ASK_BACK: self._go_back,
            box.ASK_RELEASE: self._release,
        }

    def serve(self) -> NoReturn:
        """Answer until the end; the process ends without giving the component's library another chance."""
        asked = self._mailbox.counters[box.ANSWER // 4]
        while not self._ended:
            asked = (asked + 1) & 0xFFFFFFFF
            self._await(asked)
            try:
                status = self._answer()
            except Exception as error:
                status = box.LOST if self._is_lost else box.FAILED
                self._say(wire.encode(wire.describe_error(error)))
            self._mailbox.words[box.STATUS] = status
            if self._events is not None:
                self._announce(self._events)
            self._tell(asked)
        os._exit(0)

    def _announce(self, events: EventMode) -> None:
        time = events.next_time
        self._mailbox.numbers[box.NEXT_TIME] = math.nan if time is None else time
        self._mailbox.words[box.WANTED] = events.wanted

    def _await(self, asked: int) -> None:
        counters = self._mailbox.counters
        for _ in range(_SPIN):
            if counters[0] == asked:
                return
        counters[box.CHILD_SLEEPS // 4] = 1
        while counters[0] != asked:
            self._futex(box.REQUEST, _WAIT, (asked - 1) & 0xFFFFFFFF)
        counters[box.CHILD_SLEEPS // 4] = 0

    def _tell(self, asked: int) -> None:
        counters = self._mailbox.counters
        # Taking a lock orders memory, which assignments alone do not.
        with self._barrier:
            counters[box.ANSWER // 4] = asked
        with self._barrier:
            sleeps = counters[box.RUN_SLEEPS // 4]
        if sleeps:
            self._futex(box.ANSWER, _WAKE, 1)

    def _futex(self, offset: int, operation: int, value: int) -> None:
        self._syscall(box.FUTEX[platform.machine()], self._mailbox.address + offset, operation, value, 0, 0)

    def _answer(self) -> int:
        # All that is asked is read before the component is called, which may write anywhere.
        code = self._mailbox.words[box.CODE]
        sets, reads = self._mailbox.listed(box.SETS), self._mailbox.listed(box.READS)
        quick = self._quick
        if quick is not None:
            if code == box.ASK_STEP and quick.knows(sets, reads):
                return quick.step()
            quick.settle()
        status = self._readably(self._answers[code], sets, reads)
        if quick is not None and code == box.ASK_STEP and status == box.DONE:
            quick.learn(sets, reads)
        return status

    def _readably(self, answer: Callable[[], int], sets: Sequence[int], reads: Sequence[int]) -> int:
        for index in sets:
            self._slots[index].set()
        status = answer()
        if status == box.DONE:
            for index in reads:
                self._slots[index].get()
        return status

    def _step(self) -> int:
        mailbox = self._mailbox
        result = self._opened.do_step(mailbox.numbers[box.TIME], mailbox.numbers[box.STEP])
        if self._finished is not None:
            self._finished()
        mailbox.tell(result)
        return box.DISCARDED if result.status is Status.DISCARD else box.DONE

    def _keep(self) -> int:
        number = self._mailbox.words[box.STATE]
        if number in self._states:  # its memory is used again
            self._opened.free_state(self._states.pop(number))
        self._states[number] = self._opened.save_state()
        return box.DONE

    def _go_back(self) -> int:
        self._opened.restore_state(self._states[self._mailbox.words[box.STATE]])
        return box.DONE

    def _release(self) -> int:
        self._opened.free_state(self._states.pop(self._mailbox.words[box.STATE]))
        return box.DONE

    @property
    def _is_lost(self) -> bool:
        """Whether no more calls of the component are allowed."""
        fmu = getattr(self._instance, "fmu", None)
        return fmu is not None and fmu.phase >= Phase.BROKEN

    @property
    def _opened(self) -> Instance:
        if self._instance is None:
            raise RuntimeError("the component is not open")
        return self._instance

    @property
    def _in_events(self) -> EventMode:
        if self._events is None:
            raise RuntimeError("the component has no Event Mode")
        return self._events

    def _part(self) -> int:
        self._request += self._mailbox.read()
        return box.DONE

    def _message(self) -> int:
        request, self._request = bytes(self._request) + self._mailbox.read(), bytearray()
        fields, blob = wire.decode(request)
        reply, data = getattr(self, f"_do_{fields['do']}")(fields, blob)
        self._say(wire.encode(reply, data))
        return box.DONE

    def _say(self, reply: bytes) -> None:
        self._reply = memoryview(reply)
        self._more()

    def _more(self) -> int:
        self._mailbox.write(self._reply[: box.TEXT_SIZE])
        self._reply = self._reply[box.TEXT_SIZE :]
        self._mailbox.words[box.REMAINING] = len(self._reply)
        return box.DONE

    def _do_open(self, fields: dict[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        _limit_memory(fields["memory_limit"])
        component = Component(**fields["component"])
        archive.require(component.file, fields["content"])
        instance = self._instance = open_here(self._name, component)
        self._events, slopes = event_mode(instance), input_slopes(instance)
        self._finished = None if slopes is None else slopes.finished
        self._layout = Layout(instance.connectors)
        self._quick = Quick(instance, self._mailbox, self._layout)
        self._connectors = {connector.name: connector for connector in instance.connectors}
        capabilities = {name: getattr(instance.capabilities, name) for name in vars(instance.capabilities)}
        return {
            "connectors": [[connector.name, connector.size] for connector in instance.connectors],
            "states": [connector.name for connector in instance.connectors if connector.is_state],
            "capabilities": capabilities,
            "feedthrough": dict(instance.feedthrough),
            "events": describe_events(self._events),
            "interface": instance.identity.get("interface"),
            **describe_slopes(instance),
        }, b""

    def _do_slot(self, fields: dict[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        bundle = Bundle.of([self._connectors[name] for name in fields["names"]])
        mailbox, layout = self._mailbox, self._layout
        self._bundles.append(bundle)
        if self._quick is not None:
            self._quick.add(None if fields["slopes"] else bundle)
        if fields["slopes"]:
            self._slots.append(SlopeSlot(self._opened, bundle, layout, mailbox))
        else:
            self._slots.append(ValueSlot(self._opened, bundle, layout, mailbox.arrays(layout, trusted=True)))
        return {}, b""

    def _do_set(self, fields: dict[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        self._opened.set(self._bundles[fields["slot"]], wire.array(fields["values"]))
        return {}, b""

    def _do_get(self, fields: dict[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        bundle = self._bundles[fields["slot"]]
        values = bundle.storage.zeros(bundle.size)
        self._opened.get(bundle, values)
        return {"values": wire.plain(values)}, b""

    def _do_enter_initialization(self, fields: dict[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        self._opened.enter_initialization(fields["start"], fields["stop"], fields["tolerance"])
        return {}, b""

    def _do_exit_initialization(self, _: dict[str, Any], __: bytes) -> tuple[dict[str, Any], bytes]:
        self._opened.exit_initialization()
        return {}, b""

    def _do_serialize_state(self, fields: dict[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        return {}, self._opened.serialize_state(self._states[fields["state"]])

    def _do_deserialize_state(self, fields: dict[str, Any], blob: bytes) -> tuple[dict[str, Any], bytes]:
        self._states[fields["state"]] = self._opened.deserialize_state(blob)
        return {}, b""

    def _do_restart(self, fields: dict[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        values = {name: wire.array(each) for name, each in fields["values"].items()}
        self._opened.restart(fields["t"], values)
        return {}, b""

    def _do_enter_event(self, fields: dict[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        self._in_events.enter(fields["t"])
        return {}, b""

    def _do_activate(self, fields: dict[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        self._in_events.activate(fields["clocks"])
        return {}, b""

    def _do_active(self, _: dict[str, Any], __: bytes) -> tuple[dict[str, Any], bytes]:
        return {"clocks": sorted(self._in_events.active())}, b""

    def _do_update(self, _: dict[str, Any], __: bytes) -> tuple[dict[str, Any], bytes]:
        return {"update": list(self._in_events.update())}, b""

    def _do_leave_event(self, _: dict[str, Any], __: bytes) -> tuple[dict[str, Any], bytes]:
        self._in_events.leave()
        return {}, b""

    def _do_terminate(self, _: dict[str, Any], __: bytes) -> tuple[dict[str, Any], bytes]:
        self._opened.terminate()
        return {}, b""

    def _do_close(self, _: dict[str, Any], __: bytes) -> tuple[dict[str, Any], bytes]:
        self._ended = True
        if self._instance is not None:
            self._instance.close()
        return {"started": any_started()}, b""


def _limit_memory(mebibytes: float | None) -> None:
    """Limit what the component may allocate, beyond what the interpreter has by now."""
    if mebibytes is None:
        return
    with open("/proc/self/status") as file:  # noqa: PTH123
        has = next(int(line.split()[1]) for line in file if line.startswith("VmData:"))
    limit = int(has * 1024 + mebibytes * 2**20)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
