"""Controlled: macro steps under error control made at once, as compiled functions; in Python what they cannot do."""

import math
from time import perf_counter
from typing import Any, Final, NamedTuple

import numpy as np

from orchestrator.errors import StepError
from orchestrator.master.compiled.handing import Beside, Handing
from orchestrator.master.compiled.layout import control as ct
from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.layout.states import STATUS, state_row
from orchestrator.master.compiled.lowering import NUMBERS, Program, lower
from orchestrator.master.compiled.made import over
from orchestrator.master.compiled.packing import pack
from orchestrator.master.compiled.parallel.attempts import Attempts, attempts
from orchestrator.master.compiled.parallel.choice import ONE_OR_MORE, Threads
from orchestrator.master.compiled.rows import RowWriter
from orchestrator.master.compiled.samples import samples_for
from orchestrator.master.compiled.solved import Solved
from orchestrator.master.compiled.tables import Words, address, word
from orchestrator.master.composition import Doubled
from orchestrator.master.coupling import Coupling
from orchestrator.master.diagnostics import MASTER
from orchestrator.master.loops import layout as solves
from orchestrator.master.participant import Participant
from orchestrator.master.rates import SlowPace
from orchestrator.master.step_control.journey import ending
from orchestrator.master.step_control.judge import Judge
from orchestrator.master.step_control.outputs import Outputs
from orchestrator.master.timeline import Timeline
from orchestrator.native import Native, NativeAnswer, NativeStates
from orchestrator.signals import GatherPlan, RowTable

_STRIDE: Final = 0.05
"""How long (s) steps are made before Python looks for Ctrl-C and the like, where a single one does not take longer."""

_SLICE: Final = 0.01
"""How long (s) they are made before the time is looked at."""

_DISCARD: Final = 2
"""The least status that is more than a warning."""

_MOST_PATIENCE: Final = 32
"""Macro steps that Python makes one after the other, at most, where compiled functions come to no end of theirs."""


_STEPS: Final = 3
"""Steps of the system in a macro step, at least: the whole and two halves."""


class Strode(NamedTuple):
    """How many macro steps were made, and whether the last row that is filled is where the run is.

    `begun`: Python has to finish another one, which has begun. `due`: an event happens where the run is.
    """

    steps: int
    recorded: bool
    begun: bool
    due: bool


