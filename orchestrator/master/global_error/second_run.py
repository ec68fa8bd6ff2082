"""Second run: the same system once more, by longer steps, in states of its own of the same instances."""

from orchestrator.instance import Instance
from orchestrator.master.coupling import Coupling
from orchestrator.master.global_error.inputs import FreeInputs, Given
from orchestrator.master.memory import Remembered
from orchestrator.master.snapshot import Rollback, Snapshot
from orchestrator.master.step_control.outputs import Outputs, Watched
from orchestrator.master.stepper import Stepper
from orchestrator.system.connector import Storage

_ROUNDING = 1e-9


class SecondRun:
    """Steps all components in the place of the first run, and leaves them where that one is.

    Call order: 1 `begin`, 2 `follow` (repeated), 1 again wherever it is to begin anew. `t` (s) is where it is. After an
    error it is nowhere, and no more of it is kept.
    """

    def __init__(self, inner: Stepper, coupling: Coupling, rollback: Rollback, outputs: Outputs) -> None:
        self._inner, self._signals, self._rollback, self._outputs = inner, coupling.signals, rollback, outputs
        self._instances: dict[str, Instance] = {each.name: each.instance for each in coupling.participants}
        self._inputs = FreeInputs(coupling)
        self._here: Snapshot | None = None
        self.t = 0.0

    @property
    def is_there(self) -> bool:
        """Whether it has begun."""
        return self._here is not None

    def given(self) -> Given:
        """What no connection gives the inputs now."""
        return self._inputs.now()

    def begin(self, t: float) -> None:
        """Be where the first run is, at t (s)."""
        self.leave()
        self._here, self.t = self._rollback.keep(), t

    def leave(self) -> None:
        """Be nowhere."""
        if self._here is not None:
            self._rollback.free(self._here)
            self._here = None

    def follow(self, end: float, given: Given) -> Watched | None:
        """Make one step to `end` (s) with these inputs; the outputs there, None where it ends otherwise.

        SimulationError where a component cannot make this step.
        """
        assert self._here is not None
        h, reached = end - self.t, None
        with self._rollback.kept() as first:
            try:
                self._rollback.restore(self._here)
                self._inputs.put(given)
                outcome, arrived = self._inner.step(self.t, h)
                plain = outcome.completed and not (outcome.event_needed or outcome.terminate_requested_by)
                if plain and abs(arrived - end) <= _ROUNDING * h:
                    reached = self._outputs.now()
                    self.begin(end)
            finally:
                self._rollback.restore(first)
        return reached

    def remembered(self) -> Remembered:
        """Where it is, with the states of the components as their own bytes."""
        if self._here is None:
            return {"t": self.t, "here": None}
        states = {name: self._instances[name].serialize_state(state) for name, state in self._here.states.items()}
        signals = {storage.value: array.copy() for storage, array in self._here.signals.items()}
        memory = {name: dict(each) for name, each in self._here.memory.items()}
        return {"t": self.t, "here": {"states": states, "signals": signals, "memory": memory}}

    def remember(self, memory: Remembered) -> None:
        """Go on from there."""
        self.leave()
        self.t, here = memory["t"], memory["here"]
        if here is None:
            return
        states = {name: self._instances[name].deserialize_state(data) for name, data in here["states"].items()}
        signals = {storage: here["signals"][storage.value] for storage in Storage}
        self._here = Snapshot(states, signals, here["memory"])
