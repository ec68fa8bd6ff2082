"""Inputs over time, from tables and generated, as components with outputs only."""
