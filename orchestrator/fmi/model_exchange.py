"""Model Exchange: an FMU of any version with a solver of its own behind the `Instance` seam."""

from collections.abc import Mapping
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Final

from orchestrator.errors import CapabilityError, FmuImportError, InitializationError, StepError
from orchestrator.fmi.directional import OutputSensitivities
from orchestrator.fmi.exchange_functions import bind
from orchestrator.fmi.exchange_shared import Shared
from orchestrator.fmi.fmi1_states import selects_others
from orchestrator.fmi.fmu import OPEN, Fmu, Phase
from orchestrator.fmi.library import Library
from orchestrator.fmi.model_exchange_dynamics import FmuDynamics
from orchestrator.fmi.model_exchange_inputs import Courses
from orchestrator.fmi.model_exchange_integration import Evaluations, Integration
from orchestrator.fmi.model_exchange_kept import KeptRun
from orchestrator.fmi.model_exchange_values import Memory, StateVector
from orchestrator.fmi.solver import Solver
from orchestrator.fmi.solver_choice import check_solver, exact_jacobian, made_solver, solver_identity
from orchestrator.fmi.variables import ModelInfo
from orchestrator.instance import Bundle, Capabilities, StateWrite, Status, StepResult, Values
from orchestrator.native import Native
from orchestrator.system import description
from orchestrator.system.connector import Connector

if TYPE_CHECKING:
    from orchestrator.fmi.native_exchange import NativeExchange


def open_exchange(
    name: str,
    model: ModelInfo,
    solver: description.Solver,
    *,
    extrapolate: bool = False,
    interpreted: bool = False,
) -> "ModelExchangeFmu":
    """Unpack, load and instantiate an FMU for Model Exchange as component `name`.

    With `extrapolate` its continuous inputs may change over a step. `interpreted`, each evaluation goes through Python,
    which is slow and gives the same bits. Raises FmuImportError where that is not possible,
    DescriptionError where the solver is not described fully; nothing stays behind then.
    """
    check_solver(name, solver)
    with ExitStack() as opened:
        library = Library(name, model, "ModelExchange")
        opened.callback(library.close)
        try:
            fmu = ModelExchangeFmu(name, model, library, solver, extrapolate=extrapolate, interpreted=interpreted)
        except AttributeError as error:  # as ctypes puts it where a function is missing
            raise FmuImportError(
                f"{model.path}: its binary cannot be used for Model Exchange: {error}. It lacks a function of the "
                "standard: ask its supplier for a complete export"
            ) from error
        opened.pop_all()
    return fmu


