"""Runtime: what an instance steps. One implementation per kind of surrogate; the package's card says which."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import SurrogateError
from surrogates.guard import INSIDE, Verdict
from surrogates.machine import Machine, Places
from surrogates.package import Package

Floats = NDArray[np.float64]


class Prediction(NamedTuple):
    """State reached, values of the component's states and outputs behind each other, and the guard's verdict."""

    state: Any
    values: Floats
    verdict: Verdict = INSIDE


class Runtime(Protocol):
    """Order: 1 `restart`, 2 `step` (repeated). A state is never changed in place, so keeping it keeps the run."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs, in the order of their values."""
        ...

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the states and outputs that a prediction gives, in the order of its values."""
        ...

    def restart(self, full: Mapping[str, Floats], inputs: Floats) -> Prediction:
        """Restrict the component's full state; by name, each (size,)."""
        ...

    def step(self, state: Any, inputs: Floats) -> Prediction:
        """One macro step with held inputs, all values behind each other."""
        ...

    def arrays(self, state: Any) -> tuple[Floats, ...]:
        """A state as arrays."""
        ...

    def state(self, arrays: Sequence[Any]) -> Any:
        """The state that arrays hold; ValueError where they hold none."""
        ...

    def code(self) -> Mapping[str, str]:
        """The same step as C files, by name; see c/zone_step.h."""
        ...

    def machine(self, values: Floats, places: tuple[Places, Places]) -> Machine | None:
        """That code, which works on `values`, at the places of inputs and outputs; None where it cannot be."""
        ...

    def verdict(self, arrays: Sequence[Any], held: Floats) -> Verdict:
        """The guard's verdict on a state of a machine, and on the scalars held in the step that led there."""
        ...


def open_runtime(package: Package, device: str) -> Runtime:
    """The runtime for a package's kind; SurrogateError for a kind that is not known."""
    if package.card.kind == "zones":
        from surrogates.zone_runtime import ZoneRuntime

        return ZoneRuntime.of(package, device)
    raise SurrogateError(f"surrogate '{package.card.name}': kind '{package.card.kind}' is not known. Update cotwin")
