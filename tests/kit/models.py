"""Models of the kit: their variables and what they can do, the one table from which C code and descriptions come."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

Start = float | int | bool | str | bytes | tuple[float, ...]

FLOATS: Final = ("Float64", "Float32")
INTEGERS: Final = ("Int8", "UInt8", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64")
OLD_TYPES: Final = {"Float64": "Real", "Int32": "Integer", "Boolean": "Boolean", "String": "String"} | {
    "Enumeration": "Enumeration"
}
"""FMI 3.0 types that FMI 1.0 and 2.0 have too, and what they are called there."""
ITEMS: Final = ("first", "second", "third")
"""Items 1, 2 and 3 of the kit's only enumeration."""


@dataclass(frozen=True)
class Variable:
    """One variable; the value reference is its position in `Model.variables` plus one (0 is the time).

    `rate` names the derivative of a state, `slope` that of an output. `depends` names what an output depends on
    directly (states aside). `dimensions` names structural parameters; `capacity` is the room for elements in C.
    A clock has an `interval` (s; None: triggered) and a `priority` (Scheduled Execution); `clocks` names the clocks
    of a clocked variable.
    """

    name: str
    type: str = "Float64"
    causality: str = "local"
    start: Start | None = None
    variability: str | None = None
    rate: str | None = None
    slope: str | None = None
    depends: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    capacity: int = 1
    nominal: float = 1.0
    interval: float | None = None
    priority: int | None = None
    clocks: tuple[str, ...] = ()

    @property
    def field(self) -> str:
        """Its name in C."""
        return re.sub(r"\W", "_", self.name).strip("_")

    @property
    def changes(self) -> str:
        """Its variability, the standard's default where none is given."""
        if self.variability is not None:
            return self.variability
        if self.causality in ("parameter", "structuralParameter"):
            return "fixed"
        return "continuous" if self.type in FLOATS else "discrete"

    @property
    def exact(self) -> bool:
        """Whether its start value is its value at the start."""
        return self.start is not None


@dataclass(frozen=True)
class Model:
    """A model of the kit; `hidden` are fields of its C code that are no variables.

    With `event_mode` it has one as Co-Simulation unless a build decides otherwise: it makes no sense without.
    """

    name: str
    source: str
    variables: tuple[Variable, ...]
    indicators: tuple[str, ...] = ()
    hidden: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[str, ...] = ("1.0", "2.0", "3.0")
    kinds: tuple[str, ...] = ("co_simulation", "model_exchange")
    resource: bytes | None = None
    event_mode: bool = False
    max_step: float = 1e-3
    stop: float = 1.0

    def offered(self, version: str) -> tuple[tuple[int, Variable], ...]:
        """Value references and variables that a version of FMI can express."""
        numbered = tuple(enumerate(self.variables, 1))
        return numbered if version == "3.0" else tuple(each for each in numbered if each[1].type in OLD_TYPES)

    def reference(self, name: str) -> int:
        """Value reference of a variable; 0 for the time."""
        return 0 if name == "time" else 1 + [variable.name for variable in self.variables].index(name)

    @property
    def states(self) -> tuple[Variable, ...]:
        """Its continuous states."""
        return tuple(variable for variable in self.variables if variable.rate is not None)


def _state(name: str, start: Start, causality: str = "output", **more: object) -> tuple[Variable, Variable]:
    rate = f"der({name})"
    return Variable(name, "Float64", causality, start, rate=rate, **more), Variable(rate, **_shape(more))  # type: ignore[arg-type]


def _shape(more: Mapping[str, object]) -> dict[str, object]:
    return {key: more[key] for key in ("dimensions", "capacity") if key in more}


def _parameter(name: str, start: Start, fmi_type: str = "Float64", **more: object) -> Variable:
    return Variable(name, fmi_type, "parameter", start, **more)  # type: ignore[arg-type]


def _pair(fmi_type: str, start: Start) -> tuple[Variable, Variable]:
    u = Variable(f"{fmi_type}_u", fmi_type, "input", start)
    return u, Variable(f"{fmi_type}_y", fmi_type, "output", depends=(u.name,))


def _matrix(name: str, start: tuple[float, ...], *dimensions: str) -> Variable:
    return _parameter(name, start, dimensions=dimensions, capacity=16, variability="tunable")


_SIZES: Final = tuple(Variable(name, "UInt64", "structuralParameter", 2) for name in ("n", "m", "r"))
_CLOCKED: Final = {"type": "Clock", "causality": "input"}

