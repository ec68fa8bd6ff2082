"""Keeping: from the parts of a run to what a checkpoint holds of them, and back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from orchestrator.errors import CapabilityError, CheckpointError, CotwinError
from orchestrator.instance import Instance, Values
from orchestrator.master.access import Access
from orchestrator.master.composition import Master
from orchestrator.master.coupling import Coupling
from orchestrator.master.memory import Memory
from orchestrator.master.timeline import Timeline
from orchestrator.signals import Signals
from orchestrator.system.connector import Storage

_TYPES: Mapping[Storage, type] = {Storage.STRING: str, Storage.BINARY: bytes}


class Kept(NamedTuple):
    """The states of the components, as their own bytes, and everything else."""

    states: dict[str, bytes]
    run: dict[str, Any]


class Keeping:
    """Takes down a run between two macro steps, and puts it back, in the same process or another one."""

    def __init__(self, coupling: Coupling, master: Master, timeline: Timeline, access: Access) -> None:
        self._signals, self._timeline, self._access = coupling.signals, timeline, access
        self._instances = {each.name: each.instance for each in coupling.participants}
        self._memories: Mapping[str, Mapping[str, Memory]] = {
            "memories": master.memories,
            "controls": {**master.controls, "statistics": coupling.statistics},
        }

    def require(self) -> None:
        """CapabilityError that names every component whose state cannot become bytes, where there is one."""
        unable = [name for name, each in self._instances.items() if not _serializes(each)]
        if unable:
            names = ", ".join(f"'{name}'" for name in unable)
            raise CapabilityError(
                f"a checkpoint needs the state of every component as bytes, which {names} cannot give: they do not "
                "declare the serialization of FMU states. Export them with canGetAndSetFMUstate and "
                "canSerializeFMUstate (canGetAndSetFMUState and canSerializeFMUState in FMI 3.0), or run without "
                "checkpoints and branches"
            )

    def kept(self) -> Kept:
        """Everything as it is now."""
        self.require()
        states = {name: _serialized(instance) for name, instance in self._instances.items()}
        parts = {group: _remembered(memories) for group, memories in self._memories.items()}
        signals = {storage.value: array for storage, array in self._signals.copy().items()}
        places = {"timeline": self._timeline.remembered(), "access": self._access.remembered()}
        return Kept(states, {**parts, **places, "signals": signals})

    def require_fit(self, kept: Kept, t: float) -> None:
        """CheckpointError where what was kept at t (s) is of another run."""
        with _naming_misfit():
            self._timeline.require(t)
            _require_names("the components", self._instances, kept.states)
            for group, memories in self._memories.items():
                _require_names("the parts of the master", memories, kept.run[group])
            _signals(self._signals, kept.run["signals"])
            dict(kept.run["start_values"])

    def put_back(self, kept: Kept, t: float) -> None:
        """Go to what was kept, at t (s), once it is known to fit; CheckpointError where it contradicts itself."""
        with _naming_misfit():
            self._put_back(kept)
            self._timeline.remember(kept.run["timeline"])
            self._timeline.place(t)

    def _put_back(self, kept: Kept) -> None:
        self._access.remember(kept.run["access"])
        for name, instance in self._instances.items():
            _put_back(instance, kept.states[name])
        for group, memories in self._memories.items():
            for name, memory in memories.items():
                memory.remember(kept.run[group][name])
        self._signals.put(_signals(self._signals, kept.run["signals"]))


@contextmanager
def _naming_misfit() -> Iterator[None]:
    """What is not in a checkpoint where it should be is of another version, or of somebody else."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(
            f"the checkpoint does not hold what this run needs ({type(error).__name__}: {error}). Go on with the "
            "version of cotwin that it was made with"
        ) from error


def _serializes(instance: Instance) -> bool:
    return instance.capabilities.get_set_state and instance.capabilities.serialize_state


def _serialized(instance: Instance) -> bytes:
    state = instance.save_state()
    try:
        return instance.serialize_state(state)
    finally:
        instance.free_state(state)


def _put_back(instance: Instance, data: bytes) -> None:
    try:
        state = instance.deserialize_state(data)
    except CotwinError as error:
        raise CheckpointError(f"the checkpoint does not fit '{instance.name}': {error}") from error
    try:
        instance.restore_state(state)
    finally:
        instance.free_state(state)


def _remembered(memories: Mapping[str, Memory]) -> dict[str, Any]:
    return {name: dict(memory.remembered()) for name, memory in memories.items()}


def _require_names(what: str, mine: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
    if mine.keys() != kept.keys():
        different = ", ".join(sorted(mine.keys() ^ kept.keys()))
        raise CheckpointError(
            f"the checkpoint is of another run: {what} differ ({different}). Go on with the system, the scenarios and "
            "the version of cotwin that it was made with"
        )


def _signals(signals: Signals, kept: Mapping[str, Any]) -> dict[Storage, Values]:
    arrays = {storage: kept[storage.value] for storage in Storage}
    for storage, array in arrays.items():
        mine = signals.array(storage)
        kind = _TYPES.get(storage)
        known = kind is None or all(isinstance(each, kind) for each in array.tolist())
        if array.shape != mine.shape or array.dtype != mine.dtype or not known:
            raise CheckpointError(
                f"the checkpoint is of another run: it holds {array.shape} values of {array.dtype} for {storage}, the "
                f"system has {mine.shape} of {mine.dtype}. Go on with the system and scenarios that it was made with"
            )
    return arrays
