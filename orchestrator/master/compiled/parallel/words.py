"""Parallel words: what the threads of a crew share in memory, as offsets in bytes; see `layout.run` for the program.

What different threads write lies in different cache lines, since a line that two of them write to goes back and forth.
"""

from typing import Final

from orchestrator.master.compiled.layout.run import PROGRAM as PROGRAM_SIZE

LINE: Final = 64
"""Bytes of a cache line."""
COUNTER: Final = 0xFFFFFFFF
"""Counters have 32 bits, and begin anew."""

# A crew. The first line is only read while it works.
SYSCALL: Final = 0
"""Addresses of syscall and clock_gettime, and the number of the system call that waits for a word."""
CLOCK: Final = 8
NUMBER: Final = 16
THREADS: Final = 24
"""How many threads step, the one that calls included; their lines lie from `CREW` on."""
LEVELS: Final = 32
"""First row of the table of levels, and the address behind the last one."""
LEVELS_END: Final = 40
TICKETS: Final = 48
"""First row of the table of tickets, one for each component."""
PROGRAM: Final = 56
"""Address of the program that the crew makes."""
STEP: Final = 64
"""Addresses of `hot.loop.step`, `begin` and `arrive`; a line that is only read, too."""
BEGIN: Final = 72
ARRIVE: Final = 80
GO: Final = 128
"""Counter: the round that is open. Threads sleep on it."""
ENDS: Final = 192
"""Not 0 where the threads are to end; it is looked at when `GO` changes."""
BELL: Final = 256
"""1 while the thread that calls sleeps on it: who is through with a round then makes it 0, and wakes that thread."""
ROUNDS: Final = 320
"""What a round is about, in turn for even and odd ones, each a line of its own."""
MACRO_STEP: Final = 448
"""What the thread that calls alone looks at. How many macro steps the crew has begun, modulo 2**32."""
EXPECTED: Final = 456
"""The sum of what all threads have done, when the open round is through, modulo 2**32."""
UNDER_WAY: Final = 464
"""The macro step that was left before its end, counted from the start of the run; -1 where there is none."""
REACHED: Final = 472
"""The last level of it that was begun."""
ALONE: Final = 480
"""How long (ns) a macro step takes one thread: who is behind that by `PATIENCE` (ns) comes back."""
PATIENCE: Final = 488
WAITED: Final = 496
"""Not 0 where it waited for others since this was looked at."""
SLICE: Final = 504
"""The longest sleep (s, ns): two words."""
TOOK: Final = 520
"""How long (ns) macro steps took since this was set to 0."""
CREW: Final = 576

# A thread.
DONE: Final = 0
"""Counter: the chunks that it has stepped."""
TROUBLE: Final = 8
"""Tickets that it has written since they were looked at."""
ANSWERED: Final = 16
"""Counter: the last value of `GO` with which it is through."""
SLEEPS: Final = 64
"""Not 0 while it sleeps. A line of its own, since it is read in every round."""
OPENED: Final = 128
"""The round that it takes part in."""
OWN: Final = 192
"""A program of its own, where calls leave their status."""
THREAD_ROW: Final = OWN + PROGRAM_SIZE + -PROGRAM_SIZE % LINE

# A round.
ROUND_LEVEL: Final = 0
ROUND_STEP: Final = 8
"""`MACRO_STEP`, then the time and the size of the step (s)."""
ROUND_T: Final = 16
ROUND_H: Final = 24
ROUND_INDEX: Final = 32
"""The macro step, counted from the start of the run, and where the durations of it go (see `layout.run.SAMPLE`)."""
ROUND_SAMPLE: Final = 40
ROUND: Final = 48
"""Size of a round."""

# A level: components that do not feed each other.
CHUNKS: Final = 0
"""First chunk, and the address behind the last one, and how many there are."""
CHUNKS_END: Final = 8
COUNT: Final = 16
MINE: Final = 24
"""Addresses of the components that the thread that calls steps itself, and where they end."""
MINE_END: Final = 32
BEGINNINGS: Final = 40
"""Address of a word for each thread: the chunk that it looks at first."""
LEVEL_ROW: Final = 48

# A chunk: a line of its own.
CLAIM: Final = 0
"""Counter: the `MACRO_STEP` in which somebody took it last."""
COMPONENTS: Final = 8
COMPONENTS_END: Final = 16

# A ticket: what became of the last step of a component that was not simply done.
TICKET_STEP: Final = 0
"""`MACRO_STEP` in which it was written; -1 when it was looked at."""
WHY: Final = 8
TICKET_STATUS: Final = 16
TICKET_CALL: Final = 24
LEVEL: Final = 32
"""The level of the component."""
COST: Final = 40
"""Time (ns) that its steps took while they were metered."""
TICKET_ROW: Final = 48
