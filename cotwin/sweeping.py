"""Sweeps: many runs of one system with other values, one after the other or in several processes."""

import multiprocessing
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from cotwin.manifest import DONE, FAILED, Manifest, Run
from cotwin.settings import Setting, above_all
from cotwin.views import interfaces_of
from orchestrator.assembly import open_simulation
from orchestrator.errors import CotwinError, DescriptionError
from orchestrator.recording.removal import remove_record
from orchestrator.recording.selection import select
from orchestrator.showing import folders, learn
from orchestrator.system.connector import Causality
from orchestrator.system.description import SystemDescription
from orchestrator.system.generated import seconds
from orchestrator.system.interface import Interface, Interfaces
from orchestrator.system.meaning import meaning_of
from orchestrator.system.names import nearest
from orchestrator.system.sweep import Plan
from orchestrator.system.values import Given, Quantity

EXPERIMENT = ("experiment.start", "experiment.stop", "step_size")
"""What a plan can vary beside the parameters of components."""
_INDEX = re.compile(r"\[[\d,]+\]$")


class Job(NamedTuple):
    """What a process needs to know for one run."""

    description: SystemDescription
    values: Mapping[str, Given]
    record: Path
    scenarios: tuple[Path, ...]


def sweep(
    description: SystemDescription,
    plan: Plan,
    folder: Path,
    *,
    jobs: int = 1,
    scenarios: Sequence[Path] = (),
    told: Callable[[Run], None] | None = None,
) -> Manifest:
    """Make all runs of a plan that are not done yet, `jobs` at a time; a run that fails does not keep others from it.

    `told` hears of every run that is over. Raises DescriptionError where the plan names what there is not, ResultError
    where the folder cannot be used.
    """
    check_names(description, plan)
    manifest = Manifest.begun(folder, description, plan, scenarios)
    manifest.write()
    waiting = [run for run in manifest.runs if run.status != DONE]
    described = [Job(description, run.values, folder / run.file, tuple(scenarios)) for run in waiting]
    outcomes = _one_by_one(described) if jobs == 1 else _beside_each_other(described, jobs)
    for index, error in outcomes:
        run = waiting[index]._replace(status=FAILED if error else DONE, error=error)
        manifest.note(run)
        if told is not None:
            told(run)
    return manifest


def check_names(description: SystemDescription, plan: Plan) -> None:
    """DescriptionError with every parameter of a plan that the system does not have, and every result that is not
    recorded.
    """
    connectors = {name: model.connectors for name, model in interfaces_of(description).items()}
    interfaces = {name: Interface(each) for name, each in connectors.items()}
    problems = _not_recorded(description, plan, connectors) if plan.results else []
    for name in plan.parameters:
        component, dot, variable = name.partition(".")
        if name in EXPERIMENT:
            continue
        if not dot or component not in interfaces:
            hint = nearest(component, (*interfaces, *EXPERIMENT))
            problems.append(f"parameters.{name}: no component '{component}'; {hint}")
        elif interfaces[component].find(variable) is None:
            hint = interfaces[component].hint(variable, Causality.PARAMETER, Causality.INPUT)
            problems.append(f"parameters.{name}: '{component}' has no variable '{variable}'; {hint}")
    if problems:
        raise DescriptionError("\n".join(problems))


def _not_recorded(description: SystemDescription, plan: Plan, interfaces: Interfaces) -> list[str]:
    """What is wrong with the results that a plan names; indices are left to the runs, which may change sizes."""
    try:
        views = meaning_of(description, interfaces).views.connectors
        columns = select(description.record, {**interfaces, **views})
    except CotwinError:  # values of the plan may mend it; where they do not each run says so
        return []
    known = dict.fromkeys(f"{column.component}.{column.connector.name}" for column in columns)
    whole = {_INDEX.sub("", name) for name in known} | set(known)
    return [
        f"results[{index}]: '{name}' is not recorded; {nearest(name, known)}"
        for index, name in enumerate(plan.results)
        if name not in whole and _INDEX.sub("", name) not in whole
    ]


def varied(description: SystemDescription, values: Mapping[str, Given]) -> SystemDescription:
    """The description with other values; they win over all sets of parameters. DescriptionError where one is wrong."""
    named = [(name.partition("."), value) for name, value in values.items() if name not in EXPERIMENT]
    settings = [Setting(component, parameter, value) for (component, _, parameter), value in named]
    components: dict[str, Any] = {name: part.model_dump() for name, part in description.components.items()}
    for setting in settings:
        components[setting.component]["parameters"][setting.parameter] = setting.value
    times = {name.removeprefix("experiment."): _seconds(values[name]) for name in EXPERIMENT if name in values}
    changes: dict[str, Any] = {"components": components, "subsystems": above_all(description, settings)}
    changes["step_size"] = times.pop("step_size", description.step_size)
    changes["experiment"] = {**description.experiment.model_dump(), **times}
    try:
        return SystemDescription.model_validate({**dict(description), **changes})
    except ValidationError as error:
        details = error.errors(include_url=False)
        said = [f"{'.'.join(map(str, one['loc']))}: {one['input']!r:.80}: {one['msg']}" for one in details[:3]]
        raise DescriptionError("\n".join(said)) from error


def _seconds(value: Given) -> Any:
    return seconds(f"{value.value} {value.unit}" if isinstance(value, Quantity) else value)


def run_once(job: Job, threads: int | None = None) -> str:
    """Make one run by so many threads; what went wrong, empty where nothing did."""
    try:
        remove_record(job.record)
        with open_simulation(
            varied(job.description, job.values), output=job.record, scenarios=job.scenarios, threads=threads
        ) as simulation:
            simulation.run()
    except (CotwinError, OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _one_by_one(jobs: Sequence[Job]) -> Iterator[tuple[int, str]]:
    for index, job in enumerate(jobs):
        yield index, run_once(job)


def _run_by_one_thread(job: Job) -> str:
    return run_once(job, threads=1)


def _beside_each_other(
    jobs: Sequence[Job], most: int, work: Callable[[Job], str] = _run_by_one_thread
) -> Iterator[tuple[int, str]]:
    """Each run in a process of its own, so that one that crashes is one run that failed; each by one thread."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    left = list(enumerate(jobs))[::-1]
    running: dict[Any, tuple[int, Any]] = {}
    with ExitStack() as ending:
        ending.callback(lambda: [process.kill() for _, process in running.values()])
        while left or running:
            while left and len(running) < most:
                index, job = left.pop()
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(target=_send, args=(work, job, folders(), sender), daemon=True)
                process.start()
                sender.close()
                running[receiver] = (index, process)
            for ready in wait(list(running)):
                index, process = running.pop(ready)
                yield index, _received(ready, process)


def _send(work: Callable[[Job], str], job: Job, packages: Mapping[str, str], sender: Any) -> None:
    learn(packages)
    sender.send(work(job))


def _received(receiver: Any, process: Any) -> str:
    try:
        error: str = receiver.recv()
    except EOFError:
        error = ""
    finally:
        receiver.close()
        process.join()
    if process.exitcode:
        how = f"signal {-process.exitcode}" if process.exitcode < 0 else f"code {process.exitcode}"
        return error or f"its process ended with {how}; run it alone to see why, with isolation: process"
    return error
