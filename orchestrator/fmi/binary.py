"""Binary: the shared library of an unpacked FMU, found and loaded; functions that it lacks are missed when called."""

import ctypes
import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from orchestrator.errors import FmuImportError
from orchestrator.fmi.elf import DamagedLibraryError, check_complete
from orchestrator.fmi.variables import ModelInfo

_MISSING_LIBRARY: Final = re.compile(r"(?P<name>\S+): cannot open shared object file")
_MISSING_VERSION: Final = re.compile(r"version [`'](?P<version>[\w.]+)' not found")
_SIBLINGS: Final = 50


class Functions:
    """The functions of a library by their FMI names; FMI 1.0 puts the `prefix` of the model before them.

    `library[name]` raises AttributeError where the function is missing, `library.name` gives one that does so when it
    is called, which is what lets FMPy bind all functions of the standard to an incomplete library.
    """

    def __init__(self, library: Any, prefix: str) -> None:
        self._library, self.prefix = library, prefix
        self._handle = library._handle

    def __getitem__(self, name: str) -> Any:
        return self._library[self.prefix + name]

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(self._library, name)
        except AttributeError:
            return _Missing(name)


class _Missing:
    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *_: Any) -> Any:
        raise AttributeError(f"undefined symbol: {self._name}")


def loaded(functions: type, library: Path, identifier: str = "", **more: Any) -> Any:
    """FMPy's object for a library, of its class `functions`; the working directory is that of the library meanwhile.

    FMI 1.0 gives the `identifier` of the model. Raises what FMPy does where the library cannot be loaded, and before
    that DamagedLibraryError where it, or one beside it, is cut off.
    """
    for file in sorted(library.parent.iterdir()):
        if file.is_file():
            _check_complete(file)

    def bind(self: Any) -> None:
        self.dll = Functions(self.dll, f"{identifier}_" if identifier else "")
        _bind(functions, self)

    tolerant: Any = type(functions.__name__, (functions,), {"_loadFunctions": bind})
    places = {"modelIdentifier": identifier or library.stem, "unzipDirectory": str(library.parents[2])}
    before = Path.cwd()
    try:
        return _with_siblings(lambda: tolerant(libraryPath=str(library), **places, **more), library)
    finally:
        os.chdir(before)


class _Signature(NamedTuple):
    """What FMPy gives a function of the standard."""

    argnames: list[str]
    argtypes: list[Any]
    restype: Any


_signatures: dict[type, dict[str, _Signature]] = {}


def _bind(functions: type, fmu: Any) -> None:
    """Bind the functions of the standard as FMPy does, which takes a millisecond: once for each of its classes."""
    known = _signatures.get(functions)
    if known is None or fmu.dll.prefix:
        functions._loadFunctions(fmu)  # type: ignore[attr-defined]
        if not fmu.dll.prefix and not any(isinstance(each, _Missing) for each in fmu._functions.values()):
            _signatures[functions] = {name: _signature(each) for name, each in fmu._functions.items()}
        return
    for name, signature in known.items():
        function = getattr(fmu.dll, name)
        function.argnames, function.argtypes, function.restype = signature
        fmu._functions[name] = function


def _signature(function: Any) -> _Signature:
    return _Signature(function.argnames, function.argtypes, function.restype)


def _check_complete(file: Path) -> None:
    try:
        check_complete(file)
    except DamagedLibraryError as error:
        raise DamagedLibraryError(f"{file.name} is cut off or damaged: {error}") from error


def _with_siblings(load: Callable[[], Any], library: Path) -> Any:
    """Load, and where that lacks libraries that lie beside the one of the FMU, load those before, as Windows would."""
    for _ in range(_SIBLINGS):
        try:
            return load()
        except Exception as error:
            missing = _MISSING_LIBRARY.search(str(error))
            sibling = library.parent / missing["name"] if missing else library
            if sibling == library or not sibling.is_file():
                raise
            _with_siblings(partial(ctypes.CDLL, str(sibling)), sibling)
    return load()


def found(model: ModelInfo, kind: str, folder: Path, platform: str) -> Path:
    """The library for this platform; one of another name than the modelIdentifier is taken where it is the only one.

    FmuImportError where there is none.
    """
    identifier = model.interface(kind).model_identifier
    place = Path("binaries", platform)
    library = folder / place / f"{identifier}.so"
    if library.is_file():
        return library
    others = sorted((folder / place).glob("*.so"))
    if len(others) == 1:
        return others[0]
    missing = f"{model.path}: there is no {place / library.name} in it"
    if others:
        listed = ", ".join(file.name for file in others)
        raise FmuImportError(f"{missing} but {listed}; its modelIdentifier must name the binary. Export it again")
    has = ", ".join(model.platforms) or "no platform"
    raise FmuImportError(f"{missing} for this platform; it has binaries for {has}. Export or build it for {platform}")


def refused(model: ModelInfo, library: Path, error: Exception) -> FmuImportError:
    """What a library that cannot be loaded means, and the remedy."""
    text = str(error)
    version, missing = _MISSING_VERSION.search(text), _MISSING_LIBRARY.search(text)
    if isinstance(error, AttributeError):  # as ctypes puts it where a function is missing
        remedy = "It lacks a function of the standard: ask its supplier for a complete export"
    elif isinstance(error, DamagedLibraryError):
        remedy = "Copy or download the FMU again, or ask its supplier for a sound export"
    elif version is not None:
        remedy = (
            f"It needs {version['version']} or newer: build it on a system as old as this one, or use a newer system"
        )
    elif missing is not None:
        remedy = f"Install the package that holds {missing['name']}, or put it where LD_LIBRARY_PATH points to"
    elif "invalid ELF header" in text or "wrong ELF class" in text or "file too short" in text:
        remedy = (
            f"It is no library for {library.parent.name}: ask its supplier for one that is, or build it from source"
        )
    else:
        remedy = "Install the libraries that it names, or build the FMU on a system as old as this one"
    return FmuImportError(f"{model.path}: its binary for {library.parent.name} cannot be loaded: {error}. {remedy}")
