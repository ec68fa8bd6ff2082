"""Ending: how a run ends, whatever happens: instances terminate and close, observers are told once."""

import logging
from collections.abc import Callable, Iterable, Mapping

from orchestrator.errors import SimulationError
from orchestrator.instance import Instance
from orchestrator.observer import Event, Observer

_log = logging.getLogger(__name__)


class Ending:
    """1 `tell_event` where it ends by an error, 2 `terminate`, 3 `tell_terminated`, 4 `close`.

    Each does all that it can and returns what went wrong.
    """

    def __init__(self, instances: Mapping[str, Instance], observers: Iterable[Observer]) -> None:
        self._instances, self._observers = instances, tuple(observers)

    def tell_event(self, event: Event) -> list[Exception]:
        """Tell observers what ends the run."""
        return _failures(attempt(observer.event, event) for observer in self._observers)

    def terminate(self, names: Iterable[str], t: float) -> list[Exception]:
        """End these components regularly at t (s)."""
        failures = [(name, attempt(self._instances[name].terminate)) for name in names]
        return [
            SimulationError(f"'{name}' failed to terminate: {failure}", component=name, time=t)
            for name, failure in failures
            if failure is not None
        ]

    def tell_terminated(self, error: Exception | None) -> list[Exception]:
        """Tell observers that the run is over, regularly or by an error."""
        return _failures(attempt(observer.terminated, error) for observer in self._observers)

    def close(self) -> list[Exception]:
        """Free all instances, the last one first."""
        return _failures(attempt(instance.close) for instance in reversed(tuple(self._instances.values())))


def attempt(action: Callable[..., None], *arguments: object) -> Exception | None:
    """Do something that must not keep the rest from being done; what went wrong is returned."""
    try:
        action(*arguments)
    except Exception as error:
        return error
    return None


def log_all(failures: Iterable[Exception]) -> None:
    """Log what nobody will raise, since the run fails by another error already."""
    for failure in failures:
        _log.error("while ending the run: %s: %s", type(failure).__name__, failure)
        _log.debug("it came from here", exc_info=failure)


def _failures(outcomes: Iterable[Exception | None]) -> list[Exception]:
    return [failure for failure in outcomes if failure is not None]
