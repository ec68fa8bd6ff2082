"""Error control: macro steps as long as the tolerance allows."""
