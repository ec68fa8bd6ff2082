"""Settings: values that the command line gives to parameters, `--set component.parameter=value`."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from orchestrator.errors import DescriptionError
from orchestrator.system.names import nearest
from orchestrator.system.values import Given
from orchestrator.system.yaml_loader import load

LONGEST: Final = 60
"""Characters of what somebody typed that a message repeats."""

_GIVEN: Final[TypeAdapter[Any]] = TypeAdapter(Given)


class Setting(NamedTuple):
    """One value for one parameter, or start value, of a component."""

    component: str
    parameter: str
    value: Any


def read_setting(text: str, components: Collection[str]) -> Setting:
    """Read `component.parameter=value`, the value as in a YAML file; DescriptionError where it cannot be one."""
    target, equals, value = text.partition("=")
    component, dot, parameter = target.strip().partition(".")
    if not (equals and dot and parameter):
        raise DescriptionError(f"--set {short(text)}: write component.parameter=value")
    if component not in components:
        raise DescriptionError(
            f"--set {short(text)}: no component '{short(component)}'; {nearest(component, components)}"
        )
    if not value.strip():
        raise DescriptionError(f"--set {short(text)}: there is no value; give one behind '='")
    return Setting(component, parameter, _value(text, value))


def short(text: str) -> str:
    """A text, or its beginning where it is long."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


@contextmanager
def settings_named(texts: Iterable[str]) -> Iterator[None]:
    """Let errors about values that were typed speak of what was typed, not of a place in a file."""
    try:
        yield
    except DescriptionError as error:
        said = str(error)
        for text in texts:
            target = text.partition("=")[0].strip()
            component, _, parameter = target.partition(".")
            said = said.replace(f"components.{component}.parameters.{parameter}:", f"--set {target}:")
        error.args = (said,)
        raise


def _value(text: str, value: str) -> Any:
    try:
        data = load(value, "--set").data
    except DescriptionError as error:
        raise DescriptionError(
            f"--set {short(text)}: the value is no YAML; write a number, true, 'a text' or a list [1, 2]"
        ) from error
    try:
        return _GIVEN.validate_python(data)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = "".join(f"{part}: " for part in detail["loc"])
        message = detail["msg"].removeprefix("Value error, ")
        raise DescriptionError(f"--set {short(text)}: {where}{message[0].lower()}{message[1:]}") from error
