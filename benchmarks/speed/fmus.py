"""The FMUs of the benchmarks: C models of a few lines in `benchmarks/fmus`, compiled by gcc at first use."""

import hashlib
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple
from xml.sax.saxutils import quoteattr

SOURCES: Final = Path(__file__).parents[1] / "fmus"
BUILD: Final = Path(__file__).parents[2] / "build" / "bench"
_FLAGS: Final = ("-std=c11", "-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror")


class Model(NamedTuple):
    """A model: its C file, what is defined where it is compiled, its inputs, and its outputs with their start values.

    All inputs start with the same value. They come first: the value reference of a variable is its place.
    """

    name: str
    code: str
    inputs: tuple[str, ...]
    outputs: tuple[tuple[str, float], ...]
    defines: tuple[str, ...] = ()
    given: float = 0.0

    @property
    def references(self) -> dict[str, int]:
        """Value references by name."""
        names = (*self.inputs, *(name for name, _ in self.outputs))
        return {name: place for place, name in enumerate(names)}


class Built(NamedTuple):
    """An FMU and the shared library in it."""

    fmu: Path
    library: Path


def lag(level: float = 1.0, *, burn: int = 0, width: int = 10) -> Model:
    """First-order lags side by side, y' = u - y; `burn` (ns) is the CPU time that each step takes."""
    name = f"lag_{width}" + ("" if level == 1.0 else "_raised") + _burning(burn)
    outputs = tuple((f"y{i}", level * (1.0 + i / width)) for i in range(width))
    defines = (f"WIDTH={width}", f"LEVEL={level!r}", *_burns(burn))
    return Model(name, "lag.c", tuple(f"u{i}" for i in range(width)), outputs, defines)


def wave(level: float = 1.0, *, width: int = 10) -> Model:
    """Oscillators, weakly drawn to the inputs."""
    outputs = tuple((f"y{i}", 0.0 if i % 2 else level) for i in range(width))
    defines = (f"WIDTH={width}", f"LEVEL={level!r}")
    name = f"wave_{width}" + ("" if level == 1.0 else "_raised")
    return Model(name, "wave.c", tuple(f"u{i}" for i in range(width)), outputs, defines)


def integrator(gain: float, start: float, *, burn: int = 0) -> Model:
    """y' = gain u."""
    name = f"integrator_{gain:+g}".replace("+", "plus_").replace("-", "minus_") + _burning(burn)
    defines = (f"GAIN={gain!r}", f"START={start!r}", *_burns(burn))
    return Model(name, "integrator.c", ("u",), (("y", start),), defines)


def _burning(burn: int) -> str:
    return f"_{burn}_ns" if burn else ""


def _burns(burn: int) -> tuple[str, ...]:
    return (f"BURN={burn}",) if burn else ()


def mixer(level: float = 1.0, *, inputs: int = 3) -> Model:
    """y' = the mean of some inputs - y. Inputs start with 1: without sources all would fade into denormal numbers."""
    name = f"mixer_{inputs}" + ("" if level == 1.0 else "_raised")
    defines = (f"INPUTS={inputs}", f"LEVEL={level!r}")
    return Model(name, "mixer.c", tuple(f"u{i}" for i in range(inputs)), (("y0", level),), defines, given=1.0)


MASS_SPRING: Final = Model("mass_spring", "mass_spring.c", ("F",), (("x", 0.1), ("v", 0.0)))
PID: Final = Model("pid", "pid.c", ("x", "v"), (("F", 0.0),))


def build(model: Model, version: int) -> Built:
    """The FMU of a model for FMI 2.0 or 3.0, compiled where it is not there yet."""
    text = _description(model, version)
    folder = BUILD / f"{model.name}_fmi{version}_{_digest(model, text)}"
    built = Built(folder / f"{model.name}.fmu", folder / f"{model.name}.so")
    if not built.fmu.exists():
        _make(model, version, text, folder)
    return built


def _digest(model: Model, description: str) -> str:
    sources = b"".join(path.read_bytes() for path in sorted(SOURCES.glob("*.[ch]")))
    return hashlib.sha256(sources + repr((model, _FLAGS, description)).encode()).hexdigest()[:12]


def _make(model: Model, version: int, description: str, folder: Path) -> None:
    """Compile and zip beside the place where it goes, then move it: what is there is whole."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as made:
        library, fmu = Path(made) / f"{model.name}.so", Path(made) / f"{model.name}.fmu"
        defines = [f"-D{each}" for each in model.defines]
        files = [str(SOURCES / model.code), str(SOURCES / f"fmi{version}.c")]
        subprocess.run(["gcc", *_FLAGS, *defines, *files, "-o", str(library)], check=True)
        platform = "linux64" if version == 2 else "x86_64-linux"
        with zipfile.ZipFile(fmu, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("modelDescription.xml", description)
            archive.write(library, f"binaries/{platform}/{model.name}.so")
        folder.mkdir(parents=True, exist_ok=True)
        for file in (library, fmu):
            file.replace(folder / file.name)


def _description(model: Model, version: int) -> str:
    writer = _fmi2 if version == 2 else _fmi3
    return "\n".join(('<?xml version="1.0" encoding="UTF-8"?>', *writer(model), ""))


def _fmi2(model: Model) -> Iterator[str]:
    yield f'<fmiModelDescription fmiVersion="2.0" modelName="{model.name}" guid="{{{model.name}}}">'
    yield (
        f'<CoSimulation modelIdentifier="{model.name}" canHandleVariableCommunicationStepSize="true" '
        'canGetAndSetFMUstate="true"/>'
    )
    yield "<ModelVariables>"
    for place, name in enumerate(model.inputs):
        yield _scalar(place, name, 'causality="input"', model.given)
    for place, (name, start) in enumerate(model.outputs, len(model.inputs)):
        yield _scalar(place, name, 'causality="output" initial="exact"', start)
    yield "</ModelVariables>\n<ModelStructure><Outputs>"
    for index in range(len(model.inputs) + 1, len(model.inputs) + len(model.outputs) + 1):
        yield f'<Unknown index="{index}" dependencies=""/>'
    yield "</Outputs></ModelStructure>\n</fmiModelDescription>"


def _scalar(reference: int, name: str, more: str, start: float) -> str:
    return (
        f'<ScalarVariable name={quoteattr(name)} valueReference="{reference}" {more} variability="continuous">'
        f'<Real start="{start!r}"/></ScalarVariable>'
    )


def _fmi3(model: Model) -> Iterator[str]:
    # Value reference 0 is an input's, so that time goes behind all others.
    last = len(model.references)
    yield f'<fmiModelDescription fmiVersion="3.0" modelName="{model.name}" instantiationToken="{{{model.name}}}">'
    yield (
        f'<CoSimulation modelIdentifier="{model.name}" canHandleVariableCommunicationStepSize="true" '
        'canGetAndSetFMUState="true"/>'
    )
    yield "<ModelVariables>"
    yield f'<Float64 name="time" valueReference="{last}" causality="independent" variability="continuous"/>'
    for place, name in enumerate(model.inputs):
        yield f'<Float64 name={quoteattr(name)} valueReference="{place}" causality="input" start="{model.given!r}"/>'
    for place, (name, start) in enumerate(model.outputs, len(model.inputs)):
        yield (
            f'<Float64 name={quoteattr(name)} valueReference="{place}" causality="output" initial="exact" '
            f'start="{start!r}"/>'
        )
    yield "</ModelVariables>\n<ModelStructure>"
    for place in range(len(model.inputs), last):
        yield f'<Output valueReference="{place}" dependencies=""/>'
    yield "</ModelStructure>\n</fmiModelDescription>"
