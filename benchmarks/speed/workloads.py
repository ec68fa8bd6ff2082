"""The systems that are measured."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from speed.fmus import MASS_SPRING, PID, Model, build, lag, mixer, wave
from speed.system import System, Wire

STEP_SIZE: Final = 1e-3
BURN: Final = 1_000_000
"""CPU time (ns) of a doStep of the workload W3."""


def system(
    name: str,
    models: Mapping[str, Model],
    wires: Iterable[Wire],
    *,
    steps: int,
    version: int = 2,
    **more: object,
) -> System:
    """A system with its FMUs, built where they are not there yet; `more` are fields of `System`."""
    made: dict[str, object] = {"step_size": STEP_SIZE, **more}
    kinds = {model.name: model for model in models.values()}
    built = {kind: build(model, version) for kind, model in kinds.items()}
    return System(
        name=name,
        version=version,
        components={component: model.name for component, model in models.items()},
        wires=list(wires),
        steps=steps,
        files={kind: str(each.fmu) for kind, each in built.items()},
        libraries={kind: str(each.library) for kind, each in built.items()},
        references={kind: model.references for kind, model in kinds.items()},
        outputs={kind: [output for output, _ in model.outputs] for kind, model in kinds.items()},
        **made,  # type: ignore[arg-type]
    )


def ring_of_lags(count: int, *, steps: int, version: int = 2, burn: int = 0) -> System:
    """W1: each of `count` components hands ten values to the next; the first one starts higher, so that all move."""
    models = {f"c{k}": lag(2.0 if k == 0 else 1.0, burn=burn) for k in range(count)}
    return system(f"ring of {count}", models, _around(count), steps=steps, version=version)


def _around(count: int) -> list[Wire]:
    return [Wire(f"c{k}", f"y{i}", f"c{(k + 1) % count}", f"u{i}") for k in range(count) for i in range(10)]


def ring_of_waves(count: int, *, steps: int) -> System:
    """As W1, with values that never come to rest, so that a record of them cannot be made small."""
    models = {f"c{k}": wave(2.0 if k == 0 else 1.0) for k in range(count)}
    return system(f"waves around {count}", models, _around(count), steps=steps)


def controlled_mass(*, steps: int, record: bool, version: int = 2) -> System:
    """W2: a mass at a spring and a sampled PID."""
    wires = [
        Wire("mass", "x", "pid", "x"),
        Wire("mass", "v", "pid", "v"),
        Wire("pid", "F", "mass", "F"),
    ]
    return system("mass and PID", {"mass": MASS_SPRING, "pid": PID}, wires, steps=steps, version=version, record=record)


def burning_ring(*, steps: int) -> System:
    """W3: W1 with ten components, of which each step takes a millisecond of CPU time."""
    return replace(ring_of_lags(10, steps=steps, burn=BURN), name="burning ring")


def burning_star(*, steps: int) -> System:
    """Ten components as in W3, of which the first one feeds the others."""
    models = {f"c{k}": lag(2.0 if k == 0 else 1.0, burn=BURN) for k in range(10)}
    wires = [Wire("c0", f"y{i}", f"c{k}", f"u{i}") for k in range(1, 10) for i in range(10)]
    return system("burning star", models, wires, steps=steps)


def chain(count: int, *, steps: int) -> System:
    """Each component feeds the next one."""
    return _mixers("chain", count, [(k, k + 1, 0) for k in range(count - 1)], steps)


def ring(count: int, *, steps: int) -> System:
    """A chain whose last component feeds the first one."""
    return _mixers("ring", count, [(k, (k + 1) % count, 0) for k in range(count)], steps)


def random_graph(count: int, *, steps: int) -> System:
    """Every component has three sources, drawn by chance: connections go all over the memory."""
    draw = random.Random(count)
    return _mixers(
        "random graph", count, [(draw.randrange(count), k, i) for k in range(count) for i in range(3)], steps
    )


def _mixers(shape: str, count: int, edges: list[tuple[int, int, int]], steps: int) -> System:
    models = {f"c{k}": mixer(2.0 if k == 0 else 1.0) for k in range(count)}
    wires = [Wire(f"c{source}", "y0", f"c{destination}", f"u{place}") for source, destination, place in edges]
    return system(f"{shape} of {count}", models, wires, steps=steps)
