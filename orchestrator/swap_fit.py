"""Whether an FMU and its surrogate fit together, told before the run."""

from orchestrator.errors import CapabilityError, DescriptionError
from orchestrator.instance import Instance, StateWrite
from orchestrator.system.connector import Causality
from orchestrator.system.description import Swap


def refuse_unfit(fmu: Instance, surrogate: Instance, policy: Swap) -> None:
    """CapabilityError where the surrogate lacks what the FMU has, or the FMU cannot take over again.

    DescriptionError where it is to do so before it has handed over.
    """
    offered = elements(surrogate)
    needed = [c for c in fmu.connectors if c.causality in (Causality.INPUT, Causality.OUTPUT) or c.is_state]
    missing = [element for c in needed for element in c.elements if element not in offered]
    if missing:
        raise CapabilityError(
            f"'{fmu.name}': its surrogate {policy.surrogate} lacks {', '.join(missing[:5])}. Train it for this FMU"
        )
    if policy.back_at is None:
        return
    if policy.back_at <= policy.to_surrogate_at:
        raise DescriptionError(
            f"'{fmu.name}': back_at {policy.back_at:g} s is not after to_surrogate_at {policy.to_surrogate_at:g} s. "
            "Choose a later time of return"
        )
    if fmu.capabilities.state_write is StateWrite.NONE:
        raise CapabilityError(
            f"'{fmu.name}' cannot be handed back at {policy.back_at:g} s: its states cannot be written "
            "(state_write: none). Leave out back_at, or use an FMU whose states are `initial = exact`"
        )


def elements(instance: Instance) -> set[str]:
    """The elements of all connectors of an instance."""
    return {element for connector in instance.connectors for element in connector.elements}
