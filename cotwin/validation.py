"""What `cotwin validate` finds in an FMU or in a system; nothing of it is loaded or run."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from cotwin.inspection import brief, declared_kinds, not_imported
from cotwin.spans import together
from cotwin.tables import Table, number
from cotwin.views import interfaces_of, structure
from orchestrator.assembly import check_file, read_description
from orchestrator.errors import CotwinError, DescriptionError
from orchestrator.fmi.binary_check import binary_problems
from orchestrator.fmi.clocks import Clock, read_clocks
from orchestrator.fmi.variables import ModelInfo, read_model
from orchestrator.graph.feedthrough import written
from orchestrator.instance import Instance
from orchestrator.recording.selection import select
from orchestrator.showing import named, shown
from orchestrator.system.connections.idle import idle
from orchestrator.system.connections.resolution import Slot, resolve
from orchestrator.system.connector import Causality, Connector, Storage
from orchestrator.system.description import Component, SystemDescription
from orchestrator.system.interface import Interfaces
from orchestrator.system.meaning import meaning_of
from orchestrator.system.parameters.giving import parameter_values
from orchestrator.system.placing import placed
from orchestrator.system.solving import LoopSolver


class Severity(StrEnum):
    """A violation is wrong everywhere, an obstacle keeps it from running here, a warning does neither."""

    VIOLATION = "violation"
    OBSTACLE = "obstacle"
    WARNING = "warning"


class Finding(NamedTuple):
    """One thing that was found, and the remedy; `formal` where `cotwin run` does not refuse the file for it."""

    severity: Severity
    text: str
    formal: bool = False


def validated(path: Path, variant: str | None = None) -> list[Finding]:
    """Everything to be said against an FMU (.fmu) or a system (any other file or folder), the worst first.

    A file that cannot be read at all is one violation. `variant` is the structure of an SSP package that is meant.
    """
    found: list[Finding] = []
    try:
        fmu = path.suffix.lower() == ".fmu"
        for finding in _fmu(read_model(path, validate=True)) if fmu else _file(path, variant):
            found.append(finding)  # noqa: PERF402 -- what was found before an error counts
    except CotwinError as error:
        found += _violations(error)
    found = [finding._replace(text=shown(finding.text)) for finding in found]
    found = found if fmu else _located(found, path)
    return sorted(dict.fromkeys(found), key=lambda finding: list(Severity).index(finding.severity))


def _located(found: Sequence[Finding], path: Path) -> list[Finding]:
    """The findings with file and line; they are told to all of them together, since the file is read for that."""
    lines = iter(placed("\n".join(finding.text for finding in found), path, named=False).split("\n"))
    return [
        finding._replace(text="\n".join(next(lines) for _ in range(finding.text.count("\n") + 1))) for finding in found
    ]


def finding_table(findings: Iterable[Finding]) -> Table:
    """The findings as a table."""
    return Table("Findings", ("", ""), [(finding.severity.value, finding.text) for finding in findings])


def verdict(findings: Sequence[Finding], *, strict: bool) -> str:
    """What the findings come to, with how many of each severity there are; `strict` lets no warning pass."""
    counts = Counter(finding.severity for finding in findings)
    number_of = [f"{counts[one]} {one}{'s' if counts[one] > 1 else ''}" for one in Severity if counts[one]]
    wrong = counts[Severity.VIOLATION] or (strict and counts[Severity.WARNING])
    told = [finding for finding in findings if finding.severity is not Severity.WARNING]
    if told and all(finding.formal for finding in told):
        word = "not valid, though cotwin run does not refuse it"
    else:
        word = "not valid" if wrong else "valid, but cannot run here" if counts[Severity.OBSTACLE] else "valid"
    return f"{word}: {', '.join(number_of)}" if number_of else word


def fails(findings: Sequence[Finding], *, strict: bool) -> bool:
    """Whether something is wrong, or with `strict` anything was found at all."""
    return any(strict or finding.severity is not Severity.WARNING for finding in findings)


def _fmu(model: ModelInfo) -> Iterator[Finding]:
    for text in model.warnings:
        yield Finding(Severity.VIOLATION, brief(text), formal=True)
    yield from _binaries(model)
    for connector in model.connectors:
        yield from _start(connector)
    yield from _units(model)
    left_out = not_imported(model)
    if left_out:
        names = ", ".join(f"'{name}' ({kind})" for name, kind in list(left_out.items())[:3])
        more = f" and {len(left_out) - 3} more" if len(left_out) > 3 else ""
        yield Finding(Severity.WARNING, f"variables are not imported, for their type: {names}{more}")
    unknown = [output for output, inputs in model.feedthrough.items() if inputs is None]
    if unknown and any(connector.causality is Causality.INPUT for connector in model.connectors):
        yield Finding(
            Severity.WARNING,
            f"its description does not say on which inputs {_some(unknown)} depend: taken as all, which may close "
            "loops that are none. Export it with dependencies",
        )
    yield from _experiment(model)


def _binaries(model: ModelInfo) -> Iterator[Finding]:
    kinds = declared_kinds(model)
    identifiers = {kind: said.get("modelIdentifier", model.model_identifier) for kind, said in kinds.items()}
    for problem in binary_problems(model, identifiers):
        yield Finding(Severity.VIOLATION if problem.of_the_file else Severity.OBSTACLE, problem.text)
    tools = [kind for kind, said in kinds.items() if said.get("needsExecutionTool") in ("true", "1")]
    if tools:
        yield Finding(Severity.WARNING, f"{' and '.join(tools)} needs the tool that made it: {model.generation_tool}")


def _start(connector: Connector) -> Iterator[Finding]:
    if connector.storage not in (Storage.FLOAT64, Storage.INT64):
        return
    starts = [start for start in connector.start or () if isinstance(start, int | float)]
    low, high = connector.minimum, connector.maximum
    below = [start for start in starts if low is not None and start < low]
    above = [start for start in starts if high is not None and start > high]
    for wrong, side, limit in ((below, "below its min", low), (above, "above its max", high)):
        if wrong and limit is not None:
            text = f"the start value {number(wrong[0])} lies {side} {number(limit)}"
            yield Finding(Severity.VIOLATION, f"'{connector.name}': {text}", formal=True)


def _units(model: ModelInfo) -> Iterator[Finding]:
    undefined: dict[str, list[str]] = {}
    for connector in model.connectors:
        if connector.unit is not None and connector.unit.exponents is None:
            undefined.setdefault(connector.unit.name, []).append(connector.name)
    for unit, names in undefined.items():
        yield Finding(
            Severity.WARNING,
            f"the unit '{unit}' of {_some(names)} has no definition in SI base units: it connects only to '{unit}'",
        )


def _experiment(model: ModelInfo) -> Iterator[Finding]:
    experiment = model.default_experiment
    start, stop = experiment.start or 0.0, experiment.stop
    if stop is not None and stop <= start:
        yield Finding(
            Severity.WARNING, f"the default experiment ends at {stop:g} s, not after its start at {start:g} s"
        )
    if experiment.step_size is not None and experiment.step_size <= 0.0:
        yield Finding(Severity.WARNING, f"the default step size is {experiment.step_size:g} s; give one with --step")


def _file(path: Path, variant: str | None) -> Iterator[Finding]:
    if path.suffix.lower() in (".ssp", ".ssd") or path.is_dir():
        from orchestrator.ssp.schema import violations

        for text in violations(path):
            yield Finding(Severity.WARNING, text)
    yield from _system(read_description(path, variant=variant))


def _system(description: SystemDescription) -> Iterator[Finding]:
    of_file = cache(_of_file)
    files = ((name, part.file) for name, part in description.components.items() if _is_fmu(part.source))
    yield from _of_components((name, finding) for name, file in files for finding in of_file(file))
    models = interfaces_of(description)
    interfaces = {name: model.connectors for name, model in models.items()}
    yield from _meaning(description, interfaces)
    yield from _solving(description)
    try:
        explained = structure(description, models)
    except CotwinError as error:
        yield from _violations(error)
        return
    for loop in explained.algebraic_loops:
        yield Finding(
            Severity.VIOLATION,
            f"algebraic loop: {written(loop)}. Put a state on the path (a sensor lag, a sampled controller), or solve "
            "the loop inside one FMU",
        )
    clocks = cache(_clocks)
    opened = open_inputs(description, interfaces).items()
    sources = {name: part.source for name, part in description.components.items()}
    yield from _of_components((name, each) for name, names in opened for each in _open(names, clocks(sources[name])))


def _of_components(told: Iterable[tuple[str, Finding]]) -> Iterator[Finding]:
    for name, finding in together(told):
        yield finding._replace(text=f"'{name}': {finding.text}")


def _meaning(description: SystemDescription, interfaces: Interfaces) -> Iterator[Finding]:
    """What is wrong with connections, values and what is recorded, and which values are given to nothing."""
    known: Interfaces | None = None if description.subsystems else interfaces
    try:
        meaning = meaning_of(description, interfaces)
        known = {**interfaces, **meaning.views.connectors}
        for text in meaning.parameters.passed_over:
            yield Finding(Severity.WARNING, text)
        for first, *others in idle(description):
            more = f" (and so do {len(others)} that meet it)" if others else ""
            remedy = "Connect a component at either end, or leave it out"
            yield Finding(Severity.WARNING, f"{first}: leads from no component to none{more}. {remedy}")
    except CotwinError as error:
        yield from _violations(error)
    try:
        if known is not None:
            select(description.record, known)
    except CotwinError as error:
        yield from _violations(error)


def _solving(description: SystemDescription) -> Iterator[Finding]:
    """What is said about solving to no avail, and estimators that are not there."""
    iterative = description.algorithm == "iterative"
    remedy = "Choose 'algorithm: iterative', or leave it out"
    if not iterative and description.loops != LoopSolver():
        text = f"loops: loops are not iterated by the algorithm {description.algorithm}, so that this has no effect"
        yield Finding(Severity.WARNING, f"{text}. {remedy}")
    for name, part in description.components.items():
        if part.estimator is None:
            continue
        place = f"components.{name}.estimator"
        if not iterative:
            text = f"the algorithm {description.algorithm} iterates nothing, so that it is never used"
            yield Finding(Severity.WARNING, f"{place}: {text}. {remedy}")
        try:
            check_file(name, Component(source=part.estimator))
        except DescriptionError as error:
            yield Finding(Severity.VIOLATION, f"{place}: {error}")


def _open(inputs: Sequence[str], clocks: Mapping[str, Clock]) -> Iterator[Finding]:
    values = [one for one in inputs if one not in clocks]
    if values:
        kept = "the start value is kept. Connect it, or give a value under 'parameters'"
        yield Finding(Severity.WARNING, f"nothing feeds {_some(values)}: {kept}")
    waiting = [one for one in inputs if one in clocks and not clocks[one].timed]
    if waiting:
        yield Finding(Severity.WARNING, f"no clock feeds {_some(waiting)}: it never ticks. Connect it")


def open_inputs(description: SystemDescription, interfaces: Interfaces) -> dict[str, list[str]]:
    """Inputs that have neither a source nor a value in the description, by component."""
    fed = {link.destination for link in resolve(description, interfaces)}
    given = parameter_values(description, interfaces)
    left = {
        name: [
            element
            for connector in connectors
            if connector.causality is Causality.INPUT and connector.name not in given[name]
            for position, element in enumerate(connector.elements)
            if Slot(name, connector.name, position) not in fed
        ]
        for name, connectors in interfaces.items()
    }
    return {name: inputs for name, inputs in left.items() if inputs}


def open_input_table(description: SystemDescription, models: Mapping[str, ModelInfo | Instance]) -> Table:
    """Inputs that have neither a source nor a value in the description, and keep the start value of their FMU."""
    interfaces = {name: model.connectors for name, model in models.items()}
    rows = [(name, ", ".join(names)) for name, names in open_inputs(description, interfaces).items()]
    return Table("Inputs that nothing feeds", ("component", "inputs"), rows)


def _clocks(source: Path | None) -> Mapping[str, Clock]:
    return read_clocks(source).by_name if source is not None and _is_fmu(source) else {}


def _is_fmu(source: Path | None) -> bool:
    return source is not None and source.suffix.lower() == ".fmu"


def _of_file(path: Path) -> tuple[Finding, ...]:
    """What is to be said against the file of a component; nothing where it cannot be read, which others tell."""
    try:
        model = read_model(path, validate=True)
    except CotwinError:
        return ()
    found = list(_binaries(model))
    if model.warnings:
        count = f"{len(model.warnings)} violation{'s' if len(model.warnings) > 1 else ''} of the standard"
        inside = "" if named(str(path)) == str(path) else "unpack the package, then "
        found.insert(0, Finding(Severity.WARNING, f"{count}; {inside}cotwin validate {path} lists them"))
    return tuple(found)


def _violations(error: CotwinError) -> Iterator[Finding]:
    for line in str(error).splitlines():
        yield Finding(Severity.VIOLATION, line)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(f"'{name}'" for name in names[:3]) + more
