"""What depends on what: the sparsity of the equations, element by element, as FMI's ModelStructure wants it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from plant_models.model import Model, Role, Type

Elements = tuple[tuple[int, ...], ...]
"""For each row of a right-hand side, the places among (x, z, u, p) that it depends on, ascending."""

ARGUMENTS = (Role.STATE, Role.DISCRETE_STATE, Role.INPUT, Role.PARAMETER)


class Structure(NamedTuple):
    """Dependencies of outputs and derivatives on the places of states, discrete states, inputs and parameters."""

    outputs: Elements
    derivatives: Elements


def structure(model: Model) -> Structure:
    """Dependencies of a model's equations, from the sparsity that CasADi propagates through them."""
    return Structure(_dependencies(model.function("y", Role.OUTPUT)), _dependencies(model.function("dx", Role.STATE)))


def _dependencies(function: Any) -> Elements:
    rows: list[list[int]] = [[] for _ in range(function.size1_out(0))]
    first = 0
    for argument in range(function.n_in()):
        sparsity = function.jac_sparsity(0, argument)
        for row, column in zip(*sparsity.get_triplet(), strict=True):
            rows[row].append(first + column)
        first += function.size1_in(argument)
    return tuple(tuple(sorted(row)) for row in rows)


def discrete_outputs(model: Model, outputs: Elements) -> frozenset[str]:
    """Names of the outputs that change at scans only: they depend on no continuous state and no real input."""
    continuous = _continuous_places(model)
    names, first = set(), 0
    for variable in model.of(Role.OUTPUT):
        rows = outputs[first : first + variable.length]
        if model.sample_time and not any(continuous.intersection(row) for row in rows):
            names.add(variable.name)
        first += variable.length
    return frozenset(names)


def _continuous_places(model: Model) -> frozenset[int]:
    places: list[int] = []
    first = 0
    for role in ARGUMENTS:
        for variable in model.of(role):
            if role is Role.STATE or (role is Role.INPUT and variable.type is Type.FLOAT64):
                places += range(first, first + variable.length)
            first += variable.length
    return frozenset(places)


def union(rows: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """All places that any of the rows depends on, ascending."""
    return tuple(sorted(set().union(*rows)))
