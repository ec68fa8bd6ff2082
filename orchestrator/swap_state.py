"""The state of a swap, also as bytes: who is in charge, what was done, and the states of FMU and surrogate."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from orchestrator.errors import CapabilityError
from orchestrator.observer import Event
from orchestrator.plain_data import pack, unpack
from orchestrator.swap_report import Bump, HandOver, Mode


class Progress(NamedTuple):
    """Where a swap is: its mode, the macro steps left of a shadow, why it declined or returns, and what it did.

    `steps` are counted by mode, `told` are events that nobody has taken yet.
    """

    mode: Mode
    remaining: int
    declined: str | None
    returning: str | None
    forced: bool
    steps: Mapping[Mode, int]
    hand_overs: tuple[HandOver, ...]
    shadow_error: Mapping[str, float]
    told: tuple[Event, ...]


class Kept(NamedTuple):
    """A kept state: progress, the states that FMU and surrogate keep of themselves, and costs of steps (s).

    The costs come with bytes from another process; in the same one they are measurements, which are never taken back.
    """

    progress: Progress
    fmu: object
    surrogate: object
    costs: tuple[list[float], list[float]] | None = None


class Packed(NamedTuple):
    """A kept state as it lies in bytes."""

    progress: Progress
    fmu: bytes
    surrogate: bytes
    costs: tuple[list[float], list[float]]


def own(name: str, state: object) -> Kept:
    """A state that a swap has kept; CapabilityError for any other."""
    if not isinstance(state, Kept):
        raise CapabilityError(f"'{name}': the state belongs to another kind of instance; save a new one")
    return state


def packed(state: Packed) -> bytes:
    """As bytes."""
    progress = state.progress
    plain = {
        **progress._asdict(),
        "mode": str(progress.mode),
        "steps": {str(mode): count for mode, count in progress.steps.items()},
        "hand_overs": [_plain(each) for each in progress.hand_overs],
        "shadow_error": dict(progress.shadow_error),
        "told": [list(event) for event in progress.told],
    }
    return pack([plain, state.fmu, state.surrogate, [list(each) for each in state.costs]])


def unpacked(name: str, data: bytes) -> Packed:
    """From bytes; CapabilityError where they are of something else."""
    try:
        plain, fmu, surrogate, (mine, its) = unpack(data)
        progress = Progress(
            **plain
            | {
                "mode": Mode(plain["mode"]),
                "steps": {Mode(mode): int(count) for mode, count in plain["steps"].items()},
                "hand_overs": tuple(_hand_over(*each) for each in plain["hand_overs"]),
                "told": tuple(Event(*event) for event in plain["told"]),
            }
        )
    except (ValueError, TypeError, KeyError) as error:
        raise CapabilityError(f"'{name}': the bytes are no state of a swap ({error}); save it again") from error
    if not (isinstance(fmu, bytes) and isinstance(surrogate, bytes)):
        raise CapabilityError(f"'{name}': the bytes hold no state of FMU and surrogate; save it again")
    return Packed(progress, fmu, surrogate, (mine, its))


def _plain(hand_over: HandOver) -> list[Any]:
    return [*hand_over[:4], *([list(bump) for bump in bumps] for bumps in hand_over[4:])]


def _hand_over(t: float, newcomer: str, way: str, cause: str, *bumps: list[list[Any]]) -> HandOver:
    outputs, states = (tuple(Bump(*bump) for bump in each) for each in bumps)
    return HandOver(t, newcomer, way, cause, outputs, states)
