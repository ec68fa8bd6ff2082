"""Containers: a whole system of FMUs as one FMU for Co-Simulation, with its components inside.

What the system is comes as tables (`system`), which somebody else has derived; here they become C, a model description
and an archive. The loop itself is written once, in `runtime`.
"""
