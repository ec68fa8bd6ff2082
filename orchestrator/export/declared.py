"""Declared: components as their files declare them, which take the place of instances in a plan that is not run."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from orchestrator.fmi.events_description import read_features
from orchestrator.fmi.intermediate_inputs import sloped, takes_slopes
from orchestrator.fmi.variables import ModelInfo
from orchestrator.instance import Bundle, Capabilities, Instance, Values
from orchestrator.system.connector import Causality, Connector, Variability
from orchestrator.system.solving import Extrapolation


@dataclass(frozen=True)
class _Slopes:
    """The names of inputs or outputs with derivatives, which is all that a plan asks for."""

    names: Collection[str]


@dataclass(frozen=True)
class _Events:
    """Event Mode without clocks, as far as a plan asks for it."""

    clocks: Collection[str] = ()
    timed: Collection[str] = ()
    clocked: Mapping[str, Collection[str]] = field(default_factory=dict)


class _Derivatives:
    """Directional derivatives by a call; `references` keeps those that it is asked with."""

    function = 0

    def __init__(self, sized: bool) -> None:
        self._sized = sized
        self.references: list[NDArray[np.int64]] = []

    @property
    def native(self) -> "_Derivatives":
        """Itself."""
        return self

    def arguments(self, unknowns: Bundle, knowns: Bundle, seed: Values, result: Values) -> Sequence[int]:
        """Those of the function, but for the instance, which there is none of."""
        rows, columns = self._kept(unknowns), self._kept(knowns)
        values = [rows, unknowns.references.size, columns, knowns.references.size]
        sizes = (seed.ctypes.data, seed.size, result.ctypes.data, result.size)
        return (0, *values, *(sizes if self._sized else (*sizes[::2], 0, 0)))

    def _kept(self, bundle: Bundle) -> int:
        """Where a copy of the references lies that fills whole words."""
        words = np.zeros(-(-bundle.references.size // 2), np.int64)
        words.view(np.uint32)[: bundle.references.size] = bundle.references
        self.references.append(words)
        return int(words.ctypes.data)


@dataclass(frozen=True, eq=False)
class Declared:
    """What a master asks a component before it steps."""

    name: str
    connectors: tuple[Connector, ...]
    feedthrough: Mapping[str, tuple[str, ...] | None]
    capabilities: Capabilities
    input_slopes: _Slopes | None = None
    output_slopes: _Slopes | None = None
    event_mode: _Events | None = None
    directional_derivatives: _Derivatives | None = None
    identity: Mapping[str, str] = field(default_factory=dict)


def declared(name: str, model: ModelInfo, kind: str, wanted: Extrapolation) -> Instance:
    """An FMU as it declares itself for one kind; its inputs are `wanted` to go on over a step, or to be held."""
    early = kind == "CoSimulation" and read_features(model.path).early_return
    capabilities = replace(model.interface(kind).capabilities, may_return_early=early)
    inputs, outputs = _slopes(model, kind, extrapolate=wanted.order > 0 or wanted.smoothing)
    events = _Events() if has_events(model, kind) else None
    tells = kind == "CoSimulation" and model.interface(kind).capabilities.directional_derivatives
    derivatives = _Derivatives(model.fmi_version.startswith("3")) if tells else None
    found = Declared(name, model.connectors, model.feedthrough, capabilities, inputs, outputs, events, derivatives)
    return cast("Instance", found)  # it is asked what it is, and never stepped


def has_events(model: ModelInfo, kind: str) -> bool:
    """Whether an FMU for Co-Simulation has Event Mode."""
    return kind == "CoSimulation" and read_features(model.path).event_mode


def taken_inputs(model: ModelInfo) -> tuple[Connector, ...]:
    """The inputs that an FMU for Co-Simulation takes with derivatives, or during a step; none where it does not."""
    return sloped(model) if takes_slopes(model, read_features(model.path)) else ()


def _slopes(model: ModelInfo, kind: str, *, extrapolate: bool) -> tuple[_Slopes | None, _Slopes | None]:
    if kind == "ModelExchange":
        inputs = [connector.name for connector in model.continuous_inputs] if extrapolate else []
        return (_Slopes(inputs) if inputs else None), None
    taken = [connector.name for connector in taken_inputs(model)] if extrapolate else []
    told = read_features(model.path).output_derivatives > 0
    outputs = [connector.name for connector in model.connectors if _is_told(model, connector)] if told else []
    return (_Slopes(taken) if taken else None), (_Slopes(outputs) if outputs else None)


def _is_told(model: ModelInfo, connector: Connector) -> bool:
    """As `OutputDerivatives` has them."""
    continuous = connector.causality is Causality.OUTPUT and connector.variability is Variability.CONTINUOUS
    return continuous and model.types[connector.name] in ("Real", "Float64")
