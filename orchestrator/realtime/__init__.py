"""Pacing against the wall clock and measuring of costs: the only reader of a clock."""
