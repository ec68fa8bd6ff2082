"""Metabolism of E. coli: specific rates by zone, gas rates and heat."""

from plant_models.metabolism.model import metabolism

__all__ = ["metabolism"]
