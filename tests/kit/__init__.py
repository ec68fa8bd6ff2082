"""A kit of small FMUs of our own, built from one C source per model for every FMI version and kind."""
