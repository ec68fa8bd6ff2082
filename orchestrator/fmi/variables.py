"""Variables: what a modelDescription.xml says, read without loading the binary of the FMU."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import isfinite
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree as ET

from fmpy.model_description import read_model_description
from fmpy.validation import validate_fmu

from orchestrator.errors import CotwinError, FmuImportError, ModelDescriptionError
from orchestrator.fmi.archive import DESCRIPTION, Content, content
from orchestrator.fmi.connectors import MAX_ELEMENTS, STORAGE, read_connectors
from orchestrator.fmi.fmi1_description import (
    capabilities_element,
    direct_dependencies,
    negated_aliases,
    unnamed_states,
)
from orchestrator.fmi.literals import shown, whole
from orchestrator.fmi.references import check_references
from orchestrator.fmi.repairs import repair
from orchestrator.instance import Capabilities, StateWrite
from orchestrator.system.connector import Causality, Connector, Variability

_MAX_IDENTIFIER: Final = 200
"""Bytes of a modelIdentifier; file systems allow 255 for the name of the binary, with what stands behind it."""


class DefaultExperiment(NamedTuple):
    """The experiment that the FMU suggests (s); None where it suggests nothing."""

    start: float | None = None
    stop: float | None = None
    tolerance: float | None = None
    step_size: float | None = None


@dataclass(frozen=True)
class KindInfo:
    """One kind that an FMU offers: the binary that implements it, and what it can do as that kind.

    `completed_steps`: whether a solver has to report every step of its own (Model Exchange). `needs_tool`: whether the
    tool that made it has to be there when it runs.
    """

    model_identifier: str
    capabilities: Capabilities
    completed_steps: bool = True
    needs_tool: bool = False


@dataclass(frozen=True)
class ModelInfo:
    """Everything about an FMU that its modelDescription.xml tells.

    `content` is the digest of the archive: FMUs with the same one are one and the same, wherever they lie. `interfaces`
    maps the kinds, Co-Simulation first, to what is said about each. `types` maps connector names to FMI types,
    `not_imported` other variables to theirs. `states` are the continuous states in the order of their vector,
    `derivatives` maps the names of their derivatives to what these depend on (None: unknown), `unnamed_states` is how
    many FMI 1.0 has, which does not say which variables they are. `event_indicators` is how many FMI 1.0 and 2.0
    declare, `negated` are the aliases of FMI 1.0 with the opposite sign. `feedthrough` maps outputs to the inputs that
    they depend on directly, None where that is unknown. `warnings` are violations of the standard. `structure` are the
    structural parameters that were given.
    """

    path: Path
    content: str
    name: str
    description: str
    fmi_version: str
    token: str
    model_version: str
    generation_tool: str
    interfaces: Mapping[str, KindInfo]
    platforms: tuple[str, ...]
    connectors: tuple[Connector, ...]
    types: Mapping[str, str]
    not_imported: Mapping[str, str]
    states: tuple[str, ...]
    event_indicators: int
    negated: frozenset[str]
    feedthrough: Mapping[str, tuple[str, ...] | None]
    default_experiment: DefaultExperiment
    log_categories: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    structure: Mapping[str, int] = field(default_factory=dict)
    unnamed_states: int = 0
    derivatives: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that the FMU offers, Co-Simulation first."""
        return tuple(self.interfaces)

    @property
    def continuous_inputs(self) -> tuple[Connector, ...]:
        """The inputs of 64 bits that may change in continuous time."""
        return tuple(
            connector
            for connector in self.connectors
            if connector.causality is Causality.INPUT
            and connector.variability is Variability.CONTINUOUS
            and self.types[connector.name] in ("Real", "Float64")
        )

    @property
    def model_identifier(self) -> str:
        """Name of the binary of the first kind."""
        return self.interfaces[self.kinds[0]].model_identifier

    @property
    def capabilities(self) -> Capabilities:
        """What the FMU can do as the first kind."""
        return self.interfaces[self.kinds[0]].capabilities

    def interface(self, kind: str) -> KindInfo:
        """What is said about a kind, such as "ModelExchange"; FmuImportError where the FMU does not offer it."""
        if kind not in self.interfaces:
            raise FmuImportError(f"{self.path}: offers {' and '.join(self.kinds)}, not {kind}; export it for {kind}")
        return self.interfaces[kind]

    @property
    def identity(self) -> Mapping[str, str]:
        """What ran, for the record."""
        return {
            "kind": "fmu",
            "file": str(self.path),
            "model": self.name,
            "guid": self.token,
            "fmi_version": self.fmi_version,
            "model_version": self.model_version,
            "generation_tool": self.generation_tool,
        }