class ControlledLoop:
    """Makes macro steps bit by bit as `ErrorControl` does, one after the other, and moves the timeline.

    Where something jumps, or nothing shorter can be tried, Python goes on with what was tried and finishes the macro
    step. Where a component gives a status, or a value is not finite, everything goes back to where that began. Python
    makes it, and the more of those after it the more often that happens in a row.
    """

    def __init__(
        self,
        coupling: Coupling,
        program: Program,
        timeline: Timeline,
        doubled: Doubled,
        several: Attempts | None = None,
    ) -> None:
        from orchestrator.master.compiled.hot import (
            control as hot_control,  # compiled, or loaded, when it is first needed
        )

        self._hot: Any = hot_control
        self._several = several
        self._coupling, self._program, self._timeline = coupling, program, timeline
        self._rows = RowWriter(program)
        self._natives = [each for each in program.natives if each is not None]
        self._words = np.zeros(ct.CONTROL // at.WORD, np.int64)
        self._doubles = self._words.view(np.float64)
        self._states = [_slots(program), _slots(program)]
        self._samples = samples_for(program)
        self._solved = Solved(program, coupling.participants, self._samples)
        self._control, self._beside = doubled.control, Beside(coupling, program, doubled.memories)
        self._handing = Handing(coupling, program, doubled.control.judge, self._beside)
        self._lower(doubled.control.judge)
        self._slice, self._took = 1, 0.0
        self._patience, self._leaves = 0, range(0)
        able = [each.instance.capabilities.may_return_early for each in coupling.participants]
        self._exposed = range(max((number for number, early in enumerate(able) if early), default=0))
        """Components that would have to go back within a step in which one behind them returns early."""

    @property
    def by_address(self) -> tuple[str, ...]:
        """The components, all of which are stepped without Python."""
        return tuple(participant.name for participant in self._coupling.participants)

    @property
    def ready(self) -> bool:
        """Whether the next macro step is one to be tried; those that Python has to make are not."""
        return self._coupling.statistics.macro_steps not in self._leaves

    @property
    def rows(self) -> int:
        """Rows that are filled, also where a run failed."""
        return self._program[at.ROWS]

    def load(self) -> None:
        """Have all compiled functions that steps may come to need."""
        if self._several is not None:
            self._several.load()

    def close(self) -> None:
        """No more steps are made."""
        if self._several is not None:
            self._several.close()

    def look_for_events(self, first: float | None) -> None:
        """Steps are made until an event happens, the `first` that is known at this time (s)."""
        self._program[at.NEXT_EVENT] = word(math.inf if first is None else first)

    def run(self, until: int | None, rows: RowTable | None) -> Strode:
        """Make macro steps up to a point of the grid, or fewer where time passes, or one; record them in the rows.

        After fewer steps than one, or where one is `begun`, Python has to make it at once. After an error the signals
        are those of the last communication point.
        """
        self._begin(rows)
        try:
            why = self._make(self._timeline.grid.count, 1) if until is None else self._stride(until)
            if why == ct.LOST:
                self._lose()
            return self._end(why, recorded=rows is not None)
        except BaseException:
            self._coupling.signals.keep()  # they are those of a communication point
            raise
        finally:
            for way in self._program.ways.values():
                way.store()

    def _lower(self, judge: Judge) -> None:
        """Write what the words are that stay as they are."""
        program, tables, signals = self._program, self._program.tables, self._coupling.signals
        self._put(ct.PROGRAM, program.address, judge.address)
        self._put(ct.PLACES, tables.keep(address(signals.float64) + 8 * judge.outputs.where.astype(np.int64)))
        others = [
            (address(signals.array(storage)) + signals.array(storage).itemsize * int(place), storage)
            for storage, places in judge.outputs.others
            for place in places
        ]
        self._put(ct.OTHERS, *tables.table((place, storage.dtype.itemsize, 0, 0) for place, storage in others))
        for place, slots in zip((ct.START_STATES, ct.MIDDLE_STATES), self._states, strict=True):
            self._put(place, address(slots), address(slots) + slots.nbytes)
        self._put(ct.KEPT, *tables.table(self._beside.rows))
        if self._samples is not None:
            self._put(ct.STATE_COSTS, address(self._samples.state_costs))
        self._put(ct.WAYS, *tables.table((way.address, 0) for way in program.ways.values()))
        kept = [np.zeros(solves.COUNTED // at.WORD, np.int64) for _ in program.loops]
        loops = [each.loop.iteration.address for each in program.loops]
        self._put(ct.LOOPS, *tables.table((one, tables.keep(two)) for one, two in zip(loops, kept, strict=True)))
        self._messages = np.array([(_states(each).counted, 0) for each in self._natives], np.int64)
        self._put(ct.MESSAGES, address(self._messages), address(self._messages) + self._messages.nbytes)
        if signals.holds(MASTER, "step_size"):
            self._put(ct.SAID, address(signals.view(signals.place(MASTER, "step_size"))))

    def _put(self, place: int, *values: int) -> None:
        self._words[place // at.WORD : place // at.WORD + len(values)] = values

    def _begin(self, rows: RowTable | None) -> None:
        program, place = self._program, self._timeline.remembered()
        for found in self._natives:
            found.begin()
        self._solved.begin()
        program.rows[:, at.KEEPS_NO_STATE // at.WORD] = 0
        pack(program)
        program.answers[:] = 0
        for way in program.ways.values():
            way.load()
        self._words[ct.STEPS // at.WORD : ct.SHORTEST // at.WORD] = 0
        self._words[ct.INDEX // at.WORD] = place["index"]
        self._doubles[ct.BETWEEN // at.WORD] = np.nan if place["between"] is None else place["between"]
        self._doubles[ct.SHORTEST // at.WORD : ct.MESSAGES // at.WORD] = np.inf, 0.0
        self._rows.give(rows)
        if self._samples is not None:
            self._samples.take()

    def _stride(self, until: int) -> int:
        """Make macro steps as long as there is time; why they ended."""
        why, end = at.DONE, perf_counter() + _STRIDE
        while why == at.DONE and self._word(ct.INDEX) < until and not over(end):
            why = self._make(until, self._slice)
            if why == at.DONE and self._took < _SLICE / 4.0:
                self._slice *= 2
            elif self._took > _SLICE:
                self._slice = max(1, self._slice // 2)
        return why

    def _make(self, until: int, most: int) -> int:
        """Make so many macro steps at most; why they ended."""
        several, made, stepped = self._several, self._program[at.INDEX], self._word(ct.STEPS)
        if several is not None:
            self._put(ct.SEVERAL, *several.by())
            most = min(most, -(-(several.most or most * _STEPS) // _STEPS))
        began = perf_counter()
        why = int(self._hot.advance_controlled(address(self._words), until, most))
        self._took = perf_counter() - began
        if several is not None:
            several.told(self._word(ct.STEPS) - stepped, self._took)
        if self._samples is not None:
            self._samples.take(self._program[at.INDEX] - made, self._took)
        return why

    def _end(self, why: int, *, recorded: bool) -> Strode:
        """Count what was made, and tell everybody where the run is."""
        steps, between = self._word(ct.MACRO_STEPS), float(self._doubles[ct.BETWEEN // at.WORD])
        self._count()
        place = {"index": self._word(ct.INDEX), "between": None if np.isnan(between) else between}
        self._timeline.remember(place)
        t = self._timeline.time
        if why == ct.JUDGED:
            tried = self._handing.trial(self._words, self._states)
            self._control.go_on(tried)
            t = tried.trial.end.t
        for found in self._natives:
            found.arrived(t)
        self._patience = 0 if steps else self._patience
        if why == ct.BACK:
            self._leave()
        return Strode(steps, recorded and steps > 0 and why != ct.EVENT, why == ct.JUDGED, why == ct.EVENT)

    def _leave(self) -> None:
        """A macro step was tried in vain: Python makes it, and others after it."""
        for found, (_, count) in zip(self._natives, self._messages.tolist(), strict=True):
            _states(found).forget(count)
        made = self._coupling.statistics.macro_steps
        self._patience = min(max(1, 2 * self._patience), _MOST_PATIENCE)
        self._leaves = range(made, made + self._patience)

    def _count(self) -> None:
        statistics, steps = self._coupling.statistics, self._word(ct.MACRO_STEPS)
        members = self._solved.members
        for number, participant in enumerate(self._coupling.participants):
            counted = participant.statistics
            counted.steps += 0 if number in self._program.ways or number in members else self._word(ct.STEPS)
            counted.saves += self._word(ct.SAVES) + (self._word(ct.STEPS) if number in self._exposed else 0)
            counted.restores += self._word(ct.RESTORES)
        self._solved.count()
        if self._samples is not None:
            self._samples.steps[[number not in members for number in range(len(self._natives))]] += self._word(ct.STEPS)
            self._samples.saves += self._word(ct.SAVES)
            self._samples.restores += self._word(ct.RESTORES)
        for reason, place in (("error", ct.BY_ERROR), ("jump", ct.BY_JUMP)):
            if self._word(place):
                statistics.rejected[reason] += self._word(place)
        if steps:
            shortest, longest = self._doubles[ct.SHORTEST // at.WORD : ct.MESSAGES // at.WORD].tolist()
            statistics.accept(shortest)
            statistics.accept(longest)
            statistics.macro_steps += steps - 2

    def _lose(self) -> None:
        """Raise what is wrong with a component that cannot go back, or must not be called again."""
        why, program = self._word(ct.WHY), self._program
        self._end(ct.LOST, recorded=False)
        if why in (ct.KEEPING, ct.RETURNING):
            self._lose_state(setting=why == ct.RETURNING)
        number = (program[at.COMPONENT] - program[at.COMPONENTS]) // at.COMPONENT_ROW
        for later, each in enumerate(self._coupling.participants):
            # those with a way of their own, and loops, have counted theirs
            if later > number and later not in program.ways and later not in self._solved.members:
                each.statistics.steps -= 1
        participant, found = self._coupling.participants[number], self._natives[number]
        t, h = self._doubles[ct.STEP_START // at.WORD : ct.AWAY // at.WORD].tolist()
        if number in self._solved:
            self._solved.require_back(number, t, h)
        way, parts = program.ways.get(number), participant.parts(t, h)
        try:
            _failed(why, found, program, *parts[-1 if way is None or why == at.GOT else way.made])
        except Exception as error:
            raise participant.named(error, StepError, t) from error
        raise AssertionError(f"'{participant.name}' is not lost")

    def _lose_state(self, *, setting: bool) -> None:
        start, length = self._doubles[ct.STEP_START // at.WORD : ct.AWAY // at.WORD].tolist()
        for found in self._natives if setting or self._word(ct.AWAY) else ():
            found.arrived(start + length)
        for slots in self._states:
            statuses = slots[:, STATUS // at.WORD].tolist()
            for number, (found, status) in enumerate(zip(self._natives, statuses, strict=True)):
                if status >= _DISCARD:
                    self._count_up_to(number, setting=setting)
                    with self._coupling.naming(self._coupling.participants[number].name, self._timeline.time), ending():
                        _states(found).failed(status, setting=setting)

    def _count_up_to(self, number: int, *, setting: bool) -> None:
        """From this component on no state was kept, or gone back to where one was set."""
        for participant in self._coupling.participants[number:]:
            participant.statistics.restores -= setting
            participant.statistics.saves -= not setting

    def _word(self, place: int) -> int:
        return int(self._words[place // at.WORD])


def _failed(why: int, found: Native, program: Program, t: float, h: float) -> None:
    """Hand on the status of the call that was the last one allowed."""
    status = program[at.STATUS]
    if why == at.STEPPED:
        found.answered(NativeAnswer(status, reached=t), t, h)
        return
    found.arrived(t if why == at.SET else t + h)
    found.failed(status, program.calls[program[at.CALL]][0], setting=why == at.SET)


def _states(found: Native) -> NativeStates:
    assert found.states is not None
    return found.states


def controlled_loop(
    coupling: Coupling,
    timeline: Timeline,
    views: GatherPlan,
    doubled: Doubled | None,
    threads: Threads = ONE_OR_MORE,
) -> ControlledLoop | None:
    """The loop for macro steps under error control; None where compiled functions cannot make them."""
    if (
        doubled is None
        or not all(_can(each) for each in coupling.participants)
        or not _watches_numbers(doubled.control.judge.outputs)
    ):
        return None
    program = lower(coupling, timeline.grid, views, doubled.loops, newest=doubled.newest)
    if program is None or program[at.ASKS] or not all(_goes_back(found) for found in program.natives):
        return None
    several = attempts(program, coupling.participants, threads, newest=doubled.newest)
    return ControlledLoop(coupling, program, timeline, doubled, several)


def _slots(program: Program) -> Words:
    """A row for the kept state of each component, in a slot of its own."""
    rows = [state_row(each.handle, _states(each)) for each in program.natives if each is not None]
    return np.array(rows, np.int64)


def _can(participant: Participant) -> bool:
    """Whether a component has no pace that steps under error control would have to look at."""
    return not isinstance(participant.pace, SlowPace)


def _goes_back(found: Native | None) -> bool:
    return found is not None and found.states is not None


def _watches_numbers(outputs: Outputs) -> bool:
    return all(storage in NUMBERS for storage, _ in outputs.others)
