"""A surrogate as an instance: the same connectors as the component that it stands for.

Values are found by the names of their elements, so a bundle made for an FMI 3.0 array `S` and one made for the FMI 2.0
scalars `S[1]`, `S[2]`, ... both fit.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import CapabilityError, InitializationError, StepError, SurrogateError
from orchestrator.instance import Bundle, Capabilities, StateWrite, Status, StepResult, Values
from orchestrator.native import Native
from orchestrator.plain_data import pack, unpack
from orchestrator.system.connector import Causality, Connector, Storage, Variability
from orchestrator.system.quantities.units import Unit
from surrogates.guard import INSIDE, Verdict
from surrogates.machine import NO_MEMORY, NOT_FINITE, OK, OTHER_STEP, KeptArrays
from surrogates.native import NativeSurrogate
from surrogates.package import Card, Variable, load_package, places_of
from surrogates.runtime import Prediction, Runtime, open_runtime

Floats = NDArray[np.float64]


class _Kept(NamedTuple):
    state: object
    values: Floats
    verdict: Verdict
    time: float


def open_surrogate(name: str, path: Path, device: str = "cpu") -> "SurrogateInstance":
    """Open a package under the name of a component; SurrogateError where it is broken."""
    package = load_package(path)
    return SurrogateInstance(name, path, package.card, open_runtime(package, device))


class SurrogateInstance:
    """Satisfies `Instance`. Steps of exactly the macro step only; parameters must have the values of the training."""

    def __init__(self, name: str, path: Path, card: Card, runtime: Runtime) -> None:
        self.name, self._path, self._card, self._runtime = name, path, card, runtime
        self.connectors = tuple(_connector(variable) for variable in card.variables)
        self.capabilities = Capabilities(
            variable_step=False, get_set_state=True, serialize_state=True, state_write=StateWrite.RESTART
        )
        elements = [element for connector in self.connectors for element in connector.elements]
        self._offsets = {element: k for k, element in enumerate(elements)}
        self._values = np.concatenate([variable.starts for variable in card.variables])
        # Views into the one array of values: setting a bundle changes the inputs, writing an output shows in get.
        self._views = self._slices()
        self._indices: dict[bytes, tuple[tuple[Connector, ...], NDArray[np.int64]]] = {}
        self._inputs, self._outputs = (places_of(card, names) for names in (runtime.inputs, runtime.outputs))
        self._states = tuple(connector.name for connector in self.connectors if connector.is_state)
        self._state: object = None
        self.time = 0.0
        """Where it is (s)."""
        self._machine = runtime.machine(self._values, (self._inputs, self._outputs))
        self._verdict, self._seen = INSIDE, 0

    @property
    def feedthrough(self) -> Mapping[str, tuple[str, ...] | None]:
        """Not known from the card: None for every output."""
        return {c.name: None for c in self.connectors if c.causality is Causality.OUTPUT}

    @property
    def identity(self) -> Mapping[str, str]:
        """The package and the component that it was trained on."""
        return {"kind": "surrogate", "file": str(self._path), **{f"fmu.{k}": v for k, v in self._card.fmu.items()}}

    @property
    def card(self) -> Card:
        """The card of the package."""
        return self._card

    @cached_property
    def native(self) -> Native | None:
        """Its C side, None where it is stepped in NumPy, or on a device."""
        return None if self._machine is None else NativeSurrogate(self, self._machine)

    @property
    def verdict(self) -> Verdict:
        """The guard's verdict on the last step."""
        if self._machine is not None and self._machine.steps != self._seen:
            self._seen = self._machine.steps
            self._verdict = INSIDE
            if self._machine.outside:
                self._verdict = self._runtime.verdict(self._machine.state, self._machine.held)
        return self._verdict

    @property
    def violation(self) -> str | None:
        """What left the validity domain in the last step, None inside."""
        return self.verdict.message

    def set(self, bundle: Bundle, values: Values) -> None:
        """Write inputs, parameters and start values."""
        self._values[self.places(bundle)] = values

    def get(self, bundle: Bundle, values: Values) -> None:
        """Read any variable."""
        values[:] = self._values[self.places(bundle)]

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        """Restrict the start values; `stop` and `tolerance` mean nothing to a surrogate."""
        del stop, tolerance
        self.time = start
        self._require_parameters()
        self._restart()

    def exit_initialization(self) -> None:
        """Take the inputs set last into the outputs."""
        self._restart()

    def do_step(self, t: float, h: float) -> StepResult:
        """One macro step; StepError for any other h."""
        if self._machine is not None:
            self.require(self._machine.step(t, h), t, h)
        else:
            self._step(t, h)
        self.time = t + h
        return StepResult(Status.OK, self.time)

    def _step(self, t: float, h: float) -> None:
        """One macro step in the runtime."""
        if abs(h - self._card.macro_step) > 1e-9 * self._card.macro_step:
            self.require(OTHER_STEP, t, h)
        prediction = self._runtime.step(self._state, self._values[self._inputs])
        if not np.isfinite(prediction.values).all():
            self.require(NOT_FINITE, t, h)
        self._show(prediction)

    def require(self, status: int, t: float, h: float) -> None:
        """StepError where a step from t by h (s), or keeping or taking a state at t, answered anything but OK."""
        step = self._card.macro_step
        if status == OTHER_STEP:
            raise StepError(
                f"surrogate '{self.name}' at t = {t:g} s: step {h:g} s, but it knows only {step:g} s. Set step_size "
                f"to {step:g}, or train it for {h:g} s",
                component=self.name,
                time=t,
            )
        if status == NO_MEMORY:
            raise StepError(
                f"surrogate '{self.name}' at t = {t:g} s: no memory for its state. Free memory",
                component=self.name,
                time=t,
            )
        if status != OK:
            raise StepError(
                f"surrogate '{self.name}' at t = {t:g} s: a value is not finite. Run this component without the swap",
                component=self.name,
                time=t,
            )

    def save_state(self) -> object:
        """Keep state and values."""
        return _Kept(self._now, self._values.copy(), self.verdict, self.time)

    def restore_state(self, state: object) -> None:
        """Go back to a kept state."""
        kept = self._own(state)
        self.time = kept.time
        self._values[:] = kept.values
        self._be(kept.state, kept.verdict)

    def adopt(self, kept: KeptArrays, t: float) -> object:
        """A state at t (s) that the C code has kept, as `save_state` would have."""
        verdict = self._runtime.verdict(kept.state, kept.held) if kept.outside else INSIDE
        return _Kept(self._runtime.state(kept.state), kept.values, verdict, t)

    def free_state(self, state: object) -> None:
        """Nothing to release."""

    def serialize_state(self, state: object) -> bytes:
        """A kept state as bytes, for the same package in any process."""
        kept = self._own(state)
        arrays = [] if kept.state is None else list(self._runtime.arrays(kept.state))
        return pack([arrays, kept.values, list(kept.verdict), kept.time])

    def deserialize_state(self, data: bytes) -> object:
        """A kept state from bytes; CapabilityError where they are of another surrogate."""
        try:
            arrays, values, verdict, time = unpack(data)
            if values.shape != self._values.shape:
                raise ValueError(f"{values.size} values in the place of {self._values.size}")
            state = self._runtime.state(arrays) if arrays else None
            return _Kept(state, np.asarray(values, np.float64), Verdict(*verdict), float(time))
        except (ValueError, TypeError, AttributeError) as error:
            raise CapabilityError(
                f"surrogate '{self.name}': the bytes are no state of it ({error}). Use the package that they come from"
            ) from error

    def restart(self, t: float, values: Mapping[str, Values]) -> None:
        """Restrict a full state: by connector name, arrays as a whole or by element; states left out stay."""
        self.time = t
        for name, value in values.items():
            if name in self._views:
                self._views[name][:] = value
            elif name in self._offsets:
                self._values[self._offsets[name]] = float(np.asarray(value).item())
            else:
                raise SurrogateError(f"surrogate '{self.name}' has no state '{name}'. Train it for this component")
        self._restart()

    def terminate(self) -> None:
        """Nothing to end."""

    def close(self) -> None:
        """Free what the C code has kept."""
        if self._machine is not None:
            self._machine.close()

    def _own(self, state: object) -> _Kept:
        if not isinstance(state, _Kept):
            raise TypeError(f"not a state kept by a surrogate: {type(state).__name__}. Pass what save_state returned")
        return state

    def _restart(self) -> None:
        if self._machine is not None:
            self.require(self._machine.restart(), self.time, 0.0)
            self._state = self._runtime.state(self._machine.state)
            return
        full = {name: self._views[name].copy() for name in self._states}
        self._show(self._runtime.restart(full, self._values[self._inputs]))

    def _show(self, prediction: Prediction) -> None:
        self._be(prediction.state, prediction.verdict)
        self._values[self._outputs] = prediction.values

    @property
    def _now(self) -> object:
        """The state that it is in."""
        if self._machine is None or self._state is None:
            return self._state
        return self._runtime.state([array.copy() for array in self._machine.state])

    def _be(self, state: object, verdict: Verdict) -> None:
        """Be in a state."""
        self._state, self._verdict = state, verdict
        if self._machine is not None and state is not None:
            self._machine.put(self._runtime.arrays(state), outside=not verdict.inside)
            self._seen = self._machine.steps

    def _require_parameters(self) -> None:
        for variable in self._card.variables:
            if variable.causality != Causality.PARAMETER:
                continue
            trained, now = variable.starts, self._views[variable.name]
            if not np.allclose(now, trained, rtol=1e-9, atol=0.0):
                raise InitializationError(
                    f"surrogate '{self.name}': {variable.name} = {now[0]:g}, but it was trained with {trained[0]:g}. "
                    "Leave the parameter, or train a surrogate for it",
                    component=self.name,
                )

    def places(self, bundle: Bundle) -> NDArray[np.int64]:
        """Where the values of a bundle are among all; SurrogateError for one that it does not have."""
        key = bundle.references.tobytes()
        known = self._indices.get(key)
        if known is None or known[0] is not bundle.connectors:
            elements = [element for connector in bundle.connectors for element in connector.elements]
            missing = [element for element in elements if element not in self._offsets]
            if missing:
                raise SurrogateError(f"surrogate '{self.name}' does not provide {', '.join(missing[:5])}")
            known = (bundle.connectors, np.array([self._offsets[element] for element in elements]))
            self._indices[key] = known
        return known[1]

    def _slices(self) -> dict[str, Floats]:
        views, first = {}, 0
        for connector in self.connectors:
            views[connector.name] = self._values[first : first + connector.size]
            first += connector.size
        return views


def _connector(variable: Variable) -> Connector:
    exponents, factor, offset = variable.si or (None, 1.0, 0.0)
    causality = Causality(variable.causality)
    fixed = causality is Causality.PARAMETER
    return Connector(
        variable.name,
        causality,
        Storage.FLOAT64,
        variable.reference,
        shape=(variable.size,) if variable.size else (),
        unit=Unit(variable.unit, exponents, factor, offset),
        variability=Variability.FIXED if fixed else Variability.CONTINUOUS,
        start=variable.start or None,
        nominal=variable.nominal,
        description=variable.description,
        is_state=variable.is_state,
    )