def read_model(path: Path, *, validate: bool = False, structure: Mapping[str, int] | None = None) -> ModelInfo:
    """Read what an FMU says about itself; with `validate`, also how far that violates the standard.

    `structure` replaces start values of structural parameters.

    Raises FmuImportError for a file that is no FMU or a version other than 2.0 and 3.0, ModelDescriptionError where the
    description contradicts itself. Files with the same bytes are read once.
    """
    model = _read(content(path), validate, tuple((structure or {}).items()))
    return replace(model, path=path.absolute(), name=model.name or path.stem)


@lru_cache(maxsize=256)
def _read(found: Content, validate: bool, structure: tuple[tuple[str, int], ...]) -> ModelInfo:
    """The model, without a name of its own where the description has none."""
    path, data = found.path, found.description
    root = _root(path, data)
    version = root.get("fmiVersion", "")
    if version not in ("1.0", "2.0") and not version.startswith("3.0"):
        raise FmuImportError(f"{path}: FMI version '{version}' is not supported; export it as FMI 2.0 or 3.0")
    try:
        check_references(root)
        _event_indicators(root)  # before FMPy reads it, which does not say what is wrong
        repairs = repair(root)
        resize(root, dict(structure))
        parsed, warnings = _parsed(ET.tostring(root) if structure or repairs else data, validate)
        return replace(_model(found, parsed, root, repairs + warnings), structure=dict(structure))
    except CotwinError:
        raise
    except OSError as error:
        raise FmuImportError(
            f"{path}: cannot be read by way of a temporary folder ({error}); free space on the disk, or set TMPDIR"
        ) from error
    except Exception as error:  # FMPy raises plain exceptions
        raise ModelDescriptionError(f"{path}: {DESCRIPTION} contradicts the standard or itself: {error}") from error


def resize(root: ET.Element, structure: Mapping[str, int]) -> None:
    """Write structural parameters into a description; start values of arrays that change their size are forgotten."""
    variables = list(root.iterfind("ModelVariables/*"))
    changed = [each for each in variables if each.get("name") in structure]
    for variable in changed:
        variable.set("start", str(structure[variable.get("name", "")]))
    references = {variable.get("valueReference") for variable in changed}
    for variable in variables:
        if references & {dimension.get("valueReference") for dimension in variable.iterfind("Dimension")}:
            if len(variable.get("start", "").split()) > 1:
                del variable.attrib["start"]
            starts = variable.findall("Start")
            for start in starts if len(starts) > 1 else ():
                variable.remove(start)


def _root(path: Path, data: bytes) -> ET.Element:
    try:
        return ET.fromstring(data)
    except ET.ParseError as error:
        raise ModelDescriptionError(
            f"{path}: {DESCRIPTION} is not valid XML ({error}); export the FMU again"
        ) from error


def _parsed(data: bytes, validate: bool) -> tuple[Any, tuple[str, ...]]:
    # FMPy takes the path of a file; given the archive or its folder it would also parse files that nobody has checked.
    with tempfile.TemporaryDirectory(prefix="cotwin-") as folder:
        file = Path(folder) / DESCRIPTION
        file.write_bytes(data)
        parsed = read_model_description(str(file), validate=False)
        return parsed, tuple(map(str, validate_fmu(folder))) if validate else ()


def _model(found: Content, parsed: Any, root: ET.Element, warnings: tuple[str, ...]) -> ModelInfo:
    path = found.path
    interfaces = {
        "CoSimulation": parsed.coSimulation,
        "ModelExchange": parsed.modelExchange,
        "ScheduledExecution": parsed.scheduledExecution,
    }
    kinds = tuple(kind for kind, interface in interfaces.items() if interface is not None)
    if not kinds:
        raise ModelDescriptionError(f"{path}: neither Co-Simulation nor Model Exchange is declared in {DESCRIPTION}")
    connectors = read_connectors(path, parsed, root)
    return ModelInfo(
        path=path,
        content=found.digest,
        name=parsed.modelName or "",
        description=parsed.description or "",
        fmi_version=parsed.fmiVersion,
        token=parsed.guid or "",
        model_version=parsed.version or "",
        generation_tool=parsed.generationTool or "",
        interfaces={kind: _kind(path, kind, interfaces[kind], root, connectors) for kind in kinds},
        platforms=_platforms(found.entries),
        connectors=connectors,
        types={v.name: v.type for v in parsed.modelVariables if v.type in STORAGE},
        not_imported={v.name: v.type for v in parsed.modelVariables if v.type not in STORAGE},
        states=tuple(unknown.variable.derivative.name for unknown in parsed.derivatives if unknown.variable.derivative),
        event_indicators=_event_indicators(root),
        negated=negated_aliases(root),
        feedthrough=_feedthrough(parsed, connectors) | direct_dependencies(root, connectors),
        default_experiment=_experiment(parsed.defaultExperiment),
        log_categories=tuple(category.name for category in parsed.logCategories),
        warnings=warnings,
        unnamed_states=unnamed_states(root, MAX_ELEMENTS),
        derivatives=_derivatives(parsed),
    )


