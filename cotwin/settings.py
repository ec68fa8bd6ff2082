"""Settings: values that the command line gives to parameters, `--set component.parameter=value`."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from orchestrator.errors import DescriptionError
from orchestrator.system.description import SystemDescription
from orchestrator.system.names import nearest
from orchestrator.system.parameters.bindings import hierarchical_name
from orchestrator.system.structure import Mapping, ParameterBinding, Subsystem
from orchestrator.system.values import Given
from orchestrator.system.yaml.loader import load

LONGEST: Final = 60
"""Characters of what somebody typed that a message repeats."""

_IN_BINDING: Final = re.compile(r"^subsystems\.''\.bindings\[\d+\]\.mapping\[\d+\] \(.*?\): ")
"""Where a setting stands that wins over bindings; what is wrong with it is also told of the component's parameters."""

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
        like = (
            f", such as {next(iter(components))}.{short(text.strip())}" if equals and target.strip() and not dot else ""
        )
        raise DescriptionError(f"--set {short(text)}: write component.parameter=value{like}")
    if component not in components:
        raise DescriptionError(
            f"--set {short(text)}: no component '{short(component)}'; {nearest(component, components)}"
        )
    if not value.strip():
        raise DescriptionError(f"--set {short(text)}: there is no value; give one behind '='")
    return Setting(component, parameter, _value(text, value))


def above_all(description: SystemDescription, settings: Sequence[Setting]) -> dict[str, Subsystem]:
    """The nested systems of a description, with a binding of the whole system by which settings win over all others.

    Where no set of parameters is bound to anything, they win as `parameters` of their components.
    """
    systems = description.subsystems
    bound = any(part.bindings for part in description.components.values()) or any(
        system.bindings for system in systems.values()
    )
    if not settings or not bound:
        return systems
    targets = {f"{hierarchical_name(description, each.component)}.{each.parameter}": each.value for each in settings}
    mapping = tuple(Mapping(source=target, target=target) for target in targets)
    binding = ParameterBinding(name="--set", values=targets, mapping=mapping)
    whole = systems.get("", Subsystem())
    return {**systems, "": whole.model_copy(update={"bindings": (*whole.bindings, binding)})}


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
        error.args = ("\n".join(_told_once(said.splitlines())),)
        raise


def _told_once(lines: Sequence[str]) -> Iterator[str]:
    """Leave out what is wrong with the binding of a setting where it is told of the setting."""
    told = [line for line in lines if line.startswith("--set")]
    for line in lines:
        rest = _IN_BINDING.sub("", line)
        if rest == line or not any(one.endswith(rest) for one in told):
            yield line


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
