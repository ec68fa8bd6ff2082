"""Output: what the process of a component prints, of which the end is kept."""

import os
import threading
from typing import Final

KEPT: Final = 16 * 2**10
QUOTED: Final = 5
_CHUNK: Final = 2**16


class Output:
    """Reads the pipe of a process until its end; the process never waits for a reader, however much it prints."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._kept = b""
        self._thread = threading.Thread(target=self._read, name="cotwin-output", daemon=True)
        self._thread.start()

    def finish(self, patience: float) -> None:
        """Wait at most `patience` s for the end of what it printed: something that it started may still hold it."""
        self._thread.join(patience)

    def quoted(self) -> str:
        """The last lines, to append to an error; empty where there are none."""
        lines = self._kept.decode("utf-8", errors="replace").split("\n")
        last = [line.strip()[:200] for line in lines if line.strip()][-QUOTED:]
        return "".join(f"\n  it printed: {line}" for line in last)

    def _read(self) -> None:
        with open(self._descriptor, "rb", buffering=0) as pipe:  # noqa: PTH123
            while chunk := os.read(pipe.fileno(), _CHUNK):
                self._kept = (self._kept + chunk)[-KEPT:]
