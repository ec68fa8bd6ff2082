"""The co-simulation engine: descriptions, instances, schedules, masters, recording, real time."""
