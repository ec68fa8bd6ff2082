"""Passage: a value on its way along connections, with all that was done to it.

The unit of a connector of a nested system counts where it is declared; where it is not, the connector takes the unit
of the value that arrives. Where a conversion is suppressed the value has the unit that the destination declares, or
none. SSP 2.0, sections on the type `Real` and on connections.
"""

from dataclasses import replace
from typing import NamedTuple

from orchestrator.errors import UnitError
from orchestrator.system.connections.domains import Domain, carry
from orchestrator.system.connections.substitution import UNCHANGED, Substitution
from orchestrator.system.description import Connection
from orchestrator.system.quantities.units import IDENTITY, Conversion, Unit, conversion
from orchestrator.system.transformation import Linear


class Port(NamedTuple):
    """What is known of a connector at one end of a connection; None where it is left open.

    `nested` tells the connector of a nested system: SSP cannot say that its unit is that of a difference.
    """

    domain: Domain | None
    unit: Unit | None
    nested: bool = False


class Passage(NamedTuple):
    """value = conversion(mapping(origin)) in `since`, and then converted to `unit`.

    `domain` and `unit` are those of the value where it is now; `given` is the unit of the value at the origin, where
    one is known. Conversions of units are joined only where something comes between them, so that a value that goes
    to another unit and back is unchanged to the bit.
    """

    domain: Domain | None
    unit: Unit | None
    mapping: Substitution
    conversion: Conversion
    since: Unit | None
    given: Unit | None

    @classmethod
    def begin(cls, port: Port) -> "Passage":
        """A value at its origin."""
        return cls(port.domain, port.unit, UNCHANGED, IDENTITY, port.unit, port.unit)

    @property
    def total(self) -> Conversion:
        """The conversion from the origin up to here."""
        return joined(self.conversion, conversion(self.since, self.unit))

    def along(self, connection: Connection, port: Port) -> "Passage":
        """The value after a connection to a port.

        ValueError where types or the transformation do not fit, UnitError where units do not.
        """
        carried = carry(self.domain, port.domain, connection.transformation)
        mapping = self.mapping.then(carried.mapping)
        if mapping.total and not mapping.entries:
            raise ValueError("no value of the source passes; correct the transformations on its way")
        moved = self._suppressed(port) if connection.suppress_unit_conversion else self._converted(port)
        if isinstance(connection.transformation, Linear):
            factor, offset = connection.transformation.factor, connection.transformation.offset
            after = joined(moved.total, Conversion(factor, offset))
            moved = moved._replace(conversion=after, since=moved.unit)
        return moved._replace(domain=carried.domain, mapping=mapping)

    def _converted(self, port: Port) -> "Passage":
        unit = port.unit
        if unit is None:
            return self
        if port.nested and self.unit is not None and self.unit.relative:
            unit = replace(unit, relative=True, offset=0.0)
        step = conversion(self.unit, unit)
        if self.unit is None:
            untouched = self.given is None and self.conversion == IDENTITY
            return self._replace(unit=unit, since=unit, given=unit if untouched else self.given)
        try:
            conversion(self.since, unit)
        except UnitError:  # by way of a unit of the same name that nobody defined
            return self._replace(conversion=joined(self.total, step), since=unit, unit=unit)
        return self._replace(unit=unit)

    def _suppressed(self, port: Port) -> "Passage":
        return self._replace(conversion=self.total, since=port.unit, unit=port.unit)


def joined(first: Conversion, second: Conversion) -> Conversion:
    """One conversion that does the first and then the second."""
    if second == IDENTITY:
        return first
    return Conversion(first.factor * second.factor, first.offset * second.factor + second.offset)
