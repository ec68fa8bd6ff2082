"""Isolation: a component in a process of its own, so that nothing that it does can take the run with it."""
