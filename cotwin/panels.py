"""Which curves share a panel: variables of one component with one unit and a similar magnitude."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import ResultError

if TYPE_CHECKING:
    from orchestrator.recording.results import Results

CURVES_PER_PANEL = 4
ELEMENTS_DRAWN_ONE_BY_ONE = 4
MAGNITUDE_RATIO = 30.0
"""Beyond this ratio of their largest values the smaller of two curves would lie flat on the axis."""

_ELEMENT = re.compile(r"^(?P<array>.+)\[[\d,]+\]$")


class Curve(NamedTuple):
    """One line: values (n,) over the times of its panel.

    `band` (2, n) is the least and the greatest of many elements, `items` names the values of an enumeration.
    """

    label: str
    values: NDArray[Any]
    band: NDArray[Any] | None = None
    items: Mapping[int, str] | None = None

    @property
    def stepped(self) -> bool:
        """Whether the values hold until the next one: Booleans, integers and enumerations."""
        return self.values.dtype.kind in "biu"

    @property
    def magnitude(self) -> float:
        """The largest absolute value, 0.0 where there is none."""
        finite = np.abs(self.values[np.isfinite(self.values.astype(float))].astype(float))
        return float(finite.max()) if finite.size else 0.0

    @property
    def constant(self) -> bool:
        """Whether nothing changes from the first value to the last (bands by their limits)."""
        rows = self.values[np.newaxis] if self.band is None else self.band
        return bool((rows == rows[:, :1]).all())


class Panel(NamedTuple):
    """Curves over one pair of axes; `unit` is empty where there is none."""

    component: str
    unit: str
    times: NDArray[np.float64]
    curves: tuple[Curve, ...]

    @property
    def constant(self) -> bool:
        """Whether none of the curves changes."""
        return all(curve.constant for curve in self.curves)


def panels(results: "Results", names: Sequence[str] | None = None) -> tuple[Panel, ...]:
    """Arrange recorded variables (by default all that hold numbers) into panels, in the order of the record.

    Raises ResultError for a name that was not recorded, or that holds text or bytes.
    """
    chosen = [name for name in results.names if results.numeric(name)] if names is None else names
    text = next((name for name in results.names if name in chosen and not results.numeric(name)), None)
    if text is not None:
        raise ResultError(f"'{text}' holds no numbers to draw. Read it by results['{text}']")
    made: list[Panel] = []
    for elements in _arrays(chosen):
        for curve in _curves(results, elements):
            _place(made, elements[0].partition(".")[0], results.units.get(elements[0]) or "", results, curve)
    return tuple(made)


def _arrays(names: Iterable[str]) -> list[list[str]]:
    """Names with the elements of one array gathered: [["a.V"], ["a.S[1]", "a.S[2]"]]."""
    gathered: dict[str, list[str]] = {}
    for name in names:
        match = _ELEMENT.match(name)
        gathered.setdefault(match["array"] if match else name, []).append(name)
    return list(gathered.values())


def _curves(results: "Results", elements: list[str]) -> list[Curve]:
    """One curve for each element of a small array, mean and range for a large one."""
    if len(elements) <= ELEMENTS_DRAWN_ONE_BY_ONE:
        return [Curve(name, results[name], items=results.items.get(name)) for name in elements]
    array = elements[0].rpartition("[")[0]
    rows = results.array(array).astype(float)
    label = f"{array} (mean and range of {rows.shape[1]})"
    return [Curve(label, rows.mean(axis=1), np.stack([rows.min(axis=1), rows.max(axis=1)]))]


def _place(made: list[Panel], component: str, unit: str, results: "Results", curve: Curve) -> None:
    """Add a curve to the first panel that suits it, or open a new one."""
    for index, panel in enumerate(made):
        if (panel.component, panel.unit) == (component, unit) and _suits(panel, curve):
            made[index] = panel._replace(curves=(*panel.curves, curve))
            return
    made.append(Panel(component, unit, results.times, (curve,)))


def _suits(panel: Panel, curve: Curve) -> bool:
    first = panel.curves[0]
    if len(panel.curves) >= CURVES_PER_PANEL or first.values.dtype.kind != curve.values.dtype.kind:
        return False
    if first.items != curve.items or first.constant != curve.constant:
        return False  # a parameter among the curves would only widen their scale
    if not panel.unit and curve.values.dtype.kind == "f":
        return False  # two numbers without a unit need have nothing in common
    if curve.values.dtype.kind == "b":
        return True
    low, high = sorted((first.magnitude, curve.magnitude))
    return high <= MAGNITUDE_RATIO * low or high == low
