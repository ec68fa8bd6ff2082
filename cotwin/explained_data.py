"""What `cotwin explain --json` prints before a run: keys may be added, none changes its meaning or goes."""

import math
from typing import Any, Final

from cotwin.explaining import Explained
from orchestrator.graph.explanation import Explanation
from orchestrator.graph.feedthrough import Variable
from orchestrator.master.probing.advice import Suggestion, iterations
from orchestrator.master.probing.candidates import Comparison
from orchestrator.master.probing.coupling_map import LoopProbe
from orchestrator.master.probing.growth import Growth, Stability
from orchestrator.master.probing.probe import Findings

SCHEMA: Final = "cotwin-explain-1"


def explained_data(told: Explained) -> dict[str, Any]:
    """Everything that is known about a system before a run, of plain data."""
    description = told.description
    return {
        "schema": SCHEMA,
        "system": description.name,
        "algorithm": description.algorithm,
        "step_size": description.step_size,
        **_structure(told.structure, description.algorithm),
        "probe": None if told.findings is None else _probe(told.findings, description.loops.tolerance),
        "not_probed": told.unprobed,
        "suggestions": [_suggestion(one) for one in told.suggestions],
    }


def _structure(known: Explanation, algorithm: str) -> dict[str, Any]:
    assumed = set(known.assumed_full)
    return {
        "components": [vars(one) for one in known.components],
        "stages": known.stages,
        "levels": known.levels.get(algorithm, ()),
        "connections": [
            {
                "source": one.source,
                "destination": one.destination,
                "connections": one.connections,
                "delayed": one.delayed,
                "delay": getattr(one.delay, algorithm),
            }
            for one in known.connections
        ],
        "feedthrough": [
            {"output": f"{name}.{output}", "depends_on": inputs, "assumed": (name, output) in assumed}
            for name, output, inputs in known.feedthrough
        ],
        "loops": [
            {
                "components": one.components,
                "algebraic": one.algebraic,
                "delay": getattr(one.delay, algorithm),
                "path": _path(one.path),
            }
            for one in known.loops
        ],
        "more_loops": known.more_loops,
        "algebraic_loops": [_path(path) for path in known.algebraic_loops],
        "parameters": [
            {
                "source": ".".join(one.source),
                "parameter": ".".join(one.parameter),
                "delay": getattr(one.delay, algorithm),
                "breaks_loop": one.breaks_loop,
            }
            for one in known.parameters
        ],
    }


def _path(path: tuple[Variable, ...]) -> list[str]:
    return [".".join(variable) for variable in path]


def _probe(found: Findings, tolerance: float) -> dict[str, Any]:
    return {
        "do_steps": found.do_steps,
        "problems": found.problems,
        "without_rollback": found.unable,
        "loops": [_loop(one, tolerance) for one in found.loops],
        "stability": None if found.stability is None else _stability(found.stability),
        "local_error": None if found.error is None else found.error._asdict(),
        "comparison": None if found.comparison is None else _comparison(found.comparison),
    }


def _comparison(found: Comparison) -> dict[str, Any]:
    return {
        "span": found.span,
        "steps": found.steps,
        "trials": [one._asdict() for one in found.trials],
        "refused": [one._asdict() for one in found.refused],
    }


def _loop(one: LoopProbe, tolerance: float) -> dict[str, Any]:
    count = iterations(one.radius_gauss_seidel, tolerance)
    return {
        "components": one.components,
        "variables": one.variables,
        "torn": one.torn,
        "spectral_radius_all": one.radius_jacobi,
        "spectral_radius_torn": one.radius_gauss_seidel,
        "exact": one.exact,
        "ways": dict(one.ways),
        "fixed_point_converges": math.isfinite(count),
        "fixed_point_iterations": _finite(count),
    }


def _stability(found: Stability) -> dict[str, Any]:
    return {
        "verdict": found.verdict,
        "growths": [_growth(one) for one in found.growths],
        "model_rate": _finite(found.model_rate),
        "over_run": _finite(found.over_run),
        "stable_step": found.stable_step,
    }


def _growth(one: Growth) -> dict[str, Any]:
    return {**one._asdict(), "rate": _finite(one.rate)}


def _suggestion(one: Suggestion) -> dict[str, Any]:
    return one._asdict()


def _finite(value: float) -> float | None:
    """JSON knows no infinity."""
    return value if math.isfinite(value) else None
