"""Several threads step components: the same bits, the same errors, and threads that end."""

import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.errors import StepError
from orchestrator.master.compiled.parallel import threads as parallel
from orchestrator.master.compiled.parallel.choice import Choice, Threads, Way
from orchestrator.simulation import Simulation
from tests.coupled import Memory, describe, setup
from tests.doubles import STATEFUL, Faults, FunctionInstance
from tests.master.compiled.by_address import both_ways, by_address
from tests.textbook import harmonic, lotka_volterra, oxygen_limited

pytestmark = pytest.mark.skipif(not parallel.available(), reason="threads cannot wait for each other here")

NAMES = tuple("abcdef")
STAR = [f"a.y -> {name}.u" for name in NAMES[1:]]
ALWAYS = Threads(3, measured=False)


def lag(name: str, **more: Any) -> FunctionInstance:
    """x' = (u - x) by an explicit step of Euler."""
    return FunctionInstance(
        lambda t, u, x: x,
        name=name,
        step=lambda t, h, u, x: x + h * (u - x),
        state=[1.0 + NAMES.index(name)],
        **more,
    )


def opened(instances: list[Any], threads: Threads = ALWAYS, **more: Any) -> Simulation[None]:
    """Doubles at addresses, fed by the first one."""
    more.setdefault("experiment", {"stop": 2.0})
    description = describe([each.name for each in instances], STAR, step_size=0.1, **more)
    whole = replace(setup(by_address(instances), description), threads=threads)
    return Simulation(whole, [Memory()], lambda: None)


def stepping() -> list[threading.Thread]:
    """Threads that step components."""
    return [each for each in threading.enumerate() if each.name.startswith("cotwin stepping")]


def seen_in(instance: FunctionInstance) -> set[int]:
    """The threads that will have stepped a double."""
    seen: set[int] = set()
    step = instance.do_step

    def noted(t: float, h: float) -> Any:
        seen.add(threading.get_ident())
        return step(t, h)

    instance.do_step = noted  # type: ignore[method-assign]
    return seen


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize(
    "second", [{"fail_at": 0.9}, {"terminate_at": 0.9}, {"early_at": 0.9}, {"nan_at": 1.0}], ids=str
)
@pytest.mark.parametrize(
    "first", [{"fail_at": 0.9}, {"terminate_at": 0.9}, {"discard_at": 0.9}, {"nan_at": 1.0}], ids=str
)
@pytest.mark.parametrize("python", [(), ("c",)])
def test_of_several_that_go_wrong_in_a_step_the_first_in_the_order_is_told(first, second, python, algorithm):
    faults = {"b": first, "e": second}

    def make() -> list[FunctionInstance]:
        return [lag(name, faults=Faults(**faults.get(name, {}))) for name in NAMES]

    both_ways(make, STAR, python=python, step_size=0.1, stop=2.0, algorithm=algorithm)


@pytest.mark.parametrize("python", [(), ("b",), ("a", "f")])
def test_a_wish_to_end_leaves_nobody_behind_and_nobody_ahead(python):
    def make() -> list[FunctionInstance]:
        wishes = {"b": Faults(terminate_at=0.9), "d": Faults(terminate_at=0.9)}
        return [lag(name, faults=wishes.get(name)) for name in NAMES]

    found = both_ways(make, ["f.y -> a.u", "a.y -> d.u", "e.y -> f.u"], python=python, step_size=0.1, stop=2.0)
    assert found["macro_steps"][0] == 10
    assert {steps for steps, _ in found["steps"].values()} == {10}


RATES = {"b": 0.2, "d": 0.05, "e": 0.2}


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("second", [{}, {"fail_at": 0.8}, {"nan_at": 1.0}], ids=str)
@pytest.mark.parametrize("first", [{}, {"fail_at": 0.8}, {"terminate_at": 0.8}, {"nan_at": 1.0}], ids=str)
@pytest.mark.parametrize("places", ["be", "cd", "db", "af"])
def test_components_at_rates_of_their_own_step_beside_the_others(places, first, second, algorithm):
    faults = dict(zip(places, (first, second), strict=True))

    def make() -> list[FunctionInstance]:
        return [lag(name, faults=Faults(**faults.get(name, {}))) for name in NAMES]

    components = {name: {"source": "double.fmu", "step_size": RATES[name]} for name in RATES}
    both_ways(make, STAR, components=components, step_size=0.1, stop=2.0, algorithm=algorithm)


