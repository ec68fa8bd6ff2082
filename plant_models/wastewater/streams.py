"""Streams of wastewater between the components of a plant: 13 concentrations and a flow."""

from typing import NamedTuple

import casadi as ca

from plant_models.model import Model, Symbol
from plant_models.wastewater.constants import COMPONENTS, CONCENTRATIONS, NAMES, SOLIDS, TSS_PER_COD


class Stream(NamedTuple):
    """What flows: 12 concentrations (g/m3), alkalinity (mol/m3), flow (m3/d)."""

    C: Symbol
    SALK: Symbol
    Q: Symbol

    @property
    def all(self) -> Symbol:
        """The 13 concentrations in one column."""
        return ca.vertcat(self.C, self.SALK)


def inflow(model: Model, name: str, flow: float = 0.0) -> Stream:
    """Declare a stream that comes in: inputs `NAME_C` (12 elements), `NAME_SALK` and `NAME_Q`."""
    starts = [component.start for component in COMPONENTS]
    order = ", ".join(CONCENTRATIONS)
    return Stream(
        model.input(f"{name}_C", starts[:-1], "g/m3", f"{name}: {order}", size=len(CONCENTRATIONS), nominal=10.0),
        model.input(f"{name}_SALK", starts[-1], "mol/m3", f"{name}: alkalinity"),
        model.input(f"{name}_Q", flow, "m3/d", f"{name}: flow", nominal=1e4),
    )


def outflow(model: Model, name: str, stream: Stream) -> None:
    """Declare a stream that goes out: outputs `NAME_C` (12 elements), `NAME_SALK` and `NAME_Q`."""
    order = ", ".join(CONCENTRATIONS)
    model.output(f"{name}_C", stream.C, "g/m3", f"{name}: {order}", nominal=10.0)
    model.output(f"{name}_SALK", stream.SALK, "mol/m3", f"{name}: alkalinity")
    model.output(f"{name}_Q", stream.Q, "m3/d", f"{name}: flow", nominal=1e4)


def by_name(stream: Stream) -> dict[str, Symbol]:
    """The 13 concentrations of a stream by name."""
    return dict(zip(NAMES, ca.vertsplit(stream.all), strict=True))


def suspended_solids(concentrations: dict[str, Symbol]) -> Symbol:
    """Total suspended solids, g/m3, of concentrations by name."""
    return TSS_PER_COD * sum(concentrations[name] for name in SOLIDS)
