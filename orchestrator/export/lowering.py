"""Lowering: a coupled system as the tables of a container."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from fmus.container.loops import Loop
from fmus.container.system import Part, Setting, Stage, System
from fmus.container.values import Call, Flow, Range
from fmus.container.ways import Eventful, Exchange
from orchestrator.export.checked import checked_inputs, checked_outputs
from orchestrator.export.coupled import Coupled, Source, abilities_of, told
from orchestrator.export.declared import has_events, taken_inputs
from orchestrator.export.exchange import divided, exchange_of, remembered, solver_files, uses_cvode
from orchestrator.export.exposing import dependencies
from orchestrator.export.following import Following, followed, step_sizes
from orchestrator.export.image import Image
from orchestrator.export.loops import lowered_loops, mathematics
from orchestrator.export.sources import course_names, inputs_of
from orchestrator.export.variables import TIME, Described, settings_of
from orchestrator.instance import input_slopes
from orchestrator.master.coupling import Coupling
from orchestrator.master.following import Wishes
from orchestrator.signals import Block, Direction, Signals
from orchestrator.system.connections.links import Link
from orchestrator.system.connector import Causality, Connector, Variability
from orchestrator.system.quantities.units import IDENTITY


def lower(coupled: Coupled, sources: Mapping[str, Source]) -> System:
    """The tables of a system; components step in the order of the schedule."""
    return _Lowering(coupled).system(sources)


class _Lowering:
    def __init__(self, coupled: Coupled) -> None:
        self._coupled, self._models = coupled, coupled.models
        self._order = coupled.order
        self._parts = {name: index for index, name in enumerate(self._order)}
        observed: dict[str, set[str]] = defaultdict(set)
        for each in coupled.exposed:
            if each.connector.causality in (Causality.LOCAL, Causality.CALCULATED_PARAMETER):
                observed[each.component].add(each.connector.name)
        self._signals = Signals(coupled.interfaces, observed, coupled.links)
        self._coupling = Coupling.of(coupled.instances, coupled.links, coupled.schedule.order, self._signals)
        self._image = Image(coupled.types)
        self._calls = {
            (name, direction): self._image.calls(name, self._blocks(name, direction))
            for direction in Direction
            for name in coupled.schedule.order
        }
        self._following = self._followed(coupled)

    def _followed(self, coupled: Coupled) -> Following:
        description = coupled.description
        given = {name: each.extrapolation for name, each in description.components.items()}
        extrapolations = {name: each for name, each in given.items() if each is not None}
        sizes = step_sizes(description)
        wishes = Wishes(
            coupled.schedule, description, description.experiment.start, description.step_size, sizes, extrapolations
        )
        keys = ((name, key) for name, one in coupled.inputs.items() for key in course_names(one))
        return Following(
            followed(self._coupling, wishes, description),
            self._image,
            self._flows,
            self._parts,
            {name: self._giving(name) for name in self._models},
            {key: number for number, key in enumerate(keys)},
            newest=description.algorithm != "jacobi",
        )

    def _giving(self, name: str) -> str:
        """How a component takes derivatives: "exchange", or by its version of FMI."""
        exchange = self._coupled.kinds[name] == "ModelExchange"
        return "exchange" if exchange else self._models[name].fmi_version[0]

    def _blocks(self, name: str, direction: Direction) -> tuple[Block, ...]:
        return self._signals.blocks(name, direction)

    def system(self, sources: Mapping[str, Source]) -> System:
        """All tables."""
        coupled, description = self._coupled, self._coupled.description
        parts = tuple(self._part(name, sources[name]) for name in self._order)
        loops = self._loops()
        self._image.started(dict(self._started()))
        settings = self._settings()
        numbers = {key: number for number, key in enumerate(settings)}
        depends = dependencies(coupled.interfaces, coupled.feedthrough, coupled.links, coupled.exposed)
        described = Described(coupled.given, self._image, depends)
        variables = [
            described.variable(each, numbers.get((each.component, each.connector.name))) for each in coupled.exposed
        ]
        abilities = abilities_of(coupled, sources)
        return System(
            name=description.name,
            identifier=identifier(description.name),
            description=told(coupled, sources),
            step_size=description.step_size,
            start=description.experiment.start,
            stop=description.experiment.stop,
            tolerance=description.experiment.tolerance,
            parts=parts,
            stages=tuple(self._stages()),
            settings=tuple(settings.values()),
            at_once=self._flows(self._at_once(coupled.links)),
            everything=self._flows(coupled.links),
            during_events=self._flows(link for each in self._coupling.during_events for link in each.links),
            variables=(*variables, TIME),
            units=described.units,
            image=self._image.bytes(),
            bound=-1 if coupled.bound is None else self._parts[coupled.bound],
            solver=tuple(path for path, _ in solver_files()[:-1]) if uses_cvode(parts) else (),
            loops=loops,
            mathematics=mathematics() if loops else None,
            inputs=tuple(inputs_of(name, source, self._image) for name, source in coupled.inputs.items()),
            keeps_state=abilities.keeps_state,
            serializes_state=abilities.serializes_state,
            once_per_process=abilities.once_per_process,
            needs_tool=abilities.needs_tool,
        )

    def _loops(self) -> tuple[Loop, ...]:
        groups, settings = self._coupled.schedule.loops, self._coupled.description.loops
        return tuple(lowered_loops(groups, self._coupling, settings, self._parts, self._image)) if groups else ()

    def _settings(self) -> dict[tuple[str, str], Setting]:
        coupled = self._coupled
        settings = settings_of(coupled.given, coupled.exposed, coupled.interfaces, self._image, self._parts)
        for key, setting in settings.items():
            if coupled.kinds[key[0]] == "ModelExchange" and setting.text is None:
                settings[key] = replace(setting, call=remembered([setting.call], self._image)[0])
        return settings

    def _part(self, name: str, source: Source) -> Part:
        model, inputs = self._models[name], self._calls[name, Direction.INPUT]
        spans = [(call.offset, call.offset + call.size * call.type.dtype.itemsize) for call in inputs]
        exchange = events = None
        if has_events(model, self._coupled.kinds[name]):
            events, inputs = self._eventful(name)
        if self._coupled.kinds[name] == "ModelExchange":
            exchange, inputs = self._exchanged(name)
        outputs = self._calls[name, Direction.OUTPUT] + self._calls[name, Direction.OBSERVED]
        return Part(
            name,
            model.token,
            self._coupled.interface(name).model_identifier,
            source.library,
            source.before,
            source.resources,
            int(model.fmi_version[0]),
            inputs,
            self._calls[name, Direction.INITIAL],
            tuple(self._unknown_starts(name)),
            outputs,
            self._flows(self._newest(name)),
            self._intermediate(name),
            self._following.pace(name, spans),
            self._following.extrapolation(name),
            exchange,
            events,
            self._coupled.instances[name].capabilities.may_return_early,
            self._coupled.interface(name).capabilities.get_set_state and source.keeps_state,
            *self._checked(name),
        )

    def _checked(self, name: str) -> tuple[tuple[Range, ...], ...]:
        """Ranges of its inputs, and of what is read of it, where these are to be checked."""
        if not self._coupled.description.components[name].check_ranges:
            return ()
        read = (*self._blocks(name, Direction.OUTPUT), *self._blocks(name, Direction.OBSERVED))
        inputs = checked_inputs(name, self._blocks(name, Direction.INPUT), self._image)
        return inputs, checked_outputs(name, read, self._image)

    def _eventful(self, name: str) -> tuple[Eventful, tuple[Call, ...]]:
        """What a component with Event Mode is given there only, and the calls that set its other inputs."""
        model, connectors = self._models[name], self._inputs(name)
        calls = remembered(divided(name, model, connectors, self._image), self._image)
        steady = [each.variability is Variability.CONTINUOUS for each in connectors]
        discrete = tuple(replace(call, course=-1) for call, held in zip(calls, steady, strict=True) if not held)
        memory = self._image.room(2 * 8)
        return Eventful(discrete, memory), tuple(
            replace(call, course=-1) for call, held in zip(calls, steady, strict=True) if held
        )

    def _inputs(self, name: str) -> list[Connector]:
        blocks = self._blocks(name, Direction.INPUT)
        return [each for block in blocks for each in block.bundle.connectors if each.storage.numeric]

    def _exchanged(self, name: str) -> tuple[Exchange, tuple[Call, ...]]:
        """The solver of a component for Model Exchange, and the calls that set its inputs."""
        model, component = self._models[name], self._coupled.description.components[name]
        changing = input_slopes(self._coupled.instances[name]) is not None
        exchange = exchange_of(name, component, model, self._image, changing=changing)
        calls = self._calls[name, Direction.INPUT]
        if changing:
            calls = divided(name, model, self._inputs(name), self._image)
        return exchange, remembered(calls, self._image)

    def _intermediate(self, name: str) -> tuple[int, ...]:
        """References of all inputs that an FMU of FMI 3.0 is asked to take during its steps."""
        instance = self._coupled.instances[name]
        steps = self._coupled.kinds[name] == "CoSimulation" and self._models[name].fmi_version.startswith("3")
        wanted = steps and input_slopes(instance) is not None
        return tuple(connector.reference for connector in taken_inputs(self._models[name])) if wanted else ()

    def _at_once(self, links: Iterable[Link]) -> Iterator[Link]:
        """What flows before the first component steps; fixed parameters are set during the initialization only."""
        everything = self._coupled.description.algorithm == "jacobi"
        return (link for link in self._stepping(links) if everything or link.delay)

    def _newest(self, name: str) -> Iterator[Link]:
        """What flows just before one component steps."""
        if self._coupled.description.algorithm != "jacobi":
            for link in self._stepping(self._coupled.links):
                if link.destination.component == name and not link.delay:
                    yield link

    def _stepping(self, links: Iterable[Link]) -> Iterator[Link]:
        for link in links:
            if self._signals.direction(*link.destination[:2]) is Direction.INPUT:
                yield link

    def _flows(self, links: Iterable[Link]) -> tuple[Flow, ...]:
        return tuple(map(self._flow, links))

    def _flow(self, link: Link) -> Flow:
        source, destination = (self._image.places[end[:2]] for end in (link.source, link.destination))
        names = (f"{end.component}.{end.connector}" for end in (link.source, link.destination))
        converted = (link.conversion.factor, link.conversion.offset) != IDENTITY
        return Flow(
            source.element(link.source.element),
            destination.element(link.destination.element),
            source.type,
            destination.type,
            " -> ".join(names),
            (link.conversion.factor, link.conversion.offset) if converted else None,
            () if link.mapping is None else link.mapping.entries,
            link.mapping is not None and link.mapping.total,
        )

    def _stages(self) -> Iterator[Stage]:
        """As the initial order of the engine has it; and at the end what is only looked at."""
        interfaces = self._coupled.interfaces.items()
        inputs = {(name, each.name) for name, connectors in interfaces for each in connectors if _is_input(each)}
        read: set[str] = set()
        for outputs, _ in self._coupled.schedule.initialization:
            parts = dict.fromkeys(self._parts[name] for name, _ in outputs if name in self._parts)
            reads = tuple(self._read(*output) for output in outputs if self._is_read(*output))
            read.update(name for name, _ in outputs)
            links = [link for link in self._coupled.links if link.source[:2] in outputs and not link.delay]
            ready = [link for link in links if link.destination[:2] in inputs or link.destination[0] not in read]
            yield Stage(tuple(parts), reads, self._flows(ready))
        looked_at = [
            (self._parts[name], call) for name in self._order for call in self._calls[name, Direction.OBSERVED]
        ]
        if looked_at:
            yield Stage(tuple(range(len(self._order))), tuple(looked_at))

    def _is_read(self, component: str, connector: str) -> bool:
        """Whether it is a number that an FMU gives."""
        return component in self._parts and (component, connector) in self._image.places

    def _read(self, component: str, connector: str) -> tuple[int, Call]:
        known = self._signals.place(component, connector).connector
        return self._parts[component], self._image.call(component, known)

    def _started(self) -> Iterator[tuple[tuple[str, str], Connector]]:
        for name, model in self._models.items():
            for connector in model.connectors:
                if (name, connector.name) in self._image.places:
                    yield (name, connector.name), connector

    def _unknown_starts(self, name: str) -> Iterator[Call]:
        """Inputs of which nobody says what they are at the start."""
        for direction in (Direction.INITIAL, Direction.INPUT):
            for block in self._blocks(name, direction):
                for connector in block.bundle.connectors:
                    given = connector.name in self._coupled.given.get(name, {})
                    if connector.storage.numeric and connector.start is None and not given:
                        yield self._image.call(name, connector)


def _is_input(connector: Connector) -> bool:
    return connector.causality is Causality.INPUT


def identifier(name: str) -> str:
    """A name for a binary: letters, digits and underscores."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)[:60]
    return plain if re.match(r"[A-Za-z_]", plain) else f"_{plain}"
