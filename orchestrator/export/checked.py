"""Checked: ranges of values that a container holds against the min and max of their variables."""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from fmus.container.values import Range, Type
from orchestrator.errors import CapabilityError
from orchestrator.export.image import Image, Place
from orchestrator.signals import Block
from orchestrator.system.connector import Connector, Storage

_LIMITS: Final = {Storage.INT64: np.iinfo(np.int64), Storage.UINT64: np.iinfo(np.uint64)}


def checked_inputs(name: str, blocks: Iterable[Block], image: Image) -> tuple[Range, ...]:
    """Those of the inputs of a component; CapabilityError where they are rounded before they can be looked at."""
    found = tuple(_ranges(name, blocks, image))
    narrow = next((each.name for each in found if each.type is Type.FLOAT32), None)
    if narrow is not None:
        raise CapabilityError(
            f"export-fmu: component '{name}': check_ranges: '{narrow}' has 32 bits, to which its values are rounded "
            "before a container can look at them. Leave check_ranges out, or export the FMU with inputs of 64 bits"
        )
    return found


def checked_outputs(name: str, blocks: Iterable[Block], image: Image) -> tuple[Range, ...]:
    """Those of what is read of a component."""
    return tuple(_ranges(name, blocks, image))


def _ranges(name: str, blocks: Iterable[Block], image: Image) -> Iterator[Range]:
    for connector in (each for block in blocks for each in block.bundle.connectors):
        bounded = connector.minimum is not None or connector.maximum is not None
        if bounded and connector.storage.numeric and connector.storage is not Storage.BOOLEAN:
            yield from _of_elements(name, connector, image.places[name, connector.name])


def _of_elements(name: str, connector: Connector, place: Place) -> Iterator[Range]:
    limits = _LIMITS.get(connector.storage)
    least, most = (-np.inf, np.inf) if limits is None else (int(limits.min), int(limits.max))
    low = least if connector.minimum is None else connector.minimum
    high = most if connector.maximum is None else connector.maximum
    for index, element in enumerate(connector.elements):
        yield Range(place.type, place.element(index), low, high, f"{name}.{element}")
