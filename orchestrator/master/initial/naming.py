"""Naming: whose error it is that comes out of the initialization."""

from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.errors import InitializationError
from orchestrator.master.participant import Participant


@contextmanager
def naming(participant: Participant, t: float) -> Iterator[None]:
    """Give an error at t (s) the name of the component that it comes from."""
    try:
        yield
    except Exception as error:
        raise participant.named(error, InitializationError, t) from error
