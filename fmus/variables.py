"""The table of FMI variables of a model: one row each, with its place among the flat values of the runtime.

The order of the values is that of `runtime/model.h`: states, discrete states, inputs, parameters, solver tolerance,
outputs, derivatives, time. FMI 2.0 numbers elements (value reference = place of the element), FMI 3.0 variables
(value reference = place of the first element).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from fmus import units
from fmus.errors import BuildError
from plant_models.model import Model, Role, Type, Variable

SOLVER_TOLERANCE = "solver_tolerance"
DEFAULT_TOLERANCE = 1e-6
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


class Kind(StrEnum):
    """What a variable is to the runtime; the names are those of `value_kind` in `runtime/model.h`."""

    STATE = "STATE"
    DISCRETE_STATE = "DISCRETE_STATE"
    INPUT = "INPUT"
    FIXED_PARAMETER = "FIXED_PARAMETER"
    TUNABLE_PARAMETER = "TUNABLE_PARAMETER"
    SOLVER_TOLERANCE = "SOLVER_TOLERANCE"
    OUTPUT = "OUTPUT"
    DERIVATIVE = "DERIVATIVE"
    TIME = "TIME"


@dataclass(frozen=True)
class FmiVariable:
    """One row. `first` is the place of its first element; `size` None for a scalar; `derivative_of` names a state."""

    name: str
    first: int
    kind: Kind
    causality: str
    variability: str
    unit: str
    description: str
    size: int | None = None
    type: Type = Type.FLOAT64
    initial: str | None = None
    start: tuple[float, ...] = ()
    nominal: float = 1.0
    minimum: float | None = None
    maximum: float | None = None
    items: tuple[str, ...] = ()
    derivative_of: str | None = None

    @property
    def length(self) -> int:
        """Number of elements: 1 for a scalar."""
        return 1 if self.size is None else self.size

    @property
    def places(self) -> range:
        """Places of the elements among the flat values."""
        return range(self.first, self.first + self.length)

    def element_name(self, index: int) -> str:
        """Name of the element with this zero-based index: `S[1]`, `der(S[1])`, or `V` for a scalar."""
        if self.size is None:
            return self.name
        if self.derivative_of is not None:
            return f"der({self.derivative_of}[{index + 1}])"
        return f"{self.name}[{index + 1}]"


class Counts(NamedTuple):
    """Numbers of elements by role."""

    states: int
    discrete: int
    inputs: int
    parameters: int
    outputs: int


@dataclass(frozen=True)
class Table:
    """All variables in the order of their places."""

    model_name: str
    description: str
    sample_time: float | None
    counts: Counts
    variables: tuple[FmiVariable, ...]

    @property
    def n_values(self) -> int:
        """Number of flat values."""
        return sum(variable.length for variable in self.variables)

    @property
    def first_output(self) -> int:
        """Place of the first output."""
        states, discrete, inputs, parameters, _ = self.counts
        return states + discrete + inputs + parameters + (1 if states else 0)

    def of(self, *kinds: Kind) -> tuple[FmiVariable, ...]:
        """Variables of these kinds."""
        return tuple(variable for variable in self.variables if variable.kind in kinds)


def identifier(name: str) -> str:
    """The name as a C identifier and file name."""
    cleaned = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"_{cleaned}" if cleaned[:1].isdigit() else cleaned


def variable_table(model: Model, discrete_outputs: frozenset[str]) -> Table:
    """Lay out the variables of a model; `discrete_outputs` names the outputs that change at scans only.

    Raises BuildError where a variable has no meaning in FMI.
    """
    for variable in model.variables:
        _check(model, variable, discrete_outputs)
    counts = Counts(*(sum(v.length for v in model.of(role)) for role in Role))
    rows: list[FmiVariable] = []
    first = 0
    for row in _rows(model, discrete_outputs):
        rows.append(replace(row, first=first))
        first += rows[-1].length
    return Table(identifier(model.name), model.description, model.sample_time, counts, tuple(rows))


def _check(model: Model, variable: Variable, discrete_outputs: frozenset[str]) -> None:
    where = f"model '{model.name}', variable '{variable.name}'"
    if variable.name in (SOLVER_TOLERANCE, "time") or variable.name.startswith("der("):
        raise BuildError(f"{where}: the name is taken by the FMU itself; choose another one")
    if not _NAME.fullmatch(variable.name):
        raise BuildError(f"{where}: no legal name; write letters, digits and _, with dots between the parts")
    if not variable.nominal > 0.0:
        raise BuildError(f"{where}: nominal value {variable.nominal:g}; give the usual magnitude, which is positive")
    if variable.role is Role.STATE and variable.type is not Type.FLOAT64:
        raise BuildError(f"{where}: a continuous state is a real number; declare a discrete state")
    if variable.type is Type.ENUMERATION and not variable.items:
        raise BuildError(f"{where}: an enumeration needs items; name its values 1, 2, ... in order")
    if variable.role is Role.OUTPUT and variable.type is not Type.FLOAT64 and variable.name not in discrete_outputs:
        raise BuildError(
            f"{where}: an output of type {variable.type} may change at scans only, this one depends on continuous "
            "states or inputs; declare it as a discrete state with visible=True"
        )
    if variable.role is Role.DISCRETE_STATE and not (model.sample_time and model.sample_time > 0.0):
        raise BuildError(f"{where}: discrete states need a sample time; give the model a positive sample_time")


def _rows(model: Model, discrete_outputs: frozenset[str]) -> Iterator[FmiVariable]:
    for role in (Role.STATE, Role.DISCRETE_STATE, Role.INPUT, Role.PARAMETER):
        for variable in model.of(role):
            yield _row(variable, variable.starts, _declared(variable))
    if model.of(Role.STATE):
        yield _tolerance()
    for variable in model.of(Role.OUTPUT):
        variability = "discrete" if variable.name in discrete_outputs else "continuous"
        yield _row(variable, (), _Declaration(Kind.OUTPUT, "output", variability, "calculated"))
    for variable in model.of(Role.STATE):
        yield _derivative(variable)
    yield FmiVariable("time", 0, Kind.TIME, "independent", "continuous", "s", "Time")


class _Declaration(NamedTuple):
    kind: Kind
    causality: str
    variability: str
    initial: str | None


def _declared(variable: Variable) -> _Declaration:
    """Kind, causality, variability and initial of what a model declares with a start value."""
    visible = "output" if variable.visible else "local"
    if variable.role is Role.STATE:
        return _Declaration(Kind.STATE, visible, "continuous", "exact")
    if variable.role is Role.DISCRETE_STATE:
        return _Declaration(Kind.DISCRETE_STATE, visible, "discrete", "exact")
    if variable.role is Role.INPUT:
        return _Declaration(Kind.INPUT, "input", "continuous" if variable.type is Type.FLOAT64 else "discrete", None)
    if variable.tunable:
        return _Declaration(Kind.TUNABLE_PARAMETER, "parameter", "tunable", "exact")
    return _Declaration(Kind.FIXED_PARAMETER, "parameter", "fixed", "exact")


def _row(variable: Variable, start: tuple[float, ...], declaration: _Declaration) -> FmiVariable:
    return FmiVariable(
        variable.name,
        0,
        *declaration[:3],
        variable.unit,
        variable.description,
        size=variable.size,
        type=variable.type,
        initial=declaration.initial,
        start=start,
        nominal=variable.nominal,
        minimum=variable.minimum,
        maximum=variable.maximum,
        items=variable.items,
    )


def _tolerance() -> FmiVariable:
    text = "Relative tolerance of the solver, where the experiment defines none"
    start = (DEFAULT_TOLERANCE,)
    return FmiVariable(
        SOLVER_TOLERANCE, 0, Kind.SOLVER_TOLERANCE, "parameter", "fixed", "1", text, initial="exact", start=start
    )


def _derivative(state: Variable) -> FmiVariable:
    return FmiVariable(
        f"der({state.name})",
        0,
        Kind.DERIVATIVE,
        "local",
        "continuous",
        units.per_second(state.unit),
        f"Derivative of {state.name} with respect to time",
        size=state.size,
        initial="calculated",
        derivative_of=state.name,
    )
