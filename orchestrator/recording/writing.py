"""Writing: rows go to the store while others are recorded."""

import os
from threading import Condition, Thread
from typing import Final, NamedTuple

from orchestrator.errors import SimulationError
from orchestrator.recording.chunk import Chunk, Rows
from orchestrator.recording.store import Store


class _Job(NamedTuple):
    chunk: Chunk
    rows: int


_END: Final = object()


class Writer:
    """Gives chunks to a store, one after the other, in a thread of its own.

    1 `hand` (repeated), 2 `settle` before anybody else touches the store, 3 `end`. What goes wrong is raised by the
    next of them. Who would wait for the rows anyway has them written by `store`, without a thread.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changed = Condition()
        self._job: object = None
        self._error: BaseException | None = None
        self._thread: Thread | None = None
        self._process = os.getpid()
        self.last: Rows | None = None
        """The last row written; None where nothing was."""

    @property
    def works(self) -> bool:
        """Whether it writes for this process, and not for the one that this one was forked off from."""
        return self._process == os.getpid()

    def hand(self, chunk: Chunk, rows: int) -> None:
        """Store the first rows of a chunk, when those before are stored."""
        self.settle()
        if self._thread is None:
            self._thread = Thread(target=self._work, name="recorder", daemon=True)
            self._thread.start()
        with self._changed:
            self._job = _Job(chunk, rows)
            self._changed.notify_all()

    def store(self, chunk: Chunk, rows: int) -> None:
        """Store the first rows of a chunk here and now, when those before are stored."""
        self.settle()
        self._write(_Job(chunk, rows))

    def settle(self) -> None:
        """Wait until all is written; raises what went wrong, SimulationError in a process that was forked off."""
        if not self.works:  # where no thread writes, and nothing can be said of what this one was about to write
            raise SimulationError(
                f"the record of this simulation belongs to process {self._process}, which this one was forked off "
                "from. Open a simulation in this process, or branch from a checkpoint"
            )
        with self._changed:
            self._changed.wait_for(lambda: self._job is None)
            error, self._error = self._error, None
        if error is not None:
            raise error

    def end(self) -> None:
        """The thread ends, when all is written."""
        thread, self._thread = self._thread, None
        try:
            self.settle()
        finally:
            if thread is not None:
                with self._changed:
                    self._job = _END
                    self._changed.notify_all()
                thread.join()
                self._job = None

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._job is not None)
                job = self._job
            if not isinstance(job, _Job):
                return
            error: BaseException | None = None
            try:
                self._write(job)
            except BaseException as caught:  # raised where the next rows are handed over
                error = caught
            with self._changed:
                self._job, self._error = None, error
                self._changed.notify_all()

    def _write(self, job: _Job) -> None:
        self._store.take(job.chunk, job.rows)
        self.last = job.chunk.rows(job.rows - 1, job.rows).copy()