MODELS: Final[Mapping[str, Model]] = {
    model.name: model
    for model in (
        Model(
            "BouncingBall",
            "bouncing_ball.c",
            (
                *_state("h", 1.0),
                *_state("v", 0.0),
                _parameter("g", -9.81),
                _parameter("e", 0.7),
                _parameter("v_min", 0.1),
                Variable("bounces", "Int32", "output", 0),
                Variable("z"),
            ),
            indicators=("z",),
            hidden={"resting": "bool"},
            stop=3.0,
        ),
        Model("Dahlquist", "dahlquist.c", (*_state("x", 1.0), _parameter("k", 1.0))),
        Model("VanDerPol", "van_der_pol.c", (*_state("x0", 2.0), *_state("x1", 0.0), _parameter("mu", 1.0)), stop=10.0),
        Model(
            "Integrator",
            "integrator.c",
            (
                Variable("u", "Float64", "input", 0.0),
                *_state("x", 0.0, "local"),
                Variable("y", "Float64", "output", slope="der(x)"),
            ),
        ),
        Model(
            "FedBatch",
            "fed_batch.c",
            (
                *_state("reactor.V", 2.0, "local"),
                *_state("S[1]", 1.0, "local"),
                _parameter("F", 0.1),
                _parameter("mu", 0.2),
                _parameter("V0", 2.0),
                _parameter("k", 1e4),
                Variable("feed"),
            ),
            kinds=("model_exchange",),
            stop=5.0,
        ),
        Model(
            "Feedthrough",
            "feedthrough.c",
            tuple(
                variable
                for fmi_type, start in (
                    *((each, 0.0) for each in FLOATS),
                    *((each, 0) for each in INTEGERS),
                    ("Boolean", False),
                    ("String", "start"),
                    ("Enumeration", 1),
                    ("Binary", b"kit"),
                )
                for variable in _pair(fmi_type, start)
            ),
        ),
        Model(
            "Stair",
            "stair.c",
            (Variable("counter", "Int32", "output", 0), _parameter("last", 0, "Int32")),
            stop=10.0,
        ),
        Model(
            "Resource",
            "resource.c",
            (Variable("y", "Int32", "output"),),
            resource=b"a",
        ),
        Model(
            "StateSpace",
            "state_space.c",
            (
                *_SIZES,
                _matrix("A", (0.0, 1.0, -1.0, 0.0), "n", "n"),
                _matrix("B", (1.0, 0.0, 0.0, 1.0), "n", "m"),
                _matrix("C", (1.0, 0.0, 0.0, 1.0), "r", "n"),
                _matrix("D", (0.0, 0.0, 0.0, 0.0), "r", "m"),
                Variable("u", "Float64", "input", (0.0, 0.0), dimensions=("m",), capacity=4),
                *_state("x", (1.0, 0.0), "local", dimensions=("n",), capacity=4),
                Variable("y", "Float64", "output", depends=("u",), dimensions=("r",), capacity=4),
            ),
            versions=("3.0",),
        ),
        Model(
            "Clocks",
            "clocks.c",
            (
                Variable("tick", interval=0.1, **_CLOCKED),
                Variable("third", "Clock", "output"),
                Variable("u", "Float64", "input", 0.0, "discrete", clocks=("tick",)),
                Variable("count", "Int32", "output", 0, clocks=("tick",)),
                Variable("sample", "Float64", "output", 0.0, "discrete", clocks=("tick",)),
            ),
            hidden={"ticks": "int32_t"},
            event_mode=True,
            versions=("3.0",),
        ),
        Model(
            "Triggered",
            "triggered.c",
            (
                Variable("fire", **_CLOCKED),
                Variable("u", "Float64", "input", 0.0, "discrete", clocks=("fire",)),
                Variable("fired", "Int32", "output", 0, clocks=("fire",)),
                Variable("sample", "Float64", "output", 0.0, "discrete", clocks=("fire",)),
                Variable("fired_at", "Float64", "output", 0.0, "discrete", clocks=("fire",)),
            ),
            hidden={"fires": "int32_t"},
            event_mode=True,
            versions=("3.0",),
        ),
        Model(
            "Partitions",
            "partitions.c",
            (
                Variable("fast", interval=0.01, priority=0, **_CLOCKED),
                Variable("middle", interval=0.02, priority=1, **_CLOCKED),
                Variable("slow", interval=0.05, priority=2, **_CLOCKED),
                Variable("fast_count", "Int32", "output", 0, clocks=("fast",)),
                Variable("middle_count", "Int32", "output", 0, clocks=("middle",)),
                Variable("slow_count", "Int32", "output", 0, clocks=("slow",)),
                Variable("order", "Int32", "output", 0, clocks=("fast", "middle", "slow")),
            ),
            versions=("3.0",),
            kinds=("scheduled_execution",),
        ),
    )
}
