"""Several threads: a stage's components shared out between them, where that is faster."""
