"""Bonds between doubles: what is lost in each step is known, and the ledger is what is missing from both ends."""

from typing import Any

import numpy as np
import pytest

from orchestrator.errors import DescriptionError
from orchestrator.master.snapshot import Rollback
from orchestrator.system.quantities.unit_text import parse_unit
from tests.coupled import Memory, simulation
from tests.doubles import FunctionInstance, an_input, an_output

H, CONTENT = 0.1, 3.0
CONNECTIONS = ["tank.q -> pipe.q", "tank.c -> pipe.c"]


def ledger(**more: Any) -> tuple[np.ndarray, np.ndarray]:
    """Residual and sum at every communication point; the tank gives the flow q = t of content 3."""
    tank = FunctionInstance(lambda t, u: [t, CONTENT], name="tank", inputs=(), outputs=[an_output("q"), an_output("c")])
    pipe = FunctionInstance(
        lambda t, u: [u[0] * u[1]], name="pipe", inputs=[an_input("q"), an_input("c")], outputs=[an_output("got")]
    )
    memory = Memory()
    bond = {"kind": "mass", "connections": CONNECTIONS, "factor": 2.0}
    fields = {"algorithm": "jacobi", "step_size": H, "bonds": {"feed": bond}, **more}
    with simulation([tank, pipe], CONNECTIONS, observers=[memory], **fields) as run:
        run.run()
    return memory.of("bonds", "feed.residual")[:, 0], memory.of("bonds", "feed.sum")[:, 0]


def test_held_inputs_lose_the_rise_of_the_flow_over_each_step_and_the_ledger_sums_it() -> None:
    residual, total = ledger()
    assert residual[1:] == pytest.approx(2.0 * CONTENT * H)
    assert total == pytest.approx(2.0 * CONTENT * H * H * np.arange(len(total)))


def test_inputs_on_a_straight_line_lose_less_once_two_values_are_known() -> None:
    held, _ = ledger()
    straight, _ = ledger(extrapolation={"order": 1})
    assert np.abs(straight[2:]).max() < 0.51 * held[2:].min()


def tanks() -> list[FunctionInstance]:
    """One flows into the other: it gives h F c of the end of its step, and the other gets what it is told."""
    first = FunctionInstance(
        lambda t, u, x: [0.5, x[0] / 2.0],
        name="a",
        inputs=[],
        outputs=[an_output("F", unit=parse_unit("L/h")), an_output("c", unit=parse_unit("g/L"))],
        step=lambda t, h, u, x: x / (1.0 + h * 0.5 / 2.0),
        state=[4.0],
    )
    second = FunctionInstance(
        lambda t, u, x: x,
        name="b",
        inputs=[an_input("F", unit=parse_unit("mL/h")), an_input("c", unit=parse_unit("kg/m3"))],
        step=lambda t, h, u, x: x + h * 1e-3 * u[0] * u[1],
        state=[1.0],
    )
    return [first, second]


INTO = ["a.F -> b.F", "a.c -> b.c"]
SLOW_B = {"a": {"source": "a.fmu"}, "b": {"source": "b.fmu", "step_size": 0.2}}


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("order", [0, 1])
def test_the_ledger_of_a_mass_bond_is_the_difference_of_the_inventories(algorithm: str, order: int) -> None:
    """What flows out by F c (g/h) and does not arrive is missing from both tanks together, units converted or not."""
    parts = tanks()
    bond = {"kind": "mass", "connections": INTO, "unit": "g/h"}
    fields = {"algorithm": algorithm, "extrapolation": {"order": order}}
    with simulation(parts, INTO, bonds={"flow": bond}, **fields) as run:
        run.run()
        missing = 5.0 - parts[0].x[0] - parts[1].x[0]
        assert run["bonds.flow.sum"] == pytest.approx(missing, rel=1e-11, abs=1e-14)
        statistics = run._coupling.statistics.bonds["flow"]
    assert statistics.total == run.signals.view(run.signals.place("bonds", "flow.sum"))[0]
    if algorithm == "jacobi" and order == 0:
        assert abs(missing) > 1e-2


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("control", [{"method": "constant"}, {"method": "error", "tolerance": 1e-3}])
@pytest.mark.parametrize(("a", "b"), [(None, 0.2), (0.3, None), (0.2, 0.3), (0.2, 0.2), (None, 0.05)])
def test_it_is_so_too_where_one_or_both_step_less_often(
    a: float | None, b: float | None, control: dict[str, Any], algorithm: str
) -> None:
    parts = tanks()
    bond = {"kind": "mass", "connections": INTO, "unit": "g/h"}
    sizes = {"a": {"source": "a.fmu", "step_size": a}, "b": {"source": "b.fmu", "step_size": b}}
    fields = {"algorithm": algorithm, "components": sizes, "stop": 1.2, "step_control": control}
    with simulation(parts, INTO, bonds={"flow": bond}, **fields) as run:
        run.run()
        missing = 5.0 - parts[0].x[0] - parts[1].x[0]
        assert run["bonds.flow.sum"] == pytest.approx(missing, rel=1e-10, abs=1e-13)


