"""Repairs: violations of the standard that leave no doubt about what is meant, made good before a description is read.

Tools write parameters without `variability`, whose default in FMI 2.0 is `continuous`. Each repair is a warning.
"""

from collections.abc import Mapping
from typing import Final
from xml.etree import ElementTree as ET

_PARAMETER: Final = ("fixed", "tunable")
# FMI 2.0.4 section 2.2.7 and FMI 3.0.2 section 2.4.7: which variability goes with which causality.
_LEGAL: Final[Mapping[str, tuple[str, ...]]] = {
    "parameter": _PARAMETER,
    "calculatedParameter": _PARAMETER,
    "structuralParameter": _PARAMETER,
    "input": ("discrete", "continuous"),
    "output": ("constant", "discrete", "continuous"),
    "independent": ("continuous",),
}
_KNOWN: Final = ("constant", "fixed", "tunable", "discrete", "continuous")
_FLOATS: Final = ("Real", "Float32", "Float64")


def repair(root: ET.Element) -> tuple[str, ...]:
    """Give variables of FMI 2.0 and 3.0 a variability that goes with their causality; what was changed.

    Parameters become fixed, which is what can never go wrong in a run.
    """
    version = root.get("fmiVersion", "")
    if version == "1.0":
        return ()
    default = "continuous" if version == "2.0" else None
    changed = (_repaired(variable, default) for variable in root.iterfind("ModelVariables/*"))
    return tuple(what for what in changed if what is not None)


def _repaired(variable: ET.Element, default: str | None) -> str | None:
    causality, variability = variable.get("causality", "local"), variable.get("variability", default)
    legal = _LEGAL.get(causality)
    if legal is None or variability is None or variability not in _KNOWN or variability in legal:
        return None
    instead = _instead(variable, legal)
    variable.set("variability", instead)
    return f"The variable '{variable.get('name')}' is {causality} and {variability}; it is taken for {instead}."


def _instead(variable: ET.Element, legal: tuple[str, ...]) -> str:
    if legal is _PARAMETER:
        return "fixed"
    is_float = variable.tag in _FLOATS or any(child.tag in _FLOATS for child in variable)
    return "continuous" if is_float else "discrete"
