"""Child: the process in which an isolated component runs, and what holds it there.

It is a fresh interpreter, never a copy of the run with its threads and locks, in a session of its own: a signal that
the component sends to its group reaches nobody else, and what it starts ends with it.
"""

import ctypes
import json
import logging
import os
import resource
import shutil
import signal
import sys
import threading
from contextlib import suppress
from typing import Any, Final, NoReturn

from orchestrator.fmi.isolation.descendants import end_marked, excess, proportional
from orchestrator.fmi.isolation.mailbox import Mailbox
from orchestrator.fmi.isolation.server import Server

_SET_DEATH_SIGNAL, _SET_SUBREAPER = 1, 36
_PATIENCE: Final = 0.1
"""How often (s) it is looked whether the run still lives, and whether the component has started too much."""


def main() -> NoReturn:
    """Answer the requests of the run that started this process until it says to end."""
    settings = json.loads(sys.argv[1])
    mailbox = Mailbox(settings["descriptor"], settings["size"])
    server = Server(mailbox, settings["name"])
    _log_into(mailbox, settings["name"], settings["level"])
    _watch(settings, mailbox)
    _restrict()
    server.serve()


def _watch(settings: dict[str, Any], mailbox: Mailbox) -> None:
    """End with the run, however it ends, and where the component has started too much; leave nothing behind.

    The signal that the system sends is blocked and waited for, rather than deadly: it also comes when only the thread
    ends that started this process.
    """
    prctl = ctypes.CDLL(None).prctl
    prctl(_SET_DEATH_SIGNAL, int(signal.SIGTERM), 0, 0, 0)
    prctl(_SET_SUBREAPER, 1, 0, 0, 0)
    own, limit = proportional(os.getpid()), settings["memory_limit"]
    memory = None if limit is None else own + int(limit * 2**20)

    def watch() -> None:
        try:
            while os.getppid() == settings["parent"]:
                signal.sigtimedwait({signal.SIGTERM}, _PATIENCE)
                _end_where_too_much(memory, mailbox)
            end_marked(settings["folder"])
            shutil.rmtree(settings["folder"], ignore_errors=True)
        finally:  # whatever the component has left of memory and descriptors
            os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, name="cotwin-watch", daemon=True).start()


def _end_where_too_much(memory: int | None, mailbox: Mailbox) -> None:
    try:
        found = excess(memory)
    except (MemoryError, OSError):
        return  # looked at again soon; what takes the memory has its limit
    if found is not None:
        mailbox.append_log(json.dumps([logging.ERROR, found]).encode() + b"\n")
        os.killpg(0, signal.SIGKILL)  # the run ends those that have left the group


def _restrict() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
        file.write("1000")  # where memory runs out, this process goes first


class _Log(logging.Handler):
    """Hands messages to the run; in shared memory, so that a crash does not lose the last ones."""

    def __init__(self, mailbox: Mailbox) -> None:
        super().__init__()
        self._mailbox = mailbox

    def emit(self, record: logging.LogRecord) -> None:
        line = json.dumps([record.levelno, record.getMessage()[:8192]])
        self._mailbox.append_log(line.encode() + b"\n")


def _log_into(mailbox: Mailbox, name: str, level: int) -> None:
    logger = logging.getLogger(f"cotwin.fmu.{name}")
    logger.setLevel(level)
    logger.propagate = False
    logger.addHandler(_Log(mailbox))
