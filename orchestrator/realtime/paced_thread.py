"""Paced thread: macro steps of the compiled loop, paced without Python in a thread of their own."""

from collections.abc import Callable
from typing import Any

from orchestrator.master.compiled.made import Steps
from orchestrator.realtime import scheduling
from orchestrator.realtime.beside import beside
from orchestrator.setup import StrideT


class PacedThread:
    """1 `stride` (repeated), 2 `end`. It is loaded, and compiled where that was never done, when it is made."""

    def __init__(self, *, privileged: bool) -> None:
        from orchestrator.realtime import paced_loop  # numba is loaded when it is first needed

        self._loop: Any = paced_loop
        self._request = paced_loop.new_request()
        self._privileged, self._told = privileged, False
        self._standing = scheduling.Standing()
        self._locked = False
        if privileged:
            self._standing = self._standing._replace(memory=scheduling.lock_memory())
            self._locked = self._standing.memory is None

    @classmethod
    def where_available(cls, *, privileged: bool) -> "PacedThread | None":
        """None where the system has no sleep until an absolute time."""
        from orchestrator.realtime.paced_loop import available

        return cls(privileged=privileged) if available() else None

    def stride(
        self,
        make: Callable[[Steps], StrideT],
        ends: Callable[[], bool],
        pace: Any,
        marks: Any,
        lateness: Any,
        overruns: Any,
    ) -> StrideT:
        """What `make` gives, in a thread of its own."""
        request = self._request
        request[self._loop.ENDS // 8] = 0

        def steps(advance: Any, crew: int, program: int, until: int) -> int:
            function, words = self._loop.address_of(advance), request.ctypes.data
            return int(self._loop.paced(pace, marks, lateness, overruns, words, function, crew, program, until))

        def work() -> StrideT:
            if self._privileged:
                self._standing = self._standing._replace(priority=scheduling.take_priority())
            return make(steps)

        def end() -> None:
            request[self._loop.ENDS // 8] = 1

        return beside(work, ends, end)

    def take_refusal(self) -> str | None:
        """What was refused, the first time this is asked."""
        refused = None if self._told else self._standing.refused
        self._told = True
        return refused

    def end(self) -> None:
        """The run is not paced any longer."""
        if self._locked:
            scheduling.unlock_memory()
            self._locked = False

    def __str__(self) -> str:
        return f"paced without Python, {self._standing if self._privileged else 'not privileged'}"
