"""Checkpoints: a run taken down at a communication point, to go on from there in this process or in another one."""