class ModelExchangeFmu:
    """One FMU instance and its solver; see `Instance` for what the methods mean and in which order they come.

    Inputs are held between communication points, or follow the derivatives that `input_slopes` was given. An input or
    tunable parameter that is given another value than it has is a jump: the FMU handles it in Event Mode, and the
    solver starts anew. The solver's relative tolerance is that of `solver`, else of the experiment, else of the FMU's
    default experiment; the absolute one of each state is that times its nominal. A `restart` at the present time writes
    the continuous states given, and nothing else changes; at another time the FMU is reset and initialized again
    before, and discrete states without `initial = exact` start anew.
    """

    def __init__(
        self,
        name: str,
        model: ModelInfo,
        library: Library,
        solver: description.Solver,
        *,
        extrapolate: bool = False,
        interpreted: bool = False,
    ) -> None:
        self.name: Final = name
        self.model: Final = library.model
        self._fmu = Fmu(name, model, "ModelExchange", library)
        self._described = solver
        self.interpreted = interpreted
        self._shared = Shared()
        self._by_address: NativeExchange | None = None
        self._functions = bind(library, self.model)
        self._vector = StateVector(self.model)
        self._jacobian = exact_jacobian(self._fmu, self._functions, solver)
        call = self._functions.directional_derivative
        self.directional_derivatives = None if call is None else OutputSensitivities(self._fmu, call)
        self._inputs = Memory()
        self.input_slopes = self._courses = Courses(self._fmu) if extrapolate and model.continuous_inputs else None
        self._solver: Solver | None = None
        self._integration: Integration | None = None

    @property
    def connectors(self) -> tuple[Connector, ...]:
        """Every variable, in the order of the model description."""
        return self.model.connectors

    @property
    def capabilities(self) -> Capabilities:
        """What the FMU declares."""
        return self._fmu.capabilities

    @property
    def feedthrough(self) -> Mapping[str, tuple[str, ...] | None]:
        """Inputs that each output depends on directly, from the ModelStructure; None where it does not say."""
        return self.model.feedthrough

    @property
    def identity(self) -> Mapping[str, str]:
        """What ran, for the record."""
        solver = solver_identity(self._described, self._jacobian)
        return {**self.model.identity, "interface": "ModelExchange", **solver}

    @property
    def fmu(self) -> Fmu:
        """The phases and checked calls, for those who call more than an `Instance` has."""
        return self._fmu

    @cached_property
    def native(self) -> Native | None:
        """Its C side, None where something in Python takes part in its steps."""
        found = self._compiled()
        return None if self._courses is not None and self._courses.native is None else found

    def _compiled(self) -> "NativeExchange | None":
        """What makes whole steps in compiled functions; None where something in Python takes part in them."""
        if self._by_address is None and not self.interpreted:
            from orchestrator.fmi.native_exchange import NativeExchange  # compiled, or loaded, when it is needed

            self._by_address = NativeExchange.of(self._fmu, self._shared, self._inputs, self._courses)
        return self._by_address

    @property
    def running(self) -> Integration:
        """Its solver and events, for those who handle events together with other components."""
        return self._running

    def set(self, bundle: Bundle, values: Values) -> None:
        """Write a bundle; CapabilityError names a variable that cannot be set in this phase."""
        if self._courses is None:
            self._hold(bundle, values)
            return
        self._fmu.writable(bundle)
        self._courses.take(bundle, values)
        rest = self._courses.rest(bundle, values)
        if self._fmu.phase is not Phase.STEP:
            self._fmu.set(bundle, values)
            if rest is not None:
                self._inputs.keep(*rest)
        elif rest is not None:
            self._hold(*rest)

    def _hold(self, bundle: Bundle, values: Values) -> None:
        self._collect()
        if self._fmu.phase is Phase.STEP:
            self._fmu.writable(bundle)
            if self._inputs.holds(bundle, values):
                return
            self._running.open()
        self._fmu.set(bundle, values)
        self._inputs.keep(bundle, values)

    def get(self, bundle: Bundle, values: Values) -> None:
        """Read a bundle; a jump of inputs is handled before."""
        self._collect()
        if self._fmu.phase is Phase.STEP:
            self._jump()
            self._running.settle()
        self._fmu.get(bundle, values)

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        """Enter Initialization Mode; InitializationError where the FMU refuses."""
        self._fmu.enter_initialization(start, stop, tolerance)

    def exit_initialization(self) -> None:
        """Leave Initialization Mode, find the discrete states, and enter Continuous-Time Mode."""
        self._fmu.exit_initialization()
        try:
            self._running.begin(self._fmu.time or 0.0)
        except StepError as error:  # the first event belongs to the initialization
            raise InitializationError(str(error), component=error.component, time=error.time) from error
        self._rest()

    def do_step(self, t: float, h: float) -> StepResult:
        """Integrate from t by h through all events; StepError with the FMU's status and messages where it fails."""
        self._collect()
        fmu, running = self._fmu, self._running
        if fmu.phase is not Phase.STEP:
            fmu.require("step", Phase.STEP)
        running.require_at(t, h)
        end = t + h
        self._jump()
        if self._courses is not None and self._courses.begin(running.time):
            running.renew()
        if self._by_address is None:
            running.advance(end, keeps_no_state=fmu.states.none_kept)
        else:
            self._by_address.advance(t, h, keeps_no_state=fmu.states.none_kept)
        if self._courses is not None:
            self._courses.end(running.time)
        fmu.time = min(end, running.time)
        return StepResult(Status.OK, fmu.time, terminate_requested=running.terminated)

    def save_state(self) -> KeptRun:
        """Keep the complete state, which disturbs nothing; the solver starts anew where it is restored."""
        self._collect()
        self._fmu.require("save its state", *OPEN)
        self._jump()
        kept = self._fmu.states.save(self._fmu.phase, self._fmu.time)
        return KeptRun.of(kept, self._integration, self._inputs)

    def restore_state(self, state: object) -> None:
        """Go back to a kept state: each time what follows is the same to the bit."""
        self._collect()
        self._fmu.require("restore a state", *OPEN)
        saved = self._own(state)
        kept = self._fmu.states.restore(saved.kept)
        self._fmu.phase, self._fmu.time = Phase(kept.phase), kept.time
        self._inputs = saved.inputs.copy()
        if self._by_address is not None:
            self._by_address.inputs = self._inputs
        if self._fmu.phase >= Phase.STEP:
            saved.give_back(self._running)
            self._rest()

    def free_state(self, state: object) -> None:
        """Release a kept state; after `close` all of them are released already, after a fatal error none can be."""
        if self._fmu.phase < Phase.BROKEN:
            self._fmu.states.free(self._own(state).kept)

    def serialize_state(self, state: object) -> bytes:
        """A kept state as bytes, for the same FMU in any process on the same platform.

        The solver starts anew now, as it will there: both go on alike to the bit.
        """
        self._fmu.require("serialize a state", *OPEN)
        if self._integration is not None:
            self._integration.renew()
        return self._own(state).serialize(self._fmu.states)

    def deserialize_state(self, data: bytes) -> KeptRun:
        """A kept state from bytes; CapabilityError where they come from another FMU."""
        self._fmu.require("take a serialized state", *OPEN)
        return KeptRun.deserialize(self.name, data, self._fmu.states)

    def restart(self, t: float, values: Mapping[str, Values]) -> None:
        """Write continuous states by name and go on from them at t (s); states without a value keep theirs."""
        self._collect()
        if self.capabilities.state_write is not StateWrite.CONTINUOUS_STATES:
            raise CapabilityError(
                f"'{self.name}' cannot be restarted from values: {_no_states(self.model)}. Hand over to it through a "
                "slow shadow"
            )
        self._fmu.require("restart", Phase.STEP, Phase.TERMINATED)
        self._refuse_other_states()
        self._jump()
        running = self._running
        states, others = self._vector.divide(self._fmu, values)
        vector = running.states
        for index, number in states.items():
            vector[index] = number
        if others or t != running.time or self._fmu.phase is not Phase.STEP or running.terminated:
            self._fmu.initialize_again(t, self._fmu.restart_values(others))
            running.begin(t)
        running.write(vector)
        self._rest()

    def terminate(self) -> None:
        """End the run regularly; does nothing where there is no run to end."""
        self._fmu.terminate()

    def close(self) -> None:
        """Free the solver, the instance, its states and its library, and give back its folder."""
        with ExitStack() as cleanup:
            cleanup.callback(self._fmu.close)
            if self._solver is not None:
                self._solver.close()
                self._solver = None

    def _refuse_other_states(self) -> None:
        library = self._fmu.library
        if self.model.fmi_version == "1.0" and selects_others(self.model, library.dll, library.handle):
            raise CapabilityError(
                f"'{self.name}' cannot be restarted from values: its continuous states are other variables by now than "
                "when it was opened. Hand over to it through a slow shadow"
            )

    def _collect(self) -> None:
        """Know what compiled functions have given to the FMU."""
        if self._by_address is not None:
            self._by_address.collect()

    def _jump(self) -> None:
        """Give inputs that may slope the values that they have jumped to."""
        if self._courses is not None and self._fmu.phase is Phase.STEP and self._courses.jumps:
            self._running.open()
            self._courses.write()

    def _rest(self) -> None:
        if self._courses is not None:
            self._courses.read()

    @property
    def _running(self) -> Integration:
        if self._integration is None:
            indicators = self._functions.count_indicators()
            dynamics = self._evaluations((self._vector.size, indicators))
            self._solver = made_solver(self._described, self._fmu, dynamics)
            self._solver.share(self._shared)
            completed = self.model.interface("ModelExchange").completed_steps
            self._integration = Integration(
                self._fmu, self._functions, dynamics, self._solver, self._shared, completed_steps=completed
            )
            if self._by_address is not None:
                self._by_address.running = self._integration
        return self._integration

    def _evaluations(self, sizes: tuple[int, int]) -> Evaluations:
        names, jacobian, courses = self._functions.names, self._jacobian, self._courses
        found = None
        if not self.interpreted:
            self._compiled()
            from orchestrator.fmi.exchange_dynamics import compiled_dynamics  # compiled, or loaded, when it is needed

            found = compiled_dynamics(self._shared, self._fmu, names, sizes, jacobian, courses)
        if found is None and courses is not None:
            self._by_address = None
        return found or FmuDynamics(self._functions, *sizes, jacobian, courses)

    def _own(self, state: object) -> KeptRun:
        if not isinstance(state, KeptRun):
            raise CapabilityError(f"'{self.name}': the state belongs to another kind of instance; save a new one")
        return state


def _no_states(model: ModelInfo) -> str:
    if model.unnamed_states:
        return "FMI 1.0 does not say which of its variables are continuous states"
    return "it has no continuous states"
