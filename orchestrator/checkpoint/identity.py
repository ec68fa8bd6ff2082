"""Identity: of which system a checkpoint is, and in what another system differs from it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from orchestrator.checkpoint.checkpoint import Checkpoint
from orchestrator.errors import CheckpointError

Identity = Mapping[str, Any]
"""What a record says of a run: `description`, `components`, `scenarios`, `host`; see `run_metadata`."""

_SHOWN: Final = 5
_MAY_DIFFER: Final = (("experiment", "stop"), ("markup",))
"""A run may be continued to a later stop."""

_OF_A_FILE: Final = ("file_sha256", "surrogate_sha256", "guid", "token")
_PLACES: Final = ("source", "surrogate")
"""Where files lie does not matter, what is in them does."""


def require_same(checkpoint: Checkpoint, identity: Identity) -> None:
    """CheckpointError names everything in which a system differs from that of a checkpoint.

    The stop time may be another one, and so may tables of inputs: that is how a run is fed anew.
    """
    found = [*_described(checkpoint.identity, identity), *_components(checkpoint.identity, identity)]
    if found:
        more = f"\n  and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        listed = "".join(f"\n  {each}" for each in found[:_SHOWN])
        raise CheckpointError(
            f"the checkpoint is of another system:{listed}{more}\nGo on with the system that it was made of, or run "
            "this one from its start"
        )


def _described(one: Identity, other: Identity) -> Iterator[str]:
    for key in ("description", "scenarios"):
        yield from _differences((), one.get(key), other.get(key))


def _differences(place: tuple[str, ...], one: Any, other: Any) -> Iterator[str]:
    if place[-2:] in _MAY_DIFFER or place[-1:] in _MAY_DIFFER or (place[-1:] and place[-1] in _PLACES):
        return
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in dict.fromkeys((*one, *other)):
            yield from _differences((*place, key), one.get(key), other.get(key))
    elif _is_list(one) and _is_list(other) and len(one) == len(other):
        for index, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            yield from _differences((*place, str(index)), mine, theirs)
    elif one != other:
        yield f"{'.'.join(place) or 'scenarios'}: {_shown(one)} in the checkpoint, {_shown(other)} here"


def _components(one: Identity, other: Identity) -> Iterator[str]:
    mine, theirs = one.get("components", {}), other.get("components", {})
    for name in mine.keys() & theirs.keys():
        if mine[name].get("kind") == "table" == theirs[name].get("kind"):
            continue
        differing = [key for key in _OF_A_FILE if mine[name].get(key) != theirs[name].get(key)]
        if differing:
            key = differing[0]
            yield (
                f"component '{name}' is another file: {key} {_shown(mine[name].get(key))} in the checkpoint, "
                f"{_shown(theirs[name].get(key))} here"
            )


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _shown(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
