"""Structure: what a description knows beyond components and connections, as SSP has it.

Systems nested in the system, with connectors of their own; sets of parameters bound to a system or component; and what
has no meaning to a run but is kept for other tools.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from orchestrator.system.quantities.units import BASE
from orchestrator.system.transformation import Transformation
from orchestrator.system.values import Frozen, Given, Number

Kind = Literal[
    "input",
    "output",
    "parameter",
    "calculatedParameter",
    "structuralParameter",
    "local",
    "constant",
    "inout",
    "unspecified",
]
"""SSP kind of a connector."""


class Markup(Frozen):
    """What a file says for people and other tools; nothing here changes a number.

    `label` is the name in the file where it holds characters that names here have not. `annotations` are whole
    `ssc:Annotation` elements, `geometry` whole geometry and graphical elements, `metadata` whole `ssc:MetaData` and
    `ssc:Signature` elements, all as XML text. `authorship` is who made a file, when, and under which licence, by the
    names of SSP's attributes. `files` are those that geometry and meta data name, by their URIs.
    """

    label: str | None = None
    id: str | None = None
    description: str | None = None
    annotations: tuple[str, ...] = ()
    geometry: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    authorship: dict[str, str] = Field(default_factory=dict)
    files: dict[str, Path] = Field(default_factory=dict)


class DeclaredConnector(Frozen):
    """A connector as a description declares it, of a nested system or of a component whose file is not read yet.

    `type` is an SSP type (`Real`, `Float64`, ..., `Clock`), None where it is left open. An extent is a size, the name
    of the connector that holds the size, or None where it is open.
    """

    kind: Kind
    type: str | None = None
    unit: str | None = None
    enumeration: str | None = None
    mime_type: str | None = None
    dimensions: tuple[int | str | None, ...] = ()
    clocks: tuple[str, ...] = ()
    interval_variability: str | None = None
    markup: Markup = Markup()


def _of_base_units(exponents: dict[str, int]) -> dict[str, int]:
    unknown = [base for base in exponents if base not in BASE]
    if unknown:
        raise ValueError(f"'{unknown[0]:.80}' is no base unit; use {', '.join(BASE)}")
    return exponents


def _not_zero(factor: float) -> float:
    if not factor:
        raise ValueError("a unit has a factor other than 0; give its factor to the SI")
    return factor


class UnitDefinition(Frozen):
    """si = factor * value + offset, in the product of SI base units raised to `exponents` (kg, m, s, ...)."""

    exponents: Annotated[dict[str, int], AfterValidator(_of_base_units)] = Field(default_factory=dict)
    factor: Annotated[Number, AfterValidator(_not_zero)] = 1.0
    offset: Number = 0.0


class Mapping(Frozen):
    """One entry of a parameter mapping: the parameter `source` of the set is given to `target`."""

    source: str
    target: str
    suppress_unit_conversion: bool = False
    transformation: Transformation | None = None


class ValueType(Frozen):
    """How a file says a value, kept for other tools: its SSP type, its extents, and what its bytes are."""

    type: str
    dimensions: tuple[int, ...] = ()
    mime_type: str | None = None


class ParameterBinding(Frozen):
    """A set of parameter values bound to a system or component; names are relative to it, elements joined by dots.

    `prefix` is put before every name of the set. With a `mapping` only what is mapped is given. `types` says how a file
    gave a value where that does not follow from the value. `source` and `mapping_source` name the files that they were
    read from, where they were. Of two bindings of one system the later wins; a system wins over the systems and
    components in it.
    """

    prefix: str = ""
    name: str | None = None
    values: dict[str, Given] = Field(default_factory=dict)
    types: dict[str, ValueType] = Field(default_factory=dict)
    units: dict[str, UnitDefinition] = Field(default_factory=dict)
    mapping: tuple[Mapping, ...] | None = None
    source: Path | None = None
    mapping_source: Path | None = None
    markup: Markup = Markup()


class SignalDictionary(Frozen):
    """A collection of signals; `source` names the file that it was read from, where it was."""

    entries: dict[str, DeclaredConnector] = Field(default_factory=dict)
    source: Path | None = None
    markup: Markup = Markup()


class Subsystem(Frozen):
    """A system in the system: the connectors through which it is connected. Its parts carry its path in their names.

    `dictionaries` are defined here. `signal_dictionary` is the dictionary that this is a reference to, where it is one
    and no system: the path of the system that defines it and its name, joined by a slash. All references to one
    dictionary share its signals.
    """

    connectors: dict[str, DeclaredConnector] = Field(default_factory=dict)
    bindings: tuple[ParameterBinding, ...] = ()
    dictionaries: dict[str, SignalDictionary] = Field(default_factory=dict)
    signal_dictionary: str | None = None
    markup: Markup = Markup()
