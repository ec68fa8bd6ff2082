"""Opening: a component in a process of its own, with nothing left where that fails."""

from orchestrator.errors import CapabilityError, FmuImportError
from orchestrator.fmi.isolation import declared, waiting
from orchestrator.fmi.isolation.instance import IsolatedInstance
from orchestrator.fmi.isolation.mailbox import Layout
from orchestrator.fmi.isolation.process import Call, Limits, Process
from orchestrator.fmi.structure import read_component
from orchestrator.fmi.variables import ModelInfo
from orchestrator.system.description import Component


def open_isolated(name: str, component: Component) -> IsolatedInstance:
    """Open the FMU of a component in a process of its own.

    What goes wrong there before it is open is an FmuImportError; nothing stays behind then.
    """
    if not waiting.available():
        raise CapabilityError(f"component '{name}': isolation: process needs Linux on x86-64 or ARM64. Leave it out")
    model = read_component(component)
    candidates = declared.candidates(model)
    process = Process(name, Layout(candidates).size, Limits(component.time_limit, component.memory_limit))
    try:
        opening = Call(f"loading and instantiating {model.path}", FmuImportError)
        asked = _asked(component, model).model_dump(mode="json")
        limit = component.memory_limit
        reply, _ = process.tell(opening, do="open", component=asked, content=model.content, memory_limit=limit)
        connectors = declared.chosen(name, model, candidates, reply.get("connectors"))
        connectors = declared.stateful(model, connectors, reply.get("states"))
        return IsolatedInstance(name, model, connectors, process, reply)
    except BaseException:
        process.kill()
        raise


def _asked(component: Component, model: ModelInfo) -> Component:
    """What the process opens; of the parameters those only from which the sizes of arrays follow."""
    return component.model_copy(update={"source": model.path, "isolation": None, "parameters": dict(model.structure)})
