"""Hot: steps of an isolated component as compiled functions, which a compiled loop calls like those of an FMU.

The instance is a board, private memory of the run: what waits to be set and what is to be read after a step, by the
numbers of slots. In the place of references stands the memory of a slot: its number, where it is among those that are
read, the size of an element, and runs of values in the mailbox. The component can change nothing of both; what it wrote
into the mailbox is copied, and compared.

A status that is not OK hands over to Python: one of FMI that says how bad it is, or `NOT_READ`.
"""

from typing import Any, Final

from numba import njit

from orchestrator.by_address import (
    DERIVATIVES_TAKEN,
    STEP_TAKEN,
    VALUES_TAKEN,
    c_function,
    load,
    load_byte,
    load_double,
    store,
    store_byte,
    store_double,
)
from orchestrator.fmi.isolation import mailbox as box
from orchestrator.fmi.isolation import waiting
from orchestrator.fmi.isolation.waiting import post, wait, wait_out

# Words of a board.
WAITING: Final = 0
"""The handle of `waiting`."""
ANSWERED: Final = 8
READ: Final = 16
"""The request whose answer brought values, -1 where they are old, and of how many of the slots that are read."""
OUTCOME: Final = 24
"""How waiting for the last answer ended."""
STATES: Final = 32
"""How many states compiled functions have numbered."""
SETS: Final = 40
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
NEXT_ORDER: Final = 48
"""Of a slot of derivatives: the words for those of the next order, 0 where there are none."""

NOT_READ: Final = 1
"""What `get` answers where a bundle was not read after the step."""

_OK, _WARNING, _DISCARD, _ERROR, _FATAL = range(5)

_FIRST_STATE: Final = 1 << 40
"""Python numbers the states that it keeps from 1 on."""

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


def _taken(board: int, slot: int, values: int) -> int:
    """Copy values that were read after the last step."""
    asked = load(load(board + WAITING) + waiting.ASKED)
    if load(board + ANSWERED) != asked or load(slot + PLACE) >= load(board + READ):
        store(slot + WANTED, values)
        return NOT_READ
    take(slot, values)
    return 0


taken: Any = njit("int64(int64, int64, int64)", **_OPTIONS)(_taken)


def _get(board: int, slot: int, _n: int, values: int, _size: int) -> int:
    return int(taken(board, slot, values))


def _give_slopes(board: int, slot: int, count: int, _orders: int, values: int, width: int) -> int:
    """Copy derivatives of inputs, those of the first order first, to be handed over before the next step."""
    handle = load(board + WAITING)
    store(load(handle + waiting.MAILBOX) + 8 * box.DERIVATIVES, count // width)
    store(board + ANSWERED, -1)
    list_once(board + SETS, load(slot + NUMBER))
    order = slot
    for first in range(0, count, width):
        give(order, values + 8 * first)
        order = load(order + NEXT_ORDER)
    return 0


def _read_slopes(board: int, slot: int, _count: int, _orders: int, values: int, _width: int) -> int:
    """Copy derivatives of outputs that were read after the last step; from the next step on they are."""
    if load(slot + PLACE) == box.MAX_SLOTS:
        store(slot + PLACE, load(board + READS))
        list_once(board + READS, load(slot + NUMBER))
    return int(taken(board, slot, values))


def _told(board: int, outcome: int) -> int:
    """The status of FMI for what a request was answered; of all that is not OK Python reads the words."""
    handle = load(board + WAITING)
    mailbox = load(handle + waiting.MAILBOX)
    store(board + OUTCOME, outcome)
    if outcome != waiting.ANSWERED:
        return _ERROR if outcome == waiting.PENDING else _FATAL
    status = load(mailbox + 8 * box.STATUS)
    if status != box.DONE:
        return _DISCARD if status == box.DISCARDED else _FATAL if status == box.LOST else _ERROR
    return _OK if load(mailbox + 8 * box.LOGGED) == load(handle + waiting.LOGGED) else _WARNING


told: Any = njit("int64(int64, int64)", **_OPTIONS)(_told)


def _ask_state(board: int, code: int, number: int) -> int:
    """Ask for something to be done with a kept state, once the component has answered what it was asked before."""
    handle = load(board + WAITING)
    mailbox = load(handle + waiting.MAILBOX)
    before = wait_out(handle)
    if before != waiting.ANSWERED:
        return int(told(board, before))
    store(mailbox + 8 * box.CODE, code)
    store(mailbox + 8 * box.STATE, number)
    copy_list(board + SETS, mailbox + 8 * box.SETS)
    store(mailbox + 8 * box.READS, 0)
    store(board + SETS, 0)
    store(board + ANSWERED, -1)
    post(handle)
    return int(told(board, wait_out(handle)))


ask_state: Any = njit("int64(int64, int64, int64)", **_OPTIONS)(_ask_state)


def _keep(board: int, slot: int, _a: int, _b: int, _c: int) -> int:
    if load(slot) == 0:
        store(board + STATES, load(board + STATES) + 1)
        store(slot, _FIRST_STATE + load(board + STATES))
    return int(ask_state(board, box.ASK_KEEP, load(slot)))


def _go_back(board: int, state: int, _a: int, _b: int, _c: int) -> int:
    return int(ask_state(board, box.ASK_BACK, state))


def _release(board: int, slot: int, _a: int, _b: int, _c: int) -> int:
    state = load(slot)
    store(slot, 0)
    return int(ask_state(board, box.ASK_RELEASE, state))


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
    status = told(board, wait(handle, waiting.PATIENCE))
    if status > _WARNING:
        return int(status)
    store(board + ANSWERED, load(handle + waiting.ASKED))
    store(board + READ, load(board + READS))
    late = not abs(load_double(mailbox + 8 * box.REACHED) - (t + h)) <= _TOLERANCE * h
    return _ERROR if late or load(mailbox + 8 * box.FLAGS) != 0 else int(status)


step_address: Final = c_function(STEP_TAKEN, _step)
"""Of what makes a step, and waits for its end with the limits of the process."""
set_address: Final = c_function(VALUES_TAKEN, _set)
"""Of what lets values wait in the mailbox for the next step."""
get_address: Final = c_function(VALUES_TAKEN, _get)
"""Of what takes values that were read after the last step."""
give_slopes_address: Final = c_function(DERIVATIVES_TAKEN, _give_slopes)
"""Of what lets derivatives of inputs wait in the mailbox for the next step."""
read_slopes_address: Final = c_function(DERIVATIVES_TAKEN, _read_slopes)
"""Of what takes derivatives of outputs that were read after the last step."""
keep_address: Final = c_function(VALUES_TAKEN, _keep)
go_back_address: Final = c_function(VALUES_TAKEN, _go_back)
release_address: Final = c_function(VALUES_TAKEN, _release)
"""Of what keeps the present state, goes back to a kept one, and releases one."""
