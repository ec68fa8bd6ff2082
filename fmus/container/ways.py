"""Ways of parts that do more than step with the system on held inputs: paces, extrapolated inputs, solvers."""

from dataclasses import dataclass

from fmus.container.values import Call, Flow


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

    `step` in s; tolerances are relative, 0 where there is none. `unknowns` are the references of the derivatives,
    `courses` those of the inputs that may change over a step, which have so many elements.
    """

    states: int
    indicators: int
    completed_steps: bool
    method: str
    step: float
    tolerance: float
    default_tolerance: float
    memory: int
    courses: tuple[int, ...] = ()
    courses_size: int = 0
    courses_memory: int = 0
    unknowns: tuple[int, ...] = ()
    colours: tuple[Colour, ...] = ()


@dataclass(frozen=True)
class Eventful:
    """A part with Event Mode: inputs that are set there only, and where the time of its next event is kept."""

    discrete: tuple[Call, ...]
    memory: int
