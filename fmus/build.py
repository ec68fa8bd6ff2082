"""Build FMUs: from the equations of a model to one FMI 2.0 and one FMI 3.0 file, each Co-Simulation and Model Exchange.

`python -m fmus.build [NAMES...] -o build/fmus` builds the catalogues of plant and textbook models.
"""

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from fmus import description_fmi2, description_fmi3
from fmus.code import equations, model_code
from fmus.compiler import COMPILE_FLAGS, LINK_FLAGS, RUNTIME, Compiler, architecture, find_compiler, headers
from fmus.description import Description
from fmus.errors import BuildError
from fmus.package import write_fmu
from fmus.structure import Structure, discrete_outputs, structure
from fmus.variables import Table, identifier, variable_table
from plant_models.model import Model


class BuiltFmus(NamedTuple):
    """Where the two files are, and whether this call had to build them (False: taken from the cache)."""

    fmi2: Path
    fmi3: Path
    rebuilt: bool


class Prepared(NamedTuple):
    """A model with its table of variables and what depends on what."""

    model: Model
    table: Table
    structure: Structure


_THIN = ("fmi2.c", "fmi3.c", "fmi3_unsupported.c")
_LAYERS = {"fmi2": ("fmi2.c",), "fmi3": ("fmi3.c", "fmi3_unsupported.c")}


def build(model: Model, out: Path, *, cache: Path | None = None, stem: str | None = None) -> BuiltFmus:
    """Build `out/fmi2/STEM.fmu` and `out/fmi3/STEM.fmu` (stem: the model's name where none is given).

    What was built once from the same equations, variables, sources and compiler is taken from `cache` (default: the
    folder `cache` beside `out`), without compiling. Raises BuildError.
    """
    # The compiler is called in a folder of its own, where relative paths would mean something else.
    cache = (out.parent / "cache" if cache is None else cache).absolute()
    prepared = prepare(model)
    compiler = find_compiler()
    kept = cache / _key(prepared, compiler)
    rebuilt = not kept.is_dir()
    if rebuilt:
        _build_into(kept, prepared, compiler, cache)
    name = f"{stem or identifier(model.name)}.fmu"
    fmi2, fmi3 = (_place(kept / f"{fmi}.fmu", out / fmi / name) for fmi in _LAYERS)
    return BuiltFmus(fmi2, fmi3, rebuilt)


def build_all(models: Mapping[str, Callable[[], Model]], out: Path, progress: Callable[[str], None]) -> None:
    """Build every model of a catalogue (stem -> function that makes the model), telling each to `progress`."""
    for stem, make in models.items():
        built = build(make(), out, stem=stem)
        progress(f"{stem}: {'built' if built.rebuilt else 'unchanged'}")


def prepare(model: Model) -> Prepared:
    """Lay out the variables of a model; BuildError where it cannot become an FMU."""
    try:
        depends = structure(model)
    except ValueError as error:
        raise BuildError(f"{error}; state an equation for each") from error
    return Prepared(model, variable_table(model, discrete_outputs(model, depends.outputs)), depends)


def _key(prepared: Prepared, compiler: Compiler) -> str:
    """Hash of everything that the files are made from."""
    digest = hashlib.sha256()
    for function in equations(prepared.model):
        digest.update(function.serialize().encode())
    digest.update(repr(prepared.table).encode())
    for source in [*sorted(Path(__file__).parent.glob("*.py")), *sorted(RUNTIME.glob("*.[ch]"))]:
        digest.update(source.name.encode() + source.read_bytes())
    digest.update(repr((version("casadi"), compiler, COMPILE_FLAGS, LINK_FLAGS, architecture())).encode())
    for header in sorted(headers().glob("fmi[23]*.h")):
        digest.update(header.read_bytes())
    return digest.hexdigest()


