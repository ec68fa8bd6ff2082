"""Random systems of components with and without Event Mode: the whole has the bits of cotwin's own run."""

import numpy as np
import pytest

from orchestrator.errors import AlgebraicLoopError
from tests.export.exported import same_as_run
from tests.export.test_events import described, eventful
from tests.kit.build import compiler, kit_fmu

pytestmark = pytest.mark.skipif(compiler() is None, reason="building the kit needs a C compiler")


def plain(model, version, kind="co_simulation"):
    return {"source": str(kit_fmu(model, version, kind)), "kind": kind}


INT, FLOAT = ("Int32_u", "Int32_y"), ("Float64_u", "Float64_y")
PARTS = (
    (eventful, ("Stair",), (), ("counter",), ()),
    (eventful, ("Feedthrough",), INT[:1], INT[1:], FLOAT),
    (plain, ("Feedthrough", "1.0"), INT[:1], INT[1:], FLOAT),
    (plain, ("Feedthrough", "3.0"), INT[:1], INT[1:], FLOAT),
    (eventful, ("BouncingBall",), (), (), (None, "h")),
    (plain, ("VanDerPol", "2.0", "model_exchange"), (), (), (None, "x0")),
    (plain, ("Integrator", "2.0"), (), (), ("u", "y")),
    (plain, ("Integrator", "3.0", "model_exchange"), (), (), ("u", "y")),
)
"""How to make a component; its whole inputs and outputs, and those that are floats."""


def drawn(seed):
    """Components and connections: floats are scaled, about half of all have a delay, and a pulse may feed one."""
    rng = np.random.default_rng(seed)
    components, whole, floats, taking = {}, [], [], []
    for name in (f"c{k}" for k in range(int(rng.integers(3, 7)))):
        make, how, takes, gives, float_ends = PARTS[int(rng.integers(len(PARTS)))]
        components[name] = make(*how)
        taking += [(f"{name}.{each}", whole) for each in takes]
        whole += [f"{name}.{each}" for each in gives]
        if float_ends and float_ends[0] is not None:
            taking.append((f"{name}.{float_ends[0]}", floats))
        floats += [f"{name}.{each}" for each in float_ends[1:]]
    connections = []
    for end, sources in taking:
        if not sources or rng.random() < 0.3:
            continue
        scaled = {"factor": float(rng.uniform(-0.5, 0.5))} if sources is floats else {}
        told = {"connect": f"{rng.choice(sources)} -> {end}", "suppress_unit_conversion": True}
        connections.append({**told, **scaled, "delay": bool(rng.random() < 0.5)})
    free = [end for end, sources in taking if sources is floats and not any(end in c["connect"] for c in connections)]
    if free and rng.random() < 0.7:
        pulse = {"low": -0.5, "high": 0.5, "start": 0.21, "period": 0.7, "width": 0.3}
        components["feed"] = {"signals": {"p": {"pulse": pulse}}}
        connections.append({"connect": f"feed.p -> {free[0]}", "suppress_unit_conversion": True})
    more = {"h": float(rng.choice([0.125, 0.3])), "algorithm": str(rng.choice(["jacobi", "gauss_seidel"]))}
    return components, connections, {**more, "extrapolation": {"order": int(rng.integers(3))}}


@pytest.mark.parametrize("seed", range(12))
def test_a_random_system_with_events_runs_in_fmpy_with_the_bits_of_cotwin(seed, tmp_path):
    components, connections, more = drawn(seed)
    path, version = tmp_path / "whole.fmu", ("2.0", "3.0")[seed % 2]
    try:
        same_as_run(described(components, connections, stop=3.0, **more), path, version)
    except AlgebraicLoopError:
        delayed = [{**each, "delay": True} for each in connections]
        same_as_run(described(components, delayed, stop=3.0, **more), path, version)
