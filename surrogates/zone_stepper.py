"""One twin on one core: the macro step of `zone_network.advance` with everything that is constant folded beforehand.

The equations are the same, term by term; a test holds both to the same digits. Scalars are Python floats and arrays are
few and small, since at this size the number of calls is what costs.
"""

from math import exp, expm1, log

import numpy as np

from surrogates.networks import NumpyPerceptron
from surrogates.zone_basis import Floats
from surrogates.zone_network import (
    AIR_OXYGEN,
    ATMOSPHERE,
    DENSITY_GRAVITY,
    OXYGEN,
    SPECIES,
    Advanced,
    ReducedTank,
    gas_amount,
    molar_flow,
    species_signs,
)


class ZoneStepper:
    """Steps one state: z (species, K), lumps (len(LUMPS),), with scalars (4,) and rates (species, n)."""

    def __init__(self, tank: ReducedTank, network: NumpyPerceptron | None) -> None:
        species, n, K = tank.lift.shape
        self._tank, self._n, self._shape = tank, n, (species, K, K)
        self._lift_X = np.ascontiguousarray(tank.lift[0])
        self.form = tank.restrict * species_signs(tank)[..., None] / 3600
        transfer = np.zeros((species, K, K))
        transfer[SPECIES.index("DOT")] = -tank.transfer
        self.operators = tank.h * np.stack([tank.stir, tank.flow, transfer]).reshape(3, -1)
        self.readings = np.stack([tank.mean, tank.entry, tank.probe, tank.mean @ tank.transfer])
        self.mean_saturation = (float(tank.mean @ tank.at_surface), float(tank.mean @ tank.with_depth))
        self.layers = [] if network is None else _folded(tank, network)
        self._amount = gas_amount(tank)

    def __call__(self, state: Advanced, scalars: Floats, rates: Floats) -> Advanced:
        """One macro step with held inputs."""
        h, c = self._tank.h, self._tank.constants
        before: list[float] = state.lumps.tolist()
        held: list[float] = scalars.tolist()
        F = held[2] / 3600
        V = before[0] + F * h / 2
        kLa = self.algebraic(held[0], held[1], V)[0] / 3600
        X = self._lift_X @ state.z[0]
        X *= 1 + rates[0] * (h / 7200)
        formed = (self.form @ (rates * X)[..., None])[..., 0]
        shown: list[float] = (self.readings @ state.z[3]).tolist()
        at_surface, with_depth = self._saturation(self._y_O2_half_way(before, held, kLa, shown[3]), V, kLa)
        source = self._closure(state, formed, held)
        source[1] += (F * c.S_feed / V * self._n) * self._tank.inlet
        source[3] += at_surface * self._tank.at_surface + with_depth * self._tank.with_depth
        factors = np.array([1000 * held[0] * self._n / V, F * self._n / V, kLa])
        operator = (factors @ self.operators).reshape(self._shape)
        z = self._pade(operator, state.z * (before[0] / V), source) * (V / (V + F * h / 2))
        return Advanced(z, self._lumps(before, held, formed, shown, (self.readings @ z[3]).tolist()))

    def algebraic(self, N: float, air_flow: float, V: float) -> list[float]:
        """kLa (1/h), power (W) and hold-up, as `zone_network.algebraic`."""
        a, b, c = log(N), log(air_flow), log(V)
        terms = np.array([1.0, a, b, c, a * a, b * b, c * c, a * b, a * c, b * c])
        return [exp(value) for value in (self._tank.kLa_fit @ terms).tolist()]

    def _closure(self, state: Advanced, formed: Floats, held: list[float]) -> Floats:
        """What the cells form plus what the network adds, (species, K) per second; a new array."""
        if not self.layers:
            return np.array(formed)
        gas = state.lumps[2]
        x = np.concatenate([state.z.ravel(), formed.ravel(), [state.lumps[0], gas, *held]])
        for weight, bias in self.layers[:-1]:
            x = weight @ x + bias
            x /= 1.0 + np.exp(-x)
        weight, bias = self.layers[-1]
        return np.asarray(formed + (weight @ x + bias).reshape(formed.shape))

    def _pade(self, B: Floats, y: Floats, source: Floats) -> Floats:
        increment = B @ y[..., None] + self._tank.h * source[..., None]
        twice = B @ increment
        right = increment - twice / 10 + (B @ twice) / 60
        identity = self._tank.identity
        left = identity + B @ (B @ (0.15 * identity - B / 60) - 0.6 * identity)
        stepped: Floats = y + np.linalg.solve(left, right)[..., 0]
        return stepped

    def _saturation(self, y_O2: float, V: float, kLa: float) -> tuple[float, float]:
        c = self._tank.constants
        share = c.gas_depletion / (ATMOSPHERE * AIR_OXYGEN) * y_O2
        scale = kLa * c.DOT_max
        return scale * (1 - c.gas_depletion + share * c.pressure), scale * share * DENSITY_GRAVITY * V / (
            1000 * c.cross_section
        )

    def _y_O2_half_way(self, before: list[float], held: list[float], kLa: float, mean_transfer: float) -> float:
        c, V, y = self._tank.constants, before[0], before[2]
        at_surface, with_depth = self._saturation(y, V, kLa)
        pull = at_surface * self.mean_saturation[0] + with_depth * self.mean_saturation[1] - kLa * mean_transfer
        transfer = pull * V / (c.H * OXYGEN)
        inflow = molar_flow(held[1])
        outflow = inflow - transfer + held[3] * V / 3.6e6
        change: float = (inflow * c.y_O2_in - outflow * y - transfer) * (self._tank.h / 2 / self._amount)
        return y + change

    def _lumps(
        self, before: list[float], held: list[float], formed: Floats, first: list[float], last: list[float]
    ) -> Floats:
        """Lumps after the step; `first` and `last` are mean, entry and probe DO before and after."""
        c, h = self._tank.constants, self._tank.h
        V0, fed = before[0], held[2] / 3600 * h
        V1, V = V0 + fed, V0 + fed / 2
        X, S, A, DOT = (value * (V * h) for value in (formed @ self._tank.mean).tolist())
        O2_fed = fed * (first[1] + last[1]) / 2 / c.H
        transferred = (V1 * last[0] - V0 * first[0] - DOT) / c.H - O2_fed
        gone = -expm1(-h / c.tau_probe)
        probe = gone * (first[2] - before[1]) + (last[2] - first[2]) * (1 - c.tau_probe / h * gone)
        O2, CO2, *gas = self._gas(before, held, transferred)
        dissolved = (fed, fed * c.S_feed, -S, A, X, O2_fed, transferred, -DOT / c.H)
        changes = (fed, probe, O2, CO2, *dissolved, *gas)
        return np.array([value + change for value, change in zip(before, changes, strict=True)])

    def _gas(self, before: list[float], held: list[float], transferred: float) -> tuple[float, ...]:
        """Changes of y_O2, y_CO2 and of the five integrals of the gas."""
        c, h, amount = self._tank.constants, self._tank.h, self._amount
        inflow = molar_flow(held[1])
        transfer, release = transferred / (h * OXYGEN), held[3] * before[0] / 3.6e6
        outflow = inflow - transfer + release
        gone = -expm1(-outflow * (h / amount))
        O2 = ((inflow * c.y_O2_in - transfer) / outflow - before[2]) * gone
        CO2 = ((inflow * c.y_CO2_in + release) / outflow - before[3]) * gone
        O2_in, CO2_in = inflow * (c.y_O2_in * h), inflow * (c.y_CO2_in * h)
        O2_out, CO2_out = O2_in - transfer * h - amount * O2, CO2_in + release * h - amount * CO2
        return O2, CO2, O2_in * OXYGEN, O2_out * OXYGEN, release * h, CO2_in, CO2_out


def _folded(tank: ReducedTank, network: NumpyPerceptron) -> list[tuple[Floats, Floats]]:
    """The layers, with the macro step in the inputs and the closure map in the outputs."""
    weights, biases = list(network.weights), list(network.biases)
    size = len(SPECIES) * tank.lift.shape[2]
    scale = np.ones(weights[0].shape[1])
    scale[size : 2 * size] = tank.h
    weights[0] = weights[0] * scale
    weights[-1], biases[-1] = tank.closure @ weights[-1], tank.closure @ biases[-1]
    return [(np.ascontiguousarray(weight), bias) for weight, bias in zip(weights, biases, strict=True)]
