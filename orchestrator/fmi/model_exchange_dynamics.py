"""FmuDynamics: the right-hand side and the event indicators of a Model Exchange FMU, as a solver calls them."""

from ctypes import memmove

import numpy as np

from orchestrator.fmi.exchange_functions import ExchangeFunctions
from orchestrator.fmi.function_table import DISCARD, GOOD, OK
from orchestrator.fmi.model_exchange_inputs import Courses
from orchestrator.fmi.model_exchange_jacobian import DirectionalDerivatives
from orchestrator.fmi.solver import Callbacks, address

_ALMOST_ZERO = -float(np.finfo(np.float64).tiny)


class FmuDynamics:
    """`Dynamics` of an FMU in Continuous-Time Mode, with an exact Jacobian and inputs on courses where they are given.

    Discard and derivatives that are not finite let the solver try a smaller step. `status` and `called` are those of
    the call that failed last; `trouble` says them in words. `CompiledDynamics` does the same in compiled functions.
    """

    callbacks: Callbacks | None = None

    def __init__(
        self,
        functions: ExchangeFunctions,
        states: int,
        indicators: int,
        jacobian: DirectionalDerivatives | None = None,
        courses: Courses | None = None,
    ) -> None:
        self.states = states
        self.indicators = indicators
        self.has_jacobian = jacobian is not None and states > 0
        self._jacobian, self._courses = jacobian, courses
        self.status = OK
        self.called = ""
        self.trouble = ""
        self._functions = functions
        self._rates, self._z = np.zeros(states), np.zeros(indicators)
        self._rates_at, self._z_at = address(self._rates), address(self._z)

    def forget(self) -> None:
        """No evaluation is in trouble any more."""
        self.trouble = ""

    def place(self, t: float, x: int) -> int:
        """Put the FMU to a time (s) and states, and the inputs that have a course to where they are then."""
        status = self._functions.set_time(t)
        if status != OK and (verdict := self._verdict(status, "SetTime", t)):
            return verdict
        if self._courses is not None:
            status = self._courses.place(t)
            if status != OK and (verdict := self._verdict(status, self._courses.called, t)):
                return verdict
        if not self.states:
            return 0
        status = self._functions.set_states(x, self.states)
        return self._verdict(status, "SetContinuousStates", t) if status != OK else 0

    def derivatives(self, t: float, x: int, dx: int) -> int:
        """Compute dx/dt."""
        verdict = self.place(t, x)
        if verdict or not self.states:
            return verdict
        status = self._functions.get_derivatives(self._rates_at, self.states)
        if status != OK and (verdict := self._verdict(status, self._functions.names.derivatives, t)):
            return verdict
        if not np.isfinite(self._rates).all():
            index = int(np.flatnonzero(~np.isfinite(self._rates))[0])
            self.trouble = f"the derivative of state {index + 1} was {self._rates[index]} at t = {t!r} s"
            return 1
        memmove(dx, self._rates_at, 8 * self.states)
        return 0

    def event_indicators(self, t: float, x: int, z: int) -> int:
        """Compute the event indicators, with the largest negative number in place of 0."""
        verdict = self.place(t, x)
        if verdict:
            return verdict
        status = self._functions.get_indicators(self._z_at, self.indicators)
        if status != OK and (verdict := self._verdict(status, "GetEventIndicators", t)):
            return verdict
        self._z[self._z == 0.0] = _ALMOST_ZERO
        memmove(z, self._z_at, 8 * self.indicators)
        return 0

    def jacobian(self, t: float, x: int, matrix: int) -> int:
        """Compute d(dx/dt)/dx column by column from the directional derivatives."""
        verdict = self.place(t, x)
        if verdict or self._jacobian is None:
            return verdict
        status = self._jacobian.evaluate()
        if status != OK and (verdict := self._verdict(status, "GetDirectionalDerivative", t)):
            return verdict
        found = self._jacobian.matrix
        if not np.isfinite(found).all():
            self.trouble = f"a directional derivative was not finite at t = {t!r} s"
            return 1
        memmove(matrix, address(found), 8 * found.size)
        return 0

    def _verdict(self, status: int, called: str, t: float) -> int:
        if status in GOOD:
            return 0
        self.status, self.called = status, called
        discarded = status == DISCARD
        self.trouble = f"{called} {'was discarded' if discarded else f'returned status {status}'} at t = {t!r} s"
        return 1 if discarded else -1
