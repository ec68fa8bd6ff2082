"""What a modelDescription.xml of FMI 1.0 says in other words than those of FMI 2.0 and 3.0."""

from collections.abc import Iterable, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from orchestrator.system.connector import Causality, Connector


def capabilities_element(root: ET.Element) -> ET.Element | None:
    """The element with the capabilities of a slave, None where there is none."""
    return next(iter(root.iterfind("Implementation/*/Capabilities")), None)


def complete(variables: Iterable[Any], root: ET.Element) -> None:
    """Give FMPy's variables an `initial`, and a causality of FMI 2.0 where FMI 1.0 says "none".

    A start value is exact where it is `fixed`, which is the default, otherwise a guess.
    """
    fixed = {variable.get("name"): _fixed(variable) for variable in root.iterfind("ModelVariables/*")}
    for variable in variables:
        if variable.causality == "none":
            variable.causality = "local"
        if variable.causality == "input":
            continue
        if variable.start is None:
            variable.initial = "calculated"
        else:
            variable.initial = "exact" if fixed.get(variable.name, True) else "approx"


def _fixed(variable: ET.Element) -> bool:
    return all(element.get("fixed", "true") in ("true", "1") for element in variable)


def unnamed_states(root: ET.Element, largest: int) -> int:
    """Continuous states that FMI 1.0 counts; which variables they are only the running model says.

    ValueError where that is no number from 0 to `largest`.
    """
    if root.get("fmiVersion") != "1.0":
        return 0
    count = int(root.get("numberOfContinuousStates", "0"))
    if not 0 <= count <= largest:
        raise ValueError(f"numberOfContinuousStates {count} is none from 0 to {largest}")
    return count


def negated_aliases(root: ET.Element) -> frozenset[str]:
    """Names of variables that have the value of their value reference with the opposite sign.

    ValueError where one is no number.
    """
    if root.get("fmiVersion") != "1.0":
        return frozenset()
    negated = [each for each in root.iterfind("ModelVariables/*") if each.get("alias") == "negatedAlias"]
    for variable in negated:
        if variable.find("Real") is None and variable.find("Integer") is None:
            raise ValueError(f"'{variable.get('name')}' is a negated alias, but no number")
    return frozenset(variable.get("name", "") for variable in negated)


def direct_dependencies(root: ET.Element, connectors: Sequence[Connector]) -> dict[str, tuple[str, ...]]:
    """Inputs that outputs depend on directly, of the outputs for which FMI 1.0 lists them."""
    if root.get("fmiVersion") != "1.0":
        return {}
    inputs = {connector.name for connector in connectors if connector.causality is Causality.INPUT}
    outputs = {connector.name for connector in connectors if connector.causality is Causality.OUTPUT}
    return {
        variable.get("name", ""): tuple(name.text for name in listed if name.text is not None and name.text in inputs)
        for variable in root.iterfind("ModelVariables/*")
        if (listed := variable.find("DirectDependency")) is not None and variable.get("name") in outputs
    }
