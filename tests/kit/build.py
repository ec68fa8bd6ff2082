"""Build a kit FMU: `kit_fmu(model, version, kind, **capabilities)`, kept in build/kit until its sources change."""

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import fmpy

from tests.kit.capabilities import Settings
from tests.kit.code import header
from tests.kit.description import Described, describe
from tests.kit.models import MODELS

VERSIONS: Final = ("1.0", "2.0", "3.0")
KINDS: Final = ("co_simulation", "model_exchange", "scheduled_execution")
C: Final = Path(__file__).parent / "c"
KEPT: Final = Path(__file__).parents[2] / "build" / "kit"
FLAGS: Final = (
    "-std=c11",
    "-O1",
    "-Wall",
    "-Wextra",
    "-Wno-unused-function",
    "-Wno-type-limits",
    "-Werror",
    "-fPIC",
    "-shared",
)


def compiler() -> str | None:
    """The C compiler, None where there is none."""
    return shutil.which("cc") or shutil.which("gcc")


def kit_fmu(model: str, version: str, kind: str, **capabilities: Any) -> Path:
    """The FMU of a model in one version and kind, with capabilities as in `Settings`.

    It declares and does what they say; a `lacks` leaves functions out of the binary. ValueError where the version or
    the model has no such kind.
    """
    described = MODELS[model]
    settings = Settings(**{"event_mode": described.event_mode} | capabilities)
    if version not in described.versions or kind not in described.kinds or (model, version, kind) in _IMPOSSIBLE:
        raise ValueError(f"{model} is not offered as {kind} of FMI {version}")
    identifier = described.name
    digest = _digest(repr((described, version, kind, settings)))
    path = KEPT / f"{model}-{version}-{kind}-{digest[:16]}.fmu"
    if not path.exists():
        token = f"{{{digest[:32]}}}"
        text = describe(version, Described(described, kind, settings, identifier, token))
        code = header(described, settings, identifier, token)
        entries: dict[str, str | bytes] = {"modelDescription.xml": text}
        entries[f"binaries/{platform(version)}/{identifier}.so"] = _binary(version, code)
        if described.resource is not None:
            entries["resources/y.txt"] = described.resource
        _keep(entries, path)
    return path


def platform(version: str) -> str:
    """Name of the folder of binaries for this machine."""
    return str(fmpy.platform_tuple if version == "3.0" else fmpy.platform)


# An FMI 1.0 Model Exchange FMU is not told where its resources are.
_IMPOSSIBLE: Final = {("Resource", "1.0", "model_exchange")}


def combinations() -> list[tuple[str, str, str]]:
    """Every model, version and kind that the kit offers."""
    return [
        (model.name, version, kind)
        for model in MODELS.values()
        for version in model.versions
        for kind in model.kinds
        if (model.name, version, kind) not in _IMPOSSIBLE
    ]


def changed(
    fmu: Path, path: Path, replace: Mapping[str, str] | None = None, rename: Mapping[str, str] | None = None
) -> Path:
    """A copy of an FMU with texts of its description replaced and entries renamed; each must be there."""
    with zipfile.ZipFile(fmu) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    text = entries["modelDescription.xml"].decode()
    for old, new in (replace or {}).items():
        if old not in text:
            raise ValueError(f"there is no {old!r} in the description of {fmu}")
        text = text.replace(old, new)
    entries["modelDescription.xml"] = text.encode()
    for old, new in (rename or {}).items():
        entries[new] = entries.pop(old)
    return write_archive(entries, path)


def write_archive(entries: Mapping[str, str | bytes], path: Path) -> Path:
    """A zip archive of these entries."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def _digest(what: str) -> str:
    digest = hashlib.sha256(what.encode())
    for source in sorted([*C.rglob("*.c"), *Path(__file__).parent.glob("*.py")]):
        digest.update(source.read_bytes())
    digest.update(repr((compiler(), FLAGS, fmpy.platform_tuple)).encode())
    return digest.hexdigest()


def _binary(version: str, code: str) -> bytes:
    found = compiler()
    if found is None:
        raise RuntimeError("building the kit needs a C compiler")
    include = Path(fmpy.__file__).parent / "c-code"
    with tempfile.TemporaryDirectory(prefix="kit-") as folder:
        Path(folder, "variables.h").write_text(code)
        source = C / f"fmi{version[0]}.c"
        command = [found, *FLAGS, f"-I{folder}", f"-I{C}", f"-I{include}", str(source), "-o", f"{folder}/kit.so", "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"the kit does not compile:\n{done.stderr}")
        return Path(folder, "kit.so").read_bytes()


def _keep(entries: Mapping[str, str | bytes], path: Path) -> None:
    # Test processes may build the same FMU at the same time: each its own file, the last one moved wins.
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    write_archive(entries, Path(name))
    Path(name).replace(path)
