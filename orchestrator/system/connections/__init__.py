"""Connections: what those of a description mean, from component to component."""
