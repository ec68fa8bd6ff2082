"""Systems of doubles that are stopped and go on elsewhere, and how the rest of their runs is compared."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.checkpoint.checkpoint import Checkpoint
from orchestrator.simulation import Simulation
from tests.coupled import Memory, Row, simulation
from tests.doubles import FunctionInstance, a_parameter, an_input, an_output

Made = Callable[[Memory], Simulation[None]]
"""Makes the same simulation again, with an observer."""


def oscillator(observer: Memory, **more: Any) -> Simulation[None]:
    """x' = v, v' = -k x - u, each in a component of its own, and a sampled counter beside them."""
    position = FunctionInstance(
        lambda t, u, x: x, name="position", inputs=[an_input("v")], step=lambda t, h, u, x: x + h * u, state=[1.0]
    )
    velocity = FunctionInstance(
        lambda t, u, x: x,
        name="velocity",
        inputs=[an_input("p"), an_input("force")],
        others=[a_parameter("k", 1.0, tunable=True)],
        step=lambda t, h, u, x: x + h * (u[1] - u[0] * float(velocity.values["k"][0])),
        state=[0.0],
    )
    counter = FunctionInstance(
        lambda t, u, x: x, name="counter", inputs=[], step=lambda t, h, u, x: x + 1.0, state=[0.0],
        outputs=[an_output("y", storage="int64")],
    )  # fmt: skip
    links = ["position.y -> velocity.p", "velocity.y -> position.v"]
    return simulation([position, velocity, counter], links, observers=[observer], **more)


def stopped(made: Made, steps: int, tmp_path: Path | None = None) -> tuple[list[Row], Checkpoint]:
    """The rows of a run of so many steps, and its checkpoint, by way of a file where there is a folder for it."""
    observer = Memory()
    with made(observer) as run:
        run.initialize()
        for _ in range(steps):
            run.step()
        checkpoint = run.checkpoint()
    if tmp_path is not None:
        checkpoint.save(tmp_path)
        checkpoint = Checkpoint.load(tmp_path)
    return observer.rows, checkpoint


def resumed(made: Made, checkpoint: Checkpoint) -> list[Row]:
    """The rows from a checkpoint to the end, without that of the checkpoint itself."""
    observer = Memory()
    with made(observer) as run:
        run.restore(checkpoint)
        assert run.time == pytest.approx(checkpoint.time, rel=1e-15)
        if not run.ended:
            run.run()
    return observer.rows[1:]


def uninterrupted(made: Made) -> list[Row]:
    """All rows of a run."""
    observer = Memory()
    with made(observer) as run:
        run.run()
    return observer.rows


def assert_same_rows(rows: Sequence[Row], expected: Sequence[Row]) -> None:
    """Every value of every signal to the bit."""
    assert [row.t for row in rows] == [row.t for row in expected]
    for row, other in zip(rows, expected, strict=True):
        for one, two in zip(row[1:], other[1:], strict=True):
            np.testing.assert_array_equal(one, two)
            assert one.tobytes() == two.tobytes()
