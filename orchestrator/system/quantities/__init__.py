"""Quantities: units, expressions with them, and what a value in one unit is in another."""
