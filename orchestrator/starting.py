"""Starting: how all components get to the start of a run, coupled, and at rest where that is wanted."""

from collections.abc import Mapping

from orchestrator.collection import no_collection
from orchestrator.errors import CapabilityError
from orchestrator.instance import Instance
from orchestrator.long_run import LongRun
from orchestrator.master.coupling import Coupling
from orchestrator.master.initial.steady_state import obstacles
from orchestrator.master.initialization import Beginning, StartValues, initialize
from orchestrator.master.step_size import FixedStep
from orchestrator.observer import Event
from orchestrator.setup import Setup


def start(setup: Setup, coupling: Coupling, start_values: StartValues, *, at_rest: bool = True) -> Event | None:
    """Initialize all components; afterwards they are at the start of the experiment, those with Event Mode in it.

    The event says how the steady state was found, where one is wanted. Without `at_rest` none is looked for, since the
    run goes on elsewhere. InitializationError where a component fails, a loop has no solution, or there is no rest.
    """
    solving, stages = setup.plan.solving.initialization, setup.plan.schedule.initialization
    wanted, beginning = solving.steady_state, Beginning(setup.experiment, start_values)
    if wanted is None or not at_rest:
        with no_collection():
            initialize(coupling, stages, beginning, solving)
        return None
    in_the_way = obstacles(setup.instances)
    if wanted.method == "derivatives" or (wanted.method == "auto" and not in_the_way):
        found = str(initialize(coupling, stages, beginning, solving, rest=wanted))
    else:
        found = str(LongRun(setup, coupling, wanted).go(start_values))
        if wanted.method == "auto":
            found += f". Not by derivatives: {'; '.join(in_the_way)}"
    return Event(setup.experiment.start, "", "steady_state", f"the run starts at rest, found {found}")


def check_steps(grid: FixedStep, instances: Mapping[str, Instance]) -> None:
    """CapabilityError where a component takes steps of one size only, and the last one would be shorter."""
    fixed = [name for name, instance in instances.items() if not instance.capabilities.variable_step]
    if fixed and grid.clipped:
        raise CapabilityError(
            f"'{fixed[0]}' takes steps of one size only, but {grid.stop - grid.start:g} s are not a multiple of the "
            f"step size {grid.step_size:g} s. Choose a step size or a stop time that fit"
        )
