"""The solver that a component asks for: checked, and made with its tolerance and Jacobian."""

from typing import Final

from orchestrator.errors import DescriptionError, FmuImportError
from orchestrator.fmi.exchange_functions import ExchangeFunctions
from orchestrator.fmi.fmu import Fmu
from orchestrator.fmi.model_exchange_jacobian import DirectionalDerivatives
from orchestrator.fmi.solver import Dynamics, Solver
from orchestrator.fmi.solver_cvode import Cvode
from orchestrator.fmi.solver_explicit import Explicit
from orchestrator.system import description

DEFAULT_TOLERANCE: Final = 1e-6
"""Relative tolerance of the solver where neither the component, nor the experiment, nor the FMU gives one."""


def check_solver(name: str, solver: description.Solver) -> None:
    """DescriptionError where the solver of component `name` is not described fully, or contradicts itself."""
    explicit = solver.method != "cvode"
    if explicit and solver.step is None:
        raise DescriptionError(
            f"component '{name}': solver.method {solver.method} needs solver.step, its step size (s)"
        )
    if explicit and solver.tolerance is not None:
        raise DescriptionError(
            f"component '{name}': solver.method {solver.method} has a step, no tolerance. Leave it out"
        )
    if explicit and solver.jacobian is not None:
        raise DescriptionError(
            f"component '{name}': solver.method {solver.method} has no use for a jacobian. Leave it out"
        )
    if not explicit and solver.step is not None:
        raise DescriptionError(f"component '{name}': cvode chooses its steps itself. Leave solver.step out")


def exact_jacobian(fmu: Fmu, functions: ExchangeFunctions, solver: description.Solver) -> DirectionalDerivatives | None:
    """The Jacobian from directional derivatives, where the FMU has them and the solver uses them.

    FmuImportError where they are asked for of an FMU without.
    """
    call = functions.directional_derivative
    if call is None and solver.jacobian == "directional_derivatives":
        raise FmuImportError(
            f"{fmu.model.path}: '{fmu.name}' asks for solver.jacobian: directional_derivatives, but the FMU does not "
            "provide any. Leave the option out, or export the FMU with them"
        )
    wanted = solver.method == "cvode" and solver.jacobian != "difference_quotients"
    return DirectionalDerivatives(fmu.model, call) if wanted and call is not None else None


def made_solver(solver: description.Solver, fmu: Fmu, dynamics: Dynamics) -> Solver:
    """The solver for these dynamics; its relative tolerance is its own, else the experiment's, else the FMU's."""
    if solver.method != "cvode" and solver.step is not None:
        return Explicit(dynamics, solver.method, solver.step)
    candidates = (solver.tolerance, fmu.tolerance, fmu.model.default_experiment.tolerance)
    return Cvode(dynamics, next((tolerance for tolerance in candidates if tolerance), DEFAULT_TOLERANCE))


def solver_identity(solver: description.Solver, jacobian: DirectionalDerivatives | None) -> dict[str, str]:
    """What solves, for the record."""
    if solver.method != "cvode":
        return {"solver": solver.method}
    source = "directional_derivatives" if jacobian is not None else "difference_quotients"
    return {"solver": solver.method, "jacobian": source}
