"""cotwin: co-simulation of FMUs for biomanufacturing digital twins."""
