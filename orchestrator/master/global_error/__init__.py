"""Global error: a second run beside the first tells how far off it is."""
