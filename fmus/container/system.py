"""The system of a container: components, what flows between them, and what is seen from outside; see runtime/system.h.

Values lie in an image, a block of bytes, as they are in memory when a component takes or gives them.
"""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from fmus.container.loops import Loop, Mathematics
from fmus.container.values import Call, Flow, Range, Type
from fmus.container.ways import Eventful, Exchange, Extrapolation, Pace


@dataclass(frozen=True)
class Part:
    """A component: `library`, those loaded `before` it, and `resources` are paths below the resources of the whole.

    `fmi` is 1, 2 or 3; of FMI 1.0 `resources` are all of its files, and `identifier` comes before its functions.
    `intermediate` are the references of inputs that it takes during a step.
    `returns_early`: it may end its steps before their end.
    """

    name: str
    token: str
    identifier: str
    library: str
    before: tuple[str, ...]
    resources: str
    fmi: int
    inputs: tuple[Call, ...] = ()
    initial: tuple[Call, ...] = ()
    unknown_starts: tuple[Call, ...] = ()
    outputs: tuple[Call, ...] = ()
    flows: tuple[Flow, ...] = ()
    intermediate: tuple[int, ...] = ()
    pace: Pace | None = None
    extrapolation: Extrapolation | None = None
    exchange: Exchange | None = None
    events: Eventful | None = None
    returns_early: bool = False
    keeps_state: bool = False
    checked_inputs: tuple[Range, ...] = ()
    checked_outputs: tuple[Range, ...] = ()


@dataclass(frozen=True)
class Course:
    """A value over time (s): its rows, with straight lines between them where it is `linear`.

    Where there is a `period` (s), pulses: in each, the second row from the time of the first one on for the `width`
    (s), the first row otherwise.
    """

    type: Type
    offset: int
    times: tuple[float, ...]
    values: tuple[float | int, ...]
    linear: bool = False
    period: float = 0.0
    width: float = 0.0


@dataclass(frozen=True)
class Inputs:
    """A component that gives inputs over time; `jumps` are times (s), in ascending order."""

    courses: tuple[Course, ...]
    jumps: tuple[float, ...]


@dataclass(frozen=True)
class Stage:
    """One stage of the initialization: parts (by index) that get inputs, what is read of which part, what flows on."""

    parts: tuple[int, ...]
    reads: tuple[tuple[int, Call], ...]
    flows: tuple[Flow, ...] = ()


@dataclass(frozen=True)
class Setting:
    """A value that a part is given once: at the start where it is `given`, and when it is changed from outside."""

    part: int
    call: Call
    tunable: bool = False
    given: bool = False
    text: str | None = None


class Kind(StrEnum):
    """What a variable is to the runtime; the names are those of `variable_kind`."""

    INPUT = "VARIABLE_INPUT"
    OUTPUT = "VARIABLE_OUTPUT"
    PARAMETER = "VARIABLE_PARAMETER"
    TIME = "VARIABLE_TIME"


@dataclass(frozen=True)
class Unit:
    """A unit by name; what it is in the SI where that is known: exponents over kg, m, s, A, K, mol, cd, rad."""

    name: str
    exponents: tuple[int, ...] | None = None
    factor: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class Variable:
    """A variable of the whole. `setting` is the index of what hands it on; `depends` are inputs, by name.

    `minimum`, `maximum` and `start` (one value for each element) are in the type of the variable.
    """

    name: str
    kind: Kind
    type: Type
    offset: int
    causality: str
    variability: str
    shape: tuple[int, ...] = ()
    elements: tuple[str, ...] = ()
    initial: str | None = None
    start: tuple[float | int | bool, ...] | None = None
    setting: int | None = None
    description: str = ""
    unit: str | None = None
    relative: bool = False
    nominal: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    items: tuple[tuple[int, str], ...] = ()
    depends: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """Number of elements."""
        return len(self.elements)


@dataclass(frozen=True, eq=False)
class System:
    """All that a container is made from, but for the files of its components.

    `step_size`, `start` and `stop` in s; `at_once` flows at the beginning of each macro step, `everything` where
    events are looked for, and `during_events` what may flow then; `image` holds the values
    at the start. `bound` is a part that takes steps of one size only, -1 where there is none. `solver` are the
    libraries of CVODE below the resources, where a part uses it. `mathematics` solve the `loops`, where there are any.
    """

    name: str
    identifier: str
    description: str
    step_size: float
    start: float
    stop: float
    tolerance: float | None
    parts: tuple[Part, ...]
    stages: tuple[Stage, ...]
    settings: tuple[Setting, ...]
    at_once: tuple[Flow, ...]
    everything: tuple[Flow, ...]
    during_events: tuple[Flow, ...]
    variables: tuple[Variable, ...]
    units: tuple[Unit, ...]
    image: NDArray[np.uint8] = field(repr=False)
    inputs: tuple[Inputs, ...] = ()
    bound: int = -1
    solver: tuple[str, ...] = ()
    loops: tuple[Loop, ...] = ()
    mathematics: Mathematics | None = None
    keeps_state: bool = False
    serializes_state: bool = False
    once_per_process: bool = False
    needs_tool: bool = False
