"""Values and numbers as descriptions give them, and the frozen model that every part of a description is."""

import sys
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, PlainValidator, PositiveFloat

_VALUE = "use a finite number, true or false, a text, or a flat list of one of these kinds"


def _value(value: Any) -> Any:
    # A union of tuples would let pydantic turn [1.0, 0.0] into (True, False): the kinds are told apart here instead.
    plain = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(plain, list | tuple):
        return _scalar(plain)
    elements = tuple(_scalar(element) for element in plain)
    kinds = {type(element) for element in elements}
    if kinds == {int, float}:
        return tuple(map(float, elements))
    if len(kinds) != 1:
        raise ValueError(_VALUE)
    return elements


def _scalar(value: Any) -> bool | int | float | str:
    number = value.item() if hasattr(value, "item") else value
    if isinstance(number, str):
        return number
    if not isinstance(number, bool | int | float) or not abs(number) <= sys.float_info.max:
        raise ValueError(_VALUE)
    return number


def no_text(value: Any) -> Any:
    """Refuse what pydantic would take for a number: texts and truth values."""
    # pydantic would read true as 1.0 and '1' as 1.0
    if isinstance(value, bool | str):
        raise ValueError("use a number, without quotes")
    return value


def _as_it_is(value: Any) -> Any:
    return value


_Plain = bool | int | float | str | list[bool] | list[int | float] | list[str]

Value = Annotated[
    bool | int | float | str | tuple[bool, ...] | tuple[int, ...] | tuple[float, ...] | tuple[str, ...],
    PlainValidator(_value, json_schema_input_type=_Plain),
    PlainSerializer(_as_it_is),
]
"""A parameter or start value: a scalar, or all elements of an array in row-major order. Bytes are given as text."""


Number = Annotated[float, BeforeValidator(no_text)]
Positive = Annotated[PositiveFloat, BeforeValidator(no_text)]


class Frozen(BaseModel):
    """A part of a description: it never changes, and knows no keys but its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Itself: defaults of fields, which would be copied for each description, are shared."""
        return self


class Quantity(Frozen):
    """A number, or all elements of an array, in a unit given by name: `{value: 2.0, unit: L}`."""

    value: Value
    unit: str


def _given(value: Any) -> Any:
    if isinstance(value, Quantity):
        return value
    if isinstance(value, Mapping):
        return Quantity.model_validate(value)
    return _value(value)


Given = Annotated[
    bool | int | float | str | tuple[bool, ...] | tuple[int, ...] | tuple[float, ...] | tuple[str, ...] | Quantity,
    PlainValidator(_given, json_schema_input_type=_Plain | Quantity),
    PlainSerializer(_as_it_is),
]
"""A value, or a quantity in a unit of its own."""
