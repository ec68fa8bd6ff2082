"""Many twins of the tank's surrogate at once: twin-steps per second on the CPU and on a CUDA device, one JSON line.

    python benchmarks/gpu.py [PACKAGE.surrogate]

Needs torch, numpy and safetensors alone, and a trained package (`make demo` leaves one in build/surrogates). The
comparator is the one-twin NumPy step of the same package in the same run. `difference` is the largest relative
difference of the fields after 100 steps from float64 on the CPU.
"""

import json
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from surrogates.networks import NumpyPerceptron
from surrogates.package import load_package
from surrogates.zone_network import LUMPS, RATES, SCALARS, SPECIES, Advanced, ReducedTank, advance
from surrogates.zone_runtime import tank_from_arrays
from surrogates.zone_stepper import ZoneStepper

PACKAGE = Path("build/surrogates/fluid_dynamics_20x10.surrogate")
BATCHES = {"cpu": (1, 100, 10_000), "cuda": (1, 100, 10_000, 100_000)}
STEPS = 100
SECONDS = 3.0
FIELDS = {"X": 20.0, "S": 0.02, "A": 0.015, "DOT": 55.0}
HELD = {"V": 1e4, "DOT_probe": 45.0, "y_O2": 0.17, "y_CO2": 0.025}
INPUTS = {"stirrer_speed": 2.4, "air_flow": 7000.0, "feed": 85.0, "CER": 40.0}
CELLS = {"mu": 0.11, "qS": 0.2, "qA": 0.0, "qO": 0.115}


class Case(NamedTuple):
    """State and inputs of one twin."""

    state: Advanced
    scalars: Any
    rates: Any


class Setting(NamedTuple):
    """Where, how precisely and how many at once."""

    device: str
    dtype: torch.dtype
    twins: int


def main() -> None:
    package = load_package(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE)
    tank, _ = tank_from_arrays(package)
    arrays = {n.removeprefix("network."): a for n, a in package.arrays.items() if n.startswith("network.")}
    network = NumpyPerceptron.from_arrays(arrays) if arrays else None
    case = one_twin(tank)
    exact = reference(tank, network, case)
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    rows = [
        measure(tank, network, case, exact, Setting(device, dtype, batch))
        for device in devices
        for dtype in (torch.float64, torch.float32)
        for batch in BATCHES[device]
    ]
    print(
        json.dumps(
            {
                "benchmark": "gpu",
                "unit": "twin-steps/s",
                "zones": int(tank.lift.shape[1]),
                "numpy_one_twin": round(numpy_rate(tank, network, case)),
                "rows": rows,
                "device": torch.cuda.get_device_name() if len(devices) > 1 else None,
                "processor": platform.processor() or platform.machine(),
                "threads": torch.get_num_threads(),
                "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
            }
        )
    )


def one_twin(tank: ReducedTank) -> Case:
    """A uniform broth in the middle of the training data."""
    n = tank.lift.shape[1]
    fields = np.stack([np.full(n, FIELDS[name]) for name in SPECIES])
    z = (tank.restrict @ fields[..., None])[..., 0]
    lumps = np.array([HELD.get(name, 0.0) for name in LUMPS])
    rates = np.stack([np.full(n, CELLS[name]) for name in RATES])
    return Case(Advanced(z, lumps), np.array([INPUTS[name] for name in SCALARS]), rates)


def reference(tank: ReducedTank, network: NumpyPerceptron | None, case: Case) -> np.ndarray:
    """Fields after STEPS steps in float64 on the CPU, one twin in NumPy."""
    step, state = ZoneStepper(tank, network), case.state
    for _ in range(STEPS):
        state = step(state, case.scalars, case.rates)
    return np.asarray(state.z)


def numpy_rate(tank: ReducedTank, network: NumpyPerceptron | None, case: Case) -> float:
    step, state, count = ZoneStepper(tank, network), case.state, 0
    began = time.perf_counter()
    while time.perf_counter() - began < SECONDS / 3:
        state = step(state, case.scalars, case.rates)
        count += 1
    return count / (time.perf_counter() - began)


@torch.no_grad()
def measure(
    tank: ReducedTank, network: NumpyPerceptron | None, case: Case, exact: np.ndarray, setting: Setting
) -> dict[str, Any]:
    """Rate over at least STEPS steps and SECONDS seconds after a first run of STEPS, which gives the difference."""
    step, state = batched(tank, network, case, setting)
    device, dtype, batch = setting
    for _ in range(STEPS):
        state = step(state)
    difference = np.abs(state.z[0].double().cpu().numpy() - exact).max(axis=1) / np.abs(exact).max(axis=1)
    count, began = 0, time.perf_counter()
    while count < STEPS and time.perf_counter() - began < SECONDS:
        state = step(state)
        count += 1
        if device == "cuda" and count % 10 == 0:
            torch.cuda.synchronize()
    if device == "cuda":
        torch.cuda.synchronize()
    rate = batch * count / (time.perf_counter() - began)
    return {
        "device": device,
        "dtype": str(dtype).removeprefix("torch."),
        "twins": batch,
        "rate": float(f"{rate:.4g}"),
        "difference": float(f"{difference.max():.2g}"),
    }


def batched(
    tank: ReducedTank, network: NumpyPerceptron | None, case: Case, setting: Setting
) -> tuple[Callable[[Advanced], Advanced], Advanced]:
    """A step of equal twins that stay on the device, and their first state."""
    device, dtype, batch = setting

    def put(array: Any) -> torch.Tensor:
        return torch.as_tensor(array, dtype=dtype, device=device)

    def spread(array: Any) -> torch.Tensor:
        return put(array).expand(batch, *np.shape(array)).contiguous()

    there, layers = tank.convert(put), []
    if network is not None:
        layers = [(put(w), put(b)) for w, b in zip(network.weights, network.biases, strict=True)]

    def closure(x: torch.Tensor) -> torch.Tensor:
        for weight, bias in layers[:-1]:
            x = torch.nn.functional.silu(torch.nn.functional.linear(x, weight, bias))
        return torch.nn.functional.linear(x, *layers[-1])

    scalars, rates = spread(case.scalars), spread(case.rates)

    def step(state: Advanced) -> Advanced:
        return advance(torch, there, state, scalars, rates, closure if layers else None)

    return step, Advanced(spread(case.state.z), spread(case.state.lumps))


if __name__ == "__main__":
    main()
