"""Fluid dynamics: zones of a stirred tank with transport, balances, gas transfer, power and off-gas."""
