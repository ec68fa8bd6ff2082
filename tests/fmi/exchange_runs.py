"""What tests of Model Exchange instances share: solvers, values by name, and runs."""

import numpy as np

from orchestrator.instance import Bundle
from orchestrator.system.description import Solver

METHODS = {
    "cvode": Solver(tolerance=1e-10),
    "rk4": Solver(method="rk4", step=1e-3),
    "heun": Solver(method="heun", step=1e-3),
}


def bundle(instance, *names):
    found = instance.__dict__.setdefault("bundles_of_the_test", {})
    if names not in found:
        by_name = {connector.name: connector for connector in instance.connectors}
        found[names] = Bundle.of([by_name[name] for name in names])
    return found[names]


def take(instance, *names):
    chosen = bundle(instance, *names)
    values = np.zeros(chosen.size, chosen.storage.dtype)
    instance.get(chosen, values)
    return values


def put(instance, name, value):
    chosen = bundle(instance, name)
    instance.set(chosen, np.full(chosen.size, value, chosen.storage.dtype))


def run(instance, stop, steps, start=0.0):
    h = (stop - start) / steps
    return [instance.do_step(start + index * h, h) for index in range(steps)][-1]
