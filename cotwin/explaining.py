"""What `cotwin explain` finds out before a run: the structure of a system, and what a probe of it shows."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from cotwin.views import interfaces_of, structure
from orchestrator.assembly import open_bench
from orchestrator.errors import CotwinError
from orchestrator.fmi.variables import ModelInfo
from orchestrator.graph.explanation import Explanation
from orchestrator.graph.feedthrough import written
from orchestrator.instance import Instance
from orchestrator.master.probing.advice import Chosen, Suggestion, suggestions
from orchestrator.master.probing.probe import Findings, probe
from orchestrator.system.description import SystemDescription


class Explained(NamedTuple):
    """A system explained: `findings` are those of the probe, None where there was none; then `unprobed` says why."""

    description: SystemDescription
    models: Mapping[str, ModelInfo | Instance]
    structure: Explanation
    findings: Findings | None
    unprobed: str | None
    suggestions: tuple[Suggestion, ...]


def explain_system(
    description: SystemDescription, *, probing: bool = True, told: Callable[[str], None] = lambda _: None
) -> Explained:
    """Explain a system; `probing` opens its components and tries them out. Raises what is wrong with the description.

    What keeps a probe from being made is no error: the structure is explained all the same.
    """
    models = interfaces_of(description)
    known = structure(description, models)
    if not probing:
        return Explained(description, models, known, None, "not asked for", ())
    coupled = description
    if known.algebraic_loops and description.algorithm != "iterative":
        # the algorithm that is asked for refuses such a system; what solves it tells about its loops
        coupled = description.model_copy(update={"algorithm": "iterative"})
    span = description.experiment.stop - description.experiment.start
    told("opening the components")
    try:
        with open_bench(coupled) as bench:
            findings = probe(bench, known.circles, span, description.step_control.tolerance, told)
    except CotwinError as error:
        return Explained(description, models, known, None, str(error), ())
    paths = tuple(written(path) for path in known.algebraic_loops)
    chosen = Chosen(description, description.step_size, span, paths)
    return Explained(description, models, known, findings, None, suggestions(chosen, findings))
