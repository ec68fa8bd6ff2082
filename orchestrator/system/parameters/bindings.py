"""Bindings: which value a description gives to which name, in the order in which later ones win.

Lowest first: `parameters` of a component, its bindings, the bindings of the systems around it from inner to outer. A
name in the binding of a system begins with the names of what is in it, joined by dots: `cooling.pump.speed`; what it
means is looked up in every way in which it can be split, and given to all that are found. SSP 2.0, section "Parameter
Bindings".
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from orchestrator.system.description import SystemDescription
from orchestrator.system.names import nearest
from orchestrator.system.structure import Mapping as MappingEntry
from orchestrator.system.structure import ParameterBinding, UnitDefinition
from orchestrator.system.values import Given


class Target(NamedTuple):
    """A name in a component, or the connector `name` of a nested system."""

    owner: str
    name: str


class Assignment(NamedTuple):
    """A value given to every target; `place` is where in the description.

    Of the assignments of one `layer` none may give what another gives; one of a later layer wins. `optional`: names
    that mean nothing are passed over, and so are connected inputs. `mapping` transforms the value.
    """

    targets: tuple[Target, ...]
    given: Given
    place: str
    layer: int
    units: Mapping[str, UnitDefinition]
    bound: bool = False
    mapping: MappingEntry | None = None

    @property
    def optional(self) -> bool:
        """Whether a name that means nothing is passed over: it is, where no mapping asks for it."""
        return self.bound and self.mapping is None


class Bound(NamedTuple):
    """All assignments of a description in ascending precedence, and what is wrong with mappings."""

    assignments: tuple[Assignment, ...]
    problems: tuple[str, ...]


def bind(description: SystemDescription) -> Bound:
    """Collect what a description gives; `problems` are mappings of what their set has not, or of two to one name."""
    names = _Names(description)
    assignments: list[Assignment] = []
    problems: list[str] = []
    for layer, (owner, component) in enumerate(description.components.items()):
        for name, given in component.parameters.items():
            place = f"components.{owner}.parameters.{name}"
            assignments.append(Assignment((Target(owner, name),), given, place, layer, {}))
    layer = len(description.components)
    for owner, place, binding in _ordered(description):
        layer += 1
        entries = _mapped(binding, place, problems) if binding.mapping is not None else _plain(binding, place)
        for name, given, where, mapping in entries:
            found = tuple(names.find(owner, name))
            assignments.append(Assignment(found, given, where, layer, binding.units, True, mapping))
    return Bound(tuple(assignments), tuple(problems))


def hierarchical_name(description: SystemDescription, path: str) -> str:
    """The name of a component in the bindings of the whole system: its own behind those of the systems around it."""
    names = _Names(description)
    parts = path.split("/")
    return ".".join(names.label("/".join(parts[: end + 1])) for end in range(len(parts)))


def _ordered(description: SystemDescription) -> Iterator[tuple[str, str, ParameterBinding]]:
    """Owner, place and binding of all bindings: components first, then systems from the innermost outwards."""
    for path, component in description.components.items():
        for index, binding in enumerate(component.bindings):
            yield path, f"components.{path}.bindings[{index}]", binding
    for path in sorted(description.subsystems, key=lambda path: -_depth(path)):
        for index, binding in enumerate(description.subsystems[path].bindings):
            place = f"subsystems.{path}" if path else "subsystems.''"
            yield path, f"{place}.bindings[{index}]", binding


def _depth(path: str) -> int:
    return path.count("/") + 1 if path else 0


_Entry = tuple[str, Given, str, MappingEntry | None]


def _plain(binding: ParameterBinding, place: str) -> Iterator[_Entry]:
    for name, given in binding.values.items():
        yield f"{binding.prefix}{name}", given, f"{place}.values.{name}", None


def _mapped(binding: ParameterBinding, place: str, problems: list[str]) -> Iterator[_Entry]:
    values = {f"{binding.prefix}{name}": given for name, given in binding.values.items()}
    seen: dict[str, str] = {}
    for index, mapping in enumerate(binding.mapping or ()):
        where = f"{place}.mapping[{index}] ({mapping.target})"
        if mapping.source not in values:
            problems.append(
                f"{where}: '{mapping.source}' is no parameter of the set; {nearest(mapping.source, values)}"
            )
            continue
        if mapping.target in seen:
            problems.append(f"{where}: it also gets a value from '{seen[mapping.target]}'; map one of them to it")
            continue
        seen[mapping.target] = mapping.source
        yield mapping.target, values[mapping.source], where, mapping


class _Names:
    """Hierarchical names: what is in which system, by the names that files give."""

    def __init__(self, description: SystemDescription) -> None:
        self._components, self._systems = description.components, description.subsystems
        self._inside: dict[str, dict[str, dict[str, None]]] = {}
        for path in (*description.components, *description.subsystems):
            while path:
                above = path.rpartition("/")[0]
                self._inside.setdefault(above, {}).setdefault(self.label(path), {})[path] = None
                path = above

    def find(self, owner: str, name: str) -> Iterator[Target]:
        """Everything that a name means in a component or system."""
        if owner in self._components:
            yield Target(owner, name)
            return
        yield from (Target(owner, connector) for connector in self._connectors(owner, name))
        inside = self._inside.get(owner, {})
        for dot in (place for place, character in enumerate(name) if character == "."):
            for path in inside.get(name[:dot], ()):
                yield from self.find(path, name[dot + 1 :])

    def _connectors(self, owner: str, name: str) -> Iterator[str]:
        connectors = self._systems[owner].connectors if owner in self._systems else {}
        return (key for key, connector in connectors.items() if name in (key, connector.markup.label))

    def label(self, path: str) -> str:
        """The name of a component or system in the system around it."""
        part = self._components.get(path) or self._systems.get(path)
        label = None if part is None else part.markup.label
        return path.rpartition("/")[2] if label is None else label
