"""The compiled loop: macro steps without Python, for components that are reached by addresses of C functions."""
