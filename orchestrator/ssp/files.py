"""Files: the documents of a system, each read once, by the URIs under which others name them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urldefrag

from orchestrator.errors import DescriptionError
from orchestrator.ssp.common import units
from orchestrator.ssp.connectors import Definitions, Terms
from orchestrator.ssp.document import Document, Element, Problems, check_root, children, parse, read_bytes
from orchestrator.ssp.packages import Place, entry, find, unpacked
from orchestrator.ssp.parameters import Loaded
from orchestrator.ssp.vocabulary import DEFAULT_SSD, DICTIONARY_TYPE, MAPPING_TYPE, PARAMETER_SET_TYPE, SSP_TYPE
from orchestrator.system.structure import UnitDefinition

_TYPES: Final = {
    "ParameterSet": PARAMETER_SET_TYPE,
    "ParameterMapping": MAPPING_TYPE,
    "SignalDictionary": DICTIONARY_TYPE,
}


@dataclass(frozen=True)
class Structure:
    """A System in an SSD, with what its file defines; `identity` tells it from all others, for cycles."""

    place: Place
    document: Document
    terms: Terms
    units: dict[str, UnitDefinition]
    system: Element
    identity: tuple[str, ...]


class _Parsed(NamedTuple):
    document: Document
    terms: Terms
    units: dict[str, UnitDefinition]


class Files:
    """The files of one system and of all that it refers to."""

    def __init__(self, parent: Path | None) -> None:
        self.problems = Problems()
        self.definitions = Definitions()
        self._parent = parent
        self._structures: dict[Path, _Parsed] = {}
        self._documents: dict[tuple[Path, str], Document] = {}

    def first(self, path: Path, variant: str | None) -> Structure:
        """The system that somebody named by the path of a package, folder or SSD."""
        place = find(path, variant, self._parent)
        return self._structure(place, "", _digest(path) if path.suffix.lower() == ".ssp" and path.is_file() else "")

    def nested(self, around: Structure, source: str, kind: str) -> Structure:
        """The system that a component stands for: of an SSP, of an SSD, or of the same SSD by its id.

        ValueError says why there is none, DescriptionError what is wrong with its file.
        """
        uri, fragment = urldefrag(source)
        if not uri:
            return self._structure(around.place, fragment, around.identity[0])
        path = around.place.existing(uri)
        if kind != SSP_TYPE:
            return self._structure(around.place.at(path), fragment, around.identity[0])
        folder = unpacked(path, self._parent)
        shown = around.place.shown / path.relative_to(around.place.root)
        outer = Place(folder, shown, folder / DEFAULT_SSD)
        outer.existing(DEFAULT_SSD)
        place = outer.at(outer.existing(fragment)) if fragment else outer
        return self._structure(place, "", _digest(path))

    def load(self, structure: Structure, element: Element, root: str, component: Path | None = None) -> Loaded | None:
        """A parameter set, mapping or signal dictionary, given inline or as a file; None with a problem.

        `component` is the file of the component that the element belongs to.
        """
        kind, source = element.get("type", _TYPES[root]), element.get("source")
        inline = [
            each for holder in (element, *children(element, "ParameterValues")) for each in children(holder, root)
        ]
        problem = structure.document.problem
        if kind != _TYPES[root]:
            problem(element, f"is of the type '{kind[:80]}', which is not read; give it as {_TYPES[root]}")
        elif source is not None and inline:
            problem(element, "is given both inline and by 'source'; keep one of them")
        elif source is None and len(inline) != 1:
            problem(element, f"holds {len(inline)} elements {root} and names no 'source'; give one of them")
        else:
            try:
                if source is None:
                    check_root(inline[0], f"{structure.document.origin}:{inline[0].sourceline}", root)
                    return Loaded(structure.document.part(inline[0]), None)
                inside = structure.document.choice(element, "sourceBase", ("SSD", "component"), "SSD") == "component"
                return self._of_component(component, source, root) if inside else self._file(structure, source, root)
            except (ValueError, DescriptionError) as error:
                problem(element, str(error))
        return None

    def _file(self, structure: Structure, uri: str, root: str) -> Loaded:
        path = structure.place.existing(uri)
        key = (path, root)
        if key not in self._documents:
            origin = structure.place.at(path).origin
            self._documents[key] = parse(read_bytes(path), origin, root, self.problems)
        return Loaded(self._documents[key], path)

    def _of_component(self, component: Path | None, uri: str, root: str) -> Loaded:
        if component is None:
            raise ValueError("sourceBase='component' needs a component with a file; use sourceBase='SSD'")
        if component.suffix.lower() == ".fmu":
            data = entry(component, uri)
            path = component / unquote(uri)
            return Loaded(parse(data, str(path), root, self.problems), path)
        inner = find(component, None, self._parent)
        path = inner.existing(uri)
        return Loaded(parse(read_bytes(path), inner.at(path).origin, root, self.problems), path)

    def _structure(self, place: Place, fragment: str, package: str) -> Structure:
        if place.file not in self._structures:
            document = parse(read_bytes(place.file), place.origin, "SystemStructureDescription", self.problems)
            self._structures[place.file] = _Parsed(document, self.definitions.add(document), units(document))
        parsed = self._structures[place.file]
        system = (
            _with_id(parsed.document, fragment) if fragment else next(children(parsed.document.root, "System"), None)
        )
        if system is None:
            wanted = f"System of the id '{fragment[:80]}'" if fragment else "System"
            raise ValueError(f"{place.origin} has no {wanted}; add it, or correct the reference")
        inner = str(place.file.relative_to(place.root))
        return Structure(place, *parsed, system=system, identity=(package or str(place.root), inner, fragment))


def _with_id(document: Document, wanted: str) -> Element | None:
    return next((each for each in document.root.iter("{*}System") if each.get("id") == wanted), None)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
