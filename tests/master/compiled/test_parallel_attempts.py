"""Several threads step components under error control: the bits, the errors and the counts of one."""

import pytest

from orchestrator.master.compiled.parallel import threads as parallel
from orchestrator.master.compiled.parallel.choice import Choice, Threads, Way
from tests.doubles import Faults, FunctionInstance
from tests.fmi import toys
from tests.master.compiled.by_address import both_ways
from tests.master.compiled.test_controlled_runs import CONTROL, FLAGS
from tests.master.compiled.test_parallel import ALWAYS, NAMES, STAR, lag, opened, seen_in, stepping
from tests.master.compiled.test_statuses import (
    DISCARD,
    ERROR,
    FATAL,
    IN_GET,
    IN_SET,
    IN_STEP,
    WARNING,
    bad_system,
    binaries,
    disturbed,
    needs_compiler,
    ways,
)

__all__ = ["binaries"]

pytestmark = pytest.mark.skipif(not parallel.available(), reason="threads cannot wait for each other here")

ALGORITHMS = pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])


@ALGORITHMS
@pytest.mark.parametrize("second", [{}, {"fail_at": 0.9}, {"discard_at": 0.9}, {"nan_at": 0.9}], ids=str)
@pytest.mark.parametrize("first", [{}, {"fail_at": 0.9}, {"discard_at": 0.9}, {"nan_at": 0.9}], ids=str)
def test_of_several_that_go_wrong_in_a_trial_python_finds_the_first_in_the_order(first, second, algorithm):
    faults = {"b": first, "e": second}

    def make() -> list[FunctionInstance]:
        return [lag(name, faults=Faults(**faults.get(name, {}))) for name in NAMES]

    both_ways(make, STAR, step_size=0.2, stop=2.0, algorithm=algorithm, **CONTROL)


@needs_compiler
@ALGORITHMS
@pytest.mark.parametrize("where", [IN_STEP, IN_SET, IN_GET])
@pytest.mark.parametrize("status", [WARNING, DISCARD, ERROR, FATAL])
@pytest.mark.parametrize("version", ["fmi2", "fmi3"])
def test_a_status_is_taken_alike_by_several_threads(version, status, where, algorithm, binaries, tmp_path, caplog):
    def fmu(version: str, number: int) -> str:
        entries = {
            "modelDescription.xml": toys.description(version, flags=FLAGS[version]),
            f"binaries/{toys.platform(version)}/bad.so": binaries[version].read_bytes(),
        }
        return str(toys.archive(tmp_path / f"{version}-{number}.fmu", entries))

    system = {**bad_system(fmu, version), **CONTROL, "algorithm": algorithm}
    compiled, interpreted = ways(system, disturbed(1, where, status), caplog, threads=ALWAYS)
    for seen in (compiled, interpreted):  # how often it is said depends on how often a step is tried
        seen["logged"] = {line for line in seen["logged"] if "state given back" not in line}
    assert compiled == interpreted


class Turns(Choice):
    """Every stretch is made in another way than the one before."""

    @property
    def steps(self) -> int | None:
        return 5

    def told(self, steps: int, seconds: float, *, enough: bool = False) -> None:
        kinds = [*Way]
        self.way = kinds[(kinds.index(self.way) + 1) % len(kinds)]
        if self.way is Way.TOGETHER:
            assert self._share(5) > 0.0
            self.alone = 1.0


@ALGORITHMS
def test_ways_may_change_between_attempts(algorithm, monkeypatch):
    monkeypatch.setattr(parallel, "Choice", Turns)
    monkeypatch.setattr(parallel, "processors", lambda: 2)
    monkeypatch.setattr("orchestrator.master.compiled.parallel.attempts.is_loaded", lambda _: True)
    monkeypatch.setattr("tests.master.compiled.by_address.TOGETHER", Threads(2))
    both_ways(lambda: [lag(name) for name in NAMES], STAR, step_size=0.2, stop=2.0, algorithm=algorithm, **CONTROL)


def test_trials_are_made_in_several_threads_which_end_with_the_simulation():
    before = stepping()
    instances = [lag(name) for name in NAMES]
    seen = [seen_in(each) for each in instances]
    with opened(instances, **CONTROL) as simulation:
        simulation.run()
        assert len(stepping()) == len(before) + 2
    assert stepping() == before
    assert len(set().union(*seen)) > 1
