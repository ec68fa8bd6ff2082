"""bsm2-python, an independent program of the same plant, started from given states and stepped with a given step."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from bsm2_python.bsm1_ol import BSM1OL

from plant_models.wastewater.constants import DAY, NAMES, SOLIDS, SOLUBLES
from tests.bsm1.plant import LAYERS, TANKS

OXYGEN, NITRATE, Q, TEMPERATURE, SIZE = 7, 8, 14, 15, 21
"""Places in its streams: 13 concentrations, TSS, flow, temperature (degC), five that are not used."""


class Trajectory(NamedTuple):
    """The 13 concentrations (times, 13) of every tank and of the effluent, and flow of the latter, after every step.

    `acting` is (times, 2): kLa of tank 5 and internal recycle over the step; `judged` (times, 3) is what the program
    itself makes of it: EQI (kg/d), PE and AE (kWh/d).
    """

    tanks: Mapping[str, np.ndarray]
    effluent: np.ndarray
    flow: np.ndarray
    acting: np.ndarray
    judged: np.ndarray


class Control(Protocol):
    """Decides on kLa of tank 5 (1/d) and the internal recycle (m3/d) of the next step of h (d), from what is there."""

    def __call__(self, oxygen: float, nitrate: float, h: float) -> tuple[float, float]: ...


def nothing(oxygen: float, nitrate: float, h: float) -> tuple[float, float]:
    """Open loop."""
    return 84.0, 55338.0


def stream(concentrations: Mapping[str, float], flow: float) -> np.ndarray:
    values = np.zeros(SIZE)
    values[:13] = [concentrations[name] for name in NAMES]
    values[13] = 0.75 * sum(concentrations[name] for name in SOLIDS)
    values[[Q, TEMPERATURE]] = flow, 15.0
    return values


class Independent:
    """`states` are those of the components as `parameters`, `influent` its rows (time in d, 21 values).

    In the first step the `internal` recycle (m3/d) carries what it does before any control.
    """

    def __init__(
        self, influent: np.ndarray, states: Mapping[str, Mapping[str, Any]], h: float, internal: float = 55338.0
    ) -> None:
        self._h = h / DAY
        self.plant = BSM1OL(data_in=influent, timestep=h / DAY)
        for number, tank in enumerate(TANKS, 1):
            getattr(self.plant, f"reactor{number}").y0 = stream(states[tank], 0.0)
            setattr(self.plant, f"y_out{number}", stream(states[tank], 0.0))
        self._fill_settler(states["settler"])
        # What its recycles carry in the first step.
        tank5 = states["tank5"]
        self.plant.y_out5_r = stream(tank5, internal)
        bottom = {name: states["settler"][name][-1] for name in SOLUBLES}
        thickened = states["settler"]["TSS"][-1] / stream(tank5, 0.0)[13]
        bottom |= {name: tank5[name] * thickened for name in NAMES if name not in SOLUBLES}
        self.plant.ys_out = stream(bottom, 18446.0)

    def _fill_settler(self, states: Mapping[str, Sequence[float]]) -> None:
        layers = len(LAYERS)
        held = np.zeros(12 * layers)
        held[: 8 * layers] = np.concatenate([states[name] for name in (*SOLUBLES, "TSS")])
        held[8 * layers : 9 * layers] = 15.0
        self.plant.settler.ys0 = held

    def run(self, steps: int, control: Control = nothing) -> Trajectory:
        """Step on and tell what came out of every step."""
        rows: dict[str, list[np.ndarray]] = {name: [] for name in (*TANKS, "effluent")}
        acting = np.zeros((steps, 2))
        for step in range(steps):
            oxygen, nitrate = self.plant.y_out5[OXYGEN], self.plant.y_out2[NITRATE]
            acting[step] = control(oxygen, nitrate, self._h)
            self.plant.qintr = acting[step, 1]
            self.plant.step(step, np.array([0.0, 0.0, 240.0, 240.0, acting[step, 0]]))
            for number, tank in enumerate(TANKS, 1):
                rows[tank].append(np.array(getattr(self.plant, f"y_out{number}")))
            rows["effluent"].append(np.array(self.plant.ys_eff))
        stacked = {name: np.array(values) for name, values in rows.items()}
        judged = np.column_stack([self.plant.eqi_all[:steps], self.plant.perf_factors_all[:steps, :2]])
        tanks, effluent = {t: stacked[t][:, :13] for t in TANKS}, stacked["effluent"]
        return Trajectory(tanks, effluent[:, :13], effluent[:, Q], acting, judged)
