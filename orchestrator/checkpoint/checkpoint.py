"""Checkpoint: everything that the rest of a run depends on, at one of its communication points."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.checkpoint.file import FILE, read_file, write_file
from orchestrator.errors import CheckpointError
from orchestrator.observer import Event


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A run at `time` (s), as plain data; nothing in it changes.

    `identity` says of which system. `states` are those of the components, as their own bytes; `run` is everything else
    that the run depends on, `events` what has happened up to now, `record` where its record ends, None where there is
    none. `ended`: a component has ended the run. `every` (s) is the simulated time between checkpoints, where they are
    made regularly.
    """

    identity: Mapping[str, Any]
    time: float
    ended: bool
    states: Mapping[str, bytes]
    run: Mapping[str, Any]
    events: tuple[Event, ...] = ()
    record: Mapping[str, Any] | None = None
    every: float | None = None

    def save(self, path: Path | str) -> None:
        """Write the file, in a folder `checkpoint.cotwin`; whatever ends the process, there is the old file or this.

        CheckpointError where that is not possible.
        """
        content = {name: getattr(self, name) for name in self.__dataclass_fields__}
        write_file(_file(path), content | {"events": [list(event) for event in self.events]})

    @classmethod
    def load(cls, path: Path | str) -> "Checkpoint":
        """Read a file, or the one in a folder; CheckpointError says what is wrong with it."""
        content = read_file(_file(path))
        try:
            events = tuple(_event(*event) for event in content.pop("events"))
            found = cls(**content, events=events)
            found._check()
        except (TypeError, AttributeError, KeyError, ValueError) as error:
            raise CheckpointError(f"{path}: is no checkpoint of a run ({error}). Make it again") from error
        return found

    def _check(self) -> None:
        kinds: Mapping[str, Any] = {"identity": dict, "time": float, "ended": bool, "states": dict, "run": dict}
        wrong = [name for name, kind in kinds.items() if type(getattr(self, name)) is not kind]
        if not isinstance(self.record, dict | None):
            wrong.append("record")
        if not isinstance(self.every, float | None):
            wrong.append("every")
        if not all(isinstance(state, bytes) for state in self.states.values()):
            wrong.append("states")
        if wrong:
            raise TypeError(f"wrong kind of {', '.join(wrong)}")


def _event(t: Any, component: Any, kind: Any, message: Any) -> Event:
    if type(t) is not float or not all(type(text) is str for text in (component, kind, message)):
        raise TypeError("wrong kind of events")
    return Event(t, component, kind, message)


def _file(path: Path | str) -> Path:
    path = Path(path)
    return path / FILE if path.is_dir() else path
