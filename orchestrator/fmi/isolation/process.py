"""Process: the child process of one component, asked through its mailbox, and why it fell silent where it did."""

import json
import logging
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from orchestrator.errors import CotwinError, FmuImportError, SimulationError
from orchestrator.fmi.isolation import mailbox as box
from orchestrator.fmi.isolation import waiting, wire
from orchestrator.fmi.isolation.descendants import MARK, end_marked
from orchestrator.fmi.isolation.mailbox import Mailbox
from orchestrator.fmi.isolation.output import QUOTED, Output
from orchestrator.interruption import held_off, opened

START_LIMIT: Final = 60.0
"""How long (s) the interpreter of the process may take to start; the component has no part in it."""
MAX_REPLY: Final = 2**30
_END: Final = 2.0
_START: Final = (
    "import signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT}); "
    "sys.path[:] = sys.argv[2:]; from orchestrator.fmi.isolation.child import main; main()"
)
"""Signals are blocked before anything starts a thread, which would have its own opinion of them."""

_REMEDY: Final = "Look at what it printed and at its inputs before; ask its supplier for a sound export"


class Call(NamedTuple):
    """What is being asked, for messages: what it does, the error where it fails, and the time (s) of the run."""

    doing: str
    kind: type[CotwinError]
    time: float | None = None


class Limits(NamedTuple):
    """How long (s) a call may take, and how much memory (MiB, None: any) the component may allocate."""

    time: float
    memory: float | None


