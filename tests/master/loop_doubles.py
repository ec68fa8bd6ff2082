"""Loops of doubles that need an iteration in every macro step, and what was counted."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orchestrator.master.statistics import LoopStatistics
from orchestrator.simulation import Simulation
from tests.coupled import simulation
from tests.doubles import FunctionInstance, an_input, an_output
from tests.models import Affine, Wire

Run = Simulation[None]


def loop_statistics(run: Run) -> LoopStatistics:
    (found,) = run._coupling.statistics.loops.values()
    return found


def coupled(parts: Sequence[Affine], wires: Sequence[Wire], **more: Any) -> tuple[Run, list[FunctionInstance]]:
    doubles = [part.instance() for part in parts]
    run = simulation(doubles, [wire.entry for wire in wires], **{"algorithm": "iterative", **more})
    return run, doubles


def the_loop(method: str, **loops: Any) -> tuple[Run, list[FunctionInstance]]:
    """y = -2 u + 4, u = y at the start, y = -2 u + 1, u = y from then on."""
    left = FunctionInstance(lambda t, u: -2.0 * u + (1.0 if t > 0.0 else 4.0), name="left")
    right = FunctionInstance(lambda t, u: u, name="right")
    connections = ["left.y -> right.u", "right.y -> left.u"]
    run = simulation([left, right], connections, algorithm="iterative", loops={"method": method, **loops})
    return run, [left, right]


class Several:
    """y = S M S^-1 u + t S b in one component `mix`, u = y through one component each: n unknowns.

    S is the diagonal of `sizes`, which are the declared nominal values where they are to be declared.
    """

    def __init__(self, M: ArrayLike, b: ArrayLike, sizes: ArrayLike | None = None, *, declared: bool = False) -> None:
        self.M, self.b = np.asarray(M, dtype=np.float64), np.asarray(b, dtype=np.float64)
        self.sizes = np.ones(self.b.size) if sizes is None else np.asarray(sizes, dtype=np.float64)
        self.declared = declared
        self.names = [f"pass{k + 1}" for k in range(self.b.size)]

    def run(self, **more: Any) -> tuple[Run, FunctionInstance]:
        count = self.b.size
        D = self.M * self.sizes[:, None] / self.sizes
        mix = FunctionInstance(
            lambda t, u: D @ u + t * self.b * self.sizes,
            name="mix",
            inputs=[an_input(f"u{k + 1}") for k in range(count)],
            outputs=[an_output(f"y{k + 1}") for k in range(count)],
            # all is 0 at the start: nothing is left to be solved there
            feedthrough={f"y{k + 1}": () for k in range(count)},
        )
        declared = self.declared
        nominals = self.sizes.tolist() if declared else [1.0] * count
        through = [
            FunctionInstance(
                lambda t, u: u, name=name, outputs=[an_output(nominal=nominal, nominal_is_declared=declared)]
            )
            for name, nominal in zip(self.names, nominals, strict=True)
        ]
        connections = [f"mix.y{k + 1} -> {name}.u" for k, name in enumerate(self.names)]
        connections += [f"{name}.y -> mix.u{k + 1}" for k, name in enumerate(self.names)]
        return simulation([mix, *through], connections, **{"algorithm": "iterative", **more}), mix

    def found(self, run: Run) -> NDArray[np.float64]:
        """The solution, in units of the sizes."""
        return np.array([run[f"{name}.y"] for name in self.names]) / self.sizes

    def exact(self, t: float) -> NDArray[np.float64]:
        return t * np.linalg.solve(np.eye(self.b.size) - self.M, self.b)


SPREAD = np.array([[-2.0, 1.0], [0.5, -1.5]])
"""A loop of two unknowns that fixed-point iteration goes away from: eigenvalues -1 and -2.5."""
