"""Sources: components that give inputs over time, as rows that a container brings along."""

import math
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Final, NamedTuple

from fmus.container.system import Course, Inputs
from fmus.container.values import Type
from orchestrator.errors import CapabilityError
from orchestrator.export.image import Image
from orchestrator.inputs.generated import Constant, Jump, Line, Pulses
from orchestrator.inputs.instance import Course as InputCourse
from orchestrator.inputs.instance import InputInstance
from orchestrator.inputs.table import Rows
from orchestrator.system.connector import Storage
from orchestrator.system.description import SystemDescription

TYPES: Final = {
    Storage.FLOAT64: Type.FLOAT64,
    Storage.INT64: Type.INT64,
    Storage.UINT64: Type.UINT64,
    Storage.BOOLEAN: Type.BOOLEAN,
}
_SNAP: Final = 1e-9
"""Part of a step by which a jump may miss a communication point; as the steps of a run have it."""


class _Rows(NamedTuple):
    times: tuple[float, ...]
    values: tuple[float | int, ...]
    linear: bool = False
    period: float = 0.0
    width: float = 0.0


def refuse_sources(
    sources: Mapping[str, InputInstance], description: SystemDescription, bound: str | None = None
) -> None:
    """CapabilityError for inputs that a container cannot bring along: formulas.

    Nor jumps between its points, where a component is `bound` to these: it takes steps of one size only.
    """
    problems = []
    for name, source in sources.items():
        for key, course in source.courses.items():
            if _rows(course) is None:
                problems.append(
                    f"component '{name}': '{key}' is an expression, which a container does not compute. "
                    "Give it as a table, or leave it out: what it feeds becomes an input of the FMU"
                )
            else:
                off_grid = _off_grid(course, description) if bound is not None else ()
                problems += [f"component '{name}': '{key}' {each.format(bound=bound)}" for each in off_grid]
    if problems:
        raise CapabilityError("\n".join(f"export-fmu: {problem}" for problem in problems))


def inputs_of(name: str, source: InputInstance, image: Image) -> Inputs:
    """The tables of a source, whose outputs have their places in the image."""
    courses = []
    for key in course_names(source):
        rows = _rows(source.courses[key])
        assert rows is not None
        kind, offset = image.places[name, key]
        courses.append(Course(kind, offset, *rows))
    jumps = {time for course in source.courses.values() if not isinstance(course, Pulses) for time in _jumps(course)}
    return Inputs(tuple(courses), tuple(sorted(jumps)))


def course_names(source: InputInstance) -> tuple[str, ...]:
    """The outputs that have a table, in their order."""
    return tuple(connector.name for connector in source.connectors if connector.storage.numeric)


def _rows(course: InputCourse) -> _Rows | None:
    if isinstance(course, Rows):
        return _Rows(tuple(course.times.tolist()), tuple(course.values.tolist()), course.linear)
    if isinstance(course, Line):
        return _Rows((course.start, course.stop), (course.first, course.last), linear=True)
    if isinstance(course, Jump):  # two rows at one time: what is before, and what is after it
        return _Rows((course.at, course.at), (course.first, course.last))
    if isinstance(course, Pulses):
        return _Rows((course.start, course.start), (course.low, course.high), False, course.period, course.width)
    return _Rows((0.0,), (course.level,)) if isinstance(course, Constant) else None


def _jumps(course: InputCourse) -> Iterator[float]:
    time = course.next_event(-math.inf, after=False)
    while time is not None:
        yield time
        time = course.next_event(time, after=True)


def _off_grid(course: InputCourse, description: SystemDescription) -> Iterator[str]:
    start, h = description.experiment.start, description.step_size
    for time in takewhile(lambda jump: jump <= description.experiment.stop, _jumps(course)):
        point = start + round((time - start) / h) * h
        if time > start and abs(time - point) > _SNAP * h:
            yield (
                f"jumps or bends at {time:.9g} s, between two communication points, but '{{bound}}' takes steps of one "
                "size only. Choose a 'step_size' that meets it"
            )
            return
