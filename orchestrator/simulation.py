"""Simulation: one run of a system, from initialization to the end, as a context manager."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from enum import Enum, auto
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar

from numpy.typing import ArrayLike, NDArray

from orchestrator.audience import Audience
from orchestrator.checkpoint.checkpoint import Checkpoint
from orchestrator.checkpoint.identity import require_same
from orchestrator.checkpoint.keeping import Keeping, Kept
from orchestrator.checkpoint.schedule import Checkpoints
from orchestrator.collection import look_through, new_garbage_alone
from orchestrator.conditions import Condition, holding
from orchestrator.coupled import coupled
from orchestrator.ending import Ending, log_all
from orchestrator.errors import CapabilityError, SimulationError, VariableError
from orchestrator.instance import Instance
from orchestrator.interruption import Interruption
from orchestrator.master.coupling import Coupling
from orchestrator.master.memory import Memory
from orchestrator.master.step_size import FixedStep
from orchestrator.observer import Event, Observer
from orchestrator.setup import Pacing, Setup
from orchestrator.signals import gather
from orchestrator.starting import start
from orchestrator.stepping import Stepping
from orchestrator.system.connector import Scalar
from orchestrator.walk import Walk

ResultsT = TypeVar("ResultsT")


class _Phase(Enum):
    CREATED = auto()
    STEPPING = auto()
    OVER = auto()


class Simulation(Generic[ResultsT]):
    """A run: `with simulation: simulation.run()`, or `step` by hand, reading and writing variables in between.

    Whatever happens, every instance is terminated where it may be and closed, and every observer is told the end.
    `results` makes what `run` returns. `record` is what checkpoints keep of the record, `reopen` opens the system once
    more, with a checkpoint to go on from, the file or folder of its record (None: in memory) and observers.
    """

    reopen: "Callable[[Checkpoint, Path | str | None, Iterable[Observer]], Simulation[ResultsT]] | None" = None

    def __init__(
        self,
        setup: Setup,
        observers: Iterable[Observer],
        results: Callable[[], ResultsT],
        record: Memory | None = None,
    ) -> None:
        self.instances, self.links, self.schedule = setup.instances, setup.links, setup.plan.schedule
        self._setup, made = setup, coupled(setup)
        self._timeline, self._coupling = made.timeline, made.coupling
        self.signals, self._views = made.signals, made.views
        self._master, self._loop, self._access = made.master, made.loop, made.access
        self._audience = Audience(observers)
        self._audience.sources.append(self._master.take_events)
        self._going = Walk(self._coupling, self._timeline, self._audience, self._access, self._views)
        self._stepping = Stepping(
            self._coupling, self._master, self._timeline, self._going.tell, self._end_by, self._loop
        )
        self._going.by(self._stepping)
        self._keeping = Keeping(self._coupling, self._master, self._timeline, self._access)
        self._identity, self._record = setup.identity, record
        self._start_values = {
            component: {name: value.copy() for name, value in values.items()}
            for component, values in setup.start_values.items()
        }
        self._ending = Ending(setup.instances, self._audience.observers)
        self.results = results
        self._phase = _Phase.CREATED
        self._ended = False
        self._answering = False

    def __enter__(self) -> "Simulation[ResultsT]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.finish()
            else:
                self._fail(error)
        finally:
            self._answering = False
            if self._loop is not None:
                self._loop.close()
            failures = self._ending.close()
        look_through(len(self._coupling.participants))
        log_all(failures if error is not None else failures[1:])
        if failures and error is None:
            raise failures[0]

    @property
    def time(self) -> float:
        """The last communication point (s): on the grid, or at an event between two of its points."""
        return self._timeline.time

    @property
    def grid(self) -> FixedStep:
        """The communication points that every run of this system meets."""
        return self._timeline.grid

    @property
    def coupling(self) -> Coupling:
        """The components as the master couples them, with the `statistics` of the run."""
        return self._coupling

    @property
    def strides(self) -> bool:
        """Whether the compiled loop makes the next steps."""
        return self._stepping.strides

    @property
    def by_address(self) -> tuple[str, ...]:
        """The components that the compiled loop steps by the addresses of C functions; none in an interpreted run."""
        return self._stepping.by_address

    @property
    def ended(self) -> bool:
        """Whether no step is left: the stop time is reached, or a component ended the run."""
        return self._ended or self._phase is _Phase.OVER or self._timeline.over

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that happened up to now and belongs into the record."""
        return tuple(self._audience.events)

    def initialize(self) -> None:
        """Take all components to the start time, coupled; done by `run` and `step` where it was not done before."""
        if self._phase is not _Phase.CREATED:
            return
        with self._failing():
            event = self._couple()
            self._audience.initialized(self.time, self.signals)
            if event is not None:
                self.emit(event)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go to a checkpoint: before the initialization in its place, later from wherever the run is.

        Raises CheckpointError where it is of another system.
        """
        begins = self._phase is _Phase.CREATED
        if not (begins or self.resting):
            raise SimulationError("the run is over, or within a step. Open the simulation again, with `resume`")
        kept = Kept(dict(checkpoint.states), dict(checkpoint.run))
        require_same(checkpoint, self._identity)
        self._keeping.require_fit(kept, checkpoint.time)
        with self._failing():
            if begins:
                self._start_values = {name: dict(values) for name, values in kept.run["start_values"].items()}
                with self._audience.away():
                    self._couple(at_rest=False)
            self._keeping.put_back(kept, checkpoint.time)
            self._ended, self._audience.events = checkpoint.ended, list(checkpoint.events)
            if self._record is not None and checkpoint.record is not None:
                self._record.remember(checkpoint.record)
            tell = self._audience.initialized if begins else self._audience.rolled_back
            tell(self.time, self.signals)

    def checkpoint(self) -> Checkpoint:
        """The run as it is now, between two macro steps.

        CapabilityError names all components whose state cannot be kept, SimulationError tells what is in the way.
        """
        if not self.resting:
            raise SimulationError(
                "a checkpoint is made between macro steps: after the initialization, before the run is over, and by no "
                "observer within a step",
                time=self.time,
            )
        states, run = self._keeping.kept()
        run["start_values"] = {name: dict(values) for name, values in self._start_values.items()}
        record = None if self._record is None else dict(self._record.remembered())
        return Checkpoint(self._identity, self.time, self._ended, states, run, self.events, record)

    @property
    def resting(self) -> bool:
        """Whether the whole system is at one communication point of a run that is not over."""
        return self._phase is _Phase.STEPPING and not self._stepping.under_way

    def require_checkpoints(self) -> None:
        """CapabilityError names all components whose state a checkpoint cannot keep, where there is one."""
        self._keeping.require()

    def branch(self, output: "Path | str | None" = None, observers: Iterable[Observer] = ()) -> "Simulation[ResultsT]":
        """Another simulation of the same system that goes on from here; both go on without knowing of each other.

        Its record begins here, in memory or in the file or folder `output`. It has to be closed like this one.
        """
        if self.reopen is None:
            raise CapabilityError("this simulation cannot be opened once more: open it with open_simulation")
        return self.reopen(self.checkpoint(), output, observers)

    def step(self) -> float:
        """Make one macro step and return the time (s) reached; SimulationError where the run is over."""
        self._begin()
        try:
            if self._going.advance():
                self._going.tell()
        except BaseException as error:
            self._fail(error)
            raise
        return self.time

    def run(
        self, until: float | None = None, pacer: Pacing | None = None, checkpoints: Checkpoints | None = None
    ) -> ResultsT:
        """Step to the stop time, or to the first communication point not before `until` (s); return the results.

        Ctrl-C ends the run at the next communication point: what was recorded is kept, KeyboardInterrupt is raised.
        `checkpoints` are made on the way, and where the run stops or is interrupted.
        """
        if checkpoints is not None:
            checkpoints.begin(self)
        self._begin()
        target = self.grid.count if until is None else self._timeline.index_at(until)
        self._walk(target, None, pacer, checkpoints)
        if self.ended:
            self.finish()
        return self.results()

    def run_until(self, condition: "Condition[Simulation[ResultsT]]", limit: float | None = None) -> bool:
        """Step until a condition holds at a communication point; whether it does by `limit` (s) or the stop time.

        It is a function of this simulation, or a text over its variables such as `reactor.DO < 20`.
        """
        self.initialize()
        holds = holding(condition, self)
        target = self.grid.count if limit is None else self._timeline.index_at(limit)
        self._walk(target, lambda: bool(holds()))
        return holds()

    def finish(self) -> None:
        """End the run regularly where it is: instances terminate, observers are told."""
        if self._phase is not _Phase.STEPPING:
            return
        self._phase = _Phase.OVER
        errors = self._ending.terminate(self.instances, self.time)
        errors += self._ending.tell_terminated(errors[0] if errors else None)
        if errors:
            log_all(errors[1:])
            raise errors[0]

    def close(self) -> None:
        """End the run where that was not done, and free everything; done by leaving the context."""
        self.__exit__(None, None, None)

    def read(self, name: str) -> Scalar | NDArray[Any]:
        """Value of `component.variable` at the last communication point; an array connector gives all elements."""
        if self._phase is _Phase.CREATED:
            raise VariableError(f"'{name}' has no value before the initialization. Call initialize() or step() first")
        return self._access.read(name, alive=self._answering)

    def write(self, name: str, value: ArrayLike) -> None:
        """Set an unconnected input or a tunable parameter for the next macro step, before initialization a start value.

        VariableError, with the remedy, for everything else.
        """
        if self._phase is _Phase.OVER:
            raise VariableError(f"'{name}' cannot be written: the run is over. Open the simulation again")
        if self._phase is _Phase.CREATED:
            self._access.write_start(name, value, self._start_values)
        else:
            self._access.write(name, value)

    __getitem__ = read
    __setitem__ = write

    def hear(self, source: Callable[[], Iterable[Event]]) -> None:
        """Take what this tells, each time it is asked, into the record: events of steps that were accepted."""
        self._audience.sources.append(source)

    def emit(self, event: Event) -> None:
        """Take an event into the record and tell every observer."""
        self._audience.event(event)

    def _begin(self) -> None:
        self.initialize()
        if self.ended:
            raise SimulationError(
                f"the run is over at t = {self.time:.9g} s. Open it again, or give the experiment a later stop",
                time=self.time,
            )

    def _walk(
        self,
        target: int,
        stops: Callable[[], bool] | None = None,
        pacer: Pacing | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        """Step to a point of the grid, or until something `stops` it or the run ends."""
        patient = stops is None and self._audience.patient
        with (
            self._failing(),
            new_garbage_alone(len(self._coupling.participants)),
            Interruption() as interruption,
            self._going.paced(pacer, interruption, at_once=patient) as at_once,
            nullcontext() if checkpoints is None else checkpoints.to_the_last(self),
        ):
            while self._timeline.index < target and not self._ended and not (stops is not None and stops()):
                until = target if checkpoints is None else min(target, checkpoints.due_at(self.grid))
                if not self._going.advance(until if at_once else None):
                    break
                self._going.publish()
                if checkpoints is not None:
                    checkpoints.reached(self)
                interruption.check()

    def _couple(self, *, at_rest: bool = True) -> Event | None:
        """Take all components to the start time; how they were found at rest, where they are to be."""
        event = start(self._setup, self._coupling, self._start_values, at_rest=at_rest)
        self._phase = _Phase.STEPPING
        self._stepping.begin(self.grid.start)
        self._answering = True
        gather(self._views)
        return event

    def _end_by(self, components: Iterable[str]) -> None:
        for component in components:
            self._ended = True
            self.emit(Event(self.time, component, "terminate_requested", f"'{component}' ended the run"))

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._fail(error)
            raise

    def _fail(self, error: BaseException) -> None:
        """End the run by an error: keep the values of the last communication point, terminate what still can."""
        if self._phase is _Phase.OVER:
            return
        self._stepping.give_up()
        gather(self._views)
        self._audience.ask()
        alive = self._unbroken(error)
        self._phase, self._answering = _Phase.OVER, False
        cause = error if isinstance(error, Exception) else _interrupted(self.time)
        component = getattr(error, "component", None) or ""
        event = Event(self.time, component, "error" if cause is error else "interrupted", str(cause))
        self._audience.events.append(event)
        failures = self._ending.tell_event(event)
        failures += self._ending.terminate(alive, self.time)
        log_all(failures + self._ending.tell_terminated(cause))

    def _unbroken(self, error: BaseException) -> dict[str, Instance]:
        """Instances that may still be terminated: after an exception of its own, an instance may only be closed."""
        if self._phase is not _Phase.STEPPING or (self._stepping.in_step and not isinstance(error, SimulationError)):
            return {}
        broken = getattr(error, "component", None)
        return {name: instance for name, instance in self.instances.items() if name != broken}


def _interrupted(t: float) -> SimulationError:
    return SimulationError(f"interrupted at t = {t:.9g} s", time=t)
