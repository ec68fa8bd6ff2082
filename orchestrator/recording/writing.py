"""Writing: rows go to the store while others are recorded."""

from collections.abc import Callable
from threading import Condition, Thread

import pyarrow as pa

from orchestrator.recording.store import Store


class Writer:
    """Makes tables and writes them to a store, one after the other, in a thread of its own.

    1 `hand` (repeated), 2 `settle` before anybody else touches the store, 3 `end`. What goes wrong is raised by the
    next of them. With `beside=False` there is no thread.
    """

    def __init__(self, store: Store, *, beside: bool) -> None:
        self._store, self._beside = store, beside
        self._changed = Condition()
        self._job: Callable[[], pa.Table] | None = None
        self._error: BaseException | None = None
        self._thread: Thread | None = None
        self.last: pa.Table | None = None
        """The last row written; None where nothing was."""

    def hand(self, table: Callable[[], pa.Table]) -> None:
        """Write what this gives, when the tables before are written."""
        self.settle()
        if not self._beside:
            self._write(table)
            return
        if self._thread is None:
            self._thread = Thread(target=self._work, name="recorder", daemon=True)
            self._thread.start()
        with self._changed:
            self._job = table
            self._changed.notify_all()

    def settle(self) -> None:
        """Wait until all is written; raises what went wrong."""
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
                    self._job = _nothing
                    self._changed.notify_all()
                thread.join()
                self._job = None

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._job is not None)
                job = self._job
            if job is None or job is _nothing:
                return
            error: BaseException | None = None
            try:
                self._write(job)
            except BaseException as caught:  # raised where the next rows are handed over
                error = caught
            with self._changed:
                self._job, self._error = None, error
                self._changed.notify_all()

    def _write(self, table: Callable[[], pa.Table]) -> None:
        made = table()
        self._store.write(made)
        self.last = made.slice(made.num_rows - 1)


def _nothing() -> pa.Table:
    """What ends the thread."""
    raise AssertionError("it is never called")
