"""A bench of doubles: initialized, with the nudge that its signals were made with."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from orchestrator.master.probing.bench import Bench, Nudge
from orchestrator.simulation import Simulation
from tests.coupled import describe, setup
from tests.doubles import FunctionInstance


@contextmanager
def a_bench(instances: Sequence[FunctionInstance], connections: Sequence[str], **more: Any) -> Iterator[Bench]:
    nudge = Nudge()
    description = describe([instance.name for instance in instances], connections, **more)
    made = replace(setup(instances, description), alteration=nudge)
    with Simulation(made, (), lambda: None) as simulation:
        simulation.initialize()
        yield Bench(simulation.coupling, made.plan, description.experiment.start, description.step_size, nudge)
