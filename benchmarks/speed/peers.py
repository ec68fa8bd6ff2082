"""The co-simulation masters that cotwin is compared with, and why some of them are not there."""

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from speed.contender import Contender
from speed.fmus import BUILD

COFMUPY: Final = BUILD / "venv-cofmupy" / "bin" / "python"
"""Its dependencies conflict with those of others: the Makefile makes it an environment of its own."""

FMPY: Final = Contender("FMPy", "run_fmpy.py")
ECOS: Final = Contender("ecos", "run_ecos.py")
LIBCOSIM: Final = Contender("libcosim", "run_libcosim.py")
COFMU: Final = Contender("CoFmuPy", "run_cofmu.py", (), str(COFMUPY))
PYFMI: Final = Contender("PyFMI", "run_pyfmi.py")
OMSIMULATOR: Final = Contender("OMSimulator", "run_omsimulator.py")

_MODULES: Final = {
    FMPY: "fmpy",
    ECOS: "ecospy",
    LIBCOSIM: "libcosimpy",
    COFMU: "cofmupy",
    PYFMI: "pyfmi",
    OMSIMULATOR: "OMSimulator",
}
ALL: Final = tuple(_MODULES)
FROM_PIP: Final = (FMPY.name, ECOS.name, LIBCOSIM.name, COFMU.name)


@cache
def missing(peer: Contender) -> str:
    """Why a peer cannot run here; nothing where it can."""
    if not Path(peer.python).exists():
        return f"not installed: {peer.python} is not there; `make bench` makes it"
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{_MODULES[peer]}') is None)"
    absent = subprocess.run([peer.python, "-c", code], check=False).returncode
    return f"not installed: no package {_MODULES[peer]}" if absent else ""


def present() -> Iterator[Contender]:
    """The peers that can run here."""
    return (peer for peer in ALL if not missing(peer))


def versions() -> dict[str, str]:
    """Versions of the peers that are here."""
    return {peer.name: _version(peer) for peer in present()}


def _version(peer: Contender) -> str:
    code = f"from importlib.metadata import version; print(version('{_MODULES[peer]}'))"
    found = subprocess.run([peer.python, "-c", code], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"
