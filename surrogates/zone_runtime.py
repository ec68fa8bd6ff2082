"""Stepping the hybrid of a tank in zones: one twin, float64, in NumPy; or the same arithmetic in torch on a device."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import SurrogateError
from surrogates.guard import Box, Verdict
from surrogates.library import load_library
from surrogates.machine import Machine, Places
from surrogates.networks import NumpyPerceptron
from surrogates.package import Package
from surrogates.runtime import Prediction
from surrogates.zone_basis import positive_lift
from surrogates.zone_code import ZoneModel, files
from surrogates.zone_network import (
    ALGEBRAIC,
    LUMPS,
    RATES,
    SCALARS,
    SPECIES,
    Advanced,
    ReducedTank,
    TankConstants,
    advance,
)
from surrogates.zone_stepper import ZoneStepper

Floats = NDArray[np.float64]
MEANS = tuple(f"{name}_mean" for name in SPECIES)
OFFGAS = ("offgas_O2", "offgas_CO2")
_OXYGEN = SPECIES.index("DOT")


class ZoneRuntime:
    """Reduced tank, network and validity box; a state is `Advanced` (z, lumps) in NumPy arrays."""

    def __init__(
        self, tank: ReducedTank, groups: NDArray[np.int64], network: NumpyPerceptron | None, box: Box, device: str
    ) -> None:
        self._tank, self._groups, self._box = tank, groups, box
        self._count = int(groups.max()) + 1
        self._stepper, self._device = ZoneStepper(tank, network), device
        self._advance = self._stepper if device == "cpu" else step_on_device(tank, network, device)

    @classmethod
    def of(cls, package: Package, device: str) -> "ZoneRuntime":
        """From a package; SurrogateError where its arrays are not those of a tank."""
        tank, groups = tank_from_arrays(package)
        network = _prefixed(package, "network.")
        bounds = np.array(list(package.card.box.values()))
        box = Box(tuple(package.card.box), bounds[:, 0], bounds[:, 1])
        if len(box.names) != len(guarded_names(int(groups.max()) + 1)):
            raise SurrogateError(f"surrogate '{package.card.name}': its box has not one entry per guarded quantity")
        return cls(tank, groups, NumpyPerceptron.from_arrays(network) if network else None, box, device)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Scalars, then rates by zone."""
        return (*SCALARS, *RATES)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Fields by zone, then lumps, means and algebraic outputs."""
        return (*SPECIES, *LUMPS, *MEANS, *ALGEBRAIC, *OFFGAS)

    def restart(self, full: Mapping[str, Floats], inputs: Floats) -> Prediction:
        """Group means and amplitudes of the fields; lumps as they are."""
        field = np.stack([full[name] for name in SPECIES])
        z = (self._tank.restrict @ field[..., None])[..., 0]
        lumps = np.array([full[name][0] for name in LUMPS])
        return self._predict(Advanced(z, lumps), inputs[: len(SCALARS)])

    def step(self, state: Any, inputs: Floats) -> Prediction:
        """One macro step."""
        scalars, rates = inputs[: len(SCALARS)], inputs[len(SCALARS) :].reshape(len(RATES), -1)
        return self._predict(self._advance(state, scalars, rates), scalars)

    def arrays(self, state: Any) -> tuple[Floats, ...]:
        """Modes (species, modes) and lumps."""
        return tuple(state)

    def state(self, arrays: Sequence[Any]) -> Advanced:
        """From modes and lumps."""
        shapes = [np.shape(array) for array in arrays]
        expected = [(len(SPECIES), self._tank.lift.shape[2]), (len(LUMPS),)]
        if shapes != expected:
            raise ValueError(f"arrays of shapes {shapes} are no state, which has {expected}")
        return Advanced(*(np.asarray(array, np.float64) for array in arrays))

    def code(self) -> Mapping[str, str]:
        """Its C files, by name."""
        return files(ZoneModel(self._tank, self._stepper, self._groups, self._box))

    def machine(self, values: Floats, places: tuple[Places, Places]) -> Machine | None:
        """In C, where there is a compiler; its state has the scalars held in the last step, for the guard."""
        if self._device != "cpu":
            return None
        library = load_library(self.code())
        if library is None:
            return None
        shape = (len(SPECIES), self._tank.lift.shape[2])
        return Machine(library, values, places, (np.zeros(shape), np.zeros(len(LUMPS))), np.zeros(len(SCALARS)))

    def verdict(self, arrays: Sequence[Any], held: Floats) -> Verdict:
        """The guard's verdict on a state, and on the scalars held in the step that led there."""
        return self._box.check(guarded(self._count, Advanced(*arrays), held))

    def _predict(self, state: Advanced, scalars: Floats) -> Prediction:
        """Lift: concentrations are never negative; DO may be, as in the component, where cells lack oxygen."""
        field = (self._tank.lift @ state.z[..., None])[..., 0]
        if field[:_OXYGEN].min() < 0.0:
            for k in range(_OXYGEN):
                field[k] = positive_lift(self._groups, field[k])
        said = self._stepper.algebraic(float(scalars[0]), float(scalars[1]), float(state.lumps[0]))
        values = np.concatenate([field.ravel(), state.lumps, state.z @ self._tank.mean, said, state.lumps[2:4]])
        return Prediction(state, values, self._box.check(guarded(self._count, state, scalars)))


