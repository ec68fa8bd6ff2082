"""Variables: what is said outside about the variables of the components, and how values given there are handed on."""

from collections.abc import Mapping, Sequence

import numpy as np

from fmus.container.system import Kind, Setting, Unit, Variable
from fmus.container.values import Call, Type
from orchestrator.errors import CapabilityError
from orchestrator.export.exposing import Exposed
from orchestrator.export.image import Image
from orchestrator.instance import Values
from orchestrator.system.connector import Causality, Connector, Storage, Variability
from orchestrator.system.interface import Interfaces

Given = Mapping[str, Mapping[str, Values]]
"""Values of the description: component -> connector -> all elements."""


def settings_of(
    given: Given, exposed: Sequence[Exposed], interfaces: Interfaces, image: Image, parts: Mapping[str, int]
) -> dict[tuple[str, str], Setting]:
    """What components are given once; start values are put into the image.

    Inputs are none of these: they are given in every step.
    """
    connectors = {(name, each.name): each for name, mine in interfaces.items() for each in mine}
    wanted = [(name, key) for name, values in given.items() for key in values]
    wanted += [(each.component, each.connector.name) for each in exposed if _settable(each)]
    settings = {}
    for key in dict.fromkeys(wanted):
        connector, values = connectors[key], given.get(key[0], {}).get(key[1])
        if connector.causality is not Causality.INPUT and connector.storage.numeric:
            call = image.call(key[0], connector)
            tunable = connector.variability is Variability.TUNABLE
            settings[key] = Setting(parts[key[0]], call, tunable, values is not None)
        elif connector.storage is Storage.STRING and values is not None:
            settings[key] = _text(parts[key[0]], connector, values)
        if connector.storage.numeric:
            start = values if values is not None else np.asarray(connector.start)
            image.start(key[0], connector, start)
    return settings


def _text(part: int, connector: Connector, values: Values) -> Setting:
    call = Call(Type.FLOAT64, (connector.reference,), 0, 1, connector.elements)  # its type and place are of no use
    return Setting(part, call, given=True, text=str(values[0]))


def _settable(exposed: Exposed) -> bool:
    """Whether it is a value that may be given from outside, other than an input."""
    connector = exposed.connector
    if exposed.causality is Causality.PARAMETER:
        return True
    exact = connector.initial == "exact" and connector.variability is not Variability.CONSTANT
    return exact and connector.start is not None and connector.causality in (Causality.OUTPUT, Causality.LOCAL)


class Described:
    """Makes the variables of the whole: their start values, units and the inputs that they depend on."""

    def __init__(self, given: Given, image: Image, depends: Mapping[str, tuple[str, ...]]) -> None:
        self._given, self._image, self._depends = given, image, depends
        self._units: dict[str, Unit] = {}

    @property
    def units(self) -> tuple[Unit, ...]:
        """The units of the variables that were made."""
        return tuple(self._units.values())

    def variable(self, exposed: Exposed, setting: int | None) -> Variable:
        """The variable of the whole."""
        component, connector, causality = exposed
        place = self._image.places[component, connector.name]
        start = self._start(exposed, place.type, setting)
        return Variable(
            name=exposed.name,
            kind=_KINDS.get(causality, Kind.OUTPUT),
            type=place.type,
            offset=place.offset,
            causality=str(causality),
            variability=str(connector.variability),
            shape=connector.shape,
            elements=tuple(f"{component}.{element}" for element in connector.elements),
            initial=_initial(causality, connector, started=start is not None),
            start=start,
            setting=setting,
            description=connector.description,
            unit=self._unit(connector),
            relative=connector.unit is not None and connector.unit.relative,
            nominal=connector.declared_nominal,
            minimum=connector.minimum,
            maximum=connector.maximum,
            items=connector.items,
            depends=self._depends.get(exposed.name, ()),
        )

    def _start(self, exposed: Exposed, kind: Type, setting: int | None) -> tuple[float | int | bool, ...] | None:
        component, connector, causality = exposed
        constant = connector.variability is Variability.CONSTANT
        told = setting is not None or causality is Causality.INPUT or constant
        if not told or connector.start is None:
            return None
        given = self._given.get(component, {}).get(connector.name)
        values = np.asarray(connector.start) if given is None else given
        numbers = np.broadcast_to(values, connector.size).astype(bool if kind.boolean else kind.dtype)
        return tuple(numbers.tolist())

    def _unit(self, connector: Connector) -> str | None:
        unit = connector.unit
        if unit is None or connector.storage is not Storage.FLOAT64:
            return None
        told = Unit(unit.name, unit.exponents, unit.factor, unit.offset)
        known = self._units.get(unit.name)
        if known is not None and None in (known.exponents, told.exponents):  # one FMU does not say what it is
            self._units[unit.name] = known if told.exponents is None else told
        elif known is None or (not known.offset and _same_but_offset(known, told)):
            self._units[unit.name] = told if known is None or told.offset else known
        elif not (unit.relative and _same_but_offset(known, told)) and known != told:
            raise CapabilityError(
                f"export-fmu: the unit '{unit.name}' means different things in the FMUs of the system, which one FMU "
                "cannot say. Expose variables of one of these FMUs only, with --expose"
            )
        return unit.name


_KINDS = {Causality.INPUT: Kind.INPUT, Causality.PARAMETER: Kind.PARAMETER}


def _same_but_offset(one: Unit, other: Unit) -> bool:
    return (one.exponents, one.factor) == (other.exponents, other.factor)


def _initial(causality: Causality, connector: Connector, *, started: bool) -> str | None:
    if causality is Causality.INPUT:
        return None
    if started:
        return "approx" if connector.initial == "approx" else "exact"
    return "calculated"


TIME = Variable(
    "time", Kind.TIME, Type.FLOAT64, 0, "independent", "continuous", elements=("time",), description="simulation time"
)
