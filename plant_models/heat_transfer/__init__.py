"""Heat transfer: broth, vessel wall, jacket and the valve of its utilities."""

from plant_models.heat_transfer.jacket import BENCH_JACKET, PRODUCTION_JACKET, Jacket
from plant_models.heat_transfer.model import heat_transfer

__all__ = ["BENCH_JACKET", "PRODUCTION_JACKET", "Jacket", "heat_transfer"]