def guarded_names(groups: int) -> tuple[str, ...]:
    """Quantities that the box bounds: inputs, V, y_O2 and the means of the groups."""
    means = [f"{name} in group {group}" for name in SPECIES for group in range(1, groups + 1)]
    return (*SCALARS, "V", "y_O2", *means)


def guarded(groups: int, state: Advanced, scalars: Floats) -> Floats:
    """Their values, (..., quantities)."""
    means = state.z[..., :groups]
    lumps = state.lumps[..., [0, 2]]
    return np.concatenate([scalars, lumps, means.reshape(*means.shape[:-2], -1)], axis=-1)


def tank_to_arrays(tank: ReducedTank, groups: NDArray[np.int64]) -> dict[str, Floats]:
    """Arrays of a reduced tank for a package; constants and macro step go on the card."""
    arrays = {f"tank.{name}": np.asarray(array) for name, array in tank.arrays().items()}
    return arrays | {"groups": groups.astype(np.float64)}


def tank_from_arrays(package: Package) -> tuple[ReducedTank, NDArray[np.int64]]:
    """Reduced tank and the groups of its zones from a package, with their shapes checked against each other."""
    arrays, card = _prefixed(package, "tank."), package.card
    expected = {one.name for one in fields(ReducedTank)} - {"constants", "h"}
    if set(arrays) != expected or "groups" not in package.arrays:
        raise SurrogateError(f"surrogate '{card.name}': arrays of a tank are missing. Train it again")
    try:
        constants = TankConstants(**card.constants)
    except TypeError as error:
        raise SurrogateError(f"surrogate '{card.name}': constants of the tank: {error}. Train it again") from error
    tank = ReducedTank(**arrays, constants=constants, h=card.macro_step)
    species, n, K = tank.lift.shape
    if tank.restrict.shape != (species, K, n) or tank.stir.shape != (species, K, K) or tank.mean.shape != (K,):
        raise SurrogateError(f"surrogate '{card.name}': the shapes of its arrays contradict each other. Train it again")
    return tank, package.arrays["groups"].astype(np.int64)


def step_on_device(
    tank: ReducedTank, network: NumpyPerceptron | None, device: str
) -> Callable[[Advanced, Floats, Floats], Advanced]:
    """The same step in torch, values copied to the device and back."""
    import torch

    def put(array: Any) -> torch.Tensor:
        return torch.as_tensor(array, dtype=torch.float64, device=device)

    there = tank.convert(put)
    layers = [] if network is None else [(put(w), put(b)) for w, b in zip(network.weights, network.biases, strict=True)]

    def closure(x: torch.Tensor) -> torch.Tensor:
        for k, (weight, bias) in enumerate(layers):
            x = torch.nn.functional.linear(x, weight, bias)
            x = torch.nn.functional.silu(x) if k < len(layers) - 1 else x
        return x

    @torch.no_grad()
    def step(state: Advanced, scalars: Floats, rates: Floats) -> Advanced:
        before = Advanced(put(state.z), put(state.lumps))
        after = advance(torch, there, before, put(scalars), put(rates), closure if layers else None)
        return Advanced(after.z.cpu().numpy(), after.lumps.cpu().numpy())

    return step


def _prefixed(package: Package, prefix: str) -> dict[str, Floats]:
    return {name.removeprefix(prefix): array for name, array in package.arrays.items() if name.startswith(prefix)}
