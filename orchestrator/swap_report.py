"""What a swap did and measured: bumps, costs of a step, hand-overs."""

from collections import deque
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.instance import Bundle, Instance


class Mode(StrEnum):
    """Who is in charge, and whether a newcomer steps beside it."""

    FMU = "fmu"
    SHADOW_SURROGATE = "fmu, surrogate in the shadow"
    SURROGATE = "surrogate"
    SHADOW_FMU = "surrogate, fmu in the shadow"


class Bump(NamedTuple):
    """Largest difference, newcomer minus incumbent, over the elements of a connector at one communication point.

    `scaled` is relative to max(|incumbent|, nominal), element by element.
    """

    connector: str
    absolute: float
    scaled: float


class Cost(NamedTuple):
    """Cost of one step (s): number of steps measured (the last 4096 at most), median and 99th percentile."""

    steps: int
    p50: float
    p99: float


class HandOver(NamedTuple):
    """One change of charge at time t (s): who took over, by which way, and the bumps of outputs and full state."""

    t: float
    newcomer: str
    way: str
    cause: str
    outputs: tuple[Bump, ...]
    states: tuple[Bump, ...]


class SwapReport(NamedTuple):
    """What the swap did and what it measured.

    `steps` counts macro steps by mode; `shadow_error` is the largest scaled output error of a newcomer during a
    shadow, by connector; `declined` says why the surrogate was not swapped in, None where it was or is not yet due.
    """

    component: str
    mode: Mode
    steps: Mapping[Mode, int]
    fmu: Cost
    surrogate: Cost
    hand_overs: tuple[HandOver, ...]
    shadow_error: Mapping[str, float]
    declined: str | None
    forced: bool

    @property
    def speed_up(self) -> float:
        """Median cost of a step of the FMU over that of the surrogate."""
        return self.fmu.p50 / self.surrogate.p50 if self.surrogate.p50 > 0.0 else float("nan")


def read(instance: Instance, bundle: Bundle) -> NDArray[np.float64]:
    """The values of a float64 bundle, in an array of their own."""
    values = np.empty(bundle.size)
    instance.get(bundle, values)
    return values


def bump(bundle: Bundle, old: NDArray[np.float64], new: NDArray[np.float64]) -> Bump:
    """Bump of a bundle of one connector, `old` the incumbent's values and `new` the newcomer's."""
    (connector,) = bundle.connectors
    difference = np.abs(new - old)
    scale = np.maximum(np.abs(old), connector.nominal)
    return Bump(connector.name, float(difference.max()), float((difference / scale).max()))


def cost(samples: deque[float] | None) -> Cost:
    """Median and 99th percentile of the samples (s); NaN where there are none."""
    if not samples:
        return Cost(0, float("nan"), float("nan"))
    p50, p99 = np.percentile(np.asarray(samples), (50, 99))
    return Cost(len(samples), float(p50), float(p99))
