"""Plants: the catalogue of models, and their composition into one."""

from plant_models.plants.catalogue import CATALOGUE, ECOLI_CONNECTIONS
from plant_models.plants.composition import Link, compose

__all__ = ["CATALOGUE", "ECOLI_CONNECTIONS", "Link", "compose"]
