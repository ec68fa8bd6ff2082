"""Vocabulary: the names that SSP uses, and those of cotwin's own annotation; reader and writer share them.

Sections are those of the SSP 2.0 text; 1.0 has the same names and fewer of them.
"""

from typing import Final, get_args

from orchestrator.system.description import Component, SystemDescription
from orchestrator.system.structure import Kind

NAMESPACE: Final = "http://ssp-standard.org/SSP1/"
SSC: Final = NAMESPACE + "SystemStructureCommon"
SSD: Final = NAMESPACE + "SystemStructureDescription"
SSV: Final = NAMESPACE + "SystemStructureParameterValues"
SSM: Final = NAMESPACE + "SystemStructureParameterMapping"
SSB: Final = NAMESPACE + "SystemStructureSignalDictionary"
PREFIXES: Final = {"ssc": SSC, "ssd": SSD, "ssv": SSV, "ssm": SSM, "ssb": SSB}

ROOTS: Final = {
    "SystemStructureDescription": SSD,
    "ParameterSet": SSV,
    "ParameterMapping": SSM,
    "SignalDictionary": SSB,
}
"""Root elements of the four kinds of files, and the namespace of each."""
SUFFIXES: Final = {".ssd": SSD, ".ssv": SSV, ".ssm": SSM, ".ssb": SSB}

DEFAULT_SSD: Final = "SystemStructure.ssd"
VERSIONS: Final = ("1", "2")
"""Major versions of the standard that are read."""

FMU_TYPE: Final = "application/x-fmu-sharedlibrary"
SSD_TYPE: Final = "application/x-ssp-definition"
SSP_TYPE: Final = "application/x-ssp-package"
TABLE_TYPES: Final = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/vnd.apache.parquet": ".parquet",
}
"""Types that SSP does not name, for tables of inputs as components."""
SURROGATE_TYPE: Final = "application/x-cotwin-surrogate"
SIGNALS_TYPE: Final = "application/x-cotwin-signals"
"""Type of a component without a file, whose signals are in its annotation."""
PARAMETER_SET_TYPE: Final = "application/x-ssp-parameter-set"
MAPPING_TYPE: Final = "application/x-ssp-parameter-mapping"
DICTIONARY_TYPE: Final = "application/x-ssp-signal-dictionary"

IMPLEMENTATIONS: Final = {
    "any": None,
    "CoSimulation": "co_simulation",
    "ModelExchange": "model_exchange",
    "ScheduledExecution": "scheduled_execution",
}
"""Implementation of an FMU in SSP -> kind of a component."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
FLOAT_TYPES: Final = ("Real", "Float64", "Float32")
INTEGER_RANGES: Final = {
    "Integer": range(-(2**31), 2**31),
    "Int8": range(-(2**7), 2**7),
    "UInt8": range(2**8),
    "Int16": range(-(2**15), 2**15),
    "UInt16": range(2**16),
    "Int32": range(-(2**31), 2**31),
    "UInt32": range(2**32),
    "Int64": range(-(2**63), 2**63),
    "UInt64": range(2**64),
}
TYPES: Final = (*FLOAT_TYPES, *INTEGER_RANGES, "Boolean", "String", "Enumeration", "Binary")
"""Types of parameters and connectors (section 4.5.1); connectors can be of the type Clock as well."""

BASE_UNITS: Final = ("kg", "m", "s", "A", "K", "mol", "cd", "rad")
AUTHORSHIP: Final = ("author", "fileversion", "copyright", "license", "generationTool", "generationDateAndTime")

ANNOTATION: Final = "cotwin.description"
"""Type of cotwin's own annotation: a JSON object of the fields of a description that SSP has no words for.

It stands in an element `description` of the namespace OWN, in the `Annotations` of the SystemStructureDescription, of
a Component and of a Connection.
"""
OWN: Final = "urn:cotwin:ssp:1"

_SAID = {"name", "components", "connections", "experiment", "subsystems", "units", "enumerations", "markup"}
OWN_FIELDS: Final = (*(name for name in SystemDescription.model_fields if name not in _SAID), "tolerance")
"""Fields of a description in the annotation; `tolerance` is the experiment's."""
OWN_COMPONENT_FIELDS: Final = tuple(
    name for name in Component.model_fields if name not in {"source", "kind", "connectors", "bindings", "markup"}
)
"""Fields of a component in the annotation; the paths in `swap` and of `estimator` are URIs relative to the SSD."""

OWN_CONNECTION_FIELDS: Final = ("delay",)
"""Fields of a connection in its annotation, which are all true or false."""

OWN_BINDING_FIELDS: Final = ("parameters", "given", "written")
"""Fields of a binding in its annotation.

`parameters` tells that its values are the `parameters` of the component and no binding; `given` are values as a
description gives them, `written` those that stand in the file for them.
"""

FOREIGN_STEPS: Final = (
    ("org.openmodelica", "FixedStepMaster", "stepSize"),
    ("com.opensimulationplatform", "FixedStepAlgorithm", "baseStepSize"),
)
"""Where OMSimulator and the Open Simulation Platform write the macro step: annotation, element, attribute."""
