"""Co-Simulation: an FMU of FMI 2.0 or 3.0 behind the `Instance` seam."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Final

from orchestrator.errors import CapabilityError, FmuImportError
from orchestrator.fmi.directional import OutputSensitivities, directional_call
from orchestrator.fmi.fmu import OPEN, Fmu, Phase
from orchestrator.fmi.function_table import StepFunction
from orchestrator.fmi.intermediate_update import IntermediateUpdate
from orchestrator.fmi.library import Library
from orchestrator.fmi.native_co_simulation import NativeCoSimulation, outcome
from orchestrator.fmi.states import KeptState
from orchestrator.fmi.variables import ModelInfo, read_model
from orchestrator.instance import (
    Bundle,
    Capabilities,
    DirectionalDerivatives,
    InputSlopes,
    OutputSlopes,
    StateWrite,
    StepResult,
    Values,
)
from orchestrator.system.connector import Connector


def open_fmu(name: str, path: Path, model: ModelInfo | None = None) -> "CoSimulationFmu":
    """Unpack, load and instantiate an FMU for Co-Simulation as component `name`; `model` where it is read already.

    Raises FmuImportError where that is not possible; nothing stays behind then.
    """
    model = model or read_model(path)
    if "CoSimulation" not in model.kinds:
        raise FmuImportError(
            f"{path}: declares {' and '.join(model.kinds)} only; export it for Co-Simulation, which runs coupled here"
        )
    library = Library(name, model, "CoSimulation")
    with library.completing():
        return CoSimulationFmu(name, model, library)


class CoSimulationFmu:
    """One FMU instance; see `Instance` for what the methods mean and in which order they come.

    A `restart` resets the FMU and initializes it again. States, discrete ones too, that are given no value keep the one
    that they have; `S` may stand for the scalars `S[1]` to `S[n]` of FMI 2.0.
    """

    def __init__(self, name: str, model: ModelInfo, library: Library, *, early_return: bool = False) -> None:
        self.name: Final = name
        self.model: Final = model
        self._fmu = Fmu(name, model, "CoSimulation", library)
        self.input_slopes: InputSlopes | None = None
        self.output_slopes: OutputSlopes | None = None
        self.intermediate: IntermediateUpdate | None = None
        self._capabilities = replace(self._fmu.capabilities, may_return_early=early_return)
        call = directional_call(library, "CoSimulation")
        self.directional_derivatives: Final[DirectionalDerivatives | None] = (
            None if call is None else OutputSensitivities(self._fmu, call)
        )
        self._step: StepFunction = library.versions.do_step(library.dll, library.handle)

    @cached_property
    def native(self) -> NativeCoSimulation | None:
        """Its C side, None where something in Python takes part in its steps."""
        if self.intermediate is not None:
            return None
        return NativeCoSimulation(self._fmu)

    @property
    def connectors(self) -> tuple[Connector, ...]:
        """Every variable, in the order of the model description."""
        return self.model.connectors

    @property
    def capabilities(self) -> Capabilities:
        """What the FMU declares, and whether it was allowed to return early."""
        return self._capabilities

    @property
    def fmu(self) -> Fmu:
        """The phases and checked calls, for those who call more than an `Instance` has."""
        return self._fmu

    @property
    def feedthrough(self) -> Mapping[str, tuple[str, ...] | None]:
        """Inputs that each output depends on directly, from the ModelStructure; None where it does not say."""
        return self.model.feedthrough

    @property
    def identity(self) -> Mapping[str, str]:
        """What ran, for the record."""
        return self.model.identity

    def set(self, bundle: Bundle, values: Values) -> None:
        """Write a bundle; CapabilityError names a variable that cannot be set in this phase."""
        self._fmu.set(bundle, values)

    def get(self, bundle: Bundle, values: Values) -> None:
        """Read a bundle."""
        self._fmu.get(bundle, values)

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        """Enter Initialization Mode; InitializationError where the FMU refuses."""
        self._fmu.enter_initialization(start, stop, tolerance)

    def exit_initialization(self) -> None:
        """Leave Initialization Mode; InitializationError where the FMU refuses."""
        self._fmu.exit_initialization()

    def do_step(self, t: float, h: float) -> StepResult:
        """Advance from t by h; StepError with the FMU's status and messages where it fails."""
        fmu = self._fmu
        if fmu.phase is not Phase.STEP:
            fmu.require("step", Phase.STEP)
        fmu.time = t
        if self.intermediate is None:
            raw = self._step(t, h, fmu.states.none_kept)
        else:
            raw = self.intermediate.during(lambda: self._step(t, h, fmu.states.none_kept))
        return outcome(fmu, raw, h)

    def save_state(self) -> KeptState:
        """Keep the complete state; CapabilityError where the FMU does not support it."""
        self._fmu.require("save its state", *OPEN)
        return self._fmu.states.save(self._fmu.phase, self._fmu.time)

    def restore_state(self, state: object) -> None:
        """Go back to a kept state."""
        self._fmu.require("restore a state", *OPEN)
        kept = self._fmu.states.restore(state)
        self._fmu.phase, self._fmu.time = Phase(kept.phase), kept.time

    def free_state(self, state: object) -> None:
        """Release a kept state; after `close` all of them are released already, after a fatal error none can be."""
        if self._fmu.phase < Phase.BROKEN:
            self._fmu.states.free(state)

    def serialize_state(self, state: object) -> bytes:
        """A kept state as bytes, for the same FMU in any process on the same platform."""
        self._fmu.require("serialize a state", *OPEN)
        return self._fmu.states.serialize(state)

    def deserialize_state(self, data: bytes) -> KeptState:
        """A kept state from bytes; CapabilityError where they come from another FMU."""
        self._fmu.require("take a serialized state", *OPEN)
        return self._fmu.states.deserialize(data)

    def restart(self, t: float, values: Mapping[str, Values]) -> None:
        """Reset, set parameters, start values and the given states, and initialize at t with the last inputs."""
        if self.capabilities.state_write is not StateWrite.RESTART:
            raise CapabilityError(
                f"'{self.name}' cannot be restarted from values: it lists no continuous states, all with initial = "
                "exact. Export it with such states, or hand over to it through a slow shadow"
            )
        self._fmu.require("restart", Phase.STEP, Phase.TERMINATED)
        if isinstance(self.native, NativeCoSimulation) and self.native.has_stepped:
            self._fmu.note_all()
        self._fmu.initialize_again(t, self._fmu.restart_values(values))

    def terminate(self) -> None:
        """End the run regularly; does nothing where there is no run to end."""
        self._fmu.terminate()

    def close(self) -> None:
        """Free the instance, its states and its library, and give back its folder."""
        self._fmu.close()
