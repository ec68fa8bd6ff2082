"""Fluid dynamics: zones of a stirred tank with transport, balances, gas transfer, power and off-gas."""

from plant_models.fluid_dynamics.model import fluid_dynamics
from plant_models.fluid_dynamics.network import Network, build_network
from plant_models.fluid_dynamics.vessel import BENCH, PRODUCTION, Charge, Vessel

__all__ = ["BENCH", "PRODUCTION", "Charge", "Network", "Vessel", "build_network", "fluid_dynamics"]
