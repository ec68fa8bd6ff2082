"""Schema: what in the files of a package departs from the standard, though it may be understood."""

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from lxml import etree

from orchestrator import archives
from orchestrator.errors import DescriptionError
from orchestrator.ssp.document import Element, Problems, grandchildren, parse, read_bytes
from orchestrator.ssp.packages import PACKAGE, find
from orchestrator.ssp.vocabulary import FLOAT_TYPES, ROOTS, SUFFIXES

MAX_FINDINGS: Final = 200
_STORED, _DEFLATED = 0, 8
_FILES: Final = {namespace: f"{namespace.rpartition('/')[2]}.xsd" for namespace in ROOTS.values()}


def violations(path: Path) -> tuple[str, ...]:
    """Departures from the standard: from the XML schemas of SSP 1.0, undefined units, archives that others refuse.

    Files of SSP 2.0 are named as not checked against a schema, in one finding. DescriptionError where there is no
    package; a file in it that cannot be read is a finding, for nothing may need it.
    """
    findings = [*_of_archive(path)] if path.is_file() and path.suffix.lower() == ".ssp" else []
    place = find(path, None, None)
    single = path.suffix.lower() == ".ssd" and not path.is_dir()
    files = [place.file] if single else _files(place.root)
    unchecked: set[str] = set()
    for file in files:
        findings += _of_file(file, place.at(file).origin, unchecked)
    if unchecked:
        findings.append(f"{path}: not checked against a schema: {_listed(unchecked)}; only that of SSP 1.0 is at hand")
    return tuple(dict.fromkeys(findings))[:MAX_FINDINGS]


def _files(root: Path) -> list[Path]:
    found = (file for file in root.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    return sorted(file for file in found if file.resolve().is_relative_to(root))


def _listed(origins: set[str]) -> str:
    names = sorted(Path(origin).name for origin in origins)
    more = f" and {len(names) - 3} more files" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more} of SSP 2.0"


def _of_archive(path: Path) -> Iterator[str]:
    with archives.opened(path, PACKAGE) as archive:
        for info in archive.infolist():
            if info.compress_type not in (_STORED, _DEFLATED):
                yield f"{path}: entry '{info.filename}': SSP allows only the methods stored and deflated"


def _of_file(file: Path, origin: str, unchecked: set[str]) -> list[str]:
    namespace = SUFFIXES[file.suffix]
    name = next(root for root, its in ROOTS.items() if its == namespace)
    try:
        document = parse(read_bytes(file), origin, name, Problems())
    except DescriptionError as error:
        return [str(error)]
    parts = [document.root, *_inline(document.root)]
    first = [part for part in parts if part.get("version", "").startswith("1.")]
    if len(first) < len(parts):
        unchecked.add(origin)
    findings = [finding for part in first for finding in _of_schema(part, origin)]
    return findings + [finding for part in parts for finding in _undefined_units(part, origin)]


def _inline(root: Element) -> Iterator[Element]:
    """Files within this file: the schema of SSP 1.0 cannot look into them."""
    for name, namespace in ROOTS.items():
        yield from root.iterdescendants(f"{{{namespace}}}{name}")


def _of_schema(root: Element, origin: str) -> Iterator[str]:
    schema = _schema(etree.QName(root).namespace)
    copied = etree.ElementTree(root) if root.getparent() is None else etree.ElementTree(etree.fromstring(_text(root)))
    if not schema.validate(copied):
        for error in schema.error_log:
            yield f"{origin}:{error.line}: {error.message}"


def _text(root: Element) -> bytes:
    text: bytes = etree.tostring(root, with_tail=False)
    return text


@cache
def _schema(namespace: str) -> etree.XMLSchema:
    # The schemas of SSP 1.0 come with FMPy; it is not imported for them.
    package = find_spec("fmpy")
    folder = Path(str(package.origin)).parent if package is not None else Path()
    return etree.XMLSchema(etree.parse(folder / "ssp" / "schema" / _FILES[namespace]))


def _undefined_units(root: Element, origin: str) -> Iterator[str]:
    known = {unit.get("name") for unit in grandchildren(root, "Units", "Unit")}
    for kind in FLOAT_TYPES:
        for each in root.iterdescendants(f"{{*}}{kind}"):
            unit = each.get("unit")
            if unit and unit not in known and _file_of(each) is root:
                yield f"{origin}:{each.sourceline}: the unit '{unit}' is not among the Units of its file"


def _file_of(element: Element) -> Element:
    roots = {f"{{{namespace}}}{name}" for name, namespace in ROOTS.items()}
    return next((each for each in element.iterancestors() if each.tag in roots), None)
