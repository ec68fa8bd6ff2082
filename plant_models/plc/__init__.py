"""Programmable logic controller: sequence, DO cascade, temperature and feed, one scan at a time."""

from plant_models.plc.model import plc
from plant_models.plc.recipe import BENCH_RECIPE, PRODUCTION_RECIPE, Recipe

__all__ = ["BENCH_RECIPE", "PRODUCTION_RECIPE", "Recipe", "plc"]
