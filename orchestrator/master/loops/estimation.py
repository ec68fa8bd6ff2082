"""Estimation: a cheaper instance that stands in for a component while a loop is solved.

For a component that cannot go back, or whose steps are dear (the idea: COSTARICA, arXiv:2203.11752). The
estimator takes part in the sweeps, corrected by what it was off at the last communication point; then the component
itself steps once, with the inputs that solve the loop.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from orchestrator.errors import CapabilityError, DescriptionError
from orchestrator.instance import Bundle, EventMode, Instance, StateWrite, StepResult, Values, event_mode
from orchestrator.system.connector import Causality, Connector, Storage


class Estimator:
    """See `orchestrator.instance.StandIn`: an instance with the bundles of the one that it stands in for.

    Its float outputs are corrected by a constant over each macro step. Connectors that it does not have are not set,
    and stay in the signals as the component left them.
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self.name = instance.name
        self.connectors = instance.connectors
        self.feedthrough = instance.feedthrough
        self.identity = instance.identity
        self.capabilities = replace(instance.capabilities, serialize_state=False, directional_derivatives=False)
        self._by_name = {connector.name: connector for connector in instance.connectors}
        self._mine: dict[Bundle, _Mine] = {}
        self._corrections: dict[Bundle, Values] = {}
        self._raw: dict[str, Values] = {}

    def set(self, bundle: Bundle, values: Values) -> None:
        """Write what it has of a bundle."""
        mine = self._of(bundle)
        if mine.bundle is not None:
            self._instance.set(mine.bundle, values[mine.where])

    def get(self, bundle: Bundle, values: Values) -> None:
        """Read what it has of a bundle, corrected."""
        mine = self._of(bundle)
        if mine.bundle is None:
            return
        own = np.empty(mine.bundle.size, mine.bundle.storage.dtype)
        self._instance.get(mine.bundle, own)
        correction = self._corrections.get(bundle)
        values[mine.where] = own if correction is None else own + correction

    def align(self, bundle: Bundle, values: Values) -> None:
        """From now on, give these values where it gave its own at the last communication point."""
        mine = self._of(bundle)
        if mine.bundle is None or bundle.storage is not Storage.FLOAT64:
            return
        raw = np.concatenate([self._raw[connector.name] for connector in mine.bundle.connectors])
        self._corrections[bundle] = values[mine.where] - raw

    def note(self) -> None:
        """Remember its outputs at this communication point."""
        for connector in self.connectors:
            if connector.causality is Causality.OUTPUT and connector.storage is Storage.FLOAT64:
                values = np.empty(connector.size)
                self._instance.get(Bundle.of([connector]), values)
                self._raw[connector.name] = values

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        """Enter Initialization Mode."""
        self._instance.enter_initialization(start, stop, tolerance)

    def exit_initialization(self) -> None:
        """Leave Initialization Mode."""
        self._instance.exit_initialization()
        self.note()

    def do_step(self, t: float, h: float) -> StepResult:
        """Step."""
        return self._instance.do_step(t, h)

    def save_state(self) -> object:
        """Keep its state and its last outputs."""
        return self._instance.save_state(), dict(self._raw)

    def restore_state(self, state: object) -> None:
        """Go back to a kept state."""
        own, raw = _kept(state)
        self._instance.restore_state(own)
        self._raw = dict(raw)

    def free_state(self, state: object) -> None:
        """Release a kept state."""
        self._instance.free_state(_kept(state)[0])

    def serialize_state(self, state: object) -> bytes:  # noqa: ARG002
        """Not offered: raises CapabilityError."""
        raise _no_bytes(self.name)

    def deserialize_state(self, data: bytes) -> object:  # noqa: ARG002
        """Not offered: raises CapabilityError."""
        raise _no_bytes(self.name)

    def restart(self, t: float, values: Mapping[str, Values]) -> None:
        """Start it again from states written by value."""
        self._instance.restart(t, values)

    def terminate(self) -> None:
        """End its run."""
        self._instance.terminate()

    def close(self) -> None:
        """Free it."""
        self._instance.close()

    def _of(self, bundle: Bundle) -> "_Mine":
        if bundle not in self._mine:
            self._mine[bundle] = _Mine(bundle, self._by_name)
        return self._mine[bundle]


class _Mine:
    """What an estimator has of a bundle of the component, and where its values lie in it."""

    def __init__(self, bundle: Bundle, by_name: Mapping[str, Connector]) -> None:
        has = [connector.name in by_name for connector in bundle.connectors]
        own = [by_name[connector.name] for connector in bundle.connectors if connector.name in by_name]
        self.bundle = Bundle.of(own) if own else None
        self.where = np.flatnonzero(np.repeat(has, [connector.size for connector in bundle.connectors]))


