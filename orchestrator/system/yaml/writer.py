"""Writing YAML: a description as the file that people read; reading it gives the same description."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from orchestrator.errors import DescriptionError
from orchestrator.showing import named
from orchestrator.system.description import Connection, SystemDescription
from orchestrator.system.yaml.connections import written
from orchestrator.system.yaml.loader import scalar_resolvers

_FIRST = ("name", "components", "connections", "experiment", "step_size", "algorithm", "record")
_WIDTH = 118
_SHORT = 90
"""Characters of a mapping that stands on one line."""


def write_system(description: SystemDescription, path: Path) -> Path:
    """Write a description as YAML; files in its folder, or near it, are named relative to it.

    The file is there as a whole or not at all. DescriptionError where it cannot be written, or would name files of a
    package that is unpacked until the process ends only.
    """
    text = as_yaml(description, path.absolute().parent)
    try:
        handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise DescriptionError(
            f"{path}: cannot be written ({error.strerror}); give a file in a folder of yours"
        ) from error
    return path


def as_yaml(description: SystemDescription, base: Path) -> str:
    """The text of the file; paths in it are relative to `base`."""
    data = _plain(description, base)
    ordered = {key: data[key] for key in (*_FIRST, *data) if key in data}
    return str(yaml.dump(ordered, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH))


class _Dumper(yaml.SafeDumper):
    """Quotes what the loader of descriptions would not read as text, and repeats what occurs twice.

    Short mappings of scalars and lists of numbers stand on one line.
    """

    yaml_implicit_resolvers = scalar_resolvers()

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

    def check_simple_key(self) -> bool:
        """An empty text is a key like any other: the path of the whole system is one."""
        empty = isinstance(self.event, yaml.ScalarEvent) and not self.event.value
        return empty or bool(super().check_simple_key())

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        node = super().represent_mapping(tag, mapping, flow_style)
        parts = [part for pair in node.value for part in pair]
        node.flow_style = bool(parts) and _fits(parts)
        return node

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> yaml.SequenceNode:
        node = super().represent_sequence(tag, sequence, flow_style)
        node.flow_style = not any(isinstance(part, str | Mapping | list) for part in sequence)
        return node


def _fits(parts: list[yaml.Node]) -> bool:
    scalars = [part for part in parts if isinstance(part, yaml.ScalarNode)]
    return len(scalars) == len(parts) and sum(len(part.value) + 2 for part in scalars) <= _SHORT


def _plain(value: Any, base: Path) -> Any:
    if isinstance(value, Connection):
        return written(_fields(value, base))
    if isinstance(value, BaseModel):
        return _fields(value, base)
    if isinstance(value, Mapping):
        return {key: _plain(part, base) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part, base) for part in value]
    return _near(value, base) if isinstance(value, Path) else value


def _fields(model: BaseModel, base: Path) -> dict[str, Any]:
    """What differs from the default, by the names in files; a required field always."""
    kept = {
        field.alias or name: getattr(model, name)
        for name, field in type(model).model_fields.items()
        if field.is_required() or getattr(model, name) != field.get_default(call_default_factory=True)
    }
    return {name: _plain(value, base) for name, value in kept.items()}


def _near(path: Path, base: Path) -> str:
    """Relative where both lie in one folder that is not the root of the file system."""
    if named(str(path)) != str(path):
        raise DescriptionError(
            f"{path}: lies in a package that is unpacked until this process ends only; read the package with "
            "unpack_to=FOLDER, or use `cotwin convert`"
        )
    shared = os.path.commonpath([path, base]) if path.is_absolute() else ""
    return os.path.relpath(path, base) if len(Path(shared).parts) > 1 else str(path)
