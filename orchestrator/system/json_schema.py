"""The JSON schema of the YAML file, from the models of the description, for editors that complete and check."""

from typing import Any

from orchestrator.system.description import SystemDescription

_TEXT = {"type": "string"}
_CONNECTION = {
    "type": "object",
    "description": "A connection with more to say than one line.",
    "properties": {
        "connect": {"type": "string", "description": "a.y -> b.u", "pattern": "->"},
        "factor": {"type": "number", "description": "destination = factor * source + offset"},
        "offset": {"type": "number"},
        "map": {"type": "object", "description": "values of the source and what the destination gets in their place"},
        "suppress_unit_conversion": {"type": "boolean"},
        "as_parameter": {"type": "boolean", "description": "the destination is a tunable parameter"},
        "delay": {"type": "boolean", "description": "the value of the last communication point, which breaks a loop"},
        "markup": {"$ref": "#/$defs/Markup"},
    },
    "required": ["connect"],
    "additionalProperties": False,
}
_SYSTEM = {
    "type": "object",
    "description": "A whole system in the place of a component.",
    "properties": {
        "system": {"type": "string", "description": "the path of a YAML file"},
        "parameters": {"type": "object", "description": "values named as from inside the system: pump.V"},
    },
    "required": ["system"],
    "additionalProperties": False,
}
_INCLUDE = {
    "description": "files that this one is laid over",
    "anyOf": [_TEXT, {"type": "array", "items": _TEXT}],
}


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of a description as a file.

    It knows the shape of the file; what names and values mean is checked when the description is read.
    """
    schema = SystemDescription.model_json_schema(mode="validation")
    properties = schema["properties"]
    properties["connections"]["items"] = {
        "anyOf": [{**_TEXT, "pattern": "->"}, _CONNECTION, {"$ref": "#/$defs/Connection"}]
    }
    component = properties["components"]["additionalProperties"]
    properties["components"]["additionalProperties"] = {"anyOf": [component, _SYSTEM]}
    properties["include"] = _INCLUDE
    properties["defaults"] = {**component, "description": "keys of every FMU that gives them not itself"}
    required = schema.pop("required")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "cotwin system",
        "anyOf": [{"required": required}, {"required": ["include"]}],
    }
