"""What a system is: components, connectors, connections, units, and the files that describe them."""
