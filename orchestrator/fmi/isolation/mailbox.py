"""Mailbox: the memory that the run and the process of a component share.

Each side has a counter that only it writes, with a word beside it by which the other one says that it sleeps: the run
raises `REQUEST`, the component answers by raising `ANSWER` to the same number. In between every field belongs to the
component, otherwise to the run, so that nothing is locked. What the component wrote is data of an untrusted program:
it is compared, copied and parsed, never executed or used as an address.
"""

import mmap
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from orchestrator.instance import Bundle, StepResult, Values
from orchestrator.system.connector import Causality, Connector, Storage

REQUEST: Final = 0
CHILD_SLEEPS: Final = 4
ANSWER: Final = 64
RUN_SLEEPS: Final = 68
"""Offsets (bytes) of 32-bit words that a futex can wait for; each side has a cache line of its own."""

FUTEX: Final = {"x86_64": 202, "aarch64": 98}
"""Number of the system call that waits for such a word, by machine (Linux)."""

CODE: Final = 16
TIME: Final = 17
STEP: Final = 18
STATUS: Final = 24
REACHED: Final = 25
FLAGS: Final = 26
LENGTH: Final = 27
REMAINING: Final = 28
LOGGED: Final = 29
NEXT_TIME: Final = 30
WANTED: Final = 31
DERIVATIVES: Final = 19
STATE: Final = 20
"""Indices of 64-bit words: what is asked (`CODE`, t and h of a step), and how it was answered.

`DERIVATIVES` is the order up to which derivatives of inputs are given, `STATE` the number of a kept state.
"""

SETS: Final = 64
READS: Final = 320
MAX_SLOTS: Final = 255
"""Where the list of bundles to be set before a call, or read after a step, begins: their number, then their slots."""
MOST_SLOTS: Final = MAX_SLOTS // 2
"""So many bundles may wait for steps that compiled functions make; as many more are theirs."""

_HEADER: Final = 8192
LOG: Final = _HEADER
LOG_SIZE: Final = 2**16
_TEXT: Final = LOG + LOG_SIZE
TEXT_SIZE: Final = 2**20
_VALUES: Final = _TEXT + TEXT_SIZE

ASK_STEP, ASK_SET, ASK_GET, ASK_MESSAGE, ASK_PART, ASK_MORE, ASK_KEEP, ASK_BACK, ASK_RELEASE = range(1, 10)
"""What `CODE` asks for. A message that is longer than the text area comes in parts, and its answer, too."""

DONE, DISCARDED, FAILED, LOST = range(4)
"""What `STATUS` answers; with FAILED the error is in the text, with LOST too, and the component is of no more use."""

EARLY_RETURN, TERMINATE_REQUESTED, EVENT_NEEDED = 1, 2, 4

_RANK: Final = {Causality.INPUT: 0, Causality.OUTPUT: 1}


