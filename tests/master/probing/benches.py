"""A bench of doubles: initialized, with the nudge that its signals were made with; components that cannot go back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from orchestrator.errors import StepError
from orchestrator.instance import Capabilities
from orchestrator.master.probing.bench import Bench, Nudge
from orchestrator.simulation import Simulation
from orchestrator.system.connector import Causality
from tests.coupled import describe, setup
from tests.doubles import FunctionInstance, an_input, an_output, connector
from tests.models import Affine


@contextmanager
def a_bench(instances: Sequence[FunctionInstance], connections: Sequence[str], **more: Any) -> Iterator[Bench]:
    nudge = Nudge()
    description = describe([instance.name for instance in instances], connections, **more)
    made = replace(setup(instances, description), alteration=nudge)
    with Simulation(made, (), lambda: None) as simulation:
        simulation.initialize()
        yield Bench(simulation.coupling, made.plan, description.experiment.start, description.step_size, nudge)


class Forward(FunctionInstance):
    """An affine part that cannot go back, and tells its directional derivatives.

    `by_states` says whether it also tells the derivatives of its states and those by its states.
    """

    def __init__(self, part: Affine, *, by_states: bool = True, refuses_states: bool = False) -> None:
        (p, m), n = part.D.shape, len(part.x)
        tells = by_states or refuses_states
        rates = [connector("der(x)", Causality.LOCAL, size=n, derivative_of="x")] if tells and n else []
        stepping = {"step": part._step, "state": part.x.tolist()} if n else {}
        super().__init__(
            (lambda t, u, x: part.C @ x + part.D @ u + part.e) if n else (lambda t, u: part.D @ u + part.e),
            name=part.name,
            inputs=[an_input(f"u{k + 1}") for k in range(m)],
            outputs=[an_output(f"y{k + 1}") for k in range(p)],
            others=rates,
            feedthrough={f"y{i + 1}": tuple(f"u{j + 1}" for j in range(m) if part.D[i, j]) for i in range(p)},
            capabilities=Capabilities(directional_derivatives=True),
            **stepping,
        )
        self.part, self.refuses_states = part, refuses_states
        self.directional_derivatives = self

    def multiply(self, unknowns, knowns, seed, result):
        """d(outputs, der(x)) / d(inputs, x) times the seed."""
        part, n = self.part, len(self.part.x)
        whole = np.block([[part.D, part.C], [part.B, part.A]])
        if self.refuses_states and any(one.name == "x" for one in knowns.connectors):
            raise StepError(f"'{self.name}' tells no derivatives by its states", component=self.name, time=0.0)
        rows = self._places(unknowns, [f"y{k + 1}" for k in range(len(part.e))], "der(x)", n)
        columns = self._places(knowns, [f"u{k + 1}" for k in range(part.D.shape[1])], "x", n)
        result[:] = whole[np.ix_(rows, columns)] @ seed

    @staticmethod
    def _places(bundle, scalars, vector, n):
        places = {name: [k] for k, name in enumerate(scalars)}
        places[vector] = list(range(len(scalars), len(scalars) + n))
        return [place for one in bundle.connectors for place in places[one.name]]
