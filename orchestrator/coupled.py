"""Coupled: a system put together from its setup, as a run steps it."""

from dataclasses import dataclass

from orchestrator.master.access import Access
from orchestrator.master.compiled.controlled import ControlledLoop, controlled_loop
from orchestrator.master.compiled.loop import CompiledLoop
from orchestrator.master.compiled.making import compiled_loop
from orchestrator.master.composition import Master, compose
from orchestrator.master.coupling import Coupling
from orchestrator.master.rates import refuse_unfinished
from orchestrator.master.step_size import FixedStep
from orchestrator.master.timeline import Timeline
from orchestrator.native import interpret
from orchestrator.setup import Setup
from orchestrator.signals import GatherPlan, Signals
from orchestrator.starting import check_steps


@dataclass(frozen=True, eq=False)
class Coupled:
    """Where a run is in time, its values, what steps it, and the compiled loop, None where all steps are Python's.

    `views` are gathered before the values are shown to anybody.
    """

    timeline: Timeline
    signals: Signals
    views: GatherPlan
    coupling: Coupling
    master: Master
    loop: CompiledLoop | ControlledLoop | None
    access: Access


def coupled(setup: Setup) -> Coupled:
    """Put a system together; DescriptionError or CapabilityError where it cannot be stepped as its setup says."""
    grid = FixedStep(setup.experiment.start, setup.experiment.stop, setup.step_size)
    check_steps(grid, setup.instances)
    refuse_unfinished(setup.plan.step_sizes, grid)
    interfaces = {name: instance.connectors for name, instance in setup.instances.items()}
    beside = {**setup.views.connectors, **setup.diagnosed}
    links = (*setup.links, *setup.views.links)
    signals = Signals({**interfaces, **beside}, setup.observed, links, setup.alteration)
    order = setup.plan.schedule.order
    coupling = Coupling.of(setup.instances, setup.links, order, signals, setup.check_ranges)
    if setup.interpreted:
        for instance in setup.instances.values():
            interpret(instance)
    timeline, views, master = Timeline(grid), signals.plan(setup.views.links), compose(coupling, setup.plan)
    loop = None if setup.interpreted else _loop(setup, coupling, timeline, views, master)
    access = Access(setup.instances, signals, setup.links, beside)
    return Coupled(timeline, signals, views, coupling, master, loop, access)


def _loop(
    setup: Setup, coupling: Coupling, timeline: Timeline, views: GatherPlan, master: Master
) -> CompiledLoop | ControlledLoop | None:
    plain = compiled_loop(coupling, timeline.grid, views, master.plain, setup.threads)
    return plain or controlled_loop(coupling, timeline, views, master.doubled, setup.threads)
