"""The intermediate update: what an FMI 3.0 FMU calls during a step (FMI 3.0.2 section 4.2.2).

It gives inputs that change during the step, and asks the FMU to return early where the run is interrupted: a step that
takes minutes does not have to be waited for.
"""

from collections.abc import Callable
from typing import Any, Final

from fmpy import fmi3

from orchestrator.fmi.function_table import RawStep
from orchestrator.interruption import Interruption, opened


class IntermediateUpdate:
    """The callback of one instance; `inputs(time)` is called where the FMU takes inputs."""

    def __init__(self, inputs: Callable[[float], None] | None = None) -> None:
        self.callback: Final = fmi3.fmi3IntermediateUpdateCallback(self._update)
        self._inputs = inputs
        self._interruption: Interruption | None = None
        self._error: BaseException | None = None

    def during(self, step: Callable[[], RawStep]) -> RawStep:
        """Make a step, and raise what happened in its updates: an interruption where it was cut off by one.

        No exception may pass through the FMU, Ctrl-C neither: somebody has to have it wait.
        """
        self._interruption = opened()
        if self._interruption is None:
            with Interruption() as mine:
                self._interruption = mine
                raw = step()
        else:
            mine, raw = None, step()
        error, self._error = self._error, None
        if error is not None:
            raise error
        if raw.early_return or mine is not None:
            self._interruption.check()
        return raw

    def _update(self, _: int, time: float, takes_inputs: bool, *rest: Any) -> None:
        can_return, requested, at = rest[2:]
        requested[0] = False
        try:
            if takes_inputs and self._inputs is not None and self._error is None:
                self._inputs(time)
        except BaseException as error:
            self._error = error
        interrupted = self._interruption is not None and self._interruption.requested
        if can_return and (interrupted or self._error is not None):
            requested[0] = True
            at[0] = time
