"""Runtime: what an instance steps. One implementation per kind of surrogate; the package's card says which."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import SurrogateError
from surrogates.guard import INSIDE, Verdict
from surrogates.package import Package

Floats = NDArray[np.float64]


class Prediction(NamedTuple):
    """State reached, values of the component's states and outputs by name, and the guard's verdict on them."""

    state: Any
    values: Mapping[str, Floats]
    verdict: Verdict = INSIDE


class Runtime(Protocol):
    """Order: 1 `restart`, 2 `step` (repeated). A state is never changed in place, so keeping it keeps the run."""

    def restart(self, full: Mapping[str, Floats], inputs: Mapping[str, Floats]) -> Prediction:
        """Restrict the component's full state; by name, each (size,)."""
        ...

    def step(self, state: Any, inputs: Mapping[str, Floats]) -> Prediction:
        """One macro step with held inputs, by name, each (size,)."""
        ...


def open_runtime(package: Package, device: str) -> Runtime:
    """The runtime for a package's kind; SurrogateError for a kind that is not known."""
    if package.card.kind == "zones":
        from surrogates.zone_runtime import ZoneRuntime

        return ZoneRuntime.of(package, device)
    raise SurrogateError(f"surrogate '{package.card.name}': kind '{package.card.kind}' is not known. Update cotwin")
