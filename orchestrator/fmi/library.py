"""Library: an FMU's binary, loaded and instantiated once for one component, and freed again."""

import logging
import os
import threading
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from orchestrator.errors import FmuImportError
from orchestrator.fmi import archive, fmi2_functions, fmi3_functions
from orchestrator.fmi.events_description import StepOptions
from orchestrator.fmi.function_table import FunctionTable
from orchestrator.fmi.messages import Messages
from orchestrator.fmi.variables import ModelInfo

_ASKED_CATEGORIES: Final = tuple(f"logStatus{status}" for status in ("Warning", "Discard", "Error", "Fatal", "Pending"))

_loading = threading.Lock()
_alone: set[tuple[str, str]] = set()


class Library:
    """An FMU instantiated as one `kind`: its bound functions, its messages, and what must be undone afterwards.

    `options` are FMI 3.0's for Co-Simulation.

    `dll` and `handle` are for those who bind the functions of that kind; `versions` holds how the version binds them.
    Raises FmuImportError where it cannot be loaded or instantiated; nothing stays behind then.
    """

    def __init__(self, name: str, model: ModelInfo, kind: str, options: StepOptions | None = None) -> None:
        self.messages: Final = Messages(name)
        versions = fmi2_functions if model.fmi_version.startswith("2") else fmi3_functions
        with ExitStack() as folder, ExitStack() as binary:
            path = archive.acquire(model.path)
            folder.callback(archive.release, path)
            _claim(model, kind, folder)
            with _loading:
                fmu = _loaded(name, model, kind, path, versions)
                binary.callback(fmu.freeLibrary)
                more = {} if options is None else {"options": options}
                handle = _instantiated(name, model, kind, fmu, versions, self.messages, **more)
            self.functions: Final[FunctionTable] = versions.table(fmu, handle)
            self.versions, self.dll, self.handle = versions, fmu.dll, handle
            self._fmu = fmu  # holds the callbacks that the binary may call
            self._binary, self._folder = binary.pop_all(), folder.pop_all()

    def close(self) -> None:
        """Free the instance, unload the binary and give back the folder."""
        with self._folder, self._binary:
            self.functions.free_instance()

    def abandon(self) -> None:
        """Give back the folder only: after a fatal error the standard forbids every further call into the binary."""
        self._folder.close()


def _claim(model: ModelInfo, kind: str, cleanup: ExitStack) -> None:
    interface = model.interface(kind)
    if not interface.capabilities.once_per_process:
        return
    key = (model.token, interface.model_identifier)
    with _loading:
        if key in _alone:
            raise FmuImportError(f"{model.path}: allows one instance per process and has one; use it in one component")
        _alone.add(key)
    cleanup.callback(_alone.discard, key)


def _loaded(name: str, model: ModelInfo, kind: str, folder: Path, versions: ModuleType) -> Any:
    identifier = model.interface(kind).model_identifier
    binary = Path("binaries", versions.PLATFORM, f"{identifier}.so")
    if not (folder / binary).is_file():
        raise FmuImportError(_no_binary(model, folder, binary))
    before = Path.cwd()
    try:
        return versions.load(kind, name, model.token, identifier, folder)
    except Exception as error:  # FMPy raises plain exceptions, and stays in the folder of the library
        incomplete = isinstance(error, AttributeError)  # as ctypes puts it where a function is missing
        remedy = (
            "It lacks a function of the standard: ask its supplier for a complete export"
            if incomplete
            else "Install the libraries that it names, or build the FMU on a system as old as this one"
        )
        raise FmuImportError(
            f"{model.path}: its binary for {versions.PLATFORM} cannot be loaded: {error}. {remedy}"
        ) from error
    finally:
        os.chdir(before)


def _no_binary(model: ModelInfo, folder: Path, binary: Path) -> str:
    missing = f"{model.path}: there is no {binary} in it"
    others = sorted(file.name for file in (folder / binary.parent).glob("*.so"))
    if others:
        return f"{missing} but {', '.join(others)}; its modelIdentifier must name the binary. Export it again"
    has = ", ".join(model.platforms) or "no platform"
    return f"{missing} for this platform; it has binaries for {has}. Export or build it for {binary.parent.name}"


def _instantiated(
    name: str, model: ModelInfo, kind: str, fmu: Any, versions: ModuleType, messages: Messages, **options: Any
) -> int:
    debug = messages.logger.isEnabledFor(logging.DEBUG)
    handle: int | None = versions.instantiate(kind, fmu, messages, debug, **options)
    if not handle:
        raise FmuImportError(
            f"{model.path}: the FMU refused to be instantiated as '{name}' with token {model.token}"
            f"{messages.quoted()}\nCheck that its binary belongs to its modelDescription.xml, its licence and resources"
        )
    categories = [category.encode() for category in _ASKED_CATEGORIES if category in model.log_categories]
    if categories and not debug:
        versions.log_categories(fmu, handle, categories)
    return handle
