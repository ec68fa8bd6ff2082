"""Writing SSP packages."""
