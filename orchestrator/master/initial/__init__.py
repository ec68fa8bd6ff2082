"""Initialization Mode of a coupled system: loops solved, and states found that rest."""
