"""A plant with systems in systems: what connections through them mean is tried on it."""

from pathlib import Path

import pytest

from orchestrator.errors import DescriptionError
from orchestrator.system.connections.flattening import Flattened
from orchestrator.system.connector import Causality, Connector, Storage, Variability
from orchestrator.system.description import Component, Connection, Endpoint, Experiment, SystemDescription
from orchestrator.system.quantities.units import Unit
from orchestrator.system.structure import DeclaredConnector, SignalDictionary, Subsystem, UnitDefinition

KELVIN = (0, 0, 0, 0, 1, 0, 0, 0)
degC, K = Unit("degC", KELVIN, 1.0, 273.15), Unit("K", KELVIN)
degF = Unit("degF", KELVIN, 5 / 9, 273.15 - 32 * 5 / 9)
UNITS = {"degX": UnitDefinition(exponents={"K": 1}, factor=2.0, offset=10.0)}


def variable(name, causality, storage="float64", **more):
    return Connector(name, Causality(causality), Storage(storage), 0, **more)


INTERFACES = {
    "plant": [
        variable("T", "output", unit=degC),
        variable("y", "output"),
        variable("S", "output", shape=(4,)),
        variable("n", "output", "int64"),
        variable("k", "calculatedParameter", variability=Variability.FIXED),
        variable("x", "local"),
    ],
    "cooling/pump": [
        variable("T", "input", unit=K),
        variable("u", "input"),
        variable("S", "input", shape=(4,)),
        variable("n", "input", "int64"),
        variable("on", "input", "boolean"),
        variable("P", "output", unit=K),
        variable("tuned", "parameter", variability=Variability.TUNABLE, start=(1.0,)),
        variable("fixed", "parameter", variability=Variability.FIXED, start=(1.0,)),
        variable("size", "structuralParameter", "int64", variability=Variability.FIXED, start=(1,)),
    ],
    "cooling/deep/valve": [
        variable("T", "input", unit=degF),
        variable("u", "input"),
        variable("S", "input", shape=(2, 2)),
        variable("y", "output"),
    ],
}


def end(text):
    component, _, connector = text.partition(".")
    return Endpoint(component=component, connector=connector)


def joined(text, **more):
    source, destination = (end(part.strip()) for part in text.split("->"))
    return Connection(source=source, destination=destination, **more)


def connectors(**kinds):
    """Declared connectors: `u="input"`, or with type, unit and so on as a dict."""
    return {
        name: DeclaredConnector(**(kind if isinstance(kind, dict) else {"kind": kind})) for name, kind in kinds.items()
    }


def described(*connections, cooling=None, root=None, deep=None, systems=None, components=None):
    return SystemDescription(
        name="test",
        components={name: Component(source=Path("f")) for name in INTERFACES} | (components or {}),
        connections=[joined(one) if isinstance(one, str) else one for one in connections],
        experiment=Experiment(stop=1.0),
        step_size=1.0,
        subsystems={
            "": Subsystem(connectors=connectors(**(root or {}))),
            "cooling": Subsystem(connectors=connectors(**(cooling or {}))),
            "cooling/deep": Subsystem(connectors=connectors(**(deep or {}))),
            **(systems or {}),
        },
        units=UNITS,
        enumerations={"Mode": {"off": 0, "on": 1}},
    )


def flattened(*connections, **systems):
    return Flattened(described(*connections, **systems), INTERFACES)


def links(*connections, **systems):
    return flattened(*connections, **systems).links


def refused(*connections, kind=DescriptionError, **systems):
    with pytest.raises(kind) as caught:
        flattened(*connections, **systems)
    return str(caught.value)


DICTIONARY = SignalDictionary(entries={"T": DeclaredConnector(kind="inout", type="Real", unit="K")})


def bus(**more):
    return Subsystem(signal_dictionary="bus", **more)


def with_bus(*connections):
    root = Subsystem(dictionaries={"bus": DICTIONARY})
    return described(*connections, systems={"": root, "bus": bus(), "cooling/bus": bus(), "cooling/deep/bus": bus()})
