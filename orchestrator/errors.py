"""Everything that cotwin raises, as one tree.

    CotwinError
    ├── DescriptionError          the description of a system is wrong: exit code 2
    │   ├── UnitError             two connected quantities have no conversion
    │   └── AlgebraicLoopError    a loop of direct feedthrough that the chosen algorithm cannot solve
    ├── FmuImportError             an FMU cannot be imported (archive, platform, version, missing symbol)
    │   └── ModelDescriptionError its modelDescription.xml contradicts the standard or itself
    ├── VariableError             a variable was named that is not there, or cannot be read or written now
    ├── CapabilityError           an instance was asked for what it declares it cannot do
    ├── SurrogateError            a surrogate cannot be trained, loaded or used
    ├── ResultError               a result file or a variable in it cannot be read
    ├── CheckpointError           a checkpoint cannot be written or read, or is of another system
    └── SimulationError           a run failed: exit code 1, what was recorded is kept
        ├── InitializationError   the coupled initialization failed
        └── StepError             a component did not complete a step (status, time, component)
            ├── FailedStepError   it failed in the step (status Error, a value that is not finite)
            └── RefusedStepError  a step that cannot be made (discard): a shorter one may succeed
                └── LoopError     a loop between components was not solved in it

Every message names what failed, where, the values involved and the remedy.
"""

import math

from orchestrator.showing import shown


class CotwinError(Exception):
    """Root of every error that cotwin raises on purpose; its text is as people are to read it."""

    def __str__(self) -> str:
        return shown(super().__str__())


class DescriptionError(CotwinError):
    """A system description is wrong; the message names the file, the path inside it and the remedy."""


class UnitError(DescriptionError):
    """Two connected quantities have no conversion between their units."""


class AlgebraicLoopError(DescriptionError):
    """Connections and direct feedthrough close a loop that the chosen algorithm cannot solve."""


class FmuImportError(CotwinError):
    """An FMU cannot be imported: archive, platform, version or a missing symbol."""


class ModelDescriptionError(FmuImportError):
    """A modelDescription.xml contradicts the standard or itself."""


class VariableError(CotwinError):
    """A variable was named that is not there, or that cannot be read or written at this point of a run."""


class CapabilityError(CotwinError):
    """An instance was asked for something that it declares it cannot do."""


class SurrogateError(CotwinError):
    """A surrogate cannot be trained, loaded or used."""


class ResultError(CotwinError):
    """A result file, or a variable in it, cannot be read."""


class CheckpointError(CotwinError):
    """A checkpoint cannot be written or read, or does not fit the system that is to go on from it."""


class SimulationError(CotwinError):
    """A run failed after it began; everything recorded up to the last communication point is kept.

    `component` and `time` (s) say where, when they are known.
    """

    def __init__(self, message: str, *, component: str | None = None, time: float | None = None) -> None:
        super().__init__(message)
        self.component = component
        self.time = time


class InitializationError(SimulationError):
    """The coupled initialization failed."""


class StepError(SimulationError):
    """A component did not complete its step; the message carries status, component and time."""


class FailedStepError(StepError):
    """A component failed in its step, but can go back to a kept state: a step that is only tried may be a shorter one.

    FMI's status Error, a value that is not finite or out of range. Not its status Fatal, nor a process that is gone.
    """

    reason = "failure"
    reached = math.nan


class RefusedStepError(StepError):
    """A step that cannot be made; a master that can take the components back tries a shorter one.

    A component refused it (FMI's discard): `reached` (s) is the last time up to which it could have come, NaN where
    there is none. Refused steps are counted by their `reason`.
    """

    reason = "discard"

    def __init__(self, message: str, *, component: str | None, time: float, reached: float) -> None:
        super().__init__(message, component=component, time=time)
        self.reached = reached


class LoopError(RefusedStepError):
    """A loop between components was not solved; over a shorter step they have less effect on each other."""

    reason = "loop"

    def __init__(self, message: str, *, time: float) -> None:
        super().__init__(message, component=None, time=time, reached=math.nan)
