"""Fitting: one given value as a connector stores it, in its unit."""

from orchestrator.errors import DescriptionError
from orchestrator.system.connector import Connector, Scalar, Storage
from orchestrator.system.names import nearest
from orchestrator.system.parameters.start_values import fitting
from orchestrator.system.quantities.reader import Reader
from orchestrator.system.values import Given, Quantity


def fitted(reader: Reader, connector: Connector, given: Given) -> Scalar:
    """A given value in the unit and type of a connector; DescriptionError where it does not fit: type, unit, range."""
    if isinstance(given, tuple):
        raise DescriptionError(f"{given!r:.80} is a list; give one value for each element, such as 'S[1]'")
    if not connector.storage.numeric or connector.storage is Storage.BOOLEAN or isinstance(given, bool):
        if isinstance(given, Quantity):
            raise DescriptionError(f"{given.value!r:.80} {given.unit}: only numbers have units; leave the unit out")
        return fitting(connector, given)
    if isinstance(given, str) and connector.items:
        numbers = {name: number for number, name in connector.items}
        if given not in numbers:
            raise DescriptionError(f"{given!r:.80} is no item of the enumeration; {nearest(given, numbers)}")
        return numbers[given]
    value = fitting(connector, reader.read(given, connector.unit).value)
    return float(value) if connector.storage is Storage.FLOAT64 else value
