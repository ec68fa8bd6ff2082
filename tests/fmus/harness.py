"""One way to drive an FMU of either version through FMPy, with its messages kept."""

from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from fmpy import extract, read_model_description
from fmpy.fmi1 import FMICallException
from fmpy.fmi2 import FMU2Model, FMU2Slave, fmi2CallbackFunctions, fmi2CallbackLoggerTYPE
from fmpy.fmi3 import FMU3Model, FMU3Slave

__all__ = ["FMICallException", "Running", "running"]


class Running:
    """An instance of an FMU: values by name, arrays whole, whatever the version."""

    def __init__(self, path: Path, folder: str, interface: str = "cs") -> None:
        self.description = read_model_description(str(path))
        self.version = int(self.description.fmiVersion[0])
        self.messages: list[str] = []
        extract(str(path), unzipdir=folder)
        wrapper = {("cs", 2): FMU2Slave, ("me", 2): FMU2Model, ("cs", 3): FMU3Slave, ("me", 3): FMU3Model}
        self.fmu = wrapper[interface, self.version](
            guid=self.description.guid,
            unzipDirectory=folder,
            modelIdentifier=self.description.coSimulation.modelIdentifier,
            instanceName="test",
        )
        self._instantiate()

    def _instantiate(self) -> None:
        if self.version == 2:
            self.callbacks = fmi2CallbackFunctions()
            self.callbacks.logger = fmi2CallbackLoggerTYPE(lambda *a: self.messages.append(a[4].decode()))
            self.fmu.instantiate(callbacks=self.callbacks)
        else:
            self.fmu.instantiate(logMessage=lambda *a: self.messages.append(a[3].decode()))

    def elements(self, name: str) -> list[Any]:
        """Variables behind a name: one, or in FMI 2.0 the elements of an array."""
        inner = name.removeprefix("der(").removesuffix(")")
        starts = (f"{inner}[", f"der({inner}[") if inner == name else (f"der({inner}[",)
        return [
            v
            for v in self.description.modelVariables
            if v.name == name or (v.name.startswith(starts[-1] if inner != name else starts[0]))
        ]

    def references(self, names: str | Iterable[str]) -> list[int]:
        names = [names] if isinstance(names, str) else names
        return [v.valueReference for name in names for v in self.elements(name)]

    def _suffix(self, name: str) -> str:
        kind = self.elements(name)[0].type
        if self.version == 2:
            return {"Real": "Real", "Boolean": "Boolean"}.get(kind, "Integer")
        return {"Enumeration": "Int64"}.get(kind, kind)

    def size(self, name: str) -> int:
        found = self.elements(name)
        return len(found) * int(np.prod(found[0].shape)) if found[0].shape else len(found)

    def get(self, name: str) -> np.ndarray:
        getter = getattr(self.fmu, f"get{self._suffix(name)}")
        references = self.references(name)
        values = getter(references) if self.version == 2 else getter(references, nValues=self.size(name))
        return np.array(values)

    def set(self, name: str, value: Any) -> None:
        values = list(np.broadcast_to(value, self.size(name)).tolist())
        getattr(self.fmu, f"set{self._suffix(name)}")(self.references(name), values)

    def enter_initialization(self, start: float = 0.0, stop: float | None = None, tolerance: Any = None) -> None:
        if self.version == 2:
            self.fmu.setupExperiment(tolerance=tolerance, startTime=start, stopTime=stop)
            self.fmu.enterInitializationMode()
        else:
            self.fmu.enterInitializationMode(tolerance=tolerance, startTime=start, stopTime=stop)

    def initialize(
        self, start: float = 0.0, stop: float | None = None, tolerance: Any = None, **values: Any
    ) -> "Running":
        self.enter_initialization(start, stop, tolerance)
        for name, value in values.items():
            self.set(name, value)
        self.fmu.exitInitializationMode()
        return self

    def step(self, t: float, h: float) -> None:
        self.fmu.doStep(currentCommunicationPoint=t, communicationStepSize=h)

    def keep(self) -> Any:
        return self.fmu.getFMUstate() if self.version == 2 else self.fmu.getFMUState()

    def restore(self, state: Any) -> None:
        (self.fmu.setFMUstate if self.version == 2 else self.fmu.setFMUState)(state)

    def free(self, state: Any) -> None:
        (self.fmu.freeFMUstate if self.version == 2 else self.fmu.freeFMUState)(state)

    def serialize(self, state: Any) -> bytes:
        fmu = self.fmu
        return bytes(fmu.serializeFMUstate(state) if self.version == 2 else fmu.serializeFMUState(state))

    def deserialize(self, data: bytes) -> Any:
        fmu = self.fmu
        return fmu.deSerializeFMUstate(data) if self.version == 2 else fmu.deserializeFMUState(data)

    def sensitivity(self, unknown: str, known: str, seed: Any) -> np.ndarray:
        seeds = np.broadcast_to(seed, self.size(known)).tolist()
        more = {"nSensitivity": self.size(unknown)} if self.version == 3 else {}
        return np.array(
            self.fmu.getDirectionalDerivative(self.references(unknown), self.references(known), seeds, **more)
        )


@contextmanager
def running(path: Path, interface: str = "cs") -> Any:
    """An instance that is freed and whose folder is removed, whatever happens."""
    with TemporaryDirectory() as folder:
        instance = Running(path, folder, interface)
        try:
            yield instance
        finally:
            instance.fmu.freeInstance()
