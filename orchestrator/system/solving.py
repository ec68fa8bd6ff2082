"""Solving: what a description says about how its components are coupled: loops, step size, inputs, start, bonds."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveInt, model_validator

from orchestrator.system.values import Frozen, Number, Positive, no_text

Whole = Annotated[PositiveInt, BeforeValidator(no_text)]
WholeOrNone = Annotated[NonNegativeInt, BeforeValidator(no_text)]


class LoopSolver(Frozen):
    """How the algorithm `iterative` solves the loops between components, in each macro step.

    It ends where no input differs from the output that it is connected to by more than `tolerance` times the nominal
    value. `relaxation` is the part of each correction that `fixed_point` takes, and the first one of the others.
    `reuse` is the number of earlier macro steps whose differences help `anderson` and `newton`.
    """

    method: Literal["fixed_point", "aitken", "anderson", "newton"] = "newton"
    tolerance: Positive = 1e-8
    max_iterations: Whole = 50
    relaxation: Positive = 1.0
    reuse: WholeOrNone = 5


class StepControl(Frozen):
    """Where the communication points lie.

    `constant`: at every multiple of the step size. `error`: there too, and between where the estimated coupling error
    of a step would exceed `tolerance` (relative to the values, absolute in nominal values); where a component cannot go
    back, an embedded predictor estimates it, and no step is repeated. `bonds`: the same with the residuals of the bonds
    in the place of the estimate, and without rollback. No step but one that meets a multiple of the step size or an
    event is shorter than `smallest` (s); the first one is `first` (s) long. `global_error` carries a second, coarser
    run along, whose distance estimates the global error.
    """

    method: Literal["constant", "error", "bonds"] = "constant"
    tolerance: Positive = 1e-4
    smallest: Positive | None = None
    first: Positive | None = None
    global_error: bool = False


class Extrapolation(Frozen):
    """How inputs go on over a step: held (order 0), on a straight line (1) or a parabola (2) through the last values.

    With `smoothing` they go on without a jump at communication points.
    """

    order: Annotated[Literal[0, 1, 2], BeforeValidator(no_text)] = 0
    smoothing: bool = False


class SteadyState(Frozen):
    """A start at rest: states for which no output changes, in place of the start values.

    `derivatives`: Newton's method makes the time derivatives zero, where all components tell them and let their states
    be set. `long_run`: the system runs for `horizon` (s) before the start, with the inputs of the start, and has to
    rest there. `auto`: the first where possible.
    """

    method: Literal["auto", "derivatives", "long_run"] = "auto"
    tolerance: Positive = 1e-8
    horizon: Positive | None = None


class Initialization(Frozen):
    """How loops of direct feedthrough are solved in Initialization Mode, and whether the run starts at rest.

    Newton's method ends where no input differs from its output by more than `tolerance` times the nominal value.
    """

    tolerance: Positive = 1e-10
    max_iterations: Whole = 50
    steady_state: SteadyState | None = None


class Bond(Frozen):
    """Two connections whose values make a flow of something that is neither made nor lost on the way.

    The product of both values, times `factor`, is a power (force and velocity), or a flow of mass, carbon or enthalpy
    (flow and content). `connections` are written `a.y -> b.u`. `unit` is that of the product, `nominal` its size.
    With `correct` what was lost in one step is given back in the next (NEPCE).
    """

    kind: Literal["power", "mass", "carbon", "enthalpy"]
    connections: tuple[str, str]
    factor: Number = 1.0
    unit: str | None = None
    nominal: Positive = 1.0
    correct: bool = False

    @model_validator(mode="after")
    def _two_ends(self) -> "Bond":
        owners = [{component for component, _ in each} for each in self.ends]
        if owners[0] != owners[1] or len(owners[0]) != 2:
            raise ValueError("give two connections between the same two components")
        return self

    @property
    def ends(self) -> tuple[tuple[tuple[str, str], tuple[str, str]], ...]:
        """Source and destination of each connection, as (component, connector)."""
        return tuple(_ends(text) for text in self.connections)


def _ends(text: str) -> tuple[tuple[str, str], tuple[str, str]]:
    parts = [end.strip().partition(".") for end in text.split("->")]
    if len(parts) != 2 or not all(component and connector for component, _, connector in parts):
        raise ValueError(f"'{text:.80}': write each connection as 'a.y -> b.u'")
    (source, _, output), (destination, _, taken) = parts
    return (source, output), (destination, taken)


class Solving(Frozen):
    """The fields of a description that say how it is solved; see `SystemDescription`."""

    algorithm: Literal["gauss_seidel", "jacobi", "iterative"] = "gauss_seidel"
    loops: LoopSolver = LoopSolver()
    step_control: StepControl = StepControl()
    extrapolation: Extrapolation = Extrapolation()
    initialization: Initialization = Initialization()
    bonds: dict[str, Bond] = Field(default_factory=dict)
