"""Random descriptions, complete as those that are read from SSP: nested systems, every type, bindings, notes."""

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from orchestrator.ssp.directions import end, forwards
from orchestrator.ssp.naming import usable
from orchestrator.ssp.value_types import implied
from orchestrator.ssp.vocabulary import BASE_UNITS, FLOAT_TYPES, INTEGER_RANGES
from orchestrator.ssp.writing.version import KINDS_OF_1, TYPES_OF_1
from orchestrator.system.description import (
    Component,
    Connection,
    Endpoint,
    Experiment,
    Solver,
    SystemDescription,
)
from orchestrator.system.solving import Extrapolation
from orchestrator.system.structure import (
    DeclaredConnector,
    Mapping,
    Markup,
    ParameterBinding,
    SignalDictionary,
    Subsystem,
    UnitDefinition,
    ValueType,
)
from orchestrator.system.transformation import Linear, MapEntry, ValueMap
from orchestrator.system.values import Quantity
from tests.system.yaml.test_writer import solvings

LETTERS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="[]")
TEXTS = st.text(LETTERS, min_size=1, max_size=6)
LABELS = st.text(st.one_of(st.sampled_from("ab. /->1"), LETTERS), min_size=1, max_size=5)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SSC = 'xmlns:ssc="http://ssp-standard.org/SSP1/SystemStructureCommon"'
SSD = 'xmlns:ssd="http://ssp-standard.org/SSP1/SystemStructureDescription"'
NOTE = f'<ssc:Annotation {SSC} type="org.example"><x xmlns="urn:x" a="1">&lt; <!-- kept --></x></ssc:Annotation>'
PLACE = f'<ssd:ElementGeometry {SSD} x1="0" x2="1.5" y1="0" y2="1"></ssd:ElementGeometry>'
META = f'<ssc:MetaData {SSC} kind="general" type="text/plain"></ssc:MetaData>'
KINDS_OF_2 = (*KINDS_OF_1, "structuralParameter", "local", "constant", "unspecified")
TYPES_OF_2 = (*TYPES_OF_1, "Float64", "Float32", "UInt8", "Int16", "Int64", "UInt64", "Clock")
ITEMS = {"Mode": {"off": 0, "on": 3}, "two words": {"a b": -1}}


