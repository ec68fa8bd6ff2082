"""Parallel hot loop: macro steps by several threads, as compiled functions over addresses; see `words`.

One thread, the one that calls `advance`, does everything that `hot.loop.advance` does but for the steps of components:
these it opens in rounds, one for each level, and takes part. In a round every thread claims chunks, first its own, then
what nobody has claimed yet: a thread that the machine does not let run keeps nobody waiting with work that it has not
begun.

No component of a level feeds another, so that the order of their steps changes no bit. Where a component needs Python,
the round is brought to its end; then they are looked at in the order in which one thread would step them.
"""

from typing import Any, Final

from numba import njit

from orchestrator.by_address import load, load_counter, load_double, store, store_counter, store_double
from orchestrator.master.compiled.hot.gather import INLINE, copy
from orchestrator.master.compiled.hot.points import keep_finite, keep_whole
from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.parallel import words as of
from orchestrator.master.compiled.parallel.atomics import exchange, fence, now, relax, sleep, wake
from orchestrator.master.compiled.parallel.kernel import call_point, call_step

SPIN: Final = 50_000
"""How long (ns) a thread looks for what it waits for before it sleeps: about what it costs to be woken."""
LOOKS: Final = 64
"""How often it looks between two looks at the clock."""

_COMPILED: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


def _ticket(crew: int, component: int) -> int:
    """The ticket of a component."""
    number = (component - load(load(crew + of.PROGRAM) + at.COMPONENTS)) // at.COMPONENT_ROW
    return int(load(crew + of.TICKETS) + number * of.TICKET_ROW)


ticket: Any = njit("int64(int64, int64)", **INLINE)(_ticket)


def _step_one(crew: int, thread: int, component: int, opened: int) -> None:
    """Step a component in a round; what is not simply done goes into its ticket."""
    own = thread + of.OWN
    why = call_step(
        load(crew + of.STEP), own, component, load_double(opened + of.ROUND_T), load_double(opened + of.ROUND_H)
    )
    if why != at.DONE:
        paper = ticket(crew, component)
        store(paper + of.WHY, why)
        store(paper + of.TICKET_STATUS, load(own + at.STATUS))
        store(paper + of.TICKET_CALL, load(own + at.CALL))
        store(paper + of.TICKET_STEP, load(opened + of.ROUND_STEP))
        store(thread + of.TROUBLE, load(thread + of.TROUBLE) + 1)


step_one: Any = njit("void(int64, int64, int64, int64)", **INLINE)(_step_one)


def _bring_up_to_date(thread: int, opened: int) -> None:
    """Let the program of a thread know the macro step."""
    store(thread + of.OWN + at.INDEX, load(opened + of.ROUND_INDEX))
    store(thread + of.OWN + at.SAMPLE, load(opened + of.ROUND_SAMPLE))


bring_up_to_date: Any = njit("void(int64, int64)", **INLINE)(_bring_up_to_date)


def _take_part(crew: int, number: int, opened: int) -> None:
    """Step chunks of a round as thread `number`, until all are claimed."""
    thread = crew + of.CREW + number * of.THREAD_ROW
    level, macro_step = load(opened + of.ROUND_LEVEL), load(opened + of.ROUND_STEP)
    chunk, end = load(load(level + of.BEGINNINGS) + 8 * number), load(level + of.CHUNKS_END)
    before = (macro_step - 1) & of.COUNTER
    done = load_counter(thread + of.DONE)
    for _ in range(load(level + of.COUNT)):
        if load_counter(chunk + of.CLAIM) == before and exchange(chunk + of.CLAIM, before, macro_step):
            entry, last = load(chunk + of.COMPONENTS), load(chunk + of.COMPONENTS_END)
            while entry < last:
                step_one(crew, thread, load(entry), opened)
                entry += 8
            done += 1
        chunk += of.LINE
        if chunk == end:
            chunk = load(level + of.CHUNKS)
    store_counter(thread + of.DONE, done)


take_part: Any = njit("void(int64, int64, int64)", **_COMPILED)(_take_part)


