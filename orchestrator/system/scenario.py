"""Scenario: what is done to a system during a run, at given times or when a condition is true.

    actions:
      - {at: 10 min, for: 5 min, override: reactor.feed, value: 0 L/h}
      - {when: reactor.V > 3 and plc.state == 2, force: probe.DO, ramp: {to: 0, over: 60}}
      - {at: 0, scale: probe.pH, factor: 1.02, offset: 0.1}
      - {at: 0, noise: probe.T, sigma: 0.2 K, seed: 7}
      - {when: t > 3600, set: plc.DO_set, value: 40}

An action begins at a time or with the first communication point at which its condition holds, and happens once. It
lasts `for` a time, or `until` a time or condition, or to the end of the run.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from orchestrator.errors import DescriptionError
from orchestrator.system.formula import Kind, compiled
from orchestrator.system.generated import Duration, Seconds, seconds
from orchestrator.system.values import Frozen, Given, no_text

KINDS: Final = ("override", "force", "scale", "noise", "set")

_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "override": ("value", "ramp"),
    "force": ("value", "ramp"),
    "scale": ("factor", "offset"),
    "noise": ("sigma", "seed"),
    "set": ("value",),
}
_LASTING: Final = ("until", "for")
_COMMON: Final = ("kind", "target", "at", "when")


def _condition(text: Any) -> Any:
    if not isinstance(text, str):
        raise ValueError("write a condition such as 'tank.V > 3'")
    try:
        if compiled(text).kind not in (Kind.TRUTH, None):
            raise DescriptionError(f"'{text}' is not true or false; compare it: {text} > 0")
    except DescriptionError as error:
        raise ValueError(str(error)) from error
    return text


def _time_or_condition(value: Any) -> Any:
    if not isinstance(value, str):
        return seconds(value)
    try:
        return seconds(value)
    except ValueError:
        return _condition(value)


class Drift(Frozen):
    """From one value (None: that at the begin) along a straight line `over` a time (s); then it stays."""

    model_config = ConfigDict(populate_by_name=True)

    from_: Given | None = Field(default=None, alias="from")
    to: Given
    over: Duration


class Action(Frozen):
    """One thing done to the variable `target` (`component.variable`); see the module.

    `override` replaces what an input gets, `force` what others see of an output; `scale` gives factor * value + offset,
    `noise` adds Gaussian noise with the standard deviation `sigma`, new at every communication point; `set` steps a
    tunable parameter or an unconnected input.
    """

    model_config = ConfigDict(populate_by_name=True)

    kind: Literal["override", "force", "scale", "noise", "set"]
    target: str
    at: Seconds | None = None
    when: Annotated[str, BeforeValidator(_condition)] | None = None
    until: Annotated[float | str, BeforeValidator(_time_or_condition)] | None = None
    for_: Duration | None = Field(default=None, alias="for")
    value: Given | None = None
    ramp: Drift | None = None
    factor: Annotated[float, BeforeValidator(no_text)] = 1.0
    offset: Given | None = None
    sigma: Given | None = None
    seed: Annotated[int, BeforeValidator(no_text), Field(ge=0)] = 0

    @model_validator(mode="after")
    def _complete(self) -> "Action":
        component, dot, variable = self.target.partition(".")
        if not (component and dot and variable):
            raise ValueError(f"'{self.target}' names no variable; write component.variable")
        if (self.at is None) == (self.when is None):
            raise ValueError("give either 'at', a time, or 'when', a condition")
        if self.until is not None and self.for_ is not None:
            raise ValueError("give one of 'until' and 'for'")
        if self.at is not None and isinstance(self.until, float) and self.until <= self.at:
            raise ValueError(f"until {self.until:g} s does not lie after at {self.at:g} s")
        self._check_fields()
        return self

    def _check_fields(self) -> None:
        own = (*_COMMON, *_FIELDS[self.kind], *(() if self.kind == "set" else _LASTING))
        given = {"for" if name == "for_" else name for name in self.model_fields_set}
        foreign = sorted(given.difference(own))
        if foreign:
            raise ValueError(f"'{self.kind}' has no '{foreign[0]}'; it takes {', '.join(own[2:])}")
        if "value" in own and (self.value is None) == (self.ramp is None):
            raise ValueError(f"'{self.kind}' needs {' or '.join(_FIELDS[self.kind])}")
        if self.kind == "noise" and self.sigma is None:
            raise ValueError("'noise' needs sigma, its standard deviation")
        if self.kind == "scale" and not given.intersection(_FIELDS["scale"]):
            raise ValueError("'scale' needs a factor, an offset, or both")


class Scenario(Frozen):
    """Actions in the order in which they act on one variable; `places` says where each stands in its file."""

    name: str = "scenario"
    actions: tuple[Action, ...] = Field(min_length=1)
    places: tuple[str, ...] = ()

    def place(self, index: int) -> str:
        """Where an action stands."""
        return self.places[index] if index < len(self.places) else f"{self.name}: actions[{index}]"
