"""The importer: the only door to fmpy and to the C functions of an FMU."""
