"""Hot: steps of an isolated component as compiled functions, which a compiled loop calls like those of an FMU.

The instance is a board, private memory of the run: what waits to be set and what is to be read after a step, by the
numbers of slots. In the place of references stands the memory of a slot: its number, where it is among those that are
read, the size of an element, and runs of values in the mailbox. The component can change nothing of both; what it wrote
into the mailbox is copied, and compared.

A status that is not OK hands over to Python: `LOOK` and how waiting ended, or `NOT_READ`.
"""

from typing import Any, Final

from numba import cfunc, njit

from orchestrator.by_address import load, load_byte, load_double, store, store_byte, store_double
from orchestrator.fmi.isolation import mailbox as box
from orchestrator.fmi.isolation import waiting
from orchestrator.fmi.isolation.waiting import post, wait

# Words of a board.
WAITING: Final = 0
"""The handle of `waiting`."""
ANSWERED: Final = 8
READ: Final = 16
"""The request whose answer brought values, -1 where they are old, and of how many of the slots that are read."""
SETS: Final = 24
"""What waits to be set: how many slots, and their numbers."""
READS: Final = SETS + 8 * (1 + box.MAX_SLOTS)
"""What is read after a step, in the same form."""
BOARD: Final = READS + 8 * (1 + box.MAX_SLOTS)

# Words of a slot.
NUMBER: Final = 0
PLACE: Final = 8
"""Its place among those that are read; `MAX_SLOTS` where it is not among them."""
ITEM: Final = 16
"""Bytes of a value: 8, or 1 for a Boolean."""
WANTED: Final = 24
"""Where its values were to go, last."""
RUNS: Final = 32
RUNS_END: Final = 40
"""How the table of runs lies in memory, each where it begins in the mailbox, and how many values it has."""

LOOK: Final = 16
NOT_READ: Final = 1

_TOLERANCE: Final = 1e-7
"""Part of a step by which the time reached may miss its end without anybody looking."""

_OPTIONS: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


def _give(slot: int, values: int) -> None:
    """Copy values into the mailbox."""
    item, run, end = load(slot + ITEM), load(slot + RUNS), load(slot + RUNS_END)
    while run < end:
        place, count = load(run), load(run + 8)
        if item == 8:
            for index in range(count):
                store(place + 8 * index, load(values + 8 * index))
        else:
            for index in range(count):
                store_byte(place + index, load_byte(values + index))
        values += item * count
        run += 16


give: Any = njit("void(int64, int64)", **_OPTIONS)(_give)


def _take(slot: int, values: int) -> None:
    """Copy values out of the mailbox; whatever stands where a Boolean should is one."""
    item, run, end = load(slot + ITEM), load(slot + RUNS), load(slot + RUNS_END)
    while run < end:
        place, count = load(run), load(run + 8)
        if item == 8:
            for index in range(count):
                store(values + 8 * index, load(place + 8 * index))
        else:
            for index in range(count):
                store_byte(values + index, 1 if load_byte(place + index) != 0 else 0)
        values += item * count
        run += 16


take: Any = njit("void(int64, int64)", **_OPTIONS)(_take)


def _list_once(numbers: int, number: int) -> None:
    """Append a number to a list unless it is there."""
    count = load(numbers)
    for index in range(1, count + 1):
        if load(numbers + 8 * index) == number:
            return
    store(numbers + 8 * (count + 1), number)
    store(numbers, count + 1)


list_once: Any = njit("void(int64, int64)", **_OPTIONS)(_list_once)


def _copy_list(numbers: int, target: int) -> None:
    for index in range(load(numbers) + 1):
        store(target + 8 * index, load(numbers + 8 * index))


copy_list: Any = njit("void(int64, int64)", **_OPTIONS)(_copy_list)


def _set(board: int, slot: int, _n: int, values: int, _size: int) -> int:
    give(slot, values)
    store(board + ANSWERED, -1)
    list_once(board + SETS, load(slot + NUMBER))
    return 0


def _get(board: int, slot: int, _n: int, values: int, _size: int) -> int:
    asked = load(load(board + WAITING) + waiting.ASKED)
    if load(board + ANSWERED) != asked or load(slot + PLACE) >= load(board + READ):
        store(slot + WANTED, values)
        return NOT_READ
    take(slot, values)
    return 0


def _step(board: int, t: float, h: float, _flag: int, _event: int, _terminate: int, _early: int, _reached: int) -> int:
    handle = load(board + WAITING)
    mailbox = load(handle + waiting.MAILBOX)
    store(mailbox + 8 * box.CODE, box.ASK_STEP)
    store_double(mailbox + 8 * box.TIME, t)
    store_double(mailbox + 8 * box.STEP, h)
    copy_list(board + SETS, mailbox + 8 * box.SETS)
    copy_list(board + READS, mailbox + 8 * box.READS)
    store(board + SETS, 0)
    post(handle)
    outcome = wait(handle, waiting.PATIENCE)
    if outcome != waiting.ANSWERED or load(mailbox + 8 * box.STATUS) != box.DONE:
        return int(LOOK + outcome)
    store(board + ANSWERED, load(handle + waiting.ASKED))
    store(board + READ, load(board + READS))
    said = load(mailbox + 8 * box.FLAGS) != 0 or load(mailbox + 8 * box.LOGGED) != load(handle + waiting.LOGGED)
    late = not abs(load_double(mailbox + 8 * box.REACHED) - (t + h)) <= _TOLERANCE * h
    return LOOK + waiting.ANSWERED if said or late else 0


_VALUES: Final = "int32(int64, int64, int64, int64, int64)"
_set_function: Any = cfunc(_VALUES, cache=True)(_set)
_get_function: Any = cfunc(_VALUES, cache=True)(_get)
_step_function: Any = cfunc("int32(int64, float64, float64, int32, int64, int64, int64, int64)", cache=True)(_step)


def step_address() -> int:
    """Address of the function that makes a step, and waits for its end with the limits of the process."""
    return int(_step_function.address)


def set_address() -> int:
    """Address of the function that lets values wait in the mailbox for the next step."""
    return int(_set_function.address)


def get_address() -> int:
    """Address of the function that takes values that were read after the last step."""
    return int(_get_function.address)
