"""The contenders: each script runs one system with one co-simulation master, in a process of its own."""
