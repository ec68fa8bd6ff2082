"""Textbook: small models whose coupled solution is known exactly, to judge a co-simulation by."""

from plant_models.textbook.catalogue import TEXTBOOK

__all__ = ["TEXTBOOK"]
