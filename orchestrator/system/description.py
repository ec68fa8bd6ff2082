"""SystemDescription: what a system is. Frozen; every value that changes during a run lives in `Signals`."""

import re
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    PositiveFloat,
    PositiveInt,
)

_VALUE = "use a finite number, true or false, a text, or a flat list of one of these kinds"


def _value(value: Any) -> Any:
    # A union of tuples would let pydantic turn [1.0, 0.0] into (True, False): the kinds are told apart here instead.
    plain = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(plain, list | tuple):
        return _scalar(plain)
    elements = tuple(_scalar(element) for element in plain)
    kinds = {type(element) for element in elements}
    if kinds == {int, float}:
        return tuple(map(float, elements))
    if len(kinds) != 1:
        raise ValueError(_VALUE)
    return elements


def _scalar(value: Any) -> bool | int | float | str:
    number = value.item() if hasattr(value, "item") else value
    if isinstance(number, str):
        return number
    if not isinstance(number, bool | int | float) or not abs(number) <= sys.float_info.max:
        raise ValueError(_VALUE)
    return number


def _no_text(value: Any) -> Any:
    # pydantic would read true as 1.0 and '1' as 1.0
    if isinstance(value, bool | str):
        raise ValueError("use a number, without quotes")
    return value


def _as_it_is(value: Any) -> Any:
    return value


Value = Annotated[
    bool | int | float | str | tuple[bool, ...] | tuple[int, ...] | tuple[float, ...] | tuple[str, ...],
    PlainValidator(_value),
    PlainSerializer(_as_it_is),
]
"""A parameter or start value: a scalar, or all elements of an array in row-major order. Bytes are given as text."""


Number = Annotated[float, BeforeValidator(_no_text)]
Positive = Annotated[PositiveFloat, BeforeValidator(_no_text)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Swap(_Frozen):
    """Hand-over from an FMU to its surrogate and back, at communication points.

    For `shadow` macro steps before each hand-over the newcomer steps beside the one in charge. `force` swaps even
    where the measured costs say that the surrogate gains nothing.
    """

    surrogate: Path
    to_surrogate_at: Number
    back_at: Number | None = None
    shadow: Annotated[PositiveInt, BeforeValidator(_no_text)] = 5
    force: bool = False


class Solver(_Frozen):
    """Solver of a Model Exchange FMU: `cvode` with error control, or an explicit method with the fixed `step` (s).

    `tolerance` (relative) replaces the experiment's.
    """

    method: Literal["cvode", "euler", "heun", "rk4"] = "cvode"
    step: Positive | None = None
    tolerance: Positive | None = None


class Component(_Frozen):
    """One component: the file that implements it, and values that replace its start values.

    `kind` chooses among what an FMU offers (None: Co-Simulation where there is one). `importer` reads it. With
    `isolation: process` it runs in a process of its own, every call limited to `time_limit` (s) and its memory to
    `memory_limit` (MiB). `check_ranges` makes a value outside min and max an error. `extrapolate_inputs` hands the
    slope of the inputs over the last macro step to an FMU that can interpolate.
    """

    source: Path
    parameters: dict[str, Value] = Field(default_factory=dict)
    swap: Swap | None = None
    kind: Literal["co_simulation", "model_exchange", "scheduled_execution"] | None = None
    importer: Literal["fmpy", "pyfmi"] = "fmpy"
    solver: Solver = Solver()
    isolation: Literal["process"] | None = None
    time_limit: Positive = 60.0
    memory_limit: Positive | None = None
    check_ranges: bool = False
    extrapolate_inputs: bool = False


class Endpoint(_Frozen):
    """A connector of a component: `component.connector`, an array as a whole or one element of it."""

    component: str
    connector: str

    def __str__(self) -> str:
        return f"{self.component}.{self.connector}"


class Connection(_Frozen):
    """Values flow from the source (an output) to the destination (an input), units converted on the way."""

    source: Endpoint
    destination: Endpoint

    def __str__(self) -> str:
        return f"{self.source} -> {self.destination}"


class Experiment(_Frozen):
    """From when to when (s), and the relative tolerance handed to the solvers of the components."""

    start: Number = 0.0
    stop: Number
    tolerance: Positive | None = None


MAX_NAME = 100
NOT_IN_NAMES = r"[/\\\x00-\x1f\x7f]"
"""Characters that are in no name: files are called after components and systems."""


def _usable_name(name: str) -> str:
    if not name.strip(". ") or len(name) > MAX_NAME or re.search(NOT_IN_NAMES, name):
        raise ValueError(f"use a name of 1 to {MAX_NAME} characters without slashes and control characters")
    return name


def _usable_component_name(name: str) -> str:
    if "." in name or "->" in name:
        raise ValueError(f"component name {name!r}: use a name without '.' and '->'")
    return _usable_name(name)


ComponentName = Annotated[str, AfterValidator(_usable_component_name)]


class SystemDescription(_Frozen):
    """A system of components and connections, with the experiment, step size (s) and algorithm to run it.

    `record` lists `component.variable` patterns (shell wildcards); None records every output, or all locals where there
    is none.
    """

    name: Annotated[str, AfterValidator(_usable_name)]
    components: dict[ComponentName, Component] = Field(min_length=1)
    connections: tuple[Connection, ...] = ()
    experiment: Experiment
    step_size: Positive
    algorithm: Literal["gauss_seidel", "jacobi"] = "gauss_seidel"
    record: tuple[str, ...] | None = None
