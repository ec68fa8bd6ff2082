"""Clock: the wall clock of a run, taken from here by everything that needs one."""

import time

seconds = time.perf_counter
"""Monotonic time (s) from an arbitrary zero."""

sleep = time.sleep
"""Wait for a duration (s)."""
