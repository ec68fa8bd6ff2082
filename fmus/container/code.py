"""The C code of a container: a system as the tables of runtime/system.h."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from fmus.container.code_loops import Loops
from fmus.container.code_ways import Ways
from fmus.container.system import Course, Inputs, Stage, System
from fmus.container.text import quoted
from fmus.container.values import Call, Flow, Range

TOKEN = "SYSTEM_TOKEN"
"""Stands in the code for the token, which is made from the code."""

Row = TypeVar("Row", str, int)


def system_code(system: System) -> str:
    """Text of system.c, with `SYSTEM_TOKEN` in the place of the token."""
    return _Tables(system).text()


class _Tables:
    """Rows of all tables, which refer to each other by numbers."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._calls: list[str] = []
        self._references: list[int] = []
        self._names: list[str] = []
        self._first_names: list[int] = []
        self._flows: list[str] = []
        self._map: list[str] = []
        self._before: list[str] = []
        self._ranges: list[str] = []
        self._courses: list[str] = []
        self._rows: list[str] = []
        self._jumps: list[str] = []
        self._stage_parts: list[int] = []
        self._stage_reads: list[str] = []
        self._ways = Ways(self._references, self._flow_range)
        self._loops = Loops(system.loops, system.mathematics, self._names)

    def text(self) -> str:
        system = self._system
        parts = [self._part(index) for index in range(len(system.parts))]
        sources = [self._source(inputs) for inputs in system.inputs]
        stages = [self._stage(stage) for stage in system.stages]
        settings = [
            f"{{{each.part}, {self._call(each.call)}, {int(each.tunable)}, {quoted(each.text)}}}"
            for each in system.settings
        ]
        flowing = (system.at_once, system.everything, system.during_events)
        at_once = ", ".join(self._flow_range(flows) for flows in flowing)
        owners = [n for n, variable in enumerate(system.variables) for _ in range(variable.length)]
        pending = [int(each.given) for each in system.settings]
        return "\n".join(
            [
                '#include "system.h"\n\n#include <math.h>\n',
                _table("unsigned char", "image", [*map(str, system.image.tolist()), *map(str, pending)]),
                _table("unsigned", "references", map(str, self._references)),
                _table("value_call", "calls", self._calls),
                _table("int", "first_name", map(str, self._first_names)),
                _table("char *const", "names", self._names),
                _table("map_entry", "map_entries", self._map),
                _table("flow", "flows", self._flows),
                _table("part_table", "parts", parts),
                _table("char *const", "solver", map(quoted, system.solver)),
                *(_table(kind, name, rows) for kind, name, rows in self._ways.tables),
                *self._loops.declarations,
                *(_table(kind, name, rows) for kind, name, rows in self._loops.tables),
                _table("char *const", "before", self._before),
                _table("checked_range", "ranges", self._ranges),
                _table("row", "rows", self._rows),
                _table("row", "jumps", self._jumps),
                _table("course_table", "courses", self._courses),
                _table("source_table", "sources", sources),
                _table("int", "stage_parts", map(str, self._stage_parts)),
                _table("part_call", "stage_reads", self._stage_reads),
                _table("stage_table", "stages", stages),
                _table("setting_table", "settings", settings),
                _table("variable_table", "variables", self._variables()),
                _table("int", "variable_of", map(str, owners)),
                self._whole(len(owners), at_once),
            ]
        )

    def _part(self, index: int) -> str:
        part = self._system.parts[index]
        ranges = [
            self._range(self._before, map(quoted, part.before)),
            self._calls_of(part.inputs),
            self._calls_of(part.initial),
            self._calls_of(part.unknown_starts),
            self._calls_of(part.outputs, named=True),
            self._range(self._flows, self._joined(part.flows)),
        ]
        intermediate = self._range(self._references, part.intermediate)
        texts = [part.name, part.token, part.identifier, part.library, part.resources]
        ways = self._ways
        own = f"{ways.pace(part.pace)}, {ways.extrapolation(part.extrapolation)}, {ways.exchange(part.exchange)}"
        events, discrete = part.events, self._calls_of(() if part.events is None else part.events.discrete)
        early = f"{int(part.returns_early)}, {int(part.keeps_state)}"
        event_mode = f"{early}, {int(events is not None)}, {discrete}, {0 if events is None else events.memory}"
        checked = [
            self._range(self._ranges, map(_checked, each)) for each in (part.checked_inputs, part.checked_outputs)
        ]
        event_mode += f", {self._loops.of(index)}, {', '.join(checked)}"
        return (
            f"{{{', '.join(map(quoted, texts))}, {part.fmi}, {own}, {', '.join(ranges)}, {intermediate}, {event_mode}}}"
        )

    def _source(self, inputs: Inputs) -> str:
        jumps = self._range(self._jumps, (f"{{{time!r}, 0.0, 0}}" for time in inputs.jumps))
        return f"{{{self._range(self._courses, map(self._course, inputs.courses))}, {jumps}}}"

    def _course(self, course: Course) -> str:
        given = zip(course.times, course.values, strict=True)
        if course.type.floating:
            rows = self._range(self._rows, (f"{{{time!r}, {float(value)!r}, 0}}" for time, value in given))
        else:
            rows = self._range(self._rows, (f"{{{time!r}, 0.0, {_integer(int(value))}}}" for time, value in given))
        times = f"{course.period!r}, {course.width!r}"
        return f"{{{course.type}, {int(course.linear)}, {times}, {course.offset}, {rows}}}"

    def _stage(self, stage: Stage) -> str:
        reads = [f"{{{part}, {self._call(call)}}}" for part, call in stage.reads]
        ranges = [
            self._range(self._stage_parts, stage.parts),
            self._range(self._stage_reads, reads),
            self._range(self._flows, self._joined(stage.flows)),
        ]
        return f"{{{', '.join(ranges)}}}"

    def _range(self, table: list[Row], rows: Iterable[Row]) -> str:
        first = len(table)
        table += rows
        return f"{{{first}, {len(table)}}}"

    def _calls_of(self, calls: Sequence[Call], *, named: bool = False) -> str:
        first = len(self._calls)
        for call in calls:
            self._call(call, named=named)
        return f"{{{first}, {len(self._calls)}}}"

    def _call(self, call: Call, *, named: bool = False) -> int:
        counts = f"{len(call.references)}, {len(self._references)}, {call.size}"
        self._calls.append(f"{{{call.type}, {counts}, {call.offset}, {call.given}, {call.course}}}")
        self._references += call.references
        named = named and call.type.floating
        self._first_names.append(len(self._names) if named else -1)
        self._names += map(quoted, call.names if named else ())
        return len(self._calls) - 1

    def _flow_range(self, flows: Sequence[Flow]) -> str:
        return self._range(self._flows, self._joined(flows))

    def _joined(self, flows: Sequence[Flow]) -> Iterator[str]:
        """Rows of flows; plain copies to and from neighbours make one."""
        plain = sorted((flow for flow in flows if flow.plain), key=lambda flow: flow.destination)
        first, count = 0, len(plain)
        for index in range(1, count + 1):
            if index == count or not plain[index].follows(plain[index - 1]):
                size = plain[index - 1].destination + plain[index - 1].size - plain[first].destination
                yield self._flow(plain[first], size)
                first = index
        yield from (self._flow(flow, 0) for flow in flows if not flow.plain)

    def _flow(self, flow: Flow, size: int) -> str:
        factor, offset = flow.conversion or (1.0, 0.0)
        entries = self._range(self._map, (f"{{{_integer(one)}, {_integer(other)}}}" for one, other in flow.mapping))
        flags = f"{int(flow.conversion is not None)}, {int(flow.total)}"
        places = f"{flow.source}, {flow.destination}, {size}, {flow.source_type}, {flow.destination_type}"
        return f"{{{places}, {flags}, {factor!r}, {offset!r}, {entries}, {quoted(flow.path)}}}"

    def _variables(self) -> list[str]:
        rows, first = [], 0
        for variable in self._system.variables:
            setting = -1 if variable.setting is None else variable.setting
            numbers = f"{int(bool(variable.items))}, {variable.length}, {first}, {setting}, {variable.offset}"
            rows.append(f"{{{quoted(variable.name)}, {variable.kind}, {variable.type}, {numbers}}}")
            first += variable.length
        return rows

    def _whole(self, elements: int, at_once: str) -> str:
        system = self._system
        counts = [len(system.parts), len(system.stages), len(system.settings), len(system.variables), elements]
        early = [number for number, part in enumerate(system.parts) if part.returns_early]
        fields = [
            f"{quoted(system.name)}, {TOKEN}, {system.step_size!r}, {system.tolerance or 0.0!r}",
            f"{system.start!r}, {len(system.inputs)}, {system.bound}",
            f"{int(any(part.events for part in system.parts))}, {max(early, default=0)}, {int(bool(early))}",
            ", ".join(map(str, counts)),
            f"{int(system.keeps_state)}, {int(system.serializes_state)}",
            str(max((part.extrapolation.scratch for part in system.parts if part.extrapolation), default=0)),
            f"{system.image.size + len(system.settings)}, {system.image.size}, image",
            "parts, before, exchanges, colours, seeds, matrix_entries, solver",
            "paces, extrapolations, elements, inflows, ranks, readings, givings, targets, places",
            "sources, courses, rows, jumps, stages, stage_parts, stage_reads, settings",
            "calls, references, first_name, names, flows",
            f"map_entries, {at_once}",
            f"{len(system.loops)}, loops, loop_parts, loop_words, relocations, loop_functions, asked, shadows",
            f"{'0' if system.mathematics is None else '&mathematics'}, ranges, variables, variable_of",
        ]
        return "const system_table whole = {\n    " + ",\n    ".join(fields) + "\n};\n"


def _table(kind: str, name: str, rows: Iterable[str]) -> str:
    listed = list(rows)
    return f"static const {kind} {name}[{max(len(listed), 1)}] = {{\n    " + (",\n    ".join(listed) or "0") + "\n};"


def _checked(one: Range) -> str:
    if one.type.floating:
        bounds = f"{_float(one.low)}, {_float(one.high)}, 0, 0"
    else:
        bounds = f"0.0, 0.0, {_integer(int(one.low))}, {_integer(int(one.high))}"
    return f"{{{one.type}, {one.offset}, {bounds}, {quoted(one.name)}}}"


def _float(value: float) -> str:
    return f"{'-' if value < 0 else ''}INFINITY" if math.isinf(value) else repr(float(value))


def _integer(value: int) -> str:
    """A C integer of 64 bits; numbers without sign by their bits."""
    signed = value - 2**64 if value >= 2**63 else value
    return "(-9223372036854775807LL - 1)" if signed == -(2**63) else f"{signed}LL"
