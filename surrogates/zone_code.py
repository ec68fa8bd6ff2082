"""The macro step of a tank in zones as C: `c/zone_step.c`, with the sizes and numbers of one package in its header."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from surrogates.guard import Box
from surrogates.zone_basis import Floats, Indices
from surrogates.zone_network import AIR_OXYGEN, ATMOSPHERE, DENSITY_GRAVITY, OXYGEN, ReducedTank, gas_amount, molar_flow
from surrogates.zone_stepper import ZoneStepper

FOLDER = Path(__file__).parent / "c"
SOURCES = ("zone_step.c", "zone_step.h")
SIZES, HEADER = "zone_sizes.h", "zone_model.h"
_SIZES = ("K", "N", "GROUPS")


class ZoneModel(NamedTuple):
    """What is stepped: the tank with everything folded that is constant, the groups of its zones, and its box."""

    tank: ReducedTank
    stepper: ZoneStepper
    groups: Indices
    box: Box


def files(model: ZoneModel) -> dict[str, str]:
    """The C files by name."""
    written = {name: (FOLDER / name).read_text("utf-8") for name in SOURCES}
    return {**written, SIZES: _sizes(model), HEADER: header(model)}


def header(model: ZoneModel) -> str:
    """The header: numbers as hexadecimal floats, which lose nothing; matrices with the index that sums first."""
    lines = [_GENERATED, *_defined({name: value for name, value in _numbers(model).items() if name not in _SIZES})]
    lines += [array_of(name, array) for name, array in _arrays(model).items()]
    return "\n".join([*lines, *_layers(model.stepper.layers), ""])


_GENERATED = "/* Generated from a package. */"


def _sizes(model: ZoneModel) -> str:
    return "\n".join([_GENERATED, *_defined({name: _numbers(model)[name] for name in _SIZES}), ""])


def _defined(numbers: dict[str, float]) -> list[str]:
    return [f"#define {name} {_number(value)}" for name, value in numbers.items()]


def _numbers(model: ZoneModel) -> dict[str, float]:
    tank, c = model.tank, model.tank.constants
    _, n, K = tank.lift.shape
    surface, depth = model.stepper.mean_saturation
    return {
        "K": K,
        "N": n,
        "GROUPS": int(model.groups.max()) + 1,
        "H": tank.h,
        "S_FEED": c.S_feed,
        "HENRY": c.H,
        "TAU_PROBE": c.tau_probe,
        "DOT_MAX": c.DOT_max,
        "GAS_DEPLETION": c.gas_depletion,
        "PRESSURE": c.pressure,
        "CROSS_SECTION": c.cross_section,
        "Y_O2_IN": c.y_O2_in,
        "Y_CO2_IN": c.y_CO2_in,
        "GAS_AMOUNT": gas_amount(tank),
        "MOLAR_FLOW": molar_flow(1.0),
        "MEAN_AT_SURFACE": surface,
        "MEAN_WITH_DEPTH": depth,
        "ATMOSPHERE": ATMOSPHERE,
        "AIR_OXYGEN": AIR_OXYGEN,
        "OXYGEN": OXYGEN,
        "DENSITY_GRAVITY": DENSITY_GRAVITY,
    }


def _arrays(model: ZoneModel) -> dict[str, Floats | Indices]:
    tank, stepper = model.tank, model.stepper
    stir, flow, transfer = stepper.operators.reshape(3, *tank.stir.shape).transpose(0, 1, 3, 2)
    return {
        "LIFT": tank.lift.transpose(0, 2, 1),
        "RESTRICT": tank.restrict.transpose(0, 2, 1),
        "FORM": stepper.form.transpose(0, 2, 1),
        "STIR": stir,
        "FLOW": flow,
        "MINUS_TRANSFER": transfer[-1],
        "READING": stepper.readings,
        "AT_SURFACE": tank.at_surface,
        "WITH_DEPTH": tank.with_depth,
        "INLET": tank.inlet,
        "KLA_FIT": tank.kLa_fit,
        "GROUP": model.groups,
        "GROUP_SIZE": np.bincount(model.groups).astype(float),
        "LOWEST": model.box.low,
        "HIGHEST": model.box.high,
    }


def _layers(layers: Sequence[tuple[Floats, Floats]]) -> Iterator[str]:
    """The layers of the network, the last of which adds to the sources."""
    yield f"#define LAYERS {len(layers)}"
    if not layers:
        return
    hidden = []
    for index, (weight, bias) in enumerate(layers):
        yield array_of(f"WEIGHTS_{index}", weight.T.ravel())
        yield array_of(f"BIASES_{index}", bias)
        hidden.append(f"HIDDEN(WEIGHTS_{index}, BIASES_{index}, {weight.shape[1]}, {weight.shape[0]})")
    last = len(layers) - 1
    yield f"#define HIDDEN_LAYERS {' '.join(hidden[:-1])}"
    yield f"#define LAST_WEIGHTS WEIGHTS_{last}"
    yield f"#define LAST_BIASES BIASES_{last}"
    yield f"#define LAST_WIDE {layers[-1][0].shape[1]}"
    yield f"#define WIDEST {max(width for weight, _ in layers for width in weight.shape)}"


def array_of(name: str, array: Floats | Indices, integer: str = "int") -> str:
    """The definition of an array in C."""
    kind = "double" if array.dtype.kind == "f" else integer
    sizes = "".join(f"[{size}]" for size in array.shape)
    numbers = ",".join(_number(value) for value in array.ravel().tolist())
    # Braces around rows may be left out, so that one list serves every shape.
    return f"static const {kind} {name}{sizes} = {{{numbers}}};"


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"({value.hex()})" if value < 0.0 else value.hex()
