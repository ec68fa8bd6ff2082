"""Functions that numba compiles: the compiled loop itself, and nothing that Python interprets."""
