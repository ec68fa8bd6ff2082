"""Native: how a compiled loop reaches an instance, by the addresses of C functions in place of its methods."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from orchestrator.instance import Bundle, Instance, StepResult, Values


class Clock:
    """The time (s) of many instances that are always at the same one."""

    def __init__(self) -> None:
        self.time = 0.0


class Happenings:
    """What happens to instances beside steps: who found them as they should be need not look again meanwhile."""

    def __init__(self) -> None:
        self.count = 0


HAPPENINGS: Final = Happenings()
"""To all instances of this process whose C sides are `Steady`."""


class NativeCall(NamedTuple):
    """One call that gets or sets a part of a bundle: int f(handle, references, n, values, number of values).

    `get` and `set` are addresses. `references` may be anything that both know the variables by. `elements` are the
    places of the values within those of the bundle, None where they are all of them in their order; `dtype` is the
    type that a value has in memory.
    """

    get: int
    set: int
    references: NDArray[Any]
    dtype: np.dtype[Any]
    size: int
    elements: NDArray[np.intp] | None = None


class NativeAnswer(NamedTuple):
    """What doStep answered: its status, the flags of FMI 3.0 and the time (s) that it reached."""

    status: int
    event_needed: bool = False
    terminate_requested: bool = False
    early_return: bool = False
    reached: float = 0.0


class NativeStates(Protocol):
    """How kept states of an instance are reached by address: 1 a slot, 2 `get` into it, 3 `set` from it, repeated.

    Steps are the same to the bit each time that they are made from a kept state, before the first return too: what
    would begin anew at a return, the solver of Model Exchange, does so in `get` already (see `Rollback.keep`).
    They are the addresses of int get(handle, state*), int set(handle, state) and int free(handle, state*). `get` may
    find a state in the slot that it gave before, and uses its memory again; see `compiled.hot.states`.
    """

    @property
    def get(self) -> int:
        """Keeps the present state."""
        ...

    @property
    def set(self) -> int:
        """Goes back to a kept state."""
        ...

    @property
    def free(self) -> int:
        """Releases a kept state."""
        ...

    @property
    def counted(self) -> int:
        """Address of an int64: how many messages the instance has logged."""
        ...

    def forget(self, count: int) -> None:
        """No error is to quote the messages after this many: what gave rise to them is taken back."""
        ...

    def slot(self) -> int:
        """Address of a pointer for one kept state, none at first; what is there is freed with the instance."""
        ...

    def adopt(self, slot: int, t: float) -> object:
        """The state in a slot, kept at t (s), as one that the methods of the instance know; the slot is empty then."""
        ...

    def failed(self, status: int, *, setting: bool) -> None:
        """`get`, or `set` where `setting`, gave this status, which is not OK; StepError where it is a failure."""
        ...


class Native(Protocol):
    """The C side of an instance in Step Mode: 1 the calls at the addresses, 2 `arrived`, or `answered` or `failed`.

    `do_step` is the address of int f(handle, t, h, flag, answers...), where `flag` says that no state is kept from
    before t; see `by_address.call_step`. `repeats_exactly`: keeping a state changes nothing of what follows, nor does
    going back to it. `may_refuse`: a step may be refused.
    """

    repeats_exactly: bool
    may_refuse: bool

    @property
    def handle(self) -> int:
        """The instance, as its functions know it."""
        ...

    @property
    def do_step(self) -> int:
        """Address of the function that makes a step."""
        ...

    @property
    def flag(self) -> bool:
        """The fourth argument of the next steps."""
        ...

    @property
    def states(self) -> NativeStates | None:
        """How its states are kept by address; None where it cannot keep them so."""
        ...

    def calls(self, bundle: Bundle) -> Sequence[NativeCall] | None:
        """The calls for a bundle, None where they cannot be made by address alone."""
        ...

    def begin(self) -> None:
        """Steps are about to be made; raises what a step of the instance would raise before it calls anything."""
        ...

    def arrived(self, t: float) -> None:
        """Steps were made, up to t (s), and all statuses were OK."""
        ...

    def answered(self, answer: NativeAnswer, t: float, h: float) -> StepResult:
        """The step from t by h (s) gave this answer; StepError where that is a failure."""
        ...

    def failed(self, status: int, bundle: Bundle, *, setting: bool) -> None:
        """A call for a bundle gave this status, which is not OK; StepError where it is a failure."""
        ...


class NativeSlopes(NamedTuple):
    """A call for derivatives: int f(handle, references, n, orders, values, values of one order).

    `n` is the number of values. `references` may be anything that both know the variables by; None: as the FMU does.
    """

    function: int
    handle: int
    references: NDArray[Any] | None = None


def native_slopes(slopes: object, bundle: Bundle) -> NativeSlopes | None:
    """How a compiled loop hands over slopes of inputs, or asks for those of outputs; None where it cannot.

    It is the same for all bundles (`native`), or each has its own (`native_of`).
    """
    if hasattr(slopes, "native_of"):
        own: NativeSlopes | None = slopes.native_of(bundle)
        return own
    found: NativeSlopes | None = getattr(slopes, "native", None)
    return found


class NativeDerivatives(Protocol):
    """A call for directional derivatives: int f(nine int64), of which it may take fewer."""

    @property
    def function(self) -> int:
        """Its address."""
        ...

    def arguments(self, unknowns: Bundle, knowns: Bundle, seed: Values, result: Values) -> Sequence[int]:
        """Nine arguments for result = d(unknowns)/d(knowns) seed, which hold as long as all of these live."""
        ...


def native_derivatives(derivatives: object) -> NativeDerivatives | None:
    """How compiled functions ask for directional derivatives; None where they cannot."""
    found: NativeDerivatives | None = getattr(derivatives, "native", None)
    return found


def interpret(instance: Instance) -> None:
    """Let an instance make its own steps in Python, too, where it makes them in compiled functions otherwise."""
    if hasattr(instance, "interpreted"):
        instance.interpreted = True


def native(instance: Instance) -> Native | None:
    """The C side of an instance, None where it has none that a compiled loop can use."""
    found: Native | None = getattr(instance, "native", None)
    return found


@runtime_checkable
class Steady(Protocol):
    """A C side of which `HAPPENINGS` counts whatever its `begin` and `flag` depend on.

    1 `follow` once steps were made: the time of the instance is that of the clock, until something happens.
    """

    def follow(self, clock: Clock) -> None:
        """Steps were made, up to the time of this clock, and all statuses were OK; what comes next likewise."""
        ...


def undisturbed(states: NativeStates) -> int:
    """`get` of kept states, which lets nothing begin anew: that is another function where there is a `quiet` one."""
    return int(getattr(states, "quiet", states.get))


def is_plain(found: Native | None) -> bool:
    """Whether doStep takes no place for answers beside its status: `is_plain = True` says so."""
    return bool(getattr(found, "is_plain", False))


def takes_parts(found: Native | None) -> bool:
    """Whether some inputs may be set without the others that are held: `takes_parts = True` says so.

    What remembers the values of a whole bundle, to tell a jump of an input, does not know those of a part.
    """
    return bool(getattr(found, "takes_parts", False))
