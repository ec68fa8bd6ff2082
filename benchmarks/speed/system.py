"""A system of the benchmarks, as all contenders get it, in whatever environment: only the standard library."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import NamedTuple


class Wire(NamedTuple):
    """A connection from an output to an input."""

    source: str
    output: str
    destination: str
    input: str


@dataclass(frozen=True)
class System:
    """Components by name, each an FMU by the name of its model; connections; step size (s) and number of steps.

    `files` and `libraries` are paths, `references` value references, `outputs` names of outputs, all by model.
    """

    name: str
    version: int
    components: dict[str, str]
    wires: list[Wire]
    step_size: float
    steps: int
    record: bool = False
    algorithm: str = "jacobi"
    files: dict[str, str] = field(default_factory=dict)
    libraries: dict[str, str] = field(default_factory=dict)
    references: dict[str, dict[str, int]] = field(default_factory=dict)
    outputs: dict[str, list[str]] = field(default_factory=dict)

    @property
    def results(self) -> Iterator[tuple[str, str]]:
        """Component and name of every output, in the order of the components."""
        return ((name, output) for name, model in self.components.items() for output in self.outputs[model])

    def reference(self, component: str, variable: str) -> int:
        """Value reference of a variable."""
        return self.references[self.components[component]][variable]

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "System":
        """What `to_json` wrote."""
        made = json.loads(text)
        return cls(**{**made, "wires": [Wire(*each) for each in made["wires"]]})


class Made(NamedTuple):
    """Wall-clock time (s) of all macro steps, and the outputs at the end in the order of `System.results`."""

    seconds: float
    finals: list[float]
