"""`cotwin new`: a system in YAML, drafted from the FMUs of a folder, with the reason behind every line."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from cotwin.preparation import STEPS_WHERE_NO_STEP_SIZE_IS_GIVEN
from cotwin.proposals import Port, Proposal, chosen, proposals
from cotwin.tables import Table, number
from orchestrator.errors import CotwinError, DescriptionError
from orchestrator.fmi.variables import ModelInfo, read_model
from orchestrator.graph.feedthrough import algebraic_loops, variable_graph
from orchestrator.system.connections.resolution import resolve
from orchestrator.system.description import MAX_NAME, NOT_IN_NAMES
from orchestrator.system.yaml.file import from_mapping


class Draft(NamedTuple):
    """What was drafted: the text of the file, connections taken, inputs left open, and FMUs that cannot be read."""

    text: str
    connections: tuple[Proposal, ...]
    open_inputs: tuple[str, ...]
    unreadable: tuple[str, ...]


class _Experiment(NamedTuple):
    start: float
    stop: float
    step_size: float
    tolerance: float | None
    remark: str


def drafted(folder: Path, target: Path) -> Draft:
    """Draft a system of all FMUs in a folder; paths in it are relative to the file `target`.

    DescriptionError where there is no FMU that can be read.
    """
    models, unreadable = _models(folder)
    if not models:
        problems = "".join(f"\n{problem}" for problem in unreadable)
        raise DescriptionError(
            f"{folder}: there is no FMU in it that can be read; give a folder of .fmu files{problems}"
        )
    candidates = proposals(models)
    taken, loops = _without_loops([best for listed in candidates.values() if (best := chosen(listed))], models)
    fed = {proposal.destination for proposal in taken}
    left = {port: listed for port, listed in candidates.items() if port not in fed}
    lines = [
        f"# Drafted by cotwin new from the FMUs in {_one_line(str(folder))}. The number behind a connection is the",
        "# confidence that it is meant, from 0 to 1: check them all.",
        *(f"# cannot be read: {_one_line(problem)}" for problem in unreadable),
        f"name: {_quoted(_name(folder.absolute().name))}",
        *_component_lines(models, target),
        *_connection_lines(taken),
        *_left_lines(left, loops),
        *_experiment_lines(models),
    ]
    return Draft("\n".join(lines) + "\n", tuple(taken), tuple(str(port) for port in left), tuple(unreadable))


def write(draft: Draft, path: Path) -> None:
    """Write a draft into a new file; DescriptionError where there is one already, or it cannot be written."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(draft.text)
    except FileExistsError as error:
        raise DescriptionError(f"{path}: exists already; remove it, or give another file with -o") from error
    except OSError as error:
        raise DescriptionError(f"{path}: cannot be written ({error.strerror}); give another file with -o") from error


def draft_table(draft: Draft) -> Table:
    """The connections that were taken, with their reasons."""
    rows = [(str(one), f"{one.confidence:.2f}", one.reason) for one in draft.connections]
    return Table("Connections", ("connection", "confidence", "reason"), rows)


def _models(folder: Path) -> tuple[dict[str, ModelInfo], list[str]]:
    if not folder.is_dir():
        raise DescriptionError(f"{folder}: is no folder; give one with .fmu files in it")
    models: dict[str, ModelInfo] = {}
    unreadable = []
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() == ".fmu"):
        try:
            model = read_model(path)
        except CotwinError as error:
            unreadable.append(str(error))
            continue
        name = _name(path.stem)
        while name in models:
            name += "_"
        models[name] = model
    return models, unreadable


def _name(stem: str) -> str:
    return re.sub(rf"\.|->|{NOT_IN_NAMES}", "_", stem)[:MAX_NAME].strip() or "fmu"


def _without_loops(
    taken: list[Proposal], models: Mapping[str, ModelInfo]
) -> tuple[list[Proposal], dict[Port, Proposal]]:
    """The connections without those, least certain first, that close an algebraic loop."""
    interfaces = {name: model.connectors for name, model in models.items()}
    feedthrough = {name: model.feedthrough for name, model in models.items()}
    dropped: dict[Port, Proposal] = {}
    while True:
        system = {
            "name": "draft",
            "components": {name: {"source": str(model.path)} for name, model in models.items()},
            "connections": [str(proposal) for proposal in taken],
            "experiment": {"stop": 1.0},
            "step_size": 1.0,
        }
        links = resolve(from_mapping(system, Path.cwd(), "draft"), interfaces)
        loops = algebraic_loops(variable_graph(interfaces, feedthrough, links))
        if not loops:
            return taken, dropped
        on_loop = set(loops[0])
        ends = {(link.source[:2], link.destination[:2]) for link in links}
        closing = [one for one in taken if _between(one, on_loop, ends)]
        worst = min(closing, key=lambda one: one.confidence)
        dropped[worst.destination] = worst
        taken = [one for one in taken if one is not worst]


