"""Capabilities of a kit FMU: what it can do, how it declares that in each version, and how it may lie about it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What is chosen at build time.

    `discard_at` (s): the step that crosses this time is discarded there, once. `event_iterations`: calls until an
    event is settled. `intermediate_steps`: parts of a step with an intermediate update at the start of each.
    `fixed_step`: steps of another size than the first are refused. `lacks` names functions that the binary does not
    have: "states", "serialization". `declares_variable_step` None: the truth.
    """

    get_set_state: bool = True
    serialize: bool = True
    directional_derivatives: bool = True
    fixed_step: bool = False
    once_per_process: bool = False
    interpolate_inputs: bool = False
    output_derivatives: bool = False
    event_mode: bool = False
    early_return: bool = False
    intermediate_steps: int = 0
    event_iterations: int = 1
    discard_at: float | None = None
    needs_execution_tool: bool = False
    declares_variable_step: bool | None = None
    lacks: tuple[str, ...] = ()

    def attributes(self, version: str, kind: str) -> dict[str, object]:
        """Attributes of the element that declares the interface."""
        variable_step = not self.fixed_step if self.declares_variable_step is None else self.declares_variable_step
        if version == "1.0":
            return self._fmi1(variable_step)
        state = "canGetAndSetFMUstate" if version == "2.0" else "canGetAndSetFMUState"
        serialize = "canSerializeFMUstate" if version == "2.0" else "canSerializeFMUState"
        directional = f"providesDirectionalDerivative{'' if version == '2.0' else 's'}"
        common: dict[str, object] = {
            "needsExecutionTool": self.needs_execution_tool,
            "canBeInstantiatedOnlyOncePerProcess": self.once_per_process,
            state: self.get_set_state,
            serialize: self.get_set_state and self.serialize,
            directional: self.directional_derivatives,
        }
        if kind != "co_simulation":
            return common
        common["canHandleVariableCommunicationStepSize"] = variable_step
        common["maxOutputDerivativeOrder"] = int(self.output_derivatives)
        return common | (self._fmi2() if version == "2.0" else self._fmi3())

    def _fmi1(self, variable_step: bool) -> dict[str, object]:
        return {
            "canHandleVariableCommunicationStepSize": variable_step,
            "canHandleEvents": False,
            "canRejectSteps": False,
            "canInterpolateInputs": self.interpolate_inputs,
            "maxOutputDerivativeOrder": int(self.output_derivatives),
            "canBeInstantiatedOnlyOncePerProcess": self.once_per_process,
        }

    def _fmi2(self) -> dict[str, object]:
        return {"canInterpolateInputs": self.interpolate_inputs}

    def _fmi3(self) -> dict[str, object]:
        return {
            "providesIntermediateUpdate": self.intermediate_steps > 0,
            "canReturnEarlyAfterIntermediateUpdate": self.intermediate_steps > 0 and self.early_return,
            "hasEventMode": self.event_mode,
        }

    def defines(self) -> dict[str, object]:
        """The same for the C code."""
        found: dict[str, object] = {
            "GET_SET_STATE": int(self.get_set_state),
            "SERIALIZES": int(self.serialize),
            "DIRECTIONAL": int(self.directional_derivatives),
            "FIXED_STEP": int(self.fixed_step),
            "ONCE_PER_PROCESS": int(self.once_per_process),
            "INTERPOLATES_INPUTS": int(self.interpolate_inputs),
            "EVENT_MODE": int(self.event_mode),
            "EARLY_RETURN": int(self.early_return),
            "INTERMEDIATE_STEPS": self.intermediate_steps,
            "EVENT_ITERATIONS": self.event_iterations,
            "DISCARD_AT": "-INFINITY" if self.discard_at is None else repr(self.discard_at),
        }
        return found | {f"LACKS_{what.upper()}": 1 for what in self.lacks}
