"""SSP files as text, made into packages; FMUs are there in name only where a test just reads."""

import zipfile
from pathlib import Path

NAMESPACES = " ".join(
    f'xmlns:{prefix}="http://ssp-standard.org/SSP1/SystemStructure{name}"'
    for prefix, name in {
        "ssc": "Common",
        "ssd": "Description",
        "ssv": "ParameterValues",
        "ssm": "ParameterMapping",
        "ssb": "SignalDictionary",
    }.items()
)


def ssd(system: str, after: str = "", version: str = "1.0", name: str = "plant", attributes: str = "") -> str:
    """A SystemStructure.ssd with this content of its root system, and elements behind that."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<ssd:SystemStructureDescription {NAMESPACES} version="{version}" name="{name}" {attributes}>
<ssd:System name="root">{system}</ssd:System>{after}
</ssd:SystemStructureDescription>"""


def ssv(parameters: str, after: str = "", version: str = "1.0", declare: bool = True) -> str:
    """A parameter set, as a file or (with `declare=False`) inline."""
    return (
        f'<ssv:ParameterSet {NAMESPACES if declare else ""} version="{version}" name="set"><ssv:Parameters>'
        f"{parameters}</ssv:Parameters>{after}</ssv:ParameterSet>"
    )


def ssm(entries: str, version: str = "1.0") -> str:
    """A parameter mapping."""
    return f'<ssm:ParameterMapping {NAMESPACES} version="{version}">{entries}</ssm:ParameterMapping>'


def ssb(entries: str, after: str = "", version: str = "1.0") -> str:
    """A signal dictionary."""
    return f'<ssb:SignalDictionary {NAMESPACES} version="{version}">{entries}{after}</ssb:SignalDictionary>'


def connector(name: str, kind: str, inner: str = "<ssc:Real/>") -> str:
    """A connector."""
    return f'<ssd:Connector name="{name}" kind="{kind}">{inner}</ssd:Connector>'


def connectors(*each: str) -> str:
    """Connectors, given as `name kind` or as text."""
    texts = (one if one.startswith("<") else connector(*one.split()) for one in each)
    return f"<ssd:Connectors>{''.join(texts)}</ssd:Connectors>"


def component(name: str, *each: str, inner: str = "", source: str = "resources/a.fmu", more: str = "") -> str:
    """A component with connectors."""
    given = f'source="{source}"' if source else ""
    declared = connectors(*each) if each else ""
    return f'<ssd:Component name="{name}" {given} {more}>{declared}{inner}</ssd:Component>'


def elements(*each: str) -> str:
    """The elements of a system."""
    return f"<ssd:Elements>{''.join(each)}</ssd:Elements>"


def connection(start: str, end: str, inner: str = "", more: str = "") -> str:
    """A connection of `element.connector` or `connector` of the system."""
    texts = []
    for which, text in (("start", start), ("end", end)):
        element, _, name = text.rpartition(".")
        texts.append((f'{which}Element="{element}" ' if element else "") + f'{which}Connector="{name}"')
    return f"<ssd:Connection {' '.join(texts)} {more}>{inner}</ssd:Connection>"


def connections(*each: str) -> str:
    """Connections of a system, given as text."""
    return f"<ssd:Connections>{''.join(each)}</ssd:Connections>"


def bound(inner: str, more: str = "") -> str:
    """The parameter bindings of an element with one binding."""
    return f"<ssd:ParameterBindings><ssd:ParameterBinding {more}>{inner}</ssd:ParameterBinding></ssd:ParameterBindings>"


def values(parameters: str, after: str = "", version: str = "1.0") -> str:
    """Parameter values inline."""
    return f"<ssd:ParameterValues>{ssv(parameters, after, version, declare=False)}</ssd:ParameterValues>"


MADE: list[Path] = []
"""The packages that the running test has made."""


def package(path: Path, structure: str | bytes, files: dict[str, str | bytes] | None = None) -> Path:
    """An .ssp archive with an FMU in name only, `resources/a.fmu`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"SystemStructure.ssd": structure, "resources/a.fmu": b"", **(files or {})}.items():
            archive.writestr(name, content)
    MADE.append(path)
    return path


UNITS = """<ssd:Units>
<ssc:Unit name="K"><ssc:BaseUnit K="1"/></ssc:Unit>
<ssc:Unit name="degC"><ssc:BaseUnit K="1" offset="273.15"/></ssc:Unit>
<ssc:Unit name="bar"><ssc:BaseUnit kg="1" m="-1" s="-2" factor="1e5"/></ssc:Unit>
</ssd:Units>"""
ENUMERATIONS = """<ssd:Enumerations><ssc:Enumeration name="Mode">
<ssc:Item name="off" value="0"/><ssc:Item name="on" value="3"/></ssc:Enumeration></ssd:Enumerations>"""
