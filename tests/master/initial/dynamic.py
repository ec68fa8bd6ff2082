"""A double with continuous states whose derivatives it tells, and which may be set in Initialization Mode."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from orchestrator.instance import Bundle, Values
from orchestrator.system.connector import Causality
from tests.doubles import FunctionInstance, Vector, connector


class Dynamic(FunctionInstance):
    """x' = rate(u, x), y = output(u, x) (x where none is given); each step is one of the classic Runge-Kutta method.

    `told` and `initial` say whether it tells the derivatives, and how its states start.
    """

    def __init__(
        self,
        rate: Callable[[Vector, Vector], Any],
        state: Sequence[float],
        *,
        output: Callable[[Vector, Vector], Any] = lambda u, x: x,
        told: bool = True,
        initial: str = "exact",
        **more: Any,
    ) -> None:
        self.rate = lambda u, x: np.atleast_1d(np.asarray(rate(u, x), float))
        rates = [connector("der(x)", Causality.LOCAL, size=len(state), derivative_of="x")] if told else []
        super().__init__(lambda t, u, x: output(u, x), step=self._step, state=state, others=rates, **more)
        self.connectors = tuple(replace(one, initial=initial) if one.name == "x" else one for one in self.connectors)

    def set(self, bundle: Bundle, values: Values) -> None:
        super().set(bundle, values)
        if any(one.name == "x" for one in bundle.connectors):
            assert self.mode == "initialization"
            self.x = self.values["x"].copy()

    def _compute(self) -> None:
        super()._compute()
        self.values["der(x)"] = self.rate(self._u(), self.x)

    def _step(self, t: float, h: float, u: Vector, x: Vector) -> Vector:
        one = self.rate(u, x)
        two = self.rate(u, x + h / 2 * one)
        three = self.rate(u, x + h / 2 * two)
        four = self.rate(u, x + h * three)
        return np.asarray(x + h / 6 * (one + 2 * two + 2 * three + four))
