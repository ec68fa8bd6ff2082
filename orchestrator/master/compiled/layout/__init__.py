"""Where each number of the compiled loop lies in its arrays."""