class Layout:
    """Where the values of every variable lie: inputs, outputs and the others of one storage class behind each other.

    Behind them lie the first derivatives of the floats, in the same order, and then the second ones; only those of
    inputs, and the first ones of outputs, are used.
    """

    def __init__(self, connectors: Sequence[Connector]) -> None:
        self.starts: dict[Storage, int] = {}
        self.sizes: dict[Storage, int] = {}
        self._places: dict[str, int] = {}
        end = _VALUES
        for storage in Storage:
            if not storage.dtype.hasobject:
                mine = [connector for connector in connectors if connector.storage is storage]
                self.starts[storage] = end
                self.sizes[storage] = self._place(mine)
                end += -(-self.sizes[storage] * storage.dtype.itemsize // 64) * 64
        self.slopes: Final = end
        self.size: Final = end + 2 * 8 * self.sizes[Storage.FLOAT64]

    def _place(self, connectors: Sequence[Connector]) -> int:
        position = 0
        for connector in sorted(connectors, key=lambda connector: _RANK.get(connector.causality, 2)):
            self._places[connector.name] = position
            position += connector.size
        return position

    def selection(self, bundle: Bundle) -> slice | NDArray[np.intp]:
        """Which values of its storage class a bundle has; a slice where they lie behind each other."""
        starts = [self._places[connector.name] for connector in bundle.connectors]
        ranges = [np.arange(start, start + c.size) for start, c in zip(starts, bundle.connectors, strict=True)]
        index = np.concatenate(ranges).astype(np.intp)
        if len(index) and np.array_equal(index, np.arange(index[0], index[0] + len(index))):
            return slice(int(index[0]), int(index[0]) + len(index))
        return index


class Mailbox:
    """One side's view of the shared memory behind a file descriptor; `size` is that of a `Layout`."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._memory = mmap.mmap(descriptor, size)
        whole = memoryview(self._memory)
        header = whole[:_HEADER]
        self.words = header.cast("q")
        self.numbers = header.cast("d")
        self.counters = header.cast("I")
        self.text = whole[_TEXT:_VALUES]
        self.log = whole[LOG:_TEXT]
        self.address: Final = np.frombuffer(self._memory, np.uint8).ctypes.data

    def arrays(self, layout: Layout, *, trusted: bool) -> Mapping[Storage, Values]:
        """The values by storage class. Bytes that are no Boolean may stand where an untrusted side wrote Booleans."""
        return {storage: self._array(layout, storage, trusted) for storage in layout.starts}

    def slopes(self, layout: Layout, order: int = 1) -> NDArray[np.float64]:
        """The first (1/s) or second (1/s2) derivatives of the floats."""
        size = layout.sizes[Storage.FLOAT64]
        return np.frombuffer(self._memory, np.float64, size, layout.slopes + 8 * size * (order - 1))

    def _array(self, layout: Layout, storage: Storage, trusted: bool) -> Values:
        dtype: np.dtype[Any] = storage.dtype
        if dtype.kind == "b" and not trusted:
            dtype = np.dtype(np.uint8)
        return np.frombuffer(self._memory, dtype, layout.sizes[storage], layout.starts[storage])

    def list_slots(self, where: int, slots: Sequence[int]) -> None:
        """Write a list of at most MAX_SLOTS slots."""
        words = self.words
        words[where] = len(slots)
        for index, slot in enumerate(slots, where + 1):
            words[index] = slot

    def listed(self, where: int) -> list[int]:
        """The list of slots that begins there."""
        count = self.words[where]
        return self.words[where + 1 : where + 1 + count].tolist() if count else []

    def tell(self, result: StepResult) -> None:
        """Write what a step answered."""
        self.numbers[REACHED] = result.time
        self.words[FLAGS] = (
            EARLY_RETURN * result.early_return
            + TERMINATE_REQUESTED * result.terminate_requested
            + EVENT_NEEDED * result.event_needed
        )

    def write(self, data: bytes | memoryview) -> None:
        """Put at most TEXT_SIZE bytes into the text."""
        self.text[: len(data)] = data
        self.words[LENGTH] = len(data)

    def read(self) -> bytes:
        """The bytes in the text, however long it is said to be."""
        return bytes(self.text[: min(max(self.words[LENGTH], 0), TEXT_SIZE)])

    def append_log(self, line: bytes) -> None:
        """Write a line into the ring of messages, of which the last LOG_SIZE bytes are kept."""
        line = line[-LOG_SIZE:]
        written = self.words[LOGGED]
        begin = written % LOG_SIZE
        fits = LOG_SIZE - begin
        self.log[begin : begin + len(line[:fits])] = line[:fits]
        self.log[: len(line[fits:])] = line[fits:]
        self.words[LOGGED] = written + len(line)

    def log_since(self, seen: int) -> bytes:
        """The bytes of the ring of messages after the first `seen`, as far as they are still there."""
        written = self.words[LOGGED]
        first = max(seen, written - LOG_SIZE)
        if not 0 <= first < written:
            return b""
        begin, end = first % LOG_SIZE, (written - 1) % LOG_SIZE + 1
        ring = bytes(self.log)
        return ring[begin:end] if begin < end else ring[begin:] + ring[:end]
