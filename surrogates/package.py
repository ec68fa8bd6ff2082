"""Package: a surrogate as one directory, `NAME.surrogate`, with `weights.safetensors` and `card.json`.

No pickle: arrays are float64 with their shapes, everything else is JSON. Loading checks the format, the hash of the
weights and every shape; what does not fit is refused.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from orchestrator.errors import SurrogateError

Floats = NDArray[np.float64]

FORMAT = 1


@dataclass(frozen=True)
class Variable:
    """One variable of the component: name, FMI causality, size (0 for a scalar), reference, unit and start values.

    `si` holds the unit's exponents, factor and offset in the SI where they are known.
    """

    name: str
    causality: str
    size: int
    reference: int
    unit: str
    start: tuple[float, ...]
    nominal: float
    is_state: bool
    si: tuple[tuple[int, ...], float, float] | None = None
    description: str = ""

    @property
    def starts(self) -> Floats:
        """A start value for each element; zeros where there are none, or too few."""
        size = self.size or 1
        if len(self.start) in (1, size):
            return np.broadcast_to(np.array(self.start), (size,)).astype(np.float64)
        return np.zeros(size)


@dataclass(frozen=True)
class Card:
    """What a surrogate is, of what, where it holds, and how good it is.

    `fmu` identifies the component (name, guid, sha256); `box` maps quantities to their bounds; `errors` are normalized
    root mean square errors by split (test, stress), kind (one_step, free_run) and state; `timings` are in seconds.
    """

    name: str
    kind: str
    fmu: Mapping[str, str]
    macro_step: float
    variables: tuple[Variable, ...]
    constants: Mapping[str, float]
    box: Mapping[str, tuple[float, float]]
    designs: Mapping[str, str]
    errors: Mapping[str, Mapping[str, Mapping[str, float]]]
    ablation: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    training: Mapping[str, float] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0


def places_of(card: Card, names: Sequence[str]) -> NDArray[np.int64]:
    """Where the elements of variables are among those of all; SurrogateError where the card does not have one."""
    missing = [name for name in names if name not in {variable.name for variable in card.variables}]
    if missing:
        raise SurrogateError(f"surrogate '{card.name}': its card has no {', '.join(missing[:5])}. Train it again")
    found, first = {}, 0
    for variable in card.variables:
        found[variable.name] = range(first, first := first + (variable.size or 1))
    return np.array([place for name in names for place in found[name]], np.int64)


class Package(NamedTuple):
    """A loaded package: its card and its arrays by name."""

    card: Card
    arrays: Mapping[str, Floats]


def save_package(path: Path, card: Card, arrays: Mapping[str, Floats]) -> None:
    """Write a package; an older one at the same place is replaced."""
    path.mkdir(parents=True, exist_ok=True)
    weights = save({name: np.ascontiguousarray(array, dtype=np.float64) for name, array in arrays.items()})
    content = {
        "format": FORMAT,
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "shapes": {name: list(np.shape(array)) for name, array in sorted(arrays.items())},
        **asdict(card),
    }
    (path / "weights.safetensors").write_bytes(weights)
    (path / "card.json").write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")


def load_package(path: Path) -> Package:
    """Read and check a package; SurrogateError names the file, what is wrong with it, and the remedy."""
    content = _read_card(path)
    weights = _read(path / "weights.safetensors")
    if hashlib.sha256(weights).hexdigest() != content.pop("weights_sha256", None):
        raise _broken(path / "weights.safetensors", "its SHA-256 is not the one on the card")
    try:
        arrays = load(weights)
    except SafetensorError as error:
        raise _broken(path / "weights.safetensors", str(error)) from error
    shapes = {name: list(array.shape) for name, array in arrays.items()}
    if shapes != content.pop("shapes", None) or any(array.dtype != np.float64 for array in arrays.values()):
        raise _broken(path / "weights.safetensors", "names, shapes or types of its arrays are not those on the card")
    return Package(_card(path, content), arrays)


def _read_card(path: Path) -> dict[str, Any]:
    file = path / "card.json"
    try:
        content = json.loads(_read(file))
    except ValueError as error:
        raise _broken(file, f"it is not JSON ({error})") from error
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise _broken(file, f"it is not a card of format {FORMAT}")
    return content


def _card(path: Path, content: dict[str, Any]) -> Card:
    expected = {one.name for one in fields(Card)}
    if set(content) != expected:
        odd = ", ".join(sorted(expected ^ set(content)))
        raise _broken(path / "card.json", f"entries missing or unknown: {odd}")
    try:
        variables = tuple(_variable(entry) for entry in content["variables"])
        box = {str(name): (float(low), float(high)) for name, (low, high) in content["box"].items()}
        constants = {str(name): float(value) for name, value in content["constants"].items()}
        step = float(content["macro_step"])
    except (TypeError, ValueError, AttributeError) as error:
        raise _broken(path / "card.json", str(error)) from error
    if not step > 0.0:
        raise _broken(path / "card.json", f"macro_step {step:g} s is not positive")
    return Card(**{**content, "variables": variables, "box": box, "constants": constants, "macro_step": step})


def _variable(entry: dict[str, Any]) -> Variable:
    si = entry["si"]
    unit = None if si is None else (tuple(si[0]), float(si[1]), float(si[2]))
    return Variable(**{**entry, "start": tuple(map(float, entry["start"])), "si": unit})


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise _broken(file, f"it cannot be read ({error.strerror})") from error


def _broken(file: Path, reason: str) -> SurrogateError:
    return SurrogateError(f"{file}: {reason}. Train the surrogate again, or copy the whole directory again")