def test_the_residual_of_a_slow_end_is_that_of_its_whole_period_and_is_held_until_the_next() -> None:
    """q = t at the ends of three steps makes 6 H^2 more than its value at their beginning."""
    slow = {"tank": {"source": "tank.fmu"}, "pipe": {"source": "pipe.fmu", "step_size": 3 * H}}
    residual, total = ledger(components=slow, stop=9 * H)
    lost = 2.0 * CONTENT * 6.0 * H**2
    assert residual == pytest.approx([0.0] * 3 + [lost / (3 * H)] * 7)
    assert total == pytest.approx([lost * (k // 3) for k in range(10)])


def test_the_worst_residual_is_told_with_its_time() -> None:
    parts = tanks()
    memory = Memory()
    bond = {"kind": "mass", "connections": INTO}
    with simulation(parts, INTO, bonds={"flow": bond}, algorithm="jacobi", observers=[memory]) as run:
        run.run()
        told = run._coupling.statistics.bonds["flow"]
    residual = memory.of("bonds", "flow.residual").ravel()
    worst = int(np.argmax(np.abs(residual)))
    assert (told.worst_residual, told.worst_time) == (residual[worst], memory.times[worst])


def test_ledgers_go_back_with_steps_that_are_taken_back() -> None:
    bond = {"kind": "mass", "connections": INTO, "correct": True}
    with simulation(tanks(), INTO, bonds={"flow": bond}, algorithm="jacobi") as run:
        run.step()
        rollback = Rollback(run._coupling, run._master.memories)
        with rollback.kept() as here:
            ends = []
            for _ in range(2):
                for k in (1, 2):
                    run._master.stepper.step(k * 0.1, 0.1)
                ends.append((run.signals.float64.copy(), dict(vars(run._coupling.statistics.bonds["flow"]))))
                rollback.restore(here)
    assert np.array_equal(ends[0][0], ends[1][0])
    assert ends[0][1] == ends[1][1]


def test_arrays_make_a_product_element_by_element() -> None:
    source = FunctionInstance(
        lambda t, u: [t, 2.0 * t, 3.0, 5.0],
        name="a",
        inputs=[],
        outputs=[an_output("f", size=2), an_output("c", size=2)],
    )
    sink = FunctionInstance(lambda t, u: 0.0, name="b", inputs=[an_input("f", size=2), an_input("c", size=2)])
    wires = ["a.f -> b.f", "a.c -> b.c"]
    with simulation(
        [source, sink], wires, bonds={"all": {"kind": "carbon", "connections": wires}}, algorithm="jacobi"
    ) as run:
        run.run()
        assert run["bonds.all.residual"] == pytest.approx(0.1 * 3.0 + 0.2 * 5.0)


@pytest.mark.parametrize(
    ("bond", "more", "said"),
    [
        ({"unit": "W"}, {}, r"bonds\.flow: the product of 'L/h' and 'g/L' is one in kg\.s-1, which does not convert"),
        ({"correct": True}, {"components": SLOW_B}, "'b' steps less often"),
        ({}, {"components": SLOW_B, "step_control": {"method": "bonds"}}, "flow: a component .* steps less often"),
        ({"connections": ["a.F -> b.F", "a.F -> b.c"]}, {}, r"a\.F -> b\.c: is no connection of the description"),
    ],
)
def test_a_bond_that_makes_no_product_is_refused_by_name(bond: dict[str, Any], more: dict[str, Any], said: str) -> None:
    whole = {"kind": "mass", "connections": INTO, **bond}
    with pytest.raises(DescriptionError, match=said):
        simulation(tanks(), INTO, bonds={"flow": whole}, **more)


def test_integers_make_no_bond_and_step_control_needs_one() -> None:
    whole = [an_output("n", storage="int64"), an_output("c")]
    source = FunctionInstance(lambda t, u: [1, 1.0], name="a", inputs=[], outputs=whole)
    sink = FunctionInstance(lambda t, u: 0.0, name="b", inputs=[an_input("n", storage="int64"), an_input("c")])
    wires = ["a.n -> b.n", "a.c -> b.c"]
    with pytest.raises(DescriptionError, match=r"bonds\.flow: 'a\.n' is no float"):
        simulation([source, sink], wires, bonds={"flow": {"kind": "mass", "connections": wires}})
    with pytest.raises(DescriptionError, match="needs the residuals of bonds, and there is none"):
        simulation(tanks(), INTO, step_control={"method": "bonds"})