class Drawn:
    """Draws one description of a version of SSP; `folder` holds the files `a.fmu` and `b.fmu`."""

    def __init__(self, draw: Any, folder: Path, version: str) -> None:
        self.draw, self.folder, self.newer = draw, folder, version == "2.0"
        self.units = draw(st.dictionaries(TEXTS, self._unit(), min_size=1, max_size=3))
        self.components: dict[str, Component] = {}
        self.subsystems: dict[str, Subsystem] = {}
        self.connections: list[Connection] = []

    def description(self) -> SystemDescription:
        draw = self.draw
        self._system("", draw(TEXTS), 0, {})
        if not self.components:
            self._component("only", None)
        tolerance = draw(st.sampled_from([None, 1e-7]))
        authorship = draw(st.dictionaries(st.sampled_from(["author", "license"]), TEXTS))
        return SystemDescription(
            name="plant",
            components=self.components,
            connections=tuple(self.connections),
            experiment=Experiment(start=-1.5, stop=draw(st.floats(0.1, 1e6)), tolerance=tolerance),
            step_size=draw(st.floats(1e-9, 10.0)),
            **{name: draw(field) for name, field in solvings.items()},
            record=draw(st.none() | st.tuples(TEXTS)),
            subsystems=self.subsystems,
            units=self.units,
            constants={"k0": draw(st.floats(-1e3, 1e3)), "k1": "2 * k0", "k2": Quantity(value=1.0, unit="L")},
            enumerations=ITEMS,
            markup=self._markup(authorship=authorship),
        )

    def _unit(self) -> Any:
        exponents = st.dictionaries(st.sampled_from(BASE_UNITS), st.integers(-3, 3).filter(bool), max_size=3)
        return st.builds(UnitDefinition, exponents=exponents, factor=FLOATS.filter(bool), offset=FLOATS)

    def _markup(self, label: str | None = None, *geometry: str, **more: Any) -> Markup:
        draw = self.draw
        return Markup(
            label=label,
            description=draw(st.none() | TEXTS),
            annotations=(NOTE,) * draw(st.integers(0, 2)),
            geometry=geometry if draw(st.booleans()) else (),
            **more,
        )

    def _system(self, path: str, label: str | None, depth: int, dictionaries: dict[str, SignalDictionary]) -> None:
        own = self._dictionaries(path, dictionaries)
        known = {**dictionaries, **{f"{path}/{name}" if path else name: each for name, each in own.items()}}
        metadata = (META,) * self.draw(st.integers(0, int(self.newer)))
        self.subsystems[path] = Subsystem(
            connectors=self._connectors(),
            bindings=self._bindings(),
            dictionaries=own,
            markup=self._markup(label, PLACE, metadata=metadata),
        )
        inside = []
        for name, fitted in usable(self.draw(st.lists(LABELS, unique=True, max_size=3))).items():
            inner = f"{path}/{fitted}" if path else fitted
            inside.append(inner)
            shown = name if name != fitted else None
            kind = self.draw(st.sampled_from(["component", "component", "system", "reference"]))
            if kind == "reference" and known:
                self._reference(inner, shown, known)
            elif kind == "system" and depth < 2:
                self._system(inner, shown, depth + 1, known)
            else:
                self._component(inner, shown)
        self._connect(path, inside)

    def _component(self, path: str, label: str | None) -> None:
        draw = self.draw
        solved = {"step_size": 0.5, "extrapolation": Extrapolation(order=2), "estimator": self.folder / "b.fmu"}
        options: dict[str, Any] = draw(
            st.sampled_from([{}, {"check_ranges": True}, {"isolation": "process", "time_limit": 3.0}, solved])
        )
        kinds = ["co_simulation", "model_exchange", None] + ["scheduled_execution"] * self.newer
        self.components[path] = Component(
            source=self.folder / draw(st.sampled_from(["a.fmu", "b.fmu"])),
            kind=draw(st.sampled_from(kinds)),
            solver=Solver(method=draw(st.sampled_from(["cvode", "rk4"]))),
            parameters=draw(st.dictionaries(TEXTS, self._value(), max_size=2)),
            connectors=self._connectors(),
            bindings=self._bindings(),
            markup=self._markup(label, PLACE),
            **options,
        )

    def _dictionaries(self, path: str, around: dict[str, Any]) -> dict[str, SignalDictionary]:
        names = self.draw(st.lists(st.sampled_from(["bus", "can"]), unique=True, max_size=1))
        taken = {key.rpartition("/")[2] for key in around}
        return {name: SignalDictionary(entries=self._entries()) for name in names if name not in taken}

    def _entries(self) -> dict[str, DeclaredConnector]:
        entries = {}
        for name in self.draw(st.lists(TEXTS, unique=True, max_size=2)):
            each = self._declared("inout", [])
            if each.type not in (None, "Clock"):
                entries[name] = each.model_copy(update={"markup": Markup()})
        return entries

    def _reference(self, path: str, label: str | None, known: dict[str, SignalDictionary]) -> None:
        identity = self.draw(st.sampled_from(sorted(known)))
        self.subsystems[path] = Subsystem(
            connectors=known[identity].entries, signal_dictionary=identity, markup=self._markup(label, PLACE)
        )

    def _connectors(self) -> dict[str, DeclaredConnector]:
        names = self.draw(st.lists(TEXTS, unique=True, max_size=3))
        kinds = KINDS_OF_2 if self.newer else KINDS_OF_1
        return {name: self._declared(self.draw(st.sampled_from(kinds)), names) for name in names}

    def _declared(self, kind: Any, names: list[str]) -> DeclaredConnector:
        draw = self.draw
        of = draw(st.sampled_from([None, *(TYPES_OF_2 if self.newer else TYPES_OF_1)]))
        fields: dict[str, Any] = {"kind": kind, "type": of, "markup": self._markup()}
        if of in FLOAT_TYPES:
            fields["unit"] = draw(st.none() | st.sampled_from(sorted(self.units)))
        elif of == "Enumeration":
            fields["enumeration"] = draw(st.sampled_from(sorted(ITEMS)))
        elif of == "Binary":
            fields["mime_type"] = draw(st.none() | TEXTS)
        elif of == "Clock":
            fields["interval_variability"] = draw(st.sampled_from(["fixed", "triggered"]))
        if self.newer:
            extents = st.integers(1, 3) | (st.none() | st.sampled_from(names) if names else st.nothing())
            fields["dimensions"] = tuple(draw(st.lists(extents, max_size=2)))
            fields["clocks"] = tuple(draw(st.lists(st.sampled_from(names), max_size=1))) if names else ()
        return DeclaredConnector(**fields)

    def _value(self) -> Any:
        whole = INTEGER_RANGES["Int64"] if self.newer else INTEGER_RANGES["Integer"]
        kinds = [FLOATS, st.integers(whole[0], whole[-1]), st.booleans(), st.just("") | TEXTS]
        scalars = st.one_of(kinds)
        return (
            scalars | st.one_of([st.lists(kind, min_size=1, max_size=3).map(tuple) for kind in kinds])
            if self.newer
            else scalars
        )

    def _bindings(self) -> tuple[ParameterBinding, ...]:
        return tuple(self._binding() for _ in range(self.draw(st.sampled_from([0, 0, 1, 2]))))

    def _binding(self) -> ParameterBinding:
        draw = self.draw
        unit = draw(st.sampled_from(sorted(self.units)))
        values = draw(
            st.dictionaries(TEXTS, self._value() | st.builds(Quantity, value=FLOATS, unit=st.just(unit)), max_size=3)
        )
        used = any(isinstance(value, Quantity) for value in values.values())
        types = {
            name: ValueType(type="Float32")
            for name, value in values.items()
            if self.newer and isinstance(value, float) and implied(value).type != "Float32" and draw(st.booleans())
        }
        prefix = draw(st.sampled_from(["", "pump."]))
        sources = draw(st.lists(st.sampled_from(sorted(values)), max_size=2)) if values else []
        targets = draw(st.lists(TEXTS.filter(str.strip), unique=True, min_size=len(sources), max_size=len(sources)))
        mapping = tuple(
            Mapping(
                source=prefix + source,
                target=target,
                suppress_unit_conversion=draw(st.booleans()),
                transformation=self._transformation(),
            )
            for source, target in zip(sources, targets, strict=True)
        )
        return ParameterBinding(
            prefix=prefix,
            name=draw(TEXTS),
            values=values,
            types=types,
            units={unit: self.units[unit]} if used else {},
            mapping=draw(st.sampled_from([None, mapping])),
            markup=Markup(description=draw(st.none() | TEXTS), annotations=(NOTE,) * draw(st.integers(0, 1))),
        )

    def _transformation(self) -> Any:
        numbers = st.integers(-(2**31), 2**31 - 1)
        maps = [("boolean", st.booleans()), ("integer", numbers), ("enumeration", TEXTS)]
        chosen = self.draw(st.sampled_from([None, "linear", *maps]))
        if chosen is None:
            return None
        if chosen == "linear":
            return Linear(factor=self.draw(FLOATS), offset=self.draw(FLOATS))
        kind, values = chosen
        pairs = self.draw(st.dictionaries(values, values, min_size=1, max_size=2))
        return ValueMap(kind=kind, entries=tuple(MapEntry(source=one, target=other) for one, other in pairs.items()))

    def _connect(self, path: str, inside: list[str]) -> None:
        """Some of the connections that SSP allows in a system, one for each destination at most."""
        parts: dict[str, Any] = {**self.components, **self.subsystems}
        faces = [("system", path), *(("element", inner) for inner in inside)]
        ends = [(owner, place, name) for owner, place in faces for name in parts[place].connectors]
        for owner, place, name in ends:
            start = self.draw(st.sampled_from([None, *ends]))
            if start is None:
                continue
            sides = [end(side, parts[at].connectors[key]) for side, at, key in (start, (owner, place, name))]
            try:
                allowed = forwards(*sides)
            except ValueError:
                continue
            if allowed:
                self.connections.append(
                    Connection(
                        source=self._end(parts, *start[1:]),
                        destination=Endpoint(component=place, connector=name),
                        transformation=self._transformation(),
                        suppress_unit_conversion=self.draw(st.booleans()),
                        delay=self.draw(st.booleans()),
                        markup=self._markup(),
                    )
                )

    def _end(self, parts: dict[str, Any], place: str, name: str) -> Endpoint:
        """A connector, or an element of it."""
        indices = [self.draw(st.integers(1, 9)) for _ in parts[place].connectors[name].dimensions]
        picked = bool(indices) and self.draw(st.booleans())
        return Endpoint(component=place, connector=f"{name}[{','.join(map(str, indices))}]" if picked else name)
