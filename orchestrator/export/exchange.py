"""Exchange: components for Model Exchange, whose solver a container brings along."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from fmus.container.system import Part
from fmus.container.values import Call, Type
from fmus.container.ways import Colour, Exchange
from orchestrator.errors import CapabilityError, FmuImportError
from orchestrator.export.image import Image, Types
from orchestrator.fmi.model_exchange_jacobian import DirectionalDerivatives
from orchestrator.fmi.model_exchange_values import StateVector
from orchestrator.fmi.solver_choice import check_solver
from orchestrator.fmi.solver_cvode import library_files
from orchestrator.fmi.variables import ModelInfo
from orchestrator.system.connections.links import Link
from orchestrator.system.connector import Connector
from orchestrator.system.description import Component, Solver
from orchestrator.system.quantities.units import IDENTITY

FOLDER: Final = "solver"
"""Of the libraries of CVODE, below the resources."""

_KIND: Final = "ModelExchange"
_DOUBLE: Final = 8
_NUMBERS: Final = 6
"""Doubles that a solver keeps beside states and nominals: EXCHANGE_DOUBLES in runtime/exchange.h."""


def exchange_of(name: str, component: Component, model: ModelInfo, image: Image, *, changing: bool) -> Exchange:
    """The tables of a component for Model Exchange; DescriptionError where its solver is not described fully.

    `changing`: its continuous inputs may change over a step.
    """
    solver = component.solver
    check_solver(name, solver)
    states, interface = StateVector(model).size, model.interface(_KIND)
    jacobian = _jacobian(name, model, solver)
    size = 0 if jacobian is None else jacobian.result.size
    inputs = model.continuous_inputs if changing else ()
    elements = sum(connector.size for connector in inputs)
    return Exchange(
        states=states,
        indicators=model.event_indicators,
        completed_steps=interface.completed_steps,
        method=solver.method.upper(),
        step=solver.step or 0.0,
        tolerance=solver.tolerance or 0.0,
        default_tolerance=model.default_experiment.tolerance or 0.0,
        memory=image.room(_DOUBLE * (_NUMBERS + 2 * max(1, states))),
        courses=tuple(connector.reference for connector in inputs),
        courses_size=elements,
        courses_memory=image.room(_DOUBLE * (7 * elements + 1) if elements else 0),
        unknowns=() if jacobian is None else tuple(jacobian.unknowns.tolist()),
        colours=() if jacobian is None else tuple(_colours(jacobian, size)),
    )


def refuse_rounded(links: Iterable[Link], types: Types, watched: Collection[str]) -> None:
    """CapabilityError where values are rounded on their way into components that are told only what has changed.

    In a run that is seen before they are rounded.
    """
    for link in links:
        source, destination = link.source[:2], link.destination[:2]
        narrow = types[destination] is Type.FLOAT32 and destination[0] in watched
        converted = (link.conversion.factor, link.conversion.offset) != IDENTITY
        if narrow and (types[source] is not Type.FLOAT32 or converted):
            raise CapabilityError(
                f"export-fmu: '{'.'.join(destination)}' has 32 bits, and what flows there has more: a container does "
                "not round for components for Model Exchange, or with Event Mode. Export the FMU with inputs of 64 bits"
            )


def remembered(calls: Sequence[Call], image: Image) -> tuple[Call, ...]:
    """Calls that set a component for Model Exchange, which is told only what has changed."""
    return tuple(replace(call, given=image.room(_DOUBLE + call.size * call.type.dtype.itemsize)) for call in calls)


def divided(name: str, model: ModelInfo, connectors: Iterable[Connector], image: Image) -> tuple[Call, ...]:
    """Calls that set these inputs one by one: those that may change over a step, and others."""
    starts, first = {}, 0
    for connector in model.continuous_inputs:
        starts[connector.name] = first
        first += connector.size
    calls = [(image.call(name, connector), starts.get(connector.name, -1)) for connector in connectors]
    return tuple(replace(call, course=start) for call, start in calls)


def solver_files() -> list[tuple[str, Path]]:
    """The libraries of CVODE and their licence: names below the resources, in the order in which they are loaded."""
    licence = Path(__file__).with_name("SUNDIALS-LICENSE.txt")
    return [(f"{FOLDER}/{path.name}", path) for path in library_files()] + [(f"{FOLDER}/LICENSE.txt", licence)]


def uses_cvode(parts: Iterable[Part]) -> bool:
    """Whether CVODE has to be brought along."""
    return any(part.exchange is not None and part.exchange.method == "CVODE" for part in parts)


def _jacobian(name: str, model: ModelInfo, solver: Solver) -> DirectionalDerivatives | None:
    """As `solver_choice.exact_jacobian` has it; the FMU is not asked for anything."""
    declared = model.interface(_KIND).capabilities.directional_derivatives
    if not declared and solver.jacobian == "directional_derivatives":
        raise FmuImportError(
            f"{model.path}: '{name}' asks for solver.jacobian: directional_derivatives, but the FMU does not provide "
            "any. Leave the option out, or export the FMU with them"
        )
    wanted = solver.method == "cvode" and solver.jacobian != "difference_quotients"
    return DirectionalDerivatives(model, lambda *_: 0) if wanted and declared and StateVector(model).size else None


def _colours(jacobian: DirectionalDerivatives, size: int) -> list[Colour]:
    return [
        Colour(
            tuple(colour.knowns.tolist()),
            tuple(np.asarray(colour.seed, np.float64).tolist()),
            tuple(zip(colour.rows.tolist(), (colour.rows + size * colour.columns).tolist(), strict=True)),
        )
        for colour in jacobian.colours
    ]
