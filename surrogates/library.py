"""Library: the C code of a surrogate, compiled and loaded; the only door to the compiler and to ctypes here.

What was compiled is kept in the user's cache folder under the hash of the code, the compiler and the machine: never
beside a package, so that no code comes with one.
"""

import ctypes
import hashlib
import logging
import os
import platform
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fmus.compiler import Compiler, find_compiler
from fmus.errors import BuildError

_log = logging.getLogger("cotwin.surrogate")
_FLAGS: Final = ("-std=c11", "-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-ffp-contract=off", "-g0")
"""No fused multiply-add by the compiler's choice: results do not depend on it."""


class Library(NamedTuple):
    """A loaded library: the addresses of its functions, and three of them as Python calls them."""

    step: int
    set: int
    get: int
    keep: int
    go_back: int
    free: int
    do_step: Callable[[int, float, float], int]
    restart: Callable[[int], int]
    release: Callable[[int, int], int]

    @staticmethod
    def doubles(address: int, count: int) -> NDArray[np.float64]:
        """A copy of so many doubles that lie at an address."""
        return np.array((ctypes.c_double * count).from_address(address))


def load_library(files: Mapping[str, str]) -> Library | None:
    """The library of these C files, by name; None where there is no C compiler, or it fails, which is said once."""
    try:
        compiler = _compiler()
        path = _kept(files, compiler)
        return _load(path)
    except BuildError as error:
        _say(str(error))
    except OSError as error:
        _say(f"{error}. Free space, remove that file, or name another folder by XDG_CACHE_HOME")
    return None


@cache
def _compiler() -> Compiler:
    return find_compiler()


@cache
def _say(reason: str) -> None:
    _log.warning("surrogates are stepped in NumPy, which takes longer: %s", reason)


def kept_library(files: Mapping[str, str], *includes: Path) -> Path:
    """Where the library of these C files, by name, lies, whose steps are those of the library that is run.

    Headers are searched in folders, too. BuildError where there is no compiler or it fails, OSError where nothing can
    be kept.
    """
    return _kept(files, _compiler(), *includes)


def _kept(files: Mapping[str, str], compiler: Compiler, *includes: Path) -> Path:
    """Where the library lies that these files give, compiled where it is not there yet."""
    digest = hashlib.sha256(f"{_FLAGS} {compiler.command} {compiler.version} {platform.machine()}".encode())
    for name, text in sorted(files.items()):
        digest.update(f"{name}\0{text}\0".encode())
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cotwin" / "surrogates"
    kept = folder / f"{digest.hexdigest()}.so"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=folder) as building:
            made = _compiled(files, compiler, Path(building), *includes)
            made.replace(kept)  # at once: another process may look for it
    return kept


def _compiled(files: Mapping[str, str], compiler: Compiler, folder: Path, *includes: Path) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    made = folder / "surrogate.so"
    sources = [name for name in files if name.endswith(".c")]
    searched = [f"-I{include}" for include in includes]
    compiler.run([*_FLAGS, *searched, *sources, "-lm", "-o", str(made)], folder / sources[0])
    return made


@cache
def _load(path: Path) -> Library:
    loaded = ctypes.CDLL(str(path))
    step: Any = loaded.surrogate_step
    step.argtypes = [ctypes.c_void_p, ctypes.c_double, ctypes.c_double]
    step.restype = ctypes.c_int32
    restart: Any = loaded.surrogate_restart
    restart.argtypes = [ctypes.c_void_p]
    restart.restype = ctypes.c_int32
    release: Any = loaded.surrogate_free
    release.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    values = _address(loaded.surrogate_set), _address(loaded.surrogate_get)
    states = _address(loaded.surrogate_keep), _address(loaded.surrogate_go_back), _address(release)
    return Library(_address(step), *values, *states, step, restart, release)


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0