class Estimated:
    """A component with its estimator beside it, as one instance: what is given to one is given to the other.

    Outputs are those of the component. Its inputs in Step Mode are its own: the estimator gets them in the sweeps.
    """

    def __init__(self, instance: Instance, estimator: Instance) -> None:
        _check(instance, estimator)
        self.instance, self.stand_in = instance, Estimator(estimator)
        self.name = instance.name
        self._stepping = False
        own, other = instance.capabilities, estimator.capabilities
        self.capabilities = replace(
            own,
            variable_step=own.variable_step and other.variable_step,
            get_set_state=own.get_set_state and other.get_set_state,
            serialize_state=False,
            directional_derivatives=False,
            state_write=StateWrite.NONE,
        )

    @property
    def connectors(self) -> tuple[Connector, ...]:
        """Those of the component."""
        return self.instance.connectors

    @property
    def feedthrough(self) -> Mapping[str, tuple[str, ...] | None]:
        """That of the component."""
        return self.instance.feedthrough

    @property
    def identity(self) -> Mapping[str, str]:
        """That of the component, and that of the estimator with the prefix `estimator.`."""
        other = {f"estimator.{key}": value for key, value in self.stand_in.identity.items()}
        return {**self.instance.identity, **other}

    @property
    def event_mode(self) -> EventMode | None:
        """The events of the component."""
        return event_mode(self.instance)

    def set(self, bundle: Bundle, values: Values) -> None:
        """Write to both; inputs in Step Mode to the component alone."""
        self.instance.set(bundle, values)
        if not (self._stepping and any(each.causality is Causality.INPUT for each in bundle.connectors)):
            self.stand_in.set(bundle, values)

    def get(self, bundle: Bundle, values: Values) -> None:
        """Read from the component."""
        self.instance.get(bundle, values)

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        """Both enter Initialization Mode."""
        self.instance.enter_initialization(start, stop, tolerance)
        self.stand_in.enter_initialization(start, stop, tolerance)

    def exit_initialization(self) -> None:
        """Both leave Initialization Mode."""
        self.instance.exit_initialization()
        self.stand_in.exit_initialization()
        self._stepping = True

    def do_step(self, t: float, h: float) -> StepResult:
        """Step the component; the estimator has made the step already."""
        result = self.instance.do_step(t, h)
        self.stand_in.note()
        return result

    def save_state(self) -> object:
        """Keep the states of both."""
        return self.instance.save_state(), self.stand_in.save_state()

    def restore_state(self, state: object) -> None:
        """Both go back."""
        for one, kept in zip((self.instance, self.stand_in), _kept(state), strict=True):
            one.restore_state(kept)

    def free_state(self, state: object) -> None:
        """Release the states of both."""
        for one, kept in zip((self.instance, self.stand_in), _kept(state), strict=True):
            one.free_state(kept)

    def serialize_state(self, state: object) -> bytes:  # noqa: ARG002
        """Not offered: raises CapabilityError."""
        raise _no_bytes(self.name)

    def deserialize_state(self, data: bytes) -> object:  # noqa: ARG002
        """Not offered: raises CapabilityError."""
        raise _no_bytes(self.name)

    def restart(self, t: float, values: Mapping[str, Values]) -> None:  # noqa: ARG002
        """Not offered: raises CapabilityError."""
        raise CapabilityError(f"'{self.name}' with an estimator cannot be started again. Leave the estimator out")

    def terminate(self) -> None:
        """End both regularly."""
        self.instance.terminate()
        self.stand_in.terminate()

    def close(self) -> None:
        """Free both."""
        try:
            self.instance.close()
        finally:
            self.stand_in.close()


def _check(instance: Instance, estimator: Instance) -> None:
    what = f"'{instance.name}': its estimator"
    if not estimator.capabilities.get_set_state:
        raise CapabilityError(
            f"{what} cannot go back: it does not declare get/set FMU state. Give a file of which it does"
        )
    if event_mode(estimator) is not None:
        raise CapabilityError(f"{what} has Event Mode, and a loop is solved in Step Mode. Export it without")
    by_name = {connector.name: connector for connector in estimator.connectors}
    differing = [each for each in instance.connectors if _matters(each) and not _alike(each, by_name.get(each.name))]
    if differing:
        names = ", ".join(f"'{each.name}'" for each in differing[:5])
        raise DescriptionError(
            f"{what} lacks {names}, or has it with another causality, type, shape or unit. Give a file with the inputs "
            "and outputs of the component"
        )


def _matters(connector: Connector) -> bool:
    return connector.causality in (Causality.INPUT, Causality.OUTPUT)


def _alike(one: Connector, other: Connector | None) -> bool:
    return other is not None and all(
        getattr(one, key) == getattr(other, key) for key in ("causality", "storage", "shape", "unit")
    )


def _kept(state: object) -> Sequence[Any]:
    if not isinstance(state, tuple):
        raise TypeError(f"not a state kept by a component with an estimator: {type(state).__name__}")
    return state


def _no_bytes(name: str) -> CapabilityError:
    return CapabilityError(f"'{name}' with an estimator cannot serialize its state. Leave the estimator out")
