"""Round trips: what a package says again after it was read and written."""

import zipfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from lxml import etree

from orchestrator.ssp.reader import read_ssp
from orchestrator.ssp.vocabulary import ROOTS, SUFFIXES
from orchestrator.ssp.writing.writer import write_ssp
from orchestrator.system.difference import Difference, differences

# Files are written anew: what they say is compared in the description, and the files of components by their content.
_WRITTEN: Final = ("source", "mapping_source")
_ORDERED: Final = {"ParameterBindings", "GraphicalElements", "Annotations"}
"""Elements whose children have an order that means something."""


def again(path: Path, folder: Path, **options: Any) -> Path:
    """A package read and written."""
    return write_ssp(read_ssp(path), folder / "again.ssp", **options)


def changes(one: Any, other: Any) -> list[Difference]:
    """What differs between two descriptions, but for the places of files."""
    return [each for each in differences(one, other) if not (_of_files(each) or _typed(each))]


def _typed(difference: Difference) -> bool:
    """A text that is given to an enumeration or to bytes is written as what it is there for."""
    added = difference.one is None and difference.other in ("type: Enumeration", "type: Binary")
    return added and "types" in difference.place


def _of_files(difference: Difference) -> bool:
    if difference.place[-1] == "surrogate":
        names = [Path(text or "").name for text in (difference.one, difference.other)]
        return names[0] == names[1]
    bound = {"bindings", "dictionaries"} & set(difference.place)
    if not bound or difference.place[-1] not in _WRITTEN or difference.one is None or difference.other is None:
        return False
    return Path(difference.one).name == Path(difference.other).name


def tree(element: Any) -> Any:
    """An element as plain data, the same for elements that say the same: order that means nothing is gone."""
    name = etree.QName(element).localname
    attributes = {key: _number(value) for key, value in element.attrib.items() if (key, value) not in _DEFAULTS}
    children = [tree(child) for child in element.iterchildren("{*}*") if not _own(child)]
    if name == "Connection":
        ends = [
            {key[len(which) :]: attributes.pop(key) for key in list(attributes) if key.startswith(which)}
            for which in ("start", "end")
        ]
        attributes["ends"] = sorted(map(str, ends))
    if name not in _ORDERED:
        children.sort(key=str)
    children = [child for child in children if child[0] != "Annotations" or child[2]]
    return name, attributes, children, (element.text or "").strip()


_DEFAULTS: Final = {
    ("type", "application/x-fmu-sharedlibrary"),
    ("type", "application/x-ssp-parameter-set"),
    ("type", "application/x-ssp-parameter-mapping"),
    ("type", "application/x-ssp-signal-dictionary"),
    ("implementation", "any"),
    ("suppressUnitConversion", "false"),
    ("sourceBase", "SSD"),
    ("prefix", ""),
}


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _own(element: Any) -> bool:
    return bool(element.get("type") == "cotwin.description")


def departures_of(path: Path, version: str) -> list[str]:
    """What the schemas of a version say about the files of a folder or archive, and about those within files."""
    schemas = {"1.0": Path(str(find_spec("fmpy").origin)).parent / "ssp/schema"}
    standard = find_spec("pyssp_standard")
    if standard is not None:
        schemas["2.0"] = Path(str(standard.origin)).parent / "resources/ssp2"
    if version not in schemas:
        return []
    names = [f"{{{space}}}{name}" for name, space in ROOTS.items()]
    roots = [etree.fromstring(text) for text in _texts(path)]
    parts = [
        part for root in roots for part in (root, *(each for name in names for each in root.iterdescendants(name)))
    ]
    return [problem for part in parts for problem in invalid(part, schemas[version])]


def invalid(part: Any, folder: Path) -> list[str]:
    schema = checked(folder, etree.QName(part).namespace.rpartition("/")[2])
    alone = etree.fromstring(etree.tostring(part, with_tail=False))
    return [] if schema.validate(alone) else [f"{error.line}: {error.message}" for error in schema.error_log]


@cache
def checked(folder: Path, name: str) -> Any:
    return etree.XMLSchema(etree.parse(folder / f"{name}.xsd"))


def _texts(path: Path) -> list[bytes]:
    if path.is_dir():
        return [file.read_bytes() for file in path.rglob("*") if file.suffix in SUFFIXES]
    with zipfile.ZipFile(path) as archive:
        return [archive.read(name) for name in archive.namelist() if Path(name).suffix in SUFFIXES]
