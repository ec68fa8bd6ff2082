"""From the equations of a plant model to .fmu files."""
