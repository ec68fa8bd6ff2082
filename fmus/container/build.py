"""Build a container: compile its tables with the runtime, and put it together with the files of its components."""

import atexit
import errno
import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from fmus.compiler import LINK_FLAGS, Compiler, architecture, find_compiler
from fmus.compiler import RUNTIME as OF_MODELS
from fmus.container import description_fmi2, description_fmi3
from fmus.container.code import TOKEN, system_code
from fmus.container.loops import Mathematics
from fmus.container.system import System
from fmus.errors import BuildError

RUNTIME = Path(__file__).parent / "runtime"
_SHARED = ("fmi2_shared.h", "fmi3_refusals.h", "fmi3_steps_only.h")
"""Headers of the runtime of models that this one uses too."""
_LAYERS = {"2.0": ("fmi2.c",), "3.0": ("fmi3.c", "fmi3_unsupported.c")}
_THIN = frozenset(name for names in _LAYERS.values() for name in names)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip archive can hold

Files = Sequence[tuple[str, Path]]
"""Names below the resources of a container, and the files that go there."""


def build_container(system: System, files: Files, version: str, target: Path) -> Path:
    """Write the system as an FMU of FMI `version` ("2.0" or "3.0") to `target`, whole or not at all.

    BuildError where there is no C compiler, or it fails, or the file cannot be written.
    """
    compiler = find_compiler()
    code = system_code(system)
    token = _token(code, system.mathematics, files)
    with tempfile.TemporaryDirectory(prefix="cotwin-") as folder:
        library = _compiled(compiler, system, token, version, Path(folder))
        module = description_fmi2 if version == "2.0" else description_fmi3
        entries = [(_library_name(system.identifier, version), library)]
        entries += [(f"resources/{name}", path) for name, path in files]
        try:
            _write(target, module.model_description(system, token), entries)
        except OSError as error:
            raise BuildError(f"{target}: cannot be written ({error.strerror}). Give another file with -o") from error
    return target


def _token(code: str, mathematics: Mathematics | None, files: Files) -> str:
    """Identifies what the container computes: its tables, the runtime and its components."""
    digest = hashlib.sha256(code.encode())
    digest.update(b"" if mathematics is None else mathematics.code.encode())
    for source in [*sorted(RUNTIME.glob("*.[ch]")), *(OF_MODELS / name for name in _SHARED)]:
        digest.update(source.read_bytes())
    for name, path in files:
        digest.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
    text = digest.hexdigest()
    return "{" + "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:32])) + "}"


def _compiled(compiler: Compiler, system: System, token: str, version: str, work: Path) -> Path:
    (work / "system.c").write_text(system_code(system))
    (work / "mathematics.c").write_text("" if system.mathematics is None else system.mathematics.code)
    shutil.copyfile(RUNTIME / "system.h", work / "system.h")
    compiler.compile(work / "system.c", work / "system.o", define=[f'{TOKEN}="{token}"'])
    compiler.compile(work / "mathematics.c", work / "mathematics.o")
    library = work / "container.so"
    runtime = sorted(_runtime(compiler, version).iterdir())
    objects = [str(work / "system.o"), str(work / "mathematics.o"), *map(str, runtime)]
    compiler.run([*LINK_FLAGS, *objects, "-lm", "-ldl", "-o", str(library)], library)
    return library


@cache
def _runtime(compiler: Compiler, version: str) -> Path:
    """A folder with the compiled runtime, which all containers of this process share; removed at its end."""
    folder = Path(tempfile.mkdtemp(prefix="cotwin-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    wanted = (source for source in sorted(RUNTIME.glob("*.c")) if source.name not in _THIN - {*_LAYERS[version]})
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # they wait for the compiler, which works beside them
        for _ in pool.map(lambda source: compiler.compile(source, folder / f"{source.stem}.o"), wanted):
            pass
    return folder


def _library_name(identifier: str, version: str) -> str:
    machine = architecture()
    platform = "linux64" if version == "2.0" and machine == "x86_64" else f"{machine}-linux"
    return f"binaries/{platform}/{identifier}.so"


def _write(target: Path, model_description: str, entries: Iterable[tuple[str, Path]]) -> None:
    if target.exists() and not target.is_file():  # a device would be replaced, by one who may do that
        raise OSError(errno.EEXIST, "not a file")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(partial, "w") as archive:
            archive.writestr(_entry("modelDescription.xml", 0o644), model_description, compresslevel=6)
            for name, path in entries:
                mode = 0o755 if name.endswith(".so") else 0o644
                with path.open("rb") as source, archive.open(_entry(name, mode), "w", force_zip64=True) as inside:
                    shutil.copyfileobj(source, inside)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _entry(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix, whatever the machine
    entry.external_attr = (0o100000 | mode) << 16
    return entry
