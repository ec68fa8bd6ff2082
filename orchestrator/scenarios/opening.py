"""Opening: from scenarios to the instance that acts them out in a run."""

from collections.abc import Callable, Mapping, Sequence

from orchestrator.instance import Instance
from orchestrator.master.step_size import FixedStep
from orchestrator.scenarios.binding import bind_scenarios
from orchestrator.scenarios.instance import ScenarioInstance
from orchestrator.system.connections.links import Link
from orchestrator.system.description import SystemDescription
from orchestrator.system.scenario import Scenario


def open_scenarios(
    scenarios: Sequence[Scenario],
    description: SystemDescription,
    instances: Mapping[str, Instance],
    links: Sequence[Link],
) -> ScenarioInstance | None:
    """One instance for all actions of the scenarios, None where there are none; DescriptionError where one is wrong."""
    if not scenarios:
        return None
    interfaces = {name: instance.connectors for name, instance in instances.items()}
    bounds = bind_scenarios(scenarios, description, interfaces, links)
    name = "scenario"
    while name in instances:
        name += "_"
    fixed = not all(instance.capabilities.variable_step for instance in instances.values())
    return ScenarioInstance(
        name, bounds, _on_grid(description) if fixed else _anywhere, ahead=description.algorithm == "gauss_seidel"
    )


def _anywhere(t: float) -> float:
    return t


def _on_grid(description: SystemDescription) -> Callable[[float], float]:
    grid = FixedStep(description.experiment.start, description.experiment.stop, description.step_size)
    return lambda t: t if t > grid.stop else grid.time(grid.index_at(t))