class Process:
    """A process that answers one request after the other. After a failure it is gone and `alive` is false."""

    def __init__(self, name: str, size: int, limits: Limits) -> None:
        self._name, self._limits = name, limits
        self._log = logging.getLogger(f"cotwin.fmu.{name}")
        self._seen, self._said = 0, deque[str](maxlen=QUOTED)
        self.alive = True
        self._folder = folder = _new_folder(name)
        memory = os.memfd_create("cotwin-mailbox", os.MFD_CLOEXEC)
        try:
            os.ftruncate(memory, size)
            self.mailbox = Mailbox(memory, size)
            self._child, self._output = _spawn(folder, self._settings(folder, memory, size), memory)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise FmuImportError(f"'{name}': no process can be started for it ({error}); free memory") from error
        finally:
            os.close(memory)
        self._pidfd = pidfd = os.pidfd_open(self._child.pid)
        # Runs at the latest when the interpreter ends, should somebody forget to close.
        self._destroy = weakref.finalize(self, _destroy, self._child, pidfd, folder)
        self._looking = waiting.Looking()
        self.handle = waiting.new_handle(self.mailbox.address, pidfd, self._looking.address, START_LIMIT)
        self._address = int(self.handle.ctypes.data)
        self._begin()

    def ask(self, code: int, call: Call) -> int:
        """Ask and wait: how the component answered. What the process failed in is raised as `call` says."""
        self.mailbox.words[box.CODE] = code
        try:
            outcome = self._awaited(waiting.ask(self._address, waiting.PATIENCE))
        except BaseException:
            self.kill()
            raise
        return self._answer(outcome, call)

    def finish(self, outcome: int, call: Call) -> int:
        """The same of a request that a compiled function has made, and waited for with this outcome."""
        try:
            outcome = self._awaited(outcome)
        except BaseException:
            self.kill()
            raise
        return self._answer(outcome, call)

    def _awaited(self, outcome: int) -> int:
        left = waiting.GRACE
        while outcome == waiting.PENDING and left > 0:  # signals are handled in between
            interruption = opened()
            if interruption is not None and interruption.requested:
                left -= waiting.PATIENCE
            outcome = waiting.wait(self._address, waiting.PATIENCE)
        if outcome in (waiting.PENDING, waiting.STOPPED):
            self._looking.stop()
        return outcome

    def _answer(self, outcome: int, call: Call) -> int:
        words = self.mailbox.words
        if words[box.LOGGED] != self._seen:
            self._forward_log()
        status: int = words[box.STATUS]
        if outcome != waiting.ANSWERED:
            raise self._failure(outcome, call)
        if status in (box.FAILED, box.LOST):
            fields = self._reply(call)[0]
            if fields.get("no_memory") is True and self._limits.memory is not None:
                raise self._no_memory(call)
            raise wire.error_of(fields, self._name, call.kind)
        if status not in (box.DONE, box.DISCARDED):
            raise self._nonsense(call)
        return status

    def tell(self, call: Call, blob: bytes = b"", **fields: Any) -> tuple[dict[str, Any], bytes]:
        """Send a message and return the answer."""
        message = memoryview(wire.encode(fields, blob))
        while len(message) > box.TEXT_SIZE:
            self.mailbox.write(message[: box.TEXT_SIZE])
            self.ask(box.ASK_PART, call)
            message = message[box.TEXT_SIZE :]
        self.mailbox.write(message)
        self.ask(box.ASK_MESSAGE, call)
        return self._reply(call)

    def said(self) -> str:
        """The last messages and lines printed, to append to an error."""
        return "".join(f"\n  it said: {line}" for line in self._said) + self._output.quoted()

    def forget(self) -> None:
        """Hand on nothing of what was logged since the last answer: what gave rise to it is taken back."""
        self._seen = self.handle[waiting.LOGGED // 8] = self.mailbox.words[box.LOGGED]

    def end(self, *, started: bool) -> None:
        """Wait for a process that was told to end, and remove what it left: processes where it has `started` some."""
        self.alive = False
        _await(self._pidfd)
        if self._destroy.detach() is not None:
            _destroy(self._child, self._pidfd, self._folder, search=started)

    def kill(self) -> None:
        """End the process and all that it started, now."""
        self.alive = False
        self._destroy()

    def _begin(self) -> None:
        # The first answer says that the interpreter is ready; only from then on the limit of the component counts.
        self.mailbox.words[box.LENGTH] = 0
        try:
            self.ask(box.ASK_PART, Call("starting its interpreter", FmuImportError))
        except BaseException:
            self.kill()
            raise
        waiting.limit(self.handle, self._limits.time)

    def _settings(self, folder: Path, memory: int, size: int) -> str:
        settings = {
            "parent": os.getpid(),
            "folder": str(folder),
            "descriptor": memory,
            "size": size,
            "name": self._name,
            "level": self._log.getEffectiveLevel(),
            "memory_limit": self._limits.memory,
        }
        return json.dumps(settings)

    def _reply(self, call: Call) -> tuple[dict[str, Any], bytes]:
        reply = bytearray(self.mailbox.read())
        while self.mailbox.words[box.REMAINING] > 0 and len(reply) < MAX_REPLY:
            self.ask(box.ASK_MORE, call)
            reply += self.mailbox.read()
        try:
            return wire.decode(bytes(reply))
        except (ValueError, RecursionError):
            raise self._nonsense(call) from None

    def _nonsense(self, call: Call) -> CotwinError:
        self.kill()
        return self._error("answered nonsense, it has written over the memory that it shares with the run", call)

    def _failure(self, outcome: int, call: Call) -> CotwinError:
        if outcome == waiting.DIED:
            cause = _death(self._child.wait())
            self._output.finish(0.2)
        else:
            limit = START_LIMIT if call.doing.startswith("starting") else self._limits.time
            cause = f"gave no answer within {limit:g} s (time_limit) and was killed"
        self.kill()
        return self._error(cause, call)

    def _no_memory(self, call: Call) -> CotwinError:
        at = "" if call.time is None else f" at t = {call.time:.9g} s"
        message = (
            f"'{self._name}': needs more memory than its memory_limit of {self._limits.memory:g} MiB allows, in "
            f"{call.doing}{at}. Raise memory_limit of this component, or leave it out"
        )
        return self._of_kind(message, call)

    def _of_kind(self, message: str, call: Call) -> CotwinError:
        if issubclass(call.kind, SimulationError):
            return call.kind(message, component=self._name, time=call.time)
        return call.kind(message)

    def _error(self, cause: str, call: Call) -> CotwinError:
        at = "" if call.time is None else f" at t = {call.time:.9g} s"
        memory = self._limits.memory
        limit = "" if memory is None else f"; if it needs more memory, raise its memory_limit of {memory:g} MiB"
        message = f"'{self._name}': its process {cause} in {call.doing}{at}{self.said()}\n{_REMEDY}{limit}"
        return self._of_kind(message, call)

    def _forward_log(self) -> None:
        lines = self.mailbox.log_since(self._seen).split(b"\n")
        self._seen = self.handle[waiting.LOGGED // 8] = self.mailbox.words[box.LOGGED]
        for line in filter(None, lines):
            try:
                level, message = json.loads(line)
                self._log.log(int(level), "%s", str(message))
            except (ValueError, TypeError, RecursionError):
                continue  # the ring was written over, or scribbled into
            self._said.append(str(message)[:500])


def _new_folder(name: str) -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="cotwin-isolated-")).resolve()
    except OSError as error:
        raise FmuImportError(f"'{name}': no temporary folder ({error}); free space, or set TMPDIR") from error


def _spawn(folder: Path, settings: str, memory: int) -> tuple["subprocess.Popen[bytes]", Output]:
    reading, writing = os.pipe()
    try:
        child = subprocess.Popen(
            [sys.executable, "-c", _START, settings, *sys.path],
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            pass_fds=(memory,),
            env={**os.environ, "TMPDIR": str(folder), MARK: str(folder)},
            start_new_session=True,
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return child, Output(reading)


def _destroy(child: "subprocess.Popen[bytes]", pidfd: int, folder: Path, *, search: bool = True) -> None:
    with held_off():
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        if child.poll() is None:
            child.kill()
        if search:
            end_marked(str(folder))
        if _await(pidfd):
            child.wait()
        os.close(pidfd)
        shutil.rmtree(folder, ignore_errors=True)


def _await(pidfd: int) -> bool:
    """Whether the process ends soon."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(_END * 1000))


def _death(code: int) -> str:
    if code >= 0:
        return f"ended by exit({code})"
    try:
        return f"was ended by {signal.Signals(-code).name} ({signal.strsignal(-code)})"
    except ValueError:
        return f"was ended by signal {-code}"
