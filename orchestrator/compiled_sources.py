"""Compiled sources: machine code that numba keeps is of use while all sources that went into it are as they were.

numba looks at the file of a function alone, not at those whose functions and constants it takes in: after an update of
one of these the code of before would be loaded, and write where nothing is any more. Import this module before numba
compiles anything that is kept.
"""

import hashlib
import os
import re
import time
from functools import cache
from pathlib import Path
from typing import Any, Final

from numba.core import caching

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


def _register() -> None:
    names = ("UserProvidedCacheLocator", "InTreeCacheLocator", "UserWideCacheLocator")
    locators: Any = caching.CacheImpl._locator_classes
    locators[:0] = [_stamped(getattr(caching, name, None) or getattr(caching, f"_{name}")) for name in names]


_register()
