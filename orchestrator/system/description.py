"""SystemDescription: what a system is. Frozen; every value that changes during a run lives in `Signals`."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PositiveInt, model_validator

from orchestrator.system.generated import Signal
from orchestrator.system.solving import Extrapolation, Solving
from orchestrator.system.structure import DeclaredConnector, Markup, ParameterBinding, Subsystem, UnitDefinition
from orchestrator.system.transformation import Transformation
from orchestrator.system.values import Frozen, Given, Number, Positive, no_text


class Swap(Frozen):
    """Hand-over from an FMU to its surrogate and back, at communication points.

    For `shadow` macro steps before each hand-over the newcomer steps beside the one in charge. `force` swaps even
    where the measured costs say that the surrogate gains nothing.
    """

    surrogate: Path
    to_surrogate_at: Number
    back_at: Number | None = None
    shadow: Annotated[PositiveInt, BeforeValidator(no_text)] = 5
    force: bool = False


class Solver(Frozen):
    """Solver of a Model Exchange FMU: `cvode` with error control, or an explicit method with the fixed `step` (s).

    `tolerance` (relative) replaces the experiment's. `jacobian` says where that of cvode comes from (None: from
    directional derivatives where the FMU declares them, else from difference quotients).
    """

    method: Literal["cvode", "euler", "heun", "rk4"] = "cvode"
    step: Positive | None = None
    tolerance: Positive | None = None
    jacobian: Literal["directional_derivatives", "difference_quotients"] | None = None


class Component(Frozen):
    """One component: the file that implements it, or the `signals` that it generates, by the names of its outputs.

    `parameters` are values that replace its start values.
    `kind` chooses among what an FMU offers (None: Co-Simulation where there is one). `importer` reads it. With
    `isolation: process` it runs in a process of its own, every call limited to `time_limit` (s) and its memory to
    `memory_limit` (MiB). `check_ranges` makes a value outside min and max an error. `step_size` (s) is a multiple or an
    integer part of that of the system. `extrapolation` replaces that of the system. `estimator` is a cheaper file with
    the same connectors, which stands in for a component that cannot go back while a loop is solved.

    `connectors` are those that a file declares, `bindings` sets of parameters that win over `parameters`.
    """

    source: Path | None = None
    signals: dict[str, Signal] = Field(default_factory=dict)
    parameters: dict[str, Given] = Field(default_factory=dict)
    swap: Swap | None = None
    kind: Literal["co_simulation", "model_exchange", "scheduled_execution"] | None = None
    importer: Literal["fmpy", "pyfmi"] = "fmpy"
    solver: Solver = Solver()
    isolation: Literal["process"] | None = None
    time_limit: Positive = 60.0
    memory_limit: Positive | None = None
    check_ranges: bool = False
    step_size: Positive | None = None
    extrapolation: Extrapolation | None = None
    estimator: Path | None = None
    connectors: dict[str, DeclaredConnector] = Field(default_factory=dict)
    bindings: tuple[ParameterBinding, ...] = ()
    markup: Markup = Markup()

    @model_validator(mode="after")
    def _one_origin(self) -> "Component":
        if (self.source is None) == (not self.signals):
            raise ValueError("give it a 'source', the path of a file, or 'signals', and not both")
        return self

    @property
    def file(self) -> Path:
        """The file that implements it; for components that generate no signals."""
        assert self.source is not None
        return self.source


class Endpoint(Frozen):
    """A connector of a component or nested system: `component.connector`, an array as a whole or elements of it."""

    component: str
    connector: str

    def __str__(self) -> str:
        return f"{self.component}.{self.connector}"


class Connection(Frozen):
    """Values flow from the source (an output) to the destination (an input), units converted on the way.

    Either end may be a connector of a nested system, which passes values on. A `transformation` acts on the converted
    value; with `suppress_unit_conversion` it acts instead of the conversion.
    `as_parameter` lets the destination be a tunable parameter, set at communication points. No standard provides that.
    With `delay` the destination always gets the value of the last communication point, at the start its start value:
    so a loop is broken.
    """

    source: Endpoint
    destination: Endpoint
    transformation: Transformation | None = None
    suppress_unit_conversion: bool = False
    as_parameter: bool = False
    delay: bool = False
    markup: Markup = Markup()

    def __str__(self) -> str:
        return f"{self.source} -> {self.destination}"


class Experiment(Frozen):
    """From when to when (s), and the relative tolerance handed to the solvers of the components."""

    start: Number = 0.0
    stop: Number
    tolerance: Positive | None = None


MAX_NAME = 100
NOT_IN_NAMES = (
    r"[/\\\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)
"""Characters that are in no name: files are called after systems, and paths of components are split at slashes.

Names with the others look like different names: controls (Unicode's Cc), format characters (Cf), separators of lines
(Zl, Zp), halves of characters (Cs).
"""


def _usable_name(name: str) -> str:
    if not name.strip(". ") or len(name) > MAX_NAME or re.search(NOT_IN_NAMES, name):
        raise ValueError(f"use a name of 1 to {MAX_NAME} characters without slashes, control and invisible characters")
    return name


def _usable_path(path: str) -> str:
    if "." in path or "->" in path:
        raise ValueError(f"component name {path!r}: use a name without '.' and '->'")
    for name in path.split("/"):
        _usable_name(name)
    return path


ComponentName = Annotated[str, AfterValidator(_usable_path)]
"""A name, or the path of a component in nested systems: `cooling/pump`."""


class SystemDescription(Solving):
    """A system of components and connections, with the experiment, step size (s) and algorithm to run it.

    `loops`, `step_control`, `extrapolation`, `initialization` and `bonds` say how the algorithm solves it.

    `record` lists `component.variable` patterns (shell wildcards); None records every output, or all locals where there
    is none. With `record_interval` (s) there is a row of the first communication point at or after each multiple of it,
    counted from the start, and of the last point, and not one of each. `subsystems` are the nested systems by path;
    that of the path `""` is the whole system, with the connectors through which it is connected to what is outside.
    `units` and `enumerations` define the names in connectors and
    parameters of this description, `constants` numbers and quantities for expressions in them.
    """

    name: Annotated[str, AfterValidator(_usable_name)]
    components: dict[ComponentName, Component] = Field(min_length=1)
    connections: tuple[Connection, ...] = ()
    experiment: Experiment
    step_size: Positive
    record: tuple[str, ...] | None = None
    record_interval: Positive | None = None
    subsystems: dict[str, Subsystem] = Field(default_factory=dict)
    units: dict[str, UnitDefinition] = Field(default_factory=dict)
    constants: dict[str, Given] = Field(default_factory=dict)
    enumerations: dict[str, dict[str, int]] = Field(default_factory=dict)
    markup: Markup = Markup()
