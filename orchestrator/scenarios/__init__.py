"""Scenarios in a run: values altered on their way into and out of components, at given times or by conditions."""
