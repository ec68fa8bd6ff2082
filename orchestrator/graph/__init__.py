"""Feedthrough, algebraic loops and stages: the only door to networkx."""
