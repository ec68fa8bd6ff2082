"""Compiled sources: machine code that numba keeps is of use while all sources that went into it are as they were.

numba looks at the file of a function alone, not at those whose functions and constants it takes in: after an update of
one of these the code of before would be loaded, and write where nothing is any more. Import this module before numba
compiles anything that is kept.
"""

import atexit
import hashlib
import logging
import os
import re
import shutil
import time
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

from numba.core import caching, config, event

_LOGGER: Final = logging.getLogger(__name__)

_ROOT: Final = Path(__file__).parents[1]
_STAT: Final = Path("/proc/self/stat")
_IMPORT: Final = re.compile(r"^from (orchestrator[\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)


def _age() -> float:
    """How long (s) this process has been there; 0, as of now, where the system does not tell."""
    if not _STAT.exists():
        return 0.0
    began = int(_STAT.read_text("utf-8").rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - began


_BEGAN: Final = time.time() - _age()
"""When this process began (s), which may have loaded any source since."""


@cache
def digest(path: Path) -> str:
    """Of a file, the files that it imports from, and so on where those are compiled too.

    Where one of them was changed since the process began, it may have loaded another text: then nobody has the same.
    """
    whole, sources = hashlib.sha256(), sorted(_sources(path))
    for each in sources:
        whole.update(each.read_bytes())
    if any(each.stat().st_mtime >= _BEGAN for each in sources):
        whole.update(f"{os.getpid()} {time.time()}".encode())
    return whole.hexdigest()


def _sources(path: Path) -> set[Path]:
    found, left = {path}, [path]
    while left:
        text = left.pop().read_text("utf-8")
        if "numba" in text or "by_address" in text:
            new = _imported(text) - found
            found |= new
            left += new
    return found


def _imported(text: str) -> set[Path]:
    """The modules that a text imports, or imports something from."""
    names = [module for module, _ in _IMPORT.findall(text)]
    names += [f"{module}.{name}" for module, listed in _IMPORT.findall(text) for name in re.findall(r"\w+", listed)]
    paths = {_ROOT.joinpath(*name.split(".")).with_suffix(".py") for name in names}
    return {path for path in paths if path.is_file()}


def _stamped(locator: Any) -> Any:
    """A locator of numba for the functions of this package, which looks at all their sources."""

    class Stamped(locator):  # type: ignore[misc]
        @classmethod
        def from_function(cls, function: Any, file: str) -> Any:
            return super().from_function(function, file) if Path(file).is_relative_to(_ROOT / "orchestrator") else None

        def get_source_stamp(self) -> str:
            return digest(Path(self._py_file))

    return Stamped


def _last(locator: Any) -> Any:
    """A locator for where no folder can be written: one that is gone with this process."""

    class Last(locator):  # type: ignore[misc]
        def get_cache_path(self) -> str:
            return _folder()

    return Last


@cache
def _folder() -> str:
    _LOGGER.warning(
        "what is compiled cannot be kept, and each process compiles it anew: neither %s nor a folder of the user can "
        "be written. Let NUMBA_CACHE_DIR name one that can",
        _ROOT,
    )
    folder = mkdtemp(prefix="cotwin_")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class Compiling(event.Listener):
    """Says once in a process that functions of this package are compiled, and are not found where they are kept."""

    def __init__(self) -> None:
        self._said = False

    def on_start(self, event: Any) -> None:
        """A function begins to be compiled."""
        dispatcher = event.data["dispatcher"]
        path = dispatcher._cache.cache_path
        if self._said or path is None or not dispatcher.py_func.__module__.startswith("orchestrator."):
            return
        self._said = True
        named = str(getattr(config, "CACHE_DIR", ""))
        if named and not Path(path).is_relative_to(Path(named).absolute()):
            _LOGGER.warning("NUMBA_CACHE_DIR names %s, which cannot be written", named)
        _LOGGER.info("compiling for this machine, which takes some seconds; kept in %s", path)

    def on_end(self, event: Any) -> None:
        """It is compiled."""


def _register() -> None:
    names = ("UserProvidedCacheLocator", "InTreeCacheLocator", "UserWideCacheLocator")
    found: list[Any] = [getattr(caching, name, None) or getattr(caching, f"_{name}") for name in names]
    locators: Any = caching.CacheImpl._locator_classes
    locators[:0] = [_stamped(each) for each in (*found, _last(found[1]))]
    register: Any = event.register
    register("numba:compile", Compiling())


_register()
