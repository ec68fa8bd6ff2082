"""Intervals and shifts of clocks as parameters among the variables of an instance."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import CapabilityError
from orchestrator.fmi.clocks import Setting
from orchestrator.fmi.clocks_ticking import Ticking
from orchestrator.instance import Bundle, Values
from orchestrator.system.connector import Variability

Others = Callable[[Bundle, Values], None]
"""How the variables of the FMU itself are written or read."""


class _Share(NamedTuple):
    """What a bundle holds: settings with their places in it, and all else."""

    settings: tuple[tuple[Setting, int], ...]
    rest: Bundle | None
    where: NDArray[np.intp]


class ClockParameters:
    """Takes bundles apart: settings of clocks are the affair of `ticking`, the others that of the FMU.

    Before the end of the initialization a setting takes effect there, afterwards a tunable one at the next event, for
    which it `wanted` waits.
    """

    def __init__(self, settings: Mapping[str, Setting], ticking: Ticking, component: str) -> None:
        self._settings, self._ticking, self._component = settings, ticking, component
        self._shares: dict[Bundle, _Share | None] = {}
        self._waiting: dict[str, None] = {}

    @property
    def wanted(self) -> bool:
        """Whether an interval waits for the next event."""
        return bool(self._waiting)

    def set(self, bundle: Bundle, values: Values, others: Others, *, stepping: bool) -> None:
        """Write a bundle; `stepping` after the initialization. CapabilityError for a fixed setting then."""
        share = self._share(bundle)
        if share is None:
            others(bundle, values)
            return
        for setting, place in share.settings:
            connector = setting.connector
            if stepping and connector.variability is not Variability.TUNABLE:
                raise CapabilityError(
                    f"'{self._component}.{connector.name}' is fixed: set it before the initialization"
                )
            self._ticking.give(connector.name, float(values[place]))
            if stepping:
                self._waiting[connector.name] = None
        if share.rest is not None:
            others(share.rest, values[share.where])

    def get(self, bundle: Bundle, values: Values, others: Others) -> None:
        """Read a bundle."""
        share = self._share(bundle)
        if share is None:
            others(bundle, values)
            return
        for setting, place in share.settings:
            values[place] = self._ticking.value(setting.connector.name)
        if share.rest is not None:
            found = np.empty(share.rest.size, values.dtype)
            others(share.rest, found)
            values[share.where] = found

    def take_effect(self, t: float) -> None:
        """Tell the FMU the intervals that waited, at t (s)."""
        waiting, self._waiting = self._waiting, {}
        self._ticking.tell(waiting, t)

    def forget(self) -> None:
        """Nothing waits: another state has been restored."""
        self._waiting.clear()

    def _share(self, bundle: Bundle) -> _Share | None:
        if not self._settings:
            return None
        if bundle not in self._shares:
            self._shares[bundle] = self._divided(bundle)
        return self._shares[bundle]

    def _divided(self, bundle: Bundle) -> _Share | None:
        names = [connector.name for connector in bundle.connectors]
        if self._settings.keys().isdisjoint(names):
            return None
        mine = np.repeat([name in self._settings for name in names], [c.size for c in bundle.connectors])
        places = iter(np.flatnonzero(mine).tolist())
        settings = tuple((self._settings[name], next(places)) for name in names if name in self._settings)
        others = [connector for connector in bundle.connectors if connector.name not in self._settings]
        return _Share(settings, Bundle.of(others) if others else None, np.flatnonzero(~mine))
