"""Schema: what in the files of a package departs from the standard, though it may be understood."""

import re
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
_HOW_TO_CHECK: Final = "install what brings those of SSP 2.0: pip install --no-deps pyssp-standard"
_LONGEST_VALUE, _LONGEST = 200, 800
_FILES: Final = {namespace: f"{namespace.rpartition('/')[2]}.xsd" for namespace in ROOTS.values()}


def violations(path: Path) -> tuple[str, ...]:
    """Departures from the standard: from its XML schemas, undefined units, archives that others refuse.

    The schemas of SSP 1.0 come with FMPy, those of 2.0 with pyssp-standard: where that is not installed, files of 2.0
    are named as not checked, in one finding. DescriptionError where there is no package; a file in it that cannot be
    read is a finding, for nothing may need it.
    """
    findings = [*_of_archive(path)] if path.is_file() and path.suffix.lower() == ".ssp" else []
    place = find(path, None, None)
    single = path.suffix.lower() == ".ssd" and not path.is_dir()
    files = [place.file] if single else _files(place.root)
    unchecked: set[str] = set()
    for file in files:
        findings += _of_file(file, place.at(file).origin, unchecked)
    if unchecked:
        findings.append(f"{path}: not checked against a schema: {_listed(unchecked)}; {_HOW_TO_CHECK}")
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
    findings: list[str] = []
    for part in parts:
        schema = _schema(etree.QName(part).namespace, first=part.get("version", "").startswith("1."))
        if schema is None:
            unchecked.add(origin)
        else:
            findings += _of_schema(part, schema, origin)
    return findings + [finding for part in parts for finding in _undefined_units(part, origin)]


def _inline(root: Element) -> Iterator[Element]:
    """Files within this file: the schemas do not look into them."""
    for name, namespace in ROOTS.items():
        yield from root.iterdescendants(f"{{{namespace}}}{name}")


def _of_schema(root: Element, schema: etree.XMLSchema, origin: str) -> Iterator[str]:
    whole = root.getparent() is None
    copied = etree.ElementTree(root if whole else etree.fromstring(_text(root)))
    above = 0 if whole else root.sourceline - 1
    if not schema.validate(copied):
        for error in schema.error_log:
            yield f"{origin}:{above + error.line}: {_brief(error.message)}"


def _brief(message: str) -> str:
    """The message with the beginnings of the values that it repeats; libxml2 cuts the end off from 64,000 bytes on."""
    brief = re.sub(rf"'([^']{{{_LONGEST_VALUE}}})[^']+", r"'\1...", message)
    return brief if len(brief) <= _LONGEST else f"{brief[:_LONGEST]}..."


def _text(root: Element) -> bytes:
    text: bytes = etree.tostring(root, with_tail=False)
    return text


def _schema(namespace: str, *, first: bool) -> etree.XMLSchema | None:
    """The schema of SSP 1.0 (`first`) or 2.0; None where it is not installed."""
    # The packages that bring them are not imported for them.
    package = find_spec("fmpy" if first else "pyssp_standard")
    if package is None or package.origin is None:
        return None
    folder = Path(package.origin).parent / ("ssp/schema" if first else "resources/ssp2")
    return _read(folder / _FILES[namespace])


@cache
def _read(path: Path) -> etree.XMLSchema | None:
    return etree.XMLSchema(etree.parse(path)) if path.is_file() else None


def _undefined_units(root: Element, origin: str) -> Iterator[str]:
    known = {unit.get("name") for unit in grandchildren(root, "Units", "Unit")}
    for kind in FLOAT_TYPES:
        for each in root.iterdescendants(f"{{*}}{kind}"):
            unit = each.get("unit")
            if unit and unit not in known and _file_of(each) is root:
                yield f"{origin}:{each.sourceline}: the unit '{unit[:80]}' is not among the Units of its file"


def _file_of(element: Element) -> Element:
    roots = {f"{{{namespace}}}{name}" for name, namespace in ROOTS.items()}
    return next((each for each in element.iterancestors() if each.tag in roots), None)
