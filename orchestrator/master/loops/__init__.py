"""Loops between components in Step Mode: solved in every macro step, by kept states and repeated steps alone."""
