"""Fmu: a surrogate as an FMU of FMI 3.0 for Co-Simulation, whose steps are those of the C code that is run.

Value references are the places of values among all of the instance, and the last one is the time.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from fmus.compiler import RUNTIME, architecture, headers
from fmus.container.description_fmi3 import model_description
from fmus.container.system import Kind, System, Unit
from fmus.container.system import Variable as Told
from fmus.container.text import quoted
from fmus.container.values import Type
from fmus.errors import BuildError
from fmus.package import write_fmu
from orchestrator.errors import SurrogateError
from orchestrator.system.connector import Causality
from surrogates.library import kept_library
from surrogates.package import Card, Variable, load_package, places_of
from surrogates.runtime import Runtime, open_runtime
from surrogates.zone_code import FOLDER, array_of

_SHELL: Final = (FOLDER / "fmi3.c", RUNTIME / "fmi3_steps_only.h", RUNTIME / "fmi3_refusals.h")
_HEADER: Final = "zone_fmu.h"
_HOUR: Final = 3600.0


def export_surrogate(package: Path, target: Path) -> Path:
    """Write the surrogate of a package as an FMU of FMI 3.0 to `target`.

    SurrogateError where the package is broken, where there is no C compiler, or where it fails.
    """
    loaded = load_package(package)
    runtime, system = open_runtime(loaded, "cpu"), _told(loaded.card)
    files = {**runtime.code(), **_shell(), _HEADER: "\n".join(_header(loaded.card, runtime, system))}
    token = _token(files, system)
    files[_HEADER] += f'\n#define TOKEN "{token}"\n'
    try:
        library = kept_library(files, headers())
    except BuildError as error:
        raise SurrogateError(f"surrogate '{loaded.card.name}': {error}") from error
    except OSError as error:
        raise SurrogateError(f"{error}. Free space, or name another folder by XDG_CACHE_HOME") from error
    try:
        place = f"binaries/{architecture()}-linux/{system.identifier}.so"
        write_fmu(target, model_description(system, token), place, library)
    except OSError as error:
        raise SurrogateError(f"{target}: cannot be written ({error.strerror}). Give another file") from error
    return target


def _shell() -> dict[str, str]:
    """The functions of the standard, as C files by name."""
    return {path.name: path.read_text("utf-8") for path in _SHELL}


def _token(files: Mapping[str, str], system: System) -> str:
    """Identifies what the FMU computes, and what it says about itself."""
    digest = hashlib.sha256(model_description(system, "").encode())
    for name, text in sorted(files.items()):
        digest.update(f"{name}\0{text}\0".encode())
    return f"{{{digest.hexdigest()[:32]}}}"


def _told(card: Card) -> System:
    """What the FMU says about itself: a system without parts."""
    units = {each.unit: Unit(each.unit, *(each.si or ())) for each in card.variables}
    steps = max(1, round(_HOUR / card.macro_step))
    return System(
        name=card.name,
        identifier=re.sub(r"\W", "_", f"surrogate_{card.name}", flags=re.ASCII)[:60],
        description=f"Surrogate of {card.fmu.get('model', card.name)}",
        step_size=card.macro_step,
        start=0.0,
        stop=steps * card.macro_step,
        tolerance=None,
        parts=(),
        stages=(),
        settings=(),
        at_once=(),
        everything=(),
        during_events=(),
        variables=tuple(_variables(card)),
        units=tuple(units.values()),
        image=np.zeros(0, np.uint8),
        keeps_state=True,
        serializes_state=True,
    )


def _variables(card: Card) -> Iterator[Told]:
    inputs = tuple(each.name for each in card.variables if each.causality == Causality.INPUT)
    names = {each.name for each in card.variables}
    for variable in card.variables:
        fed, fixed = variable.causality == Causality.INPUT, variable.causality == Causality.PARAMETER
        given = fed or fixed or variable.is_state
        yield Told(
            name=variable.name,
            kind=Kind.OUTPUT,
            type=Type.FLOAT64,
            offset=0,
            causality=variable.causality,
            variability="fixed" if fixed else "continuous",
            shape=(variable.size,) if variable.size else (),
            elements=(variable.name,) * (variable.size or 1),
            initial=None if fed else "exact" if given else "calculated",
            start=tuple(variable.starts.tolist()) if given else None,
            description=variable.description,
            unit=variable.unit,
            nominal=variable.nominal if variable.nominal != 1.0 else None,
            depends=inputs if variable.causality == Causality.OUTPUT else (),
        )
    time = next(name for count in range(len(names) + 1) if (name := "time" + "_" * count) not in names)
    yield Told(time, Kind.TIME, Type.FLOAT64, 0, "independent", "continuous", elements=(time,))


def _header(card: Card, runtime: Runtime, system: System) -> Iterator[str]:
    """What c/fmi3.c has to know of the variables."""
    owners = [number for number, each in enumerate(system.variables) for _ in each.elements]
    yield "/* Generated from a package. */"
    yield f"#define VALUES {len(owners) - 1}"
    yield f"#define MACRO_STEP {card.macro_step.hex()}"
    yield f"static const Variable VARIABLES[] = {{{','.join(_rows(card, system))}}};"
    yield array_of("VARIABLE_AT", np.array(owners))
    yield array_of("STARTS", np.concatenate([each.starts for each in card.variables]))
    yield array_of("INPUTS_AT", places_of(card, runtime.inputs), "int64_t")
    yield array_of("OUTPUTS_AT", places_of(card, runtime.outputs), "int64_t")
    yield f"static const char *const GUARDED[BOUNDED] = {{{','.join(map(quoted, card.box))}}};"


def _rows(card: Card, system: System) -> Iterator[str]:
    kinds = [*(_kind(each) for each in card.variables), "TIME"]
    first = 0
    for kind, variable in zip(kinds, system.variables, strict=True):
        yield f"{{{quoted(variable.name)}, {kind}, {first}, {variable.length}}}"
        first += variable.length


def _kind(variable: Variable) -> str:
    known = {Causality.INPUT: "INPUT", Causality.PARAMETER: "PARAMETER"}
    return known.get(Causality(variable.causality), "STATE" if variable.is_state else "CALCULATED")