def _build_into(kept: Path, prepared: Prepared, compiler: Compiler, cache: Path) -> None:
    """Build both files in a folder of their own, then move it to its place: a broken build leaves nothing behind."""
    cache.mkdir(parents=True, exist_ok=True)
    code = model_code(prepared.model, prepared.table)
    token = _token(code, prepared)
    runtime = _runtime_objects(compiler, cache)
    with tempfile.TemporaryDirectory(dir=cache, prefix="building-") as folder:
        work = Path(folder)
        (work / "model.c").write_text(code)
        compiler.compile(work / "model.c", work / "model.o", define=[f'MODEL_TOKEN="{token}"'])
        shared = [work / "model.o", *(runtime / f.with_suffix(".o").name for f in _core())]
        ready = work / "ready"
        ready.mkdir()
        for fmi, layers in _LAYERS.items():
            objects = [*shared, *(runtime / Path(layer).with_suffix(".o") for layer in layers)]
            compiler.link(objects, work / f"{fmi}.so")
            text = _description(fmi, Description(prepared.table, prepared.structure, token))
            write_fmu(ready / f"{fmi}.fmu", text, _binary_name(fmi, prepared.table), work / f"{fmi}.so")
        _move(ready, kept)


def _token(code: str, prepared: Prepared) -> str:
    """Identifies what the binary computes: generated code, table and runtime; the same on every machine."""
    digest = hashlib.sha256(code.encode() + repr(prepared.table).encode())
    for source in sorted(RUNTIME.glob("*.[ch]")):
        digest.update(source.read_bytes())
    text = digest.hexdigest()
    return "{" + "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:32])) + "}"


def _core() -> list[Path]:
    return [source for source in sorted(RUNTIME.glob("*.c")) if source.name not in _THIN]


def _runtime_objects(compiler: Compiler, cache: Path) -> Path:
    """Folder with the compiled runtime, which all models share."""
    digest = hashlib.sha256(repr((compiler, COMPILE_FLAGS, architecture())).encode())
    for source in [*sorted(RUNTIME.glob("*.[ch]")), *sorted(headers().glob("fmi[23]*.h"))]:
        digest.update(source.name.encode() + source.read_bytes())
    kept = cache / f"runtime-{digest.hexdigest()}"
    if not kept.is_dir():
        with tempfile.TemporaryDirectory(dir=cache, prefix="building-") as folder:
            ready = Path(folder) / "ready"
            ready.mkdir()
            for source in sorted(RUNTIME.glob("*.c")):
                compiler.compile(source, ready / f"{source.stem}.o")
            _move(ready, kept)
    return kept


def _move(ready: Path, kept: Path) -> None:
    try:
        ready.rename(kept)
    except OSError:
        if not kept.is_dir():  # otherwise another process has built the same in the meantime
            raise


def _description(fmi: str, description: Description) -> str:
    module = description_fmi2 if fmi == "fmi2" else description_fmi3
    text: str = module.model_description(description)
    return text


def _binary_name(fmi: str, table: Table) -> str:
    machine = architecture()
    platform = "linux64" if fmi == "fmi2" and machine == "x86_64" else f"{machine}-linux"
    return f"binaries/{platform}/{table.model_name}.so"


def _place(kept: Path, target: Path) -> Path:
    """Copy a kept file to its place, all or nothing; a file with the same bytes stays untouched."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not (target.is_file() and target.read_bytes() == kept.read_bytes()):
        partial = target.with_suffix(f".{os.getpid()}")
        shutil.copyfile(kept, partial)
        partial.replace(target)
    return target


def main(arguments: list[str] | None = None) -> int:
    """Command line: build all of the catalogues or the names given; 0, or 1 after an error."""
    from plant_models.plants import CATALOGUE
    from plant_models.textbook import TEXTBOOK

    known = {**CATALOGUE, **TEXTBOOK}
    parser = argparse.ArgumentParser(prog="python -m fmus.build", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(known)}; all without a name")
    parser.add_argument("-o", "--out", type=Path, default=Path("build/fmus"), help="folder for fmi2/ and fmi3/")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
    chosen = {name: known[name] for name in options.names or known}
    try:
        build_all(chosen, options.out, lambda line: print(line, flush=True))
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
