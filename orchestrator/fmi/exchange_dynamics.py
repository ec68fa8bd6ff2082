"""CompiledDynamics: the evaluations of a Model Exchange FMU as compiled functions, in place of `FmuDynamics`."""

from orchestrator.fmi import exchange_layout as at
from orchestrator.fmi.exchange_addresses import put_courses, put_functions, put_jacobian
from orchestrator.fmi.exchange_evaluation import callbacks, derivatives, event_indicators, jacobian, place
from orchestrator.fmi.exchange_functions import Names
from orchestrator.fmi.exchange_shared import Shared
from orchestrator.fmi.fmu import Fmu
from orchestrator.fmi.function_table import DISCARD
from orchestrator.fmi.model_exchange_inputs import Courses
from orchestrator.fmi.model_exchange_jacobian import DirectionalDerivatives
from orchestrator.fmi.solver import Callbacks


class CompiledDynamics:
    """`Dynamics` of an FMU that gives the bits, verdicts and words of `FmuDynamics`; `callbacks` are for CVODE."""

    def __init__(
        self, shared: Shared, states: int, indicators: int, names: Names, *, has_jacobian: bool, course: str
    ) -> None:
        self.states = states
        self.indicators = indicators
        self.has_jacobian = has_jacobian
        self.callbacks: Callbacks | None = callbacks(shared.address)
        self._shared, self._names, self._course = shared, names, course

    @property
    def status(self) -> int:
        """The status of the call that failed last."""
        return self._shared[at.STATUS]

    @property
    def called(self) -> str:
        """Its name."""
        return {
            at.NO_CALL: "",
            at.CALL_SET_TIME: "SetTime",
            at.CALL_COURSE: self._course,
            at.CALL_SET_STATES: "SetContinuousStates",
            at.CALL_DERIVATIVES: self._names.derivatives,
            at.CALL_INDICATORS: "GetEventIndicators",
            at.CALL_DIRECTIONAL: "GetDirectionalDerivative",
        }[self._shared[at.CALLED]]

    @property
    def trouble(self) -> str:
        """Why an evaluation failed, in words; empty where none did."""
        shared = self._shared
        kind, t = shared[at.TROUBLE], shared.number(at.TROUBLE_TIME)
        if kind == at.BAD_STATUS:
            outcome = "was discarded" if self.status == DISCARD else f"returned status {self.status}"
            return f"{self.called} {outcome} at t = {t!r} s"
        if kind == at.RATE_NOT_FINITE:
            index, value = shared[at.TROUBLE_INDEX], shared.number(at.TROUBLE_VALUE)
            return f"the derivative of state {index + 1} was {value} at t = {t!r} s"
        return f"a directional derivative was not finite at t = {t!r} s" if kind == at.MATRIX_NOT_FINITE else ""

    def forget(self) -> None:
        """No evaluation is in trouble any more."""
        self._shared[at.TROUBLE] = at.NO_TROUBLE

    def place(self, t: float, x: int) -> int:
        """Put the FMU to a time (s) and states, and the inputs that have a course to where they are then."""
        return int(place(self._shared.address, t, x))

    def derivatives(self, t: float, x: int, dx: int) -> int:
        """Compute dx/dt."""
        return int(derivatives(self._shared.address, t, x, dx))

    def event_indicators(self, t: float, x: int, z: int) -> int:
        """Compute the event indicators, with the largest negative number in place of 0."""
        return int(event_indicators(self._shared.address, t, x, z))

    def jacobian(self, t: float, x: int, matrix: int) -> int:
        """Compute d(dx/dt)/dx column by column from the directional derivatives."""
        return int(jacobian(self._shared.address, t, x, matrix))


def compiled_dynamics(
    shared: Shared,
    fmu: Fmu,
    names: Names,
    sizes: tuple[int, int],
    jacobian: DirectionalDerivatives | None,
    courses: Courses | None,
) -> CompiledDynamics | None:
    """The evaluations of an FMU with so many states and indicators; None where Python has to make some of its calls."""
    states, indicators = sizes
    has_jacobian = jacobian is not None and states > 0
    complete = put_functions(shared, fmu.library, fmu.model, states, indicators)
    if complete and jacobian is not None and has_jacobian:
        complete = put_jacobian(shared, fmu.library, fmu.model, jacobian)
    if complete and courses is not None:
        complete = put_courses(shared, courses)
    if not complete:
        return None
    course = "" if courses is None else courses.called
    return CompiledDynamics(shared, states, indicators, names, has_jacobian=has_jacobian, course=course)
