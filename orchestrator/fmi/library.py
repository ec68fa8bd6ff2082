"""Library: an FMU's binary, loaded and instantiated once for one component, and freed again."""

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from orchestrator.errors import FmuImportError
from orchestrator.fmi import archive, fmi1_functions, fmi2_functions, fmi3_functions
from orchestrator.fmi.binary import found, refused
from orchestrator.fmi.completeness import unreachable, withdrawals
from orchestrator.fmi.events_description import StepOptions
from orchestrator.fmi.fmi1_states import states_named
from orchestrator.fmi.function_table import FATAL, OK, FunctionTable
from orchestrator.fmi.messages import Messages
from orchestrator.fmi.structure import configured
from orchestrator.fmi.variables import ModelInfo

_ASKED_CATEGORIES: Final = tuple(f"logStatus{status}" for status in ("Warning", "Discard", "Error", "Fatal", "Pending"))

_VERSIONS: Final = {"1": fmi1_functions, "2": fmi2_functions, "3": fmi3_functions}

_loading = threading.Lock()
_alone: set[tuple[str, str]] = set()


class Library:
    """An FMU instantiated as one `kind`: its bound functions, its messages, and what must be undone afterwards.

    `options` are FMI 3.0's for Co-Simulation and Scheduled Execution.

    `model` is the description without the capabilities that the binary lacks functions for.
    `dll` and `handle` are for those who bind the functions of that kind; `versions` holds how the version binds them.
    `fatal` names the function that returned Fatal while it was opened, if one did: no call may follow.
    Raises FmuImportError where it cannot be loaded or instantiated; nothing stays behind then.
    """

    def __init__(self, name: str, model: ModelInfo, kind: str, options: StepOptions | None = None) -> None:
        self.messages: Final = Messages(name)
        versions = _VERSIONS[model.fmi_version[0]]
        with ExitStack() as folder, ExitStack() as binary:
            path = archive.acquire(model.path, model.content)
            folder.callback(archive.release, path)
            _claim(model, kind, folder)
            with _loading:
                library = found(model, kind, path, versions.PLATFORM)
                if library.stem != model.interface(kind).model_identifier:
                    self.messages.logger.warning("%s: its only binary, %s, is taken", model.path, library.name)
                fmu = _loaded(name, model, kind, library, versions)
                binary.callback(fmu.freeLibrary)
                self.model = _present(model, kind, library, fmu.dll, self.messages)
                more = {} if options is None else {"options": options}
                try:
                    handle = _instantiated(name, model, kind, fmu, versions, self.messages, **more)
                except AttributeError as error:
                    raise refused(model, library, error) from error
                binary.callback(versions.free, fmu.dll, handle)
                self.fatal = _logging(model, self.messages, versions, fmu, handle)
                functions = _bound(model, library, versions, fmu, handle)
                if self.fatal is None:
                    functions, self.fatal = configured(model, fmu.dll, handle, functions)
                if self.fatal is None and kind == "ModelExchange":
                    self.model, self.fatal = states_named(self.model, fmu.dll, handle)
                self.functions: Final[FunctionTable] = functions
                if self.fatal is not None:
                    binary.pop_all()
            self.versions, self.dll, self.handle = versions, fmu.dll, handle
            self._path, self._fmu = library, fmu  # holds the callbacks that the binary may call
            self._binary, self._folder = binary.pop_all(), folder.pop_all()

    def close(self) -> None:
        """Free the instance, unload the binary and give back the folder; does nothing where that is done."""
        with self._folder, self._binary:
            pass

    @contextmanager
    def completing(self) -> Iterator[None]:
        """Close where what makes an instance of it fails; FmuImportError where that is a function that it lacks."""
        try:
            yield
        except AttributeError as error:  # as ctypes puts it where a function is missing
            self.close()
            raise refused(self.model, self._path, error) from error
        except BaseException:
            self.close()
            raise

    def abandon(self) -> None:
        """Give back the folder only: after a fatal error the standard forbids every further call into the binary."""
        self._binary.pop_all()
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


def _loaded(name: str, model: ModelInfo, kind: str, library: Path, versions: ModuleType) -> Any:
    # FMUs are known to name files after themselves: a path of nested systems must not become one of folders
    spoken = name.replace("/", ".")
    try:
        return versions.load(kind, spoken, model.token, library, model.interface(kind).model_identifier)
    except FmuImportError:
        raise
    except Exception as error:  # FMPy raises plain exceptions
        raise refused(model, library, error) from error


def _present(model: ModelInfo, kind: str, library: Path, dll: Any, messages: Messages) -> ModelInfo:
    """The model without the capabilities that its binary has no functions for."""
    withdrawn, missing = withdrawals(model, kind, dll)
    if missing:
        messages.logger.warning(
            "%s: its binary %s lacks %s; the run goes on without %s",
            model.path, library.name, ", ".join(missing), ", ".join(withdrawn),
        )  # fmt: skip
    interface = model.interface(kind)
    capabilities = replace(interface.capabilities, **withdrawn)
    return replace(model, interfaces={**model.interfaces, kind: replace(interface, capabilities=capabilities)})


def _instantiated(
    name: str, model: ModelInfo, kind: str, fmu: Any, versions: ModuleType, messages: Messages, **options: Any
) -> int:
    debug = messages.logger.isEnabledFor(logging.DEBUG)
    tool = model.generation_tool or "the tool that made it" if model.interface(kind).needs_tool else None
    if tool is not None:
        messages.logger.warning("%s runs only with its tool: %s must be installed", model.path, tool)
    handle: int | None = versions.instantiate(kind, fmu, messages, debug, **options)
    if not handle:
        remedy = "Check that its binary belongs to its modelDescription.xml, its licence and resources"
        if tool is not None:
            remedy = f"It needs its tool: install {tool} with its licence here, or export the FMU to run without it"
        raise FmuImportError(
            f"{model.path}: the FMU refused to be instantiated as '{name}' with token {model.token}"
            f"{messages.quoted()}\n{remedy}"
        )
    return handle


def _logging(model: ModelInfo, messages: Messages, versions: ModuleType, fmu: Any, handle: Any) -> str | None:
    """Switch on the messages about failures; the name of the function where that is fatal."""
    categories = [category.encode() for category in _ASKED_CATEGORIES if category in model.log_categories]
    if not categories or messages.logger.isEnabledFor(logging.DEBUG):
        return None
    status = versions.log_categories(fmu, handle, categories)
    if status == FATAL:
        return "SetDebugLogging"
    if status != OK:
        messages.logger.warning(
            "%s: SetDebugLogging returned the status %s: its messages may be missing", model.path, status
        )
    return None


def _bound(model: ModelInfo, library: Path, versions: ModuleType, fmu: Any, handle: int) -> FunctionTable:
    try:
        functions: FunctionTable = versions.table(fmu, handle)
        kind = unreachable(model, functions)
        if kind is not None:
            name = next(name for name, its in model.types.items() if its == kind)
            raise AttributeError(f"it has no function to get variables of type {kind}, which '{name}' is")
    except AttributeError as error:
        raise refused(model, library, error) from error
    return functions
