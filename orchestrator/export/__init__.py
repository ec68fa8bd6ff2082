"""Export: a whole system as one FMU."""
