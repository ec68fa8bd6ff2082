"""PyFMI: a second importer behind the same seam, to check one against the other: `importer: pyfmi`.

FMI 2.0 Co-Simulation by PyFMI's own calls (Andersson, Åkesson and Führer 2016, "PyFMI: a Python package for simulation
of coupled dynamic models with the Functional Mock-up Interface", Lund University). It is imported when it is asked for.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import IntEnum
from typing import Any, Final

from orchestrator.errors import CapabilityError, CotwinError, FmuImportError, InitializationError, StepError
from orchestrator.fmi.variables import ModelInfo
from orchestrator.instance import Bundle, Capabilities, StateWrite, Status, StepResult, Values
from orchestrator.system.connector import Causality, Connector, Variability

_ACCESS: Final = {
    "Real": "real",
    "Integer": "integer",
    "Enumeration": "integer",
    "Boolean": "boolean",
    "String": "string",
}
_OK, _WARNING, _DISCARD = 0, 1, 2
_STATUS: Final = ("OK", "Warning", "Discard", "Error", "Fatal", "Pending")
_LAST_SUCCESSFUL_TIME, _TERMINATED = 2, 3
"""Kinds of status after a discarded step: FMI 2.0.4 section 4.2.3."""

_REMEDY: Final = (
    "Install it with `conda install -c conda-forge pyfmi` (PyPI has only version 2.5 of 2018), or leave `importer` out"
)
_LOG_CHARACTERS: Final = 500


class Phase(IntEnum):
    """Where the instance is in the state machine of the standard."""

    INSTANTIATED = 0
    INITIALIZATION = 1
    STEP = 2
    TERMINATED = 3
    CLOSED = 4


def open_with_pyfmi(name: str, model: ModelInfo, kind: str) -> "PyfmiInstance":
    """Load and instantiate an FMU by way of PyFMI; FmuImportError where that is not possible, with the remedy."""
    if model.fmi_version != "2.0" or kind != "co_simulation":
        raise FmuImportError(
            f"{model.path}: importer: pyfmi runs FMI 2.0 Co-Simulation here, '{name}' would be FMI {model.fmi_version} "
            f"as {kind}. Leave `importer` out"
        )
    try:
        import pyfmi  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise FmuImportError(f"{model.path}: PyFMI cannot be imported ({error}). {_REMEDY}") from error
    log = io.StringIO()  # PyFMI would write a log file into the working folder
    try:
        fmu = pyfmi.load_fmu(str(model.path), log_file_name=log, kind="CS")
    except Exception as error:  # PyFMI raises exceptions of many kinds
        raise FmuImportError(f"{model.path}: PyFMI cannot load it: {error}{_quoted(log)}") from error
    return PyfmiInstance(name, model, fmu, log)


class PyfmiInstance:
    """One FMU run by PyFMI; see `Instance` for what the methods mean and in which order they come."""

    def __init__(self, name: str, model: ModelInfo, fmu: Any, log: io.StringIO) -> None:
        self.name: Final = name
        self.model: Final = model
        declared = model.interface("CoSimulation").capabilities
        self.capabilities: Final[Capabilities] = replace(
            declared, serialize_state=False, directional_derivatives=False, state_write=StateWrite.NONE
        )
        self._fmu, self._log = fmu, log
        self._phase = Phase.INSTANTIATED
        self._time = 0.0
        self._inputs: dict[str, tuple[Bundle, Values]] = {}

    @property
    def connectors(self) -> tuple[Connector, ...]:
        """Every variable, in the order of the model description."""
        return self.model.connectors

    @property
    def feedthrough(self) -> Mapping[str, tuple[str, ...] | None]:
        """Inputs that each output depends on directly."""
        return self.model.feedthrough

    @property
    def identity(self) -> Mapping[str, str]:
        """What ran, for the record."""
        return {**self.model.identity, "importer": "pyfmi"}

    def set(self, bundle: Bundle, values: Values) -> None:
        """Write a bundle; CapabilityError names a variable that cannot be set in this phase."""
        for connector in bundle.connectors:
            self._check_settable(connector)
        if self._phase is not Phase.INSTANTIATED:
            self._set(bundle, values)
            return
        for index, connector in enumerate(bundle.connectors):  # scalars, as all variables of FMI 2.0
            one, value = Bundle.of([connector]), values[index : index + 1].copy()
            if connector.causality is Causality.INPUT:  # which FMI 2.0 takes from Initialization Mode on
                self._inputs[connector.name] = one, value
            else:
                self._set(one, value)

    def _set(self, bundle: Bundle, values: Values) -> None:
        for access, references, places in self._calls(bundle):
            with self._failing(f"set_{access} for {_named(bundle)}"):
                getattr(self._fmu, f"set_{access}")(references, values[places].tolist())

    def get(self, bundle: Bundle, values: Values) -> None:
        """Read a bundle."""
        self._require("read its variables", Phase.INITIALIZATION, Phase.STEP, Phase.TERMINATED)
        for access, references, places in self._calls(bundle):
            with self._failing(f"get_{access} for {_named(bundle)}"):
                values[places] = getattr(self._fmu, f"get_{access}")(references)

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        """Set up the experiment and enter Initialization Mode; InitializationError where the FMU refuses."""
        self._require("enter Initialization Mode", Phase.INSTANTIATED)
        self._time = start
        with self._failing("setup_experiment"):
            self._fmu.setup_experiment(
                tolerance_defined=tolerance is not None,
                tolerance=tolerance or 0.0,
                start_time=start,
                stop_time_defined=stop is not None,
                stop_time=stop or 0.0,
            )
        with self._failing("enter_initialization_mode"):
            self._fmu.enter_initialization_mode()
        self._phase = Phase.INITIALIZATION
        for bundle, values in self._inputs.values():
            self._set(bundle, values)

    def exit_initialization(self) -> None:
        """Leave Initialization Mode; InitializationError where the FMU refuses."""
        self._require("exit Initialization Mode", Phase.INITIALIZATION)
        with self._failing("exit_initialization_mode"):
            self._fmu.exit_initialization_mode()
        self._phase = Phase.STEP

    def do_step(self, t: float, h: float) -> StepResult:
        """Advance from t by h; StepError with the FMU's status where it fails."""
        self._require("step", Phase.STEP)
        self._time = t
        with self._failing("do_step"):
            status = int(self._fmu.do_step(t, h, True))
        if status in (_OK, _WARNING):
            self._time = t + h
            return StepResult(Status.OK, t + h)
        if status == _DISCARD:
            with self._failing("get_real_status"):
                reached = float(self._fmu.get_real_status(_LAST_SUCCESSFUL_TIME))
                ended = bool(self._fmu.get_boolean_status(_TERMINATED))
            return StepResult(Status.DISCARD, reached, terminate_requested=ended)
        said = _STATUS[status] if 0 <= status < len(_STATUS) else f"the unknown status {status}"
        raise self._error(f"do_step with step size {h!r} s returned {said}")

    def save_state(self) -> object:
        """Keep the complete state; CapabilityError where the FMU does not support it."""
        if not self.capabilities.get_set_state:
            raise CapabilityError(f"'{self.name}' cannot keep its state: its FMU does not declare it")
        with self._failing("get_fmu_state"):
            return self._phase, self._time, self._fmu.get_fmu_state()

    def restore_state(self, state: object) -> None:
        """Go back to a kept state."""
        assert isinstance(state, tuple)
        with self._failing("set_fmu_state"):
            self._fmu.set_fmu_state(state[2])
        self._phase, self._time = state[0], state[1]

    def free_state(self, state: object) -> None:
        """Release a kept state; after `close` there is nothing to release."""
        assert isinstance(state, tuple)
        if self._phase is not Phase.CLOSED:
            with self._failing("free_fmu_state"):
                self._fmu.free_fmu_state(state[2])

    def serialize_state(self, state: object) -> bytes:  # noqa: ARG002
        """Not offered: PyFMI's bytes are not those of the FMU alone."""
        raise CapabilityError(f"'{self.name}': states are not serialized with importer: pyfmi. Leave `importer` out")

    def deserialize_state(self, data: bytes) -> object:  # noqa: ARG002
        """Not offered: PyFMI's bytes are not those of the FMU alone."""
        raise CapabilityError(f"'{self.name}': states are not serialized with importer: pyfmi. Leave `importer` out")

    def restart(self, t: float, values: Mapping[str, Values]) -> None:  # noqa: ARG002
        """Not offered: this importer is for comparisons of whole runs."""
        raise CapabilityError(f"'{self.name}' cannot be restarted with importer: pyfmi. Leave `importer` out")

    def terminate(self) -> None:
        """End the run regularly; does nothing where there is no run to end."""
        if self._phase is Phase.STEP:
            with self._failing("terminate"):
                self._fmu.terminate()
            self._phase = Phase.TERMINATED

    def close(self) -> None:
        """Let go of the FMU: PyFMI frees it, its library and its folder with the last reference."""
        self._phase, self._fmu = Phase.CLOSED, None

    def _calls(self, bundle: Bundle) -> Iterator[tuple[str, list[int], Sequence[int]]]:
        kinds = [_ACCESS[self.model.types[connector.name]] for connector in bundle.connectors]
        for access in dict.fromkeys(kinds):
            places = [index for index, kind in enumerate(kinds) if kind == access]
            yield access, [int(bundle.references[index]) for index in places], places

    def _check_settable(self, connector: Connector) -> None:
        self._require(f"set '{connector.name}'", Phase.INSTANTIATED, Phase.INITIALIZATION, Phase.STEP)
        tunable = connector.causality is Causality.PARAMETER and connector.variability is Variability.TUNABLE
        if self._phase is Phase.STEP and connector.causality is not Causality.INPUT and not tunable:
            raise CapabilityError(
                f"'{self.name}': '{connector.name}' cannot be set between steps: it is a {connector.variability} "
                f"{connector.causality}; set it before the initialization"
            )

    def _require(self, doing: str, *phases: Phase) -> None:
        if self._phase not in phases:
            raise CapabilityError(f"'{self.name}' cannot {doing}: it is in phase {self._phase.name.lower()}")

    @contextmanager
    def _failing(self, call: str) -> Iterator[None]:
        try:
            yield
        except CotwinError:
            raise
        except Exception as error:  # PyFMI raises FMUException, numpy's and Cython's errors
            raise self._error(f"{call} failed: {error}") from error

    def _error(self, text: str) -> InitializationError | StepError:
        kind: Callable[..., InitializationError | StepError] = StepError
        if self._phase <= Phase.INITIALIZATION:
            kind = InitializationError
        message = f"'{self.name}': PyFMI's {text} at t = {self._time} s{_quoted(self._log)}"
        return kind(message, component=self.name, time=self._time)


def _quoted(log: io.StringIO) -> str:
    said = log.getvalue().strip()[-_LOG_CHARACTERS:]
    return f"\n  it said: {said}" if said else ""


def _named(bundle: Bundle) -> str:
    names = [connector.name for connector in bundle.connectors]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
