"""A record in memory, with the reading side of `Results`, so that pictures are tested without a run."""

from dataclasses import dataclass, field

import numpy as np

from orchestrator.observer import Event


@dataclass
class MemoryRecord:
    """Times (n,) and values by name, as `Results` offers them."""

    times: np.ndarray
    values: dict[str, np.ndarray]
    units: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, object] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    items: dict[str, dict[int, str]] = field(default_factory=dict)

    @property
    def names(self):
        return tuple(self.values)

    def numeric(self, name):
        return self.values[name].dtype.kind in "biuf"

    def array(self, name):
        return np.stack([self[known] for known in self.names if known.startswith(f"{name}[")], axis=1)

    def __getitem__(self, name):
        return self.values[name]


def fed_batch(rows=2001, zones=30):
    """A record with every kind of variable: wavy, flat, large, small, array, Boolean, integer."""
    times = np.linspace(0.0, 36000.0, rows)
    part = times / times[-1]
    zone_names = [f"tank.S[{zone + 1}]" for zone in range(zones)]
    values = {
        "cells.OUR": 120.0 * part * np.exp(-(part**2)),
        "cells.CER": 110.0 * part * np.exp(-(part**2)),
        "cells.traces": 1e-4 * part,
        "tank.V": 1.0 + 0.4 * part,
        **{name: 0.1 + 0.01 * zone + 0.05 * np.sin(9 * part) for zone, name in enumerate(zone_names)},
        "tank.p": np.full(rows, 101325.0),
        "plc.phase": np.floor(3 * part).astype(np.int64),
        "plc.feeding": part > 0.3,
    }
    rates = dict.fromkeys(("cells.OUR", "cells.CER", "cells.traces"), "mmol/(L h)")
    units = {**rates, "tank.V": "L", "tank.p": "Pa", **dict.fromkeys(zone_names, "g/L")}
    items = {"plc.phase": {0: "idle", 1: "batch", 2: "fed-batch", 3: "harvest"}}
    return MemoryRecord(times, values, units, items=items)