def test_components_step_in_several_threads_and_those_allowed_once_per_process_in_the_one_that_calls():
    alone = replace(STATEFUL, once_per_process=True)
    instances = [lag(name, capabilities=alone if name in "bd" else None) for name in NAMES]
    seen = {each.name: seen_in(each) for each in instances}
    with opened(instances, experiment={"stop": 10.0}) as simulation:
        simulation.run()
    assert seen["b"] == seen["d"] == {threading.get_ident()}
    assert len(set().union(*seen.values())) > 1


def test_the_threads_end_with_the_simulation():
    before = stepping()
    with opened([lag(name) for name in NAMES]) as simulation:
        assert stepping() == before
        simulation.run()
        assert len(stepping()) == len(before) + 2
    assert stepping() == before


def test_the_threads_end_where_a_step_fails():
    before = stepping()
    with (
        pytest.raises(StepError, match="out of order"),
        opened([lag(name, faults=Faults(fail_at=0.5)) for name in NAMES]) as simulation,
    ):
        simulation.run()
    assert stepping() == before


@pytest.mark.parametrize("threads", [Threads(1), Threads(1, measured=False)])
def test_one_thread_is_a_choice(threads):
    with opened([lag(name) for name in NAMES], threads) as simulation:
        simulation.run()
        assert not stepping()


class Turns(Choice):
    """Every slice is made in another way than the one before."""

    @property
    def steps(self) -> int | None:
        return 3

    def told(self, steps: int, seconds: float, *, enough: bool = False) -> None:
        ways = [*Way]
        self.way = ways[(ways.index(self.way) + 1) % len(ways)]
        if self.way is Way.TOGETHER:
            assert self._share(3) > 0.0
            self.alone = 1.0


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("python", [(), ("c",)])
@pytest.mark.parametrize("faults", [{}, {"discard_at": 1.3}, {"terminate_at": 1.3}, {"fail_at": 1.3}], ids=str)
def test_ways_may_change_at_any_time(faults, python, algorithm, monkeypatch):
    monkeypatch.setattr(parallel, "Choice", Turns)
    monkeypatch.setattr(parallel, "processors", lambda: 2)
    monkeypatch.setattr("tests.master.compiled.by_address.TOGETHER", Threads(2))

    def make() -> list[FunctionInstance]:
        return [lag(name, faults=Faults(**(faults if name == "d" else {}))) for name in NAMES]

    both_ways(make, STAR, python=python, step_size=0.1, stop=2.0, algorithm=algorithm)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize(
    "system",
    [
        lambda: harmonic(0.01, stop=5.0),
        lambda: lotka_volterra(0.03, stop=1.0),
        lambda: oxygen_limited(60.0, stop=7200.0),
    ],
    ids=["harmonic", "lotka_volterra", "cells"],
)
def test_threads_give_the_bits_of_one_with_fmus(system: Callable[[], Any], algorithm):
    description = system().model_copy(update={"algorithm": algorithm})
    with open_simulation(description, threads=1) as simulation:
        alone = simulation.run()
    with open_simulation(description, threads=ALWAYS) as simulation:
        together = simulation.run()
    assert np.array_equal(alone.times, together.times)
    for name in alone.names:
        assert np.array_equal(alone[name], together[name]), name


PROCESS = """
    import os
    from tests.master.compiled.test_parallel import NAMES, lag, opened, stepping

    simulation = opened([lag(name) for name in NAMES])
    simulation.run(until=1.0)
    assert len(stepping()) == 2
"""
FORKED = """
    child = os.fork()
    if child == 0:
        simulation.run()
        os._exit(7 if simulation.ended and len(stepping()) == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    simulation.run()
"""


@pytest.mark.parametrize("then", ["", "simulation.close()", FORKED], ids=["left", "closed", "forked"])
def test_a_process_ends_whatever_its_threads_do(then):
    script = textwrap.dedent(PROCESS) + textwrap.dedent(then)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
