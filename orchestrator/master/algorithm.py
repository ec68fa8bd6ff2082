"""Algorithm: how the components get from one communication point to the next."""

from typing import NamedTuple, Protocol

from orchestrator.signals import GatherPlan


class EarlyReturn(NamedTuple):
    """A component that ended its step at `time` (s), before the end of the macro step."""

    component: str
    time: float


class MacroStep(NamedTuple):
    """Outcome of a macro step: whether all components reached its end, and who asked to end the run there.

    `event_needed`: a component asks for Event Mode at the time reached. `early_return` says why the step is incomplete
    where a component returned early; those before it have reached the end, those after it have not stepped.
    """

    completed: bool = True
    terminate_requested_by: tuple[str, ...] = ()
    event_needed: bool = False
    early_return: EarlyReturn | None = None


COMPLETED = MacroStep()


class Steppable(Protocol):
    """A component, or several that are stepped as one: 1 gather `plan`, 2 `advance`."""

    @property
    def plan(self) -> GatherPlan:
        """What flows into it before it steps."""
        ...

    def advance(self, t: float, h: float, *, newest: bool = False) -> MacroStep:
        """Step from t by h (s) with the gathered inputs and read what is valid at t + h."""
        ...


class Algorithm(Protocol):
    """Called for one macro step after the other; initialization is done before the first."""

    @property
    def name(self) -> str:
        """Name of the algorithm in a system description."""
        ...

    def step(self, t: float, h: float) -> MacroStep:
        """Advance all components from communication point t by h (both s).

        Before, the signals hold the values valid at t; after a completed step, those valid at t + h. After an
        incomplete step or a StepError the signals are of no use: who calls keeps them from before.
        """
        ...
