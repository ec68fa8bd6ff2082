"""Co-simulation algorithms: how the components of a schedule are stepped together."""