def _between(
    proposal: Proposal, on_loop: set[tuple[str, str]], ends: set[tuple[tuple[str, str], tuple[str, str]]]
) -> bool:
    source = (proposal.source.component, proposal.source.connector.name)
    destination = (proposal.destination.component, proposal.destination.connector.name)
    return source in on_loop and destination in on_loop and (source, destination) in ends


def _component_lines(models: Mapping[str, ModelInfo], target: Path) -> Iterator[str]:
    yield "\ncomponents:"
    for name, model in models.items():
        source = os.path.relpath(model.path, target.absolute().parent)
        said = f"  # {_one_line(model.description)}" if model.description else ""
        yield f"  {_quoted(name)}: {{source: {json.dumps(source, ensure_ascii=False)}}}{said}"


def _connection_lines(taken: Sequence[Proposal]) -> Iterator[str]:
    yield "\nconnections:" if taken else "\nconnections: []"
    yield from _aligned("  - ", taken)


def _aligned(prefix: str, listed: Sequence[Proposal]) -> Iterator[str]:
    written = [_quoted(str(proposal)) for proposal in listed]
    width = max(map(len, written), default=0)
    for proposal, text in zip(listed, written, strict=True):
        yield f"{prefix}{text:<{width}}  # {proposal.confidence:.2f} {_one_line(proposal.reason)}"


def _left_lines(left: Mapping[Port, Sequence[Proposal]], loops: Mapping[Port, Proposal]) -> Iterator[str]:
    if left:
        yield "# Open inputs; they keep their start values where nothing else is given under 'parameters':"
    for port, candidates in left.items():
        connector = port.connector
        start = "none" if connector.start is None else _shown(connector.start[0])
        unit = f" {connector.unit.name}" if connector.unit else ""
        said = f", {connector.description}" if connector.description else ""
        yield f"#   {_one_line(f'{port}: start value {start}{unit}{said}')}"
        if port in loops:
            yield f"#     {_one_line(str(loops[port]))} would close an algebraic loop"
        else:
            yield from _aligned("#     - ", candidates)


def _shown(value: object) -> str:
    return number(value) if isinstance(value, bool | int | float) else repr(value)


def _experiment_lines(models: Mapping[str, ModelInfo]) -> Iterator[str]:
    merged = _merged(models)
    tolerance = "" if merged.tolerance is None else f", tolerance: {merged.tolerance!r}"
    yield f"\n# {merged.remark}"
    yield f"experiment: {{start: {merged.start!r}, stop: {merged.stop!r}{tolerance}}}"
    yield f"step_size: {merged.step_size!r}"


def _merged(models: Mapping[str, ModelInfo]) -> _Experiment:
    suggested = [model.default_experiment for model in models.values()]
    start = max((one.start for one in suggested if one.start is not None), default=0.0)
    stops = [one.stop for one in suggested if one.stop is not None and one.stop > start]
    stop = max(stops, default=start + 1.0)
    steps = [one.step_size for one in suggested if one.step_size is not None and one.step_size > 0.0]
    step_size = min(steps, default=(stop - start) / STEPS_WHERE_NO_STEP_SIZE_IS_GIVEN)
    remark = "Of the default experiments: the latest start and stop, the smallest step size and tolerance."
    if not stops:
        remark = "No FMU suggests a stop time: choose one."
    tolerances = [one.tolerance for one in suggested if one.tolerance is not None and one.tolerance > 0.0]
    return _Experiment(start, stop, step_size, min(tolerances, default=None), remark)


def _quoted(text: str) -> str:
    """A plain scalar where YAML reads it back as this text, otherwise a quoted one."""
    plain = re.fullmatch(r"[A-Za-z_][\w.\[\]]*( -> [A-Za-z_][\w.\[\]]*)?", text, flags=re.ASCII)
    reserved = text.lower() in ("true", "false", "null", "yes", "no", "on", "off")
    return text if plain and not reserved else json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    return " ".join(text.split())