def _event_indicators(root: ET.Element) -> int:
    text = root.get("numberOfEventIndicators", "0")
    try:
        count = whole(text)
    except ValueError as error:
        raise ValueError(f"numberOfEventIndicators {error}") from error
    if not 0 <= count <= MAX_ELEMENTS:
        raise ValueError(f"numberOfEventIndicators {count} is none from 0 to {MAX_ELEMENTS}")
    return count


def _kind(path: Path, kind: str, interface: Any, root: ET.Element, connectors: Sequence[Connector]) -> KindInfo:
    element = capabilities_element(root) if root.get("fmiVersion") == "1.0" else root.find(kind)
    flags = {} if element is None else element.attrib
    not_needed = flags.get("completedIntegratorStepNotNeeded") in ("true", "1")
    needed = flags.get("needsCompletedIntegratorStep", "false") in ("true", "1")
    return KindInfo(
        model_identifier=_identifier(path, interface.modelIdentifier),
        capabilities=_capabilities(kind, interface, flags, connectors),
        needs_tool=_true(flags, "needsExecutionTool") or root.find("Implementation/CoSimulation_Tool") is not None,
        completed_steps=needed if root.get("fmiVersion", "").startswith("3") else not not_needed,
    )


def _identifier(path: Path, identifier: str | None) -> str:
    name = identifier or ""
    plain = name.isprintable() and not set(name) & set("/\\") and name not in ("", ".", "..")
    if not plain or len(name.encode()) > _MAX_IDENTIFIER:
        raise ModelDescriptionError(f"{path}: modelIdentifier {shown(name)} is not the plain name of a binary")
    return name


def _platforms(names: Sequence[str]) -> tuple[str, ...]:
    parts = (PurePosixPath(name).parts for name in names)
    return tuple(sorted({part[1] for part in parts if len(part) > 2 and part[0] == "binaries"}))


def _feedthrough(parsed: Any, connectors: Sequence[Connector]) -> dict[str, tuple[str, ...] | None]:
    inputs = {connector.name for connector in connectors if connector.causality is Causality.INPUT}
    known = {unknown.variable.name: unknown.dependencies for unknown in parsed.outputs}
    return {
        connector.name: _inputs_among(known.get(connector.name), inputs)
        for connector in connectors
        if connector.causality is Causality.OUTPUT
    }


def _derivatives(parsed: Any) -> dict[str, tuple[str, ...] | None]:
    return {
        unknown.variable.name: None
        if unknown.dependencies is None
        else tuple(variable.name for variable in unknown.dependencies)
        for unknown in parsed.derivatives
        if unknown.variable.derivative
    }


def _inputs_among(dependencies: Sequence[Any] | None, inputs: set[str]) -> tuple[str, ...] | None:
    if dependencies is None:
        return None
    return tuple(dict.fromkeys(variable.name for variable in dependencies if variable.name in inputs))


def _capabilities(kind: str, interface: Any, flags: Mapping[str, str], connectors: Sequence[Connector]) -> Capabilities:
    return Capabilities(
        variable_step=kind != "CoSimulation" or _true(flags, "canHandleVariableCommunicationStepSize"),
        get_set_state=interface.canGetAndSetFMUstate,
        serialize_state=interface.canSerializeFMUstate,
        directional_derivatives=bool(
            {"true", "1"} & {flags.get("providesDirectionalDerivative"), flags.get("providesDirectionalDerivatives")}
        ),
        state_write=_state_write(kind, connectors),
        once_per_process=_true(flags, "canBeInstantiatedOnlyOncePerProcess"),
        begins_anew=kind == "ModelExchange",
    )


def _true(flags: Mapping[str, str], name: str) -> bool:
    return flags.get(name) in ("true", "1")


def _state_write(kind: str, connectors: Sequence[Connector]) -> StateWrite:
    starts = [connector.initial for connector in connectors if connector.is_state]
    if kind == "ModelExchange":
        return StateWrite.CONTINUOUS_STATES if starts else StateWrite.NONE
    return StateWrite.RESTART if starts and all(initial == "exact" for initial in starts) else StateWrite.NONE


def _experiment(experiment: Any) -> DefaultExperiment:
    if experiment is None:
        return DefaultExperiment()
    texts = (experiment.startTime, experiment.stopTime, experiment.tolerance, experiment.stepSize)
    numbers = [None if text is None else float(text) for text in texts]
    if not all(number is None or isfinite(number) for number in numbers):
        raise ValueError(f"DefaultExperiment has a number that is not finite: {', '.join(map(str, texts))}")
    return DefaultExperiment(*numbers)
