"""Display units: the units in which an FMU wants values to be shown to people."""

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import Any
from xml.etree import ElementTree as ET

from orchestrator.system.connector import Connector
from orchestrator.system.quantities.units import Unit

DisplayUnits = Mapping[tuple[str, str], Unit]
"""Name of a unit, and of a display unit of it -> the display unit."""


def display_units(root: ET.Element, units: Mapping[str, Unit]) -> DisplayUnits:
    """The display units of all defined units, in the SI.

    A shown value is factor * value + offset (schemas of FMI 2.0.4 and FMI 3.0.2, DisplayUnit); of FMI 3.0, those that
    are inverse (L/(100 km)) are left out.
    """
    found = {}
    for definition in root.iterfind("UnitDefinitions/Unit"):
        unit = units.get(definition.get("name", ""))
        if unit is None or unit.exponents is None:
            continue
        for each in definition.iterfind("DisplayUnit"):
            factor, offset = float(each.get("factor", "1")), float(each.get("offset", "0"))
            if each.get("inverse") in ("true", "1") or not (isfinite(factor) and isfinite(offset) and factor):
                continue
            zero = unit.offset - unit.factor * offset / factor
            name = each.get("name", "")
            found[unit.name, name] = Unit(name, unit.exponents, unit.factor / factor, zero)
    return found


def shown(connector: Connector, variable: Any, known: DisplayUnits) -> Connector:
    """The connector with the display unit that its variable, or the type of that, names."""
    name = variable.displayUnit or getattr(variable.declaredType, "displayUnit", None)
    unit = None if connector.unit is None or name is None else known.get((connector.unit.name, name))
    if unit is None or connector.unit is None:
        return connector
    if connector.unit.relative:
        unit = replace(unit, offset=0.0, relative=True)
    return replace(connector, display_unit=unit)
