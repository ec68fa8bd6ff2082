"""The system of a container: components, what flows between them, and what is seen from outside; see runtime/system.h.

Values lie in an image, a block of bytes, as they are in memory when a component takes or gives them.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Type(StrEnum):
    """Types in memory; the names are those of `value_type` in the runtime."""

    FLOAT64 = "FLOAT64"
    FLOAT32 = "FLOAT32"
    INT8 = "INT8"
    UINT8 = "UINT8"
    INT16 = "INT16"
    UINT16 = "UINT16"
    INT32 = "INT32"
    UINT32 = "UINT32"
    INT64 = "INT64"
    UINT64 = "UINT64"
    BOOLEAN = "BOOLEAN"
    INTEGER32_BOOLEAN = "INTEGER32_BOOLEAN"

    @property
    def dtype(self) -> np.dtype[Any]:
        """The same for NumPy."""
        return _DTYPES[self]

    @property
    def boolean(self) -> bool:
        """Whether its values are truth values."""
        return self in (Type.BOOLEAN, Type.INTEGER32_BOOLEAN)

    @property
    def floating(self) -> bool:
        """Whether its values are floats."""
        return self in (Type.FLOAT64, Type.FLOAT32)


_DTYPES: dict[Type, np.dtype[Any]] = {
    Type.FLOAT64: np.dtype(np.float64),
    Type.FLOAT32: np.dtype(np.float32),
    Type.INT8: np.dtype(np.int8),
    Type.UINT8: np.dtype(np.uint8),
    Type.INT16: np.dtype(np.int16),
    Type.UINT16: np.dtype(np.uint16),
    Type.INT32: np.dtype(np.int32),
    Type.UINT32: np.dtype(np.uint32),
    Type.INT64: np.dtype(np.int64),
    Type.UINT64: np.dtype(np.uint64),
    Type.BOOLEAN: np.dtype(np.bool_),
    Type.INTEGER32_BOOLEAN: np.dtype(np.int32),
}


@dataclass(frozen=True)
class Call:
    """Variables of one type that are set or got at once: `size` values from `offset` on, called `names`.

    Where `given` is not 0, the values that were set last are kept there, behind a number.
    """

    type: Type
    references: tuple[int, ...]
    offset: int
    size: int
    names: tuple[str, ...]
    given: int = 0


@dataclass(frozen=True)
class Flow:
    """destination = factor * mapping(source) + offset; `conversion` is None where nothing is scaled."""

    source: int
    destination: int
    source_type: Type
    destination_type: Type
    path: str
    conversion: tuple[float, float] | None = None
    mapping: tuple[tuple[int, int], ...] = ()
    total: bool = False

    @property
    def size(self) -> int:
        """Bytes that it fills."""
        return self.destination_type.dtype.itemsize

    @property
    def plain(self) -> bool:
        """Whether the bytes are copied as they are. Booleans are not: FMI 2.0 takes every number but 0 for true."""
        unchanged = self.conversion is None and not self.mapping and not self.total
        return unchanged and self.source_type is self.destination_type and not self.source_type.boolean

    def follows(self, other: "Flow") -> bool:
        """Whether source and destination lie just behind those of another one."""
        distance = (self.source - other.source, self.destination - other.destination)
        return distance == (other.size, other.size)


@dataclass(frozen=True)
class Pace:
    """How a component steps that does not so with the system; times in s.

    In parts of at most `sub_step`, or once in `period` macro steps: then its inputs, which fill so many bytes from
    `inputs` on, are `kept` elsewhere in the image when it begins, behind all `flows` into it. Where it `samples`, its
    step is made on these.
    """

    sub_step: float = 0.0
    period: int = 0
    samples: bool = False
    inputs: int = 0
    size: int = 0
    kept: int = 0
    flows: tuple[Flow, ...] = ()


@dataclass(frozen=True)
class Element:
    """An element of extrapolated inputs: whether it `follows` its polynomial or is held, and `passes` to outputs."""

    offset: int
    follows: bool
    passes: bool


@dataclass(frozen=True)
class Target:
    """Where a derivative goes: from a `place` among those that are read or given to an element, or back."""

    place: int
    element: int
    factor: float = 1.0


@dataclass(frozen=True)
class Reading:
    """Derivatives of outputs of a part, or (`part` is -1) of the input over time with the number `course`."""

    part: int
    course: int
    references: tuple[int, ...]
    size: int
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Inflow:
    """Extrapolated elements (by number) of alike origin, and where their past is kept in the image."""

    ahead: bool
    period: int
    ranks: tuple[int, ...]
    readings: tuple[Reading, ...]
    memory: int


@dataclass(frozen=True)
class Giving:
    """Derivatives up to the order `degree` that a part takes, of inputs whose values lie at these places."""

    degree: int
    references: tuple[int, ...]
    places: tuple[int, ...]
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Extrapolation:
    """The inputs of a part that go on over a step: polynomials of an `order`; `newest` values of others count."""

    order: int
    smoothing: bool
    newest: bool
    elements: tuple[Element, ...]
    inflows: tuple[Inflow, ...]
    flows: tuple[Flow, ...]
    memory: int
    giving: Giving | None = None

    @property
    def scratch(self) -> int:
        """How many numbers its steps need room for."""
        readings = [reading.size for inflow in self.inflows for reading in inflow.readings]
        return max(len(self.elements), *readings, 1)


@dataclass(frozen=True)
class Colour:
    """Columns of a Jacobian that share no row: references of their states, and the seed of one directional derivative.

    `entries` are the elements of the result, and where they go in the matrix, column by column.
    """

    knowns: tuple[int, ...]
    seed: tuple[float, ...]
    entries: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Exchange:
    """A part for Model Exchange: what its solver needs; `method` is one of `solver_method` in the runtime.

    `step` in s; tolerances are relative, 0 where there is none. `unknowns` are the references of the derivatives.
    """

    states: int
    indicators: int
    completed_steps: bool
    method: str
    step: float
    tolerance: float
    default_tolerance: float
    memory: int
    unknowns: tuple[int, ...] = ()
    colours: tuple[Colour, ...] = ()


@dataclass(frozen=True)
class Part:
    """A component: `library`, those loaded `before` it, and `resources` are paths below the resources of the whole.

    `fmi` is 1, 2 or 3; of FMI 1.0 `resources` are all of its files, and `identifier` comes before its functions.
    `intermediate` are the references of inputs that it takes during a step.
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


@dataclass(frozen=True)
class Course:
    """A value over time (s): its rows, with straight lines between them where it is `linear`."""

    type: Type
    offset: int
    times: tuple[float, ...]
    values: tuple[float | int, ...]
    linear: bool = False


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

    `step_size`, `start` and `stop` in s; `at_once` flows at the beginning of each macro step; `image` holds the values
    at the start. `solver` are the libraries of CVODE below the resources, where a part uses it.
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
    variables: tuple[Variable, ...]
    units: tuple[Unit, ...]
    image: NDArray[np.uint8] = field(repr=False)
    inputs: tuple[Inputs, ...] = ()
    solver: tuple[str, ...] = ()
    keeps_state: bool = False
    serializes_state: bool = False
    once_per_process: bool = False
    needs_tool: bool = False
