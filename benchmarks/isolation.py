"""What a process of its own costs a component in each macro step, as one JSON line.

    python benchmarks/isolation.py [FILE.fmu] [--docs]

A macro step sets every input, steps and reads every output. The same FMU runs in turns in this process and in one of
its own, stepped from Python and, as `compiled`, by the compiled loop. `floor` is what two C programs on the same cores
need for one question and answer through shared memory, spinning, in the same run: no isolation can be faster. Without a
file a lag of two variables is built and measured, which costs nothing itself. With --docs the table of
docs/isolation.md is made anew.
"""

import json
import platform
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from fmus.build import build
from orchestrator.assembly import open_instance, open_simulation
from orchestrator.instance import Bundle, Instance, Values
from orchestrator.system.connector import Causality, Storage
from orchestrator.system.description import Component
from plant_models.model import Model
from speed.report import put

STEPS = 2000
ROUNDS = 15
STEP_SIZE = 0.001

_PING_PONG = """
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
int main(void) {
  _Atomic unsigned *word = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  unsigned n = 20000;
  if (fork() == 0) { for (unsigned i = 1; i <= n; i++) { while (word[0] != i); word[32] = i; } _exit(0); }
  struct timespec a, b;
  clock_gettime(CLOCK_MONOTONIC, &a);
  for (unsigned i = 1; i <= n; i++) { word[0] = i; while (word[32] != i); }
  clock_gettime(CLOCK_MONOTONIC, &b);
  wait(0);
  printf("%f", ((b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec)) / n / 1e3);
}
"""


def lag() -> Model:
    """y' = u - y."""
    model = Model("lag", "First-order lag", sample_time=STEP_SIZE)
    u = model.input("u", 1.0, "1", "Input")
    y = model.state("y", 0.0, "1", "Output", visible=True)
    model.derivative("y", u - y)
    model.output("twice", 2 * y, "1", "Twice the output")
    return model


class Stepper:
    """One instance that is stepped on and on."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._inputs = [(bundle, np.ones(bundle.size, bundle.storage.dtype)) for bundle in _bundles(instance, "input")]
        self._outputs = [(bundle, bundle.storage.zeros(bundle.size)) for bundle in _bundles(instance, "output")]
        self._index = 0
        instance.enter_initialization(0.0, None, None)
        instance.exit_initialization()
        self.cost()

    def cost(self) -> float:
        """Cost of a macro step, us: the mean over some thousand of them."""
        instance, first = self._instance, self._index
        self._index += STEPS
        started = time.perf_counter()
        for index in range(first, self._index):
            for bundle, values in self._inputs:
                instance.set(bundle, values)
            instance.do_step(index * STEP_SIZE, STEP_SIZE)
            for bundle, values in self._outputs:
                instance.get(bundle, values)
        return (time.perf_counter() - started) / STEPS * 1e6

    def outputs(self) -> list[Values]:
        return [values for _, values in self._outputs]


class Run:
    """A system of one component that the compiled loop steps on and on."""

    def __init__(self, fmu: Path, **options: str) -> None:
        stop = STEPS * (2 * ROUNDS + 2) * STEP_SIZE
        self._simulation = open_simulation(
            {
                "name": "alone",
                "components": {"lag": {"source": str(fmu), **options}},
                "experiment": {"stop": stop},
                "step_size": STEP_SIZE,
                "record": [],
            },
            threads=1,
        )
        assert self._simulation.by_address == ("lag",)
        self._index = 0
        self.cost()

    def cost(self) -> float:
        """Cost of a macro step, us: the mean over some thousand of them."""
        self._index += STEPS
        started = time.perf_counter()
        self._simulation.run(until=self._index * STEP_SIZE)
        return (time.perf_counter() - started) / STEPS * 1e6

    def close(self) -> None:
        self._simulation.close()


def _bundles(instance: Instance, causality: str) -> list[Bundle]:
    chosen = [connector for connector in instance.connectors if connector.causality is Causality(causality)]
    by_storage = ([c for c in chosen if c.storage is storage] for storage in Storage)
    return [Bundle.of(connectors) for connectors in by_storage if connectors]


def ping_pong(folder: Path) -> Path:
    """The program that measures the floor."""
    (folder / "floor.c").write_text(_PING_PONG)
    subprocess.run(["cc", "-O2", "floor.c", "-o", "floor"], cwd=folder, check=True)
    return folder / "floor"


def measure(fmu: Path, floor: Path) -> dict[str, object]:
    ways: tuple[dict[str, Any], ...] = ({}, {"isolation": "process"})
    with ExitStack() as opened:
        near, far = (
            Stepper(opened.enter_context(closing(open_instance("lag", Component(source=fmu, **options)))))
            for options in ways
        )
        rounds = [(near.cost(), far.cost(), float(subprocess.check_output([floor]))) for _ in range(ROUNDS)]
        same = all(np.array_equal(a, b) for a, b in zip(near.outputs(), far.outputs(), strict=True))
    with ExitStack() as opened:
        one, other = (opened.enter_context(closing(Run(fmu, **options))) for options in ways)
        compiled = [(one.cost(), other.cost()) for _ in range(ROUNDS)]
    return {
        **_told(*(np.array(each) for each in zip(*(each[:2] for each in rounds), strict=True))),
        "compiled": _told(*(np.array(each) for each in zip(*compiled, strict=True))),
        "floor": {
            "best": round(min(each[2] for each in rounds), 2),
            "median": round(median([r[2] for r in rounds]), 2),
        },
        "same_results": same,
    }


def _told(here: NDArray[np.float64], isolated: NDArray[np.float64]) -> dict[str, object]:
    overhead = isolated - here
    return {
        "in_process": round(median(here), 2),
        "isolated": round(median(isolated), 2),
        "overhead": {"best": round(min(overhead), 2), "median": round(median(overhead), 2)},
    }


def table(line: Any) -> str:
    """The table of the documentation: medians (us a macro step)."""
    rows = (("interpreted", line), ("by the compiled loop", line["compiled"]))
    return "\n".join(
        (
            "| us a macro step | in this process | in its own | more |",
            "|---|---|---|---|",
            *(f"| {way} | {of['in_process']} | {of['isolated']} | {of['overhead']['median']} |" for way, of in rows),
            f"| two C programs, a question and its answer | | | {line['floor']['median']} |",
        )
    )


def main() -> None:
    """Measure, print, and document where asked for."""
    files = [argument for argument in sys.argv[1:] if argument != "--docs"]
    with tempfile.TemporaryDirectory() as folder:
        fmu = Path(files[0]) if files else build(lag(), Path(folder) / "fmus").fmi3
        line = {
            "benchmark": "isolation",
            "unit": "us/macro step",
            **measure(fmu, ping_pong(Path(folder))),
            "processor": platform.processor() or platform.machine(),
            "versions": {"python": platform.python_version(), "numba": numba.__version__, "numpy": np.__version__},
        }
    print(json.dumps(line))
    if "--docs" in sys.argv[1:]:
        put(Path(__file__).parents[1] / "docs" / "isolation.md", "isolation", table(line))


if __name__ == "__main__":
    main()
