"""Making: the compiled loop of a system, where there can be one."""

from orchestrator.master.compiled.loop import CompiledLoop
from orchestrator.master.compiled.lowering import lower
from orchestrator.master.compiled.parallel.choice import ONE_OR_MORE, Threads
from orchestrator.master.compiled.parallel.threads import parallel
from orchestrator.master.composition import Plain
from orchestrator.master.coupling import Coupling
from orchestrator.master.step_control.refusals import WayBack
from orchestrator.master.step_size import FixedStep
from orchestrator.signals import GatherPlan


def compiled_loop(
    coupling: Coupling, grid: FixedStep, views: GatherPlan, plain: Plain | None, threads: Threads = ONE_OR_MORE
) -> CompiledLoop | None:
    """The loop for macro steps that are plain; None where they are not, or nothing can be stepped by address."""
    program = None if plain is None else lower(coupling, grid, views, plain.loops, newest=plain.newest)
    if program is None or plain is None:
        return None
    several = None
    # Where only some components can go back, it matters which of them have stepped when one refuses.
    if plain.retry.way_back is not WayBack.SOME and not plain.loops:
        several = parallel(program, coupling.participants, threads, newest=plain.newest)
    return CompiledLoop(coupling, program, grid, several, newest=plain.newest)
