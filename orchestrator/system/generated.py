"""Generated signals: inputs over time that a description gives without a file.

    feed:
      signals:
        F: {constant: "0.1 L/h"}
        T: {ramp: {from: 20, to: 37, start: 0, stop: "10 min"}, unit: degC}
        N: {expression: "300 + 50*sin(2*pi*t/60)", unit: rpm}
        on: {pulse: {low: false, high: true, period: 60, width: 5}}
        pH_set: {step: {from: 7.0, to: 6.8, at: "2 h"}}

Values are in `unit`, or in one of their own, or in that of the input that the signal feeds; times are in s or have a
unit. `t` in an expression is the time in s.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from orchestrator.errors import DescriptionError
from orchestrator.system.formula import Kind, compiled
from orchestrator.system.quantities.reader import Reader
from orchestrator.system.quantities.units import BASE, Unit
from orchestrator.system.values import Frozen, Given

_SECOND: Final = Unit("s", tuple(int(base == "s") for base in BASE))


def seconds(value: Any) -> Any:
    """A time in s: a number, or a text with a unit such as `10 min`; ValueError where it is neither."""
    if isinstance(value, bool):
        raise ValueError("use a number of seconds, or a time such as '10 min'")
    if not isinstance(value, str):
        return value
    try:
        return Reader({}, {}).read(value, _SECOND).value
    except DescriptionError as error:
        raise ValueError(f"{error}; use a number of seconds, or a time such as '10 min'") from error


Seconds = Annotated[float, BeforeValidator(seconds)]
Duration = Annotated[float, BeforeValidator(seconds), Field(gt=0.0)]


class Ramp(Frozen):
    """From one value to another along a straight line between `start` and `stop`; constant before and after."""

    model_config = ConfigDict(populate_by_name=True)

    from_: Given = Field(alias="from")
    to: Given
    start: Seconds = 0.0
    stop: Seconds

    @model_validator(mode="after")
    def _forwards(self) -> "Ramp":
        if self.stop <= self.start:
            raise ValueError(f"the ramp stops at {self.stop:g} s, not after its start at {self.start:g} s")
        return self


class Step(Frozen):
    """One value up to the time `at`, another from it on."""

    model_config = ConfigDict(populate_by_name=True)

    from_: Given = Field(alias="from")
    to: Given
    at: Seconds


class Pulse(Frozen):
    """`high` for `width` at the begin of every `period` from `start` on, `low` otherwise."""

    low: Given
    high: Given
    period: Duration
    width: Duration
    start: Seconds = 0.0

    @model_validator(mode="after")
    def _shorter(self) -> "Pulse":
        if self.width >= self.period:
            raise ValueError(f"a width of {self.width:g} s does not fit into a period of {self.period:g} s")
        return self


def _of_time(text: str) -> str:
    try:
        formula = compiled(text, {"t": Kind.NUMBER})
        if formula.kind is Kind.TEXT:
            raise DescriptionError("it is a text; give it as a constant")
    except DescriptionError as error:
        raise ValueError(f"{error}; an expression is computed from numbers and the time t in s") from error
    return text


Expression = Annotated[str, AfterValidator(_of_time)]
"""A formula over the time t (s)."""

FORMS: Final = ("constant", "ramp", "step", "pulse", "expression")


class Signal(Frozen):
    """One output over time, of exactly one form; `unit` is that of numbers without one."""

    constant: Given | None = None
    ramp: Ramp | None = None
    step: Step | None = None
    pulse: Pulse | None = None
    expression: Expression | None = None
    unit: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return value if isinstance(value, Mapping | Signal) else {"constant": value}

    @model_validator(mode="after")
    def _one_form(self) -> "Signal":
        given = [form for form in FORMS if getattr(self, form) is not None]
        if len(given) != 1:
            raise ValueError(f"use exactly one of {', '.join(FORMS)}")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Exactly one form; a value alone is a constant."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        whole = {**schema, "oneOf": [{"required": [form]} for form in FORMS]}
        schema.clear()
        schema.update({"anyOf": [whole, {"type": ["number", "boolean", "string"]}]})
        return schema

    @property
    def form(self) -> str:
        """The one form that is given."""
        return next(form for form in FORMS if getattr(self, form) is not None)