def _await_round(crew: int, thread: int, seen: int) -> int:
    """Wait until another round is opened than the one seen: its counter."""
    begun = now(load(crew + of.CLOCK))
    while now(load(crew + of.CLOCK)) - begun < SPIN:
        for _ in range(LOOKS):
            go = load_counter(crew + of.GO)
            if go != seen:
                return int(go)
            relax()
    store_counter(thread + of.SLEEPS, 1)
    while load_counter(crew + of.GO) == seen:
        sleep(load(crew + of.SYSCALL), load(crew + of.NUMBER), crew + of.GO, seen, 0)
    store_counter(thread + of.SLEEPS, 0)
    return int(load_counter(crew + of.GO))


await_round: Any = njit("int64(int64, int64, int64)", **_COMPILED)(_await_round)


def _work(crew: int, number: int) -> None:
    """Take part in every round as thread `number`, until the crew ends."""
    thread = crew + of.CREW + number * of.THREAD_ROW
    own = thread + of.OPENED
    seen = load_counter(crew + of.GO)
    while load_counter(crew + of.ENDS) == 0:
        store_counter(thread + of.ANSWERED, seen)
        seen = await_round(crew, thread, seen)
        # A copy, of use if no other round has opened since: the line is written again for the round after the next.
        copy(crew + of.ROUNDS + of.LINE * (seen & 1), own, of.ROUND // 8)
        fence()
        if load_counter(crew + of.GO) == seen and load_counter(crew + of.ENDS) == 0:
            bring_up_to_date(thread, own)
            take_part(crew, number, own)
            if load_counter(crew + of.BELL) == 1:
                store_counter(crew + of.BELL, 0)
                wake(load(crew + of.SYSCALL), load(crew + of.NUMBER), crew + of.BELL)


work: Any = njit("void(int64, int64)", **_COMPILED)(_work)


def _call_all(crew: int) -> None:
    """Open the next round, or the end: wake the threads that sleep."""
    store_counter(crew + of.GO, (load_counter(crew + of.GO) + 1) & of.COUNTER)
    thread = crew + of.CREW + of.THREAD_ROW
    for _ in range(load(crew + of.THREADS) - 1):
        if load_counter(thread + of.SLEEPS) != 0:
            wake(load(crew + of.SYSCALL), load(crew + of.NUMBER), crew + of.GO)
            return
        thread += of.THREAD_ROW


call_all: Any = njit("void(int64)", **_COMPILED)(_call_all)


def _is_through(crew: int) -> bool:
    """Whether all chunks of the round are stepped."""
    thread, done = crew + of.CREW, 0
    for _ in range(load(crew + of.THREADS)):
        done += load_counter(thread + of.DONE)
        thread += of.THREAD_ROW
    return bool(done & of.COUNTER == load(crew + of.EXPECTED))


is_through: Any = njit("boolean(int64)", **INLINE)(_is_through)


def _await_others(crew: int) -> None:
    """Wait until all chunks of the round are stepped."""
    for _ in range(LOOKS):
        if is_through(crew):
            return
        relax()
    store(crew + of.WAITED, 1)
    begun = now(load(crew + of.CLOCK))
    while now(load(crew + of.CLOCK)) - begun < SPIN:
        for _ in range(LOOKS):
            if is_through(crew):
                return
            relax()
    store_counter(crew + of.BELL, 1)
    while not is_through(crew):
        sleep(load(crew + of.SYSCALL), load(crew + of.NUMBER), crew + of.BELL, 1, crew + of.SLICE)
        store_counter(crew + of.BELL, 1)
    store_counter(crew + of.BELL, 0)


await_others: Any = njit("void(int64)", **_COMPILED)(_await_others)


def _hold_round(crew: int, level: int, index: int, t: float, h: float) -> None:
    """Step the components of a level."""
    opened = crew + of.ROUNDS + of.LINE * ((load_counter(crew + of.GO) + 1) & 1)
    count = load(level + of.COUNT)
    store(opened + of.ROUND_LEVEL, level)
    store(opened + of.ROUND_STEP, load(crew + of.MACRO_STEP))
    store_double(opened + of.ROUND_T, t)
    store_double(opened + of.ROUND_H, h)
    store(opened + of.ROUND_INDEX, index)
    store(opened + of.ROUND_SAMPLE, load(load(crew + of.PROGRAM) + at.SAMPLE))
    if count != 0:
        store(crew + of.EXPECTED, (load(crew + of.EXPECTED) + count) & of.COUNTER)
        call_all(crew)
    bring_up_to_date(crew + of.CREW, opened)
    entry, end = load(level + of.MINE), load(level + of.MINE_END)
    while entry < end:
        step_one(crew, crew + of.CREW, load(entry), opened)
        entry += 8
    if count != 0:
        take_part(crew, 0, opened)
        await_others(crew)


hold_round: Any = njit("void(int64, int64, int64, float64, float64)", **_COMPILED)(_hold_round)


def _is_troubled(crew: int) -> bool:
    """Whether a ticket was written; the counts of them begin anew."""
    thread, troubled = crew + of.CREW, False
    for _ in range(load(crew + of.THREADS)):
        if load(thread + of.TROUBLE) != 0:
            store(thread + of.TROUBLE, 0)
            troubled = True
        thread += of.THREAD_ROW
    return troubled


is_troubled: Any = njit("boolean(int64)", **INLINE)(_is_troubled)


def _settle(crew: int, component: int, t: float, h: float) -> int:
    """Go through the components from this one on in their order; why the first one that needs Python does."""
    program = load(crew + of.PROGRAM)
    end = load(program + at.COMPONENTS_END)
    why = at.DONE
    while component < end:
        paper = ticket(crew, component)
        if load(paper + of.LEVEL) > load(crew + of.REACHED):
            why = call_step(load(crew + of.STEP), program, component, t, h)
        elif load(paper + of.TICKET_STEP) == load(crew + of.MACRO_STEP):
            why = load(paper + of.WHY)
            store(paper + of.TICKET_STEP, -1)
            store(program + at.STATUS, load(paper + of.TICKET_STATUS))
            store(program + at.CALL, load(paper + of.TICKET_CALL))
        if why != at.DONE:
            break
        component += at.COMPONENT_ROW
    store(program + at.COMPONENT, component)
    return why


settle: Any = njit("int64(int64, int64, float64, float64)", **_COMPILED)(_settle)


def _claim_rest(crew: int, level: int) -> None:
    """Claim the chunks from this level on, which nobody is to step in this macro step."""
    while level < load(crew + of.LEVELS_END):
        chunk = load(level + of.CHUNKS)
        while chunk < load(level + of.CHUNKS_END):
            store_counter(chunk + of.CLAIM, load(crew + of.MACRO_STEP))
            chunk += of.LINE
        level += of.LEVEL_ROW


claim_rest: Any = njit("void(int64, int64)", **_COMPILED)(_claim_rest)


def _hold_rounds(crew: int, index: int, t: float, h: float) -> bool:
    """Step all components; whether all are simply done, as they are not where tickets were written."""
    store(crew + of.MACRO_STEP, (load(crew + of.MACRO_STEP) + 1) & of.COUNTER)
    level, end, reached = load(crew + of.LEVELS), load(crew + of.LEVELS_END), 0
    while level < end:
        hold_round(crew, level, index, t, h)
        if is_troubled(crew):
            store(crew + of.UNDER_WAY, index)
            store(crew + of.REACHED, reached)
            claim_rest(crew, level + of.LEVEL_ROW)
            return False
        reached += 1
        level += of.LEVEL_ROW
    return True


hold_rounds: Any = njit("boolean(int64, int64, float64, float64)", **INLINE)(_hold_rounds)


def _step_all(crew: int, index: int, component: int, t: float, h: float) -> int:
    """Step all components, or those from this one on where a macro step was left; why the first that needs Python does.

    Where one does, the program is left there.
    """
    program = load(crew + of.PROGRAM)
    store(program + at.COMPONENT, component)
    if component == load(program + at.COMPONENTS):
        why = call_point(load(crew + of.BEGIN), program, index)
        if why != at.DONE or hold_rounds(crew, index, t, h):
            return int(why)
    elif load(crew + of.UNDER_WAY) != index:
        store(crew + of.REACHED, -1)
    why = settle(crew, component, t, h)
    if why == at.DONE:
        store(crew + of.UNDER_WAY, -1)
    return int(why)


step_all: Any = njit("int64(int64, int64, int64, float64, float64)", **INLINE)(_step_all)


def _give_programs(crew: int) -> None:
    """Let each thread have the program as it is now."""
    thread = crew + of.CREW
    for _ in range(load(crew + of.THREADS)):
        copy(load(crew + of.PROGRAM), thread + of.OWN, at.PROGRAM // 8)
        thread += of.THREAD_ROW


give_programs: Any = njit("void(int64)", **INLINE)(_give_programs)


def _is_behind(crew: int, begun: int, steps: int) -> bool:
    """Whether one thread would be further than these macro steps since `begun` (ns); it is asked after a wait."""
    if load(crew + of.WAITED) == 0:
        return False
    store(crew + of.WAITED, 0)
    return bool(now(load(crew + of.CLOCK)) - begun > steps * load(crew + of.ALONE) + load(crew + of.PATIENCE))


is_behind: Any = njit("boolean(int64, int64, int64)", **INLINE)(_is_behind)


def _advance(crew: int, until: int) -> int:
    """Make macro steps as `hot.loop.advance` does; DONE, earlier, also where one thread would be faster."""
    program = load(crew + of.PROGRAM)
    start, size, stop = load_double(program), load_double(program + at.STEP_SIZE), load_double(program + at.STOP)
    first, begun = load(program + at.COMPONENTS), now(load(crew + of.CLOCK))
    entered, component = load(program + at.INDEX), load(program + at.COMPONENT)
    index = entered
    if load(program + at.ENTERED) != 0:
        keep_whole(program, index)
    give_programs(crew)
    why = at.DONE
    while why == at.DONE and index < until:
        t = start + index * size
        why = step_all(crew, index, component, t, size if t + size <= stop else stop - t)
        if why != at.DONE:
            component = load(program + at.COMPONENT)
        elif not keep_finite(program, index + 1):
            why, component = at.INFINITE, load(program + at.COMPONENTS_END)
        else:
            component = first
            index += 1
            why = call_point(load(crew + of.ARRIVE), program, index)
            if is_behind(crew, begun, index - entered):
                break
    store(program + at.INDEX, index)
    store(program + at.COMPONENT, component)
    store(crew + of.TOOK, load(crew + of.TOOK) + now(load(crew + of.CLOCK)) - begun)
    return why


advance: Any = njit("int64(int64, int64)", **_COMPILED)(_advance)


def _meter(crew: int, until: int) -> int:
    """Make macro steps as `hot.loop.advance` does, and add what each component takes to the cost in its ticket."""
    program = load(crew + of.PROGRAM)
    start, size, stop = load_double(program), load_double(program + at.STEP_SIZE), load_double(program + at.STOP)
    first, end, clock = load(program + at.COMPONENTS), load(program + at.COMPONENTS_END), load(crew + of.CLOCK)
    index, component, begun = load(program + at.INDEX), load(program + at.COMPONENT), now(clock)
    if load(program + at.ENTERED) != 0:
        keep_whole(program, index)
    why = at.DONE
    while why == at.DONE and index < until:
        t = start + index * size
        h = size if t + size <= stop else stop - t
        if component == first:
            why = call_point(load(crew + of.BEGIN), program, index)
        before = now(clock)
        while why == at.DONE and component < end:
            why = call_step(load(crew + of.STEP), program, component, t, h)
            after, paper = now(clock), ticket(crew, component)
            store(paper + of.COST, load(paper + of.COST) + after - before)
            before = after
            component += at.COMPONENT_ROW if why == at.DONE else 0
        if why == at.DONE and not keep_finite(program, index + 1):
            why = at.INFINITE
        if why == at.DONE:
            component = first
            index += 1
            why = call_point(load(crew + of.ARRIVE), program, index)
    store(program + at.INDEX, index)
    store(program + at.COMPONENT, component)
    store(crew + of.TOOK, load(crew + of.TOOK) + now(clock) - begun)
    return why


meter: Any = njit("int64(int64, int64)", **_COMPILED)(_meter)
